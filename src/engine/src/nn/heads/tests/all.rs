//! The heads with state or annealing, and those whose oracle is `tests/oracles/heads`.

use ddl::ops::curves::{Amount, Curve, Inverse, Shape};
use ddl::ops::heads::{
    AdaFace, AmSoftmax, ArcFace, ArcForm, CosFace, CurricularFace, Head as Any, LSoftmax, MagFace, Magnification, MarginGrad, MvMargin,
    MvSoftmax, MvWeight, NormFace, SphereFace, SphereFaceR, SubCentre, SvMargin, SvSoftmax,
};
use ddl::quantity::Angle;
use tch::{Kind, Reduction, Tensor};

use super::super::golden::{assert_gradient, features, labels, prototypes, table};
use super::super::{Clock, Head, HeadContext, PROTOTYPES};
use crate::nn::state::{Init, Role, State};

/// A head's state in float64: the golden class vectors, first moments, and waves elsewhere.
fn whole(head: &Any) -> State {
    let mut state = State::new();
    for spec in head.specs(5, 6) {
        let tensor = match (spec.name.as_str(), spec.init) {
            (PROTOTYPES, _) => prototypes(),
            (_, Init::Constant(value)) => Tensor::full(spec.shape.as_slice(), value, (Kind::Double, tch::Device::Cpu)),
            _ => others(),
        };
        state.insert(&spec.name, tensor, spec.role).unwrap();
    }
    state
}

/// `[5, 2, 6]`: sin(0.5 k + 1.1 s j)
fn others() -> Tensor {
    let of = |s: f64| table(5, 6, move |k, j| (0.5 * k + 1.1 * s * j).sin());
    Tensor::stack(&[of(1.0), of(2.0)], 1)
}

struct Seen {
    value: f64,
    extra: f64,
    updates: Vec<(String, f64)>,
}

fn see(head: &Any, x: &Tensor, state: &State, filter: Option<f64>) -> Seen {
    let found = head.logits(x, &labels(), &HeadContext { filter, ..HeadContext::first(state) }).unwrap();
    let ce = found.logits.cross_entropy_loss(&labels(), None::<&Tensor>, Reduction::Mean, -100, 0.0).double_value(&[]);
    let extra = found.extra.map_or(0.0, |extra| extra.double_value(&[]));
    Seen { value: ce, extra, updates: found.updates.iter().map(|(name, tensor)| (name.clone(), tensor.double_value(&[]))).collect() }
}

fn total(head: &Any, x: &Tensor, state: &State) -> Tensor {
    let found = head.logits(x, &labels(), &HeadContext::first(state)).unwrap();
    let ce = found.logits.cross_entropy_loss(&labels(), None::<&Tensor>, Reduction::Mean, -100, 0.0);
    found.extra.map_or_else(|| ce.shallow_clone(), |extra| &ce + extra)
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-8 * expected.abs().max(1.0), "{found}, expected {expected}");
}

fn l(blend: f64) -> Any {
    Any::LSoftmax(LSoftmax { factor: 4, blend: Curve::Constant(blend) })
}

fn a(blend: f64) -> Any {
    Any::SphereFace(SphereFace { factor: 4, blend: Curve::Constant(blend) })
}

fn r(form: Magnification, margin_grad: MarginGrad) -> Any {
    Any::SphereFaceR(SphereFaceR { scale: 4.0, factor: 1.7, form, margin_grad })
}

fn sv(form: SvMargin) -> Any {
    Any::SvSoftmax(SvSoftmax { form, scale: 4.0, margin: 0.35, angle: Angle::radians(0.5), t: 1.2 })
}

fn mv(form: MvMargin, weight: MvWeight, scale: f64, easy_margin: bool) -> Any {
    Any::MvSoftmax(MvSoftmax { form, weight, scale, margin: 0.35, t: 0.2, easy_margin })
}

fn curricular(scale: f64, alpha: f64) -> Any {
    Any::CurricularFace(CurricularFace { scale, margin: Angle::radians(0.5), alpha })
}

fn mag(easy_margin: bool) -> Any {
    Any::MagFace(MagFace {
        scale: 64.0,
        shortest: 10.0,
        longest: 110.0,
        least: Angle::radians(0.45),
        most: Angle::radians(0.8),
        regulariser: 35.0,
        easy_margin,
    })
}

fn ada(alpha: f64) -> Any {
    Any::AdaFace(AdaFace { scale: 64.0, margin: 0.4, concentration: 0.333, alpha })
}

fn sub(centres: u32) -> Any {
    let (form, margin_grad) = (ArcForm::Safe, MarginGrad::Exact);
    Any::SubCentre(SubCentre { centres, scale: 8.0, margin: Angle::radians(0.5), form, margin_grad })
}

