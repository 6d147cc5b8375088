//! Golden numbers of spec 4.1 in float64, and gradients by finite differences: the heads without state.

mod all;

use ddl::ops::heads::{self, ArcFace, ArcForm, Combined, CosFace, MarginGrad, NormFace, Softmax};
use ddl::quantity::Angle;
use tch::{Kind, Reduction, Tensor};

use super::golden::{assert_gradient, features, labels, prototypes, state};
use super::{Head, HeadContext};

const ARC: ArcFace = ArcFace { scale: 64.0, margin: Angle::radians(0.5), form: ArcForm::Safe, margin_grad: MarginGrad::Exact };

fn loss(head: &heads::Head, x: &Tensor, w: &Tensor) -> Tensor {
    let state = state(w.shallow_clone());
    let logits = head.logits(x, &labels(), &HeadContext::first(&state)).unwrap().logits;
    logits.cross_entropy_loss(&labels(), None::<&Tensor>, Reduction::Mean, -100, 0.0)
}

fn assert_golden(head: &heads::Head, expected: f64) {
    let found = loss(head, &features(), &prototypes()).double_value(&[]);
    assert!((found - expected).abs() < 1e-8 * expected.max(1.0), "{head:?}: {found}, expected {expected}");
}

fn all() -> Vec<heads::Head> {
    vec![
        heads::Head::Softmax(Softmax { bias: false }),
        heads::Head::NormFace(NormFace { scale: 30.0, learn_scale: false }),
        heads::Head::CosFace(CosFace { scale: 30.0, margin: 0.35 }),
        heads::Head::ArcFace(ARC),
        heads::Head::ArcFace(ArcFace { form: ArcForm::Easy, ..ARC }),
        heads::Head::ArcFace(ArcFace { form: ArcForm::Plain, ..ARC }),
        heads::Head::Combined(Combined {
            scale: 64.0,
            factor: 1.0,
            angle: Angle::radians(0.3),
            cosine: 0.2,
            margin_grad: MarginGrad::Exact,
        }),
        heads::Head::Combined(Combined {
            scale: 16.0,
            factor: 1.35,
            angle: Angle::radians(0.1),
            cosine: 0.0,
            margin_grad: MarginGrad::Exact,
        }),
    ]
}

#[test]
fn losses_are_those_of_the_spec() {
    assert_golden(&heads::Head::Softmax(Softmax { bias: false }), 0.519_745_865_7);
    assert_golden(&heads::Head::NormFace(NormFace { scale: 30.0, learn_scale: false }), 1.984_991e-4);
    assert_golden(&heads::Head::CosFace(CosFace { scale: 30.0, margin: 0.35 }), 1.340_538_702_4);
    assert_golden(&heads::Head::CosFace(CosFace { scale: 64.0, margin: 0.35 }), 2.740_647_112_0);
    assert_golden(&heads::Head::CosFace(CosFace { scale: 64.0, margin: 0.4 }), 4.357_224_435_6);
    assert_golden(&heads::Head::ArcFace(ARC), 1.407_797_978_3);
    assert_golden(&heads::Head::ArcFace(ArcFace { margin_grad: MarginGrad::Detached, ..ARC }), 1.407_797_978_3);
    let combined = Combined { scale: 64.0, factor: 1.0, angle: Angle::radians(0.3), cosine: 0.2, margin_grad: MarginGrad::Exact };
    assert_golden(&heads::Head::Combined(combined), 3.105_738_925_8);
}

#[test]
fn gradients_are_those_of_the_formulas() {
    for head in all() {
        assert_gradient(&features(), |x| loss(&head, x, &prototypes()));
        assert_gradient(&prototypes(), |w| loss(&head, &features(), w));
    }
}

/// Beyond the border, theta + m > pi: a feature opposite to its class vector.
#[test]
fn the_safe_and_easy_forms_go_on_beyond_the_border() {
    let (w, x) = (prototypes(), features() * -1.0);
    let target = |form| {
        let head = ArcFace { form, scale: 1.0, ..ARC };
        head.logits(&x, &labels(), &HeadContext::first(&state(w.shallow_clone())))
            .unwrap()
            .logits
            .gather(1, &labels().unsqueeze(1), false)
            .squeeze_dim(1)
    };
    let cosine = target(ArcForm::Easy); // unchanged, since cos(theta) < 0
    let m = 0.5f64;
    let safe: Vec<f64> = (0..4)
        .map(|i| cosine.double_value(&[i]))
        .map(|c| if c > (std::f64::consts::PI - m).cos() { (c.acos() + m).cos() } else { c - m * (std::f64::consts::PI - m).sin() })
        .collect();
    let found = target(ArcForm::Safe);
    assert!((found - Tensor::from_slice(&safe)).abs().max().double_value(&[]) < 1e-12);
    for form in [ArcForm::Safe, ArcForm::Easy] {
        let head = heads::Head::ArcFace(ArcFace { form, ..ARC });
        assert_gradient(&x, |x| loss(&head, x, &w));
    }
}

/// insightface's code: the derivative of the target logit by its cosine is the scale, so the exact gradient is `sin(theta + m) /
/// sin(theta)` times it.
#[test]
fn a_detached_margin_changes_the_gradient_by_the_known_ratios() {
    let gradient = |margin_grad| {
        let cosine = Tensor::from_slice(&[0.779_161_88, 0.920_167, 0.887_602_29, 0.905_391_71]).set_requires_grad(true);
        let head = ArcFace { margin_grad, scale: 1.0, ..ARC };
        // one class and one dimension more, so that the cosine is the only unknown
        let x = Tensor::stack(&[cosine.shallow_clone(), (cosine.square() * -1.0 + 1.0).sqrt()], 1);
        let w = Tensor::from_slice(&[1.0f64, 0.0]).view([1, 2]);
        let logits = head.logits(&x, &Tensor::zeros([4], (Kind::Int64, tch::Device::Cpu)), &HeadContext::first(&state(w))).unwrap().logits;
        logits.sum(Kind::Double).backward();
        cosine.grad()
    };
    let ratios = gradient(MarginGrad::Exact) / gradient(MarginGrad::Detached);
    let expected = Tensor::from_slice(&[1.4735, 2.0043, 1.8014, 1.8999]);
    assert!((ratios - expected).abs().max().double_value(&[]) < 1e-4);
}

#[test]
fn a_feature_on_its_prototype_has_a_finite_gradient() {
    for head in all() {
        for kind in [Kind::Float, Kind::Double] {
            let x = prototypes().index_select(0, &labels()).to_kind(kind).set_requires_grad(true);
            loss(&head, &x, &prototypes().to_kind(kind)).backward();
            assert_eq!(x.grad().isfinite().all().to_kind(Kind::Int64).int64_value(&[]), 1, "{head:?}");
        }
    }
}

#[test]
fn embeddings_of_another_width_are_refused() {
    let head = heads::Head::ArcFace(ARC);
    let error = head.logits(&features().narrow(1, 0, 5), &labels(), &HeadContext::first(&state(prototypes()))).unwrap_err();
    assert_eq!(error.to_string(), "embeddings for a head: expected [n, 6], found [4, 5]");
    assert!(head.logits(&features(), &labels().narrow(0, 0, 3), &HeadContext::first(&state(prototypes()))).is_err());
}
