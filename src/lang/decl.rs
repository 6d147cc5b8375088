//! What the language knows of an operator: its declaration, made once from the operator's own struct by [`operator!`](crate::operator).

#![allow(clippy::cast_possible_wrap, reason = "counts that are shown, and numbers of nodes")]

use super::types::{Dimension, Type};
use super::value::{Args, Value};
use crate::quantity::{Angle, Bytes, Checks, Fraction, Images, Interval, Pixels, Span};
use indexmap::IndexMap;
use std::ops::{Bound, RangeBounds};
use std::sync::OnceLock;

/// The ends that a number must lie between, in the quantity's own unit (radians for angles, a part of one for fractions).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The lower end.
    pub low: Bound<f64>,
    /// The upper end.
    pub high: Bound<f64>,
}

impl Limits {
    /// From a Rust range.
    pub fn of(range: &impl RangeBounds<f64>) -> Self {
        Limits { low: range.start_bound().cloned(), high: range.end_bound().cloned() }
    }

    /// Whether a number lies inside.
    pub fn hold(&self, x: f64) -> bool {
        (self.low, self.high).contains(&x)
    }

    /// The same for a value: no share is more than the whole, whatever a number beside it may be.
    #[must_use]
    pub(crate) fn of_value(&self, value: &Value) -> Self {
        match value {
            Value::Fraction(_) if self.hold(1.0) => Limits { high: Bound::Included(1.0), ..*self },
            _ => *self, // a number is what it says
        }
    }
}

/// More than `low`, up to `high`.
pub const fn above(low: f64, high: f64) -> (Bound<f64>, Bound<f64>) {
    (Bound::Excluded(low), Bound::Included(high))
}

/// One parameter of an operator.
#[derive(Debug, Clone)]
pub struct ParamDecl {
    /// The name that a recipe says.
    pub name: &'static str,
    /// What it means, with its unit.
    pub doc: &'static str,
    /// What fits.
    pub ty: Type,
    /// What it is when the recipe says nothing; without one the recipe must say it.
    pub default: Option<Value>,
    /// What its numbers must lie between: a number, both ends of a range, each of a list or a record, all that a curve comes to.
    pub limits: Option<Limits>,
    /// Why any number fits, where one does.
    pub any: Option<&'static str>,
    /// The words that it may be, each with what it means.
    pub choices: Vec<(&'static str, &'static str)>,
}

impl ParamDecl {
    /// Whether it takes numbers, alone or inside of something else.
    #[cfg(test)]
    pub(crate) fn takes_numbers(&self) -> bool {
        holds_numbers(&self.ty)
    }
}

#[cfg(test)]
fn holds_numbers(ty: &Type) -> bool {
    match ty {
        Type::Int | Type::Float | Type::Quantity(_) => true,
        Type::Range(of) | Type::List(of) | Type::Named(of) | Type::Optional(of) => holds_numbers(of),
        Type::Record(fields) => fields.values().any(holds_numbers),
        Type::Union(options) => options.iter().any(holds_numbers),
        _ => false, // no number, or one that only a sample has
    }
}

/// A call as an operator's own rules see it.
pub struct Call<'a> {
    /// The types of the arguments that were given, by parameter.
    pub types: &'a IndexMap<&'static str, Type>,
    /// Their values, defaults left out.
    pub args: &'a Args,
}

impl Call<'_> {
    /// The attributes of a data set argument.
    pub fn attributes(&self, param: &str) -> super::types::Attributes {
        match self.types.get(param) {
            Some(Type::Dataset(attributes)) => attributes.clone(),
            _ => super::types::Attributes::new(),
        }
    }
}

/// Something about a call that only the operator itself can know to be wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// The argument to point at; the whole call without one.
    pub param: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// An operator's declaration.
#[derive(Debug)]
pub struct Decl {
    /// The name that a recipe says.
    pub name: &'static str,
    /// Raised when the numbers that it gives change.
    pub version: u32,
    /// What it does and where that is from (its doc comment).
    pub doc: &'static str,
    /// Its parameters, in the order of positional arguments.
    pub params: Vec<ParamDecl>,
    /// The type of the result.
    pub result: fn(&Call) -> Type,
    /// Checks that the operator makes of its own arguments.
    pub check: fn(&Call) -> Vec<Complaint>,
    /// Whether a recipe can say it (the planner's own operators can't be said).
    pub hidden: bool,
    /// A parameter that only observes: what it is changes no content key.
    pub observes: Option<&'static str>,
    /// The parameter that stands for the whole where nothing else is said: `checkpoint(path)` is `path`.
    pub stands_for: Option<&'static str>,
    /// What each version after the first changed about the numbers, in one sentence.
    pub changes: &'static [(u32, &'static str)],
    /// See [`Decl::raised`].
    pub raised: OnceLock<Vec<(&'static str, Value)>>,
}

