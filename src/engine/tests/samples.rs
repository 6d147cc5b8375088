//! Which images a stage saw is told by its result.

mod common;

use common::Run;
use ddl::data::probe::ProbeCache;
use ddl::events::PictureGroup;
use ddl::plan::tables::Tables;
use ddl::store::samples::{SAMPLES, Samples};

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
    for draw in &samples.draws {
        let batches = tables.batches(run.node(&draw.name)).unwrap();
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
        // NumPy's format: libtorch reads it too, 2 bytes a number
        let bytes = artifact.read(&draw.file).unwrap();
        assert!(bytes.starts_with(b"\x93NUMPY\x01\x00") && bytes.len() <= 128 + 14 * draw.images * 2);
        assert!(draw.read(&bytes[..bytes.len() - 1]).is_err());
    }
}
