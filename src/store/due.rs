//! What must be computed, in order, and what the store already has.

use super::{Origins, Store};
use crate::diag::{Code, did_you_mean, one_of};
use crate::events::Failure;
use crate::graph::ContentKey;
use crate::lang::value::NodeId;
use crate::plan::{Plan, PlanNode};
use crate::stack::with_room;
use std::collections::{BTreeMap, BTreeSet};

/// What a run comes to.
#[derive(Debug, Default)]
pub struct Due {
    /// To be computed, inputs first.
    pub compute: Vec<NodeId>,
    /// In the store already.
    pub stored: Vec<NodeId>,
    /// In the store too, and made of others than lie there now: they are computed again.
    pub stale: BTreeSet<NodeId>,
    /// The results that say something else now than when those were made of them.
    pub otherwise: BTreeSet<NodeId>,
    /// In the store, and made of different results of one key that is gone: which of them tell the truth is known when that is computed
    /// again.
    pub doubtful: BTreeSet<NodeId>,
}

/// What the sinks (or the nodes of these names) need that the store does not have.
///
/// # Errors
/// A name that the plan does not have.
pub fn due(plan: &Plan, store: &Store, only: &[String], again: &[String]) -> Result<Due, Failure> {
    for name in only.iter().chain(again) {
        named(plan, name)?;
    }
    let mut visit = Visit::new(plan, store, again);
    let roots = roots(plan, only);
    // what is computed again may lie behind results that are stored; it comes first, as inputs do
    let needed = if again.is_empty() { BTreeSet::new() } else { plan.behind(roots.iter().copied()) };
    let again_first = needed.into_iter().filter(|id| is_asked_for(again, &plan.node(*id).name));
    for root in again_first.chain(roots) {
        visit.node(root);
    }
    visit.gone();
    let Visit { otherwise, mut due, .. } = visit;
    if !otherwise.is_empty() {
        due.otherwise = plan.iter().filter(|(_, node)| otherwise.contains(&node.key)).map(|(id, _)| id).collect();
    }
    Ok(due)
}

/// What a run is for: the sinks, or the nodes of these names.
pub fn roots(plan: &Plan, only: &[String]) -> Vec<NodeId> {
    if only.is_empty() {
        return plan.sinks.clone();
    }
    plan.iter().filter(|(_, node)| is_asked_for(only, &node.name)).map(|(id, _)| id).collect()
}

/// The results that are meant by names of what is computed again: of what has none of its own, as a protocol, the next that are made of it.
pub fn again(plan: &Plan, names: &[String]) -> Vec<String> {
    let mut open = vec![false; plan.nodes.len()];
    let mut found = Vec::new();
    for (id, node) in plan.iter() {
        let wanted = is_asked_for(names, &node.name) || node.inputs.iter().any(|input| open[input.0 as usize]);
        open[id.0 as usize] = wanted && !node.keeps().is_stored();
        if wanted && node.keeps().is_stored() {
            found.push(node.name.clone());
        }
    }
    found
}

/// What stands for a result that two inputs were made of while it said one thing and another.
const MIXED: &str = "";

/// What a result will be made of, as it lies in the store now.
pub fn origins(plan: &Plan, store: &Store, id: NodeId) -> Origins {
    let mut found = Origins::new();
    for artifact in artifact_inputs(plan, id).into_iter().filter_map(|input| store.peek(plan.node(input).key)) {
        let before = artifact.manifest().made_of.iter().flatten().map(|(key, said)| (*key, said.clone()));
        for (key, said) in before.chain([(artifact.manifest().key, artifact.says())]) {
            let one = found.entry(key).or_insert_with(|| said.clone());
            if *one != said {
                MIXED.clone_into(one);
            }
        }
    }
    found
}

/// The results of which a result was made, and which say something else now: what it tells is of what is gone. One that is gone itself says
/// nothing else.
pub fn otherwise(plan: &Plan, store: &Store, id: NodeId, made_of: Option<&Origins>) -> BTreeSet<ContentKey> {
    Said::of(store).otherwise(plan, id, made_of)
}

