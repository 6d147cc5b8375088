//! What is added to networks: a correction by the sample's yaw, mappings over one trunk; and what a network is told of the pose.

use super::*;
use crate::nn::embed::Embedder;
use crate::readings::Readings;
use tch::Tensor;

/// Stages over drawn faces, the one that is looked at, and what falls.
pub const RECIPES: &[(&str, &str, &str)] = &[
    (STITCH, "s", "stitch"),
    (
        "backbone high = mapping(net)
         backbone low = mapping(net, hidden = 24, seed = 1)
         stage both = train({a = low, b = high},
                            coupled_mapping(draw(small, by = pairs(with = faces), size = 12), between = [a, b])
                            + classify(b, arc, of = a) + classify(b, arc, of = b),
                            for = STEPS steps, batch_norm = \"frozen\", optimizer = sgd(lr = 0.05, momentum = 0.9),
                            freeze = [low.trunk, low.neck, low.activations, high.trunk, high.neck, high.activations])
         let s = both.a",
        "both",
        "loss",
    ),
    (
        "backbone pose = hopenet(side = 32px)
         stage s = train(pose, head_pose(b, yaw = .yaw, pitch = .pitch), for = STEPS steps, optimizer = adam(lr = 0.0003))",
        "s",
        "loss",
    ),
    (
        "backbone local = landmarks(net, at = tap(\"stage3\"), count = 4, width = 8)
         batches p = draw(faces, by = pk(identities = 6, images = 4))
         stage s = train(local, compare_sets(p, comparator(landmarks = 4, hidden = 16)) + 0.2 * diversity(p, landmarks = 4), for = STEPS steps,
                         optimizer = adam(lr = 0.005))",
        "s",
        "loss",
    ),
];

/// The correction alone learns, from turned faces.
const STITCH: &str = "backbone d = dream(net, yaw = .yaw, from = 20deg)
     stage s = train(d, stitch(draw(hard, by = balanced(), size = 12), towards = easy), for = STEPS steps, batch_norm = \"frozen\",
                     freeze = [d.trunk, d.neck, d.activations], optimizer = sgd(lr = 2.0, momentum = 0.9))";

pub fn recipe(text: &str, steps: u64) -> Bench {
    Bench::new(&format!("batches b = draw(faces, size = 12)\n{}", text.replace("STEPS", &steps.to_string())))
}

/// The embeddings of all drawn faces, and their yaw in radians.
fn embeddings(bench: &Bench, model: &Model) -> (Tensor, Vec<f32>) {
    use crate::nn::net::Images as _;
    let paths = Paths::new();
    let tables = Tables::new(&bench.plan, &paths, ProbeCache::none());
    let table = tables.table(bench.node("faces")).unwrap();
    let loading = Loading { images: Arc::new(ImageCache::new(Bytes(64 << 20))), threads: ddl::data::loader::Threads::new(1).unwrap() };
    let loader = loading.loader(std::slice::from_ref(&table), &model.network.input, None).unwrap();
    let picks: Vec<_> = (0..table.len()).map(|row| ddl::data::sampler::Pick { table: 0, row: row as u32, visit: 0 }).collect();
    let ddl::data::loader::Numbers::U8(bytes) = loader.load(&picks).unwrap().numbers else { panic!("bytes") };
    let images = model.network.input.tensor(&bytes, Device::Cpu, tch::Kind::Float).unwrap();
    let readings = Readings::of(&model.network, &table).unwrap().tensor(0..table.len(), Device::Cpu).unwrap();
    let embedder = Embedder::new(&model.network, &model.state, &Workers::new(1).unwrap()).unwrap();
    let yaw = Readings::new(&[ddl::data::predicate::Expr::attribute("yaw")], &table).unwrap();
    let yaw = (0..table.len()).map(|row| yaw.row(row)[0]).collect();
    (embedder.run_reading(&images, readings.as_ref()).unwrap(), yaw)
}

#[test]
fn the_correction_turns_profiles_and_leaves_frontal_faces() {
    let bench = recipe(STITCH, 40);
    let source = bench.source_of("s");
    let trained = bench.train_from("s", &source).unwrap().models.remove(0);
    let moved: Vec<&str> =
        source.state.iter().filter(|(name, entry)| entry.tensor != *trained.state.get(name).unwrap()).map(|(name, _)| name).collect();
    assert_eq!(moved, ["dream.fc1.bias", "dream.fc1.weight", "dream.fc2.bias", "dream.fc2.weight"], "the rest stays to the bit");
    let ((plain, yaw), (corrected, _)) = (embeddings(&bench, &bench.fresh()), embeddings(&bench, &trained));
    let apart = (&corrected - &plain).norm_scalaropt_dim(2.0, [1i64], false);
    let mean = |wanted: &dyn Fn(f32) -> bool| {
        let at: Vec<i64> = yaw.iter().enumerate().filter(|(_, yaw)| wanted(yaw.to_degrees().abs())).map(|(at, _)| at as i64).collect();
        assert!(at.len() > 3);
        apart.index_select(0, &Tensor::from_slice(&at)).mean(tch::Kind::Double).double_value(&[])
    };
    let (frontal, profile) = (mean(&|yaw| yaw < 8.0), mean(&|yaw| yaw > 40.0));
    assert!(profile > 20.0 * frontal, "{frontal} and {profile}");
}

/// A network that reads the yaw is told that of each image, in training and when it is judged, whatever lies beside it.
#[test]
fn an_embedding_follows_its_own_yaw() {
    let bench = recipe(STITCH, 1);
    let model = bench.source_of("s");
    let (all, _) = embeddings(&bench, &model);
    let x = Tensor::zeros([3, 3, 32, 32], (tch::Kind::Float, Device::Cpu));
    let embedder = Embedder::new(&model.network, &model.state, &Workers::new(1).unwrap()).unwrap();
    let of = |yaw: [f32; 3]| embedder.run_reading(&x, Some(&Tensor::from_slice(&yaw).view([3, 1]))).unwrap();
    let (one, other) = (of([0.0, 1.0, 0.5]), of([1.0, 0.0, 0.5]));
    assert_eq!(one.get(0), other.get(1));
    assert_eq!(one.get(2), other.get(2));
    assert_ne!(one.get(0), one.get(1));
    assert_eq!(of([-1.0, 0.0, 0.5]), other, "to which side does not count");
    assert!(embedder.run(&x).unwrap_err().to_string().contains("dream reads"), "{}", embedder.run(&x).unwrap_err());
    assert_eq!(all.size()[1], 16);
}

#[test]
fn people_without_a_mean_are_refused() {
    let bench = Bench::new(
        "let halves = faces |> split({a = 50%, b = 50%}, by = .identity)
         backbone d = dream(net, yaw = .yaw)
         stage s = train(d, stitch(draw(faces, size = 12), towards = halves.a), for = 1 steps, optimizer = slow)",
    );
    let error = bench.train_from("s", &bench.source_of("s")).unwrap_err();
    assert!(matches!(error, TrainError::NoMean { count: 6, .. }), "{error}");
}
