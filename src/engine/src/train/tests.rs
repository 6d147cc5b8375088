//! The trainer on drawn faces and the tiny network.

mod accumulate;
mod distil;
mod every;
mod extended;
mod layers;
mod methods;
mod mutual;
mod plays;
mod resume;
mod sets;
mod steps;

use super::{Banks, Group, Loading, Stage, Surroundings, TrainError, Trained, Trainee, run};
use crate::model::Model;
use crate::nn::embed::{Workers, threads};
use ddl::compile::{Options, compile};
use ddl::data::loader::ImageCache;
use ddl::data::probe::ProbeCache;
use ddl::events::{Collected, Event, Machine, Recorder, Sink};
use ddl::inputs::tables::Tables;
use ddl::job::CheckpointEvery;
use ddl::lang::value::NodeId;
use ddl::ops::refs::ModelRef;
use ddl::ops::stages::Train;
use ddl::plan::{Paths, Plan};
use ddl::quantity::Bytes;
use ddl::source::Memory;
use ddl::store::{Judged, Store};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tch::Device;

/// Faces, parts of them, and a network, for recipes of one line.
const COMMON: &str = "ddl 1
dataset faces = synthetic_faces(identities = 12, images = 6, size = 32px, yaw = -60deg..60deg)
dataset easy = faces |> where(abs(.yaw) < 30deg)
dataset hard = faces |> where(abs(.yaw) >= 30deg)
dataset small = faces |> apply(low_resolution(side = 8px..16px), versions = 2)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
head arc = arcface(scale = 16, margin = 0.2rad)
let slow = sgd(lr = 0.05, momentum = 0.9, weight_decay = 5e-4)
eval ver = verification(faces, pairs = random_pairs(folds = 2, per_fold = 20))
";

/// A recipe whose last stage is `s`, and where it is trained.
pub struct Bench {
    plan: Plan,
    folder: tempfile::TempDir,
    every: CheckpointEvery,
    /// Stops the run when so many steps were taken.
    stop_after: Option<u64>,
    events: Collected,
    judgement: fn(u64) -> f64,
    group: Group,
}

/// Sets a flag when enough steps are seen.
struct Stopper<'a> {
    to: &'a Collected,
    flag: &'a AtomicBool,
    after: Option<u64>,
}

impl Sink for Stopper<'_> {
    fn emit(&self, event: Event) {
        if let (Event::Checkpoint { step, .. }, Some(after)) = (&event, self.after)
            && *step >= after
        {
            self.flag.store(true, Ordering::Relaxed);
        }
        self.to.emit(event);
    }
}

impl Bench {
    pub fn new(recipe: &str) -> Self {
        Bench::of(&format!("{COMMON}{recipe}"))
    }

    /// A whole recipe.
    fn of(text: &str) -> Self {
        let text = format!("{text}\nexport out = safetensors(s, to = \"s.safetensors\")\n");
        let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
        let errors: Vec<String> = compiled.diagnostics.iter().map(ToString::to_string).filter(|it| it.starts_with("error")).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let every = CheckpointEvery { seconds: 1e9, steps: None };
        let folder = tempfile::tempdir().unwrap();
        Bench {
            plan: compiled.plan(),
            folder,
            every,
            stop_after: None,
            events: Collected::default(),
            judgement: |_| 0.0,
            group: Group::default(),
        }
    }

    /// A checkpoint every so many steps.
    pub fn every(mut self, steps: u64) -> Self {
        self.every.steps = Some(steps);
        self
    }

    /// Asked to stop after a checkpoint of at least this step.
    pub fn stop_after(mut self, step: Option<u64>) -> Self {
        self.stop_after = step;
        self
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.events()
    }

    pub fn store(&self) -> Store {
        Store::open(self.folder.path().join("store")).unwrap()
    }

    pub fn node(&self, name: &str) -> NodeId {
        self.plan.iter().find(|(_, node)| node.name == name).unwrap_or_else(|| panic!("no {name}")).0
    }

    /// The model that stages start from, if they name none.
    pub fn fresh(&self) -> Model {
        self.fresh_of(self.node("net"))
    }

    /// The backbone that a model was made of, with its first tensors.
    fn fresh_of(&self, node: NodeId) -> Model {
        Model::new(&self.plan.made(node).unwrap(), None, Device::Cpu).unwrap()
    }

