//! Judging on the way: to look (`watch`), to keep the best (`keep`), to end early (`stop`). Judging changes nothing of the model.

use super::learner::{Learner, copies, within};
use super::setup::{Setup, every};
use super::{Stage, TrainError};
use crate::model::Model;
use ddl::events::{Decision, Event, Sink as _};
use ddl::lang::value::NodeId;
use ddl::ops::evals::{Accuracy, Auc, Eer, Gap, Metric, Rank};
use ddl::ops::refs::{EvalRef, NetName};
use ddl::ops::stages::{Keep, Stop, Watch};
use ddl::store::{Judged, Scores};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The models, in the order of the stage's networks.
    pub models: Vec<Model>,
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
    made: BTreeMap<(usize, NodeId), Judged>,
}

impl Judgements<'_, '_> {
    fn of(&mut self, models: &[Model], net: usize, eval: NodeId) -> Result<&Judged, TrainError> {
        match self.made.entry((net, eval)) {
            std::collections::btree_map::Entry::Occupied(made) => Ok(made.into_mut()),
            std::collections::btree_map::Entry::Vacant(place) => Ok(place.insert((self.stage.judge)(&models[net], eval)?)),
        }
    }

    /// The value of a metric of a network.
    fn value(&mut self, models: &[Model], net: usize, metric: &Metric) -> Result<f64, TrainError> {
        let judged = self.of(models, net, metric.eval().node)?;
        let estimate = judged.measure(metric).map_err(|source| TrainError::Metric { metric: metric.label(), source })?;
        Ok(estimate.value)
    }
}

/// Judges the model where this step is one for it.
pub fn after_step(stage: &Stage, setup: &Setup, learner: &mut Learner) -> Result<(), TrainError> {
    let step = learner.step;
    let due = |span| step.is_multiple_of(every(span, setup)) || step == setup.total;
    let mut judgements = Judgements { stage, made: BTreeMap::new() };
    // what several of `watch`, `keep` and `stop` look at is told once
    let mut told = BTreeSet::new();
    let mut tell = |net: usize, metric: &Metric, value: f64| {
        let eval = within(&setup.nets[net].name, &stage.tables.plan().node(metric.eval().node).name);
        if !told.insert((eval.clone(), metric.label())) {
            return;
        }
        stage.around.events.emit(Event::Watched { node: setup.name.clone(), step, eval, metric: metric.label(), value });
    };
    if let Some(Watch::Every(watch)) = stage.train.watch.as_ref().filter(|Watch::Every(watch)| due(watch.span)) {
        for (net, eval) in (0..learner.models.len()).flat_map(|net| watch.evals.iter().map(move |eval| (net, eval))) {
            let judged = judgements.of(&learner.models, net, eval.node)?;
            for metric in looked_at(*eval, judged) {
                let estimate = judged.measure(&metric).map_err(|source| TrainError::Metric { metric: metric.label(), source })?;
                tell(net, &metric, estimate.value);
            }
        }
    }
    match &stage.train.keep {
        Some(Keep::Best(keep)) if due(keep.every) => {
            let net = judged_net(setup, keep.of.as_ref());
            let value = judgements.value(&learner.models, net, &keep.metric)?;
            tell(net, &keep.metric, value);
            if learner.watched.best.as_ref().is_none_or(|best| keep.metric.better().improves(value, best.value)) {
                learner.watched.best = Some(Best { value, step, models: copies(&learner.models)? });
            }
        }
        Some(Keep::Best(_) | Keep::Last(_)) | None => {}
    }
    match &stage.train.stop {
        Some(Stop::Plateau(stop)) if due(stop.every) => {
            let net = judged_net(setup, stop.of.as_ref());
            let value = judgements.value(&learner.models, net, &stop.metric)?;
            tell(net, &stop.metric, value);
            let plateau = &mut learner.watched.plateau;
            if plateau.best.is_none_or(|best| stop.metric.better().improves(value, best)) {
                *plateau = Plateau { best: Some(value), misses: 0 };
            } else {
                plateau.misses += 1;
            }
            if plateau.misses >= stop.patience.0 && step < setup.total {
                learner.watched.ended = true;
                let why = format!("{} has not improved for {}", named(stage, &stop.metric), stop.patience);
                decided(stage, setup, Decision::Stopped { step, of: setup.total, why });
            }
        }
        Some(Stop::Plateau(_)) | None => {}
    }
    Ok(())
}

/// Tells which step's model was kept, where that was to be decided.
pub fn told_at_the_end(stage: &Stage, setup: &Setup, learner: &Learner) {
    if let (Some(Keep::Best(keep)), Some(best)) = (&stage.train.keep, &learner.watched.best) {
        let metric = named(stage, &keep.metric);
        decided(stage, setup, Decision::Kept { step: best.step, of: learner.step, metric, value: best.value });
    }
}

fn decided(stage: &Stage, setup: &Setup, decision: Decision) {
    stage.around.events.emit(Event::Decided { node: setup.name.clone(), decision });
}

/// A metric with the name of its protocol: `pose.accuracy`.
fn named(stage: &Stage, metric: &Metric) -> String {
    format!("{}.{}", stage.tables.plan().node(metric.eval().node).name, metric.label())
}

/// The place of the network that decides: the one that is named, or the only one.
fn judged_net(setup: &Setup, name: Option<&NetName>) -> usize {
    setup.nets.iter().position(|net| name.is_some_and(|name| net.name == name.0)).unwrap_or(0)
}

/// The metrics that a watched protocol shows: of those that it can give.
fn looked_at(eval: EvalRef, judged: &Judged) -> Vec<Metric> {
    let counted = judged.counted();
    let shown = match &judged.scores {
        Scores::Pairs(_) | Scores::All(_) => {
            vec![Metric::Accuracy(Accuracy { eval }), Metric::Eer(Eer { eval }), Metric::Auc(Auc { eval }), Metric::Gap(Gap { eval })]
        }
        Scores::Search(_) => vec![Metric::Rank(Rank { eval, k: 1 })],
    };
    shown.into_iter().filter(|metric| metric.it().needs(&counted).is_ok()).collect()
}
