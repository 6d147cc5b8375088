//! A plan as a drawing.

use super::{Facts, Plan, PlanNode};
use crate::graph::draw::{Drawing, DrawnNode, Shape};
use crate::lang::decl::Call;
use crate::lang::types::Type;
use crate::lang::value::{Args, NodeId};
use crate::ops::registry;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

impl Plan {
    /// The plan's graph. Without `whole`, nodes that the planner made are left out and what they join is joined directly.
    pub fn drawing(&self, whole: bool) -> Drawing {
        let sinks: BTreeSet<NodeId> = self.sinks.iter().copied().collect();
        let shown: Vec<NodeId> =
            self.iter().filter(|(id, node)| whole || !node.is_derived() || sinks.contains(id)).map(|(id, _)| id).collect();
        let place: BTreeMap<NodeId, usize> = shown.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let mut edges = BTreeSet::new();
        for &id in &shown {
            for from in self.shown_inputs(id, &place) {
                edges.insert((from, place[&id]));
            }
        }
        Drawing { nodes: shown.iter().map(|&id| self.drawn(id, sinks.contains(&id))).collect(), edges: edges.into_iter().collect() }
    }

    /// The nearest shown nodes that this one reads, through those that are not shown.
    fn shown_inputs(&self, id: NodeId, place: &BTreeMap<NodeId, usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = self.node(id).inputs.clone();
        while let Some(input) = open.pop() {
            if !seen.insert(input) {
                continue;
            }
            match place.get(&input) {
                Some(&at) => {
                    found.insert(at);
                }
                None => open.extend(&self.node(input).inputs),
            }
        }
        found
    }

    fn drawn(&self, id: NodeId, sink: bool) -> DrawnNode {
        let node = self.node(id);
        let mut lines = Vec::new();
        if !node.name.starts_with(&format!("{}(", node.op)) {
            lines.push(node.op.clone());
        }
        lines.extend(counts(&node.facts));
        let shape = if sink && result(node) != Some(Shape::Model) { Shape::Result } else { result(node).unwrap_or(Shape::Step) };
        DrawnNode { title: node.name.clone(), lines, shape }
    }
}

fn counts(facts: &Facts) -> Option<String> {
    let said = [
        facts.images.map(|n| format!("{n} images")),
        facts.identities.map(|n| format!("{n} people")),
        facts.pairs.map(|n| format!("{n} pairs")),
        facts.steps.map(|n| format!("{n} steps")),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// What a node looks like, by what its operator gives.
fn result(node: &PlanNode) -> Option<Shape> {
    let decl = registry().get(node.op.as_str())?;
    let ty = (decl.result)(&Call { types: &IndexMap::new(), args: &Args::new() });
    if matches!(ty, Type::Dataset(_) | Type::Record(_) | Type::Named(_) | Type::Batches) {
        return Some(Shape::Data);
    }
    if matches!(ty, Type::Report | Type::Export) {
        return Some(Shape::Result);
    }
    if ty == Type::Model { Some(Shape::Model) } else { (ty == Type::Eval).then_some(Shape::Eval) }
}