    /// The model that a stage starts from, with its first tensors; of several, the first.
    pub fn source_of(&self, stage: &str) -> Model {
        let train: &Train = self.plan.get(self.node(stage)).unwrap();
        self.fresh_of(train.model.all()[0].1.node)
    }

    /// The model of a teacher: a network with its first tensors, or a stage, trained to its end.
    fn teacher(&self, node: NodeId) -> Rc<Model> {
        let of = self.plan.node(node);
        let fresh = self.fresh_of(node);
        Rc::new(if of.op == "train" { self.train_stage(&of.name, &fresh, BTreeMap::new(), None).unwrap().models.remove(0) } else { fresh })
    }

    pub fn train(&self) -> Result<Trained, TrainError> {
        self.train_from("s", &self.fresh())
    }

    pub fn train_from(&self, stage: &str, source: &Model) -> Result<Trained, TrainError> {
        let train: &Train = self.plan.get(self.node(stage)).unwrap();
        let teacher = |node| (node, self.teacher(node));
        self.train_stage(stage, source, super::teachers(train).into_iter().map(teacher).collect(), self.stop_after)
    }

    /// Trains `s` with these teachers.
    pub fn train_with(&self, source: &Model, teachers: BTreeMap<NodeId, Rc<Model>>) -> Result<Trained, TrainError> {
        self.train_stage("s", source, teachers, self.stop_after)
    }

    fn train_stage(
        &self,
        stage: &str,
        source: &Model,
        teachers: BTreeMap<NodeId, Rc<Model>>,
        stop_after: Option<u64>,
    ) -> Result<Trained, TrainError> {
        let (store, paths, banks, flag) = (self.store(), Paths::new(), Banks::default(), AtomicBool::new(false));
        let workers = Workers::new(threads()).unwrap();
        let tables = Tables::new(&self.plan, &paths, ProbeCache::none());
        let node = self.node(stage);
        let train: &Train = self.plan.get(node).unwrap();
        let events = Stopper { to: &self.events, flag: &flag, after: stop_after };
        let machine = Machine { ddl: String::new(), libtorch: String::new(), device: "cpu".to_owned(), threads: 1, cpu: String::new() };
        let events = Recorder::new(&events, machine);
        let around = Surroundings {
            device: Device::Cpu,
            group: self.group,
            store: &store,
            made_of: &ddl::store::due::origins(&self.plan, &store, node),
            loading: Loading { images: Arc::new(ImageCache::new(Bytes(64 << 20))), threads: ddl::data::loader::Threads::new(1).unwrap() },
            workers: &workers,
            banks: &banks,
            every: self.every,
            events: &events,
            interrupted: &flag,
        };
        let calls = std::cell::Cell::new(0);
        let judge = |_: &Model, _: NodeId| {
            calls.set(calls.get() + 1);
            Ok(judged((self.judgement)(calls.get())))
        };
        let trainee = |(name, model): (&str, ModelRef)| {
            let source = if name.is_empty() { source.clone() } else { self.fresh_of(model.node) };
            Trainee { name: name.to_owned(), node: model.node, source: Rc::new(source) }
        };
        let nets: Vec<Trainee> = train.model.all().into_iter().map(trainee).collect();
        run(&Stage { node, train, tables: &tables, nets: &nets, teachers: &teachers, around: &around, judge: &judge })
    }
}

/// A judgement whose gap is `gap`.
fn judged(gap: f64) -> Judged {
    use ddl::eval::{PairScores, Pairs};
    let pairs = Pairs::new(vec![0; 4], vec![true, true, false, false], PairScores::Cosine(vec![gap, gap, 0.0, 0.0])).unwrap();
    Judged {
        rule: ddl::ops::evals::AccuracyRule::Insightface,
        far: ddl::eval::FarRule::Conservative,
        threshold: None,
        scores: ddl::store::Scores::Pairs(pairs),
        listed: 4,
        dropped: 0,
        parted: ddl::eval::Parted::default(),
    }
}

/// All bits of a model.
pub fn bits(model: &Model) -> Vec<u8> {
    model.to_files().unwrap().0
}

/// The largest difference of two models' network tensors.
pub fn distance(a: &Model, b: &Model) -> f64 {
    a.state.iter().map(|(name, entry)| (&entry.tensor - b.state.get(name).unwrap()).abs().max().double_value(&[])).fold(0.0, f64::max)
}
