//! Thresholds that are chosen on one protocol and used on another.

use super::Rate;
use crate::eval::{EvalError, Far, ScoreSets, Threshold};
use crate::lang::decl::Param;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::ops::refs::EvalRef;
use serde::{Deserialize, Serialize};

crate::operator! {
    /// A threshold that a protocol tells, for the decisions of another one: `asian.fmr(at = all.threshold(far = 1e-3))`.
    ///
    /// It is the lowest cosine, in steps of 1e-4, at which no more than `far` of the protocol's pairs of two people are accepted; pairs of one person have no
    /// part in it. Each model has its own, by its own scores.
    pub struct ThresholdAt("threshold", 1, |_| Type::Threshold) {
        /// The protocol that tells it: one of pairs, of images or of templates.
        eval: EvalRef;
        /// The false accept rate there.
        far: Rate, in 1e-12..=1.0;
    }
}
crate::family! {
    /// A threshold that something tells.
    pub enum Told: Type::Threshold => { ThresholdAt }
}

/// Where pairs are decided: at a cosine, or at a threshold that another protocol tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum At {
    /// A cosine, whatever the model.
    Cosine(f64),
    /// What another protocol tells of each model.
    Told(Told),
}

impl At {
    /// The protocol that tells it.
    pub(crate) fn told_by(&self) -> Option<EvalRef> {
        match self {
            At::Cosine(_) => None,
            At::Told(Told::ThresholdAt(it)) => Some(it.eval),
        }
    }

    /// The threshold, by the scores of the protocol that tells it.
    ///
    /// # Errors
    /// Fewer impostors there than its rate needs; nothing that tells it.
    pub fn threshold(&self, there: Option<&ScoreSets>) -> Result<Threshold, EvalError> {
        match (self, there) {
            (At::Cosine(cosine), _) => Ok(Threshold::near(*cosine)),
            (At::Told(Told::ThresholdAt(it)), Some(there)) => there.threshold_at(Far::new(it.far.0)?),
            (At::Told(_), None) => Err(EvalError::NoThreshold),
        }
    }
}

impl std::fmt::Display for At {
    /// `0.35`, `1e-3`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            At::Cosine(cosine) => write!(f, "{cosine}"),
            At::Told(Told::ThresholdAt(it)) => write!(f, "{}", it.far),
        }
    }
}

impl Param for At {
    fn ty() -> Type {
        Type::Union(vec![Type::Threshold, Type::Float])
    }
    fn value(&self) -> Value {
        match self {
            At::Cosine(cosine) => Value::Float(*cosine),
            At::Told(told) => told.value(),
        }
    }
}

crate::operator! {
    /// A protocol whose pairs are decided at one threshold.
    pub struct Decided("decided", 1, |_| Type::Eval) {
        /// The protocol.
        eval: EvalRef;
        /// The threshold.
        at: At, in -1.0..=1.0;
    }
    hidden = true;
    node = PANEL, source = |_| None;
}

impl Decided {
    /// The protocols that it is made of: its own, and the one that tells the threshold.
    pub fn evals(&self) -> impl Iterator<Item = EvalRef> + use<> {
        [Some(self.eval), self.at.told_by()].into_iter().flatten()
    }
}