impl Decl {
    /// What changed between two versions, later than `before` and up to `after`, or the other way round.
    pub fn changed(&self, before: u32, after: u32) -> impl Iterator<Item = &'static str> {
        let (low, high) = (before.min(after), before.max(after));
        self.changes.iter().filter(move |(version, _)| low < *version && *version <= high).map(|(_, sentence)| *sentence)
    }

    /// The defaults that name an operator of a later version than the first. Nobody says them, and their numbers have changed all the same:
    /// they belong to what the operator means.
    pub fn raised(&self) -> &[(&'static str, Value)] {
        self.raised.get_or_init(|| {
            let said = self.params.iter().filter(|param| Some(param.name) != self.observes);
            let defaults = said.filter_map(|param| Some((param.name, param.default.as_ref()?)));
            defaults.filter(|(_, default)| is_raised(default)).map(|(name, default)| (name, default.clone())).collect()
        })
    }

    /// The parameter of that name.
    pub fn param(&self, name: &str) -> Option<&ParamDecl> {
        self.params.iter().find(|param| param.name == name)
    }

    /// The type of the result, as far as it hangs on no argument.
    pub fn yields(&self) -> Type {
        (self.result)(&Call { types: &IndexMap::new(), args: &Args::new() })
    }
}

/// Whether a value names an operator of a later version than the first, itself or by what it leaves out.
fn is_raised(value: &Value) -> bool {
    match value {
        Value::Op(op) => {
            let left_out = || op.decl.raised().iter().any(|(name, _)| !op.args.contains_key(name));
            op.decl.version > 1 || left_out() || op.args.values().any(is_raised)
        }
        Value::List(items) => items.iter().any(is_raised),
        Value::Record(fields) => fields.values().any(is_raised),
        _ => false, // no default is anything else that names operators
    }
}

/// A Rust type that a parameter can have: the type of the language that it stands for, and its values.
pub trait Param {
    /// What fits.
    fn ty() -> Type;
    /// This default as a value of the language.
    fn value(&self) -> Value;
    /// The words that it may be, each with what it means.
    fn choices() -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }
}

macro_rules! params {
    ($($rust:ty => $ty:expr, |$x:ident| $value:expr;)*) => {$(
        impl Param for $rust {
            fn ty() -> Type { $ty }
            fn value(&self) -> Value { let $x = self; $value }
        }
    )*};
}

params! {
    bool => Type::Bool, |x| Value::Bool(*x);
    f64 => Type::Float, |x| Value::Float(*x);
    i64 => Type::Int, |x| Value::Int(*x);
    u32 => Type::Int, |x| Value::Int(i64::from(*x));
    u64 => Type::Int, |x| Value::Int(*x as i64);
    String => Type::Text, |x| Value::text(x.as_str());
    Angle => Type::Quantity(Dimension::Angle), |x| Value::Angle(*x);
    Pixels => Type::Quantity(Dimension::Pixels), |x| Value::Pixels(*x);
    Span => Type::Quantity(Dimension::Span), |x| Value::Span(*x);
    Fraction => Type::Quantity(Dimension::Fraction), |x| Value::Fraction(*x);
    Images => Type::Quantity(Dimension::Images), |x| Value::Images(*x);
    Checks => Type::Quantity(Dimension::Checks), |x| Value::Checks(*x);
    Bytes => Type::Quantity(Dimension::Bytes), |x| Value::Bytes(*x);
}

impl<T: Param> Param for Option<T> {
    fn choices() -> Vec<(&'static str, &'static str)> {
        T::choices()
    }
    fn ty() -> Type {
        T::ty().optional()
    }
    fn value(&self) -> Value {
        self.as_ref().map_or(Value::None, Param::value)
    }
}

impl<T: Param> Param for Vec<T> {
    fn choices() -> Vec<(&'static str, &'static str)> {
        T::choices()
    }
    fn ty() -> Type {
        T::ty().list()
    }
    fn value(&self) -> Value {
        Value::List(self.iter().map(Param::value).collect())
    }
}

impl<T: Param> Param for Interval<T> {
    fn ty() -> Type {
        Type::Range(Box::new(T::ty()))
    }
    fn value(&self) -> Value {
        Value::Range(Box::new((self.from.value(), self.to.value())))
    }
}

impl<T: Param> Param for IndexMap<String, T> {
    fn ty() -> Type {
        Type::Named(Box::new(T::ty()))
    }
    fn value(&self) -> Value {
        Value::Record(self.iter().map(|(name, value)| (name.clone(), value.value())).collect())
    }
}

/// What all values of an operator have in common, whatever their arguments are: said beside its declaration, and asked for by its name.
pub(crate) trait Kinded<K> {
    /// What it is.
    const KIND: K;
}

/// An operator: a documented struct of typed parameters.
pub trait Operator: serde::de::DeserializeOwned {
    /// The name that a recipe says.
    const NAME: &'static str;
    /// Its declaration, made once.
    fn decl() -> &'static Decl;
}
