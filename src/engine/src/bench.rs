//! What `make bench` times: steps of a network as the engine runs them, beside a `PyTorch` twin (.tools/bench/worker.py).

use ddl::ops::curves::Curve;
use ddl::ops::heads::{ArcFace, ArcForm, Head as AnyHead, MarginGrad};
use ddl::ops::nets::{Backbone as AnyBackbone, IResNet, MobileFaceNet};
use ddl::ops::optimizers::{Optimizer, Sgd};
use ddl::ops::terms::Ddl;
use ddl::quantity::Angle;
use ddl::random::Draw;
use rand_chacha::rand_core::Rng;
use tch::{Device, Kind, Reduction, Tensor};

use crate::nn::backbone::build;
use crate::nn::embed::Embedder;
use crate::nn::error::NnError;
use crate::nn::heads::{Clock, Head, Moment};
use crate::nn::net::{Images as _, Network, Norms, Pass, Run as _};
use crate::nn::optim::{Optimiser, Trained};
use crate::nn::state::{Init, Role, Spec, State};
use crate::nn::terms::{Around, Given, Term as _};

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
    Infer(Embedder),
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
            Mode::Infer => Kinds::Infer(Embedder::new(&model.network, &model.state, threads)?),
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
        let logits = self.arcface.logits(&embedding, &self.labels, &Moment::first(&self.head))?.logits;
        logits.f_cross_entropy_loss(&self.labels, None::<&Tensor>, Reduction::Mean, -100, 0.0)?.f_backward()?;
        self.optimiser.step(&self.trained, LR)
    }
}

/// The distribution distillation loss on random embeddings: its value and their gradient.
pub struct Distillation {
    term: Ddl,
    given: Vec<Tensor>,
    state: State,
}

impl Distillation {
    /// So many students; `size` pairs and `size` images of different people in each branch, embeddings of 128 numbers, all options as released.
    ///
    /// # Errors
    /// When the term's declaration has a parameter without a default that is not given here.
    pub fn new(students: u32, size: i64) -> Result<Self, NnError> {
        let side = |at: u32| {
            let batches = |node: u32| serde_json::json!({ "node": node });
            serde_json::json!({ "op": "branch", "pairs": batches(2 * at), "negatives": batches(2 * at + 1) })
        };
        let args = serde_json::json!({ "teacher": side(0), "students": (1..=students).map(side).collect::<Vec<_>>() });
        let term: Ddl = ddl::ops::parse(&args).map_err(|error| NnError::Input {
            what: "the arguments of ddl".into(),
            expected: "those of its declaration".into(),
            found: error.to_string(),
        })?;
        let spec = |name: String| Spec { name, shape: vec![size, 128], role: Role::Parameter, init: Init::Normal { sd: 1.0 } };
        let names = (0..=students).flat_map(|at| ["left", "right", "negatives"].map(|part| format!("{part}{at}")));
        let state = State::initialise(&names.map(spec).collect::<Vec<_>>(), 0, Device::Cpu, Kind::Float)?;
        let mut given = Vec::new();
        for at in 0..=students {
            for part in ["left", "right", "negatives"] {
                // two images of one person are alike
                let own = state.get(&format!("{part}{at}"))?;
                let tensor = if part == "right" { own + state.get(&format!("left{at}"))? * 2.0 } else { own.shallow_clone() };
                given.push(tensor.detach().f_set_requires_grad(true)?);
            }
        }
        Ok(Distillation { term, given, state: State::new() })
    }

    /// Forward and backward.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn step(&mut self) -> Result<(), NnError> {
        let given: Vec<Given> = self
            .given
            .chunks(3)
            .flat_map(|branch| {
                let pairs = Given::Pairs { left: branch[0].shallow_clone(), right: branch[1].shallow_clone() };
                [pairs, Given::Embeddings(branch[2].shallow_clone())]
            })
            .collect();
        let noise = Draw::new(0, "bench");
        let value = self.term.evaluate(&given, &Around { head: &self.state, noise: &noise, clock: Clock::default() })?.value;
        self.given.iter_mut().for_each(Tensor::zero_grad);
        Ok(value.f_backward()?)
    }
}

/// The most memory that this process has held, in MiB.
pub fn peak_mib() -> std::io::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| std::io::Error::other("/proc/self/status has no VmHWM"))
}
