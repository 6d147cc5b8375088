//! What a plan's models are made of.

use super::{Plan, PlanError};
use crate::lang::decl::Operator;
use crate::lang::value::NodeId;
use crate::nets::Made;
use crate::ops;
use crate::ops::nets::{AnyPart, Backbone, Extension};
use crate::ops::refs::ModelRef;
use crate::ops::stages::{Averaged, Chosen, Net, Train};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::sync::OnceLock;

/// Whether a node is a network with its first tensors: a backbone, or a model with something added.
pub fn is_network(op: &str) -> bool {
    Backbone::is(op) || Extension::is(op)
}

/// The networks of a plan's nodes, found once. No part of what the plan is.
#[derive(Debug, Clone, Default)]
pub(super) struct Networks(OnceLock<Vec<Option<NodeId>>>);

impl PartialEq for Networks {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Plan {
    /// What the network of a model is made of: the backbone with its first weights, and what was added to it. Of several models that one is made
    /// of, the first one's.
    ///
    /// # Errors
    /// A node that is no model, or arguments that don't fit.
    pub fn made(&self, id: NodeId) -> Result<Made, PlanError> {
        let mut extensions = Vec::new();
        let mut id = self.network_node(id)?;
        while Extension::is(&self.node(id).op) {
            extensions.push(self.member(id)?);
            id = self.network_node(self.source(id)?)?;
        }
        extensions.reverse();
        Ok(Made { backbone: self.member(id)?, extensions })
    }

    /// The backbone that a model was made of, with its first weights.
    ///
    /// # Errors
    /// As [`Plan::made`].
    pub fn backbone(&self, id: NodeId) -> Result<Backbone, PlanError> {
        Ok(self.made(id)?.backbone)
    }

    /// The node that gave a model its network: a backbone, or what was added last.
    ///
    /// # Errors
    /// A node that is no model.
    pub fn network_node(&self, id: NodeId) -> Result<NodeId, PlanError> {
        let all = self.networks.0.get_or_init(|| self.all_networks());
        match all.get(id.0 as usize).copied().flatten() {
            Some(network) => Ok(network),
            None => self.source(id).and_then(|source| self.network_node(source)), // says which node it is that was made of nothing
        }
    }

    /// The network that each node was made of.
    fn all_networks(&self) -> Vec<Option<NodeId>> {
        let mut all: Vec<Option<NodeId>> = Vec::with_capacity(self.nodes.len());
        for (id, node) in self.iter() {
            let of = |source: NodeId| all.get(source.0 as usize).copied().flatten();
            let network = if is_network(&node.op) { Some(id) } else { self.source(id).ok().and_then(of) };
            all.push(network);
        }
        all
    }

    /// The models of which one is chosen, or the mean taken; none of a node that is not made of several.
    ///
    /// # Errors
    /// Arguments that don't fit.
    pub fn one_of_several(&self, id: NodeId) -> Result<Vec<ModelRef>, PlanError> {
        match self.node(id).op.as_str() {
            Chosen::NAME => Ok(self.parse::<Chosen>(id)?.models),
            Averaged::NAME => Ok(self.parse::<Averaged>(id)?.models),
            _ => Ok(Vec::new()), // made of one model, or none itself
        }
    }

    /// A node of a family of operators.
    fn member<F: DeserializeOwned>(&self, id: NodeId) -> Result<F, PlanError> {
        let node = self.node(id);
        let wrong = |source| PlanError::Arguments { name: node.name.clone(), op: node.op.clone(), source };
        ops::parse_member(&node.op, &node.args).map_err(wrong)
    }

    /// The model that a model was made from: of several the first one, of one network of a stage what that network started from.
    ///
    /// # Errors
    /// A node that was made from no model.
    pub fn source(&self, id: NodeId) -> Result<NodeId, PlanError> {
        let node = self.node(id);
        let place = |json: &Json| json.get("node").and_then(Json::as_u64);
        let from = |args: &Json, name: Option<&str>| {
            let model = args.get("model").or_else(|| args.get("models")?.get(0))?;
            let several = || model.as_object()?.iter().find(|(known, _)| name.is_none_or(|name| name == *known)).map(|(_, model)| model);
            place(model).or_else(|| place(several()?))
        };
        let found = if node.op == Net::NAME {
            let stage = node.args.get("stage").and_then(place).and_then(|stage| self.nodes.get(stage as usize));
            stage.and_then(|stage| from(&stage.args, node.args.get("name").and_then(Json::as_str)))
        } else {
            from(&node.args, None)
        };
        let no_model = || PlanError::WrongOperator { name: node.name.clone(), op: node.op.clone(), wanted: "a model" };
        found.filter(|next| *next < u64::from(id.0)).map(|next| NodeId(next as u32)).ok_or_else(no_model)
    }

    /// The names of the parts of a network that stay in a stage which starts it from `source`: of several networks, those that the recipe names
    /// through that model, or through one that it was made from.
    pub fn frozen<'t>(&self, stage: &'t Train, source: NodeId) -> Vec<&'t str> {
        let alone = stage.model.all().len() == 1;
        let made_of = |wanted| std::iter::successors(Some(source), |at| self.source(*at).ok()).any(|at| at == wanted);
        let parts = stage.freeze.iter().map(|AnyPart::Part(part)| part);
        parts.filter(|part| alone || made_of(part.model.node)).map(|part| part.name.as_str()).collect()
    }
}
