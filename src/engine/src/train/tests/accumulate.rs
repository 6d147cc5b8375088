//! Steps of several batches.

use super::*;

/// A stage of batches of so many images.
fn stage(images: u64, more: &str) -> Bench {
    Bench::new(&format!(
        "batches d = draw(faces, size = {images})
         stage s = train(net, classify(d, arc) + 0.5 * kd(d, teacher = taught, scale = 16), optimizer = sgd(lr = 0.05, momentum = 0.9), clip = 2.0{more})
         backbone big = tiny(embedding = 24, side = 32px, width = 12, seed = 3)
         stage taught = train(big, classify(faces, arc), batch = 24, for = 3 steps, optimizer = slow)"
    ))
}

/// Where nothing depends on the other images of a batch, and where batch norm counts over the same images.
#[test]
fn two_batches_are_one_of_twice_the_size() {
    for (norms, over) in [(", batch_norm = \"frozen\"", ""), ("", ", norm_over = 12 images")] {
        for (steps, most) in [(1, 1e-6), (4, 1e-5)] {
            let length = format!(", for = {steps} steps");
            let twice = stage(12, &format!("{length}{norms}, accumulate = 2"));
            let (twice, once) = (twice.train().unwrap(), stage(24, &format!("{length}{norms}{over}")).train().unwrap());
            let (apart, moved) = (distance(&twice.models[0], &once.models[0]), distance(&twice.models[0], &stage(12, &length).fresh()));
            assert!(apart < most && moved > 1e-3, "{norms}{over}: {apart} apart, {moved} moved");
            for name in ["loss", "classify", "classify.accuracy", "kd"] {
                let (a, b) = (twice.log.column(name).unwrap(), once.log.column(name).unwrap());
                assert!(a.len() == steps && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4), "{name}: {a:?} {b:?}");
            }
        }
    }
    // batch norm over the whole of a large batch is another thing
    let (twice, once) = (stage(12, ", for = 1 step, accumulate = 2"), stage(24, ", for = 1 step"));
    assert!(distance(&twice.train().unwrap().models[0], &once.train().unwrap().models[0]) > 1e-4);
}

#[test]
fn an_epoch_of_accumulated_batches_is_still_one_pass() {
    let trained = stage(12, ", for = 2 epochs, accumulate = 4").train().unwrap();
    assert_eq!((trained.per_epoch, trained.steps, trained.log.steps()), (2, 4, 4)); // 6 batches are two steps, the second of which begins anew
    assert_eq!(stage(12, ", for = 2 epochs").train().unwrap().steps, 12);
}

#[test]
fn steps_of_several_batches_go_on_with_the_same_bits() {
    let state = "head it = curricularface(scale = 8, margin = 0.1rad)
        stage s = train(net, classify(faces, it) + 0.1 * center(draw(faces, by = pk(identities = 6, images = 2))), batch = 8, for = 7 steps,
                        accumulate = 3, clip = 1.0, precision = \"mixed\", optimizer = adamw(lr = 0.01))";
    let nets = "backbone other = tiny(embedding = 24, side = 48px, width = 8, seed = 1)
        batches d = draw(faces, size = 12, augment = [flip()])
        stage s = train({a = net, b = other}, for = 7 steps, accumulate = 2, clip = 1.0, plays = [
            play(classify(d, arc, of = a) + mutual(d, between = [a, b], scale = 8), updates = [a, b], optimizer = slow),
            play(classify(d, arc, of = b) + sp(d, teacher = big, of = b), updates = [b], optimizer = adam(lr = 0.002), times = 2)])
        backbone big = tiny(embedding = 24, side = 32px, width = 12, seed = 3)
        let it = s.a";
    for recipe in [state.to_owned(), nets.replace("stage s", "stage both").replace("let it = s.a", "let s = both.a")] {
        let name = if recipe.contains("both") { "both" } else { "s" };
        let train = |bench: &Bench| bench.train_from(name, &bench.fresh());
        let whole = train(&Bench::new(&recipe)).unwrap();
        let stopped = Bench::new(&recipe).every(3).stop_after(Some(3));
        assert!(matches!(train(&stopped).unwrap_err(), TrainError::Interrupted { step: 3 }));
        let resumed = train(&stopped.stop_after(None)).unwrap();
        let all = |trained: &Trained| trained.models.iter().map(bits).collect::<Vec<_>>();
        assert_eq!(all(&resumed), all(&whole), "{name}");
        assert_eq!(resumed.log.column("loss"), whole.log.column("loss"), "{name}");
    }
}

/// What follows the batches follows each of them.
#[test]
fn states_follow_every_batch() {
    let t = |images: u64, more: &str| {
        let bench = Bench::new(&format!(
            "head it = curricularface(scale = 8, margin = 0.1rad, alpha = 0.5)
             stage s = train(net, classify(faces, it), batch = {images}, batch_norm = \"frozen\", optimizer = sgd(lr = 0.0){more})"
        ));
        bench.train().unwrap().models[0].heads.values().next().unwrap().state.get("t").unwrap().double_value(&[])
    };
    let (four, accumulated) = (t(12, ", for = 4 steps"), t(12, ", for = 2 steps, accumulate = 2"));
    assert!((four - accumulated).abs() < 1e-7 && four > 0.0, "{four} {accumulated}");
}
