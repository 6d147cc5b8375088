//! Metric terms against the golden numbers of spec 4.2, against `tests/oracles/terms`, and at their edges.

use ddl::lang::value::NodeId;
use ddl::ops::refs::DrawnRef;
use ddl::ops::terms::{
    Center, CenterForm, CenterStep, Contrastive, ContrastiveHinge, Distance, Focal, HistogramCost, HistogramFit, HistogramLoss, Marginal,
    Mining, NPair, Ohem, RangeLoss, Reduce, Triplet,
};
use ddl::quantity::Fraction;
use ddl::random::Draw;
use serde_json::Value as Json;
use tch::{Kind, Tensor};

use super::center::CENTRES;
use super::{Context, Term as _, TermInput, TermOutput, terms::Term};
use crate::nn::heads::Clock;
use crate::nn::heads::golden::{assert_gradient, features, labels, prototypes, table};
use crate::nn::state::{Role, State};

const DATA: DrawnRef = DrawnRef { node: NodeId(0) };
/// The people of the golden numbers of spec 4.2.
const PAIRS: [i64; 4] = [0, 0, 1, 1];
/// The people of the oracle.
const PEOPLE: [i64; 8] = [0, 0, 0, 1, 1, 2, 2, 3];

/// The oracle's features.
fn waves() -> Tensor {
    table(8, 5, |i, j| (1.3 * i + 0.7 * j * j + 0.11 * i * i * j).sin())
}

/// The oracle's centres.
fn centres() -> Tensor {
    table(4, 5, |k, j| (0.7 * k + 0.2 * j * k).cos())
}

fn contrastive() -> Contrastive {
    Contrastive { data: DATA, margin: 1.0, hinge: ContrastiveHinge::Distance, normalise: true, reduce: None, of: None }
}

fn marginal() -> Marginal {
    Marginal { data: DATA, threshold: 1.2, error: 0.3, reduce: None, of: None }
}

fn triplet() -> Triplet {
    Triplet {
        data: DATA,
        margin: 0.2,
        mining: Mining::All,
        distance: Distance::Squared,
        soft: false,
        of_active: false,
        reduce: None,
        of: None,
    }
}

fn range() -> RangeLoss {
    RangeLoss { data: DATA, k: 2, intra: 0.3, inter: 0.7, margin: 9.0, squared: true, normalise: false, of: None }
}

fn histogram(nodes: u32) -> HistogramLoss {
    HistogramLoss { data: DATA, nodes, cost: HistogramCost::Simple, margin: 0.0, slope: 1.0, fit: HistogramFit::Bins, of: None }
}

fn n_pair() -> NPair {
    NPair { data: DATA, regulariser: 0.002, normalise: false, scale: 1.0, reduce: None, of: None }
}

fn center() -> Center {
    let slot = "main".to_owned();
    let (form, step) = (CenterForm::Half, CenterStep::Counted);
    Center { data: DATA, form, sum: false, rate: 0.5, step, normalise: false, reduce: None, slot, centres: None, of: None }
}

fn focal() -> Reduce {
    Reduce::Focal(Focal { gamma: 2.0, of_mean: false })
}

fn ohem(keep: f64) -> Reduce {
    Reduce::Ohem(Ohem { keep: Fraction(keep) })
}

fn with(centres: &Tensor) -> State {
    let mut state = State::new();
    state.insert(CENTRES, centres.shallow_clone(), Role::Buffer).unwrap();
    state
}

fn evaluate(term: &Term, x: &Tensor, people: &[i64], state: &State) -> TermOutput {
    let inputs = [TermInput::Labelled { embedding: x.shallow_clone(), labels: Tensor::from_slice(people) }];
    term.evaluate(&inputs, &Context { head: state, pool: &State::new(), noise: &Draw::new(0, "noise"), clock: Clock::default() }).unwrap()
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-8 * expected.abs().max(1.0), "{found}, expected {expected}");
}

fn oracle() -> Json {
    serde_json::from_str(include_str!("../../../../../tests/oracles/terms/golden.json")).unwrap()
}

