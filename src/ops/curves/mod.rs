//! Curves: numbers that change over a stage. A number alone is a curve too.

mod varying;

pub use varying::{Amount, Between, Measure, Moment, Varying};

use crate::lang::decl::{Call, Complaint, Param};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::quantity::{Fraction, Span};
use serde::{Deserialize, Serialize};

crate::operator! {
    /// A number that is multiplied by `by` at each of some places of the stage.
    pub struct Drops("drops", 1, bent) {
        /// The number at the start.
        value: Amount, any "what takes the curve has the limits";
        /// Where it drops.
        at: Vec<Span>, in 0.0..=1e9;
        /// What it is multiplied by.
        by: f64 = 0.1, in 0.0..=1.0;
        /// Linear rise from 0 over the first steps.
        warmup: Span = Span::Steps(0), in 0.0..=1e9;
    }
}

crate::operator! {
    /// Half a cosine from `value` down to `to` over the stage (Loshchilov and Hutter, 2017, without restarts).
    pub struct Cosine("cosine", 1, bent) {
        /// The number at the start.
        value: Amount, any "what takes the curve has the limits";
        /// The number at the end.
        to: Amount = Amount::ZERO, any "what takes the curve has the limits";
        /// Linear rise from 0 over the first steps.
        warmup: Span = Span::Steps(0), in 0.0..=1e9;
    }
    check = one_unit;
}

crate::choice! {
    /// How a warm-up of w steps rises, by the step s counted from 0.
    pub enum Rise {
        /// `value (s + 1) / w`: the first step is small, and the last of the w has the whole value.
        Ahead = "ahead",
        /// `value s / w`, one step behind the other, and the whole value at the very first step: as insightface's PolynomialLRWarmup has it, whose rate PyTorch takes from the
        /// optimiser before the first step of the schedule.
        Insightface = "insightface",
    }
}

crate::operator! {
    /// `value * (1 - t) ^ power`, t from 0 to 1 over the stage after the warm-up. With power 2 it is insightface's schedule; with a warm-up it is so under `rise = "insightface"` alone: theirs rises one
    /// step later, from the whole value at the first step. After the warm-up both are equal.
    pub struct Poly("poly", 1, bent) {
        /// The number at the start.
        value: Amount, any "what takes the curve has the limits";
        /// The exponent.
        power: f64 = 2.0, in 0.0..=10.0;
        /// Linear rise from 0 over the first steps.
        warmup: Span = Span::Steps(0), in 0.0..=1e9;
        /// How it rises.
        rise: Rise = Rise::Ahead;
    }
}

crate::operator! {
    /// A straight line from `value` to `to`, then `to`.
    pub struct Ramp("ramp", 1, bent) {
        /// The number at the start.
        value: Amount, any "what takes the curve has the limits";
        /// The number at the end of the line.
        to: Amount, any "what takes the curve has the limits";
        /// How long the line is.
        over: Span, in 0.0..=1e9;
    }
    check = one_unit;
}

crate::operator! {
    /// A constant after a linear rise from 0.
    pub struct Warmup("warmup", 1, bent) {
        /// The number after the rise.
        value: Amount, any "what takes the curve has the limits";
        /// How long the rise is.
        over: Span, in 0.0..=1e9;
    }
}

crate::operator! {
    /// `max(to, value (1 + gamma i)^-power)`, i the iteration counted from 1: how L-Softmax and A-Softmax take back their plain logit.
    pub struct Inverse("inverse", 1, bent) {
        /// The number at the start.
        value: Amount, any "what takes the curve has the limits";
        /// How fast it falls, per iteration.
        gamma: f64 = 0.12, in 0.0..=1e6;
        /// The exponent.
        power: f64 = 1.0, in 0.0..=1e3;
        /// Where it stops to fall.
        to: Amount = Amount::ZERO, any "what takes the curve has the limits";
    }
    check = one_unit;
}

/// The type of a curve: that of its numbers.
fn bent(call: &Call) -> Type {
    call.types.get("value").and_then(Type::curved).unwrap_or(Type::Curve)
}

