//! The same weights and images through PyTorch itself, in networks written after the public code (tests/oracles/torch): the same
//! embeddings, the same gradients, and the same tensors back from what `torch.save` writes.
//!
//! Both sides work in float64, where the order of a sum is far below what is asked for and no rectifier's side depends on it. Images are
//! smaller than they are in use where a network is one of windows: its last layers are as much smaller.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "small numbers of a test")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use ddl::nets::{Backbone as _, Init, Module, NameMap, Network, Role, Shape, Spec};
use ddl::ops::nets::Backbone;
use ddl::random::Draw;
use ddl_engine::nn::net::mask::order;
use ddl_engine::nn::net::{Images, Norms, Pass, Run};
use ddl_engine::nn::state::State;
use rand_chacha::rand_core::Rng;
use serde_json::{Value as Json, json};
use tch::{Device, Kind, Tensor};

const SEED: i64 = 7;
const IMAGES: usize = 3;
/// How far two numbers may be apart, as a share of the largest of their tensor.
const NEAR: f64 = 1e-5;
/// Of a gradient that is nothing but rounding (of a bias before a batch norm) the share of the largest gradient that counts as its own.
const NOTHING: f64 = 1e-6;
/// How round_trip.py ends where Python's torch is not to be had.
const NO_TORCH: i32 = 77;

/// A network, its operator, and what PyTorch's side is told of it.
struct Case {
    name: String,
    op: &'static str,
    args: Json,
    network: Network,
}

/// Networks of every family; the sides of the images where they are not the network's own.
fn cases() -> Vec<Case> {
    [
        ("tiny", json!({"side": "32px", "width": 8, "embedding": 16}), None),
        ("mobilefacenet", json!({"variant": "classic"}), Some((112, 112))),
        ("mobilefacenet", json!({"variant": "tface"}), Some((48, 48))),
        ("mobilefacenet", json!({"variant": "mxnet"}), Some((48, 48))),
        ("mobilefacenet", json!({"variant": "mbf"}), Some((48, 48))),
        ("mobilefacenet", json!({"variant": "mbf_large", "embedding": 32}), Some((32, 32))),
        ("iresnet", json!({"depth": 18, "embedding": 32}), Some((32, 32))),
        ("ir", json!({"depth": 18, "dropout": 0.0, "embedding": 32}), Some((32, 32))),
        ("ir", json!({"depth": 18, "se": true, "dropout": 0.0, "embedding": 32, "colour": "bgr"}), Some((32, 32))),
        ("ir", json!({"depth": 50, "form": "evolve", "se": true, "dropout": 0.0, "embedding": 32}), Some((32, 32))),
        ("ir", json!({"depth": 152, "dropout": 0.0, "embedding": 32}), Some((16, 16))),
        ("lightcnn", json!({"form": "9", "dropout": 0.0}), Some((32, 32))),
        ("lightcnn", json!({"form": "29", "dropout": 0.0}), Some((32, 32))),
        ("lightcnn", json!({"form": "29v2", "dropout": 0.0}), Some((32, 32))),
        ("lightcnn", json!({"form": "29_facex_zoo", "dropout": 0.0}), Some((32, 32))),
        ("vgg16", json!({"dropout": 0.0}), Some((32, 32))),
        ("spherenet", json!({"depth": 20, "embedding": 32}), Some((56, 48))),
        ("spherenet", json!({"depth": 64, "embedding": 32}), Some((32, 32))),
        ("resnet50", json!({}), Some((64, 64))),
        ("resnet50", json!({"se": true}), Some((64, 64))),
        ("hopenet", json!({}), Some((64, 64))),
        ("vit", json!({"size": "t", "width": 48, "depth": 3, "heads": 4, "patch": 16, "embedding": 32, "drop_path": 0.0}), None),
        ("vit", json!({"size": "t", "width": 48, "depth": 2, "heads": 4, "patch": 16, "drop_path": 0.0, "mask_ratio": 0.3}), None),
        ("deepid", json!({}), None),
        ("deepid", json!({"form": "deepid2"}), None),
        ("deepface", json!({"width": 4, "embedding": 32, "dropout": 0.0}), None),
    ]
    .into_iter()
    .enumerate()
    .map(|(at, (op, args, sides))| case(format!("{at}-{op}"), op, args, sides))
    .collect()
}

fn case(name: String, op: &'static str, args: Json, sides: Option<(i64, i64)>) -> Case {
    let mut whole = ddl::ops::complete(op, &args);
    whole["op"] = op.into();
    let backbone: Backbone = serde_json::from_value(whole).unwrap();
    let mut network = backbone.network().unwrap();
    if let Some(sides) = sides {
        resize(&mut network, sides);
    }
    Case { name, op, args, network }
}

