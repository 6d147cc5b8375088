//! Teachers: who they are, what is kept of what they say, and that they stay as they are.

use super::*;

/// A larger teacher, trained for a while, and one that never was.
const TEACHERS: &str = "backbone big = tiny(embedding = 24, side = 32px, width = 12, seed = 3)
stage taught = train(big, classify(faces, arc), batch = 24, for = 12 steps, optimizer = slow)
backbone other = tiny(embedding = 16, side = 48px, width = 10, seed = 4)
";

pub fn recipe(term: &str, steps: u64, optimizer: &str, more: &str) -> Bench {
    Bench::new(&format!(
        "{TEACHERS}batches e = draw(faces, size = 24{more})
         stage s = train(net, {term}, for = {steps} steps, optimizer = {optimizer})"
    ))
}

pub fn sgd(lr: f64) -> String {
    format!("sgd(lr = {lr}, momentum = 0.9)")
}

#[test]
fn they_stand_beside_a_classification_and_share_its_prototypes() {
    let trained =
        recipe("0.1 * classify(e, arc) + 0.9 * kd(e, teacher = taught) + 25 * rkd(e, teacher = taught)", 6, &sgd(0.01), "").train();
    let trained = trained.unwrap();
    assert_eq!(trained.models[0].heads.len(), 1);
    let columns: Vec<&str> = trained.log.columns().map(|(name, _)| name).collect();
    for wanted in ["classify", "kd", "kd.agreement", "rkd.distance", "rkd.angle"] {
        assert!(columns.contains(&wanted), "{wanted}: {columns:?}");
    }
}

#[test]
fn what_a_teacher_says_is_kept_where_images_stay_the_same() {
    let terms = "kd(e, teacher = taught, scale = 16) + sp(e, teacher = other) + nst(e, teacher = other, at = tap(\"stage1\"), teacher_at = tap(\"stage2\"))";
    let with = recipe(terms, 12, &sgd(0.01), "");
    let kept = with.train().unwrap();
    assert!(with.events().iter().any(|event| matches!(event, Event::Progress { .. })), "nothing was kept");
    super::super::bank::FORBIDDEN.set(true);
    let without = recipe(terms, 12, &sgd(0.01), "");
    let computed = without.train();
    super::super::bank::FORBIDDEN.set(false);
    assert!(!without.events().iter().any(|event| matches!(event, Event::Progress { .. })));
    assert_eq!(bits(&kept.models[0]), bits(&computed.unwrap().models[0]), "kept outputs are other ones");
    // images that change at each visit are seen anew
    let anew = recipe(terms, 4, &sgd(0.01), ", augment = [grey(p = 50%)]");
    anew.train().unwrap();
    assert!(!anew.events().iter().any(|event| matches!(event, Event::Progress { .. })));
}

/// A frozen layer whose output a term taps is where the cached prefix ends.
#[test]
fn a_tapped_part_may_be_frozen() {
    let bench = Bench::new(&format!(
        "{TEACHERS}stage s = train(net, sp(faces, teacher = other, at = tap(\"stage1\")) + classify(faces, arc), batch = 12, for = 4 steps,
                                   freeze = [net.trunk, net.activations], optimizer = slow)"
    ));
    let trained = bench.train().unwrap();
    let kept = bench.fresh();
    for (name, entry) in kept.state.iter().filter(|(name, _)| name.starts_with("stage")) {
        assert_eq!(&entry.tensor, trained.models[0].state.get(name).unwrap(), "{name}");
    }
}

/// The teacher gets no gradient and keeps its running statistics: after the stage it says what it said before.
#[test]
fn a_teacher_stays_as_it_is() {
    let bench = recipe("rkd(e, teacher = taught) + feature(e, teacher = taught)", 5, &sgd(0.05), "");
    let (train, source): (&Train, _) = (bench.plan.get(bench.node("s")).unwrap(), bench.fresh());
    let node = *super::super::teachers(train).first().unwrap();
    let teacher = bench.teacher(node);
    let before = bits(&teacher);
    bench.train_with(&source, [(node, Rc::clone(&teacher))].into()).unwrap();
    assert_eq!(bits(&teacher), before);
}

