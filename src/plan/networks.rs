//! The networks of a plan stage by stage, for `ddl plan --verbose`: shapes, parameters, multiply-adds, and what training keeps.

use super::costs::{Costs, shape};
use super::grid::{Grid, bytes, rounded};
use super::{Plan, memory};
use crate::lang::value::NodeId;
use crate::nets::{Cost, LayerCost, Shape};
use crate::ops::stages::Train;
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::fmt::Write as _; // a String takes all that is written to it

/// Networks of one shape that are named.
const NAMED: usize = 3;

impl Plan {
    /// Every network once, those that differ in their first tensors alone together.
    pub(super) fn networks(&self) -> String {
        let mut costs = Costs::default();
        let mut kinds: IndexMap<String, Vec<NodeId>> = IndexMap::new();
        for (id, _) in self.iter().filter(|(_, node)| node.is_network()) {
            kinds.entry(shape(self, id)).or_default().push(id);
        }
        let mut out = String::new();
        for nets in kinds.values() {
            let Some(cost) = nets.first().and_then(|net| costs.of(self, *net)) else { continue };
            let names = named(nets.iter().map(|net| self.node(*net).name.as_str()));
            let _ = write!(out, "\n{names}: {} sees {}\n{}", cost.network.name, cost.input(), by_stage(&cost));
            for (images, kept, stages) in self.steps(nets, &cost) {
                let stages = named(stages.iter().map(|stage| self.node(*stage).name.as_str()));
                let _ = writeln!(out, "  {images} images at once ({stages}) keep {}", bytes(kept));
            }
        }
        out
    }

    /// The batches that train these networks: images, bytes that are kept of them, and the stages whose batches are such.
    fn steps(&self, nets: &[NodeId], cost: &Cost) -> Vec<(u64, u64, Vec<NodeId>)> {
        let mut steps: IndexMap<(u64, u64), Vec<NodeId>> = IndexMap::new();
        for (id, train) in self.all::<Train>() {
            let node = self.node(id);
            for (name, model) in train.model.all() {
                let draws: BTreeSet<NodeId> = train.draws_of(name).collect();
                let a_step: u64 = draws.into_iter().filter_map(|draw| node.facts.images_per_step.get(&self.node(draw).name)).sum();
                let images = a_step / u64::from(train.accumulate);
                if images > 0 && self.network_node(model.node).is_ok_and(|net| nets.contains(&net)) {
                    let kept = memory::of_activations(cost, &self.frozen(train, model.node), images);
                    steps.entry((images, kept)).or_default().push(id);
                }
            }
        }
        steps.into_iter().map(|((images, kept), stages)| (images, kept, stages)).collect()
    }
}

fn by_stage(cost: &Cost) -> String {
    let mut grid = Grid::new(&["at", "gives", ">parameters", ">multiply-adds", ">kept an image"]);
    let mut add = |name: &str, gives: String, layers: &[LayerCost]| {
        let sum = |of: fn(&LayerCost) -> u64| layers.iter().map(of).sum::<u64>();
        let kept = bytes(memory::FLOAT * sum(|layer| layer.activations));
        let numbers = [rounded(sum(|layer| layer.parameters)), rounded(sum(|layer| layer.multiply_adds)), kept];
        grid.row([name.to_owned(), gives].into_iter().chain(numbers).collect());
    };
    let mut from = 0;
    for at in 0..cost.layers.len() {
        let group = cost.network.group(at);
        if at + 1 == cost.layers.len() || cost.network.group(at + 1) != group {
            add(group, gives(cost.layers[at].shape), &cost.layers[from..=at]);
            from = at + 1;
        }
    }
    add("all", String::new(), &cost.layers);
    grid.text()
}

fn gives(shape: Shape) -> String {
    shape.sides().iter().map(i64::to_string).collect::<Vec<_>>().join(" x ")
}

/// `a, b, c and 7 more`.
fn named<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    let said = names[..names.len().min(NAMED)].join(", ");
    if more > 0 { format!("{said} and {more} more") } else { said }
}
