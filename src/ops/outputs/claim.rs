//! Claims over scores: what an `expect` says.

use super::JudgedRef;
use crate::ops::evals::Metric;
use serde::{Deserialize, Serialize};

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    LessOrEqual,
    /// `>`
    #[serde(rename = ">")]
    Greater,
    /// `>=`
    #[serde(rename = ">=")]
    GreaterOrEqual,
    /// `==`
    #[serde(rename = "==")]
    Equal,
    /// `!=`
    #[serde(rename = "!=")]
    NotEqual,
}

impl Comparison {
    /// Whether it holds of two numbers. NaN fulfils nothing but `!=`.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
            Comparison::Equal => (left - right).abs() == 0.0,
            Comparison::NotEqual => (left - right).abs() != 0.0,
        }
    }
}

/// A number in a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// A number.
    Number(f64),
    /// The mean of a metric over judgements (one, or one for each replicate).
    Score {
        /// The judgements.
        judged: Vec<JudgedRef>,
        /// The metric.
        metric: Metric,
    },
    /// The mean of scores by different metrics or of different protocols: those of the arms of a replicate.
    Mean(Vec<Term>),
    /// The sum of two.
    Add(Box<Term>, Box<Term>),
    /// The difference of two.
    Subtract(Box<Term>, Box<Term>),
    /// The product of two.
    Multiply(Box<Term>, Box<Term>),
    /// The quotient of two.
    Divide(Box<Term>, Box<Term>),
    /// The negative of one.
    Negate(Box<Term>),
}

/// Something that is true or false of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// A comparison of two numbers.
    Compare {
        /// How.
        by: Comparison,
        /// The left number.
        left: Term,
        /// The right number.
        right: Term,
    },
    /// Both hold.
    And(Box<Claim>, Box<Claim>),
    /// One of both holds.
    Or(Box<Claim>, Box<Claim>),
    /// It does not hold.
    Not(Box<Claim>),
    /// A constant.
    Constant(bool),
}

impl Claim {
    /// Whether the claim holds, where `score` gives the mean of a metric over judgements.
    pub fn holds<E>(&self, score: &mut dyn FnMut(&[JudgedRef], &Metric) -> Result<f64, E>) -> Result<bool, E> {
        Ok(match self {
            Claim::Compare { by, left, right } => by.holds(left.value(score)?, right.value(score)?),
            Claim::And(a, b) => a.holds(score)? & b.holds(score)?,
            Claim::Or(a, b) => a.holds(score)? | b.holds(score)?,
            Claim::Not(a) => !a.holds(score)?,
            Claim::Constant(truth) => *truth,
        })
    }
}

impl Term {
    /// The number, where `score` gives the mean of a metric over judgements.
    pub fn value<E>(&self, score: &mut dyn FnMut(&[JudgedRef], &Metric) -> Result<f64, E>) -> Result<f64, E> {
        Ok(match self {
            Term::Number(x) => *x,
            Term::Score { judged, metric } => score(judged, metric)?,
            Term::Mean(terms) => {
                let mut sum = 0.0;
                for term in terms {
                    sum += term.value(score)?;
                }
                sum / terms.len().max(1) as f64
            }
            Term::Add(a, b) => a.value(score)? + b.value(score)?,
            Term::Subtract(a, b) => a.value(score)? - b.value(score)?,
            Term::Multiply(a, b) => a.value(score)? * b.value(score)?,
            Term::Divide(a, b) => a.value(score)? / b.value(score)?,
            Term::Negate(a) => -a.value(score)?,
        })
    }
}
