//! Whole runs of the engine's program on drawn faces.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]

mod common;

use common::{Ended, Run};
use ddl::events::Event;
use ddl::ops::evals::{Accuracy, Eer, Metric};
use ddl::ops::refs::EvalRef;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const DISTILLED: &str = "stage warm = train(net, classify(people.train, arc), batch = 24, for = 10 epochs, optimizer = slow)
    stage s = train(warm, classify(easy, arc) + classify(hard, arc) + ddl(teacher = easy, students = [hard]), batch = 8, for = 6 steps, optimizer = slow)
    report t = compare({\"net\" = net, \"warm\" = warm, \"s\" = s}, columns = [ver.accuracy, ver.eer])";

#[test]
fn a_recipe_goes_from_a_plan_to_judgements_and_a_second_run_does_nothing() {
    let run = Run::new(DISTILLED);
    let first = run.run().done();
    assert!(matches!(&first.events[0], Event::RunStarted { due, stored: 0, .. } if due.len() == 2 + 3 * 3), "{:?}", first.events[0]);
    let judged = run.judged();
    assert_eq!(judged.len(), 3);
    for (_, judged) in &judged {
        let eval = EvalRef { node: run.node("ver") };
        let accuracy = judged.measure(&Metric::Accuracy(Accuracy { eval })).unwrap();
        assert!((0.0..=1.0).contains(&accuracy.value) && accuracy.folds == Some(2));
        assert_eq!((accuracy.n_genuine, accuracy.n_impostor), (40, 40));
        judged.measure(&Metric::Eer(Eer { eval })).unwrap();
    }
    let log = ddl::store::TrainingLog::from_bytes(&run.artifact(run.node("s")).read("log.safetensors").unwrap()).unwrap();
    assert_eq!(log.steps(), 6);
    let second = run.run().done();
    assert!(matches!(second.events.last(), Some(Event::Done { computed: 0, stored, .. }) if *stored > 0));
}

/// Two networks for two sides, one that reads the yaw: what they are judged by is what they make of each side's own images.
#[test]
fn networks_that_read_the_pose_and_networks_for_each_side_are_judged() {
    let recipe = |dark: &str| {
        format!(
            "backbone d = dream(net, yaw = .yaw, from = 20deg)
             stage s = train(d, stitch(draw(hard, by = balanced(), size = 12), towards = easy), for = 20 steps, batch_norm = \"frozen\",
                             freeze = [d.trunk, d.neck, d.activations], optimizer = sgd(lr = 2.0, momentum = 0.9))
             eval cross = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 20), probe = low_resolution(side = 10px))
             report t = compare({{\"net\" = net, \"s\" = s, \"both\" = coupled(gallery = net, probe = {dark})}}, columns = [cross.gap])"
        )
    };
    let run = Run::new(&recipe("s"));
    run.run().done();
    let gap = |at: usize| {
        let eval = EvalRef { node: run.node("cross") };
        run.judged()[at].1.measure(&Metric::Gap(ddl::ops::evals::Gap { eval })).unwrap().value
    };
    let [net, s, both] = [0, 1, 2].map(gap);
    let apart = |a: f64, b: f64| (a - b).abs() > 1e-6;
    assert!(apart(net, s) && apart(s, both) && apart(net, both), "{net} {s} {both}");
    assert!(matches!(run.run().done().events.last(), Some(Event::Done { computed: 0, .. })));
    // one model for both sides is that model
    let same = Run::new(&recipe("net"));
    same.run().done();
    let judged = same.judged();
    assert_eq!(judged.len(), 2, "`both` is `net`: one judgement");
}

/// A stage of many short steps, each of which leaves a checkpoint.
const LONG: &str = "batches e = draw(easy, by = balanced(), size = 12)
    batches h = draw(hard, by = balanced(), size = 12, augment = [flip()])
    stage s = train(net, classify(e, arc) + classify(h, arc) + ddl(teacher = easy, students = [hard]), batch = 8, for = 40 steps,
                    optimizer = sgd(lr = 0.05), keep = best(ver.gap, every = 20 steps))";

#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bits() {
    let whole = Run::new(LONG);
    let begun = Instant::now();
    whole.run().done();
    let time = begun.elapsed();
    let killed = Run::new(LONG);
    let (mut kills, mut resumed) = (0, 0);
    let ended: Ended = loop {
        let mut run = killed.start();
        // moments that fall anywhere: while it starts, trains, writes, judges
        std::thread::sleep(time.mul_f64(ddl::random::Draw::new(1, "kill").number(kills).unit()));
        if kills == 20 || run.child.try_wait().unwrap().is_some() {
            break run.end();
        }
        run.child.kill().unwrap(); // SIGKILL
        kills += 1;
        resumed += usize::from(run.end().events.iter().any(|event| matches!(event, Event::Resumed { .. })));
    };
    ended.done();
    println!("{kills} kills, {resumed} of them after going on");
    assert!(kills > 0, "it was never killed");
    assert_eq!(killed.model("s"), whole.model("s"), "after {kills} kills");
    let log = |run: &Run| run.artifact(run.node("s")).read("log.safetensors").unwrap();
    assert_eq!(log(&killed), log(&whole));
    assert!(!killed.store().checkpoints(killed.job.plan.node(killed.node("s")).key).folder().exists());
}

/// Whether something is being written at this moment: a checkpoint or a result.
fn is_writing(store: &Path) -> bool {
    let entries = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries(store.join("tmp")).next().is_some() || entries(store.join("checkpoints")).any(|stage| stage.join("new").exists())
}

#[test]
fn a_run_that_is_killed_while_it_writes_ends_with_the_same_bits() {
    let whole = Run::new(LONG);
    whole.run().done();
    let mut killed = Run::new(LONG);
    killed.job.checkpoint.steps = Some(1);
    let mut kills = 0;
    let ended: Ended = loop {
        let mut run = killed.start();
        let moment = ddl::random::Draw::new(2, "kill").number(kills);
        // some writes are let pass; then the kill falls somewhere into one, or just behind it
        let mut pass = (moment.clone().text("writes").unit() * 6.0) as u32;
        let mut before = false;
        while run.child.try_wait().unwrap().is_none() {
            let now = is_writing(&killed.job.store);
            if now && !before {
                if pass == 0 {
                    break;
                }
                pass -= 1;
            }
            before = now;
            std::thread::yield_now();
        }
        if kills == 12 || run.child.try_wait().unwrap().is_some() {
            break run.end();
        }
        std::thread::sleep(Duration::from_micros((moment.text("after").unit() * 3000.0) as u64));
        run.child.kill().unwrap(); // SIGKILL
        kills += 1;
        run.end();
    };
    ended.done();
    println!("{kills} kills while something was written");
    assert!(kills > 0, "it was never killed");
    assert_eq!(killed.model("s"), whole.model("s"), "after {kills} kills");
    let left = |area: &str| std::fs::read_dir(killed.job.store.join(area)).unwrap().count();
    assert_eq!((left("tmp"), left("checkpoints"), left("damaged")), (0, 0, 0), "something was left behind");
}

#[test]
fn a_signal_ends_in_a_checkpoint_and_the_next_run_goes_on() {
    let run = Run::new(LONG);
    let started = run.start();
    let folder = run.job.store.join("checkpoints");
    while !std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = started.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ended = started.end();
    assert_eq!(ended.code, Some(130), "{:?}", ended.failure());
    let Some(Event::Interrupted { at: Some((node, step)) }) = ended.events.last() else { panic!("{:?}", ended.events.last()) };
    assert!(node == "s" && *step > 0);
    let second = run.run().done();
    assert!(second.events.iter().any(|event| matches!(event, Event::Resumed { step: at, .. } if at == step)));
}

#[test]
fn two_runs_on_one_store_do_the_work_once() {
    let run = Run::new(LONG);
    let (first, second) = (run.start(), run.start());
    let (first, second) = (first.end().done(), second.end().done());
    let steps = |ended: &Ended| ended.events.iter().filter(|event| matches!(event, Event::FirstBatch { .. })).count();
    assert_eq!(steps(&first) + steps(&second), 1);
    let alone = Run::new(LONG);
    alone.run().done();
    assert_eq!(alone.model("s"), run.model("s"));
}

#[test]
fn a_damaged_result_is_computed_again_with_a_warning() {
    let run = Run::new(DISTILLED);
    run.run().done();
    let before = run.judged();
    let spoil = |id| {
        let artifact = run.artifact(id);
        let file = artifact.manifest().files.keys().next().unwrap();
        let path = artifact.path(file).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[10] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    // what only the engine will read: a model whose judgement is asked for again
    spoil(run.node("warm"));
    let again = before.iter().map(|(id, _)| run.job.plan.node(*id).name.clone()).collect();
    let features = run.job.plan.iter().filter(|(_, node)| node.op == "features").map(|(_, node)| node.name.clone()).collect::<Vec<_>>();
    let mut second = Run { job: run.job.clone(), ..run };
    second.job.again = again;
    second.job.again.extend(features);
    let ended = second.run().done();
    let warned =
        ended.events.iter().any(|event| matches!(event, Event::Warning { failure, .. } if failure.code == "ddl::run::damaged_artifact"));
    assert!(warned, "{:?}", ended.events);
    assert_eq!(second.judged(), before);
}

#[test]
fn only_what_is_asked_for_is_computed() {
    let mut run = Run::new(DISTILLED);
    run.job.only = vec!["warm".to_owned()];
    let ended = run.run().done();
    assert!(matches!(&ended.events[0], Event::RunStarted { due, .. } if due == &["warm"]));
    run.job.only = vec!["warn".to_owned()];
    let text = run.run().failed("ddl::run::no_such_node");
    assert!(text.contains("did you mean `warm`?"), "{text}");
}

#[test]
fn a_device_that_is_not_there_and_a_job_that_is_none_are_said_at_once() {
    let mut run = Run::new(DISTILLED);
    if !tch::Cuda::is_available() {
        run.job.device = ddl::job::Device::Cuda(0);
        let text = run.run().failed("ddl::run::no_cuda");
        assert!(text.contains("cuda:0 was asked for, and libtorch finds no graphics card"), "{text}");
    }
    let file = run.folder.path().join("no.json");
    std::fs::write(&file, "{\"plan\": 3}").unwrap();
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_ddl-engine")).arg("run").arg(&file).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stdout).contains("ddl::run::bad_job"));
}

#[test]
fn a_store_that_can_not_be_written_is_said() {
    let mut run = Run::new(DISTILLED);
    run.job.store = "/proc/store".into();
    let failure = run.run();
    assert_eq!(failure.code, Some(1));
    assert!(failure.failure().is_some_and(|failure| failure.code.starts_with("ddl::run::")), "{:?}", failure.failure());
    run.job.store = run.folder.path().join("occupied");
    std::fs::create_dir(&run.job.store).unwrap();
    std::fs::write(run.job.store.join("x"), "x").unwrap();
    run.run().failed("ddl::run::store_format");
}

#[test]
fn a_search_of_a_gallery_goes_from_features_to_ranks() {
    use ddl::eval::{Features, cmc, identify};
    use ddl::ops::evals::{Rank, Tpir};
    let run = Run::new(
        "dataset strange = faces |> where(abs(.yaw) >= 30deg)
         eval found = identification(gallery = easy, probe = hard, strangers = \"drop\")
         eval still = identification(gallery = easy, probe = hard, strangers = \"drop\", embed = plain())
         eval open = identification(gallery = easy, probe = strange, strangers = \"keep\")
         stage s = train(net, classify(people.train, arc), batch = 8, for = 2 steps, optimizer = slow, watch = every(2 steps, [found]),
                         keep = best(found.rank(1), every = 2 steps))
         report t = compare([net, s], columns = [found.rank(1), still.rank(3), open.tpir(20%)])",
    );
    let ended = run.run().done();
    let features = run.job.plan.iter().filter(|(_, node)| node.op == "features").count();
    assert_eq!(features, 2 * 6, "easy, hard and strange as they are and mirrored, once for each model");
    let watched = |event: &&Event| matches!(event, Event::Watched { metric, .. } if metric == "rank@1");
    assert_eq!(ended.events.iter().filter(watched).count(), 1, "`watch` and `keep` look at once, and it is told once");
    let eval = EvalRef { node: run.node("still") };
    let (id, judged) =
        run.judged().into_iter().find(|(id, _)| run.job.plan.get::<ddl::ops::outputs::Judge>(*id).unwrap().eval == eval).unwrap();
    // the same from the stored features
    let judge: &ddl::ops::outputs::Judge = run.job.plan.get(id).unwrap();
    let tables = ddl::inputs::tables::Tables::new(&run.job.plan, &run.job.paths, ddl::data::probe::ProbeCache::none());
    let side = |features: &[ddl::ops::outputs::FeaturesRef]| {
        let it: &ddl::ops::outputs::Features = run.job.plan.get(features[0].node).unwrap();
        let table = tables.table(it.data.node).unwrap();
        let raw = run.artifact(features[0].node).read("features.f32").unwrap();
        let values: Vec<f32> = raw.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        Features::new(
            &values,
            values.len() / table.len(),
            table.rows().map(|row| row.identity().bytes().fold(0u32, |n, b| n.wrapping_mul(31).wrapping_add(u32::from(b)))).collect(),
        )
        .unwrap()
    };
    let outcomes = identify(&side(&judge.probe), &side(&judge.gallery)).unwrap().outcomes;
    let metric = Metric::Rank(Rank { eval, k: 3 });
    let (found, wanted) = (judged.measure(&metric).unwrap(), &cmc(&outcomes, &[3]).unwrap()[0]);
    assert!((found.value - wanted.value).abs() < 1e-15 && found.n_genuine == wanted.n_genuine);
    let people: std::collections::BTreeSet<u32> = outcomes.iter().filter(|it| it.mate.is_some()).map(|it| it.person).collect();
    assert_eq!(judged.measured(&metric).unwrap().without.len(), people.len(), "one without each person");
    let eval = EvalRef { node: run.node("open") };
    let open = run.judged().into_iter().find(|(id, _)| run.job.plan.get::<ddl::ops::outputs::Judge>(*id).unwrap().eval == eval).unwrap().1;
    let rate = open.measure(&Metric::Tpir(Tpir { eval, fpir: ddl::ops::evals::Rate(0.2) })).unwrap();
    assert!(rate.n_impostor >= 5 && (0.0..=1.0).contains(&rate.value), "{rate:?}");
}
