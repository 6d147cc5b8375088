//! What must be computed, in order, and what the store already has.

use super::Store;
use crate::diag::{Code, did_you_mean, one_of};
use crate::events::Failure;
use crate::lang::value::NodeId;
use crate::plan::{Plan, PlanNode};
use crate::stack::with_room;
use std::collections::BTreeSet;

/// What a run comes to.
#[derive(Debug, Default)]
pub struct Due {
    /// To be computed, inputs first.
    pub compute: Vec<NodeId>,
    /// In the store already.
    pub stored: Vec<NodeId>,
}

/// What the sinks (or the nodes of these names) need that the store does not have.
///
/// # Errors
/// A name that the plan does not have.
pub fn due(plan: &Plan, store: &Store, only: &[String], again: &[String]) -> Result<Due, Failure> {
    for name in only.iter().chain(again) {
        named(plan, name)?;
    }
    let mut due = Due::default();
    let mut seen = BTreeSet::new();
    let roots = roots(plan, only);
    // what is computed again may lie behind results that are stored; it comes first, as inputs do
    let needed = if again.is_empty() { BTreeSet::new() } else { plan.behind(roots.iter().copied()) };
    let again_first = needed.into_iter().filter(|id| is_asked_for(again, &plan.node(*id).name));
    for root in again_first.chain(roots) {
        visit(plan, store, again, root, &mut seen, &mut due);
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

/// The results that tell of what is gone, where these came out otherwise than before: all that was made of them. What was just computed is such a
/// result only where it was made of one.
pub fn stale(plan: &Plan, changed: &BTreeSet<NodeId>, computed: &[NodeId]) -> Vec<NodeId> {
    let computed: BTreeSet<NodeId> = computed.iter().copied().collect();
    let mut touched = vec![false; plan.nodes.len()];
    let mut gone = vec![false; plan.nodes.len()];
    for (id, node) in plan.iter() {
        let of = |which: &[bool]| node.inputs.iter().any(|input| which[input.0 as usize]);
        let (by_change, by_gone) = (of(&touched), of(&gone));
        touched[id.0 as usize] = by_change || changed.contains(&id);
        gone[id.0 as usize] = by_gone || by_change && node.keeps().is_stored() && !computed.contains(&id);
    }
    plan.iter().filter(|(id, node)| gone[id.0 as usize] && node.keeps().is_stored()).map(|(id, _)| id).collect()
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

fn visit(plan: &Plan, store: &Store, again: &[String], id: NodeId, seen: &mut BTreeSet<NodeId>, due: &mut Due) {
    if !seen.insert(id) {
        return;
    }
    let node = plan.node(id);
    let artifact = node.keeps().is_stored();
    if artifact && !is_asked_for(again, &node.name) && store.peek(node.key).is_some() {
        due.stored.push(id);
        return;
    }
    for input in artifact_inputs(plan, id) {
        with_room(|| visit(plan, store, again, input, seen, due));
    }
    if artifact {
        due.compute.push(id);
    }
}

/// The nearest nodes above this one whose results lie in the store. A judgement needs features, and what was learned of pooling them, alone: their
/// models may be gone.
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
