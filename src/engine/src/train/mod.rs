//! The one trainer.
//!
//! ```text
//! terms ──need──▶ draws ──loaders, ahead──▶ one batch ──(cached prefix)──▶ ONE forward ──▶ each term its own rows
//!                                               └──(cached)──▶ teachers, without gradient ──▶ │ weighted sum
//!        checkpoints ◀── learner: model, moments, step, log ◀── optimiser step ◀── gradient ◀─┘
//! ```
//!
//! A stage is a pure function of its plan and its source model: draws are named, not counted, so a stage that was killed and resumed ends
//! with the same bits. Time decides only when something is written or said.

mod accumulate;
mod bank;
mod cast;
mod checkpoint;
mod draws;
mod error;
mod feed;
mod heads;
mod learner;
mod net;
mod objective;
mod pictures;
mod progress;
mod reads;
mod scale;
mod seen;
mod setup;
mod teacher;
mod terms;
mod turn;
mod watch;

pub use bank::Banks;
pub use cast::teachers;
pub use draws::wanted;
pub use error::TrainError;
pub use learner::within;
pub use seen::Seen;

use crate::model::Model;
use ddl::data::loader::ImageCache;
use ddl::events::{Event, PictureGroup, Recorder, Sink as _};
use ddl::inputs::tables::Tables;
use ddl::job::CheckpointEvery;
use ddl::lang::value::NodeId;
use ddl::ops::stages::Train;
use ddl::store::{Judged, Spent, Store, TrainingLog};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tch::Device;

/// What is around all stages of a run: nothing of it changes a number.
pub struct Surroundings<'a> {
    /// Where tensors lie.
    pub device: Device,
    /// Where checkpoints and cached prefixes lie.
    pub store: &'a Store,
    /// Decoded images.
    pub images: Arc<ImageCache>,
    /// Threads that decode.
    pub loaders: usize,
    /// Cached outputs of frozen layers.
    pub banks: &'a Banks,
    /// When checkpoints are written.
    pub every: CheckpointEvery,
    /// Where events go.
    pub events: &'a Recorder<'a>,
    /// Set when the run was asked to stop.
    pub interrupted: &'a AtomicBool,
}

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
    pub teachers: &'a BTreeMap<NodeId, Rc<Model>>,
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
    pub seen: Seen,
    /// What this process spent on its steps; of a stage that went on from a checkpoint, those since then.
    pub spent: Spent,
}

/// Trains a stage, or goes on where a checkpoint of it stopped. The checkpoints stay until the caller has stored the result and clears them.
///
/// # Errors
/// [`TrainError::Interrupted`] after a checkpoint when the run is asked to stop; everything else names what is wrong.
pub fn run(stage: &Stage) -> Result<Trained, TrainError> {
    let setup = setup::Setup::new(stage)?;
    let checkpoints = stage.around.store.checkpoints(stage.tables.plan().node(stage.node).key);
    let mut learner = checkpoint::resumed(stage, &setup, &checkpoints)?.map_or_else(|| learner::Learner::new(stage, &setup), Ok)?;
    let first_batch = pictures::first_batch(&setup)?;
    if learner.step == 0 {
        stage.around.events.emit(Event::FirstBatch { node: setup.name.clone(), groups: first_batch.clone() });
    }
    let begun = Instant::now();
    let mut feed = feed::Feed::start(&setup, learner.step);
    let mut report = progress::Report::new(stage, &setup, learner.step);
    let mut saved = checkpoint::Clock::new(stage.around.every, learner.step);
    while learner.step < setup.total && !learner.watched.ended {
        if stage.around.interrupted.load(Ordering::Relaxed) {
            checkpoint::write(stage, &setup, &checkpoints, &learner).map_err(|error| error.after(saved.last()))?;
            return Err(TrainError::Interrupted { step: learner.step });
        }
        let batches = feed.next(learner.step)?;
        let taken = learner.take_step(stage, &setup, &batches).map_err(|error| error.after(saved.last()))?;
        report.step(&learner, &taken, feed.waited());
        match watch::after_step(stage, &setup, &mut learner) {
            // not judged to the end: the step is judged anew when the stage goes on from its last checkpoint
            Err(TrainError::Asked) => return Err(TrainError::Interrupted { step: saved.last().unwrap_or(0) }),
            other => other?,
        }
        if saved.is_due(learner.step) && learner.step < setup.total && !learner.watched.ended {
            // what is spoiled is not written: the next step tells of it, or the end, whenever checkpoints are due
            match checkpoint::write(stage, &setup, &checkpoints, &learner) {
                Ok(()) => saved.written(learner.step),
                Err(TrainError::Spoiled { .. }) => {}
                Err(other) => return Err(other.after(saved.last())),
            }
        }
    }
    report.finish(&learner);
    watch::told_at_the_end(stage, &setup, &learner);
    let spent = Spent { seconds: begun.elapsed().as_secs_f64(), waited: feed.waited().as_secs_f64() };
    learner.finish(&setup, first_batch, spent).map_err(|error| error.after(saved.last()))
}

#[cfg(test)]
mod tests;
