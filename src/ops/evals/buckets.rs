//! Parts of a protocol by an attribute of its images.

use crate::data::predicate::Expr;
use crate::diag::one_of;
use crate::lang::decl::{Call, Complaint, Param};
use crate::lang::types::{Dimension, Type};
use crate::lang::value::Value;
use crate::quantity::{Angle, Fraction, Pixels};
use serde::{Deserialize, Serialize};

/// A number of a sample, of any unit: an expression over its attributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbered {
    /// The expression, in the unit of its attributes.
    pub row: Box<Expr>,
}

/// What numbers of samples there are, each with the words for it.
const NUMBERS: [Type; 5] =
    [Type::Quantity(Dimension::Angle), Type::Quantity(Dimension::Pixels), Type::Quantity(Dimension::Fraction), Type::Float, Type::Int];

impl Param for Numbered {
    fn ty() -> Type {
        Type::Union(NUMBERS.into_iter().map(|of| Type::Row(Box::new(of))).collect())
    }
    fn value(&self) -> Value {
        Value::Row((*self.row).clone().into())
    }
}

/// Where one bucket ends and the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Edge {
    /// A number.
    Number(f64),
    /// An angle.
    Angle(Angle),
    /// A length in pixels.
    Pixels(Pixels),
    /// A fraction.
    Fraction(Fraction),
}

impl Edge {
    /// The number, in the unit that samples have it in.
    fn get(self) -> f64 {
        match self {
            Edge::Number(x) => x,
            Edge::Angle(x) => x.as_radians(),
            Edge::Pixels(x) => f64::from(x.0),
            Edge::Fraction(x) => x.0,
        }
    }
}

impl Param for Edge {
    fn ty() -> Type {
        Type::Union(vec![
            Type::Quantity(Dimension::Angle),
            Type::Quantity(Dimension::Pixels),
            Type::Quantity(Dimension::Fraction),
            Type::Float,
        ])
    }
    fn value(&self) -> Value {
        match self {
            Edge::Number(x) => Value::Float(*x),
            Edge::Angle(x) => Value::Angle(*x),
            Edge::Pixels(x) => Value::Pixels(*x),
            Edge::Fraction(x) => Value::Fraction(*x),
        }
    }
}

crate::choice! {
    /// Which of a pair's two numbers is the pair's.
    pub enum OfPair {
        /// The larger of both.
        Larger = "larger",
        /// That of the first image.
        First = "first",
        /// That of the second image.
        Second = "second",
    }
}

crate::operator! {
    /// Parts pairs by a number of their images: `bucket(abs(.yaw), [15deg, 45deg, 75deg])` makes four buckets, below 15°, from 15° on below 45°, and so on.
    pub struct Bucket("bucket", 1, |_| Type::Buckets) {
        /// The number: an expression over attributes.
        of: Numbered;
        /// Where one bucket ends and the next begins, rising, in the unit of the number.
        edges: Vec<Edge>, any "it lies where the attribute does";
        /// Which of a pair's two numbers is the pair's.
        pair: OfPair = OfPair::Larger;
    }
    check = rising;
}
crate::family! {
    /// A way to part pairs.
    pub enum Buckets: Type::Buckets => { Bucket }
}

impl Bucket {
    /// Whether a pair whose images have these numbers is in the bucket of this place.
    pub fn holds(&self, place: usize, [first, second]: [f64; 2]) -> bool {
        let number = match self.pair {
            OfPair::Larger => first.max(second),
            OfPair::First => first,
            OfPair::Second => second,
        };
        self.edges.iter().take_while(|edge| edge.get() <= number).count() == place
    }
}

/// The names of the buckets that edges part: `below_15deg`, `from_15deg_to_45deg`, `from_45deg`.
pub fn bucket_names(edges: &[Value]) -> Vec<String> {
    let name = |edge: &Value| {
        let text = match edge {
            Value::Angle(x) => format!("{}deg", (x.as_radians().to_degrees() * 1e9).round() / 1e9),
            Value::Fraction(x) => format!("{}_percent", (x.0 * 1e11).round() / 1e9),
            other => other.to_string(),
        };
        text.replace('-', "minus_").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>()
    };
    let names: Vec<String> = edges.iter().map(name).collect();
    let (Some(first), Some(last)) = (names.first(), names.last()) else { return Vec::new() };
    let between = names.windows(2).map(|ends| format!("from_{}_to_{}", ends[0], ends[1]));
    std::iter::once(format!("below_{first}")).chain(between).chain([format!("from_{last}")]).collect()
}

/// Edges rise, and are of the kind of what they part.
fn rising(call: &Call) -> Vec<Complaint> {
    let Some(Value::List(edges)) = call.args.get("edges") else { return Vec::new() };
    let complain = |message: String, help: Option<String>| Complaint { param: Some("edges"), message, help };
    if edges.is_empty() {
        return vec![complain("buckets are parted by one edge or more".to_owned(), Some("for example [15deg, 45deg]".to_owned()))];
    }
    let of = match call.types.get("of") {
        Some(Type::Row(of)) => (**of).clone(),
        _ => Type::Unknown,
    };
    let fits = |edge: &Value| match (edge, &of) {
        (_, Type::Unknown | Type::Union(_)) => true,
        (Value::Angle(_), of) => *of == Type::Quantity(Dimension::Angle),
        (Value::Pixels(_), of) => *of == Type::Quantity(Dimension::Pixels),
        (Value::Fraction(_), of) => *of == Type::Quantity(Dimension::Fraction),
        // a share is a number there, however it is written
        (Value::Float(_), Type::Quantity(Dimension::Fraction)) => true,
        (_, of) => [Type::Float, Type::Int].contains(of),
    };
    if let Some(wrong) = edges.iter().find(|edge| edge.magnitude().is_some() && !fits(edge)) {
        let help = match &of {
            Type::Quantity(dimension) => Some(format!("its units are {}", dimension.in_words().1)),
            _ => None,
        };
        return vec![complain(format!("what is parted is {of}, and {wrong} is none"), help)];
    }
    let names = bucket_names(edges);
    if let Some(at) = (1..names.len()).find(|at| names[..*at].contains(&names[*at])) {
        let message = format!("two buckets would be called `{}`", names[at]);
        return vec![complain(message, Some("let edges lie farther apart".to_owned()))];
    }
    let numbers: Option<Vec<f64>> = edges.iter().map(Value::magnitude).collect();
    let falls = numbers.and_then(|numbers| numbers.windows(2).position(|pair| pair[0] >= pair[1]));
    let said = |at: usize| one_of([edges[at].to_string().as_str(), edges[at + 1].to_string().as_str()]).replace(" or ", " and then ");
    falls.map(|at| complain(format!("edges rise, and here stand {}", said(at)), None)).into_iter().collect()
}
