//! Critics against sums that are done one by one, gradients through both sides, and who gets none.

use ::ddl::lang::value::NodeId;
use ::ddl::ops::curves::Curve;
use ::ddl::ops::refs::{DrawnRef, ModelRef, NetName};
use ::ddl::ops::terms::{Adversary, AnyCritic, Critic, Fool, KdGan, PlainLogits, Sees};
use ::ddl::random::Draw;
use tch::{Kind, Tensor};

use super::*;
use crate::nn::heads::Clock;
use crate::nn::heads::golden::{assert_gradient, features, labels, table};
use crate::nn::state::Role;

const DATA: DrawnRef = DrawnRef { node: NodeId(0) };

fn critic(sees: Sees) -> AnyCritic {
    let by = (sees == Sees::Labels).then(|| NetName("t".to_owned()));
    let (logits, prototypes, slot) = (PlainLogits::Linear, "main".to_owned(), "critic".to_owned());
    AnyCritic::Critic(Critic { hidden: vec![3, 2], sees, by, logits, scale: 64.0, prototypes, slot })
}

/// A critic's tensors for so many numbers, none of them 0.
fn state(inputs: i64) -> State {
    let mut state = State::new();
    for (at, spec) in critic::specs(critic(Sees::Logits).it(), inputs).into_iter().enumerate() {
        let values: Vec<f64> = (1..=spec.numel()).map(|i| (0.7 * i as f64 + at as f64).sin()).collect();
        state.insert(&spec.name, Tensor::from_slice(&values).view(spec.shape.as_slice()), Role::Parameter).unwrap();
    }
    state
}

/// The same network, number by number.
fn by_hand(state: &State, row: &[f64]) -> f64 {
    let mut x = row.to_vec();
    for at in 0..3 {
        let (weight, bias) = (state.get(&format!("{at}.weight")).unwrap(), state.get(&format!("{at}.bias")).unwrap());
        let size = weight.size();
        x = (0..size[0])
            .map(|o| {
                let sum: f64 = (0..size[1]).map(|i| weight.double_value(&[o, i]) * x[i as usize]).sum::<f64>() + bias.double_value(&[o]);
                if at < 2 && sum < 0.0 { 0.2 * sum } else { sum }
            })
            .collect();
    }
    x[0]
}

fn rows_of(x: &Tensor) -> Vec<Vec<f64>> {
    (0..x.size()[0]).map(|at| Vec::<f64>::try_from(x.get(at)).unwrap()).collect()
}

