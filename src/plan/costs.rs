//! The costs of a plan's networks, each worked out once.

use super::Plan;
use crate::lang::value::NodeId;
use crate::nets::Cost;
use std::collections::HashMap;
use std::rc::Rc;

/// Arguments that no cost depends on.
const IDLE: [&str; 2] = ["seed", "weights"];

/// Costs by what they depend on: an operator and its arguments. Networks that differ in their first tensors alone share one.
#[derive(Debug, Default)]
pub struct Costs {
    known: HashMap<String, Option<Rc<Cost>>>,
}

impl Costs {
    /// The cost of the network that a model was made of; nothing for arguments that no network has.
    pub fn of(&mut self, plan: &Plan, model: NodeId) -> Option<Rc<Cost>> {
        let id = plan.backbone_node(model).ok()?;
        let kind = shape(plan, id);
        self.known.entry(kind).or_insert_with(|| plan.backbone(id).ok()?.cost().map(Rc::new)).clone()
    }
}

/// What the shape of a backbone depends on.
pub fn shape(plan: &Plan, backbone: NodeId) -> String {
    let node = plan.node(backbone);
    let mut args = node.args.clone();
    if let Some(args) = args.as_object_mut() {
        args.retain(|name, _| !IDLE.contains(&name.as_str()));
    }
    format!("{} {args}", node.op)
}