#[test]
fn losses_are_those_of_the_spec() {
    let value = |term: Term| evaluate(&term, &features(), &PAIRS, &State::new()).value.double_value(&[]);
    near(value(Term::Contrastive(contrastive())), 0.500_337_716_6);
    near(value(Term::Triplet(triplet())), 1.181_461_536_1);
    near(value(Term::Marginal(marginal())), 0.860_351_291_1);
    near(value(Term::HistogramLoss(histogram(101))), 0.639_256_621_7);
    near(value(Term::HistogramLoss(histogram(151))), 0.625);
    let people = Vec::<i64>::try_from(labels()).unwrap();
    near(evaluate(&Term::Center(center()), &features(), &people, &with(&prototypes())).value.double_value(&[]), 0.361_251_081_0);
}

/// Every form with the oracle's name for it.
fn forms() -> Vec<(&'static str, Term)> {
    let (linear, exp) = (HistogramCost::Linear, HistogramCost::Exp);
    let beta = HistogramFit::Beta;
    let wide = Contrastive { margin: 1.5, ..contrastive() };
    vec![
        ("contrastive_raw", Term::Contrastive(Contrastive { margin: 2.0, normalise: false, ..contrastive() })),
        ("contrastive_square", Term::Contrastive(Contrastive { hinge: ContrastiveHinge::Square, ..wide.clone() })),
        ("contrastive_ohem", Term::Contrastive(Contrastive { reduce: Some(ohem(0.5)), ..wide.clone() })),
        ("contrastive_focal", Term::Contrastive(Contrastive { reduce: Some(focal()), ..wide })),
        ("marginal", Term::Marginal(marginal())),
        ("marginal_narrow", Term::Marginal(Marginal { threshold: 0.9, error: 0.1, ..marginal() })),
        ("marginal_focal", Term::Marginal(Marginal { reduce: Some(focal()), ..marginal() })),
        ("triplet_euclidean", Term::Triplet(Triplet { distance: Distance::Euclidean, ..triplet() })),
        ("triplet_angle", Term::Triplet(Triplet { distance: Distance::Angle, margin: 0.35, ..triplet() })),
        ("triplet_active", Term::Triplet(Triplet { of_active: true, ..triplet() })),
        ("triplet_ohem", Term::Triplet(Triplet { reduce: Some(ohem(0.25)), ..triplet() })),
        (
            "triplet_hardest_soft",
            Term::Triplet(Triplet { mining: Mining::Hardest, distance: Distance::Euclidean, soft: true, ..triplet() }),
        ),
        ("range", Term::RangeLoss(range())),
        (
            "range_root",
            Term::RangeLoss(RangeLoss { k: 1, intra: 0.5, inter: 2.0, margin: 1.5, squared: false, normalise: true, ..range() }),
        ),
        ("histogram_simple", Term::HistogramLoss(histogram(21))),
        ("histogram_linear", Term::HistogramLoss(HistogramLoss { cost: linear, margin: 0.3, ..histogram(21) })),
        ("histogram_exp", Term::HistogramLoss(HistogramLoss { cost: exp, margin: 0.1, slope: 2.5, ..histogram(21) })),
        ("histogram_beta", Term::HistogramLoss(HistogramLoss { fit: beta, ..histogram(21) })),
        ("histogram_beta_linear", Term::HistogramLoss(HistogramLoss { fit: beta, cost: linear, margin: 0.3, ..histogram(31) })),
        ("n_pair", Term::NPair(n_pair())),
        ("n_pair_unit", Term::NPair(NPair { normalise: true, scale: 8.0, regulariser: 0.0, ..n_pair() })),
    ]
}