/// Makes a network one of images of these sides: a window over the whole last map and a linear layer over all of it follow.
fn resize(network: &mut Network, sides: (i64, i64)) {
    (network.input.height, network.input.width) = sides;
    let mut shape = network.input_shape();
    for module in network.layers.iter_mut().flat_map(|layer| &mut layer.modules) {
        if let (Module::Linear(linear), Shape::Vector(numbers)) = (&mut *module, shape) {
            linear.input = numbers;
        } else if let (Module::Conv(conv), Shape::Map { height, .. }) = (&mut *module, shape)
            && conv.padding == 0
        {
            conv.kernel = conv.kernel.min(height);
        }
        shape = module.output(shape).unwrap();
    }
}

impl Case {
    fn has_norms(&self) -> bool {
        self.network.specs().iter().any(|spec| spec.role == Role::Buffer)
    }

    fn modes(&self) -> &'static [&'static str] {
        if self.has_norms() { &["eval", "train"] } else { &["eval"] }
    }

    /// How `torch.save` writes the weights: now, and once also as it did before 1.6.
    fn files(&self) -> &'static [&'static str] {
        if self.op == "tiny" { &["weights.pth", "legacy.pth"] } else { &["weights.pth"] }
    }

    /// Weights of which none is what a network starts with.
    fn weights(&self) -> State {
        let specs = self.network.specs();
        let first = State::initialise(&specs, SEED, Device::Cpu, Kind::Float).unwrap();
        let mut weights = State::new();
        for spec in specs {
            let old = first.get(&spec.name).unwrap();
            let noise = || normal(&format!("{} noise", spec.name), &spec.shape, Kind::Float);
            let new = if spec.name.ends_with("running_var") {
                old * (noise() * 0.3).exp()
            } else if matches!(spec.init, Init::Constant(_)) {
                old + noise() * 0.1
            } else {
                old.shallow_clone()
            };
            weights.insert(&spec.name, new, spec.role).unwrap();
        }
        weights
    }

    /// Images as bytes, `[n, height, width, 3]`. Multiples of 8: no grey value lies between two whole ones.
    fn pixels(&self) -> Vec<u8> {
        let input = self.network.input;
        let mut pixels = vec![0; IMAGES * (input.height * input.width * 3) as usize];
        Draw::new(SEED, "images").text(&self.name).stream().fill_bytes(&mut pixels);
        pixels.iter_mut().for_each(|value| *value &= 0xf8);
        pixels
    }

    /// What the sum of embeddings is weighed with, `[n, d]`.
    fn functional(&self) -> Tensor {
        normal("functional", &[IMAGES as i64, self.network.embedding().unwrap()], Kind::Double)
    }

    /// Puts down what PyTorch's side reads.
    fn hand_over(&self, weights: &State, folder: &Path) {
        std::fs::write(folder.join("weights.safetensors"), weights.to_bytes(&[("made by", "ddl")]).unwrap()).unwrap();
        let input = self.network.input;
        let mut given = State::new();
        let pixels = Tensor::from_data_size(&self.pixels(), &[IMAGES as i64, input.height, input.width, 3], Kind::Uint8);
        given.insert("pixels", pixels, Role::Buffer).unwrap();
        given.insert("functional", self.functional(), Role::Buffer).unwrap();
        if let Some(module @ Module::Hide(mask)) = self.network.layers[1].modules.first() {
            let drawn = Pass::training(Norms::Batch, noise()).drawn(module).unwrap();
            let shuffle = order(mask, IMAGES as i64, drawn).concat();
            given.insert("shuffle", Tensor::from_slice(&shuffle).view([IMAGES as i64, -1]), Role::Buffer).unwrap();
        }
        std::fs::write(folder.join("given.safetensors"), given.to_bytes(&[]).unwrap()).unwrap();
    }

    /// What ddl finds in a mode, under the names that PyTorch's side gives.
    fn found(&self, weights: &State, mode: &str) -> State {
        let state = weights.to(Device::Cpu, Kind::Double).unwrap().copy().unwrap();
        state.require_gradients(|_| true).unwrap();
        let images = self.network.input.tensor(&self.pixels(), Device::Cpu, Kind::Double).unwrap().set_requires_grad(true);
        let pass = if mode == "train" { Pass::training(Norms::Batch, noise()) } else { Pass::judging() };
        let embedding = self.network.forward(&state, &images, &pass).unwrap();
        (&embedding * self.functional()).sum(Kind::Double).backward();
        let mut found = State::new();
        let mut add = |name: String, tensor: Tensor| found.insert(&format!("{mode}.{name}"), tensor.detach(), Role::Buffer).unwrap();
        add("embedding".to_owned(), embedding);
        // PyTorch's networks see colours by their deviations where ours divide by them first
        let gradient = images.grad();
        let seen = if let Module::Rescale { factors } = &self.network.layers[0].modules[0] {
            gradient / Tensor::from_slice(factors).view([1, -1, 1, 1])
        } else {
            gradient
        };
        add("input".to_owned(), seen);
        for (name, entry) in state.iter() {
            match entry.role {
                Role::Parameter if !entry.tensor.grad().defined() => {} // what stands for tokens that nothing hides
                Role::Parameter => add(format!("gradient.{name}"), entry.tensor.grad()),
                Role::Buffer if mode == "train" => add(format!("after.{name}"), entry.tensor.shallow_clone()),
                Role::Buffer | Role::Fixed => {}
            }
        }
        found
    }

    fn all_found(&self, weights: &State) -> State {
        let mut all = State::new();
        self.modes().iter().for_each(|mode| all.absorb("", &self.found(weights, mode)).unwrap());
        all
    }

    /// What PyTorch's side found is what ddl found.
    fn compare(&self, ours: &State, folder: &Path) {
        let theirs = State::from_bytes(&std::fs::read(folder.join("found.safetensors")).unwrap()).unwrap();
        let names = |state: &State| state.names().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(names(ours), names(&theirs), "{}", self.name);
        let largest = |tensor: &Tensor| tensor.abs().max().double_value(&[]);
        let gradients = ours.iter().filter(|(name, _)| name.contains(".gradient.")).map(|(_, entry)| largest(&entry.tensor));
        let floor = NOTHING * gradients.fold(0.0, f64::max);
        for (name, entry) in ours.iter() {
            let theirs = theirs.get(name).unwrap();
            assert_eq!(entry.tensor.size(), theirs.size(), "{} {name}", self.name);
            let scale = largest(&entry.tensor);
            let scale = if name.contains(".gradient.") { scale.max(floor) } else { scale };
            let off = largest(&(&entry.tensor - theirs)) / scale;
            assert!(off < NEAR, "{} {} {name}: {off:e} of {scale:e}", self.name, self.args);
        }
    }

    /// The weights come back from PyTorch's files, each tensor with its bits.
    fn reads_back(&self, weights: &State, folder: &Path) {
        let specs = self.network.specs();
        for file in self.files() {
            let read = State::from_weights(&std::fs::read(folder.join(file)).unwrap()).unwrap();
            let (taken, account) = State::adopt(&specs, &read, &NameMap::default()).unwrap_or_else(|why| panic!("{}: {why}", self.name));
            assert_eq!((account.taken, account.ignored.len()), (specs.len(), self.network.tensors() - specs.len()), "{}", self.name);
            for (name, entry) in weights.iter() {
                let back = taken.get(name).unwrap();
                assert_eq!((entry.tensor.kind(), &entry.tensor), (back.kind(), back), "{} {file} {name}", self.name);
            }
        }
    }

    fn told(&self, folder: &Path) -> Json {
        let input = self.network.input;
        let sides = [input.height, input.width];
        json!({ "op": self.op, "args": self.args, "sides": sides, "modes": self.modes(), "files": self.files(), "folder": folder })
    }
}

