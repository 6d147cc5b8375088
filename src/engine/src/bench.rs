//! What `make bench` times, beside a `PyTorch` twin (.tools/bench/worker.py): steps of a network as the engine runs them, and what a term
//! adds.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "sizes of tensors, which libtorch counts in i64"
)]

mod asked;
mod distillation;

use ddl::ops::curves::Curve;
use ddl::ops::heads::{ArcFace, ArcForm, Head as AnyHead, MarginGrad};
use ddl::ops::nets::{Backbone as AnyBackbone, IResNet, MobileFaceNet};
use ddl::ops::optimizers::{Optimizer, Sgd};
use ddl::quantity::Angle;
use ddl::random::Draw;
use rand_chacha::rand_core::Rng;
use tch::{Device, Kind, Reduction, Tensor};

use crate::nn::backbone::build;
use crate::nn::embed::{Embedder, Workers};
use crate::nn::error::NnError;
use crate::nn::heads::{Head, HeadContext};
use crate::nn::net::{Images as _, Network, Norms, Pass, Run as _};
use crate::nn::optim::{Optimiser, Trained};
use crate::nn::state::State;

pub use asked::{option, serve};
pub use distillation::Distillation;

const CLASSES: i64 = 1000;
const LR: f64 = 1e-3;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Forward, `ArcFace` over 1,000 people, backward, SGD with momentum and weight decay.
    Train,
    /// Embeddings.
    Infer,
}

/// A network, a batch and what is done with them.
pub struct Work {
    network: Network,
    images: Tensor,
    kind: Kinds,
}

enum Kinds {
    Train(Box<Training>),
    Infer(Box<Embedder>),
}

struct Training {
    state: State,
    head: State,
    labels: Tensor,
    arcface: AnyHead,
    optimiser: Optimiser,
    trained: Vec<Trained>,
}

impl Work {
    /// The network of this name, a batch of noise, and what the mode needs.
    ///
    /// # Errors
    /// For a name that is neither `mobilefacenet` nor `iresnet18`.
    pub fn new(network: &str, mode: Mode, batch: i64, threads: usize) -> Result<Self, NnError> {
        tch::set_num_threads(threads as i32);
        let backbone = match network {
            "mobilefacenet" => AnyBackbone::MobileFaceNet(MobileFaceNet { embedding: 128, weights: None, variant: None, seed: 0 }),
            "iresnet18" => AnyBackbone::IResNet(IResNet { depth: 18, embedding: 512, weights: None, dropout: 0.0, seed: 0 }),
            other => {
                let why = "the networks are mobilefacenet and iresnet18".to_string();
                return Err(NnError::Option { option: "--network", value: other.into(), why });
            }
        };
        let model = build(&backbone, None, Device::Cpu, Kind::Float)?;
        let input = model.network.input;
        let mut bytes = vec![0u8; (batch * input.height * input.width * 3) as usize];
        Draw::new(0, "bench").stream().fill_bytes(&mut bytes);
        let images = input.tensor(&bytes, Device::Cpu, Kind::Float)?;
        let kind = match mode {
            Mode::Train => Kinds::Train(Box::new(Training::new(&model.network, model.state, batch)?)),
            Mode::Infer => Kinds::Infer(Box::new(Embedder::new(&model.network, &model.state, &Workers::new(threads)?)?)),
        };
        Ok(Work { network: model.network, images, kind })
    }

    /// Numbers in the network's parameters.
    pub fn parameters(&self) -> u64 {
        self.network.clone().cost().map_or(0, |cost| cost.parameters())
    }

    /// One step.
    pub fn step(&mut self) -> Result<(), NnError> {
        match &mut self.kind {
            Kinds::Train(training) => training.step(&self.network, &self.images),
            Kinds::Infer(embedder) => embedder.run(&self.images).map(drop),
        }
    }
}

impl Training {
    fn new(network: &Network, state: State, batch: i64) -> Result<Self, NnError> {
        let lr = Curve::Constant(LR);
        let rule = Optimizer::Sgd(Sgd { lr, momentum: 0.9, weight_decay: 5e-4, decay_all: true, nesterov: false, head_lr: 1.0 });
        let margin_grad = MarginGrad::Exact;
        let arcface = AnyHead::ArcFace(ArcFace { scale: 64.0, margin: Angle::radians(0.5), form: ArcForm::Safe, margin_grad });
        let head = State::initialise(&arcface.specs(CLASSES, network.embedding()?), 0, Device::Cpu, Kind::Float)?;
        state.require_gradients(|_| true)?;
        head.require_gradients(|_| true)?;
        let of = |state: &State, of_head| -> Vec<Trained> {
            let learns = state.iter().filter(|(_, entry)| entry.tensor.requires_grad());
            learns.map(|(name, entry)| Trained::new(&rule, name, &entry.tensor, of_head)).collect()
        };
        let mut trained = of(&state, false);
        trained.extend(of(&head, true));
        let labels = Tensor::f_arange(batch, (Kind::Int64, Device::Cpu))?.f_remainder(CLASSES)?;
        Ok(Training { state, head, labels, arcface, optimiser: Optimiser::new(&rule), trained })
    }

    fn step(&mut self, network: &Network, images: &Tensor) -> Result<(), NnError> {
        self.trained.iter_mut().for_each(Trained::clear);
        let embedding = network.forward(&self.state, images, &Pass::training(Norms::Batch, Draw::new(0, "bench")))?;
        let logits = self.arcface.logits(&embedding, &self.labels, &HeadContext::first(&self.head))?.logits;
        logits.f_cross_entropy_loss(&self.labels, None::<&Tensor>, Reduction::Mean, -100, 0.0)?.f_backward()?;
        self.optimiser.step(&self.trained, LR)
    }
}
