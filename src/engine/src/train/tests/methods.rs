//! Every head and term trains: its loss falls, and it goes on with the same bits where it was stopped.

use super::*;

/// Heads that are trained for some steps, with the learning rate that suits their scale.
const HEADS: &[(&str, f64)] = &[
    ("softmax()", 0.05),
    ("lsoftmax(factor = 2, blend = 10 |> inverse(gamma = 0.1, to = 1))", 0.02),
    ("sphereface(factor = 2, blend = 10 |> inverse(gamma = 0.1, to = 1))", 0.02),
    ("sphereface_r(scale = 8, factor = 1.4)", 0.05),
    ("normface(scale = 8, learn_scale = true)", 0.05),
    ("amsoftmax(scale = 8, margin = 0.1)", 0.05),
    ("subcentre_arcface(centres = 2, scale = 8, margin = 0.1rad)", 0.05),
    ("sv_softmax(form = \"am\", scale = 8, margin = 0.1)", 0.05),
    ("mv_softmax(form = \"arc\", weight = \"fixed\", scale = 8, margin = 0.1)", 0.05),
    ("curricularface(scale = 8, margin = 0.1rad)", 0.05),
    ("magface(scale = 8, shortest = 1, longest = 20, least = 0.1rad, most = 0.2rad, regulariser = 1)", 0.02),
    ("adaface(scale = 8, margin = 0.1)", 0.05),
];

fn bench(head: &str, more: &str, lr: f64, steps: u64) -> Bench {
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

#[test]
fn every_head_learns() {
    for (head, lr) in HEADS {
        assert_falls(head, bench(head, "", *lr, 40).train().unwrap().log.column("loss").unwrap());
    }
    for more in [", sample = 50%", ", filter = 0.5", ", reduce = ohem(keep = 75%)", ", reduce = focal()"] {
        let trained = bench("cosface(scale = 8, margin = 0.1)", more, 0.05, 40).train().unwrap();
        assert_falls(more, trained.log.column("loss").unwrap());
    }
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
        assert_eq!(bits(&resumed.model), bits(&whole.model), "{head}{more}");
        let (state, fresh) = (&whole.model.heads.values().next().unwrap().state, bench(head, more, 0.0, 1));
        let first = fresh.train().unwrap();
        for name in names {
            let before = first.model.heads.values().next().unwrap().state.get(name).unwrap().copy();
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
    assert_eq!(trained.model.heads.len(), 1);
    let t = trained.model.heads.values().next().unwrap().state.get("t").unwrap().double_value(&[]);
    let of = |name: &str| f64::from(*trained.log.column(name).unwrap().last().unwrap());
    let last = [of("classify(e).t"), of("classify(h).t")];
    assert!(last.iter().any(|seen| (seen - t).abs() < 1e-7) && (last[0] - last[1]).abs() > 0.0, "{last:?}, {t}");
}
