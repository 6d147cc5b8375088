//! Stopped and resumed stages end with the same bits.

use super::*;
use ddl::events::Failure;

const DDL: &str = "batches e = draw(easy, by = balanced(), size = 12)
    batches h = draw(hard, by = balanced(), size = 12, augment = [flip()])
    stage s = train(net, classify(e, arc) + classify(h, arc) + ddl(teacher = easy, students = [hard]), batch = 8, for = 14 steps, clip = 5.0,
                    optimizer = adamw(lr = 0.01), keep = best(ver.gap, every = 4 steps))";

#[test]
fn a_stage_stopped_at_any_step_ends_with_the_same_bits() {
    let whole = Bench::new(DDL).train().unwrap();
    for (every, stop) in [(1, 1), (3, 3), (5, 10), (1, 13)] {
        let bench = Bench::new(DDL).every(every).stop_after(Some(stop));
        let stopped = bench.train().unwrap_err();
        assert!(matches!(stopped, TrainError::Interrupted { step } if step == stop), "{stopped}");
        let resumed = bench.stop_after(None);
        let trained = resumed.train().unwrap();
        assert!(resumed.events().iter().any(|event| matches!(event, Event::Resumed { step, .. } if *step == stop)));
        assert_eq!(bits(&trained.models[0]), bits(&whole.models[0]), "stopped after {stop}");
        assert_eq!((trained.kept, trained.log.steps()), (whole.kept, whole.log.steps()));
        assert_eq!(trained.log.column("loss"), whole.log.column("loss"));
    }
}

/// An augment whose numbers are curves: each step has its own, wherever the stage was stopped, and in another run of it.
#[test]
fn a_curve_in_an_augment_is_that_of_the_step_whenever_it_is_resumed() {
    let of = |augment: &str| DDL.replace("augment = [flip()]", &format!("augment = [flip(), {augment}]"));
    let text = of("low_resolution(side = 32px |> ramp(to = 4px, over = 50%)..40px), grey(p = 0.0 |> ramp(to = 1.0, over = 100%))");
    let whole = Bench::new(&text).train().unwrap();
    for stop in [1, 8] {
        let bench = Bench::new(&text).every(1).stop_after(Some(stop));
        bench.train().unwrap_err();
        let trained = bench.stop_after(None).train().unwrap();
        assert_eq!(bits(&trained.models[0]), bits(&whole.models[0]), "stopped after {stop}");
    }
    let fixed = Bench::new(&of("low_resolution(side = 32px..40px), grey(p = 0%)")).train().unwrap();
    assert_ne!(bits(&fixed.models[0]), bits(&whole.models[0]));
    // at the first step both say the same
    let first = |trained: &Trained| trained.log.column("loss").map(|losses| losses[0].to_bits());
    assert_eq!(first(&fixed), first(&whole));
}

/// Everything that a step depends on is compared, although the key is the same (as it would be in another build, or an edited folder).
#[test]
fn a_checkpoint_is_continued_by_exactly_its_stage() {
    let begun = Bench::new(DDL).every(2).stop_after(Some(4));
    let _ = begun.train().unwrap_err();
    let text = format!("{COMMON}{DDL}");
    let cases = [
        ("adamw(lr = 0.01)", "adamw(lr = 0.5)", "optimiser, lr: 0.01 where 0.5 is right"),
        ("adamw(lr = 0.01)", "sgd(lr = 0.01)", "optimiser, momentum: null where 0.9 is right"),
        ("for = 14 steps", "for = 15 steps", "schedule, steps: 14 where 15 is right"),
        ("identities = 12", "identities = 13", "classes, 1, label space: "),
        ("easy = faces |> where(abs(.yaw) < 30deg)", "easy = faces |> where(abs(.yaw) < 40deg)", "draws, 1, "),
        ("clip = 5.0,", "clip = 5.0, seed = 1,", "random streams, seed: 0 where 1 is right"),
        ("clip = 5.0,", "clip = 5.0, accumulate = 2,", "schedule, per epoch: 9 where 5 is right"),
        ("clip = 5.0,", "clip = 4.0,", "numbers, clip: 5.0 where 4.0 is right"),
        ("clip = 5.0,", "clip = 5.0, batch_norm = \"frozen\",", "numbers, batch norm: \"batch\" where \"frozen\" is right"),
        ("clip = 5.0,", "clip = 5.0, freeze = [net.stem],", "frozen, 1: false where true is right"),
    ];
    let refused = |changed: &Bench| refused(&begun, "s", changed);
    for (from, to, difference) in cases {
        assert!(text.contains(from), "{from}");
        let error = refused(&Bench::of(&text.replace(from, to)));
        assert!(error.contains(&format!("was written with another {difference}")), "{to}: {error}");
    }
    // what its images go through, in the same place among the draws
    let mut flipped = Bench::new(DDL);
    let other = Bench::new(&DDL.replace("augment = [flip()]", "augment = [flip(p = 30%)]"));
    let (draw, with) = (flipped.node("h").0 as usize, other.node("h").0 as usize);
    flipped.plan.nodes[draw].edit(|args| args["augment"] = other.plan.nodes[with].args()["augment"].clone());
    let error = refused(&flipped);
    assert!(error.contains("was written with another draws, ") && error.contains("augment, what: "), "{error}");
    // where a sampler is, with everything else as it was
    let mut elsewhere = Bench::new(DDL);
    let draw = elsewhere.node("e").0 as usize;
    elsewhere.plan.nodes[draw].edit(|args| args["seed"] = 5.into());
    let error = refused(&elsewhere);
    assert!(error.contains("was written with another sampler position of `e`: "), "{error}");
}

