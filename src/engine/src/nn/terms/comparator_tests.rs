//! Comparisons of sets: against `tests/oracles/terms`, by finite differences, at the edges, and beside what judges templates.

use ::ddl::data::protocol::TemplateFace;
use ::ddl::eval::{FaceNorm, Learned, Scored as _, pool_templates};
use ::ddl::lang::value::NodeId;
use ::ddl::ops::pooling::{Comparator, Multicolumn, Pooling};
use ::ddl::ops::refs::DrawnRef;
use ::ddl::ops::terms::{CompareSets, Diversity};
use ::ddl::random::Draw;
use serde_json::Value as Json;
use tch::{Kind, Tensor};

use super::{Context, Term, TermInput, TermOutput};
use crate::nn::comparator::{largest, logits, specs};
use crate::nn::error::NnError;
use crate::nn::heads::Clock;
use crate::nn::heads::golden::{assert_gradient, table};
use crate::nn::pooling::learned;
use crate::nn::state::{Role, State};

const DATA: DrawnRef = DrawnRef { node: NodeId(0) };

fn comparator() -> Comparator {
    Comparator { landmarks: 2, hidden: 4, slot: "compare".to_owned() }
}

/// Eight images of two landmarks of three numbers.
fn waves() -> Tensor {
    table(8, 6, |i, j| (1.1 * i + 0.9 * j + 0.13 * i * j * j).sin())
}

/// The oracle's comparison.
fn weights() -> State {
    let mut state = State::new();
    let mut add = |name: &str, tensor: Tensor| state.insert(name, tensor, Role::Parameter).unwrap();
    add("compare.weight", table(4, 8, |h, i| 0.7 * (0.8 * h * i + 0.6 * i + 0.3 * h).sin()));
    add("compare.bias", table(1, 4, |_, h| 0.2 * (1.1 * h).cos()).view(-1));
    add("score.weight", table(1, 4, |_, h| 1.5 * (0.8 * h + 0.1).cos()));
    add("score.bias", Tensor::from_slice(&[-0.3]));
    state
}

fn evaluate(term: &impl Term, inputs: TermInput, pool: &State) -> Result<TermOutput, NnError> {
    let context = Context { head: &State::new(), pool, noise: &Draw::new(0, "noise"), clock: Clock::default() };
    term.evaluate(&[inputs], &context)
}

fn compared(set_size: u32, people: &[i64], x: &Tensor, pool: &State) -> TermOutput {
    let term = CompareSets { data: DATA, by: Pooling::Comparator(comparator()), set_size, of: None };
    evaluate(&term, TermInput::Labelled { embedding: x.shallow_clone(), labels: Tensor::from_slice(people) }, pool).unwrap()
}

fn oracle(name: &str) -> Json {
    let oracle: Json = serde_json::from_str(include_str!("../../../../../tests/oracles/terms/golden.json")).unwrap();
    oracle[name].clone()
}

#[test]
fn comparisons_are_those_of_the_oracle_and_gradients_reach_all_that_learns() {
    for (name, size, people) in [("compare_sets", 1, [0, 0, 0, 1, 1, 2, 2, 3]), ("compare_sets_two", 2, [0, 1, 0, 1, 0, 1, 0, 1])] {
        let found = compared(size, &people, &waves(), &weights());
        let part = |name: &str| found.parts.iter().find(|(part, _)| part == name).unwrap().1.double_value(&[]);
        let wanted: Vec<f64> = oracle(name).as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        assert!((found.value.double_value(&[]) - wanted[0]).abs() < 1e-10, "{name}: {} {wanted:?}", found.value.double_value(&[]));
        // parts are told in 32 bits
        assert!((part("same") - wanted[1]).abs() < 1e-6 && (part("different") - wanted[2]).abs() < 1e-6, "{name}");
        assert!((0.0..=1.0).contains(&part("accuracy")) && found.skipped.double_value(&[]).abs() < 1e-12);

        assert_gradient(&waves(), |x| compared(size, &people, x, &weights()).value);
        for (name, entry) in weights().iter() {
            assert_gradient(&entry.tensor, |w| {
                let mut other = weights();
                other.replace(name, w.shallow_clone(), Role::Parameter);
                compared(size, &people, &waves(), &other).value
            });
        }
    }
}

