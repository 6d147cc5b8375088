//! A judgement: a model's scores under a protocol, and the numbers that metrics make of them. The front's tables, claims and
//! `metrics.json` and the engine's loop all measure here.

use super::{Artifact, Draft, StoreError};
use crate::eval::{
    self, Counted, Estimate, EvalError, Far, FarRule, Kinds, Measured, Outcome, PairScores, Pairs, Parted, ScoreSets, Searched, Threshold,
    parts,
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
    /// The threshold at which its pairs are decided, where one is said.
    pub threshold: Option<Threshold>,
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
    Search(Searched),
}

#[derive(Serialize, Deserialize)]
struct Facts {
    rule: AccuracyRule,
    #[serde(default)]
    far: FarRule,
    #[serde(default)]
    threshold: Option<Threshold>,
    listed: u64,
    dropped: u64,
}

/// How scores lie on the disk. Numbers are written so that they read back to the same bits.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnDisk {
    Pairs { fold: Vec<u32>, same: Vec<bool>, score: Vec<f64> },
    All(ScoreSets),
    Search(Searched),
}

const FILE: &str = "scores.json";
const PARTED: &str = "people.json";

impl Judged {
    /// Writes it into a draft; the result is what the artifact's `meta` says.
    pub fn write(&self, draft: &mut Draft) -> Result<serde_json::Value, StoreError> {
        let on_disk = match &self.scores {
            Scores::Pairs(pairs) => OnDisk::Pairs { fold: pairs.fold().to_vec(), same: pairs.same().to_vec(), score: pairs.similarities() },
            Scores::All(sets) => OnDisk::All(sets.clone()),
            Scores::Search(searched) => OnDisk::Search(searched.clone()),
        };
        draft.write_json(FILE, &on_disk)?;
        draft.write_json(PARTED, &self.parted)?;
        Ok(serde_json::json!(Facts {
            rule: self.rule,
            far: self.far,
            threshold: self.threshold,
            listed: self.listed,
            dropped: self.dropped,
        }))
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
            OnDisk::Search(searched) => Scores::Search(searched),
        };
        let Facts { rule, far, threshold, listed, dropped } = facts;
        Ok(Judged { rule, far, threshold, scores, listed, dropped, parted })
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
            Scores::Search(Searched { outcomes, .. }) => {
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
            Metric::DPrime(_) => self.sets()?.d_prime()?,
            Metric::Fmr(_) => self.sets()?.fmr(self.threshold()?),
            Metric::Fnmr(_) => self.sets()?.fnmr(self.threshold()?),
            Metric::Recall(it) => eval::recall_at(self.searched()?, Far::new(it.far.0)?)?,
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
        let (without, left): (Vec<f64>, Vec<[u64; 2]>) = without.into_iter().unzip();
        estimate.ci = parts::interval(estimate.value, &without, metric.unit());
        let (without, left) = if estimate.ci.is_some() { (without, left) } else { (Vec::new(), Vec::new()) };
        Ok(Measured { estimate, without, left, parted: self.parted.clone() })
    }

    /// The number of a metric without each part, and what is then left of pairs of each kind; nothing of pairs that are in no folds.
    fn without(&self, metric: &Metric) -> Result<Vec<(f64, [u64; 2])>, EvalError> {
        let of_rest = |rest: Scores| self.of(rest).measure(metric).map(|it| (it.value, [it.n_genuine, it.n_impostor]));
        match (&self.scores, metric) {
            (Scores::Pairs(pairs), Metric::Accuracy(_)) => {
                let rest = pairs.without_each()?.into_iter().map(|rest| rest.counts().into());
                Ok(eval::accuracy_without_each(pairs, rule(self.rule))?.into_iter().zip(rest).collect())
            }
            (Scores::Pairs(pairs), _) => pairs.without_each()?.into_iter().map(|rest| of_rest(Scores::All(rest.score_sets()))).collect(),
            (Scores::Search(searched), _) => eval::without_people(searched).into_iter().map(|rest| of_rest(Scores::Search(rest))).collect(),
            (Scores::All(_), _) => Ok(Vec::new()),
        }
    }

    fn of(&self, scores: Scores) -> Judged {
        Judged { scores, parted: Parted::default(), ..*self }
    }

    /// What was judged, counted: as the plan counts it before there are any scores.
    pub fn counted(&self) -> Counted {
        match &self.scores {
            Scores::Pairs(pairs) => Counted::Folds(pairs.by_fold()),
            Scores::All(sets) => {
                let (genuine, impostor) = sets.counts();
                Counted::Pairs(Kinds { genuine, impostor })
            }
            Scores::Search(searched) => {
                let (mated, strangers) = searched.probes();
                Counted::Search { mated, strangers, people: searched.people }
            }
        }
    }

    fn threshold(&self) -> Result<Threshold, EvalError> {
        self.threshold.ok_or(EvalError::NoThreshold)
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
            Scores::Search(searched) => &searched.outcomes,
            Scores::Pairs(_) | Scores::All(_) => &[],
        }
    }

    fn searched(&self) -> Result<&Searched, EvalError> {
        match &self.scores {
            Scores::Search(searched) => Ok(searched),
            Scores::Pairs(_) | Scores::All(_) => Err(EvalError::NoMates { probes: 0 }),
        }
    }
}

fn rule(rule: AccuracyRule) -> eval::AccuracyRule {
    rule.into()
}
