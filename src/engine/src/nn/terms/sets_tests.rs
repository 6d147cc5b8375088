//! Sets of images that `classify` pools: against `tests/oracles/terms`, by finite differences, at the edges, and beside what judges
//! templates.

use ::ddl::data::protocol::{TemplateFace, TemplatePair};
use ::ddl::eval::{EvalError, FaceNorm, pool_templates, streamed_pairs};
use ::ddl::lang::value::NodeId;
use ::ddl::ops::heads::{CosFace, Head};
use ::ddl::ops::pooling::{Multicolumn, Pooling};
use ::ddl::ops::refs::DrawnRef;
use ::ddl::ops::terms::Classify;
use ::ddl::quantity::Fraction;
use ::ddl::random::Draw;
use serde_json::Value as Json;
use tch::{Kind, Tensor};

use super::{Context, Term as _, TermInput, TermOutput};
use crate::nn::heads::golden::{assert_gradient, state, table};
use crate::nn::heads::{Clock, PROTOTYPES};
use crate::nn::pooling::{learned, pool, specs};
use crate::nn::state::{Role, State};

/// The people of the oracle.
const PEOPLE: [i64; 8] = [0, 0, 0, 1, 1, 2, 2, 3];

fn waves() -> Tensor {
    table(8, 5, |i, j| (1.3 * i + 0.7 * j * j + 0.11 * i * i * j).sin())
}

fn head() -> State {
    state(table(4, 5, |k, j| (0.7 * k + 0.2 * j * k).cos()))
}

fn multicolumn(content: bool) -> Multicolumn {
    Multicolumn { content, slot: "set".to_owned() }
}

/// The oracle's qualities.
fn qualities(content: bool) -> State {
    let mut state = State::new();
    let mut add = |name: &str, tensor: Tensor| state.insert(name, tensor, Role::Parameter).unwrap();
    add("alpha.weight", table(1, 5, |_, j| (0.9 * j + 0.2).sin()));
    add("alpha.bias", Tensor::from_slice(&[0.3]));
    if content {
        add("beta.weight", table(1, 10, |_, j| 0.8 * (0.6 * j).cos()));
        add("beta.bias", Tensor::from_slice(&[-0.2]));
    }
    state
}

fn classify(set_size: Option<u32>, content: bool) -> Classify {
    Classify {
        data: DrawnRef { node: NodeId(0) },
        head: Head::CosFace(CosFace { scale: 8.0, margin: 0.35 }),
        reduce: None,
        slot: "main".to_owned(),
        prototypes: None,
        sample: Fraction(1.0),
        filter: None,
        pool: Some(Pooling::Multicolumn(multicolumn(content))),
        set_size,
        of: None,
    }
}

fn evaluate(term: &Classify, x: &Tensor, people: &[i64], head: &State, pool: &State) -> TermOutput {
    let inputs = [TermInput::Labelled { embedding: x.shallow_clone(), labels: Tensor::from_slice(people) }];
    term.evaluate(&inputs, &Context { head, pool, noise: &Draw::new(0, "noise"), clock: Clock::default() }).unwrap()
}

/// A state with another tensor in the place of one.
fn with(state: &State, name: &str, tensor: &Tensor) -> State {
    let mut other = state.clone();
    other.replace(name, tensor.shallow_clone(), Role::Parameter);
    other
}

#[test]
fn sets_are_those_of_the_oracle_and_gradients_reach_all_that_learns() {
    let oracle: Json = serde_json::from_str(include_str!("../../../../../tests/oracles/terms/golden.json")).unwrap();
    for (name, size, content) in [("sets", None, true), ("sets_two", Some(2), true), ("sets_visual", Some(2), false)] {
        let (term, pool) = (classify(size, content), qualities(content));
        let found = evaluate(&term, &waves(), &PEOPLE, &head(), &pool);
        let part = |name: &str| found.parts.iter().find(|(part, _)| part == name).map(|(_, part)| part.double_value(&[]));
        let numbers: Vec<f64> = [Some(found.value.double_value(&[])), part("alpha"), part("beta")].into_iter().flatten().collect();
        let wanted: Vec<f64> = oracle[name].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        assert_eq!(numbers.len(), wanted.len(), "{name}");
        // parts are told in 32 bits
        let near = |(found, wanted): (&f64, &f64)| (found - wanted).abs() < 1e-6;
        assert!(
            (numbers[0] - wanted[0]).abs() < 1e-10 && numbers.iter().zip(&wanted).all(near),
            "{name}: {numbers:?}, expected {wanted:?}"
        );
        assert!(found.skipped.double_value(&[]).abs() < 1e-12);

        assert_gradient(&waves(), |x| evaluate(&term, x, &PEOPLE, &head(), &pool).value);
        let prototypes = head().get(PROTOTYPES).unwrap().copy();
        assert_gradient(&prototypes, |w| evaluate(&term, &waves(), &PEOPLE, &with(&head(), PROTOTYPES, w), &pool).value);
        for (name, entry) in pool.iter() {
            assert_gradient(&entry.tensor, |w| evaluate(&term, &waves(), &PEOPLE, &head(), &with(&pool, name, w)).value);
        }
    }
}

