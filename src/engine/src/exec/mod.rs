//! Walks a plan: what the store has is skipped, the rest is computed as soon as its inputs are there, events tell what happens.
//!
//! ```text
//! walk      which node is computed when, and on which thread
//! common    what all threads of a run use: the store, the tables, the events
//! stages features pooling models    nodes of libtorch, one after the other on the main thread
//! shared    what judged models have in common, computed once
//! judging   judgements, side by side
//! said      what observers say of images, beside them
//! progress  how far work is that has no events of its own
//! ```

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes of tensors, which libtorch counts in i64")]

mod check;
mod common;
mod features;
mod judging;
mod models;
mod pooling;
mod progress;
mod said;
mod shared;
mod stages;
mod walk;

use crate::failures;
use crate::model::Model;
use crate::nn::embed::{Workers, threads};
use crate::train::{Banks, Loading, TrainError};
use common::Common;
use ddl::data::loader::{ImageCache, Threads};
use ddl::data::probe::ProbeCache;
use ddl::diag::Code;
use ddl::events::record;
use ddl::events::{Event, Failure, Machine, Recorder, Sink};
use ddl::graph::ContentKey;
use ddl::inputs::embedded::NotInFile;
use ddl::inputs::tables::{TableError, Tables};
use ddl::job::{Device, Job};
use ddl::lang::value::NodeId;
use ddl::ops::node::Node;
use ddl::plan::PlanError;
use ddl::quantity::Bytes;
use ddl::store::{Artifact, Store, StoreError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Decoded images are kept up to this size.
const IMAGE_CACHE: Bytes = Bytes(2 << 30);
/// Models that are kept while a run goes on.
const MODELS_KEPT: usize = 4;

/// Why a run ends before its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Something went wrong at a node, or at none.
    Failed(Option<String>, Failure),
    /// The run was asked to stop; the stage that was running, with the step of its checkpoint.
    Interrupted(Option<(String, u64)>),
    /// This input of a node is no longer in the store, or was damaged: it must be computed first.
    Missing(NodeId),
}

macro_rules! halts {
    ($($error:ty, |$it:ident| $failure:expr;)*) => {$(
        impl From<$error> for Halt {
            fn from($it: $error) -> Self {
                Halt::Failed(None, $failure)
            }
        }
    )*};
}

halts! {
    Failure, |it| it;
    StoreError, |it| it.into();
    PlanError, |it| failures::plan(&it);
    crate::nn::NnError, |it| failures::nn(&it);
    ddl::nets::NetError, |it| failures::nn(&it.into());
    crate::nn::state::StateError, |it| failures::state(&it);
    tch::TchError, |it| failures::torch(&it.to_string());
    ddl::eval::EvalError, |it| failures::eval(&it);
}

impl From<TableError> for Halt {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Unsaid { said, .. } => Halt::Missing(said),
            error => Halt::Failed(None, failures::table(&error)),
        }
    }
}

impl From<NotInFile> for Halt {
    fn from(error: NotInFile) -> Self {
        match error {
            NotInFile::Table(error) => error.into(),
            NotInFile::Failure(failure) => failure.into(),
        }
    }
}

/// A run. Its own fields belong to the main thread, where libtorch computes.
pub(crate) struct Exec<'a> {
    common: Common<'a>,
    device: tch::Device,
    images: Arc<ImageCache>,
    workers: Workers,
    loaders: Threads,
    banks: Banks,
    models: RefCell<BTreeMap<ContentKey, Rc<Model>>>,
    fronts: RefCell<shared::Fronts>,
}

impl<'a> Deref for Exec<'a> {
    type Target = Common<'a>;
    fn deref(&self) -> &Common<'a> {
        &self.common
    }
}

/// Runs a job; the last event says how it ended, the result is the process's exit code.
pub fn run(job: &Job, events: &dyn Sink, stop: &AtomicBool) -> i32 {
    let started = Instant::now();
    let ended = progress::reporting(events, || Exec::start(job, events, stop).and_then(|exec| exec.walk(started)));
    match ended {
        Ok(done) => {
            events.emit(done);
            ddl::job::exit::DONE
        }
        Err(Halt::Failed(node, failure)) => {
            events.emit(Event::Failed { node, failure });
            ddl::job::exit::FAILED
        }
        Err(Halt::Interrupted(at)) => {
            events.emit(Event::Interrupted { at });
            ddl::job::exit::INTERRUPTED
        }
        Err(Halt::Missing(id)) => {
            // the walk computes what is missing; a result that comes and goes again ends the run
            let node = Some(job.plan.node(id).name.clone());
            let failure = Failure::new(Code::DamagedArtifact, "its result is not in the store").help("run the same command again");
            events.emit(Event::Failed { node, failure });
            ddl::job::exit::FAILED
        }
    }
}

/// Where tensors lie.
pub(crate) fn device(wanted: Device) -> Result<tch::Device, Failure> {
    match wanted {
        Device::Cpu => Ok(tch::Device::Cpu),
        Device::Cuda(number) => {
            let count = if tch::Cuda::is_available() { tch::Cuda::device_count().max(0) as usize } else { 0 };
            if number < count {
                return Ok(tch::Device::Cuda(number));
            }
            let found =
                if count == 0 { "libtorch finds no graphics card".to_owned() } else { format!("there are {count}, counted from 0") };
            Err(Failure::new(Code::NoCuda, format!("{wanted} was asked for, and {found}"))
                .help("run with --device cpu, or with a libtorch that was built for your card"))
        }
    }
}

