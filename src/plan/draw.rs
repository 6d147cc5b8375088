//! A plan as a drawing.

use super::{Facts, Plan, PlanNode};
use crate::graph::draw::{Drawing, DrawnNode, Shape};
use crate::lang::value::NodeId;
use crate::ops::node::Gives;
use std::collections::{BTreeMap, BTreeSet};

/// A plan without what the planner made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// What is left, inputs before what uses them.
    pub nodes: Vec<NodeId>,
    /// For each the nodes that are left out and that it reads, directly or through others that are left out.
    pub behind: Vec<BTreeSet<NodeId>>,
    /// From input to user, as places in `nodes`.
    pub edges: BTreeSet<(usize, usize)>,
}

impl Plan {
    /// The plan's graph. Without `whole`, nodes that the planner made are left out and what they join is joined directly.
    pub fn drawing(&self, whole: bool) -> Drawing {
        let sinks: BTreeSet<NodeId> = self.sinks.iter().copied().collect();
        let outline = self.outline(whole);
        let drawn = |&id: &NodeId| self.drawn(id, sinks.contains(&id));
        Drawing { nodes: outline.nodes.iter().map(drawn).collect(), edges: outline.edges.into_iter().collect() }
    }

    /// What the recipe names of the plan; all of it if `whole`.
    pub fn outline(&self, whole: bool) -> Outline {
        let sinks: BTreeSet<NodeId> = self.sinks.iter().copied().collect();
        let shown: Vec<NodeId> =
            self.iter().filter(|(id, node)| whole || !node.is_derived() || sinks.contains(id)).map(|(id, _)| id).collect();
        let place: BTreeMap<NodeId, usize> = shown.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let (mut edges, mut behind) = (BTreeSet::new(), Vec::with_capacity(shown.len()));
        for (at, &id) in shown.iter().enumerate() {
            let (inputs, hidden) = self.shown_inputs(id, &place);
            edges.extend(inputs.into_iter().map(|from| (from, at)));
            behind.push(hidden);
        }
        Outline { nodes: shown, behind, edges }
    }

    /// The nearest shown nodes that this one reads, through those that are not shown; and these.
    fn shown_inputs(&self, id: NodeId, place: &BTreeMap<NodeId, usize>) -> (BTreeSet<usize>, BTreeSet<NodeId>) {
        let (mut found, mut hidden) = (BTreeSet::new(), BTreeSet::new());
        let mut open = self.node(id).inputs.clone();
        while let Some(input) = open.pop() {
            match place.get(&input) {
                Some(&at) => {
                    found.insert(at);
                }
                None if hidden.insert(input) => open.extend(&self.node(input).inputs),
                None => {}
            }
        }
        (found, hidden)
    }

    fn drawn(&self, id: NodeId, sink: bool) -> DrawnNode {
        let node = self.node(id);
        let mut lines = Vec::new();
        if !node.name.starts_with(&format!("{}(", node.op)) {
            lines.push(node.op.to_string());
        }
        lines.extend(counts(&node.facts));
        let shape = if sink && result(node) != Some(Shape::Model) { Shape::Result } else { result(node).unwrap_or(Shape::Step) };
        DrawnNode { title: node.name.clone(), lines, shape }
    }
}

fn counts(facts: &Facts) -> Option<String> {
    let most = if facts.until.is_empty() { "" } else { "at most " };
    let said = [
        facts.images.map(|n| format!("{most}{n} images")),
        facts.identities.map(|n| format!("{n} people")),
        facts.pairs.map(|n| format!("{most}{n} pairs")),
        facts.steps.map(|n| format!("{most}{n} steps")),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// What a node looks like, by what its operator gives.
fn result(node: &PlanNode) -> Option<Shape> {
    match node.gives()? {
        Gives::Files | Gives::Samples | Gives::Batches => Some(Shape::Data),
        Gives::Result => Some(Shape::Result),
        Gives::Network | Gives::Model => Some(Shape::Model),
        Gives::Protocol => Some(Shape::Eval),
        Gives::Numbers => None,
    }
}