/// What is said when the checkpoint of a stage is met by another one of the same key.
fn refused(begun: &Bench, stage: &str, changed: &Bench) -> String {
    let mut other = Bench { plan: changed.plan.clone(), folder: tempfile::tempdir().unwrap(), ..Bench::new(DDL) };
    assert_eq!(other.plan.nodes.len(), begun.plan.nodes.len());
    for (node, old) in other.plan.nodes.iter_mut().zip(&begun.plan.nodes) {
        node.key = old.key;
    }
    other.store(); // a store with the checkpoint of the stage that was begun
    let place = |bench: &Bench| bench.store().checkpoints(begun.plan.node(begun.node(stage)).key).folder().to_owned();
    copy(&place(begun), &place(&other));
    other.train_from(stage, &other.fresh()).unwrap_err().to_string()
}

/// Of several networks and plays, each one's own.
#[test]
fn networks_and_plays_are_compared_one_by_one() {
    let text = "backbone other = tiny(embedding = 16, side = 32px, width = 10, seed = 1)
        batches d = draw(faces, size = 24)
        stage both = train({a = net, b = other}, for = 6 steps, freeze = [net.stem], plays = [
            play(classify(d, arc, of = a) + classify(d, arc, of = b), updates = [a, b], optimizer = sgd(lr = 0.01)),
            play(mutual(d, between = [a, b], scale = 8), updates = [b], optimizer = sgd(lr = 0.02))])
        let s = both.a";
    let begun = Bench::new(text).every(2).stop_after(Some(2));
    let _ = begun.train_from("both", &begun.fresh()).unwrap_err();
    for (from, to, difference) in [
        ("freeze = [net.stem]", "freeze = [other.stem]", "frozen, a, 1: true where false is right"),
        ("freeze = [net.stem]", "freeze = [net.stem, other.stem]", "frozen, b, 1: false where true is right"),
        ("lr = 0.02", "lr = 0.03", "optimiser, 2, rule, lr: 0.02 where 0.03 is right"),
        ("updates = [b], ", "updates = [b], times = 2, ", "optimiser, 2, times: 1 where 2 is right"),
        ("updates = [b], ", "updates = [a, b], ", "optimiser, 2, updates, 1: false where true is right"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = refused(&begun, "both", &Bench::new(&text.replace(from, to)));
        assert!(error.contains(&format!("was written with another {difference}")), "{to}: {error}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_stage_that_goes_on_with_other_threads_says_so() {
    let bench = Bench::new(DDL).every(2).stop_after(Some(4));
    let _ = bench.train().unwrap_err();
    let told = |bench: &Bench| {
        bench
            .events()
            .iter()
            .filter(|event| matches!(event, Event::Warning { failure, .. } if failure.code == "ddl::run::resumed_elsewhere"))
            .count()
    };
    let before = tch::get_num_threads();
    tch::set_num_threads(before + 1);
    let bench = bench.stop_after(Some(6));
    let _ = bench.train().unwrap_err();
    assert_eq!(told(&bench), 1);
    let bench = bench.stop_after(None);
    bench.train().unwrap();
    tch::set_num_threads(before);
    assert_eq!(told(&bench), 1, "no word where nothing differs");
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    let whole = Bench::new(DDL).train().unwrap();
    let bench = Bench::new(DDL).every(2).stop_after(Some(6));
    let _ = bench.train().unwrap_err();
    let folder = bench.store().checkpoints(bench.plan.node(bench.node("s")).key).folder().join("000000000006/memory.safetensors");
    std::fs::write(folder, b"spoiled").unwrap();
    let bench = bench.stop_after(None);
    let trained = bench.train().unwrap();
    let events = bench.events();
    assert!(events.iter().any(|event| matches!(event, Event::Warning { failure, .. } if failure.code == "ddl::run::damaged_checkpoint")));
    assert!(events.iter().any(|event| matches!(event, Event::Resumed { step: 4, .. })));
    assert_eq!(bits(&trained.models[0]), bits(&whole.models[0]));
}

/// Networks whose passes have more to draw than the tiny one's: dropped paths, weights of each place, angles.
#[test]
fn other_networks_resume_too() {
    let nets = [
        "vit(\"t\", embedding = 16, width = 16, depth = 2, heads = 2, patch = 28, drop_path = 0.4, mask_ratio = 0.3)",
        "deepid(embedding = 16)",
        "deepface(embedding = 16, width = 2)",
    ];
    for net in nets {
        let common = COMMON.replace("tiny(embedding = 16, side = 32px, width = 8)", net);
        assert!(common.contains(net));
        let text = format!("{common}stage s = train(net, classify(easy, arc), batch = 4, for = 4 steps, optimizer = sgd(lr = 0.01))");
        let whole = Bench::of(&text).train().unwrap();
        let bench = Bench::of(&text).every(1).stop_after(Some(2));
        assert!(matches!(bench.train().unwrap_err(), TrainError::Interrupted { step: 2 }));
        let trained = bench.stop_after(None).train().unwrap();
        assert_eq!(bits(&trained.models[0]), bits(&whole.models[0]), "{net}");
        assert_eq!(trained.log.column("loss"), whole.log.column("loss"), "{net}");
    }
}

/// A stage before it is computed again while it is under way: it goes on only where that came out with the same bits.
#[test]
fn a_checkpoint_that_is_made_of_what_is_gone_is_not_continued() {
    let ddl = "stage first = train(net, classify(faces, arc), batch = 12, for = 2 steps, optimizer = slow)
        stage s = train(first, classify(faces, arc), batch = 12, for = 6 steps, optimizer = slow)";
    let whole = Bench::new(ddl).train().unwrap();
    for (then, goes_on) in [("one", true), ("two", false)] {
        let bench = Bench::new(ddl).every(2).stop_after(Some(4));
        let put = |bench: &Bench, bytes: &str| {
            let (store, first) = (bench.store(), bench.node("first"));
            let lock = store.lock(bench.plan.node(first).key, || false).unwrap().unwrap();
            let mut draft = lock.draft().unwrap();
            draft.made_of(ddl::store::due::origins(&bench.plan, &store, first));
            draft.write("model.safetensors", bytes.as_bytes()).unwrap();
            lock.commit(draft, "train", "first", serde_json::Value::Null).unwrap();
        };
        put(&bench, "one");
        let stopped = bench.train().unwrap_err();
        assert!(matches!(stopped, TrainError::Interrupted { step: 4 }), "{stopped}");
        put(&bench, then);
        let bench = bench.stop_after(None);
        let trained = bench.train().unwrap();
        assert_eq!(bits(&trained.models[0]), bits(&whole.models[0]));
        let events = bench.events();
        let warned: Vec<&Failure> = events
            .iter()
            .filter_map(|event| match event {
                Event::Warning { failure, .. } => Some(failure),
                _ => None,
            })
            .collect();
        assert_eq!(events.iter().any(|event| matches!(event, Event::Resumed { .. })), goes_on, "{warned:?}");
        assert_eq!(warned.len(), if goes_on { 0 } else { 2 }, "both checkpoints: {warned:?}");
        let said = "step 4 of `s` was trained from others than lie in the store now: `first` came out otherwise since";
        assert!(warned.iter().all(|it| it.code == "ddl::run::stale_checkpoint") && (goes_on || warned[0].message == said), "{warned:?}");
    }
}
