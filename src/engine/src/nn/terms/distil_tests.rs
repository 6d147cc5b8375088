//! The golden numbers of spec 4.3, gradients, and what happens at the edges.

use ::ddl::lang::value::NodeId;
use ::ddl::ops::curves::Curve;
use ::ddl::ops::refs::{DrawnRef, ModelRef, NetName};
use ::ddl::ops::terms::{Feature, FeatureDistance, Focal, Kd, Mean, Mutual, Nst, Ohem, Output, PlainLogits, Reduce, Rkd, Sp, SpNorm, Tap};
use ::ddl::quantity::Fraction;
use ::ddl::random::Draw;
use tch::{Kind, Tensor};

use super::feature::ADAPTER;
use super::*;
use crate::nn::heads::Clock;
use crate::nn::heads::golden::{assert_gradient, features, prototypes, state, table};
use crate::nn::state::Role;

const DATA: DrawnRef = DrawnRef { node: NodeId(0) };
const TEACHER: ModelRef = ModelRef { node: NodeId(1) };

fn kd() -> Kd {
    let slot = "main".to_owned();
    Kd {
        data: DATA,
        teacher: TEACHER,
        temperature: Curve::Constant(4.0),
        logits: PlainLogits::Linear,
        scale: 64.0,
        slot,
        teacher_slot: None,
        reduce: None,
        of: None,
    }
}

/// What each image comes to, and how the loss is made of them.
#[test]
fn kd_is_reduced_as_other_values_of_single_images() {
    let (student, teacher) = (student_logits(), teacher_logits());
    let rows = student.size()[0];
    let one = |row: i64| logits_of(&kd(), &student.narrow(0, row, 1), &teacher.narrow(0, row, 1)).value.double_value(&[]);
    let mut each: Vec<f64> = (0..rows).map(one).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    near(&logits_of(&kd(), &student, &teacher).value, mean(&each));
    let reduced = |by| Kd { reduce: Some(by), ..kd() };
    near(&logits_of(&reduced(Reduce::Mean(Mean {})), &student, &teacher).value, mean(&each));
    let focal: Vec<f64> = each.iter().map(|value| (1.0 - (-value).exp()).powi(2) * value).collect();
    let by_focal = reduced(Reduce::Focal(Focal { gamma: 2.0, of_mean: false }));
    near(&logits_of(&by_focal, &student, &teacher).value, mean(&focal));
    each.sort_by(|a, b| b.total_cmp(a));
    let by_ohem = reduced(Reduce::Ohem(Ohem { keep: Fraction(0.5) }));
    near(&logits_of(&by_ohem, &student, &teacher).value, mean(&each[..(rows / 2) as usize]));
    for term in [by_focal, by_ohem] {
        assert_gradient(&student, |x| logits_of(&term, x, &teacher).value);
    }
}

fn rkd(distance: f64, angle: f64) -> Rkd {
    Rkd { data: DATA, teacher: TEACHER, distance, angle, normalise: false, of: None }
}

fn sp(normalise: SpNorm) -> Sp {
    Sp { data: DATA, teacher: TEACHER, normalise, at: None, teacher_at: None, of: None }
}

fn feature(distance: FeatureDistance, normalise: bool) -> Feature {
    Feature { data: DATA, teacher: TEACHER, distance, normalise, at: None, teacher_at: None, slot: "adapter".to_owned(), of: None }
}

fn nst(teacher_term: bool) -> Nst {
    let at = Output::Tap(Tap { layer: "stage1".to_owned() });
    Nst { data: DATA, teacher: TEACHER, at, teacher_at: None, offset: 0.0, teacher_term, of: None }
}

fn with(term: &impl Term, inputs: &[TermInput], state: &State) -> TermOutput {
    term.evaluate(inputs, &Context { head: state, pool: &State::new(), noise: &Draw::new(0, "noise"), clock: Clock::default() }).unwrap()
}

fn logits_of(term: &impl Term, student: &Tensor, teacher: &Tensor) -> TermOutput {
    with(term, &[TermInput::Logits(student.shallow_clone()), TermInput::Logits(teacher.shallow_clone())], &State::new())
}

fn outputs_of(term: &impl Term, student: &Tensor, teacher: &Tensor) -> TermOutput {
    with(term, &[TermInput::Output(student.shallow_clone()), TermInput::Output(teacher.shallow_clone())], &State::new())
}

fn near(found: &Tensor, expected: f64) {
    let found = found.double_value(&[]);
    assert!((found - expected).abs() < 1e-8, "{found}, expected {expected}");
}

/// S = X Wᵀ.
fn student_logits() -> Tensor {
    features().matmul(&prototypes().tr())
}

/// T = 1.5 X Wᵀ + cos(i k).
fn teacher_logits() -> Tensor {
    student_logits() * 1.5 + table(4, 5, |i, k| (i * k).cos())
}

/// [tanh X, sin 2X]: twice as wide as X.
fn teacher_features() -> Tensor {
    let x = features();
    Tensor::cat(&[x.tanh(), (x * 2.0).sin()], 1)
}