#[test]
fn sets_of_one_image_are_images() {
    let single = Classify { pool: None, ..classify(None, true) };
    let people = [3, 1, 0, 2];
    let x = waves().narrow(0, 0, 4);
    let (one, other) = [single, classify(None, true)].map(|term| evaluate(&term, &x, &people, &head(), &qualities(true)).value).into();
    assert!((one - other).abs().double_value(&[]) < 1e-12);
}

#[test]
fn batches_without_sets_are_counted_and_small_qualities_are_finite() {
    for kind in [Kind::Float, Kind::Double] {
        let on = |state: State| state.to(tch::Device::Cpu, kind).unwrap();
        let x = waves().to_kind(kind).set_requires_grad(true);
        let none = evaluate(&classify(Some(4), true), &x, &PEOPLE, &on(head()), &on(qualities(true)));
        assert!((none.skipped.double_value(&[]) - 1.0).abs() < 1e-12 && none.value.double_value(&[]).abs() < 1e-12);
        for bias in [-1e4, 1e4] {
            let far = with(&with(&qualities(true), "alpha.bias", &Tensor::from_slice(&[bias])), "beta.bias", &Tensor::from_slice(&[bias]));
            let x = waves().to_kind(kind).set_requires_grad(true);
            let value = evaluate(&classify(None, true), &x, &PEOPLE, &on(head()), &on(far)).value;
            assert!(value.double_value(&[]).is_finite());
            value.backward();
            assert!(x.grad().norm().double_value(&[]).is_finite());
        }
    }
}

/// What is trained is what judges: a template of a few faces, each a medium, beside templates that are axes.
#[test]
fn templates_are_pooled_as_sets_are() {
    let x = waves().to_kind(Kind::Float).to_kind(Kind::Double).narrow(0, 0, 3);
    for content in [true, false] {
        let (pooling, state) = (multicolumn(content), qualities(content));
        let set = pool(&pooling, &state, &x, &[vec![0, 1, 2]]).unwrap().features.get(0);
        let set = Vec::<f64>::try_from(&set / set.norm()).unwrap();
        let axes = Tensor::eye(5, (Kind::Double, tch::Device::Cpu));
        let rows = Vec::<f32>::try_from(Tensor::cat(&[&x, &axes], 0).to_kind(Kind::Float).view(-1)).unwrap();
        let template = |row: u32| row.saturating_sub(2); // the first three rows are one
        let faces: Vec<TemplateFace> =
            (0..8).map(|row| TemplateFace { template: template(row), number: template(row), medium: row, row, weight: 1.0 }).collect();
        let by = learned(&Pooling::Multicolumn(pooling), &state).unwrap();
        let pooled = pool_templates(&rows, 5, &faces, 6, FaceNorm::Kept, Some(&by)).unwrap();
        for k in 0..4 {
            let pairs = [(k + 1, true), (k + 2, false)].map(|(b, same)| TemplatePair { a: 0, b, same });
            let sets = streamed_pairs(&pooled, || Ok::<_, EvalError>(std::iter::once(Ok(pairs.to_vec())))).unwrap();
            let wanted = set[k as usize] - set[k as usize + 1];
            assert!((sets.gap().value - wanted).abs() < 1e-12, "{content} {k}");
        }
    }
}

#[test]
fn a_pooling_starts_from_its_seed_and_says_its_width() {
    let shapes =
        |content| specs(&Pooling::Multicolumn(multicolumn(content)), 5).into_iter().map(|spec| (spec.name, spec.shape)).collect::<Vec<_>>();
    let named = |name: &str, shape: &[i64]| (name.to_owned(), shape.to_vec());
    let alpha = [named("alpha.weight", &[1, 5]), named("alpha.bias", &[1])];
    assert_eq!(shapes(false), alpha);
    assert_eq!(shapes(true), [alpha.to_vec(), vec![named("beta.weight", &[1, 10]), named("beta.bias", &[1])]].concat());
}
