//! What a stage is, worked out once before its first step: draws, networks, teachers, terms, how long it is.

use super::cast::{Cast, teacher};
use super::draws::Draws;
use super::feed::{Inlet, Inlets};
use super::net::Net;
use super::scale::LossScale;
use super::teacher::Teacher;
use super::terms::TermSetup;
use super::turn::Turn;
use super::{Stage, TrainError};
use crate::nn::net::{Input, Norms, Pass};
use crate::nn::noise::Noise;
use ddl::data::sampler::PassFacts;
use ddl::ops::stages::{BatchNorm, Precision};
use ddl::plan::schedule::{Schedule, counts_over_images, divides};
use ddl::quantity::Span;
use ddl::random::Draw as Named;
use std::sync::Arc;
use tch::{Device, Kind};

/// Steps of a stage of which similarities are kept, beside the last.
const KEPT: u64 = 10;

/// A stage, ready to start.
pub struct Setup {
    /// What the plan calls it.
    pub name: String,
    /// The draws.
    pub draws: Draws,
    /// What is done in a step, in order.
    pub turns: Vec<Turn>,
    /// The networks that are trained.
    pub nets: Vec<Net>,
    /// The teachers.
    pub teachers: Vec<Teacher>,
    /// Where images come in.
    pub inlets: Arc<[Inlet]>,
    /// Steps of an epoch.
    pub per_epoch: u64,
    /// Steps of the stage.
    pub total: u64,
    /// Batches of a step.
    pub accumulate: u64,
    /// The largest norm of all gradients together.
    pub clip: Option<f64>,
    /// Where tensors lie.
    pub device: Device,
    /// What is left to chance.
    pub noise: Noise,
    norms: Norms,
    over: Option<i64>,
    precision: Precision,
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
        let mut inputs: Vec<Input> = stage.nets.iter().map(|net| net.source.network.input).collect();
        for (node, _) in &cast.teachers {
            inputs.push(teacher(stage, *node)?.network.input);
        }
        let draws = Draws::new(stage, &cast.batches, &inputs)?;
        let passes: Vec<PassFacts> = draws.all().iter().map(|draw| draw.batches.facts()).collect();
        let schedule = Schedule::new(train, &passes)?;
        let accumulate = u64::from(train.accumulate);
        let batches = schedule.steps * accumulate;
        let mut inlets = Inlets::default();
        let mut nets = Vec::with_capacity(stage.nets.len());
        for (trainee, share) in stage.nets.iter().zip(&cast.nets) {
            let net = Net::new(stage, trainee, share, &draws, batches, &mut inlets)?;
            divides(train, net.sight.images() as u64)?;
            counts_over_images(train, &net.name, &net.network, &net.frozen.layers, net.sight.images() as u64)?;
            nets.push(net);
        }
        let of = |each| Teacher::new(stage, each, &draws, batches, &mut inlets);
        let teachers = cast.teachers.iter().map(of).collect::<Result<Vec<_>, _>>()?;
        let turn = |at| Turn::new(stage, &cast, &draws, at);
        let turns = (0..cast.turns.len()).map(turn).collect::<Result<Vec<_>, _>>()?;
        let norms = match train.batch_norm {
            BatchNorm::Batch => Norms::Batch,
            BatchNorm::Frozen => Norms::Running,
        };
        Ok(Setup {
            name: stage.tables.plan().node(stage.node).name.clone(),
            draws,
            turns,
            nets,
            teachers,
            inlets: inlets.all(),
            per_epoch: schedule.per_epoch,
            total: schedule.steps,
            accumulate,
            clip: train.clip,
            device: stage.around.device,
            noise: Noise::of_stage(train.seed),
            norms,
            over: train.norm_over.map(|images| images.0 as i64),
            precision: train.precision,
        })
    }

    /// Whether sets of similarities are kept of a step: of the first, the last, and some between.
    pub fn keeps_similarities(&self, step: u64) -> bool {
        step.is_multiple_of(self.total.div_ceil(KEPT).max(1)) || step + 1 == self.total
    }

    /// How a network is run at a step: one that is not updated leaves its running statistics.
    pub fn way(&self, noise: Named, updated: bool) -> Way {
        let norms = match self.norms {
            Norms::Batch if !updated => Norms::Seen,
            norms => norms,
        };
        let products = match self.precision {
            Precision::Full => None,
            Precision::Mixed => Some(Kind::BFloat16),
            Precision::Fp16 => Some(Kind::Half),
        };
        Way { pass: Pass::training(norms, noise).norm_over(self.over).products_in(products), device: self.device }
    }

    /// The loss scale of each turn before the first step; none where numbers are wide enough without.
    pub fn scales(&self) -> Vec<LossScale> {
        if self.precision == Precision::Fp16 { vec![LossScale::default(); self.turns.len()] } else { Vec::new() }
    }

    /// All terms of all turns.
    pub fn terms(&self) -> impl Iterator<Item = &TermSetup> {
        self.turns.iter().flat_map(|turn| &turn.terms)
    }
}

/// How many steps lie between two checks.
pub fn every(span: Span, setup: &Setup) -> u64 {
    span.steps(setup.per_epoch, setup.total).max(1)
}