#[test]
fn losses_are_those_of_the_spec() {
    let value = |head: &Any| see(head, &features(), &whole(head), None).value;
    near(value(&l(0.0)), 2.604_485_479_8);
    near(value(&l(5.0)), 0.729_835_862_9);
    near(value(&a(0.0)), 2.123_057_788_8);
    near(value(&a(5.0)), 0.881_402_381_3);
    near(value(&a(1000.0)), 0.704_441_944_8);
    near(value(&Any::AmSoftmax(AmSoftmax { scale: 30.0, margin: 0.35 })), 1.340_538_702_4);
    near(value(&mv(MvMargin::Am, MvWeight::Adaptive, 32.0, true)), 6.657_329_515_7);
    near(value(&mv(MvMargin::Arc, MvWeight::Adaptive, 32.0, true)), 0.054_251_056_6);
    near(value(&Any::NormFace(NormFace { scale: 30.0, learn_scale: true })), 1.984_991e-4);
}

#[test]
fn heads_with_moments_are_those_of_the_spec() {
    let head = curricular(64.0, 0.01);
    let first = see(&head, &features(), &whole(&head), None);
    near(first.value, 2.425_066_6e-4);
    near(first.updates[0].1, 0.008_730_807_2);

    let long = features() * 10.0;
    let found = see(&mag(true), &long, &whole(&mag(true)), None);
    near(found.value, 0.916_928_805_2);
    near(found.extra, 35.0 * 0.065_173_201_5);
    near(found.value + found.extra, 3.197_990_856_7);

    near(see(&ada(1.0), &long, &whole(&ada(1.0)), None).value, 5.289_933_069_2);
    let found = see(&ada(0.01), &long, &whole(&ada(0.01)), None);
    near(found.value, 4.292_327_196_6);
    let lengths = [12.694_771_8, 21.652_508_2, 18.821_326_3, 12.963_525_4];
    let mean = lengths.iter().sum::<f64>() / 4.0;
    let sd = (lengths.iter().map(|length| (length - mean).powi(2)).sum::<f64>() / 3.0).sqrt();
    assert_eq!(found.updates[0].0, "norm_mean");
    assert!((found.updates[0].1 - (0.01 * mean + 0.99 * 20.0)).abs() < 1e-7);
    assert!((found.updates[1].1 - (0.01 * sd + 0.99 * 100.0)).abs() < 1e-7);
}

#[test]
fn losses_are_those_of_the_oracle() {
    let text = include_str!("../../../../../../tests/oracles/heads/golden.json");
    let oracle: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
    let expected = |name: &str| oracle[name].as_f64().unwrap();
    let cases: Vec<(&str, Any, Option<f64>)> = vec![
        ("sv_plain", sv(SvMargin::Plain), None),
        ("sv_am", sv(SvMargin::Am), None),
        ("sv_arc", sv(SvMargin::Arc), None),
        ("mv_am_fixed", mv(MvMargin::Am, MvWeight::Fixed, 4.0, true), None),
        ("mv_am_adaptive", mv(MvMargin::Am, MvWeight::Adaptive, 4.0, true), None),
        ("mv_arc_fixed", mv(MvMargin::Arc, MvWeight::Fixed, 4.0, true), None),
        ("mv_arc_hard", mv(MvMargin::Arc, MvWeight::Adaptive, 4.0, false), None),
        ("sphereface_r_v0", r(Magnification::Monotone, MarginGrad::Detached), None),
        ("sphereface_r_v0", r(Magnification::Monotone, MarginGrad::Exact), None),
        ("sphereface_r_v1", r(Magnification::Clipped, MarginGrad::Exact), None),
        ("sphereface_r_v2", r(Magnification::Others, MarginGrad::Exact), None),
        ("subcentre", sub(3), None),
        (
            "filtered",
            Any::ArcFace(ArcFace { scale: 8.0, margin: Angle::radians(0.5), form: ArcForm::Safe, margin_grad: MarginGrad::Exact }),
            Some(0.2),
        ),
    ];
    for (name, head, filter) in cases {
        near(see(&head, &features(), &whole(&head), filter).value, expected(&format!("{name}_near")));
        near(see(&head, &-features(), &whole(&head), filter).value, expected(&format!("{name}_far")));
    }
    let (head, mut state) = (curricular(16.0, 0.1), State::new());
    state.insert(PROTOTYPES, prototypes(), Role::Parameter).unwrap();
    state.insert("t", Tensor::from(0.25f64), Role::Buffer).unwrap();
    let second = see(&head, &features(), &state, None);
    near(second.value, expected("curricular_second"));
    near(second.updates[0].1, expected("curricular_t"));
}

/// Every head whose gradient is its formula's derivative, with features of a length at which it is not flat.
fn differentiable() -> Vec<(Any, f64)> {
    vec![
        (l(0.0), 1.0),
        (l(5.0), -1.0),
        (a(0.0), 1.0),
        (a(5.0), -1.0),
        (r(Magnification::Monotone, MarginGrad::Exact), -1.0),
        (r(Magnification::Clipped, MarginGrad::Exact), 1.0),
        (r(Magnification::Others, MarginGrad::Exact), 1.0),
        (Any::NormFace(NormFace { scale: 3.0, learn_scale: true }), 1.0),
        (Any::AmSoftmax(AmSoftmax { scale: 30.0, margin: 0.35 }), 1.0),
        (sub(3), 1.0),
        (sv(SvMargin::Plain), -1.0),
        (sv(SvMargin::Am), 1.0),
        (sv(SvMargin::Arc), -1.0),
        (mv(MvMargin::Am, MvWeight::Adaptive, 4.0, true), 1.0),
        (mv(MvMargin::Arc, MvWeight::Fixed, 4.0, true), -1.0),
        // t is a constant for the gradient: here it stays where it is
        (curricular(8.0, 0.0), 1.0),
        (mag(true), 10.0),
        (mag(false), -10.0),
    ]
}

