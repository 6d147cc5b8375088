//! Which numbers of a value lie outside of what its parameter allows, and which two of a call are the ends of a range the wrong way round.

use super::curves::Shape;
use crate::lang::decl::{Complaint, Decl, Limits};
use crate::lang::value::{Args, OpValue, Value};
use crate::quantity::{Angle, Pixels};

/// Parameters that are the two ends of one range, wherever an operator has both.
const ENDS: [(&str, &str); 14] = [
    ("shortest", "longest"),
    ("least", "most"),
    ("fewest", "most"),
    ("low", "high"),
    ("lowest", "highest"),
    ("lower", "upper"),
    ("min", "max"),
    ("smallest", "largest"),
    ("narrowest", "widest"),
    ("weakest", "strongest"),
    ("from", "to"),
    ("first", "last"),
    ("start", "end"),
    ("begin", "end"),
];

/// Says of the ends of a range that they are given the wrong way round.
pub fn turned(decl: &Decl, args: &Args) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (low, high) in ends(decl) {
        let value = |name: &str| args.get(name).or(decl.param(name)?.default.as_ref());
        let (Some(from), Some(to)) = (value(low), value(high)) else { continue };
        let turned = matches!((from.magnitude(), to.magnitude()), (Some(a), Some(b)) if a > b);
        if turned {
            complaints.push(Complaint {
                param: Some(if args.contains_key(high) { high } else { low }),
                message: format!("`{low}` of `{}` is {}, and `{high}` is {}, which is less", decl.name, from.written(), to.written()),
                help: Some(format!("the other way round: {low} = {}, {high} = {}", to.written(), from.written())),
            });
        }
    }
    complaints
}

/// The parameters of an operator that are the two ends of one range.
fn ends(decl: &Decl) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
    ENDS.into_iter().filter(|(low, high)| decl.param(low).is_some() && decl.param(high).is_some())
}

/// The first number that limits don't allow: the value itself, an end of a range, one of a list or a record, or one that a curve comes to. None
/// where all are allowed, or not known yet.
pub fn outside(limits: &Limits, value: &Value) -> Option<Value> {
    let within = |value| outside(limits, value);
    match value {
        Value::Range(ends) => within(&ends.0).or_else(|| within(&ends.1)),
        Value::List(items) => items.iter().find_map(within),
        Value::Record(fields) => fields.values().find_map(within),
        Value::Op(op) if Shape::is(op.op()) => {
            let numbers = curve(op).map(|shape| shape.numbers()).unwrap_or_default();
            numbers.into_iter().find(|x| !limits.hold(*x)).map(|x| match op.args.get("value") {
                Some(Value::Angle(_)) => Value::Angle(Angle::radians(x)),
                Some(Value::Pixels(_)) if x >= 0.0 => Value::Pixels(Pixels(x.round() as u32)),
                _ => Value::Float(x),
            })
        }
        number => number.magnitude().filter(|x| !limits.of_value(number).hold(*x)).map(|_| number.clone()),
    }
}

