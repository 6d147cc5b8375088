//! Heads and terms with state of their own: where it is kept, how it moves, and that it goes on.

use super::*;

pub fn bench(head: &str, more: &str, lr: f64, steps: u64) -> Bench {
    Bench::new(&format!(
        "head it = {head}
         stage s = train(net, classify(faces, it{more}), batch = 24, for = {steps} steps, optimizer = sgd(lr = {lr}, momentum = 0.9))"
    ))
}

/// A loss that ends below nine tenths of where it began.
pub fn assert_falls(name: &str, loss: &[f32]) {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let (first, last) = (mean(&loss[..4]), mean(&loss[loss.len() - 4..]));
    assert!(last < 0.9 * first, "{name}: from {first} to {last}");
}

pub fn over_pk(objective: &str, lr: f64, steps: u64) -> Bench {
    Bench::new(&format!(
        "batches b = draw(faces, by = pk(identities = 6, images = 4))
         stage s = train(net, {objective}, for = {steps} steps, optimizer = sgd(lr = {lr}, momentum = 0.9))"
    ))
}

/// Centres are kept beside prototypes, per label space and slot; a later stage goes on with them, and adds them to a model that has none.
#[test]
fn centres_are_kept_from_stage_to_stage() {
    let centres = |model: &Model| model.heads.values().next().unwrap().state.get("centres").unwrap().copy();
    let first = over_pk("classify(b, arc)", 0.05, 2).train().unwrap().models.remove(0);
    assert!(first.heads.values().next().unwrap().state.entry("centres").is_none());
    // no image moves a centre whose rate is 0
    let added = over_pk("classify(b, arc) + 0.1 * center(b, rate = 0)", 0.05, 2).train_from("s", &first).unwrap().models.remove(0);
    assert_eq!(added.heads.len(), 1);
    let kept = over_pk("classify(b, arc) + 0.1 * center(b, rate = 0)", 0.05, 3).train_from("s", &added).unwrap().models.remove(0);
    assert_eq!(centres(&kept), centres(&added));
    let moved = over_pk("classify(b, arc) + 0.1 * center(b)", 0.05, 3).train_from("s", &added).unwrap().models.remove(0);
    assert_ne!(centres(&moved), centres(&added));
    // means of features as they are, not of directions
    let means = over_pk("center(b, rate = 0, centres = \"class_means\")", 0.0, 1).train_from("s", &first).unwrap().models.remove(0);
    let lengths = centres(&means).norm_scalaropt_dim(2.0, [1i64], false);
    assert!((lengths - 1.0).abs().min().double_value(&[]) > 1e-3);
    let unit = over_pk("center(b, rate = 0, normalise = true, centres = \"class_means\")", 0.0, 1)
        .train_from("s", &first)
        .unwrap()
        .models
        .remove(0);
    let lengths = centres(&unit).norm_scalaropt_dim(2.0, [1i64], false);
    assert!((lengths - 1.0).abs().max().double_value(&[]) < 1e-5);
}

#[test]
fn heads_with_state_and_sampled_classes_go_on_with_the_same_bits() {
    let cases = [
        ("curricularface(scale = 8, margin = 0.1rad)", "", &["t"][..]),
        ("adaface(scale = 8, margin = 0.1)", "", &["norm_mean", "norm_sd"]),
        ("normface(scale = 8, learn_scale = true)", "", &["scale"]),
        ("subcentre_arcface(centres = 2, scale = 8, margin = 0.1rad)", "", &["sub_centres"]),
        ("sphereface(factor = 2)", ", sample = 50%", &[]),
    ];
    for (head, more, names) in cases {
        let whole = bench(head, more, 0.05, 9).train().unwrap();
        let stopped = bench(head, more, 0.05, 9).every(4).stop_after(Some(4));
        assert!(matches!(stopped.train().unwrap_err(), TrainError::Interrupted { step: 4 }));
        let resumed = stopped.stop_after(None).train().unwrap();
        assert_eq!(bits(&resumed.models[0]), bits(&whole.models[0]), "{head}{more}");
        let (state, fresh) = (&whole.models[0].heads.values().next().unwrap().state, bench(head, more, 0.0, 1));
        let first = fresh.train().unwrap();
        for name in names {
            let before = first.models[0].heads.values().next().unwrap().state.get(name).unwrap().copy();
            assert_ne!(*state.get(name).unwrap(), before, "{head}: `{name}` has not moved");
        }
    }
}

/// Two terms of one label space share a head: its state follows both batches, in the order of the terms.
#[test]
fn terms_that_share_a_head_share_its_state() {
    let bench = Bench::new(
        "head it = curricularface(scale = 8, margin = 0.1rad, alpha = 0.5)
         batches e = draw(easy, by = balanced(), size = 12)
         batches h = draw(hard, by = balanced(), size = 12)
         stage s = train(net, classify(e, it) + classify(h, it), for = 3 steps, optimizer = slow)",
    );
    let trained = bench.train().unwrap();
    assert_eq!(trained.models[0].heads.len(), 1);
    let t = trained.models[0].heads.values().next().unwrap().state.get("t").unwrap().double_value(&[]);
    let of = |name: &str| f64::from(*trained.log.column(name).unwrap().last().unwrap());
    let last = [of("classify(e).t"), of("classify(h).t")];
    assert!(last.iter().any(|seen| (seen - t).abs() < 1e-7) && (last[0] - last[1]).abs() > 0.0, "{last:?}, {t}");
}
