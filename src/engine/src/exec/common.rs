//! What every thread of a run uses: the job, its data, the store, the events. Nothing here touches libtorch.

use super::Halt;
use ddl::diag::Code;
use ddl::events::record::{self, RECORD};
use ddl::events::{Event, Failure, Recorder, Sink as _};
use ddl::inputs::tables::Tables;
use ddl::job::Job;
use ddl::lang::value::NodeId;
use ddl::store::due::{self, looked_at};
use ddl::store::{Artifact, Draft, Found, NodeLock, Origins, Store};
use serde_json::Value as Json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What became of the wish to compute a node.
pub enum Begun {
    /// Its result is there: another process made it meanwhile.
    Made(Artifact),
    /// It is to be computed, by this process alone.
    Due(Work),
}

/// A node that is being computed.
pub struct Work {
    id: NodeId,
    lock: NodeLock,
    /// What lay in the store before any of it was read: where that changes meanwhile, the result is of what is gone, and says so.
    made_of: Origins,
}

impl Work {
    /// A result to be written.
    pub fn draft(&self) -> Result<Draft, Halt> {
        let mut draft = self.lock.draft()?;
        draft.made_of(self.made_of.clone());
        Ok(draft)
    }

    /// What it is made of.
    pub fn made_of(&self) -> &Origins {
        &self.made_of
    }
}

/// What every thread of a run uses.
pub struct Common<'a> {
    /// What is asked for.
    pub job: &'a Job,
    /// The plan's data.
    pub tables: Tables<'a>,
    /// Where results lie.
    pub store: Store,
    /// Where events go; what belongs to a result is kept with it.
    pub events: Recorder<'a>,
    /// Set when the run shall end: it was asked to, or a node failed.
    pub stop: &'a AtomicBool,
}

impl Common<'_> {
    /// What the plan calls a node.
    pub fn name(&self, id: NodeId) -> &str {
        &self.job.plan.node(id).name
    }

    /// Ends what goes on where the run was asked to stop.
    pub fn halt_if_asked(&self) -> Result<(), Halt> {
        if self.stop.load(Ordering::Relaxed) { Err(Halt::Interrupted(None)) } else { Ok(()) }
    }

    /// Tells that a node begins, computes it, and tells that it is done. A failure without a name gets the node's.
    pub fn report(&self, id: NodeId, compute: impl FnOnce() -> Result<Artifact, Halt>) -> Result<Artifact, Halt> {
        self.halt_if_asked()?;
        let node = self.job.plan.node(id);
        let begun = Instant::now();
        self.events.emit(Event::NodeStarted { node: node.name.clone(), op: node.op.to_string(), at: record::now() });
        let artifact = compute().map_err(|halt| match halt {
            Halt::Failed(None, failure) => Halt::Failed(Some(node.name.clone()), failure),
            other @ (Halt::Failed(Some(_), _) | Halt::Interrupted(_) | Halt::Missing(_)) => other,
        })?;
        self.events.emit(Event::NodeFinished {
            node: node.name.clone(),
            op: node.op.to_string(),
            seconds: begun.elapsed().as_secs_f64(),
            bytes: artifact.bytes(),
        });
        Ok(artifact)
    }

    /// Takes a node's lock, and gives its result where another process made it meanwhile.
    pub fn begin(&self, id: NodeId) -> Result<Begun, Halt> {
        let plan = &self.job.plan;
        let node = plan.node(id);
        let mut warned = false;
        let wait = || {
            if !warned {
                warned = true;
                let message = format!("another run computes `{}`; this one waits for it", node.name);
                self.events.emit(Event::Warning { node: None, failure: Failure::new(Code::Waiting, message) });
            }
            !self.stop.load(Ordering::Relaxed)
        };
        let lock = self.store.lock(node.key, wait)?.ok_or(Halt::Interrupted(None))?;
        let is_current = |artifact: &Artifact| due::otherwise(plan, &self.store, id, artifact.manifest().made_of.as_ref()).is_empty();
        if !due::is_asked_for(&self.job.again, &node.name) {
            match self.store.get(node.key)? {
                Found::Whole(artifact) if is_current(&artifact) => return Ok(Begun::Made(artifact)),
                Found::Whole(_) | Found::Absent => {}
                Found::Damaged(damage) => self.damaged(damage.to_string()),
            }
        }
        Ok(Begun::Due(Work { id, lock, made_of: due::origins(plan, &self.store, id) }))
    }

    /// Makes the result of a node, unless another process made it meanwhile. `fill` writes the files and gives what the result says of
    /// itself.
    pub fn make(&self, id: NodeId, fill: impl FnOnce(&mut Draft) -> Result<Json, Halt>) -> Result<Artifact, Halt> {
        let work = match self.begin(id)? {
            Begun::Made(artifact) => return Ok(artifact),
            Begun::Due(work) => work,
        };
        let mut draft = work.draft()?;
        let meta = fill(&mut draft)?;
        self.commit(&work, draft, meta)
    }

    /// Makes a draft the result of a node, with the record of how it was computed.
    pub fn commit(&self, work: &Work, mut draft: Draft, meta: Json) -> Result<Artifact, Halt> {
        let plan = &self.job.plan;
        let (node, data) = (plan.node(work.id), looked_at(plan, &[work.id]));
        let data: Vec<&str> = data.iter().map(|id| self.name(*id)).collect();
        draft.write_json(RECORD, &self.events.record(&node.name, &data))?;
        Ok(work.lock.commit(draft, &node.op, &node.name, meta)?)
    }

    /// The result of a node that was computed before.
    ///
    /// # Errors
    /// [`Halt::Missing`], after a warning, if it turns out to be damaged or gone.
    pub fn artifact(&self, id: NodeId) -> Result<Artifact, Halt> {
        let node = self.job.plan.node(id);
        match self.store.get(node.key)? {
            Found::Whole(artifact) => return Ok(artifact),
            Found::Damaged(damage) => self.damaged(damage.to_string()),
            Found::Absent => self.damaged(format!("the result of `{}` is no longer in the store", node.name)),
        }
        Err(Halt::Missing(id))
    }

    /// Moves a result out of the way that does not fit what it is used with: it is computed again.
    pub fn unfit(&self, id: NodeId, message: String) -> Result<Halt, Halt> {
        self.damaged(message);
        self.store.set_aside(self.job.plan.node(id).key)?;
        Ok(Halt::Missing(id))
    }

    fn damaged(&self, message: String) {
        let failure = Failure::new(Code::DamagedArtifact, message).help("it is computed again");
        self.events.emit(Event::Warning { node: None, failure });
    }
}
