//! Against the formulas in plain float64 arithmetic, and resuming.

use ddl::ops::curves::Curve;
use ddl::ops::optimizers::{Adam, AdamW, Sgd};
use tch::{Device, Kind};

use super::*;

const LR: f64 = 0.05;

fn sgd(momentum: f64, weight_decay: f64, nesterov: bool) -> Sgd {
    Sgd { lr: Curve::Constant(LR), momentum, weight_decay, decay_all: true, nesterov, head_lr: 1.0 }
}

fn adam() -> Adam {
    Adam { lr: Curve::Constant(LR), beta1: 0.9, beta2: 0.99, eps: 1e-8, weight_decay: 0.1, decay_all: true, head_lr: 1.0 }
}

fn adamw() -> AdamW {
    AdamW { lr: Curve::Constant(LR), beta1: 0.9, beta2: 0.99, eps: 1e-8, weight_decay: 0.1, decay_all: true, head_lr: 1.0 }
}

/// The gradient of `w^4 / 4 - w`.
fn slope(w: f64) -> f64 {
    w.powi(3) - 1.0
}

/// w after these steps of the optimiser from 1.5.
fn walk(optimiser: &mut Optimiser, w: &mut Tensor, steps: usize) -> f64 {
    let rule = optimiser.rule.clone();
    for _ in 0..steps {
        let mut parameter = Trained::new(&rule, "w", w, false);
        parameter.clear();
        (w.pow_tensor_scalar(4) * 0.25 - &*w).sum(Kind::Double).backward();
        optimiser.step(&[parameter], LR).unwrap();
    }
    w.double_value(&[0])
}

fn start() -> Tensor {
    Tensor::from_slice(&[1.5f64]).set_requires_grad(true)
}

fn assert_walk(rule: &Rule, mut by_hand: impl FnMut(f64, i32) -> f64) {
    let found = walk(&mut Optimiser::new(rule), &mut start(), 7);
    let expected = (1..=7).fold(1.5, &mut by_hand);
    assert!((found - expected).abs() < 1e-12, "{rule:?}: {found}, expected {expected}");
}

#[test]
fn steps_are_those_of_the_formulas() {
    for (momentum, decay, nesterov) in [(0.0, 0.0, false), (0.9, 0.0, false), (0.9, 0.1, false), (0.9, 0.1, true)] {
        let mut v: Option<f64> = None;
        assert_walk(&Rule::Sgd(sgd(momentum, decay, nesterov)), |w, _| {
            let g = slope(w) + decay * w;
            let new = v.map_or(g, |v| momentum * v + g);
            v = Some(new);
            w - LR * if nesterov { g + momentum * new } else { new }
        });
    }
    let (mut m, mut s) = (0.0, 0.0);
    let mut moment = |g: f64, t: i32| {
        m = 0.9 * m + 0.1 * g;
        s = 0.99 * s + 0.01 * g * g;
        LR / (1.0 - 0.9f64.powi(t)) * m / ((s / (1.0 - 0.99f64.powi(t))).sqrt() + 1e-8)
    };
    assert_walk(&Rule::Adam(adam()), |w, t| w - moment(slope(w) + 0.1 * w, t));
    let (mut m, mut s) = (0.0, 0.0);
    let mut moment = |g: f64, t: i32| {
        m = 0.9 * m + 0.1 * g;
        s = 0.99 * s + 0.01 * g * g;
        LR / (1.0 - 0.9f64.powi(t)) * m / ((s / (1.0 - 0.99f64.powi(t))).sqrt() + 1e-8)
    };
    assert_walk(&Rule::AdamW(adamw()), |w, t| w * (1.0 - LR * 0.1) - moment(slope(w), t));
}

#[test]
fn a_resumed_walk_ends_with_the_same_bits() {
    for rule in [Rule::Sgd(sgd(0.9, 0.1, true)), Rule::Adam(adam()), Rule::AdamW(adamw())] {
        let whole = walk(&mut Optimiser::new(&rule), &mut start(), 9);
        let (mut first, mut w) = (Optimiser::new(&rule), start());
        walk(&mut first, &mut w, 4);
        let memory = State::from_bytes(&first.memory().to_bytes(&[]).unwrap()).unwrap();
        let mut w = w.detach().copy().set_requires_grad(true);
        let resumed = walk(&mut Optimiser::restored(&rule, memory), &mut w, 5);
        assert_eq!(whole.to_bits(), resumed.to_bits(), "{rule:?}");
    }
}

#[test]
fn decay_and_rate_follow_the_group() {
    let rule = Rule::Sgd(Sgd { decay_all: false, head_lr: 10.0, ..sgd(0.9, 5e-4, false) });
    let of = |shape: &[i64], head| Trained::new(&rule, "x", &Tensor::zeros(shape, (Kind::Float, Device::Cpu)), head);
    assert!(of(&[4, 3, 3, 3], false).decays && of(&[10, 128], true).decays && !of(&[64], false).decays);
    assert_eq!((of(&[4, 4], false).rate, of(&[4, 4], true).rate), (1.0, 10.0));
}

#[test]
fn a_parameter_without_gradient_stays() {
    let w = start();
    let mut optimiser = Optimiser::new(&Rule::Sgd(sgd(0.9, 0.1, false)));
    optimiser.step(&[Trained::new(&optimiser.rule.clone(), "w", &w, false)], LR).unwrap();
    assert_eq!((w.double_value(&[0]), optimiser.memory().len()), (1.5, 0));
}

#[test]
fn gradients_are_clipped_to_their_common_length() {
    let rule = Rule::Sgd(sgd(0.0, 0.0, false));
    let of = |factor: f64| {
        let x = Tensor::from_slice(&[0.0f64]).set_requires_grad(true);
        (&x * factor).sum(Kind::Double).backward();
        Trained::new(&rule, "x", &x, false)
    };
    let both = [of(3.0), of(4.0)];
    assert!((clip(&both, 10.0).unwrap().double_value(&[]) - 5.0).abs() < 1e-12);
    assert!((both[1].tensor.grad().double_value(&[0]) - 4.0).abs() < 1e-12);
    let _ = clip(&both, 1.0).unwrap();
    assert!((both[0].tensor.grad().double_value(&[0]) - 0.6).abs() < 1e-6);
    assert!((both[1].tensor.grad().double_value(&[0]) - 0.8).abs() < 1e-6);
}