fn maps() -> (Tensor, Tensor) {
    let run = |count: i64| Tensor::arange_start(1, count + 1, (Kind::Double, tch::Device::Cpu));
    (run(24).sin().view([2, 3, 2, 2]), run(32).cos().view([2, 4, 2, 2]))
}

#[test]
fn softened_logits_are_those_of_the_spec() {
    near(&logits_of(&kd(), &student_logits(), &teacher_logits()).value, 0.637_823_749_2);
    assert_gradient(&student_logits(), |x| logits_of(&kd(), x, &teacher_logits()).value);
    near(&logits_of(&kd(), &teacher_logits(), &teacher_logits()).value, 0.0);
}

#[test]
fn logits_are_inner_products_or_scaled_cosines() {
    let head = state(prototypes());
    assert_eq!(logits::logits(&features(), &head, None).unwrap(), student_logits());
    let cosines = logits::logits(&features(), &head, Some(2.0)).unwrap();
    // the cosines to the own classes of spec 4
    let own = cosines.gather(1, &crate::nn::heads::golden::labels().unsqueeze(1), false).view(-1) / 2.0;
    let expected = Tensor::from_slice(&[0.779_161_88, 0.920_167_00, 0.887_602_29, 0.905_391_71]);
    assert!((own - expected).abs().max().double_value(&[]) < 1e-8);
    assert!(logits::logits(&features().narrow(1, 0, 3), &head, None).is_err());
}

#[test]
fn relations_are_those_of_the_spec() {
    let (x, t) = (features(), teacher_features());
    near(&outputs_of(&rkd(1.0, 0.0), &x, &t).value, 0.002_396_985_0);
    near(&outputs_of(&rkd(0.0, 1.0), &x, &t).value, 0.001_879_471_9);
    near(&outputs_of(&rkd(25.0, 50.0), &x, &t).value, 25.0 * 0.002_396_985_0 + 50.0 * 0.001_879_471_9);
    for term in [rkd(1.0, 0.0), rkd(0.0, 1.0), Rkd { normalise: true, ..rkd(25.0, 50.0) }] {
        assert_gradient(&x, |x| outputs_of(&term, x, &t).value);
    }
}

/// Two images that are one: a distance of 0, and angles at it that are none.
#[test]
fn equal_images_give_finite_gradients() {
    for kind in [Kind::Float, Kind::Double] {
        let x = Tensor::cat(&[features(), features().narrow(0, 1, 1)], 0).to_kind(kind).set_requires_grad(true);
        let t = Tensor::cat(&[teacher_features(), teacher_features().narrow(0, 2, 1)], 0).to_kind(kind);
        outputs_of(&rkd(25.0, 50.0), &x, &t).value.backward();
        assert!(x.grad().abs().max().double_value(&[]) < 1e3, "{}", x.grad());
    }
    let one = features().narrow(0, 0, 1);
    let inputs = [TermInput::Output(one.shallow_clone()), TermInput::Output(one)];
    let context = Context { head: &State::new(), pool: &State::new(), noise: &Draw::new(0, "noise"), clock: Clock::default() };
    assert!(rkd(1.0, 1.0).evaluate(&inputs, &context).is_err());
}

#[test]
fn similarities_are_those_of_the_spec() {
    near(&outputs_of(&sp(SpNorm::Rows), &features(), &teacher_features()).value, 0.004_128_496_8);
    for normalise in [SpNorm::Rows, SpNorm::Features] {
        assert_gradient(&features(), |x| outputs_of(&sp(normalise), x, &teacher_features()).value);
    }
    // cosines, computed one by one
    let cosine = |x: &Tensor, i, j| {
        let (a, b) = (x.get(i), x.get(j));
        a.dot(&b).double_value(&[]) / (a.norm().double_value(&[]) * b.norm().double_value(&[]))
    };
    let (x, t) = (features(), teacher_features());
    let pairs = (0..4).flat_map(|i| (0..4).map(move |j| (i, j)));
    let expected = pairs.map(|(i, j)| (cosine(&t, i, j) - cosine(&x, i, j)).powi(2)).sum::<f64>() / 16.0;
    near(&outputs_of(&sp(SpNorm::Features), &x, &t).value, expected);
}

#[test]
fn channels_are_those_of_the_spec() {
    let (student, teacher) = maps();
    near(&outputs_of(&nst(true), &student, &teacher).value, 0.040_611_371_7);
    for term in [nst(true), nst(false), Nst { offset: 0.5, ..nst(true) }] {
        assert_gradient(&student, |x| outputs_of(&term, x, &teacher).value);
    }
    // the larger map is averaged
    let wide = teacher.repeat_interleave_self_int(2, 2, None).repeat_interleave_self_int(2, 3, None);
    near(&outputs_of(&nst(true), &student, &wide).value, 0.040_611_371_7);
    assert!(nst(true).specs_between(&[vec![3, 2, 2], vec![4]]).is_err());
}

