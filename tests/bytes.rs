//! Random bytes, and good files of which some bytes are changed, in every reader: an error or a value, never a panic.

use ddl::data::probe::ProbeCache;
use ddl::data::readers::{ColumnType, annotate, image_list, pair_file, pair_list, synthetic_faces};
use ddl::data::{Table, decode, faces::FaceSet};
use ddl::job::Job;
use ddl::plan::Plan;
use ddl::plan::lock::Lock;
use ddl::store::TrainingLog;
use indexmap::IndexMap;
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

/// Bytes of no meaning, or these with a few changed, cut or put in.
fn spoilt(good: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..4), 0..6usize);
    let changed = prop::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut bytes = good.to_vec();
        for (place, put, cut) in changes {
            let at = place.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, put);
        }
        bytes
    });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..400), 3 => changed]
}

static FACES: LazyLock<Table> = LazyLock::new(|| {
    let yaw = ddl::quantity::Interval { from: ddl::quantity::Angle::degrees(-10.0), to: ddl::quantity::Angle::degrees(10.0) };
    synthetic_faces(FaceSet::new(4, 3, yaw, ddl::quantity::Pixels(32), 0).unwrap()).unwrap()
});

/// A csv of pairs of [`FACES`], with an attribute.
static CSV: LazyLock<String> = LazyLock::new(|| {
    let paths: Vec<_> = FACES.rows().map(|row| row.path()).collect();
    let rows = paths.windows(2).enumerate().map(|(at, two)| format!("{},{},{},{},{}.5,{}\n", at % 2, at % 2, two[0], two[1], at, two[0]));
    format!("fold,same,a,b,yaw,path\n{}", rows.collect::<String>())
});

fn plan_json() -> &'static [u8] {
    static TEXT: LazyLock<String> = LazyLock::new(|| compiled().plan().json());
    TEXT.as_bytes()
}

fn lock_yaml() -> &'static [u8] {
    static TEXT: LazyLock<String> = LazyLock::new(|| Lock::of(&compiled().plan()).to_yaml());
    TEXT.as_bytes()
}

const RECIPE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 4, images = 3, size = 32px)
backbone net = tiny(embedding = 8, side = 32px, width = 4)
stage s = train(net, classify(faces, arcface(scale = 16, margin = 0.2rad)), batch = 4, for = 2 steps, optimizer = sgd(lr = 0.1))
export m = safetensors(s, to = \"s.safetensors\")
";

fn compiled() -> ddl::compile::Compiled {
    let world = ddl::source::Memory::new().with("r.ddl", RECIPE);
    ddl::compile::compile(&world, Path::new("r.ddl"), &ddl::compile::Options::default()).unwrap()
}

#[test]
fn the_good_files_are_good() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.csv");
    std::fs::write(&file, &*CSV).unwrap();
    assert_eq!(pair_file(&file, &FACES, &ProbeCache::none()).unwrap().len(), FACES.len() - 1);
    assert!(serde_json::from_slice::<Plan>(plan_json()).is_ok());
    assert!(Lock::from_yaml(std::str::from_utf8(lock_yaml()).unwrap()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn tables_and_pairs(bytes in spoilt(CSV.as_bytes())) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.csv");
        std::fs::write(&file, &bytes).unwrap();
        let schema = IndexMap::from([("yaw".to_owned(), ColumnType::Degrees)]);
        let errors = [
            pair_file(&file, &FACES, &ProbeCache::none()).err(),
            pair_list(&file, &FACES, &ProbeCache::none()).err(),
            annotate(&FACES, &file, &schema, ddl::data::predicate::MissingPolicy::Keep, &ProbeCache::none()).err(),
            image_list(&file, folder.path(), None, &schema, &ProbeCache::none()).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn locks_plans_and_jobs(lock in spoilt(lock_yaml()), plan in spoilt(plan_json())) {
        if let Ok(text) = std::str::from_utf8(&lock) {
            let _ = Lock::from_yaml(text);
        }
        let _ = serde_json::from_slice::<Plan>(&plan);
        let _ = serde_json::from_slice::<Job>(&plan);
    }

    #[test]
    fn recipes(bytes in spoilt(RECIPE.as_bytes())) {
        let world = ddl::source::Memory::new().with("r.ddl", bytes);
        if let Ok(compiled) = ddl::compile::compile(&world, Path::new("r.ddl"), &ddl::compile::Options::default())
            && !compiled.has_errors()
        {
            prop_assert!(!compiled.plan().yaml().is_empty());
        }
    }

    #[test]
    fn logs_images_and_events(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = TrainingLog::from_bytes(&bytes);
        let _ = decode::dimensions(&bytes);
        prop_assert!(ddl::events::read(&bytes[..]).flatten().count() == 0);
    }
}