impl<'a> Exec<'a> {
    fn start(job: &'a Job, events: &'a dyn Sink, stop: &'a AtomicBool) -> Result<Self, Halt> {
        let device = device(job.device)?;
        if job.threads == Some(0) || job.loaders == Some(0) {
            return Err(Failure::new(Code::BadJob, "a run needs at least one thread").help("--threads 1").into());
        }
        if let Some(threads) = job.threads {
            tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
            // an earlier pool of this process stays: the number of threads changes no result
            let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        }
        let store = Store::open(&job.store)?;
        let probes = ProbeCache::in_folder(job.store.join("probes")).expecting(&job.contents);
        let images = Arc::new(ImageCache::new(IMAGE_CACHE).as_probed());
        let tables = Tables::new(&job.plan, &job.paths, probes);
        let machine = Machine {
            ddl: env!("CARGO_PKG_VERSION").to_owned(),
            libtorch: crate::LIBTORCH.to_owned(),
            device: job.device.to_string(),
            threads: threads(),
            cpu: record::cpu(),
        };
        let common = Common { job, tables, store, events: Recorder::new(events, machine), stop };
        Ok(Exec {
            common,
            device,
            images,
            workers: Workers::new(threads())?,
            loaders: Threads::new(job.loaders.unwrap_or_else(threads))
                .map_err(|error| Failure::new(Code::EngineFailed, error.to_string()))?,
            banks: Banks::default(),
            models: RefCell::default(),
            fronts: RefCell::default(),
        })
    }

    /// How images are loaded.
    fn loading(&self) -> Loading {
        Loading { images: Arc::clone(&self.images), threads: self.loaders.clone() }
    }

    fn walk(&self, started: Instant) -> Result<Event, Halt> {
        let due = ddl::store::due::due(&self.job.plan, &self.store, &self.job.only, &self.job.again)?;
        self.events.emit(Event::RunStarted {
            machine: self.events.machine().clone(),
            at: record::now(),
            pid: std::process::id(),
            due: due.compute.iter().map(|id| self.name(*id).to_owned()).collect(),
            stored: due.stored.len(),
        });
        for id in &due.stored {
            self.events.emit(Event::NodeSkipped { node: self.name(*id).to_owned(), op: self.job.plan.node(*id).op.to_string() });
            self.tidy(*id)?;
        }
        self.check_weights(&due.compute)?;
        self.check_data(&due.compute)?;
        walk::all(self, &due.compute)?;
        let seconds = started.elapsed().as_secs_f64();
        Ok(Event::Done { computed: due.compute.len(), stored: due.stored.len(), seconds })
    }

    /// Takes away the checkpoints of a result: a run may have been killed after it wrote the one, and before it took away the others.
    fn tidy(&self, id: NodeId) -> Result<(), Halt> {
        let key = self.job.plan.node(id).key;
        let checkpoints = self.store.checkpoints(key);
        // who holds the lock computes it again, and needs them
        if checkpoints.folder().exists()
            && let Some(_lock) = self.store.lock(key, || false)?
        {
            checkpoints.clear()?;
        }
        Ok(())
    }

    /// Computes a node whose inputs are there, on this thread.
    fn compute(&self, id: NodeId) -> Result<Artifact, Halt> {
        while let Err(halt) = self.common.hear(id) {
            let Halt::Missing(input) = halt else { return Err(halt) };
            self.compute(input)?;
        }
        self.common.report(id, || match self.job.plan.work(id)? {
            Node::Train(it) => self.train(id, it),
            Node::Chosen(it) => self.chosen(id, it),
            Node::Averaged(it) => self.averaged(id, it),
            Node::Started(it) => self.started(id, it),
            Node::Features(it) => self.features(id, it),
            Node::Measured(it) => self.measured(id, it),
            Node::Pooled(it) => self.pooling(id, it),
            Node::Judge(_) | Node::Said(_) => self.beside_here(id),
            _ => {
                let op = &self.job.plan.node(id).op;
                let failure = Failure::new(Code::BadJob, format!("the engine has no kernel for `{op}`"));
                Err(failure.help("the plan was made by another version of ddl").into())
            }
        })
    }

    /// What needs no libtorch, on this thread; what it misses is computed first.
    fn beside_here(&self, id: NodeId) -> Result<Artifact, Halt> {
        loop {
            match self.common.beside(id) {
                Err(Halt::Missing(input)) => drop(self.compute(input)?),
                other => return other,
            }
        }
    }

    /// The result of a node that was computed before; if it turns out to be damaged or gone, it is computed again with what it needs.
    fn artifact(&self, id: NodeId) -> Result<Artifact, Halt> {
        match self.common.artifact(id) {
            Err(Halt::Missing(missing)) => self.compute(missing),
            other => other,
        }
    }
}

/// How a stage's error ends the run.
fn halted(name: &str, error: TrainError) -> Halt {
    match error {
        TrainError::Interrupted { step } => Halt::Interrupted(Some((name.to_owned(), step))),
        other => Halt::Failed(None, other.into()),
    }
}
