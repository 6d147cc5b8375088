//! A judgement: a model's scores under a protocol, and the numbers that metrics make of them. The front's tables, claims and
//! `metrics.json` and the engine's loop all measure here.

use super::{Artifact, Draft, StoreError};
use crate::eval::{self, Estimate, EvalError, Far, FarRule, PairScores, Pairs, ScoreSets};
use crate::ops::evals::{AccuracyRule, Metric};
use serde::{Deserialize, Serialize};

/// A model's scores under a protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// How accuracy is computed.
    pub rule: AccuracyRule,
    /// The scores.
    pub scores: Scores,
    /// Pairs that the protocol lists.
    pub listed: u64,
    /// Pairs that were left out, because a person is not among those that are judged.
    pub dropped: u64,
}

/// Scores by pair, or of all pairs.
#[derive(Debug, Clone, PartialEq)]
pub enum Scores {
    /// Listed pairs in folds, by cosine.
    Pairs(Pairs),
    /// Every pair of the images, without folds.
    All(ScoreSets),
}

#[derive(Serialize, Deserialize)]
struct Facts {
    rule: AccuracyRule,
    listed: u64,
    dropped: u64,
}

/// How scores lie on the disk. Numbers are written so that they read back to the same bits.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnDisk {
    Pairs { fold: Vec<u32>, same: Vec<bool>, score: Vec<f64> },
    All(ScoreSets),
}

const FILE: &str = "scores.json";

impl Judged {
    /// Writes it into a draft; the result is what the artifact's `meta` says.
    pub fn write(&self, draft: &mut Draft) -> Result<serde_json::Value, StoreError> {
        let on_disk = match &self.scores {
            Scores::Pairs(pairs) => OnDisk::Pairs { fold: pairs.fold().to_vec(), same: pairs.same().to_vec(), score: pairs.similarities() },
            Scores::All(sets) => OnDisk::All(sets.clone()),
        };
        draft.write_json(FILE, &on_disk)?;
        Ok(serde_json::json!(Facts { rule: self.rule, listed: self.listed, dropped: self.dropped }))
    }

    /// Reads it from a `judge` node's artifact.
    pub fn read(artifact: &Artifact) -> Result<Self, StoreError> {
        let facts: Facts = artifact.meta()?;
        let bytes = artifact.read(FILE)?;
        let path = artifact.path(FILE).unwrap_or_default();
        let wrong = |error: String| StoreError::io(&path, "read", std::io::Error::other(error));
        let scores = match serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))? {
            OnDisk::Pairs { fold, same, score } => {
                Scores::Pairs(Pairs::new(fold, same, PairScores::Cosine(score)).map_err(|error| wrong(error.to_string()))?)
            }
            OnDisk::All(sets) => Scores::All(sets),
        };
        Ok(Judged { rule: facts.rule, scores, listed: facts.listed, dropped: facts.dropped })
    }

    /// Genuine and impostor scores, for histograms and ROC curves.
    pub fn sets(&self) -> ScoreSets {
        match &self.scores {
            Scores::Pairs(pairs) => pairs.score_sets(),
            Scores::All(sets) => sets.clone(),
        }
    }

    /// The number of a metric (whose protocol must be this judgement's).
    ///
    /// # Errors
    /// When these scores can't give it: no folds, too few impostors for the false accept rate.
    pub fn measure(&self, metric: &Metric) -> Result<Estimate, EvalError> {
        let folds = || match &self.scores {
            Scores::Pairs(pairs) => Ok(pairs),
            Scores::All(_) => Err(EvalError::TooFewFolds { found: 0 }),
        };
        Ok(match metric {
            Metric::Accuracy(_) => eval::accuracy(folds()?, rule(self.rule))?.estimate,
            Metric::Val(it) => eval::val_at_far(folds()?, Far::new(it.far.0)?)?.estimate,
            Metric::Tar(it) => self.sets().tar_at(Far::new(it.far.0)?, FarRule::Conservative)?.estimate,
            Metric::Eer(_) => self.sets().eer(),
            Metric::Auc(_) => self.sets().auc(),
            Metric::Gap(_) => self.sets().gap(),
        })
    }

    /// The values of a metric by fold, for paired differences between models; empty for metrics without folds.
    ///
    /// # Errors
    /// As [`Judged::measure`].
    pub fn folds(&self, metric: &Metric) -> Result<Vec<f64>, EvalError> {
        let Scores::Pairs(pairs) = &self.scores else { return Ok(Vec::new()) };
        let folds = match metric {
            Metric::Accuracy(_) => eval::accuracy(pairs, rule(self.rule))?.folds,
            Metric::Val(it) => eval::val_at_far(pairs, Far::new(it.far.0)?)?.folds,
            Metric::Tar(_) | Metric::Eer(_) | Metric::Auc(_) | Metric::Gap(_) => Vec::new(),
        };
        Ok(folds.into_iter().map(|fold| fold.value).collect())
    }
}

fn rule(rule: AccuracyRule) -> eval::AccuracyRule {
    match rule {
        AccuracyRule::Insightface => eval::AccuracyRule::Insightface,
        AccuracyRule::FacexZoo => eval::AccuracyRule::FacexZoo,
    }
}
