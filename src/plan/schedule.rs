//! How long a stage is and how big a step of it: one rule, for the plan and for the trainer.

use super::{Plan, PlanError, PlanNode};
use crate::data::sampler::PassFacts;
use crate::diag::Code;
use crate::events::Failure;
use crate::lang::value::NodeId;
use crate::nets::Network;
use crate::ops::data::Draw;
use crate::ops::stages::{BatchNorm, Train};
use crate::quantity::Span;
use std::collections::BTreeSet;

/// How long a stage is, and how big a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Steps of an epoch: the fewest that draw one pass of the longest batches; shorter ones start again.
    pub per_epoch: u64,
    /// Steps of the stage.
    pub steps: u64,
    /// Images of a step: of all draws together, and all batches that it accumulates.
    pub images: u64,
}

/// A stage that can't be trained, whatever its network is.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// A stage without steps.
    #[error("{length} of {per_epoch} steps an epoch is no step at all")]
    NoSteps {
        /// What the recipe says.
        length: Span,
        /// Steps of an epoch.
        per_epoch: u64,
    },
    /// A length that is a part of the stage itself.
    #[error("a stage can't be {length} of itself")]
    PartOfItself {
        /// What the recipe says.
        length: Span,
    },
    /// The images of a batch, of all draws together, are no multiple of `norm_over`.
    #[error("batch norm over {over} images does not divide a batch of {images} images")]
    NormOver {
        /// What the recipe says.
        over: u64,
        /// Images of a batch.
        images: u64,
    },
    /// Batch norms that would see one image.
    #[error("{} sees 1 image a batch, and its batch norms count over the images of a batch", if net.is_empty() { "the network".to_owned() } else { format!("the network `{net}`") })]
    OneImage {
        /// The network, where there are several.
        net: String,
    },
    /// Fewer than two classes for a head.
    #[error("`{draw}` has {classes} person{}: a head needs at least two", if *classes == 1 { "" } else { "s" })]
    OneClass {
        /// The draw.
        draw: String,
        /// How many classes.
        classes: usize,
    },
}

impl Schedule {
    /// The schedule of a stage that draws these batches, each once a step, or as often as the stage accumulates.
    ///
    /// # Errors
    /// A length of no step; a length that is a part of itself; batch norm over images that don't divide a step.
    pub fn new<'a>(train: &Train, draws: impl IntoIterator<Item = &'a PassFacts>) -> Result<Self, ScheduleError> {
        let (mut per_epoch, mut images) = (1, 0);
        for draw in draws {
            per_epoch = per_epoch.max(draw.batches as u64);
            images += draw.images_per_batch as u64;
        }
        let accumulated = u64::from(train.accumulate);
        let per_epoch = per_epoch.div_ceil(accumulated);
        let steps = match train.r#for {
            length @ (Span::Epochs(_) | Span::Steps(_)) => length.steps(per_epoch, 0),
            length @ Span::Part(_) => return Err(ScheduleError::PartOfItself { length }),
        };
        if steps == 0 {
            return Err(ScheduleError::NoSteps { length: train.r#for, per_epoch });
        }
        if train.model.all().len() == 1 {
            divides(train, images)?;
        }
        Ok(Schedule { per_epoch, steps, images: images * accumulated })
    }
}

/// Refuses batch norm over images that don't divide those that a network sees at once.
///
/// # Errors
/// [`ScheduleError::NormOver`].
pub fn divides(train: &Train, images: u64) -> Result<(), ScheduleError> {
    match train.norm_over.map(|over| over.0) {
        Some(over) if train.batch_norm == BatchNorm::Batch && !images.is_multiple_of(over) => Err(ScheduleError::NormOver { over, images }),
        Some(_) | None => Ok(()),
    }
}

/// Refuses batch norm over a single image. `fixed` are the layers of the network that stay, `images` those that it sees at once.
///
/// # Errors
/// [`ScheduleError::OneImage`].
pub fn counts_over_images(train: &Train, net: &str, network: &Network, fixed: &[bool], images: u64) -> Result<(), ScheduleError> {
    let learns = train.batch_norm == BatchNorm::Batch && network.norms(fixed);
    if images == 1 && learns { Err(ScheduleError::OneImage { net: net.to_owned() }) } else { Ok(()) }
}

