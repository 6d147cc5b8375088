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
    /// Whether it holds of two finite numbers.
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
    ///
    /// # Errors
    /// What `score` says, and every number on the way that is not finite: nothing holds of it, and nothing fails.
    pub fn holds(&self, score: &mut Scores) -> Result<bool, String> {
        Ok(match self {
            Claim::Compare { by, left, right } => by.holds(left.value(score)?, right.value(score)?),
            Claim::And(a, b) => a.holds(score)? & b.holds(score)?,
            Claim::Or(a, b) => a.holds(score)? | b.holds(score)?,
            Claim::Not(a) => !a.holds(score)?,
            Claim::Constant(truth) => *truth,
        })
    }
}

impl Claim {
    /// The scores that it is about, from left to right.
    pub fn scores(&self) -> Vec<(&[JudgedRef], &Metric)> {
        match self {
            Claim::Compare { left, right, .. } => [left.scores(), right.scores()].concat(),
            Claim::And(a, b) | Claim::Or(a, b) => [a.scores(), b.scores()].concat(),
            Claim::Not(a) => a.scores(),
            Claim::Constant(_) => Vec::new(),
        }
    }
}

/// The mean of a metric over judgements, or why there is none.
pub type Scores<'s> = dyn FnMut(&[JudgedRef], &Metric) -> Result<f64, String> + 's;

impl Term {
    fn scores(&self) -> Vec<(&[JudgedRef], &Metric)> {
        match self {
            Term::Number(_) => Vec::new(),
            Term::Score { judged, metric } => vec![(judged, metric)],
            Term::Mean(terms) => terms.iter().flat_map(Term::scores).collect(),
            Term::Add(a, b) | Term::Subtract(a, b) | Term::Multiply(a, b) | Term::Divide(a, b) => [a.scores(), b.scores()].concat(),
            Term::Negate(a) => a.scores(),
        }
    }

    /// The number, where `score` gives the mean of a metric over judgements.
    ///
    /// # Errors
    /// What `score` says, and a number that is not finite.
    pub fn value(&self, score: &mut Scores) -> Result<f64, String> {
        let value = match self {
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
            Term::Divide(a, b) => {
                let (a, b) = (a.value(score)?, b.value(score)?);
                if b.abs() == 0.0 {
                    return Err(format!("{a:.6} is divided by zero"));
                }
                a / b
            }
            Term::Negate(a) => -a.value(score)?,
        };
        if value.is_finite() { Ok(value) } else { Err(format!("{} comes to {value}", self.what())) }
    }

    /// What it is, for a message.
    fn what(&self) -> &'static str {
        match self {
            Term::Number(_) => "a number",
            Term::Score { .. } | Term::Mean(_) => "a score",
            Term::Add(..) => "a sum",
            Term::Subtract(..) => "a difference",
            Term::Multiply(..) => "a product",
            Term::Divide(..) => "a quotient",
            Term::Negate(_) => "a negative",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(x: f64) -> Term {
        Term::Number(x)
    }

    fn of(by: fn(Box<Term>, Box<Term>) -> Term, a: Term, b: Term) -> Term {
        by(Box::new(a), Box::new(b))
    }

    /// Every comparison, and its opposite, over every operation that can come to no number.
    #[test]
    fn nothing_holds_of_what_is_not_finite() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let zero = || of(Term::Subtract, number(0.4), number(0.4));
        let odd = [
            of(Term::Divide, zero(), zero()),
            of(Term::Divide, number(1.0), zero()),
            of(Term::Multiply, number(1e300), number(1e300)),
            of(Term::Add, number(1.7e308), number(1.7e308)),
            of(Term::Subtract, number(-1.7e308), number(1.7e308)),
            Term::Mean(vec![number(1.7e308), number(1.7e308)]),
            Term::Negate(Box::new(of(Term::Multiply, number(1e300), number(1e300)))),
            number(f64::NAN),
        ];
        for term in odd {
            for by in [Less, LessOrEqual, Greater, GreaterOrEqual, Equal, NotEqual] {
                for (left, right) in [(term.clone(), Term::Number(1.0)), (Term::Number(1.0), term.clone())] {
                    let claim = Claim::Compare { by, left, right };
                    let none = &mut |_: &[JudgedRef], _: &Metric| Err("no scores here".to_owned());
                    assert!(claim.holds(none).is_err(), "{claim:?}");
                    let not = Claim::Not(Box::new(claim));
                    assert!(not.holds(none).is_err(), "{not:?}");
                    assert!(Claim::Or(Box::new(Claim::Constant(true)), Box::new(not)).holds(none).is_err());
                }
            }
        }
    }
}
