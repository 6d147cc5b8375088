//! What the front reads of results. A file that is not what was written moves its result out of the way, and the run computes it again.

use crate::cli::outcome::{Stop, stored};
use crate::diag::Code;
use crate::events::Failure;
use crate::lang::value::NodeId;
use crate::plan::Plan;
use crate::store::due::{Due, roots};
use crate::store::{Artifact, Judged, Store, StoreError};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Reads results of a plan's nodes and remembers which of them are damaged. What the store holds of nodes that nobody asked for is not
/// there: what a run says hangs on what it was asked for, not on what ran before. Nor is what was made of others than lie there now.
pub(crate) struct Reading<'r> {
    plan: &'r Plan,
    store: &'r Store,
    asked: BTreeSet<NodeId>,
    /// Those that tell of what is gone.
    stale: BTreeSet<NodeId>,
    damaged: RefCell<Vec<Failure>>,
}

impl<'r> Reading<'r> {
    /// Nothing is read yet. `only` are the results that are asked for by name; without any all are. `due` is what the store lacks of them now.
    pub(crate) fn new(plan: &'r Plan, store: &'r Store, only: &[String], due: &Due) -> Self {
        let stale = due.stale.union(&due.doubtful).copied().collect();
        Reading { plan, store, asked: plan.behind(roots(plan, only)), stale, damaged: RefCell::default() }
    }

    /// Whether a node is asked for, or needed for one that is.
    pub(crate) fn is_asked_for(&self, id: NodeId) -> bool {
        self.asked.contains(&id)
    }

    /// A judgement; `None` when the store has none, or a damaged one.
    pub(crate) fn judged(&self, id: NodeId) -> Result<Option<Judged>, Stop> {
        self.with(id, Judged::read)
    }

    /// A file of a node's result; `None` when the store has no such file, or the result is damaged.
    pub(crate) fn file(&self, id: NodeId, name: &str) -> Result<Option<Vec<u8>>, Stop> {
        let read = |artifact: &Artifact| artifact.path(name).map(|_| artifact.read(name)).transpose();
        self.with(id, read).map(Option::flatten)
    }

    /// The same of a file that `parse` understands.
    pub(crate) fn parsed<T>(&self, id: NodeId, name: &str, parse: impl Fn(&[u8]) -> Result<T, StoreError>) -> Result<Option<T>, Stop> {
        let read = |artifact: &Artifact| artifact.path(name).map(|_| artifact.read(name).and_then(|bytes| parse(&bytes))).transpose();
        self.with(id, read).map(Option::flatten)
    }

    /// What an operator says of its result.
    pub(crate) fn meta<T: serde::de::DeserializeOwned>(&self, id: NodeId) -> Result<Option<T>, Stop> {
        self.with(id, Artifact::meta)
    }

    fn with<T>(&self, id: NodeId, read: impl Fn(&Artifact) -> Result<T, StoreError>) -> Result<Option<T>, Stop> {
        let node = self.plan.node(id);
        if !self.is_asked_for(id) || self.stale.contains(&id) {
            return Ok(None);
        }
        let Some(artifact) = self.store.peek(node.key) else { return Ok(None) };
        match read(&artifact) {
            Ok(it) => Ok(Some(it)),
            Err(StoreError::Damaged { damage }) => {
                self.store.set_aside(node.key).map_err(|error| stored(&error))?;
                let message = format!("`{}`: {damage}", node.name);
                self.damaged.borrow_mut().push(Failure::new(Code::DamagedArtifact, message).help("it is computed again"));
                Ok(None)
            }
            Err(other) => Err(stored(&other)),
        }
    }

    /// The results that turned out to be damaged and are in the store no more.
    pub(crate) fn damaged(self) -> Vec<Failure> {
        self.damaged.into_inner()
    }
}
