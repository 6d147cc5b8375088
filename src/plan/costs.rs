//! The costs of a plan's networks, each worked out once.

use super::{Plan, PlanError};
use crate::lang::value::NodeId;
use crate::nets::Backbone as _;
use crate::nets::Cost;
use crate::ops::nets::{Backbone as AnyBackbone, Extension};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::rc::Rc;

/// Arguments that no cost depends on.
const IDLE: [&str; 3] = ["model", "seed", "weights"];

/// Arguments that do something in training alone: no tensor and no number that a trained network gives depends on them.
const IN_TRAINING: [&str; 2] = ["drop_path", "dropout"];

/// Costs by what they depend on: an operator and its arguments. Networks that differ in their first tensors alone share one.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    known: HashMap<String, Option<Rc<Cost>>>,
}

impl Costs {
    /// The cost of the network that a model was made of; nothing for arguments that no network has.
    pub fn of(&mut self, plan: &Plan, model: NodeId) -> Option<Rc<Cost>> {
        let id = plan.network_node(model).ok()?;
        let kind = shape(plan, id);
        self.known.entry(kind).or_insert_with(|| plan.made(id).ok()?.cost().map(Rc::new)).clone()
    }
}

/// What the shape of a network depends on.
pub fn shape(plan: &Plan, network: NodeId) -> String {
    let node = plan.node(network);
    let mut args = node.args.clone();
    if let Some(args) = args.as_object_mut() {
        args.retain(|name, _| !IDLE.contains(&name.as_str()));
    }
    let own = format!("{} {args}", node.op);
    // what something is added to
    match plan.source(network).and_then(|source| plan.network_node(source)) {
        Ok(source) if node.is::<Extension>() => format!("{}, {own}", shape(plan, source)),
        _ => own,
    }
}

/// What tells the networks of two models apart beyond the weights that they start from; nothing where one can stand for the other, as they
/// are judged or, with `trained`, as they are trained on.
pub(crate) fn unlike(plan: &Plan, one: NodeId, other: NodeId, trained: bool) -> Result<Option<[String; 2]>, PlanError> {
    let chain = |model: NodeId| {
        let mut layers = vec![plan.network_node(model)?];
        while let Some(&last) = layers.last().filter(|last| plan.node(**last).is::<Extension>()) {
            layers.push(plan.network_node(plan.source(last)?)?);
        }
        Ok::<_, PlanError>(layers)
    };
    let (ours, theirs) = (chain(one)?, chain(other)?);
    let whole = |layers: &[NodeId]| layers.iter().rev().map(|id| format!("`{}`", plan.node(*id).op)).collect::<Vec<_>>().join(" with ");
    if ours.len() != theirs.len() || ours.iter().zip(&theirs).any(|(a, b)| plan.node(*a).op != plan.node(*b).op) {
        return Ok(Some([whole(&ours), whole(&theirs)]));
    }
    for (a, b) in ours.into_iter().zip(theirs) {
        let (mine, its) = (plan.work(a)?.arguments(), plan.work(b)?.arguments());
        let Some((mine, its)) = mine.as_object().zip(its.as_object()) else { continue };
        // weights tell what it is where the recipe does not
        let told = matches!(plan.backbone(a)?, AnyBackbone::MobileFaceNet(it) if it.variant.is_none() && it.weights.is_some());
        let idle = |name: &str| IDLE.contains(&name) || !trained && IN_TRAINING.contains(&name);
        let counts = |name: &str| !idle(name) || told && name == "weights";
        let said = |value: Option<&Json>| value.map_or("none".to_owned(), |value| plan.say(value, None));
        if let Some(name) = mine.keys().find(|name| counts(name) && mine.get(*name) != its.get(*name)) {
            return Ok(Some([mine, its].map(|args| format!("{name} = {}", said(args.get(name))))));
        }
    }
    Ok(None)
}
