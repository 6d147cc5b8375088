//! What a stage is, worked out once before its first step: draws, networks, teachers, terms, how long it is.

use super::cast::{Cast, teacher};
use super::draws::Draws;
use super::feed::{Inlet, Inlets};
use super::net::Net;
use super::teacher::Teacher;
use super::terms::TermSetup;
use super::{Stage, TrainError};
use crate::nn::net::{Norms, Pass};
use ddl::data::sampler::PassFacts;
use ddl::ops::optimizers::Optimizer;
use ddl::ops::stages::{BatchNorm, Precision};
use ddl::plan::schedule::Schedule;
use ddl::quantity::Span;
use ddl::random::Draw as Named;
use std::sync::Arc;
use tch::Device;

/// Steps of a stage of which similarities are kept, beside the last.
const KEPT: u64 = 10;

/// A stage, ready to start.
pub struct Setup {
    /// What the plan calls it.
    pub name: String,
    /// The draws.
    pub draws: Draws,
    /// The terms, in the order in which they are summed.
    pub terms: Vec<TermSetup>,
    /// The network.
    pub net: Net,
    /// The teachers.
    pub teachers: Vec<Teacher>,
    /// Where images come in.
    pub inlets: Arc<[Inlet]>,
    /// Steps of an epoch.
    pub per_epoch: u64,
    /// Steps of the stage.
    pub total: u64,
    /// The optimiser.
    pub rule: Optimizer,
    /// The largest norm of all gradients together.
    pub clip: Option<f64>,
    /// Where tensors lie.
    pub device: Device,
    norms: Norms,
    over: Option<i64>,
    mixed: bool,
    noise: Named,
}

/// How networks are run in a step.
pub struct Way {
    /// The pass of a network that learns.
    pub pass: Pass,
    /// Where tensors lie.
    pub device: Device,
}

impl Setup {
    /// Works a stage out.
    ///
    /// # Errors
    /// Whatever makes it impossible: data that can't be had, a length of no step, parts and outputs that don't exist or don't fit.
    pub fn new(stage: &Stage) -> Result<Self, TrainError> {
        let train = stage.train;
        let cast = Cast::new(stage)?;
        let mut inputs = vec![stage.source.network.input];
        for (node, _) in &cast.teachers {
            inputs.push(teacher(stage, *node)?.network.input);
        }
        let draws = Draws::new(stage, &cast.batches, &inputs)?;
        let passes: Vec<PassFacts> = draws.all().iter().map(|draw| draw.batches.facts()).collect();
        let schedule = Schedule::new(train, &passes)?;
        let mut inlets = Inlets::default();
        let net = Net::new(stage, &cast.nets[0], &draws, schedule.steps, &mut inlets)?;
        let of = |each| Teacher::new(stage, each, &draws, schedule.steps, &mut inlets);
        let teachers = cast.teachers.iter().map(of).collect::<Result<Vec<_>, _>>()?;
        let terms = TermSetup::all(stage, &cast, &draws)?;
        let norms = match train.batch_norm {
            BatchNorm::Batch => Norms::Batch,
            BatchNorm::Frozen => Norms::Running,
        };
        Ok(Setup {
            name: stage.tables.plan().node(stage.node).name.clone(),
            draws,
            terms,
            net,
            teachers,
            inlets: inlets.all(),
            per_epoch: schedule.per_epoch,
            total: schedule.steps,
            rule: train.optimizer.clone(),
            clip: train.clip,
            device: stage.around.device,
            norms,
            over: train.norm_over.map(|images| images.0 as i64),
            mixed: train.precision == Precision::Mixed,
            noise: Named::new(train.seed, "noise"),
        })
    }

    /// The name of a step's noise.
    pub fn noise(&self, step: u64) -> Named {
        self.noise.clone().number(step)
    }

    /// Whether sets of similarities are kept of a step: of the first, the last, and some between.
    pub fn keeps_similarities(&self, step: u64) -> bool {
        step.is_multiple_of(self.total.div_ceil(KEPT).max(1)) || step + 1 == self.total
    }

    /// How networks are run at a step.
    pub fn way(&self, step: u64) -> Way {
        Way { pass: Pass::training(self.norms, self.noise(step)).norm_over(self.over).mixed(self.mixed), device: self.device }
    }
}

/// How many steps lie between two checks.
pub fn every(span: Span, setup: &Setup) -> u64 {
    span.steps(setup.per_epoch, setup.total).max(1)
}
