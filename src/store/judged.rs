//! A judgement: a model's scores under a protocol, and the numbers that metrics make of them. The front's tables, claims and
//! `metrics.json` and the engine's loop all measure here.

use super::{Artifact, Draft, StoreError};
use crate::eval::{
    self, Counted, Estimate, EvalError, Far, FarRule, Kinds, Measured, Outcome, PairScores, Pairs, Parted, ScoreSets, parts,
};
use crate::ops::evals::{AccuracyRule, Metric};
use serde::{Deserialize, Serialize};

/// A model's scores under a protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// How accuracy is computed.
    pub rule: AccuracyRule,
    /// Which point of the ROC curve stands for a false accept rate.
    pub far: FarRule,
    /// The scores.
    pub scores: Scores,
    /// Pairs, or probes, that the protocol lists.
    pub listed: u64,
    /// Those that were left out, because a person is not among those that are judged.
    pub dropped: u64,
    /// Who stands in which fold, or who is looked for: what intervals are told by.
    pub parted: Parted,
}

/// Scores by pair, of all pairs, or of a search.
#[derive(Debug, Clone, PartialEq)]
pub enum Scores {
    /// Listed pairs in folds, by cosine.
    Pairs(Pairs),
    /// Every pair of the images, without folds.
    All(ScoreSets),
    /// What the search of a gallery gave, probe by probe.
    Search(Vec<Outcome>),
}

#[derive(Serialize, Deserialize)]
struct Facts {
    rule: AccuracyRule,
    #[serde(default)]
    far: FarRule,
    listed: u64,
    dropped: u64,
}

/// How scores lie on the disk. Numbers are written so that they read back to the same bits.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnDisk {
    Pairs { fold: Vec<u32>, same: Vec<bool>, score: Vec<f64> },
    All(ScoreSets),
    Search(Vec<Outcome>),
}

const FILE: &str = "scores.json";
const PARTED: &str = "people.json";

impl Judged {
    /// Writes it into a draft; the result is what the artifact's `meta` says.
    pub fn write(&self, draft: &mut Draft) -> Result<serde_json::Value, StoreError> {
        let on_disk = match &self.scores {
            Scores::Pairs(pairs) => OnDisk::Pairs { fold: pairs.fold().to_vec(), same: pairs.same().to_vec(), score: pairs.similarities() },
            Scores::All(sets) => OnDisk::All(sets.clone()),
            Scores::Search(outcomes) => OnDisk::Search(outcomes.clone()),
        };
        draft.write_json(FILE, &on_disk)?;
        draft.write_json(PARTED, &self.parted)?;
        Ok(serde_json::json!(Facts { rule: self.rule, far: self.far, listed: self.listed, dropped: self.dropped }))
    }

    /// Reads it from a `judge` node's artifact.
    pub fn read(artifact: &Artifact) -> Result<Self, StoreError> {
        let facts: Facts = artifact.meta()?;
        let wrong =
            |file: &str, error: String| StoreError::io(&artifact.path(file).unwrap_or_default(), "read", std::io::Error::other(error));
        let parted = crate::misread::json(&artifact.read(PARTED)?).map_err(|error| wrong(PARTED, error.to_string()))?;
        let wrong = |error: String| wrong(FILE, error);
        let scores = match crate::misread::json(&artifact.read(FILE)?).map_err(|error| wrong(error.to_string()))? {
            OnDisk::Pairs { fold, same, score } => {
                Scores::Pairs(Pairs::new(fold, same, PairScores::Cosine(score)).map_err(|error| wrong(error.to_string()))?)
            }
            OnDisk::All(sets) => Scores::All(sets),
            OnDisk::Search(outcomes) => Scores::Search(outcomes),
        };
        Ok(Judged { rule: facts.rule, far: facts.far, scores, listed: facts.listed, dropped: facts.dropped, parted })
    }

    /// Genuine and impostor scores, for histograms and ROC curves. Of a search these are each probe's score with its own person, and its
    /// best with anybody else.
    ///
    /// # Errors
    /// A search in which one of both is nowhere.
    pub fn sets(&self) -> Result<ScoreSets, EvalError> {
        match &self.scores {
            Scores::Pairs(pairs) => Ok(pairs.score_sets()),
            Scores::All(sets) => Ok(sets.clone()),
            Scores::Search(outcomes) => {
                let own = outcomes.iter().filter_map(|outcome| outcome.mate).map(|mate| mate.score.0).collect();
                let others = outcomes.iter().filter_map(|outcome| outcome.best_other).map(|score| score.0).collect();
                ScoreSets::new(own, others)
            }
        }
    }

