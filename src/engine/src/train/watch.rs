//! Judging on the way: to look (`watch`), to keep the best (`keep`), to end early (`stop`). Judging changes nothing of the model.

use super::error::TrainError;
use super::names::scoped;
use super::stage::Judge;
use crate::model::Model;
use ddl::events::{Decision, Event, Recorder, Sink as _};
use ddl::lang::value::NodeId;
use ddl::ops::evals::{Accuracy, Auc, Eer, Gap, Metric, Rank};
use ddl::ops::refs::{EvalRef, NetName};
use ddl::ops::stages::{Keep, Stop, Train, Watch};
use ddl::plan::Plan;
use ddl::quantity::Span;
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
struct Judgements<'j> {
    judge: &'j Judge<'j>,
    made: BTreeMap<(usize, NodeId), Judged>,
}

impl Judgements<'_> {
    fn of(&mut self, models: &[Model], net: usize, eval: NodeId) -> Result<&Judged, TrainError> {
        match self.made.entry((net, eval)) {
            std::collections::btree_map::Entry::Occupied(made) => Ok(made.into_mut()),
            std::collections::btree_map::Entry::Vacant(place) => Ok(place.insert((self.judge)(&models[net], eval)?)),
        }
    }

    /// The value of a metric of a network.
    fn value(&mut self, models: &[Model], net: usize, metric: &Metric) -> Result<f64, TrainError> {
        let judged = self.of(models, net, metric.eval().node)?;
        let estimate = judged.measure(metric).map_err(|source| TrainError::Metric { metric: metric.label(), source })?;
        Ok(estimate.value)
    }
}

/// Judges the models of a stage on the way.
pub struct Watcher<'a> {
    /// What the plan calls the stage.
    pub name: &'a str,
    /// What it is.
    pub train: &'a Train,
    /// The plan, for the names of protocols.
    pub plan: &'a Plan,
    /// The names of its networks.
    pub nets: Vec<&'a str>,
    /// Steps of an epoch.
    pub per_epoch: u64,
    /// Steps of the stage.
    pub total: u64,
    /// Who judges.
    pub judge: &'a Judge<'a>,
    /// Who is told.
    pub events: &'a Recorder<'a>,
}

impl Watcher<'_> {
    /// Judges the models after a step, where it is one for that.
    pub fn after_step(&self, step: u64, models: &[Model], watched: &mut Watched) -> Result<(), TrainError> {
        let due = |span: Span| step.is_multiple_of(span.steps(self.per_epoch, self.total).max(1)) || step == self.total;
        let mut judgements = Judgements { judge: self.judge, made: BTreeMap::new() };
        // what several of `watch`, `keep` and `stop` look at is told once
        let mut told = BTreeSet::new();
        let mut tell = |net: usize, metric: &Metric, value: f64| {
            let eval = scoped(self.nets[net], &self.plan.node(metric.eval().node).name);
            if !told.insert((eval.clone(), metric.label())) {
                return;
            }
            self.events.emit(Event::Watched { node: self.name.to_owned(), step, eval, metric: metric.label(), value });
        };
        if let Some(Watch::Every(watch)) = self.train.watch.as_ref().filter(|Watch::Every(watch)| due(watch.span)) {
            for (net, eval) in (0..models.len()).flat_map(|net| watch.evals.iter().map(move |eval| (net, eval))) {
                let judged = judgements.of(models, net, eval.node)?;
                for metric in looked_at(*eval, judged) {
                    let estimate = judged.measure(&metric).map_err(|source| TrainError::Metric { metric: metric.label(), source })?;
                    tell(net, &metric, estimate.value);
                }
            }
        }
        match &self.train.keep {
            Some(Keep::Best(keep)) if due(keep.every) => {
                let net = self.net(keep.of.as_ref());
                let value = judgements.value(models, net, &keep.metric)?;
                tell(net, &keep.metric, value);
                if watched.best.as_ref().is_none_or(|best| keep.metric.better().improves(value, best.value)) {
                    watched.best = Some(Best { value, step, models: copies(models)? });
                }
            }
            Some(Keep::Best(_) | Keep::Last(_)) | None => {}
        }
        match &self.train.stop {
            Some(Stop::Plateau(stop)) if due(stop.every) => {
                let net = self.net(stop.of.as_ref());
                let value = judgements.value(models, net, &stop.metric)?;
                tell(net, &stop.metric, value);
                let plateau = &mut watched.plateau;
                if plateau.best.is_none_or(|best| stop.metric.better().improves(value, best)) {
                    *plateau = Plateau { best: Some(value), misses: 0 };
                } else {
                    plateau.misses += 1;
                }
                if plateau.misses >= stop.patience.0 && step < self.total {
                    watched.ended = true;
                    let why = format!("{} has not improved for {}", self.full_name(&stop.metric), stop.patience);
                    self.decided(Decision::Stopped { step, of: self.total, why });
                }
            }
            Some(Stop::Plateau(_)) | None => {}
        }
        Ok(())
    }

    /// Tells which step's model was kept of so many, where that was to be decided.
    pub fn at_the_end(&self, steps: u64, watched: &Watched) {
        if let (Some(Keep::Best(keep)), Some(best)) = (&self.train.keep, &watched.best) {
            let metric = self.full_name(&keep.metric);
            self.decided(Decision::Kept { step: best.step, of: steps, metric, value: best.value });
        }
    }

    fn decided(&self, decision: Decision) {
        self.events.emit(Event::Decided { node: self.name.to_owned(), decision });
    }

    /// A metric with the name of its protocol: `pose.accuracy`.
    fn full_name(&self, metric: &Metric) -> String {
        format!("{}.{}", self.plan.node(metric.eval().node).name, metric.label())
    }

    /// The place of the network that decides: the one that is named, or the only one.
    fn net(&self, name: Option<&NetName>) -> usize {
        self.nets.iter().position(|net| name.is_some_and(|name| *net == name.0)).unwrap_or(0)
    }
}

/// Models with tensors of their own.
pub fn copies(models: &[Model]) -> Result<Vec<Model>, TrainError> {
    Ok(models.iter().map(Model::copy).collect::<Result<_, _>>()?)
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
