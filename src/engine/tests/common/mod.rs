//! A recipe, run by the engine's own program in a folder of its own.
#![allow(dead_code)] // not every test file uses all of it

#[path = "../../../../tests/cli/shell.rs"]
pub mod shell;

use ddl::compile::{Options, compile};
use ddl::events::{Event, read};
use ddl::job::{CheckpointEvery, Device, Job};
use ddl::lang::value::NodeId;
use ddl::plan::Plan;
use ddl::source::Memory;
use ddl::store::{Artifact, Found, Judged, Store};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// Faces, a network and a protocol, for recipes of a few lines.
pub const COMMON: &str = "ddl 1
dataset faces = synthetic_faces(identities = 16, images = 6, size = 32px, yaw = -60deg..60deg)
let people = faces |> split({train = 75%, test = 25%}, by = .identity)
dataset easy = people.train |> where(abs(.yaw) < 30deg)
dataset hard = people.train |> where(abs(.yaw) >= 30deg)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
head arc = arcface(scale = 16, margin = 0.2rad)
let slow = sgd(lr = 0.05, momentum = 0.9, weight_decay = 5e-4)
eval ver = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 20))
";

/// `ddl`, which stands beside this engine, and this engine.
pub fn programs() -> shell::Programs {
    let engine = PathBuf::from(env!("CARGO_BIN_EXE_ddl-engine"));
    shell::Programs { ddl: engine.with_file_name("ddl"), engine: Some(engine) }
}

/// A recipe, and where it is run.
pub struct Run {
    pub folder: tempfile::TempDir,
    pub job: Job,
}

/// A run that goes on.
pub struct Started {
    pub child: Child,
    events: tempfile::NamedTempFile,
}

impl Started {
    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let code = self.child.wait().unwrap().code();
        let events = read(BufReader::new(self.events.reopen().unwrap())).map(Result::unwrap).collect();
        Ended { code, events }
    }
}

/// How a run ended.
pub struct Ended {
    pub code: Option<i32>,
    pub events: Vec<Event>,
}

impl Run {
    pub fn new(recipe: &str) -> Self {
        let text = format!("{COMMON}{recipe}\n");
        let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
        let errors: Vec<String> = compiled.diagnostics.iter().map(ToString::to_string).filter(|it| it.starts_with("error")).collect();
        assert!(errors.is_empty(), "{errors:?}");
        Run::of(compiled.plan(), compiled.paths)
    }

    pub fn of(plan: Plan, paths: ddl::plan::Paths) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let job = Job {
            plan,
            paths,
            contents: Vec::new(),
            device: Device::Cpu,
            threads: Some(1),
            loaders: Some(1),
            eval_batch: None,
            store: folder.path().join("store"),
            out: folder.path().join("out"),
            only: Vec::new(),
            again: Vec::new(),
            checkpoint: CheckpointEvery { seconds: 1e9, steps: Some(2) },
        };
        Run { folder, job }
    }

    pub fn job_file(&self) -> PathBuf {
        let file = self.folder.path().join("job.json");
        std::fs::write(&file, serde_json::to_vec(&self.job).unwrap()).unwrap();
        file
    }

    /// Starts the engine; its events go to a file, which never fills up as a pipe does.
    pub fn start(&self) -> Started {
        let events = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ddl-engine"));
        let child = command.arg("run").arg(self.job_file()).stdout(events.reopen().unwrap()).spawn().unwrap();
        Started { child, events }
    }

    pub fn run(&self) -> Ended {
        self.start().end()
    }

    pub fn store(&self) -> Store {
        Store::open(&self.job.store).unwrap()
    }

    pub fn node(&self, name: &str) -> NodeId {
        let found = self.job.plan.iter().find(|(_, node)| node.name == name);
        found.unwrap_or_else(|| panic!("no {name} among {:?}", self.job.plan.nodes.iter().map(|it| &it.name).collect::<Vec<_>>())).0
    }

    pub fn artifact(&self, id: NodeId) -> Artifact {
        match self.store().get(self.job.plan.node(id).key).unwrap() {
            Found::Whole(artifact) => artifact,
            other @ (Found::Absent | Found::Damaged(_)) => panic!("{other:?}"),
        }
    }

    /// The bytes of a stage's model.
    pub fn model(&self, name: &str) -> Vec<u8> {
        self.artifact(self.node(name)).read("model.safetensors").unwrap()
    }

    /// Every judgement, by its place in the plan.
    pub fn judged(&self) -> Vec<(NodeId, Judged)> {
        let judges = self.job.plan.iter().filter(|(_, node)| node.op == "judge").map(|(id, _)| id);
        judges.map(|id| (id, Judged::read(&self.artifact(id)).unwrap())).collect()
    }
}

impl Ended {
    /// The code of the failure that ended it.
    pub fn failure(&self) -> Option<&ddl::events::Failure> {
        self.events.iter().find_map(|event| if let Event::Failed { failure, .. } = event { Some(failure) } else { None })
    }

    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{:?}", self.failure());
        assert!(matches!(self.events.last(), Some(Event::Done { .. })), "{:?}", self.events.last());
        self
    }

    #[track_caller]
    pub fn failed(&self, code: &str) -> String {
        let failure = self.failure().unwrap_or_else(|| panic!("it did not fail: {:?}", self.events.last()));
        assert_eq!((failure.code.as_str(), self.code), (code, Some(1)), "{failure}");
        failure.to_string()
    }
}

/// Waits until something is so.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(120), "{what} does not come");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Sends a signal to a process: `-INT`, `-KILL`.
pub fn signal(name: &str, pid: &str) {
    assert!(Command::new("kill").args([name, pid]).status().unwrap().success());
}
