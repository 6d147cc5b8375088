//! What a stage is, worked out once before its first step: draws, networks, teachers, terms, how long it is.

use super::bank::BankBuilder;
use super::draws::Draws;
use super::error::TrainError;
use super::feed::{Inlet, Inlets};
use super::net::Net;
use super::requests::{Requested, Requests};
use super::scale::LossScale;
use super::stage::Stage;
use super::teacher::Teacher;
use super::terms::TermSetup;
use super::turn::Turn;
use crate::nn::heads::Clock;
use crate::nn::net::{Input, Norms, Pass};
use crate::nn::noise::Noise;
use ddl::data::sampler::PassFacts;
use ddl::ops::stages::{BatchNorm, Precision, Train};
use ddl::plan::schedule::{Schedule, counts_over_images, divides};
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
    numerics: Numerics,
}

impl Setup {
    /// Works a stage out.
    ///
    /// # Errors
    /// Whatever makes it impossible: data that can't be had, a length of no step, parts and outputs that don't exist or don't fit.
    pub fn new(stage: &Stage) -> Result<Self, TrainError> {
        let (train, plan, around) = (stage.train, stage.tables.plan(), stage.around);
        if !around.group.is_alone() {
            return Err(TrainError::Internal(format!("a stage is trained by one process, and this is {}", around.group)));
        }
        let name = plan.node(stage.node).name.clone();
        let requests = Requests::new(train, stage.nets, stage.teachers)?;
        let models = requests.nets.iter().chain(&requests.teachers);
        let inputs: Vec<Input> = models.map(|requested| requested.model.network.input).collect();
        let draws = Draws::new(stage.tables, &around.loading, &requests.batches, &inputs)?;
        let passes: Vec<PassFacts> = draws.all().iter().map(|draw| draw.batches.facts()).collect();
        let schedule = Schedule::new(train, &passes)?;
        let accumulate = u64::from(train.accumulate);
        let banks = BankBuilder { stage: &name, around, draws: &draws, batches: schedule.steps * accumulate };
        let mut inlets = Inlets::default();
        let mut nets = Vec::with_capacity(stage.nets.len());
        for (trainee, requested) in stage.nets.iter().zip(&requests.nets) {
            let net = Net::new(&trainee.name, &plan.frozen(train, trainee.node), requested, &banks, &mut inlets)?;
            let images = net.layout.images() as u64;
            divides(train, images)?;
            counts_over_images(train, &net.name, &net.network, &net.frozen.layers, images)?;
            nets.push(net);
        }
        let teacher = |requested: &Requested| Teacher::new(requested, &banks, &mut inlets);
        let teachers = requests.teachers.iter().map(teacher).collect::<Result<Vec<_>, _>>()?;
        let mut turns = Vec::new();
        for (at, turn) in train.turns().iter().enumerate() {
            let terms = TermSetup::all(plan, &turn.objective.terms, &requests.turns[at], &requests, &draws)?;
            turns.push(Turn::new(train, at, terms, &nets)?);
        }
        Ok(Setup {
            name,
            turns,
            nets,
            teachers,
            inlets: inlets.all(),
            per_epoch: schedule.per_epoch,
            total: schedule.steps,
            accumulate,
            clip: train.clip,
            device: around.device,
            noise: Noise::of_stage(train.seed),
            numerics: Numerics::of(train),
            draws,
        })
    }

    /// What a curve is asked for at a step.
    pub fn moment(&self, step: u64) -> ddl::ops::curves::Moment {
        ddl::ops::curves::Moment { step, per_epoch: self.per_epoch, total: self.total }
    }

    /// Where the stage is at a step.
    pub fn clock(&self, step: u64) -> Clock {
        Clock { step, per_epoch: self.per_epoch, total: self.total }
    }

    /// Whether sets of similarities are kept of a step: of the first, the last, and some between.
    pub fn keeps_similarities(&self, step: u64) -> bool {
        step.is_multiple_of(self.total.div_ceil(KEPT).max(1)) || step + 1 == self.total
    }

    /// How a network that learns is run at a step: one that is not updated leaves its running statistics.
    pub fn pass(&self, noise: Named, updated: bool) -> Pass {
        self.numerics.pass(noise, updated)
    }

    /// The loss scale of each turn before the first step; none where numbers are wide enough without.
    pub fn scales(&self) -> Vec<LossScale> {
        if self.numerics.precision == Precision::Fp16 { vec![LossScale::default(); self.turns.len()] } else { Vec::new() }
    }

    /// All terms of all turns.
    pub fn terms(&self) -> impl Iterator<Item = &TermSetup> {
        self.turns.iter().flat_map(|turn| &turn.terms)
    }
}

/// How the networks of a stage compute.
struct Numerics {
    norms: Norms,
    /// Images over which batch norms count.
    over: Option<i64>,
    precision: Precision,
}

impl Numerics {
    fn of(train: &Train) -> Self {
        let norms = match train.batch_norm {
            BatchNorm::Batch => Norms::Batch,
            BatchNorm::Frozen => Norms::Running,
        };
        Numerics { norms, over: train.norm_over.map(|images| images.0 as i64), precision: train.precision }
    }

    fn pass(&self, noise: Named, updated: bool) -> Pass {
        let norms = match self.norms {
            Norms::Batch if !updated => Norms::Seen,
            norms => norms,
        };
        let products = match self.precision {
            Precision::Full => None,
            Precision::Mixed => Some(Kind::BFloat16),
            Precision::Fp16 => Some(Kind::Half),
        };
        Pass::training(norms, noise).norm_over(self.over).products_in(products)
    }
}
