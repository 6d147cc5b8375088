//! The costs of a plan's networks, each worked out once.

use super::Plan;
use crate::lang::value::NodeId;
use crate::nets::Backbone as _;
use crate::nets::Cost;
use crate::ops::nets::Extension;
use std::collections::HashMap;
use std::rc::Rc;

/// Arguments that no cost depends on.
const IDLE: [&str; 3] = ["model", "seed", "weights"];

/// Costs by what they depend on: an operator and its arguments. Networks that differ in their first tensors alone share one.
#[derive(Debug, Default)]
pub struct Costs {
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
        Ok(source) if Extension::is(&node.op) => format!("{}, {own}", shape(plan, source)),
        _ => own,
    }
}
