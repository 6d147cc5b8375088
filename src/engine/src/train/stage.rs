//! What comes into a stage and what it gives. Nothing here trains.

use super::banks::Banks;
use super::error::TrainError;
use super::loading::Loading;
use super::sample_log::SampleLog;
use crate::model::Model;
use crate::nn::embed::Workers;
use ddl::events::{PictureGroup, Recorder};
use ddl::inputs::tables::Tables;
use ddl::job::CheckpointEvery;
use ddl::lang::value::NodeId;
use ddl::ops::stages::Train;
use ddl::store::{Judged, Origins, Spent, Store, TrainingLog};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use tch::Device;

/// What is around all stages of a run: nothing of it changes a number.
pub struct Surroundings<'a> {
    /// Where tensors lie.
    pub device: Device,
    /// This process among those that train a stage together.
    pub group: Group,
    /// Where checkpoints and cached prefixes lie.
    pub store: &'a Store,
    /// The results that the stage is made of, with what they say.
    pub made_of: &'a Origins,
    /// How images are loaded.
    pub loading: Loading,
    /// Threads on which networks that stay are run.
    pub workers: &'a Workers,
    /// Cached outputs of frozen layers.
    pub banks: &'a Banks,
    /// When checkpoints are written.
    pub every: CheckpointEvery,
    /// Where events go.
    pub events: &'a Recorder<'a>,
    /// Set when the run was asked to stop.
    pub interrupted: &'a AtomicBool,
}

impl Surroundings<'_> {
    /// Whether the run was asked to stop.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

/// A process among those that train a stage together, as `torch.distributed` counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Which of them this is, counted from 0.
    pub rank: usize,
    /// How many there are.
    pub world_size: usize,
}

impl Group {
    /// Whether this process trains alone. A stage over several shards batches and prototypes and sums gradients; none does yet.
    pub fn is_alone(self) -> bool {
        self == Group::default()
    }
}

impl Default for Group {
    fn default() -> Self {
        Group { rank: 0, world_size: 1 }
    }
}

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} of {}", self.rank + 1, self.world_size)
    }
}

/// The models of [`teachers`], by their nodes.
pub type Teachers = BTreeMap<NodeId, Rc<Model>>;

/// A stage to be trained. The caller holds the lock of its key.
pub struct Stage<'a> {
    /// Its place in the plan.
    pub node: NodeId,
    /// What it is.
    pub train: &'a Train,
    /// The plan's data.
    pub tables: &'a Tables<'a>,
    /// The networks that it trains.
    pub nets: &'a [Trainee],
    /// The models of [`teachers`]; they stay as they are too.
    pub teachers: &'a Teachers,
    /// What is around it.
    pub around: &'a Surroundings<'a>,
    /// Judges a model under a protocol (a node of the plan), for `watch`, `keep` and `stop`. Must not change the model.
    pub judge: &'a Judge<'a>,
}

/// A network of a stage.
#[derive(Debug)]
pub struct Trainee {
    /// Its name there; empty where there is but one.
    pub name: String,
    /// The node of the model that it starts from.
    pub node: NodeId,
    /// That model; it stays as it is.
    pub source: Rc<Model>,
}

/// Judges a model under a protocol.
pub type Judge<'a> = dyn Fn(&Model, NodeId) -> Result<Judged, TrainError> + 'a;

/// What a stage gives.
#[derive(Debug)]
pub struct Trained {
    /// The models, in the order of the stage's networks.
    pub models: Vec<Model>,
    /// What happened at each step.
    pub log: TrainingLog,
    /// The images of the first step as the network saw them.
    pub first_batch: Vec<PictureGroup>,
    /// Steps that were taken.
    pub steps: u64,
    /// Steps of one epoch.
    pub per_epoch: u64,
    /// The step whose model this is: the last one, or the best.
    pub kept: u64,
    /// Which images they showed.
    pub samples: SampleLog,
    /// What this process spent on its steps; of a stage that went on from a checkpoint, those since then.
    pub spent: Spent,
}

/// The teachers that the terms of a stage name.
pub fn teachers(train: &Train) -> BTreeSet<NodeId> {
    train.terms().filter_map(|weighted| weighted.term.it().teacher()).map(|(teacher, _)| teacher.node).collect()
}
