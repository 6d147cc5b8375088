//! What a stage is, worked out once before its first step: draws, terms, what is frozen, how long it is.

use super::bank::Bank;
use super::draws::Draws;
use super::feed::{Batch, Contents};
use super::objective::TermSetup;
use super::{Stage, TrainError};
use crate::nn::net::{Frozen, Network, Norms, Pass};
use crate::nn::state::State;
use crate::nn::terms::Term as _;
use ddl::data::sampler::PassFacts;
use ddl::ops::nets::AnyPart;
use ddl::ops::optimizers::Optimizer;
use ddl::ops::stages::{BatchNorm, Precision};
use ddl::plan::schedule::Schedule;
use ddl::quantity::Span;
use ddl::random::Draw as Named;
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// A stage, ready to start.
pub struct Setup {
    /// What the plan calls it.
    pub name: String,
    /// The draws.
    pub draws: Draws,
    /// The terms, in the order in which they are summed.
    pub terms: Vec<TermSetup>,
    /// The network.
    pub network: Network,
    /// What of it stays.
    pub frozen: Frozen,
    /// How many leading layers stay.
    pub prefix: usize,
    /// Their outputs, if they are kept.
    pub bank: Option<Arc<Bank>>,
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
    noise: Named,
}

impl Setup {
    /// Works a stage out.
    ///
    /// # Errors
    /// Whatever makes it impossible: data that can't be had, a length of no step, parts that don't exist.
    pub fn new(stage: &Stage) -> Result<Self, TrainError> {
        let train = stage.train;
        let network = stage.source.network.clone();
        if train.precision == Precision::Mixed {
            return Err(TrainError::NotYet("precision = \"mixed\" has no kernel yet".to_owned()));
        }
        let mut nodes = Vec::new();
        for weighted in &train.objective.terms {
            nodes.extend(weighted.term.needs()?.into_iter().map(|need| need.batches));
        }
        let draws = Draws::new(stage, nodes, &network.input)?;
        let passes: Vec<PassFacts> = draws.all().iter().map(|draw| draw.batches.facts()).collect();
        let schedule = Schedule::new(train, &passes)?;
        let parts: Vec<&str> = train.freeze.iter().map(|AnyPart::Part(part)| part.name.as_str()).collect();
        let frozen = network.freeze(&parts)?;
        let prefix = frozen.prefix();
        let norms = match train.batch_norm {
            BatchNorm::Batch => Norms::Batch,
            BatchNorm::Frozen => Norms::Running,
        };
        let over = train.norm_over.map(|images| images.0);
        let terms = TermSetup::all(stage, &draws)?;
        let name = stage.tables.plan().node(stage.node).name.clone();
        let mut setup = Setup {
            name,
            draws,
            terms,
            prefix,
            frozen,
            network,
            bank: None,
            per_epoch: schedule.per_epoch,
            total: schedule.steps,
            rule: train.optimizer.clone(),
            clip: train.clip,
            device: stage.around.device,
            norms,
            over: over.map(|over| over as i64),
            noise: Named::new(train.seed, "noise"),
        };
        setup.bank = Bank::of(stage, &setup)?;
        Ok(setup)
    }

    /// The name of a step's noise.
    pub fn noise(&self, step: u64) -> Named {
        self.noise.clone().number(step)
    }

    /// Embeddings `[images, width]` of a batch as it is trained, with gradients to what learns; the frozen prefix leaves nothing for them.
    pub fn embed(&self, state: &State, batch: &Batch) -> Result<Tensor, TrainError> {
        let pass = Pass::training(self.norms, self.noise(batch.step)).fixing(&self.frozen.layers).norm_over(self.over);
        let input = self.input(&batch.numbers)?;
        let after = match &batch.numbers {
            Contents::Pixels(_) => tch::no_grad(|| self.network.forward_range(state, &input, 0..self.prefix, &pass))?,
            Contents::Features(_) => input,
        };
        Ok(self.network.forward_range(state, &after, self.prefix..self.network.layers.len(), &pass)?)
    }

    /// What goes into the network, or into its first layer that learns.
    pub fn input(&self, numbers: &Contents) -> Result<Tensor, TrainError> {
        Ok(match numbers {
            Contents::Pixels(bytes) => self.network.input.tensor(bytes, self.device, Kind::Float)?,
            Contents::Features(numbers) => self.features(numbers)?,
        })
    }

    /// Outputs of the last frozen layer as a tensor laid out as the layer itself leaves it.
    fn features(&self, numbers: &[f32]) -> Result<Tensor, TrainError> {
        let sides = self.network.shapes()?[self.prefix - 1].sides();
        let count = numbers.len() as i64 / sides.iter().product::<i64>().max(1);
        let flat = Tensor::f_from_slice(numbers)?.f_to_device(self.device)?;
        Ok(match sides[..] {
            // channels innermost, as images come in
            [channels, height, width] => flat.f_view([count, height, width, channels])?.f_permute([0, 3, 1, 2])?,
            _ => flat.f_view([count, -1])?,
        })
    }
}

/// How many steps lie between two checks.
pub fn every(span: Span, setup: &Setup) -> u64 {
    span.steps(setup.per_epoch, setup.total).max(1)
}