/// What results say, each read once.
struct Said<'s> {
    store: &'s Store,
    known: BTreeMap<ContentKey, Option<(String, bool)>>,
}

impl<'s> Said<'s> {
    fn of(store: &'s Store) -> Self {
        Said { store, known: BTreeMap::new() }
    }

    /// What a result says, and whether it notes what it was made of.
    fn now(&mut self, key: ContentKey) -> Option<&(String, bool)> {
        let read = || self.store.peek(key).map(|artifact| (artifact.says(), artifact.manifest().made_of.is_some()));
        self.known.entry(key).or_insert_with(read).as_ref()
    }

    fn otherwise(&mut self, plan: &Plan, id: NodeId, made_of: Option<&Origins>) -> BTreeSet<ContentKey> {
        match made_of {
            Some(origins) => {
                let differs = |(key, said): &(&ContentKey, &String)| self.now(**key).is_some_and(|(now, _)| now != *said);
                origins.iter().filter(differs).map(|(key, _)| *key).collect()
            }
            // it is older than whatever does note it, of all that it is made of
            None => {
                let (mut found, mut seen, mut todo) = (BTreeSet::new(), BTreeSet::new(), vec![id]);
                while let Some(id) = todo.pop() {
                    for input in artifact_inputs(plan, id).into_iter().filter(|input| seen.insert(*input)) {
                        let key = plan.node(input).key;
                        match self.now(key) {
                            Some((_, true)) => _ = found.insert(key),
                            _ => todo.push(input),
                        }
                    }
                }
                found
            }
        }
    }
}

/// Whether a plan has something of this name, with its arm or without.
pub fn has(plan: &Plan, name: &str) -> bool {
    let names = [name.to_owned()];
    plan.nodes.iter().any(|node| is_asked_for(&names, &node.name))
}

/// A name without its arm.
fn bare(name: &str) -> String {
    name.split('[').next().unwrap_or(name).to_owned()
}

/// Whether a node is among those that a command line names, with its arm or without.
pub fn is_asked_for(names: &[String], name: &str) -> bool {
    let blanks = |text: &str| text.replace(' ', ""); // `s[seed=1]` is `s[seed = 1]`
    names.iter().any(|wanted| *wanted == name || *wanted == bare(name) || wanted.contains('[') && blanks(wanted) == blanks(name))
}

fn named(plan: &Plan, name: &str) -> Result<(), Failure> {
    if has(plan, name) {
        return Ok(());
    }
    let near = did_you_mean(name, plan.nodes.iter().map(|node| node.name.as_str())).map(|near| format!("did you mean `{near}`?"));
    let failure = Failure::new(Code::NoSuchNode, format!("the plan has nothing called `{name}`"));
    Err(failure
        .help(near.unwrap_or_else(|| format!("what the recipe names there is {}", one_of(named_in(plan).iter().map(String::as_str))))))
}

/// The names that the recipe itself gives, each once and without its arm: what a run can be asked for.
fn named_in(plan: &Plan) -> BTreeSet<String> {
    let given = |node: &&PlanNode| !node.name.starts_with(&format!("{}(", node.op));
    plan.nodes.iter().filter(given).map(|node| bare(&node.name)).collect()
}

/// A walk from what is wanted to what it needs.
struct Visit<'a> {
    plan: &'a Plan,
    store: &'a Store,
    again: &'a [String],
    said: Said<'a>,
    seen: BTreeSet<NodeId>,
    otherwise: BTreeSet<ContentKey>,
    /// What results that are there say of those that they are made of.
    noted: BTreeMap<ContentKey, BTreeMap<String, Vec<NodeId>>>,
    due: Due,
}

