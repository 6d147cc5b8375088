//! Expressions over one sample's attributes: what `where(abs(.yaw) < 10deg)` asks of each row.
//!
//! Quantities are numbers in the unit of their attribute's type (angles in radians, fractions as parts of one).
//! A missing value makes what is computed from it missing; `and`, `or` and `not` know three values, so that
//! `a and b` is `b and a`: false and missing is false, true or missing is true.

mod choices;
mod evaluate;
mod words;

pub use choices::Choices;

use super::Cell;
use serde::{Deserialize, Serialize};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// The same.
    #[serde(rename = "==")]
    Equal,
    /// Not the same.
    #[serde(rename = "!=")]
    Different,
    /// Smaller.
    #[serde(rename = "<")]
    Less,
    /// Smaller or the same.
    #[serde(rename = "<=")]
    AtMost,
    /// Greater.
    #[serde(rename = ">")]
    Greater,
    /// Greater or the same.
    #[serde(rename = ">=")]
    AtLeast,
}

/// How two numbers are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arithmetic {
    /// `a + b`
    #[serde(rename = "+")]
    Add,
    /// `a - b`
    #[serde(rename = "-")]
    Subtract,
    /// `a * b`
    #[serde(rename = "*")]
    Multiply,
    /// `a / b`; by zero it is an error.
    #[serde(rename = "/")]
    Divide,
}

/// What a value may be in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// Numbers from the first to the second, both included.
    Range(f64, f64),
    /// One of these.
    List(Choices),
}

/// An expression over one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "expr", rename_all = "snake_case")]
pub enum Expr {
    /// The value of an attribute (`.yaw`).
    Attribute {
        /// Its name.
        name: String,
    },
    /// A fixed value.
    Const {
        /// The value.
        value: Cell,
    },
    /// `not x`
    Not {
        /// x
        of: Box<Expr>,
    },
    /// `x and y and …`
    And {
        /// x, y, …
        of: Vec<Expr>,
    },
    /// `x or y or …`
    Or {
        /// x, y, …
        of: Vec<Expr>,
    },
    /// `x < y` and its like.
    Compare {
        /// How.
        op: Comparison,
        /// x
        left: Box<Expr>,
        /// y
        right: Box<Expr>,
    },
    /// `x in a..b`, `x in [a, b]`
    In {
        /// x
        of: Box<Expr>,
        /// a and b
        members: Members,
    },
    /// `x == none`: whether it has no value. Never missing itself.
    Missing {
        /// x
        of: Box<Expr>,
    },
    /// `x ?? y`: x, or y where x is missing.
    Else {
        /// x
        of: Box<Expr>,
        /// y
        or: Box<Expr>,
    },
    /// `abs(x)`
    Abs {
        /// x
        of: Box<Expr>,
    },
    /// `-x`
    Neg {
        /// x
        of: Box<Expr>,
    },
    /// `min(x, y, …)`
    Min {
        /// x, y, …
        of: Vec<Expr>,
    },
    /// `max(x, y, …)`
    Max {
        /// x, y, …
        of: Vec<Expr>,
    },
    /// `x + y` and its like.
    Arithmetic {
        /// How.
        op: Arithmetic,
        /// x
        left: Box<Expr>,
        /// y
        right: Box<Expr>,
    },
}

/// What to do with samples for which a filter can't be decided because a value is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingPolicy {
    /// It is an error.
    #[default]
    Error,
    /// They are left out.
    Drop,
    /// They stay.
    Keep,
}

/// A filter: an expression that gives yes or no, and what to do when it can't.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predicate {
    /// The condition.
    pub keep_if: Expr,
    /// What becomes of samples with a missing value.
    #[serde(default)]
    pub missing: MissingPolicy,
}

impl Expr {
    /// `.name`
    pub fn attribute(name: &str) -> Self {
        Expr::Attribute { name: name.to_owned() }
    }

    /// Whether it is one attribute, and nothing is computed.
    pub fn is_attribute(&self) -> bool {
        matches!(self, Expr::Attribute { .. })
    }

    /// A fixed value.
    pub fn constant(value: Cell) -> Self {
        Expr::Const { value }
    }

    /// `abs(self)`
    #[must_use]
    pub fn abs(self) -> Self {
        Expr::Abs { of: Box::new(self) }
    }

    /// `self op right`
    #[must_use]
    pub fn compared(self, op: Comparison, right: Expr) -> Self {
        Expr::Compare { op, left: Box::new(self), right: Box::new(right) }
    }

    /// The attributes that are looked at, each once, in order of appearance.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.collect_attributes(&mut names);
        names
    }

    fn collect_attributes<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Expr::Attribute { name } => {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            Expr::Const { .. } => {}
            Expr::Not { of } | Expr::Missing { of } | Expr::Abs { of } | Expr::Neg { of } | Expr::In { of, .. } => {
                of.collect_attributes(names);
            }
            Expr::And { of } | Expr::Or { of } | Expr::Min { of } | Expr::Max { of } => {
                for part in of {
                    part.collect_attributes(names);
                }
            }
            Expr::Compare { left, right, .. } | Expr::Arithmetic { left, right, .. } | Expr::Else { of: left, or: right } => {
                left.collect_attributes(names);
                right.collect_attributes(names);
            }
        }
    }

    /// The parts of an `and` chain; of anything else, itself.
    pub fn conjuncts(&self) -> Vec<&Expr> {
        match self {
            Expr::And { of } => of.iter().flat_map(Expr::conjuncts).collect(),
            _ => vec![self], // every other expression is one condition
        }
    }

    /// The same expression in the one form that all its orders share: what is joined by `and`, `or`, `+`, `*`, `==`, `!=`, `min` and `max`
    /// stands sorted.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let one = |of: &Expr| Box::new(of.canonical());
        let all = |of: &[Expr]| sorted(of.iter().map(Expr::canonical).collect());
        let two = |left: &Expr, right: &Expr, commutes: bool| {
            let (left, right) = (one(left), one(right));
            if commutes && order(&right) < order(&left) { (right, left) } else { (left, right) }
        };
        match self {
            Expr::Attribute { .. } | Expr::Const { .. } => self.clone(),
            Expr::Not { of } => Expr::Not { of: one(of) },
            Expr::And { of } => Expr::And { of: all(of) },
            Expr::Or { of } => Expr::Or { of: all(of) },
            Expr::Compare { op, left, right } => {
                let (left, right) = two(left, right, matches!(op, Comparison::Equal | Comparison::Different));
                Expr::Compare { op: *op, left, right }
            }
            Expr::In { of, members } => Expr::In { of: one(of), members: members.clone() },
            Expr::Missing { of } => Expr::Missing { of: one(of) },
            Expr::Else { of, or } => Expr::Else { of: one(of), or: one(or) },
            Expr::Abs { of } => Expr::Abs { of: one(of) },
            Expr::Neg { of } => Expr::Neg { of: one(of) },
            Expr::Min { of } => Expr::Min { of: all(of) },
            Expr::Max { of } => Expr::Max { of: all(of) },
            Expr::Arithmetic { op, left, right } => {
                let (left, right) = two(left, right, matches!(op, Arithmetic::Add | Arithmetic::Multiply));
                Expr::Arithmetic { op: *op, left, right }
            }
        }
    }
}

/// By what expressions are put in order: their text with plain numbers tells them apart.
fn order(of: &Expr) -> String {
    of.to_string()
}

fn sorted(mut of: Vec<Expr>) -> Vec<Expr> {
    of.sort_by_cached_key(order);
    of
}