/// Refuses a curve between numbers of two units.
fn one_unit(call: &Call) -> Vec<Complaint> {
    let (Some(value), Some(to)) = (call.args.get("value"), call.args.get("to")) else { return Vec::new() };
    let unit = |value: &Value| match value {
        Value::Pixels(_) => Some("px"),
        Value::Angle(_) => Some("deg or rad"),
        Value::Float(_) => Some("no unit"),
        _ => None, // not known yet
    };
    let (Some(one), Some(other)) = (unit(value), unit(to)) else { return Vec::new() };
    let zero = to.magnitude() == Some(0.0) && matches!(to, Value::Float(_));
    if one == other || zero {
        return Vec::new();
    }
    let message = format!("this curve goes from {} to {}: one has {one}, the other {other}", value.written(), to.written());
    vec![Complaint { param: Some("to"), message, help: Some("both ends of a curve are of one unit".to_owned()) }]
}

crate::family! {
    /// Any curve that is not a constant.
    pub enum Shape: Type::Curve => { Drops, Cosine, Poly, Ramp, Warmup, Inverse }
}

/// Whether there is a curve somewhere in what a plan holds of an operator.
pub(crate) fn holds_curve(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::Object(map) => {
            map.get("op").and_then(serde_json::Value::as_str).is_some_and(Shape::is) || map.values().any(holds_curve)
        }
        serde_json::Value::Array(items) => items.iter().any(holds_curve),
        _ => false, // nothing is inside of it
    }
}

/// A number, or a curve over the stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Curve {
    /// The same number at every step.
    Constant(f64),
    /// A shape over the stage.
    Shape(Shape),
}

impl Curve {
    /// Numbers between which all lie that it comes to.
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            Curve::Constant(it) => vec![*it],
            Curve::Shape(it) => it.numbers(),
        }
    }
}

impl Shape {
    /// Numbers between which all lie that the curve comes to: where it begins and ends, and the 0 from which a warm-up rises.
    pub fn numbers(&self) -> Vec<f64> {
        let warmed = |warmup: &Span, mut numbers: Vec<f64>| {
            let nothing = matches!(warmup, Span::Epochs(x) | Span::Part(x) if *x == 0.0) || *warmup == Span::Steps(0);
            if !nothing {
                numbers.push(0.0);
            }
            numbers
        };
        match self {
            Shape::Drops(it) => {
                let drops = i32::try_from(it.at.len()).unwrap_or(i32::MAX);
                warmed(&it.warmup, vec![it.value.number(), it.value.number() * it.by.powi(drops)])
            }
            Shape::Cosine(it) => warmed(&it.warmup, vec![it.value.number(), it.to.number()]),
            Shape::Poly(it) => warmed(&it.warmup, vec![it.value.number(), 0.0]),
            Shape::Ramp(it) => vec![it.value.number(), it.to.number()],
            Shape::Warmup(it) => warmed(&it.over, vec![it.value.number()]),
            Shape::Inverse(it) => vec![it.value.number(), it.to.number()],
        }
    }
}

impl Shape {
    /// The number at step `step` (from 0) of a stage of `total` steps whose epoch has `per_epoch` steps.
    ///
    /// During a warm-up of w steps it is `value (step + 1) / w`, so that the first step is not lost.
    pub fn at(&self, step: u64, per_epoch: u64, total: u64) -> f64 {
        let steps = |span: &Span| span.steps(per_epoch, total);
        let warm = |value: f64, warmup: &Span, rest: &dyn Fn(f64) -> f64| {
            let rise = steps(warmup);
            if step < rise {
                return value * (step + 1) as f64 / rise as f64;
            }
            let left = total.saturating_sub(rise).max(1);
            rest((step - rise) as f64 / left as f64)
        };
        match self {
            Shape::Drops(it) => warm(it.value.number(), &it.warmup, &|_| {
                let passed = it.at.iter().filter(|at| step >= steps(at)).count();
                it.value.number() * it.by.powi(i32::try_from(passed).unwrap_or(i32::MAX))
            }),
            Shape::Cosine(it) => warm(it.value.number(), &it.warmup, &|t| {
                it.to.number() + (it.value.number() - it.to.number()) * 0.5 * (1.0 + (std::f64::consts::PI * t.min(1.0)).cos())
            }),
            Shape::Poly(it) if it.rise == Rise::Insightface && step < steps(&it.warmup) => {
                if step == 0 {
                    it.value.number()
                } else {
                    it.value.number() * step as f64 / steps(&it.warmup) as f64
                }
            }
            Shape::Poly(it) => warm(it.value.number(), &it.warmup, &|t| it.value.number() * (1.0 - t.min(1.0)).powf(it.power)),
            Shape::Ramp(it) => {
                let over = steps(&it.over).max(1);
                it.value.number() + (it.to.number() - it.value.number()) * (step as f64 / over as f64).min(1.0)
            }
            Shape::Warmup(it) => warm(it.value.number(), &it.over, &|_| it.value.number()),
            Shape::Inverse(it) => (it.value.number() * (1.0 + it.gamma * (step + 1) as f64).powf(-it.power)).max(it.to.number()),
        }
    }
}

