//! Quantities that may change over a stage.

use super::Shape;
use crate::lang::decl::Param;
use crate::lang::types::{Dimension, Type};
use crate::lang::value::Value;
use crate::quantity::{Angle, Fraction, Interval, NotAQuantity, Pixels};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt::{self, Display};
use std::str::FromStr;

/// A number of a curve, in the unit that the recipe gives it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// Without a unit.
    Number(f64),
    /// A length in an image.
    Length(Pixels),
    /// An angle.
    Angle(Angle),
}

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount::Number(0.0);

    /// The number in its quantity's own unit: pixels, radians.
    pub fn number(self) -> f64 {
        match self {
            Amount::Number(x) => x,
            Amount::Length(length) => f64::from(length.0),
            Amount::Angle(angle) => angle.as_radians(),
        }
    }
}

impl Param for Amount {
    fn ty() -> Type {
        let quantity = Type::Quantity;
        Type::Union(vec![Type::Float, quantity(Dimension::Fraction), quantity(Dimension::Pixels), quantity(Dimension::Angle)])
    }
    fn value(&self) -> Value {
        match self {
            Amount::Number(x) => Value::Float(*x),
            Amount::Length(length) => Value::Pixels(*length),
            Amount::Angle(angle) => Value::Angle(*angle),
        }
    }
}

/// A place in a stage: what a curve is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The step, counted from 0.
    pub step: u64,
    /// Steps of an epoch.
    pub per_epoch: u64,
    /// Steps of the stage.
    pub total: u64,
}

impl Moment {
    /// Where there is no stage, and so nothing that changes.
    pub const NONE: Moment = Moment { step: 0, per_epoch: 1, total: 1 };
}

/// A quantity whose numbers a curve can give.
pub trait Measure: Param + Copy {
    /// The quantity of a number in its own unit.
    fn of(x: f64) -> Self;
}

impl Measure for f64 {
    fn of(x: f64) -> Self {
        x
    }
}

impl Measure for Fraction {
    fn of(x: f64) -> Self {
        Fraction(x)
    }
}

impl Measure for Angle {
    fn of(x: f64) -> Self {
        Angle::radians(x)
    }
}

impl Measure for Pixels {
    fn of(x: f64) -> Self {
        Pixels(x.round() as u32)
    }
}

impl Measure for i64 {
    fn of(x: f64) -> Self {
        x.round() as i64
    }
}

impl Measure for u32 {
    fn of(x: f64) -> Self {
        x.round() as u32
    }
}

/// A value, or a curve of such values over the stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Varying<T> {
    /// The same at every step.
    Constant(T),
    /// Another at each step; counted things are rounded.
    Curve(Box<Shape>),
}

impl<T: Measure> Varying<T> {
    /// The value at a step.
    pub fn at(&self, moment: Moment) -> T {
        match self {
            Varying::Constant(value) => *value,
            Varying::Curve(shape) => T::of(shape.at(moment.step, moment.per_epoch, moment.total)),
        }
    }
}

impl<T: Measure> Param for Varying<T> {
    fn ty() -> Type {
        let plain = T::ty();
        let curve = plain.curved().unwrap_or(Type::Curve);
        Type::Union(vec![plain, curve])
    }
    fn value(&self) -> Value {
        match self {
            Varying::Constant(value) => value.value(),
            Varying::Curve(shape) => shape.value(),
        }
    }
}

/// An interval whose ends may change over the stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Between<T> {
    /// The lower end.
    pub from: Varying<T>,
    /// The upper end.
    pub to: Varying<T>,
}

impl<T> Between<T> {
    /// An interval whose ends stay.
    pub const fn fixed(from: T, to: T) -> Self {
        Between { from: Varying::Constant(from), to: Varying::Constant(to) }
    }
}

impl<T: Measure> Between<T> {
    /// The interval at a step.
    pub fn at(&self, moment: Moment) -> Interval<T> {
        Interval { from: self.from.at(moment), to: self.to.at(moment) }
    }
}

impl<T: Measure> Param for Between<T> {
    fn ty() -> Type {
        Type::Range(Box::new(Varying::<T>::ty()))
    }
    fn value(&self) -> Value {
        Value::Range(Box::new((self.from.value(), self.to.value())))
    }
}

/// The ends where one of them is a curve.
#[derive(Serialize, Deserialize)]
struct Ends<A, B> {
    from: A,
    to: B,
}

impl<T: Serialize + Display> Serialize for Between<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match (&self.from, &self.to) {
            (Varying::Constant(from), Varying::Constant(end)) => to.collect_str(&format_args!("{from}..{end}")),
            (from, end) => Ends { from, to: end }.serialize(to),
        }
    }
}

impl<'de, T: FromStr + Deserialize<'de>> Deserialize<'de> for Between<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: FromStr + Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Between<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an interval, or its two ends")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let Interval { from, to } = text.parse().map_err(|error: NotAQuantity| E::custom(error))?;
                Ok(Between::fixed(from, to))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let ends: Ends<Varying<T>, Varying<T>> = Ends::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Between { from: ends.from, to: ends.to })
            }
        }

        from.deserialize_any(Visitor(std::marker::PhantomData))
    }
}