/// A curve whose numbers are all known.
fn curve(op: &OpValue) -> Option<Shape> {
    let value = Value::from(op.clone());
    if value.is_open() {
        return None;
    }
    super::reading::inside(&value.to_json()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::types::{Dimension, Type};
    use crate::ops::registry;
    use crate::quantity::{Bytes, Checks, Fraction, Images, Span};
    use std::ops::Bound;

    #[test]
    fn whatever_takes_a_number_says_which() {
        for decl in registry().values() {
            for param in &decl.params {
                let name = format!("{}.{}", decl.name, param.name);
                let said = usize::from(param.limits.is_some()) + usize::from(param.any.is_some());
                assert_eq!(said, usize::from(param.takes_numbers()), "{name}: limits, or why any number fits, where it takes numbers");
                assert!(param.any.is_none_or(|why| why.contains(' ')), "{name} does not say why any number fits");
                if let (Some(limits), Some(default)) = (&param.limits, &param.default) {
                    assert_eq!(outside(limits, default), None, "the default of {name} is outside of its own limits");
                }
            }
        }
    }

    #[test]
    fn the_ends_of_a_range_are_refused_the_wrong_way_round() {
        // what names an end of something: where an operator has two such parameters they are a pair, or different things
        let end_words: Vec<&str> = ENDS.iter().flat_map(|(low, high)| [*low, *high]).collect();
        let mut pairs = Vec::new();
        for decl in registry().values().filter(|decl| !decl.hidden) {
            let of_ends: Vec<_> = decl.params.iter().filter(|it| it.takes_numbers() && end_words.contains(&it.name)).collect();
            assert_eq!(of_ends.len(), 2 * ends(decl).count() + usize::from(of_ends.len() == 1), "{}: whose other end is which?", decl.name);
            for (low, high) in ends(decl) {
                let default = |name: &str| decl.param(name).and_then(|param| param.default.clone()).unwrap();
                let args = |a: Value, b: Value| Args::from_iter([(low, a), (high, b)]);
                let said = turned(decl, &args(default(high), default(low)));
                assert!(said.len() == 1 && said[0].param == Some(high), "{}: {said:?}", decl.name);
                assert_eq!(turned(decl, &args(default(low), default(high))), Vec::new(), "{}", decl.name);
                assert_eq!(turned(decl, &args(default(low), default(low))), Vec::new(), "{}: both may be the same", decl.name);
                pairs.push((decl.name, low));
            }
        }
        assert_eq!(pairs, [("magface", "shortest"), ("magface", "least")]);
    }

    /// A number just outside of an end, in the forms that a type takes; none where the type has no such number.
    fn forms(ty: &Type, x: f64) -> Vec<Value> {
        // nothing is counted below 0
        let whole = |x: f64| (x >= 0.0).then_some(x.ceil());
        match ty {
            Type::Int => vec![Value::Int(x as i64)],
            Type::Float => vec![Value::Float(x)],
            Type::Quantity(Dimension::Angle) => vec![Value::Angle(Angle::radians(x))],
            Type::Quantity(Dimension::Fraction) => vec![Value::Fraction(Fraction(x))],
            Type::Quantity(Dimension::Span) => vec![Value::Span(Span::Epochs(x)), Value::Span(Span::Part(x))],
            Type::Quantity(Dimension::Pixels) => whole(x).map(|x| Value::Pixels(Pixels(x as u32))).into_iter().collect(),
            Type::Quantity(Dimension::Images) => whole(x).map(|x| Value::Images(Images(x as u64))).into_iter().collect(),
            Type::Quantity(Dimension::Checks) => whole(x).map(|x| Value::Checks(Checks(x as u64))).into_iter().collect(),
            Type::Quantity(Dimension::Bytes) => whole(x).map(|x| Value::Bytes(Bytes(x as u64))).into_iter().collect(),
            Type::Curve => {
                let of = |op: &'static str, args: &[(&'static str, f64)]| {
                    let args = args.iter().map(|(name, x)| (*name, Value::Float(*x))).collect();
                    Value::from(OpValue::new(crate::ops::declared(op).unwrap(), args))
                };
                vec![of("cosine", &[("value", x), ("to", 0.5)]), of("cosine", &[("value", 0.5), ("to", x)])]
            }
            Type::CurveOf(of) => {
                let ends = forms(&Type::Quantity(*of), x);
                let ramp = |end: Value| {
                    let args = [("over", Value::Span(Span::Part(0.5))), ("to", end.clone()), ("value", end)].into_iter().collect();
                    Value::from(OpValue::new(crate::ops::declared("ramp").unwrap(), args))
                };
                ends.into_iter().map(ramp).collect()
            }
            Type::Optional(of) => forms(of, x),
            Type::Union(options) => options.iter().flat_map(|option| forms(option, x)).collect(),
            Type::Range(of) => forms(of, x).into_iter().map(|end| Value::Range(Box::new((end.clone(), end)))).collect(),
            Type::List(of) => forms(of, x).into_iter().map(|item| Value::List(vec![item].into())).collect(),
            Type::Named(of) => {
                forms(of, x).into_iter().map(|value| Value::Record([("a".to_owned(), value)].into_iter().collect())).collect()
            }
            _ => Vec::new(), // no number
        }
    }

    #[test]
    fn a_number_beyond_an_end_is_found_in_every_form() {
        let mut seen = 0;
        for decl in registry().values() {
            for param in &decl.params {
                let Some(limits) = &param.limits else { continue };
                let beyond = |end: Bound<f64>, away: f64| match end {
                    Bound::Included(x) => Some(x + away * x.abs().max(1.0)),
                    Bound::Excluded(x) => Some(x),
                    Bound::Unbounded => None,
                };
                let ends = [beyond(limits.low, -1.0), beyond(limits.high, 1.0)];
                assert!(ends.iter().all(Option::is_some), "{}.{} is open at an end", decl.name, param.name);
                for value in ends.into_iter().flatten().flat_map(|x| forms(&param.ty, x)) {
                    assert!(outside(limits, &value).is_some(), "{}.{} takes {value}", decl.name, param.name);
                    seen += 1;
                }
            }
        }
        assert!(seen > 300, "{seen} numbers");
    }

    #[test]
    fn no_share_is_more_than_the_whole() {
        let limits = registry()["sample"].param("amount").unwrap().limits.unwrap();
        assert!(outside(&limits, &Value::Fraction(Fraction(1.5))).is_some());
        assert!(outside(&limits, &Value::Int(150)).is_none() && outside(&limits, &Value::Fraction(Fraction(1.0))).is_none());
    }
}
