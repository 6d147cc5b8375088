//! Which values are equal, and which of two comes first: the one answer for `==`, `in`, ranges, axes, `min` and `max`.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

use super::value::Value;
use crate::quantity::Span;
use std::cmp::Ordering;

/// Why two values can't be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// They are of kinds that have nothing in common, or have no order.
    Kinds,
    /// Spans in different units: only a stage knows how many steps an epoch has.
    Spans,
}

impl Value {
    /// Which of two comes first.
    ///
    /// # Errors
    /// Things of different kinds, things without an order, and spans in different units.
    pub fn order(&self, other: &Value) -> Result<Ordering, Apart> {
        use Value::{Angle, Bool, Bytes, Checks, Float, Fraction, Images, Int, Pixels, Span as Length, Text};
        let numbers = |a: &f64, b: &f64| a.partial_cmp(b).ok_or(Apart::Kinds); // numbers of a recipe are finite
        match (self, other) {
            (Int(a), Int(b)) => Ok(a.cmp(b)),
            (Float(a), Float(b)) => numbers(a, b),
            (Int(a), Float(b)) => Ok(whole_to_number(*a, *b)),
            (Float(a), Int(b)) => Ok(whole_to_number(*b, *a).reverse()),
            (Angle(a), Angle(b)) => numbers(&a.as_radians(), &b.as_radians()),
            (Pixels(a), Pixels(b)) => Ok(a.0.cmp(&b.0)),
            (Images(a), Images(b)) => Ok(a.0.cmp(&b.0)),
            (Checks(a), Checks(b)) => Ok(a.0.cmp(&b.0)),
            (Bytes(a), Bytes(b)) => Ok(a.0.cmp(&b.0)),
            (Fraction(a), Fraction(b)) => numbers(&a.0, &b.0),
            (Length(Span::Epochs(a)), Length(Span::Epochs(b))) | (Length(Span::Part(a)), Length(Span::Part(b))) => numbers(a, b),
            (Length(Span::Steps(a)), Length(Span::Steps(b))) => Ok(a.cmp(b)),
            (Length(Span::Part(a)), Fraction(b)) => numbers(a, &b.0),
            (Fraction(a), Length(Span::Part(b))) => numbers(&a.0, b),
            (Length(_) | Fraction(_), Length(_)) | (Length(_), Fraction(_)) => Err(Apart::Spans),
            (Text(a), Text(b)) => Ok(a.cmp(b)),
            (Bool(a), Bool(b)) => Ok(a.cmp(b)),
            _ => Err(Apart::Kinds), // things without an order
        }
    }

    /// Whether two values are equal. What is `none` equals only `none`; lists, ranges and records are compared part by part; nodes and what
    /// operators make are equal where they are one.
    ///
    /// # Errors
    /// Things of different kinds, and spans in different units.
    pub(crate) fn equals(&self, other: &Value) -> Result<bool, Apart> {
        match (self, other) {
            (Value::None, Value::None) => Ok(true),
            (Value::None, _) | (_, Value::None) => Ok(false),
            (Value::Path(a), Value::Path(b)) => Ok(a.shown == b.shown),
            (Value::Range(a), Value::Range(b)) => Ok(a.0.equals(&b.0)? && a.1.equals(&b.1)?),
            (Value::List(a), Value::List(b)) if a == b => Ok(true),
            (Value::Record(a), Value::Record(b)) if a == b => Ok(true),
            (Value::List(a), Value::List(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                all_equal(a.iter().zip(b.iter()))
            }
            (Value::Record(a), Value::Record(b)) => {
                if a.len() != b.len() || !a.keys().all(|name| b.contains_key(name)) {
                    return Ok(false);
                }
                all_equal(a.iter().filter_map(|(name, value)| Some((value, b.get(name)?))))
            }
            (Value::Schema(a), Value::Schema(b)) => Ok(a == b),
            (Value::Node(a), Value::Node(b)) => Ok(a == b),
            (Value::Op(a), Value::Op(b)) => Ok(a == b),
            _ => self.order(other).map(Ordering::is_eq),
        }
    }

    /// Whether a list holds this value.
    ///
    /// # Errors
    /// When it holds none that is equal, and one that can't be compared.
    pub(crate) fn is_among(&self, items: &[Value]) -> Result<bool, Apart> {
        let mut apart = None;
        for item in items {
            match self.equals(item) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(why) => apart = apart.or(Some(why)),
            }
        }
        apart.map_or(Ok(false), Err)
    }

    /// Whether this value lies between two, themselves included.
    ///
    /// # Errors
    /// When it can't be compared with one of them, and the other does not decide.
    pub(crate) fn is_within(&self, low: &Value, high: &Value) -> Result<bool, Apart> {
        match (low.order(self).map(std::cmp::Ordering::is_le), self.order(high).map(std::cmp::Ordering::is_le)) {
            (Ok(false), _) | (_, Ok(false)) => Ok(false),
            (Err(why), _) | (_, Err(why)) => Err(why),
            (Ok(true), Ok(true)) => Ok(true),
        }
    }
}

/// Whether all pairs are equal: one that is not decides, whatever can't be compared.
fn all_equal<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Result<bool, Apart> {
    let mut apart = None;
    for (a, b) in pairs {
        match a.equals(b) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(why) => apart = apart.or(Some(why)),
        }
    }
    apart.map_or(Ok(true), Err)
}

/// A whole number beside a number, exactly: beyond 2^53 not every whole number is one of the numbers.
fn whole_to_number(whole: i64, number: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0; // 2^63
    if number >= BEYOND {
        Ordering::Less
    } else if number < -BEYOND {
        Ordering::Greater
    } else {
        let floor = number.floor();
        // a floor within the range of whole numbers is one of them
        whole.cmp(&(floor as i64)).then(if number > floor { Ordering::Less } else { Ordering::Equal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_and_numbers_are_compared_exactly() {
        let order = |a: i64, b: f64| Value::Int(a).order(&Value::Float(b)).unwrap();
        assert_eq!(order(1, 1.0), Ordering::Equal);
        assert_eq!(order(1, 1.5), Ordering::Less);
        assert_eq!(order(-1, -1.5), Ordering::Greater);
        assert_eq!(order((1 << 53) + 1, 9_007_199_254_740_992.0), Ordering::Greater);
        assert_eq!(order(i64::MAX, 9_223_372_036_854_775_807.0), Ordering::Less, "the number is 2^63");
        assert_eq!(order(i64::MIN, -9_223_372_036_854_775_808.0), Ordering::Equal);
        assert_eq!(order(i64::MIN, -1e300), Ordering::Greater);
    }

    #[test]
    fn spans_of_two_units_are_neither_equal_nor_different() {
        let (epochs, steps) = (Value::Span(Span::Epochs(2.0)), Value::Span(Span::Steps(2)));
        assert_eq!(epochs.equals(&steps), Err(Apart::Spans));
        assert_eq!(epochs.is_among(&[steps.clone(), epochs.clone()]), Ok(true));
        assert_eq!(epochs.is_among(std::slice::from_ref(&steps)), Err(Apart::Spans));
        assert_eq!(epochs.is_within(&steps, &steps), Err(Apart::Spans));
        assert_eq!(epochs.is_within(&steps, &Value::Span(Span::Epochs(1.0))), Ok(false));
    }
}
