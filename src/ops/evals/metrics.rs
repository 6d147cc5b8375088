//! The numbers that protocols give, each declared once: what it is, which way is better, and how it is written.

use super::{At, Rate};
use crate::eval::parts::{self, Lack};
use crate::eval::{Better, Counted, EvalError, Far, Trials, Unit};
use crate::lang::decl::Kinded;
use crate::lang::types::Type;
use crate::ops::refs::EvalRef;

/// What every metric says of itself beside its parameters.
pub trait Measure {
    /// Which way is better.
    fn better(&self) -> Better;
    /// How its numbers are written.
    fn unit(&self) -> Unit;
    /// The protocol that it is a number of.
    fn eval(&self) -> EvalRef;
    /// The same number of another protocol.
    fn of(&self, eval: EvalRef) -> Metric;
    /// The point of a curve that it is, as labels write it after an `@`.
    fn point(&self) -> Option<String>;
    /// Whether what a protocol judges can give it.
    ///
    /// # Errors
    /// What is missing.
    fn needs(&self, judged: &Counted) -> Result<(), EvalError>;
    /// Whether there is enough behind a value of it to tell an interval (see [`parts`]).
    ///
    /// # Errors
    /// What is too little.
    fn tells(&self, value: f64, judged: &Counted) -> Result<(), Lack>;
}

/// What a metric is a share of, so that those of several protocols can be counted together; nothing of what is no share of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts(pub Option<Trials>);

/// Whether enough false accepts are expected at a rate to tell where its threshold lies.
fn false_accepts(rate: Rate, impostor: u64) -> Result<(), Lack> {
    let expected = Far::new(rate.0).map_or(0.0, |far| far.expected(impostor));
    if expected >= parts::FEWEST_FALSE_ACCEPTS { Ok(()) } else { Err(Lack::FalseAccepts(expected)) }
}