impl Param for Curve {
    fn ty() -> Type {
        Type::Union(vec![Type::Float, Type::Curve])
    }
    fn value(&self) -> Value {
        match self {
            Curve::Constant(x) => Value::Float(*x),
            Curve::Shape(shape) => shape.value(),
        }
    }
}

impl Curve {
    /// The number at step `step` (from 0) of a stage of `total` steps whose epoch has `per_epoch` steps.
    pub fn at(&self, step: u64, per_epoch: u64, total: u64) -> f64 {
        match self {
            Curve::Constant(value) => *value,
            Curve::Shape(shape) => shape.at(step, per_epoch, total),
        }
    }

    /// A weight of the whole.
    pub const ONE: Curve = Curve::Constant(1.0);
}

/// A curve of fractions is not needed yet; a fraction where a number is wanted reads as the number.
impl From<Fraction> for Curve {
    fn from(fraction: Fraction) -> Self {
        Curve::Constant(fraction.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_fall_where_they_are_told() {
        let curve = Curve::Shape(Shape::Drops(Drops {
            value: Amount::Number(0.1),
            at: vec![Span::Part(0.5), Span::Steps(75)],
            by: 0.1,
            warmup: Span::Steps(10),
        }));
        let near = |step, want: f64| assert!((curve.at(step, 10, 100) - want).abs() < 1e-15, "step {step}: {}", curve.at(step, 10, 100));
        near(0, 0.01);
        near(9, 0.1);
        near(49, 0.1);
        near(50, 0.01);
        near(75, 0.001);
    }

    #[test]
    fn inverse_falls_by_iterations_to_its_floor() {
        let curve =
            Curve::Shape(Shape::Inverse(Inverse { value: Amount::Number(1000.0), gamma: 0.12, power: 1.0, to: Amount::Number(5.0) }));
        assert!((curve.at(0, 1, 10) - 1000.0 / 1.12).abs() < 1e-9 && (curve.at(99, 1, 10) - 1000.0 / 13.0).abs() < 1e-9);
        assert!((curve.at(100_000, 1, 10) - 5.0).abs() < 1e-12);
    }

    #[test]
    fn cosine_and_poly_end_at_their_ends() {
        let cosine = Curve::Shape(Shape::Cosine(Cosine { value: Amount::Number(1.0), to: Amount::Number(0.2), warmup: Span::Steps(0) }));
        assert!((cosine.at(0, 1, 100) - 1.0).abs() < 1e-12 && (cosine.at(100, 1, 100) - 0.2).abs() < 1e-12);
        let poly = Curve::Shape(Shape::Poly(Poly { value: Amount::Number(1.0), power: 2.0, warmup: Span::Epochs(1.0), rise: Rise::Ahead }));
        assert!((poly.at(9, 10, 110) - 1.0).abs() < 1e-12 && poly.at(110, 10, 110).abs() < 1e-12);
        assert!((poly.at(60, 10, 110) - 0.25).abs() < 1e-12);
    }

    /// The rates that insightface's `PolynomialLRWarmup(warmup_iters = 4, total_iters = 10, power = 2)` gives an optimiser of rate 1, step by step.
    #[test]
    fn a_rise_is_insightfaces_where_it_is_asked_for() {
        let poly =
            |rise, warmup| Curve::Shape(Shape::Poly(Poly { value: Amount::Number(1.0), power: 2.0, warmup: Span::Steps(warmup), rise }));
        let after = |l: f64| ((10.0 - l) / 6.0).powi(2);
        let theirs = [1.0, 0.25, 0.5, 0.75, 1.0, after(5.0), after(6.0), after(7.0), after(8.0), after(9.0)];
        let ours = [0.25, 0.5, 0.75, 1.0, 1.0, after(5.0), after(6.0), after(7.0), after(8.0), after(9.0)];
        for step in 0..10 {
            let near = |rise, wanted: f64| assert!((poly(rise, 4).at(step, 1, 10) - wanted).abs() < 1e-15, "{rise:?} at step {step}");
            near(Rise::Insightface, theirs[step as usize]);
            near(Rise::Ahead, ours[step as usize]);
            assert!((poly(Rise::Insightface, 0).at(step, 1, 10) - poly(Rise::Ahead, 0).at(step, 1, 10)).abs() < 1e-15);
        }
    }
}