fn log_sigmoid(x: f64) -> f64 {
    -(1.0 + (-x).exp()).ln()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

fn with(term: &impl Term, inputs: &[TermInput], state: &State) -> TermOutput {
    term.evaluate(inputs, &Context { head: state, pool: &State::new(), noise: &Draw::new(0, "noise"), clock: Clock::default() }).unwrap()
}

fn adversary() -> Adversary {
    Adversary { data: DATA, critic: critic(Sees::Logits), teacher: ModelRef { node: NodeId(1) }, teacher_slot: None, of: None }
}

fn fool(sees: Sees, saturating: bool) -> Fool {
    Fool { data: DATA, critic: critic(sees), saturating, temperature: Curve::Constant(0.7), of: None }
}

fn near(found: &Tensor, expected: f64) {
    let found = found.double_value(&[]);
    assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
}

#[test]
fn both_sides_are_what_the_sums_say() {
    let (student, teacher, state) = (features(), features().tanh(), state(6));
    let numbers = |x: &Tensor| rows_of(x).iter().map(|row| by_hand(&state, row)).collect::<Vec<_>>();
    let (made, real) = (numbers(&student), numbers(&teacher));
    let value = with(&adversary(), &[TermInput::Logits(student.shallow_clone()), TermInput::Logits(teacher.shallow_clone())], &state);
    let expected = -mean(real.iter().map(|x| log_sigmoid(*x))) - mean(made.iter().map(|x| log_sigmoid(-x)));
    near(&value.value, expected);
    let of = |saturating| with(&fool(Sees::Logits, saturating), &[TermInput::Logits(student.shallow_clone())], &state).value;
    near(&of(false), -mean(made.iter().map(|x| log_sigmoid(*x))));
    near(&of(true), mean(made.iter().map(|x| log_sigmoid(-x))));
}

#[test]
fn gradients_of_both_sides_are_their_differences() {
    let (student, teacher) = (features(), features().tanh());
    for name in ["0.weight", "1.bias", "2.weight"] {
        assert_gradient(&state(6).get(name).unwrap().copy(), |x| {
            let mut state = state(6);
            state.replace(name, x.shallow_clone(), Role::Parameter);
            with(&adversary(), &[TermInput::Logits(student.shallow_clone()), TermInput::Logits(teacher.shallow_clone())], &state).value
        });
    }
    for saturating in [false, true] {
        assert_gradient(&student, |x| with(&fool(Sees::Embedding, saturating), &[TermInput::Output(x.shallow_clone())], &state(6)).value);
    }
    // through the relaxed throw of people too
    let logits = table(4, 5, |i, k| (0.4 * i * k).sin());
    assert_gradient(&logits, |x| {
        let inputs = [TermInput::Logits(x.shallow_clone()), TermInput::Output(features())];
        with(&fool(Sees::Labels, false), &inputs, &state(11)).value
    });
}

#[test]
fn the_critics_side_is_no_lesson_for_the_networks() {
    let student = features().set_requires_grad(true);
    let state = state(6);
    state.require_gradients(|_| true).unwrap();
    with(&adversary(), &[TermInput::Logits(student.shallow_clone()), TermInput::Logits(features())], &state).value.backward();
    assert!(!student.grad().defined());
    assert!(state.iter().all(|(_, entry)| entry.tensor.grad().defined()));
}

#[test]
fn the_networks_side_is_no_lesson_for_the_critic() {
    for (sees, width) in [(Sees::Logits, 6), (Sees::Embedding, 6), (Sees::Labels, 11)] {
        for saturating in [false, true] {
            let student = features().set_requires_grad(true);
            let state = state(width);
            state.require_gradients(|_| true).unwrap();
            let inputs = match sees {
                Sees::Logits => vec![TermInput::Logits(student.shallow_clone())],
                Sees::Embedding => vec![TermInput::Output(student.shallow_clone())],
                Sees::Labels => vec![TermInput::Logits(student.slice(1, 0, 5, 1)), TermInput::Output(features())],
            };
            with(&fool(sees, saturating), &inputs, &state).value.backward();
            assert!(student.grad().abs().max().double_value(&[]) > 0.0, "{sees:?}");
            assert!(state.iter().all(|(_, entry)| !entry.tensor.grad().defined()), "{sees:?}");
        }
    }
}

#[test]
fn people_are_thrown_as_often_as_their_probabilities_say() {
    let logits = Tensor::from_slice(&[0.5f64, 0.3, 0.2]).log().unsqueeze(0).repeat([4000, 1]);
    let thrown = critic::relaxed(&logits, 0.05, &Draw::new(3, "noise")).unwrap();
    assert!((thrown.sum_dim_intlist([1i64].as_slice(), false, Kind::Double) - 1.0).abs().max().double_value(&[]) < 1e-9);
    let shares =
        Vec::<f64>::try_from(thrown.argmax(1, false).one_hot(3).to_kind(Kind::Double).mean_dim([0i64].as_slice(), false, Kind::Double))
            .unwrap();
    for (share, expected) in shares.iter().zip([0.5, 0.3, 0.2]) {
        assert!((share - expected).abs() < 0.03, "{shares:?}");
    }
    assert_eq!(thrown, critic::relaxed(&logits, 0.05, &Draw::new(3, "noise")).unwrap());
    assert!(critic::relaxed(&logits, 0.0, &Draw::new(3, "noise")).is_err());
}

#[test]
fn the_game_of_three_is_what_its_parts_say() {
    let between = vec![NetName("c".to_owned()), NetName("t".to_owned())];
    let term = KdGan { data: DATA, critic: critic(Sees::Labels), between, alpha: 0.3, temperature: Curve::Constant(0.7) };
    let (classifier, teacher) = (table(4, 5, |i, k| (0.4 * i * k).sin()), table(4, 5, |i, k| (i - k).cos()));
    let state = state(11);
    let labelled = TermInput::Labelled { embedding: features(), labels: labels() };
    let value =
        with(&term, &[labelled, TermInput::Logits(classifier.shallow_clone()), TermInput::Logits(teacher.shallow_clone())], &state).value;
    let numbers =
        |people: &Tensor| rows_of(&critic::seen(people, &features()).unwrap()).iter().map(|row| by_hand(&state, row)).collect::<Vec<_>>();
    let noise = |name: &str| Draw::new(0, "noise").text("kdgan").text(name);
    let thrown = |logits: &Tensor, name: &str| critic::relaxed(logits, 0.7, &noise(name)).unwrap();
    let true_people = labels().one_hot(5).to_kind(Kind::Double);
    let real = -mean(numbers(&true_people).iter().map(|x| log_sigmoid(*x)));
    let made = |people: &Tensor| -mean(numbers(people).iter().map(|x| log_sigmoid(-x)));
    near(&value, real + 0.3 * made(&thrown(&classifier, "c")) + 0.7 * made(&thrown(&teacher, "t")));
}