fn normal(name: &str, shape: &[i64], kind: Kind) -> Tensor {
    let spec = Spec { name: name.to_owned(), shape: shape.to_vec(), role: Role::Buffer, init: Init::Normal { sd: 1.0 } };
    State::initialise(&[spec], SEED, Device::Cpu, kind).unwrap().remove(name).unwrap().tensor
}

/// The name of the step.
fn noise() -> Draw {
    Draw::new(SEED, "noise")
}

/// PyTorch's side.
struct Peer {
    process: Child,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/torch/round_trip.py");
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut process = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        Peer { process, answers }
    }

    /// Begins a network. What is wrong is said by [`Peer::finish`].
    fn begin(&mut self, told: &Json) {
        let _ = writeln!(self.process.stdin.as_mut().unwrap(), "{told}");
    }

    /// Waits for the network's end; whether PyTorch is there at all.
    fn finish(&mut self) -> bool {
        if let Some(answer) = self.answers.next() {
            assert_eq!(answer.unwrap(), "done");
            return true;
        }
        let code = self.process.wait().unwrap().code();
        assert_eq!(code, Some(NO_TORCH), "PyTorch's side failed, see above");
        false
    }

    fn end(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

#[test]
fn every_family_is_the_network_of_the_public_code() {
    let (mut peer, cases) = (Peer::start(), cases());
    let families: BTreeSet<&str> = Backbone::decls().iter().map(|decl| decl.name).collect();
    assert_eq!(cases.iter().map(|case| case.op).collect::<BTreeSet<_>>(), families);
    for case in cases {
        let (folder, weights) = (tempfile::tempdir().unwrap(), case.weights());
        case.hand_over(&weights, folder.path());
        peer.begin(&case.told(folder.path()));
        let ours = case.all_found(&weights); // while PyTorch is at it
        if !peer.finish() {
            println!("skipped: Python's torch is not there");
            return;
        }
        case.compare(&ours, folder.path());
        case.reads_back(&weights, folder.path());
    }
    peer.end();
}