#[test]
fn losses_and_their_gradients_are_those_of_the_oracle() {
    let oracle = oracle();
    for (name, term) in forms() {
        let found = evaluate(&term, &waves(), &PEOPLE, &State::new());
        let (value, expected) = (found.value.double_value(&[]), oracle[name].as_f64().unwrap());
        assert!((value - expected).abs() < 1e-8 * expected.abs().max(1.0), "{name}: {value}, expected {expected}");
        near(found.skipped.double_value(&[]), 0.0);
        assert_gradient(&waves(), |x| evaluate(&term, x, &PEOPLE, &State::new()).value);
    }
}

#[test]
fn centres_follow_by_their_own_rule() {
    let oracle = oracle();
    let cases = [
        ("center", center()),
        ("center_sum", Center { sum: true, rate: 0.3, ..center() }),
        ("center_port", Center { form: CenterForm::Whole, step: CenterStep::Gradient, ..center() }),
        ("center_unit", Center { normalise: true, ..center() }),
    ];
    for (name, term) in cases {
        let term = Term::Center(term);
        let expected: Vec<f64> = oracle[name].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        let (mut state, mut found) = (with(&centres()), Vec::new());
        for _ in 0..2 {
            // through the state of the second step too
            assert_gradient(&waves(), |x| evaluate(&term, x, &PEOPLE, &state).value);
            let value = evaluate(&term, &waves(), &PEOPLE, &state);
            found.push(value.value.double_value(&[]));
            assert!(!value.updates[0].1.requires_grad());
            state = with(&value.updates[0].1);
        }
        found.extend(Vec::<f64>::try_from(state.get(CENTRES).unwrap().get(0)).unwrap());
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.into_iter().zip(expected) {
            near(found, expected);
        }
        // a person without an image stays where they are
        let alone = evaluate(&term, &waves().narrow(0, 0, 3), &PEOPLE[..3], &with(&centres()));
        assert_eq!(alone.updates[0].1.narrow(0, 1, 3), centres().narrow(0, 1, 3), "{name}");
    }
}

/// All images of one person, all of different people, a single image: a value, a finite gradient, and a count of what was left out.
#[test]
fn batches_without_pairs_are_counted_and_never_nan() {
    let skips = |name: &str, alike: f64, apart: f64, one: f64| (name.to_owned(), [alike, apart, one]);
    let expected = [
        skips("contrastive", 0.0, 0.0, 1.0),
        skips("marginal", 0.0, 0.0, 1.0),
        skips("triplet", 1.0, 1.0, 1.0),
        skips("range_loss", 1.0, 1.0, 2.0),
        skips("histogram_loss", 1.0, 1.0, 1.0),
        skips("n_pair", 1.0, 1.0, 1.0),
    ];
    for (name, term) in forms() {
        let counts = &expected.iter().find(|(op, _)| op == term.name()).unwrap().1;
        let batches: [(&[i64], f64); 3] = [(&[4; 8], counts[0]), (&[0, 1, 2, 3, 4, 5, 6, 7], counts[1]), (&[2], counts[2])];
        for (people, skipped) in batches {
            for kind in [Kind::Float, Kind::Double] {
                let x = waves().narrow(0, 0, people.len() as i64).to_kind(kind).set_requires_grad(true);
                let found = evaluate(&term, &x, people, &State::new());
                assert!(found.value.double_value(&[]).is_finite(), "{name} of {people:?}");
                assert!((found.skipped.double_value(&[]) - skipped).abs() < 1e-12, "{name} of {people:?}: {}", found.skipped);
                assert!(found.parts.iter().all(|(_, part)| part.double_value(&[]).is_finite()), "{name} of {people:?}");
                found.value.backward();
                assert!(x.grad().norm().double_value(&[]).is_finite(), "{name} of {people:?}");
            }
        }
    }
}

#[test]
fn equal_images_have_finite_gradients() {
    for (name, term) in forms() {
        let row = waves().get(0);
        let x = Tensor::stack(&[&row, &row, &row, &row], 0).set_requires_grad(true);
        let found = evaluate(&term, &x, &PAIRS, &State::new());
        assert!(found.value.double_value(&[]).is_finite(), "{name}");
        found.value.backward();
        assert!(x.grad().norm().double_value(&[]).is_finite(), "{name}");
    }
}
