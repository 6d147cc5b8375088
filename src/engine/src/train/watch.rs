//! Judging on the way: to look (`watch`), to keep the best (`keep`), to end early (`stop`). Judging changes nothing of the model.

use super::learner::Learner;
use super::setup::{Setup, every};
use super::{Stage, TrainError};
use crate::model::Model;
use ddl::events::Event;
use ddl::lang::value::NodeId;
use ddl::ops::evals::{Accuracy, Auc, Eer, Gap, Metric};
use ddl::ops::refs::EvalRef;
use ddl::ops::stages::{Keep, Stop, Watch};
use ddl::store::{Judged, Scores};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was decided so far.
#[derive(Default)]
pub struct Watched {
    /// The best model so far, for `keep = best(…)`.
    pub best: Option<Best>,
    /// How the metric of `stop` goes.
    pub plateau: Plateau,
    /// Whether the stage has ended early.
    pub ended: bool,
}

/// The best model so far.
pub struct Best {
    /// The metric's value.
    pub value: f64,
    /// Steps that were done.
    pub step: u64,
    /// The model.
    pub model: Model,
}

/// How the metric of `stop` goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// The best value so far.
    pub best: Option<f64>,
    /// Checks since then.
    pub misses: u64,
}

/// Judgements of one step, each made once.
struct Judgements<'s, 'a> {
    stage: &'s Stage<'a>,
    made: BTreeMap<NodeId, Judged>,
}

impl Judgements<'_, '_> {
    fn of(&mut self, model: &Model, eval: NodeId) -> Result<&Judged, TrainError> {
        match self.made.entry(eval) {
            std::collections::btree_map::Entry::Occupied(made) => Ok(made.into_mut()),
            std::collections::btree_map::Entry::Vacant(place) => Ok(place.insert((self.stage.judge)(model, eval)?)),
        }
    }

    fn value(&mut self, model: &Model, metric: &Metric) -> Result<f64, TrainError> {
        let judged = self.of(model, metric.eval().node)?;
        let estimate = judged.measure(metric).map_err(|source| TrainError::Metric { metric: metric.label(), source })?;
        Ok(estimate.value)
    }
}

/// Judges the model where this step is one for it.
pub fn after_step(stage: &Stage, setup: &Setup, learner: &mut Learner) -> Result<(), TrainError> {
    let step = learner.step;
    let due = |span| step.is_multiple_of(every(span, setup)) || step == setup.total;
    let mut judgements = Judgements { stage, made: BTreeMap::new() };
    let tell = |metric: &Metric, value: f64| {
        let eval = stage.tables.plan().node(metric.eval().node).name.clone();
        stage.around.events.emit(Event::Watched { node: setup.name.clone(), step, eval, metric: metric.label(), value });
    };
    if let Some(Watch::Every(watch)) = stage.train.watch.as_ref().filter(|Watch::Every(watch)| due(watch.span)) {
        for eval in &watch.evals {
            let judged = judgements.of(&learner.model, eval.node)?;
            for metric in looked_at(*eval, judged) {
                let estimate = judged.measure(&metric).map_err(|source| TrainError::Metric { metric: metric.label(), source })?;
                tell(&metric, estimate.value);
            }
        }
    }
    match &stage.train.keep {
        Some(Keep::Best(keep)) if due(keep.every) => {
            let value = judgements.value(&learner.model, &keep.metric)?;
            tell(&keep.metric, value);
            if learner.watched.best.as_ref().is_none_or(|best| better(&keep.metric, value, best.value)) {
                learner.watched.best = Some(Best { value, step, model: learner.model.copy()? });
            }
        }
        Some(Keep::Best(_) | Keep::Last(_)) | None => {}
    }
    match &stage.train.stop {
        Some(Stop::Plateau(stop)) if due(stop.every) => {
            let value = judgements.value(&learner.model, &stop.metric)?;
            tell(&stop.metric, value);
            let plateau = &mut learner.watched.plateau;
            if plateau.best.is_none_or(|best| better(&stop.metric, value, best)) {
                *plateau = Plateau { best: Some(value), misses: 0 };
            } else {
                plateau.misses += 1;
            }
            if plateau.misses >= stop.patience.0 && step < setup.total {
                learner.watched.ended = true;
                let why = format!("{} has not improved for {}", stop.metric.label(), stop.patience);
                stage.around.events.emit(Event::StoppedEarly { node: setup.name.clone(), step, why });
            }
        }
        Some(Stop::Plateau(_)) | None => {}
    }
    Ok(())
}

/// Whether a value is better than another; NaN is better than nothing and worse than all.
fn better(metric: &Metric, value: f64, than: f64) -> bool {
    if metric.higher_is_better() { value > than } else { value < than }
}

/// The metrics that a watched protocol shows.
fn looked_at(eval: EvalRef, judged: &Judged) -> Vec<Metric> {
    let mut metrics = vec![Metric::Eer(Eer { eval }), Metric::Auc(Auc { eval }), Metric::Gap(Gap { eval })];
    if let Scores::Pairs(pairs) = &judged.scores
        && pairs.fold().iter().any(|fold| *fold != pairs.fold()[0])
    {
        metrics.insert(0, Metric::Accuracy(Accuracy { eval }));
    }
    metrics
}