    /// The number of a metric (whose protocol must be this judgement's).
    ///
    /// # Errors
    /// When these scores can't give it: no folds, too few impostors for the false accept rate, a metric of another protocol.
    pub fn measure(&self, metric: &Metric) -> Result<Estimate, EvalError> {
        metric.it().needs(&self.counted())?;
        Ok(match metric {
            Metric::Accuracy(_) => eval::accuracy(self.pairs()?, rule(self.rule))?.estimate,
            Metric::Val(it) => eval::val_at_far(self.pairs()?, Far::new(it.far.0)?)?.estimate,
            Metric::Tar(it) => self.sets()?.tar_at(Far::new(it.far.0)?, self.far)?.estimate,
            Metric::Eer(_) => self.sets()?.eer(),
            Metric::Auc(_) => self.sets()?.auc(),
            Metric::Gap(_) => self.sets()?.gap(),
            Metric::Rank(it) => {
                let rates = eval::cmc(self.outcomes(), &[it.k])?;
                rates.into_iter().next().ok_or(EvalError::NoMates { probes: 0 })?
            }
            Metric::Tpir(it) => eval::tpir_at(self.outcomes(), Far::new(it.fpir.0)?)?.estimate,
        })
    }

    /// The number of a metric with its interval, and what it would be without each of the parts that have no people in common: folds of
    /// pairs, people of a search. Where there is too little to tell an interval there is none, and no such numbers.
    ///
    /// # Errors
    /// As [`Judged::measure`].
    pub fn measured(&self, metric: &Metric) -> Result<Measured, EvalError> {
        let mut estimate = self.measure(metric)?;
        let counted = self.counted();
        let told = parts::parted(&counted, &self.parted).and_then(|()| metric.it().tells(estimate.value, &counted));
        let without = if told.is_ok() { self.without(metric).unwrap_or_default() } else { Vec::new() };
        estimate.ci = parts::interval(estimate.value, &without, metric.unit());
        let without = if estimate.ci.is_some() { without } else { Vec::new() };
        Ok(Measured { estimate, without, parted: self.parted.clone() })
    }

    /// The number of a metric without each part; nothing of pairs that are in no folds.
    fn without(&self, metric: &Metric) -> Result<Vec<f64>, EvalError> {
        match (&self.scores, metric) {
            (Scores::Pairs(pairs), Metric::Accuracy(_)) => eval::accuracy_without_each(pairs, rule(self.rule)),
            (Scores::Pairs(pairs), _) => {
                pairs.without_each()?.into_iter().map(|rest| self.of(Scores::All(rest.score_sets())).value(metric)).collect()
            }
            (Scores::Search(outcomes), _) => {
                eval::without_people(outcomes).into_iter().map(|rest| self.of(Scores::Search(rest)).value(metric)).collect()
            }
            (Scores::All(_), _) => Ok(Vec::new()),
        }
    }

    fn of(&self, scores: Scores) -> Judged {
        Judged { scores, parted: Parted::default(), ..*self }
    }

    fn value(&self, metric: &Metric) -> Result<f64, EvalError> {
        Ok(self.measure(metric)?.value)
    }

    /// What was judged, counted: as the plan counts it before there are any scores.
    pub fn counted(&self) -> Counted {
        match &self.scores {
            Scores::Pairs(pairs) => Counted::Folds(pairs.by_fold()),
            Scores::All(sets) => {
                let (genuine, impostor) = sets.counts();
                Counted::Pairs(Kinds { genuine, impostor })
            }
            Scores::Search(outcomes) => {
                let mated = outcomes.iter().filter(|outcome| outcome.mate.is_some()).count() as u64;
                Counted::Search { mated, strangers: outcomes.len() as u64 - mated }
            }
        }
    }

    fn pairs(&self) -> Result<&Pairs, EvalError> {
        match &self.scores {
            Scores::Pairs(pairs) => Ok(pairs),
            Scores::All(_) | Scores::Search(_) => Err(EvalError::NoFolds),
        }
    }

    /// What a search gave; nothing where there was none.
    pub fn outcomes(&self) -> &[Outcome] {
        match &self.scores {
            Scores::Search(outcomes) => outcomes,
            Scores::Pairs(_) | Scores::All(_) => &[],
        }
    }
}

fn rule(rule: AccuracyRule) -> eval::AccuracyRule {
    rule.into()
}