#[test]
fn gradients_are_those_of_the_formulas() {
    for (head, times) in differentiable() {
        let (x, mut state) = (features() * times, whole(&head));
        if state.entry("t").is_some() {
            state.replace("t", Tensor::from(0.3f64), Role::Buffer);
        }
        assert_gradient(&x, |x| total(&head, x, &state));
        let parameters: Vec<String> =
            state.iter().filter(|(_, entry)| entry.role == Role::Parameter).map(|(name, _)| name.to_owned()).collect();
        for name in parameters {
            assert_gradient(state.get(&name).unwrap(), |tensor| {
                let mut state = state.clone();
                state.replace(&name, tensor.shallow_clone(), Role::Parameter);
                total(&head, &x, &state)
            });
        }
    }
}

/// The lengths of features are constants for AdaFace's gradient: it is compared where only directions change.
#[test]
fn adafaces_gradient_is_that_of_its_angles() {
    let lengths = (features() * 10.0).norm_scalaropt_dim(2.0, [1i64], true);
    for alpha in [1.0, 0.5] {
        let (head, state) = (ada(alpha), whole(&ada(alpha)));
        let turned = |x: &Tensor| x / x.norm_scalaropt_dim(2.0, [1i64], true) * &lengths;
        assert_gradient(&features(), |x| total(&head, &turned(x), &state));
        assert_gradient(&prototypes(), |w| {
            let mut state = state.clone();
            state.replace(PROTOTYPES, w.shallow_clone(), Role::Parameter);
            total(&head, &(features() * 10.0), &state)
        });
    }
}

#[test]
fn a_detached_multiplicative_margin_leaves_the_cosines_gradient() {
    let gradient = |head: &Any| {
        let x = features().set_requires_grad(true);
        let logits = head.logits(&x, &labels(), &HeadContext::first(&whole(head))).unwrap().logits;
        logits.gather(1, &labels().unsqueeze(1), false).sum(Kind::Double).backward();
        x.grad()
    };
    let detached = gradient(&r(Magnification::Monotone, MarginGrad::Detached));
    let plain = gradient(&Any::CosFace(CosFace { scale: 4.0, margin: 0.0 }));
    assert!((&detached - plain).abs().max().double_value(&[]) < 1e-12);
    let exact = gradient(&r(Magnification::Monotone, MarginGrad::Exact));
    assert!((detached - exact).abs().max().double_value(&[]) > 0.1);
}

#[test]
fn blends_are_annealed_by_the_step() {
    let shape = Inverse { value: Amount::Number(1000.0), gamma: 0.12, power: 1.0, to: Amount::Number(5.0) };
    let annealed = Any::SphereFace(SphereFace { factor: 4, blend: Curve::Shape(Shape::Inverse(shape)) });
    let state = whole(&annealed);
    let at = |head: &Any, step| {
        let clock = Clock { step, per_epoch: 1, total: 100_000 };
        head.logits(&features(), &labels(), &HeadContext { clock, ..HeadContext::first(&state) }).unwrap().logits
    };
    let apart = |one: Tensor, other: Tensor| (one - other).abs().max().double_value(&[]);
    assert!(apart(at(&annealed, 99), at(&a(1000.0 / 13.0), 0)) < 1e-12);
    assert!(apart(at(&annealed, 50_000), at(&a(5.0), 0)) < 1e-12);
    assert!(apart(at(&annealed, 0), at(&a(5.0), 0)) > 1e-3);
}

/// A single image, a feature of zeros, a feature that is its own prototype.
#[test]
fn corners_are_finite() {
    let heads: Vec<Any> = differentiable().into_iter().map(|(head, _)| head).chain([ada(1.0), curricular(64.0, 0.01)]).collect();
    for head in heads {
        for x in [features().narrow(0, 0, 1), Tensor::zeros([1, 6], (Kind::Double, tch::Device::Cpu)), prototypes().narrow(0, 0, 1)] {
            let x = x.set_requires_grad(true);
            let label = labels().narrow(0, 0, 1);
            let found = head.logits(&x, &label, &HeadContext::first(&whole(&head))).unwrap();
            let ce = found.logits.cross_entropy_loss(&label, None::<&Tensor>, Reduction::Mean, -100, 0.0);
            found.extra.map_or_else(|| ce.shallow_clone(), |extra| &ce + extra).backward();
            let finite = |tensor: &Tensor| tensor.isfinite().all().to_kind(Kind::Int64).int64_value(&[]) == 1;
            assert!(finite(&x.grad()) && found.updates.iter().all(|(_, tensor)| finite(tensor)), "{head:?}");
        }
    }
}
