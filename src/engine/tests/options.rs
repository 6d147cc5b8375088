//! What the options of stages, draws and data do to a whole run: each test would fail if its option did nothing.

#![allow(clippy::cast_possible_truncation, reason = "small numbers of a test")]

mod common;

use common::Run;
use ddl::events::{Decision, Event, PictureGroup};
use ddl::ops::evals::{Gap, Metric};
use ddl::ops::refs::EvalRef;
use std::collections::BTreeMap;

/// The float tensors of a model, by name: shape and numbers.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn tensors(bytes: &[u8]) -> Tensors {
    let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
    let floats = file.tensors().into_iter().filter(|(_, view)| view.dtype() == safetensors::Dtype::F32);
    let numbers = |data: &[u8]| data.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    floats.map(|(name, view)| (name, (view.shape().to_vec(), numbers(view.data())))).collect()
}

/// The parameters among them: what an optimiser changes.
fn parameters(bytes: &[u8]) -> Tensors {
    let mut all = tensors(bytes);
    all.retain(|name, _| !name.contains("running_"));
    all
}

/// The Euclidean distance of two models' parameters.
fn moved(a: &Tensors, b: &Tensors) -> f64 {
    let squares = a.iter().flat_map(|(name, (_, a))| a.iter().zip(&b[name].1)).map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

/// A run of stages that are all exported under their own names.
fn run(recipe: &str, stages: &[&str]) -> (Run, Vec<Event>) {
    let export = |stage: &&str| ["export of_", stage, " = safetensors(", stage, ", to = \"", stage, ".safetensors\")\n"].concat();
    let exports = stages.iter().map(export).collect::<Vec<_>>().concat();
    let run = Run::new(&format!("{recipe}\n{exports}"));
    let events = run.run().done().events;
    (run, events)
}

/// Stage `name` of some steps on all faces, with more options.
fn stage(name: &str, steps: u32, optimizer: &str, more: &str) -> String {
    format!("stage {name} = train(net, classify(people.train, arc), batch = 24, for = {steps} steps, optimizer = {optimizer}{more})\n")
}

/// The gap of a model under the protocol `ver`, from its judgement in the store.
fn gap(run: &Run, model: &str) -> f64 {
    let judge = run.node(&format!("judge({model}, ver)"));
    let judged = ddl::store::Judged::read(&run.artifact(judge)).unwrap();
    judged.measure(&Metric::Gap(Gap { eval: EvalRef { node: run.node("ver") } })).unwrap().value
}

/// Step and value of what was watched of a stage by its gap.
fn watched(events: &[Event], stage: &str) -> Vec<(u64, f64)> {
    let of = |event: &Event| match event {
        Event::Watched { node, step, metric, value, .. } if node == stage && metric == "gap" => Some((*step, *value)),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// Learns at first; then the learning rate grows until it spoils what was learned.
const SPOILS: &str = "sgd(lr = 0.001 |> ramp(to = 3, over = 40 steps))";

#[test]
fn watching_shows_the_model_on_its_way_and_changes_no_bit() {
    let recipe = |more: &str| stage("s", 20, "slow", more) + "report t = compare({\"s\" = s}, columns = [ver.gap])";
    let (plain, _) = run(&recipe(""), &["s"]);
    let (looked, events) = run(&recipe(", watch = every(5 steps, [ver])"), &["s"]);
    assert_eq!(looked.model("s"), plain.model("s"));
    let seen = watched(&events, "s");
    assert_eq!(seen.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [5, 10, 15, 20]);
    assert!(seen[0].1 < seen[3].1, "it learns: {seen:?}");
    assert!((seen[3].1 - gap(&looked, "s")).abs() < 1e-12, "the last look is at what is stored: {seen:?}, {}", gap(&looked, "s"));
}

#[test]
fn the_best_checkpoint_is_kept_and_a_stage_that_no_longer_improves_ends() {
    let recipe = stage("last", 32, SPOILS, "")
        + &stage("best", 32, SPOILS, ", keep = best(ver.gap, every = 4 steps)")
        + &stage("ended", 40, SPOILS, ", stop = plateau(ver.gap, patience = 2 checks, every = 4 steps)")
        + "report t = compare({\"last\" = last, \"best\" = best, \"ended\" = ended}, columns = [ver.gap])";
    let (run, events) = run(&recipe, &["last", "best", "ended"]);
    let seen = watched(&events, "best");
    let (step, value) = seen.iter().copied().fold((0, f64::MIN), |best, it| if it.1 > best.1 { it } else { best });
    assert!(step < 32 && seen.len() == 8, "the best is not the last: {seen:?}");
    assert!((gap(&run, "best") - value).abs() < 1e-12 && gap(&run, "last") < value, "{seen:?}");
    let kept: serde_json::Value = run.artifact(run.node("best")).meta().unwrap();
    assert_eq!((kept["kept"].as_u64(), kept["steps"].as_u64()), (Some(step), Some(32)));

    let ended = events.iter().find_map(|event| match event {
        Event::Decided { node, decision: Decision::Stopped { step, .. } } => Some((node.as_str(), *step)),
        _ => None,
    });
    // the first two checks in a row that brought nothing new
    let seen = watched(&events, "ended");
    let new = |at: usize| seen[..at].iter().all(|before| before.1 < seen[at].1);
    let step = (1..seen.len()).find(|at| !new(*at) && !new(at - 1)).map(|at| seen[at].0).unwrap();
    assert!(step < 40);
    assert_eq!(ended, Some(("ended", step)), "{seen:?}");
    let log = ddl::store::TrainingLog::from_bytes(&run.artifact(run.node("ended")).read("log.safetensors").unwrap()).unwrap();
    assert_eq!(log.steps() as u64, step);
}

#[test]
fn arms_that_mean_the_same_are_one_of_a_choice() {
    let recipe = "sweep rate in [0.05, 0.05, 0.001]\n".to_owned()
        + &stage("s", 4, "sgd(lr = rate)", "")
        + "stage best = select(s, by = ver.gap, over = [rate])\n";
    let (_, events) = run(&recipe, &["best"]);
    let chosen = |event: &Event| match event {
        Event::Decided { decision: Decision::Chosen { values, .. }, .. } => Some(values.len()),
        _ => None,
    };
    assert_eq!(events.iter().filter_map(chosen).collect::<Vec<_>>(), [2]);
}

#[test]
fn select_takes_the_arm_that_is_best_and_average_the_mean_of_all() {
    for rates in ["0.05, 0.001", "0.001, 0.05"] {
        let recipe = format!("sweep rate in [{rates}]\n")
            + &stage("s", 12, "sgd(lr = rate)", "")
            + "stage best = select(s, by = ver.gap, over = [rate])\n";
        let (run, _) = run(&recipe, &["best"]);
        let arm = |rate: &str| format!("s[rate = {rate}]");
        let (fast, slow) = (gap(&run, &arm("0.05")), gap(&run, &arm("0.001")));
        let better = if fast > slow { "0.05" } else { "0.001" };
        assert!((fast - slow).abs() > 1e-6, "{fast} and {slow}");
        assert_eq!(tensors(&run.model("best")), tensors(&run.model(&arm(better))), "{rates}: {fast} and {slow}");
    }
    let recipe =
        "replicate seed in 1..3\n".to_owned() + &stage("s", 4, "slow", ", seed = seed") + "stage mean = average(s, over = [seed])\n";
    let (run, _) = run(&recipe, &["mean"]);
    let arms: Vec<Tensors> = (1..=3).map(|seed| tensors(&run.model(&format!("s[seed = {seed}]")))).collect();
    assert_ne!(arms[0], arms[1]);
    for (name, (shape, mean)) in tensors(&run.model("mean")) {
        for (at, value) in mean.iter().enumerate() {
            let expected = (arms.iter().map(|arm| f64::from(arm[&name].1[at])).sum::<f64>() / 3.0) as f32;
            assert!((value - expected).abs() <= f32::EPSILON * expected.abs(), "{name} {shape:?} at {at}: {value} and {expected}");
        }
    }
}

#[test]
fn ghost_batches_change_what_a_batch_norm_sees() {
    let recipe = stage("whole", 3, "slow", "")
        + &stage("same", 3, "slow", ", norm_over = 24 images")
        + &stage("ghost", 3, "slow", ", norm_over = 8 images");
    let (run, _) = run(&recipe, &["whole", "same", "ghost"]);
    let [whole, same, ghost] = ["whole", "same", "ghost"].map(|name| tensors(&run.model(name)));
    assert_eq!(whole, same, "one group is the whole batch");
    let statistics: Vec<&String> = whole.keys().filter(|name| name.contains("running_")).collect();
    assert!(!statistics.is_empty() && statistics.iter().all(|name| whole[*name] != ghost[*name]), "{statistics:?}");
}

#[test]
fn a_clipped_gradient_moves_no_further_than_it_may() {
    let rule = "sgd(lr = 1.0, momentum = 0.0)";
    let recipe = stage("start", 1, "sgd(lr = 0.0)", "") + &stage("free", 3, rule, "") + &stage("clipped", 3, rule, ", clip = 0.001");
    let (run, _) = run(&recipe, &["start", "free", "clipped"]);
    let [start, free, clipped] = ["start", "free", "clipped"].map(|name| parameters(&run.model(name)));
    let (free, clipped) = (moved(&free, &start), moved(&clipped, &start));
    assert!(free > 0.1, "{free}");
    assert!((0.0005..=0.003 * 1.001).contains(&clipped), "three steps of a gradient of length 0.001 at most: {clipped}");
}

#[test]
fn weight_decay_is_for_the_groups_that_it_is_for() {
    let rule = |decay: &str| format!("sgd(lr = 0.1, momentum = 0.0{decay})");
    let recipe = stage("start", 1, "sgd(lr = 0.0)", "")
        + &stage("plain", 1, &rule(""), "")
        + &stage("some", 1, &rule(", weight_decay = 0.5, decay_all = false"), "")
        + &stage("all", 1, &rule(", weight_decay = 0.5, decay_all = true"), "");
    let (run, _) = run(&recipe, &["start", "plain", "some", "all"]);
    let [start, plain, some, all] = ["start", "plain", "some", "all"].map(|name| parameters(&run.model(name)));
    let (mut wide, mut narrow) = (0, 0);
    for (name, (shape, bare)) in &plain {
        let decayed = |with: &Tensors| {
            let each = bare.iter().zip(&with[name].1).zip(&start[name].1);
            each.clone().any(|((_, _), first)| *first != 0.0)
                && each.into_iter().all(|((bare, with), first)| (bare - 0.05 * first - with).abs() < 1e-5)
        };
        if shape.len() > 1 {
            wide += 1;
            assert!(decayed(&some) && decayed(&all), "{name}");
        } else if start[name].1.iter().any(|first| *first != 0.0) {
            narrow += 1;
            assert_eq!(bare, &some[name].1, "{name} is spared");
            assert!(decayed(&all), "{name}");
        }
    }
    assert!(wide > 4 && narrow > 4, "{wide} and {narrow}");
}

/// The pictures of the first batch of `s`, which is drawn from all people with this augment.
fn first_pictures(augment: &str) -> Vec<String> {
    let recipe =
        format!("stage s = train(net, classify(draw(faces, by = balanced(), size = 16{augment}), arc), for = 1 steps, optimizer = slow)\n");
    let (run, _) = run(&recipe, &["s"]);
    let groups: Vec<PictureGroup> = serde_json::from_slice(&run.artifact(run.node("s")).read("first_batch.json").unwrap()).unwrap();
    groups[0].pictures.iter().map(|picture| picture.png.clone()).collect()
}

#[test]
fn augments_by_chance_and_by_choice_do_one_thing_or_the_other() {
    let plain = first_pictures("");
    let grey = first_pictures(", augment = [grey()]");
    let dark = first_pictures(", augment = [brightness(0.5..0.5)]");
    assert!(plain.iter().zip(&grey).zip(&dark).all(|((a, b), c)| a != b && b != c && a != c));
    let count = |seen: &[String], of: &[String]| seen.iter().zip(of).filter(|(a, b)| a == b).count();
    let sometimes = first_pictures(", augment = [sometimes(grey(), p = 50%)]");
    let (without, with) = (count(&sometimes, &plain), count(&sometimes, &grey));
    assert!(without > 0 && with > 0 && without + with == plain.len(), "{without} and {with}");
    assert_eq!(first_pictures(", augment = [sometimes(grey(), p = 0%)]"), plain);
    assert_eq!(first_pictures(", augment = [sometimes(grey(), p = 100%)]"), grey);
    let one_of = first_pictures(", augment = [one_of([grey(), brightness(0.5..0.5)])]");
    let (first, second) = (count(&one_of, &grey), count(&one_of, &dark));
    assert!(first > 0 && second > 0 && first + second == plain.len(), "{first} and {second}");
}

#[test]
fn fixed_versions_of_an_image_make_what_follows_a_cached_node() {
    let made = |versions: &str| {
        let recipe = format!(
            "dataset small = people.train |> apply(low_resolution(side = 8px..24px){versions})
             stage s = train(net, classify(draw(small, size = 24), arc), for = 12 steps, freeze = [net.trunk], batch_norm = \"frozen\", optimizer = slow)\n"
        );
        let (run, _) = run(&recipe, &["s"]);
        let store = run.store();
        let manifests = walk(&store.root().join("artifacts")).into_iter().filter(|path| path.ends_with("manifest.json"));
        let texts: Vec<String> = manifests.map(|path| std::fs::read_to_string(path).unwrap()).collect();
        let prefix = texts.iter().find(|text| text.contains("\"op\":\"prefix\""))?;
        let manifest: serde_json::Value = serde_json::from_str(prefix).unwrap();
        manifest["body"]["meta"]["images"].as_u64()
    };
    // 12 people of 6 images each; equal versions of an image (the same side drawn twice) share a row
    let (one, three) = (made(", versions = 1").unwrap(), made(", versions = 3").unwrap());
    assert_eq!(one, 72);
    assert!(three > 2 * one && three <= 3 * one, "{three}");
    assert_eq!(made(""), None, "a new draw at each visit can't be cached");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