/// Declares a metric: which way is better, how its numbers are written and what they need of the data, then the operator. Its point, if it is one of
/// a curve, is a field.
macro_rules! metric {
    (
        $better:ident, $unit:ident, $(share_of = $share:ident,)? needs = $needs:expr, tells = $tells:expr $(, point = $point:ident)?;
        $(#[doc = $doc:expr])*
        pub struct $type:ident($name:literal, $version:literal) { $($fields:tt)* }
        $($rest:tt)*
    ) => {
        $crate::operator! {
            $(#[doc = $doc])*
            pub struct $type($name, $version, |_| Type::Metric) {
                /// The protocol.
                eval: EvalRef;
                $($fields)*
            }
            $($rest)*
        }

        impl Kinded<Counts> for $type {
            const KIND: Counts = Counts(metric!(@share $($share)?));
        }

        impl Measure for $type {
            fn better(&self) -> Better {
                Better::$better
            }
            fn unit(&self) -> Unit {
                Unit::$unit
            }
            fn eval(&self) -> EvalRef {
                self.eval
            }
            fn of(&self, eval: EvalRef) -> Metric {
                let mut other = self.clone();
                other.eval = eval;
                Metric::$type(other)
            }
            fn point(&self) -> Option<String> {
                None$(.or(Some(self.$point.to_string())))?
            }
            fn needs(&self, judged: &Counted) -> Result<(), EvalError> {
                let needs: fn(&$type, &Counted) -> Result<(), EvalError> = $needs;
                needs(self, judged)
            }
            fn tells(&self, value: f64, judged: &Counted) -> Result<(), Lack> {
                let tells: fn(&$type, f64, (u64, u64)) -> Result<(), Lack> = $tells;
                tells(self, value, parts::trials(judged))
            }
        }
    };
    (@share) => { None };
    (@share $share:ident) => { Some(Trials::$share) };
}

metric! {
    Higher, Percent, needs = |_, judged| judged.accuracy(),
        tells = |_, rate, (genuine, impostor)| parts::enough(rate, genuine + impostor);
    /// Ten-fold verification accuracy: the share of pairs on the right side of the threshold that is best on the other folds. Higher is better.
    pub struct Accuracy("accuracy", 1) {}
}
metric! {
    Higher, Percent, share_of = Genuine, needs = |it, judged| judged.rate(Far::new(it.far.0)?),
        tells = |it, rate, (genuine, impostor)| parts::enough(rate, genuine).and_then(|()| false_accepts(it.far, impostor)), point = far;
    /// True accept rate at a false accept rate, over all pairs. Higher is better.
    ///
    /// The threshold is the last at which the measured rate does not exceed the false accept rate; a `template_verification` says which it takes.
    pub struct Tar("tar", 1) {
        /// The false accept rate.
        far: Rate, in 1e-12..=1.0;
    }
}
metric! {
    Lower, Percent, needs = |_, judged| judged.both_kinds(),
        tells = |_, rate, (genuine, impostor)| parts::enough(rate, genuine.min(impostor));
    /// Equal error rate. Lower is better.
    pub struct Eer("eer", 1) {}
}
metric! {
    Higher, Percent, needs = |_, judged| judged.both_kinds(),
        tells = |_, area, (genuine, impostor)| parts::enough(area, genuine.min(impostor));
    /// Area under the ROC curve. Higher is better.
    pub struct Auc("auc", 1) {}
}
metric! {
    Higher, Number, needs = |_, judged| judged.both_kinds(),
        tells = |_, _, (genuine, impostor)| parts::some(genuine.min(impostor));
    /// Mean genuine similarity minus mean impostor similarity. Higher is better.
    pub struct Gap("gap", 1) {}
}
metric! {
    Higher, Number, needs = |_, judged| judged.both_kinds(),
        tells = |_, _, (genuine, impostor)| parts::some(genuine.min(impostor));
    /// d': mean genuine minus mean impostor similarity, in units of their spread, √((sd² + sd²)/2) with standard deviations of n - 1. Higher is better.
    ///
    /// Source: Daugman, "Biometric Decision Landscapes", 2000.
    pub struct DPrime("d_prime", 1) {}
}
metric! {
    Lower, Percent, share_of = Impostor, needs = |_, judged| judged.both_kinds(),
        tells = |_, rate, (_, impostor)| parts::enough(rate, impostor), point = at;
    /// False match rate at a threshold: the share of pairs of two people that are taken for one. Lower is better.
    ///
    /// The threshold is a cosine, or is chosen on another protocol for each model: `asian.fmr(at = all.threshold(far = 1e-3))` tells what a threshold that is right
    /// for all means for one group. Of a `panel` of groups `spread`, `ratio` and `worst` say how unlike they are.
    ///
    /// The interval is that of other people at this threshold: how well the threshold itself is known is no part of it.
    ///
    /// Source: ISO/IEC 19795-1.
    pub struct Fmr("fmr", 1) {
        /// The threshold: a cosine, or what another protocol tells.
        at: At, in -1.0..=1.0;
    }
}
metric! {
    Lower, Percent, share_of = Genuine, needs = |_, judged| judged.both_kinds(),
        tells = |_, rate, (genuine, _)| parts::enough(rate, genuine), point = at;
    /// False non-match rate at a threshold: the share of pairs of one person that are taken for two. Lower is better.
    ///
    /// Threshold and interval are as those of `fmr`. At a threshold of the same protocol it is nearly 1 - `tar`, which takes its threshold among the scores.
    ///
    /// Source: ISO/IEC 19795-1.
    pub struct Fnmr("fnmr", 1) {
        /// The threshold: a cosine, or what another protocol tells.
        at: At, in -1.0..=1.0;
    }
}
metric! {
    Higher, Percent, needs = |it, judged| judged.rate_by_fold(Far::new(it.far.0)?),
        tells = |_, _, _| Err(Lack::Any), point = far;
    /// Validation rate at a false accept rate by folds: threshold from the other folds, linear interpolation. Higher is better.
    ///
    /// It has no interval: its folds share thresholds that few impostor pairs decide, and what was tried held the truth in 60 to 85 of 100 drawn data sets.
    pub struct Val("val", 1) {
        /// The false accept rate.
        far: Rate = Rate(1e-3), in 1e-12..=1.0;
    }
}
metric! {
    Higher, Percent, share_of = Genuine, needs = |_, judged| judged.mates(),
        tells = |_, rate, (mated, _)| parts::enough(rate, mated), point = k;
    /// The share of probes whose own person is among the first k of the gallery: a point of the cumulative match characteristic. Higher is better.
    ///
    /// Only probes with a mate in the gallery count. The interval counts the people who are looked for, not their probes.
    pub struct Rank("rank", 1) {
        /// How many people of the gallery are looked at.
        k: u32, in 1.0..=1e9;
    }
}
metric! {
    Higher, Percent, share_of = Genuine, needs = |it, judged| judged.strangers(Far::new(it.fpir.0)?),
        tells = |it, rate, (mated, strangers)| parts::enough(rate, mated).and_then(|()| false_accepts(it.fpir, strangers)), point = fpir;
    /// True positive identification rate at a false positive identification rate, in an open set: the share of probes with a mate whose mate stands first and
    /// exceeds the threshold that so many of the strangers exceed at most (insightface `ijb_evals.py`). Higher is better.
    ///
    /// With N strangers the threshold is the best score of the ⌊N·FPIR⌋-th of them, so N must be at least 1/FPIR.
    pub struct Tpir("tpir", 1) {
        /// The false positive identification rate.
        fpir: Rate, in 1e-12..=1.0;
    }
}
metric! {
    Higher, Percent, share_of = Genuine, needs = |it, judged| judged.others(Far::new(it.far.0)?),
        tells = |_, _, _| Err(Lack::Any), point = far;
    /// The share of probes whose score with their own person exceeds a threshold over all scores with other people, in a closed set (insightface
    /// `ijb_1n.py`, "far" and "pr" there). Higher is better.
    ///
    /// Of Q probes and G people the threshold is the ⌈Q·far⌉-th largest of all Q·(G - 1) scores with other people: `far` are false accepts a probe, not a
    /// score, so Q must be at least 1/far. Whether the own person stands first is not asked; `rank(1)` asks it, and `tpir` both, of an open set.
    ///
    /// It has no interval: each person of the gallery has a part in the threshold of all probes.
    pub struct Recall("recall", 1) {
        /// False accepts a probe.
        far: Rate, in 1e-12..=1.0;
    }
}
crate::family! {
    /// Any metric.
    pub enum Metric: Type::Metric, dyn Measure, kind Counts => { Accuracy, Tar, Eer, Auc, Gap, DPrime, Fmr, Fnmr, Val, Rank, Tpir, Recall }
}

impl Metric {
    /// The protocol that it is a number of.
    pub fn eval(&self) -> EvalRef {
        self.it().eval()
    }

    /// The same number of another protocol.
    #[must_use]
    pub fn of(&self, eval: EvalRef) -> Self {
        self.it().of(eval)
    }

    /// Which way is better.
    pub fn better(&self) -> Better {
        self.it().better()
    }

    /// How its numbers are written.
    pub fn unit(&self) -> Unit {
        self.it().unit()
    }

    /// The metric as tables and `metrics.json` call it: `accuracy`, `tar@1e-3`.
    pub fn label(&self) -> String {
        self.it().point().map_or_else(|| self.name().to_owned(), |point| format!("{}@{point}", self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::value::NodeId;
    use serde_json::json;

    #[test]
    fn what_a_metric_declares_is_what_its_documentation_says() {
        for decl in Metric::decls() {
            let mut json = json!({ "op": decl.name, "eval": { "node": 3 } });
            for param in decl.params.iter().filter(|param| param.name != "eval") {
                json[param.name] = json!(1); // a rate, a rank or a cosine
            }
            let metric: Metric = serde_json::from_value(json).unwrap();
            let said = if metric.better() == Better::Higher { "Higher is better." } else { "Lower is better." };
            assert!(decl.doc.contains(said), "{}: {}", decl.name, decl.doc);
            assert_eq!((metric.eval().node, metric.of(EvalRef { node: NodeId(5) }).eval().node), (NodeId(3), NodeId(5)));
            assert_eq!(metric.label() == decl.name, decl.params.len() == 1, "{}", metric.label());
        }
    }

    #[test]
    fn points_are_labelled_as_the_field_writes_them() {
        let eval = EvalRef { node: NodeId(0) };
        assert_eq!(Metric::Tar(Tar { eval, far: Rate(1e-3) }).label(), "tar@1e-3");
        assert_eq!(Metric::Rank(Rank { eval, k: 5 }).label(), "rank@5");
        assert_eq!(Metric::Gap(Gap { eval }).label(), "gap");
    }
}