#[test]
fn maps_are_kept_apart() {
    let maps = |z: &Tensor| {
        let shares = z.view([2, 3, 4]).softmax(-1, Kind::Double).view([2, 3, 2, 2]);
        Tensor::cat(&[&(&shares * -7.0), &shares], 1) // features lie before the maps
    };
    let diversity = Diversity { data: DATA, landmarks: 3, of: None };
    let value = |maps: Tensor| evaluate(&diversity, TermInput::Output(maps), &State::new()).unwrap().value;
    let scores: Vec<f64> = [1.0, 2.0]
        .into_iter()
        .flat_map(|i| [1.0, 2.0, 3.0].into_iter().flat_map(move |k| [1.0, 2.0, 3.0, 4.0].map(|place| (1.3f64 * i + 2.1 * k * place).sin())))
        .collect();
    let scores = Tensor::from_slice(&scores);
    assert!((value(maps(&scores)).double_value(&[]) - oracle("diversity").as_f64().unwrap()).abs() < 1e-12);
    assert_gradient(&scores, |z| value(maps(z)));
    // all the same, and each at a place of its own
    assert!((value(maps(&scores.zeros_like())).double_value(&[]) - 2.0 / 3.0).abs() < 1e-12);
    let apart = Tensor::eye(3, (Kind::Double, tch::Device::Cpu)).constant_pad_nd([0, 1]).repeat([2, 1]) * 100.0;
    assert!(value(maps(&apart)).double_value(&[]).abs() < 1e-12);
    // a network without so many maps is known before the first step
    assert!(diversity.specs_between(&[vec![2, 4, 4]]).is_err() && diversity.specs_between(&[vec![8]]).is_err());
    assert!(diversity.specs_between(&[vec![3, 4, 4]]).unwrap().is_empty());
}

#[test]
fn batches_without_both_kinds_of_pairs_are_counted() {
    for (size, people) in [(2, [0, 0, 1, 1, 2, 2, 3, 3]), (1, [0; 8]), (4, [0, 1, 2, 3, 4, 5, 6, 7])] {
        let x = waves().set_requires_grad(true);
        let found = compared(size, &people, &x, &weights());
        assert!((found.skipped.double_value(&[]) - 1.0).abs() < 1e-12 && found.value.double_value(&[]).abs() < 1e-12);
    }
    // a landmark that no image shows, and logits that are no longer numbers as probabilities
    for kind in [Kind::Float, Kind::Double] {
        let (x, mut far) = (waves(), weights().to(tch::Device::Cpu, kind).unwrap());
        let _ = x.narrow(1, 0, 3).zero_();
        far.replace("score.bias", Tensor::from_slice(&[1e5]).to_kind(kind), Role::Parameter);
        let x = x.to_kind(kind).set_requires_grad(true);
        let value = compared(1, &[0, 0, 0, 1, 1, 2, 2, 3], &x, &far).value;
        value.backward();
        assert!(value.double_value(&[]).is_finite() && x.grad().norm().double_value(&[]).is_finite());
    }
}

#[test]
fn what_fits_no_comparison_is_refused() {
    let inputs = |x: Tensor| TermInput::Labelled { embedding: x, labels: Tensor::from_slice(&[0i64, 0, 1, 1, 2, 2, 3, 3]) };
    let term = |by| CompareSets { data: DATA, by, set_size: 1, of: None };
    let narrow = evaluate(&term(Pooling::Comparator(comparator())), inputs(waves().narrow(1, 0, 5)), &weights()).unwrap_err();
    assert!(narrow.to_string().contains("2 landmarks") && narrow.to_string().contains("5 numbers"), "{narrow}");
    let pooling = Pooling::Multicolumn(Multicolumn { content: true, slot: "set".to_owned() });
    assert!(evaluate(&term(pooling), inputs(waves()), &weights()).is_err());
}

/// What is trained is what judges.
#[test]
fn templates_are_compared_as_sets_are() {
    let x = waves().to_kind(Kind::Float);
    let sets = [vec![0, 1], vec![2, 3], vec![4, 5], vec![6, 7]];
    let double = x.to_kind(Kind::Double);
    let wanted = (logits(&comparator(), &weights(), &largest(&double, &sets, 2).unwrap()).unwrap() * 0.5).tanh();
    let rows = Vec::<f32>::try_from(x.contiguous().view(-1)).unwrap();
    let faces: Vec<TemplateFace> =
        (0..8).map(|row| TemplateFace { template: row / 2, number: row / 2, medium: row, row, weight: 1.0 }).collect();
    let learned = learned(&Pooling::Comparator(comparator()), &weights()).unwrap();
    let pooled = pool_templates(&rows, 6, &faces, 4, FaceNorm::Kept, Some(&learned)).unwrap();
    let Learned::Comparator(by) = &learned else { panic!("{learned:?}") };
    let compared = by.compared(&pooled).unwrap();
    for (a, b) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))) {
        let (found, wanted) = (compared.score_of(a, b), wanted.double_value(&[a as i64, b as i64]));
        assert!((found - wanted).abs() < 1e-12, "{a} {b}: {found} {wanted}");
    }
}

#[test]
fn a_comparison_says_its_sizes() {
    let shapes: Vec<_> = specs(&comparator(), 6).into_iter().map(|spec| (spec.name, spec.shape)).collect();
    let named = |name: &str, shape: &[i64]| (name.to_owned(), shape.to_vec());
    let (compare, score) = (named("compare.weight", &[4, 8]), named("score.weight", &[1, 4]));
    assert_eq!(shapes, [compare, named("compare.bias", &[4]), score, named("score.bias", &[1])]);
}