#[test]
fn a_learned_map_goes_on_in_the_next_stage() {
    let first = recipe("feature(e, teacher = taught)", 5, &sgd(0.05), "").train().unwrap();
    let adapter = |model: &Model| {
        let (id, head) = model.heads.iter().next().unwrap();
        assert_eq!((id.slot.as_str(), id.space.as_str(), model.heads.len()), ("adapter", "", 1));
        head.state.get("adapter").unwrap().copy()
    };
    assert_eq!(adapter(&first.models[0]).size(), [24, 16]);
    let still = recipe("feature(e, teacher = taught)", 1, &sgd(0.0), "").train_from("s", &first.models[0]).unwrap();
    assert_eq!(adapter(&still.models[0]), adapter(&first.models[0]));
    // of another width, it is another map
    let wide = Bench::new(
        "backbone wide = tiny(embedding = 32, side = 32px, width = 8, seed = 9)
         stage s = train(net, feature(faces, teacher = wide), batch = 12, for = 1 steps, optimizer = slow)",
    );
    let error = wide.train_from("s", &first.models[0]).unwrap_err();
    assert!(error.to_string().contains("[32, 16] is needed"), "{error}");
}

#[test]
fn a_teacher_that_does_not_know_the_people_is_refused_before_training() {
    let error = recipe("kd(e, teacher = big)", 5, &sgd(0.05), "").train().unwrap_err();
    assert!(error.to_string().contains("the teacher `big` has no prototypes for the 12 people of `e` (slot \"main\")"), "{error}");
    assert_eq!(ddl::events::Failure::from(error).code, "ddl::run::teacher_prototypes");
    let slot = recipe("kd(e, teacher = taught, teacher_slot = \"second\")", 5, &sgd(0.05), "").train().unwrap_err();
    assert!(slot.to_string().contains("slot \"second\""), "{slot}");
}

/// Of pairs that are one image in two versions the teacher sees the first and its student the second; what the draw's own augment draws is the
/// same for both.
#[test]
fn one_picture_comes_to_teacher_and_student_in_two_versions() {
    let trained = |second: &str| {
        let bench = Bench::new(&format!(
            "batches e = draw(faces, by = pairs(same = \"image\", augment = {second}), size = 12, augment = [flip(), brightness(by = 0.5..1.0)])
             stage s = train(net, feature(e, teacher = net) + classify(e, arc), for = 3 steps, batch_norm = \"frozen\", optimizer = slow)"
        ));
        bench.train().unwrap()
    };
    let first = |trained: &Trained| f64::from(trained.log.column("feature").unwrap()[0]);
    // the same network sees the same pictures: nothing is to be learned
    let same = first(&trained("brightness(by = 1.0)"));
    assert!(same.abs() < 1e-6, "{same}");
    let small = first(&trained("low_resolution(side = 6px)"));
    assert!(small > 1e-3, "{small}");
    // a curve begins where it says
    let curved = first(&trained("low_resolution(side = 6px |> ramp(to = 32px, over = 100%))"));
    assert!((curved - small).abs() < 1e-9, "{curved} {small}");
}

/// A stage of such pairs is resumed with the same bits.
#[test]
fn two_versions_of_a_picture_are_the_same_after_a_stop() {
    let text = "batches e = draw(faces, by = pairs(same = \"image\", augment = sometimes(jpeg(quality = 5..50), p = 50%)), size = 12, augment = flip())
        stage s = train(net, feature(e, teacher = net) + classify(e, arc), for = 6 steps, optimizer = slow)";
    let whole = Bench::new(text).train().unwrap();
    let bench = Bench::new(text).every(1).stop_after(Some(3));
    bench.train().unwrap_err();
    assert_eq!(bits(&bench.stop_after(None).train().unwrap().models[0]), bits(&whole.models[0]));
}
