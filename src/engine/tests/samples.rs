//! Which images a stage saw is told by its result.

#![allow(clippy::cast_possible_truncation, reason = "small numbers of a test")]

mod common;

use common::{Run, signal, until};
use ddl::data::probe::ProbeCache;
use ddl::events::{Event, PictureGroup};
use ddl::inputs::tables::Tables;
use ddl::plan::schedule::places;
use ddl::store::samples::{SAMPLES, Samples, read_paths};

const STAGE: &str = "stage s = train(net, classify(easy, arc) + contrastive(draw(hard, by = pk(identities = 4, images = 2)))
    + ddl(teacher = branch(pairs = draw(easy, by = pairs(with = hard), size = 6), negatives = draw(easy, by = balanced(), size = 8)), students = [hard]),
    batch = 8, for = 7 steps, accumulate = 2, optimizer = slow)
    export out = safetensors(s, to = \"s.safetensors\")";

fn told(run: &Run) -> Samples {
    serde_json::from_slice(&run.artifact(run.node("s")).read(SAMPLES).unwrap()).unwrap()
}

#[test]
fn a_stage_tells_which_images_each_step_saw() {
    let run = Run::new(STAGE);
    run.run().done();
    let (artifact, samples) = (run.artifact(run.node("s")), told(&run));
    let paths = ddl::plan::Paths::new();
    let tables = Tables::new(&run.job.plan, &paths, ProbeCache::none());
    let drawn = run.job.plan.draws(run.node("s")).unwrap();
    assert_eq!((samples.accumulate, samples.draws.len()), (2, drawn.len()));
    assert!(samples.draws.iter().any(|draw| draw.tables.len() == 2), "pairs of two sets");
    let first: Vec<PictureGroup> = serde_json::from_slice(&artifact.read("first_batch.json").unwrap()).unwrap();
    let nodes: Vec<_> = samples.draws.iter().map(|draw| run.node(&draw.name)).collect();
    for ((draw, node), place) in samples.draws.iter().zip(&nodes).zip(places(&run.job.plan, &nodes)) {
        let batches = tables.batches(*node, place).unwrap();
        let rows = draw.read(&artifact.read(&draw.file).unwrap()).unwrap();
        assert_eq!((rows.len() as u64, draw.batches, draw.images), (14, 14, batches.facts().images_per_batch), "{}", draw.name);
        let own = batches.tables()[0].len() as u32;
        let numbers =
            |at| batches.at_step(at).iter().map(|pick| if pick.table == 0 { pick.row } else { own + pick.row }).collect::<Vec<_>>();
        for (at, row) in (0..).zip(&rows) {
            assert_eq!(*row, numbers(at), "{}, batch {at}", draw.name);
        }
        // what the first step showed, by the paths of its pictures
        let group = first.iter().find(|group| group.label == draw.name).unwrap();
        let table = |number: u32| if number < own { (0, number) } else { (1, number - own) };
        let path = |number: &u32| batches.tables()[table(*number).0].row(table(*number).1 as usize).unwrap().path().into_owned();
        let shown: Vec<&str> = group.pictures.iter().map(|picture| picture.path.as_str()).collect();
        assert_eq!(rows[0].iter().map(path).take(shown.len()).collect::<Vec<_>>(), shown, "{}", draw.name);
        // the same without the data: by the lists that lie beside
        let listed: Vec<String> = draw
            .tables
            .iter()
            .flat_map(|table| {
                let name = table.paths.as_ref().unwrap();
                let paths = read_paths(name, &artifact.read(name).unwrap()).unwrap();
                assert_eq!(paths.len() as u64, table.rows);
                paths
            })
            .collect();
        for row in &rows {
            assert!(row.iter().all(|number| listed[*number as usize] == path(number)), "{}", draw.name);
        }
        // and asked for step by step, as `ddl log` does
        for step in [0, 6] {
            let shown = samples.of_step(step as u64, &artifact).unwrap();
            let of_draw = shown.iter().find(|shown| shown.draw == draw.name).unwrap();
            let wanted: Vec<Vec<String>> = rows[2 * step..2 * step + 2].iter().map(|row| row.iter().map(path).collect()).collect();
            assert_eq!(of_draw.batches, wanted, "{}, step {step}", draw.name);
        }
        assert_eq!(samples.steps(), 7);
        // NumPy's format: libtorch reads it too, 2 bytes a number
        let bytes = artifact.read(&draw.file).unwrap();
        assert!(bytes.starts_with(b"\x93NUMPY\x01\x00") && bytes.len() <= 128 + 14 * draw.images * 2);
        assert!(draw.read(&bytes[..bytes.len() - 1]).is_err());
    }
}

/// What is said of a run that was killed in the midst of a stage, and went on, is what is said of one that nobody disturbed.
#[test]
fn a_stage_that_was_killed_and_went_on_tells_the_same() {
    let stage = STAGE.replace("7 steps", "60 steps");
    let (whole, killed) = (Run::new(&stage), Run::new(&stage));
    whole.run().done();
    let started = killed.start();
    let key = killed.job.plan.node(killed.node("s")).key;
    until("a checkpoint", || killed.store().checkpoints(key).latest().is_ok_and(|(found, _)| found.is_some()));
    signal("-KILL", &started.child.id().to_string());
    started.end();
    let resumed = killed.run().done();
    assert!(resumed.events.iter().any(|event| matches!(event, Event::Resumed { step, .. } if *step < 60)));
    // all files of the result but the record of when and where it was computed
    let files = |run: &Run| {
        let mut files = run.artifact(run.node("s")).manifest().files.clone();
        files.remove("record.json").unwrap();
        files
    };
    assert!(files(&whole).keys().filter(|name| name.starts_with("paths.")).count() > 1);
    assert_eq!(files(&killed), files(&whole));
}

/// Two data sets whose images have the same names, drawn by every sampler at once: no two draws of a stage show them in one order.
#[test]
fn no_two_draws_of_a_stage_share_their_order() {
    let by = ["shuffled()", "balanced()", "pk(identities = 4, images = 2)", "pairs()"];
    let drawn = |data: &str| by.iter().map(move |by| (data.to_owned(), *by)).collect::<Vec<_>>();
    let all: Vec<(String, &str)> = drawn("seen").into_iter().chain(drawn("dim")).collect();
    let term = |(data, by): &(String, &str)| {
        let size = if by.starts_with("pk") { "" } else { ", size = 8" };
        format!("triplet(draw({data}, by = {by}{size}, augment = flip()))")
    };
    let terms: Vec<String> = all.iter().map(term).collect();
    let run = Run::new(&format!(
        "dataset seen = synthetic_faces(identities = 12, images = 4, size = 16px)
         dataset dim = synthetic_faces(identities = 12, images = 4, size = 16px, seed = 5)
         stage s = train(net, {}, for = 4 steps, optimizer = slow)",
        terms.join(" + ")
    ));
    run.run().done();
    let (artifact, samples) = (run.artifact(run.node("s")), told(&run));
    assert_eq!(samples.draws.len(), all.len());
    let shown: Vec<_> = samples.draws.iter().map(|draw| draw.read(&artifact.read(&draw.file).unwrap()).unwrap()).collect();
    for (at, one) in shown.iter().enumerate() {
        for (before, other) in shown[..at].iter().enumerate() {
            assert_ne!(one, other, "{} and {}", samples.draws[at].name, samples.draws[before].name);
        }
    }
}