impl ScheduleError {
    /// The error with its code and what to do about it.
    pub fn failure(&self) -> Failure {
        let (code, help) = match self {
            ScheduleError::NoSteps { .. } => (Code::NoSteps, "lengthen `for`"),
            ScheduleError::PartOfItself { .. } => (Code::NoSteps, "say it in epochs or steps: `for = 8 epochs`"),
            ScheduleError::NormOver { .. } => (Code::NormOver, "choose sizes of draws whose sum is a multiple of `norm_over`"),
            ScheduleError::OneImage { .. } => {
                (Code::OneImage, "draw at least 2 images a batch, or keep the running statistics: batch_norm = \"frozen\"")
            }
            ScheduleError::OneClass { .. } => (Code::OneClass, "look at the filters of its data set"),
        };
        Failure::new(code, self.to_string()).help(help)
    }
}

impl Plan {
    /// The draws that the objective of a stage names, in the order of the plan: each is drawn once a step, whoever names it.
    ///
    /// # Errors
    /// A node that is no stage.
    pub fn draws(&self, stage: NodeId) -> Result<Vec<NodeId>, PlanError> {
        let named: BTreeSet<NodeId> = self.get::<Train>(stage)?.terms().flat_map(|weighted| weighted.term.it().draws()).collect();
        Ok(named.into_iter().filter(|id| self.nodes.get(id.0 as usize).is_some_and(PlanNode::is::<Draw>)).collect())
    }
}

/// The place of each of a stage's draws among them, by what they mean: what is drawn there has that in its name, wherever a recipe says it.
pub fn places(plan: &Plan, draws: &[NodeId]) -> Vec<u64> {
    let before = |node: &NodeId| draws.iter().filter(|other| plan.node(**other).key < plan.node(*node).key).count() as u64;
    draws.iter().map(before).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn train(more: &[(&str, Json)]) -> Train {
        let mut args = json!({
            "model": {"node": 0}, "for": "2.5 epochs", "optimizer": {"op": "sgd", "lr": 0.1},
            "objective": {"terms": [{"weight": 1.0, "term": {"op": "triplet", "data": {"node": 1}}}]},
        });
        for (name, value) in more {
            args[*name] = value.clone();
        }
        crate::ops::parse(&args).unwrap()
    }

    fn pass(batches: usize, images_per_batch: usize) -> PassFacts {
        PassFacts {
            unit: "images",
            units: batches * images_per_batch,
            batches,
            images_per_batch,
            people_left_out: 0,
            images_left_out: 0,
            people_repeated: 0,
        }
    }

    #[test]
    fn an_epoch_is_one_pass_of_the_longest_batches() {
        let schedule = Schedule::new(&train(&[]), &[pass(10, 32), pass(41, 64)]).unwrap();
        assert_eq!(schedule, Schedule { per_epoch: 41, steps: 103, images: 96 }); // 102.5 rounds up
    }

    #[test]
    fn a_step_takes_all_the_batches_that_it_accumulates() {
        let four = |length: &str| {
            Schedule::new(&train(&[("accumulate", 4.into()), ("for", length.into())]), &[pass(10, 32), pass(41, 64)]).unwrap()
        };
        assert_eq!(four("2 epochs"), Schedule { per_epoch: 11, steps: 22, images: 4 * 96 });
        assert_eq!(four("7 steps").steps, 7);
    }

    #[test]
    fn what_can_not_be_trained_says_why() {
        let wrong = |more: &[(&str, Json)]| Schedule::new(&train(more), &[pass(10, 32)]).unwrap_err().to_string();
        assert_eq!(wrong(&[("for", "0.01 epochs".into())]), "0.01 epochs of 10 steps an epoch is no step at all");
        assert_eq!(wrong(&[("for", "50%".into())]), "a stage can't be 50% of itself");
        assert_eq!(wrong(&[("norm_over", "12 images".into())]), "batch norm over 12 images does not divide a batch of 32 images");
        // batch norm sees one batch at a time
        assert_eq!(
            wrong(&[("norm_over", "64 images".into()), ("accumulate", 2.into())]),
            "batch norm over 64 images does not divide a batch of 32 images"
        );
        let frozen = train(&[("norm_over", "12 images".into()), ("batch_norm", "frozen".into())]);
        assert!(Schedule::new(&frozen, &[pass(10, 32)]).is_ok());
    }
}