#[test]
fn features_of_one_width_are_compared_as_they_are() {
    let (x, t) = (features(), features().tanh());
    let pairs: Vec<(f64, f64)> = (0..24).map(|at| (x.view(-1).double_value(&[at]), t.view(-1).double_value(&[at]))).collect();
    let expected = pairs.iter().map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 24.0;
    near(&outputs_of(&feature(FeatureDistance::L2, false), &x, &t).value, expected);
    let cosines: f64 = pairs
        .chunks(6)
        .map(|row| {
            let sum = |of: fn(&(f64, f64)) -> f64| row.iter().map(of).sum::<f64>();
            sum(|(a, b)| a * b) / (sum(|(a, _)| a * a).sqrt() * sum(|(_, b)| b * b).sqrt())
        })
        .sum();
    near(&outputs_of(&feature(FeatureDistance::Cosine, false), &x, &t).value, 1.0 - cosines / 4.0);
    // of unit vectors, the squared distance is 2 - 2 cos
    near(&outputs_of(&feature(FeatureDistance::L2, true), &x, &t).value, (2.0 - cosines / 2.0) / 6.0);
}

#[test]
fn a_learned_map_lies_between_features_of_two_widths() {
    let term = feature(FeatureDistance::L2, false);
    let specs = term.specs_between(&[vec![6], vec![12]]).unwrap();
    assert_eq!(specs.iter().map(|spec| (spec.name.as_str(), spec.shape.clone())).collect::<Vec<_>>(), [(ADAPTER, vec![12, 6])]);
    assert_eq!(term.specs_between(&[vec![64, 7, 7], vec![64, 7, 7]]).unwrap(), []);
    assert_eq!(term.specs_between(&[vec![64, 7, 7], vec![512, 7, 7]]).unwrap()[0].shape, [512, 64]);
    for shapes in [[vec![64, 7, 7], vec![64, 14, 14]], [vec![64, 7, 7], vec![64]]] {
        assert!(term.specs_between(&shapes).is_err());
    }
    let map = table(12, 6, |i, j| (0.3 * i * j).sin());
    let value = |x: &Tensor, map: &Tensor, distance| {
        let mut state = State::new();
        state.insert(ADAPTER, map.shallow_clone(), Role::Parameter).unwrap();
        let inputs = [TermInput::Output(x.shallow_clone()), TermInput::Output(teacher_features())];
        with(&feature(distance, false), &inputs, &state).value
    };
    for distance in [FeatureDistance::L2, FeatureDistance::Cosine] {
        assert_gradient(&features(), |x| value(x, &map, distance));
        assert_gradient(&map, |map| value(&features(), map, distance));
    }
    // a map's places are rows of channels
    let (student, teacher) = (maps().0, maps().1.narrow(1, 0, 3));
    let flat = outputs_of(&term, &student, &teacher).value;
    near(&flat, (student - teacher).square().mean(Kind::Double).double_value(&[]));
}

fn mutual(count: usize, average: bool) -> Mutual {
    let between = (0..count).map(|at| NetName(format!("net{at}"))).collect();
    let (logits, slot) = (PlainLogits::Linear, "main".to_owned());
    Mutual { data: DATA, between, temperature: Curve::Constant(1.0), average, logits, scale: 64.0, slot }
}

fn among(term: &Mutual, logits: &[Tensor]) -> TermOutput {
    let inputs: Vec<TermInput> = logits.iter().map(|logits| TermInput::Logits(logits.shallow_clone())).collect();
    with(term, &inputs, &State::new())
}

#[test]
fn what_networks_learn_of_each_other_is_that_of_the_spec() {
    // KL(p2 || p1), which network 1 follows, and KL(p1 || p2)
    let [first, second] = [student_logits(), teacher_logits()];
    near(&(crate::nn::loss::distil::divergence(&second, &first, 1.0).unwrap().mean(Kind::Double)), 0.159_290_467_0);
    near(&(crate::nn::loss::distil::divergence(&first, &second, 1.0).unwrap().mean(Kind::Double)), 0.217_367_230_2);
    let value = among(&mutual(2, false), &[first.shallow_clone(), second.shallow_clone()]);
    near(&value.value, 0.159_290_467_0 + 0.217_367_230_2);
    let third = &first * 0.5;
    let of = |average| among(&mutual(3, average), &[first.shallow_clone(), second.shallow_clone(), third.shallow_clone()]).value;
    near(&(of(false) / 2.0), of(true).double_value(&[]));
}

/// The others are constants to a network: its gradient is that of its own divergences alone.
#[test]
fn each_network_follows_the_others_as_they_are() {
    let (first, second) = (student_logits(), teacher_logits());
    let leaf = first.copy().set_requires_grad(true);
    among(&mutual(2, false), &[leaf.shallow_clone(), second.shallow_clone()]).value.backward();
    let alone = first.copy().set_requires_grad(true);
    crate::nn::loss::distil::divergence(&second, &alone, 1.0).unwrap().mean(Kind::Double).backward();
    assert!((leaf.grad() - alone.grad()).abs().max().double_value(&[]) < 1e-15);
    assert_gradient(&first, |x| crate::nn::loss::distil::divergence(&second, x, 1.0).unwrap().mean(Kind::Double));
}
