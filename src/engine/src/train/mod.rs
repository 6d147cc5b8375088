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
//!
//! Each file uses only files of rows above its own, besides `error`, which all use:
//!
//! | file         | what                                                      | uses |
//! |--------------|-----------------------------------------------------------|------|
//! | `names`      | names of what belongs to one of several networks or turns | |
//! | `loading`    | loaders of images at a network's size                     | |
//! | `draws`      | batches nodes, and how the batch of a network is laid out | loading |
//! | `input`      | what goes into a network, as tensors                      | |
//! | `outputs`    | what networks made of a batch                             | draws |
//! | `reads`      | what networks read of samples                             | draws |
//! | `pictures`   | the first batch, for people                               | draws |
//! | `sample_log` | which images a stage showed                               | draws |
//! | `banks`      | open banks of cached outputs, shared by stages            | |
//! | `stage`      | what comes into a stage, and what it gives                | loading, sample_log, banks |
//! | `requests`   | what terms ask of which network                           | draws, stage |
//! | `bank`       | cached outputs of frozen layers, for the draws of a stage | draws, input, banks, stage |
//! | `feed`       | batches made ahead of their step                          | loading, draws, input, bank |
//! | `net`        | a network that learns                                     | draws, input, outputs, reads, requests, bank, feed |
//! | `teacher`    | a network that stays                                      | draws, input, outputs, reads, requests, bank, feed |
//! | `terms`      | terms with what they are given and keep                   | draws, outputs, reads, requests, feed |
//! | `turn`       | one objective of a step, and what it updates              | names, requests, net, terms |
//! | `scale`      | loss scales of float16                                    | |
//! | `setup`      | a stage, worked out before its first step                 | draws, stage, requests, bank, feed, net, teacher, terms, turn, scale |
//! | `objective`  | the weighted sum of the terms of a turn                   | names, draws, outputs, feed, net, turn |
//! | `accumulate` | sums over the batches of a step                           | objective |
//! | `heads`      | first values of what terms keep                           | names, loading, draws, input, stage, bank, net, terms |
//! | `watch`      | judging on the way                                        | names, stage |
//! | `learner`    | what changes from step to step                            | names, outputs, sample_log, stage, feed, terms, turn, scale, setup, objective, accumulate, heads, watch |
//! | `checkpoint` | a stage on the disk                                       | names, stage, turn, scale, setup, watch, learner |
//! | `progress`   | step events                                               | setup, learner |

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sizes of tensors, which libtorch counts in i64, and steps"
)]

mod accumulate;
mod bank;
mod banks;
mod checkpoint;
mod draws;
mod error;
mod feed;
mod heads;
mod input;
mod learner;
mod loading;
mod names;
mod net;
mod objective;
mod outputs;
mod pictures;
mod progress;
mod reads;
mod requests;
mod sample_log;
mod scale;
mod setup;
mod stage;
mod teacher;
mod terms;
mod turn;
mod watch;

pub use banks::Banks;
pub use error::TrainError;
pub use loading::Loading;
pub use names::scoped;
pub use stage::{Group, Stage, Surroundings, Trained, Trainee, teachers};

use ddl::events::{Event, Sink as _};
use ddl::store::Spent;
use std::time::Instant;

/// Trains a stage, or goes on where a checkpoint of it stopped. The checkpoints stay until the caller has stored the result and clears
/// them.
///
/// # Errors
/// [`TrainError::Interrupted`] after a checkpoint when the run is asked to stop; everything else names what is wrong.
pub fn run(stage: &Stage) -> Result<Trained, TrainError> {
    let (setup, around) = (setup::Setup::new(stage)?, stage.around);
    let checkpoints = around.store.checkpoints(stage.tables.plan().node(stage.node).key);
    let mut learner = checkpoint::resumed(stage, &setup, &checkpoints)?.map_or_else(|| learner::Learner::new(stage, &setup), Ok)?;
    let first_batch = pictures::first_batch(&setup.draws, setup.moment(0))?;
    if learner.step == 0 {
        around.events.emit(Event::FirstBatch { node: setup.name.clone(), groups: first_batch.clone() });
    }
    let begun = Instant::now();
    let mut feed = feed::Feed::start(setup.draws.all(), &setup.inlets, setup.accumulate, learner.step..setup.total, setup.per_epoch);
    let mut report = progress::Report::new(around.events, &setup, learner.step);
    let mut saved = checkpoint::Clock::new(around.every, learner.step);
    let watcher = watch::Watcher {
        name: &setup.name,
        train: stage.train,
        plan: stage.tables.plan(),
        nets: setup.nets.iter().map(|net| net.name.as_str()).collect(),
        per_epoch: setup.per_epoch,
        total: setup.total,
        judge: stage.judge,
        events: around.events,
    };
    while learner.step < setup.total && !learner.watched.ended {
        if around.is_interrupted() {
            checkpoint::write(stage, &setup, &checkpoints, &learner).map_err(|error| error.after(saved.last()))?;
            return Err(TrainError::Interrupted { step: learner.step });
        }
        let batches = feed.next(learner.step)?;
        let taken = learner.take_step(&setup, &batches, around.events).map_err(|error| error.after(saved.last()))?;
        report.step(learner.step, &taken, feed.waited());
        match watcher.after_step(learner.step, &learner.models, &mut learner.watched) {
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
    report.finish(learner.step);
    watcher.at_the_end(learner.step, &learner.watched);
    let spent = Spent { seconds: begun.elapsed().as_secs_f64(), waited: feed.waited().as_secs_f64() };
    learner.finish(&setup, first_batch, spent).map_err(|error| error.after(saved.last()))
}

#[cfg(test)]
mod tests;
