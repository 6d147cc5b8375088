//! The numbers that protocols give.

use super::Rate;
use crate::lang::types::Type;
use crate::ops::refs::EvalRef;

crate::operator! {
    /// Ten-fold verification accuracy: the share of pairs on the right side of the threshold that is best on the other folds. Higher is better.
    pub struct Accuracy("accuracy", 1, |_| Type::Metric) {
        /// The protocol.
        eval: EvalRef;
    }
}
crate::operator! {
    /// True accept rate at a false accept rate, over all pairs. Higher is better.
    ///
    /// The threshold is the last at which the measured rate does not exceed the false accept rate; a `template_verification` says which it takes.
    pub struct Tar("tar", 1, |_| Type::Metric) {
        /// The protocol.
        eval: EvalRef;
        /// The false accept rate.
        far: Rate, in 1e-12..=1.0;
    }
}
crate::operator! {
    /// Equal error rate. Lower is better.
    pub struct Eer("eer", 1, |_| Type::Metric) {
        /// The protocol.
        eval: EvalRef;
    }
}
crate::operator! {
    /// Area under the ROC curve. Higher is better.
    pub struct Auc("auc", 1, |_| Type::Metric) {
        /// The protocol.
        eval: EvalRef;
    }
}
crate::operator! {
    /// Mean genuine similarity minus mean impostor similarity. Higher is better.
    pub struct Gap("gap", 1, |_| Type::Metric) {
        /// The protocol.
        eval: EvalRef;
    }
}
crate::operator! {
    /// Validation rate at a false accept rate by folds: threshold from the other folds, linear interpolation (spec 6.1, step 4). Higher is better.
    pub struct Val("val", 1, |_| Type::Metric) {
        /// The protocol.
        eval: EvalRef;
        /// The false accept rate.
        far: Rate = Rate(1e-3), in 1e-12..=1.0;
    }
}
crate::operator! {
    /// The share of probes whose own person is among the first k of the gallery: a point of the cumulative match characteristic (spec 6.5). Higher is better.
    ///
    /// Only probes with a mate in the gallery count. The interval takes account of several probes of one person.
    pub struct Rank("rank", 1, |_| Type::Metric) {
        /// The protocol.
        eval: EvalRef;
        /// How many people of the gallery are looked at.
        k: u32, in 1.0..=1e9;
    }
}
crate::operator! {
    /// True positive identification rate at a false positive identification rate, in an open set: the share of probes with a mate whose mate stands first and
    /// exceeds the threshold that so many of the strangers exceed at most (insightface `ijb_evals.py`, spec 6.5). Higher is better.
    ///
    /// With N strangers the threshold is the best score of the ⌊N·FPIR⌋-th of them, so N must be at least 1/FPIR.
    pub struct Tpir("tpir", 1, |_| Type::Metric) {
        /// The protocol; it keeps strangers.
        eval: EvalRef;
        /// The false positive identification rate.
        fpir: Rate, in 1e-12..=1.0;
    }
}
crate::family! {
    /// Any metric.
    pub enum Metric: Type::Metric => { Accuracy, Tar, Eer, Auc, Gap, Val, Rank, Tpir }
}

impl Metric {
    /// The protocol that it is a number of.
    pub fn eval(&self) -> EvalRef {
        match self {
            Metric::Accuracy(it) => it.eval,
            Metric::Tar(it) => it.eval,
            Metric::Eer(it) => it.eval,
            Metric::Auc(it) => it.eval,
            Metric::Gap(it) => it.eval,
            Metric::Val(it) => it.eval,
            Metric::Rank(it) => it.eval,
            Metric::Tpir(it) => it.eval,
        }
    }

    /// The same number of another protocol.
    #[must_use]
    pub fn of(&self, eval: EvalRef) -> Self {
        let mut metric = self.clone();
        match &mut metric {
            Metric::Accuracy(it) => it.eval = eval,
            Metric::Tar(it) => it.eval = eval,
            Metric::Eer(it) => it.eval = eval,
            Metric::Auc(it) => it.eval = eval,
            Metric::Gap(it) => it.eval = eval,
            Metric::Val(it) => it.eval = eval,
            Metric::Rank(it) => it.eval = eval,
            Metric::Tpir(it) => it.eval = eval,
        }
        metric
    }

    /// Whether more is better.
    pub fn higher_is_better(&self) -> bool {
        !matches!(self, Metric::Eer(_))
    }

    /// The metric as tables and `metrics.json` call it: `accuracy`, `tar@1e-3`.
    pub fn label(&self) -> String {
        match self {
            Metric::Tar(it) => format!("tar@{:e}", it.far.0),
            Metric::Val(it) => format!("val@{:e}", it.far.0),
            Metric::Rank(it) => format!("rank@{}", it.k),
            Metric::Tpir(it) => format!("tpir@{:e}", it.fpir.0),
            Metric::Accuracy(_) | Metric::Eer(_) | Metric::Auc(_) | Metric::Gap(_) => self.name().to_owned(),
        }
    }
}