impl<'a> Visit<'a> {
    fn new(plan: &'a Plan, store: &'a Store, again: &'a [String]) -> Self {
        let (seen, otherwise, noted) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        Visit { plan, store, again, said: Said::of(store), seen, otherwise, noted, due: Due::default() }
    }

    /// What is gone, and of which results tell different things, is due: no number is of some of it and some of another.
    fn gone(&mut self) {
        loop {
            let differs = |said: &BTreeMap<String, Vec<NodeId>>| said.len() > 1 || said.contains_key(MIXED);
            let noted: Vec<_> = self.noted.iter().filter(|(_, said)| differs(said)).map(|(key, said)| (*key, said.clone())).collect();
            let before = self.seen.len();
            for (key, said) in noted {
                if self.store.peek(key).is_none() {
                    self.due.doubtful.extend(said.into_values().flatten());
                    let of_key = self.plan.iter().filter(|(_, node)| node.key == key).map(|(id, _)| id).collect::<Vec<_>>();
                    of_key.into_iter().for_each(|id| self.node(id));
                }
            }
            if self.seen.len() == before {
                return;
            }
        }
    }

    fn node(&mut self, id: NodeId) {
        if !self.seen.insert(id) {
            return;
        }
        let node = self.plan.node(id);
        let is_stored = node.keeps().is_stored();
        if is_stored
            && !is_asked_for(self.again, &node.name)
            && let Some(artifact) = self.store.peek(node.key)
        {
            let otherwise = self.said.otherwise(self.plan, id, artifact.manifest().made_of.as_ref());
            if otherwise.is_empty() {
                self.due.stored.push(id);
                for (key, said) in artifact.manifest().made_of.iter().flatten() {
                    self.noted.entry(*key).or_default().entry(said.clone()).or_default().push(id);
                }
                return;
            }
            self.otherwise.extend(otherwise);
            self.due.stale.insert(id);
        }
        for input in artifact_inputs(self.plan, id) {
            with_room(|| self.node(input));
        }
        if is_stored {
            self.due.compute.push(id);
        }
    }
}

/// The nearest nodes above this one whose results lie in the store. A judgement needs features, and what was learned of pooling them,
/// alone: their models may be gone.
pub fn artifact_inputs(plan: &Plan, id: NodeId) -> Vec<NodeId> {
    let keeps = plan.node(id).keeps();
    let mut found = BTreeSet::new();
    let mut todo: Vec<NodeId> = plan.node(id).inputs.clone();
    let mut seen = BTreeSet::new();
    while let Some(input) = todo.pop() {
        if !seen.insert(input) {
            continue;
        }
        let of = plan.node(input).keeps();
        if of.is_stored() {
            if keeps.is_made_of(of) {
                found.insert(input);
            }
        } else {
            todo.extend(&plan.node(input).inputs);
        }
    }
    found.into_iter().collect()
}

/// The data sets on the disk that some nodes read.
pub fn sources(plan: &Plan, compute: &[NodeId]) -> Vec<NodeId> {
    let mut found = BTreeSet::new();
    let mut todo = compute.to_vec();
    let mut seen = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if seen.insert(id) {
            if plan.node(id).is_on_disk() {
                found.insert(id);
            }
            todo.extend(&plan.node(id).inputs);
        }
    }
    found.into_iter().collect()
}

/// Those whose images will be decoded: what is made of images is made of these, and no stored result stands between.
pub fn looked_at(plan: &Plan, compute: &[NodeId]) -> BTreeSet<NodeId> {
    let of_images = |id: &&NodeId| plan.node(**id).keeps().looks_at_images();
    let mut todo: Vec<NodeId> = compute.iter().filter(of_images).flat_map(|id| &plan.node(*id).inputs).copied().collect();
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
    while let Some(id) = todo.pop() {
        let node = plan.node(id);
        if seen.insert(id) && !node.keeps().is_stored() && !node.is_network() {
            if node.is_on_disk() {
                found.insert(id);
            }
            todo.extend(&plan.node(id).inputs);
        }
    }
    found
}
