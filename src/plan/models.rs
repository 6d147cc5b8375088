//! What a plan's models are made of.

use super::{Plan, PlanError, PlanNode};
use crate::lang::value::NodeId;
use crate::nets::Made;
use crate::ops::evals::Metric;
use crate::ops::nets::{AnyPart, Backbone};
use crate::ops::node::{Gives, Node};
use crate::ops::outputs::Judge;
use crate::ops::refs::ModelRef;
use crate::ops::stages::{Chosen, Keep, Stop, Train};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The networks of a plan's nodes, found once. No part of what the plan is.
#[derive(Debug, Clone, Default)]
pub(super) struct Networks(OnceLock<Vec<Option<NodeId>>>);

impl PartialEq for Networks {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Plan {
    /// What the network of a model is made of: the backbone with its first weights, and what was added to it. Of several models that one is
    /// made of, the first one's.
    ///
    /// # Errors
    /// A node that is no model, or arguments that don't fit.
    pub fn made(&self, id: NodeId) -> Result<Made, PlanError> {
        let mut extensions = Vec::new();
        let mut id = self.network_node(id)?;
        while let Node::Extension(it) = self.work(id)? {
            extensions.push((**it).clone());
            id = self.network_node(self.source(id)?)?;
        }
        extensions.reverse();
        Ok(Made { backbone: self.get::<Backbone>(id)?.clone(), extensions })
    }

    /// The backbone that a model was made of, with its first weights.
    ///
    /// # Errors
    /// As [`Plan::made`].
    pub fn backbone(&self, id: NodeId) -> Result<&Backbone, PlanError> {
        let mut id = self.network_node(id)?;
        while let Node::Extension(it) = self.work(id)? {
            id = self.network_node(it.model().node)?;
        }
        self.get(id)
    }

    /// The node that gave a model its network: a backbone, or what was added last.
    ///
    /// # Errors
    /// A node that is no model.
    pub(crate) fn network_node(&self, id: NodeId) -> Result<NodeId, PlanError> {
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
            let network = if node.is_network() { Some(id) } else { self.source(id).ok().and_then(of) };
            all.push(network);
        }
        all
    }

    /// The models of which one is chosen, or the mean taken; none of a node that is not made of several.
    ///
    /// # Errors
    /// Arguments that don't fit.
    pub fn one_of_several(&self, id: NodeId) -> Result<&[ModelRef], PlanError> {
        match self.work(id)? {
            Node::Chosen(it) => Ok(&it.models),
            Node::Averaged(it) => Ok(&it.models),
            _ => Ok(&[]), // made of one model, or none itself
        }
    }

    /// The model that a model was made from: of several the first one, of one network of a stage what that network started from.
    ///
    /// # Errors
    /// A node that was made from no model.
    pub fn source(&self, id: NodeId) -> Result<NodeId, PlanError> {
        let found = match self.node(id).work() {
            // of a network of a stage that which this network started from
            Some(Node::Net(it)) => {
                let stage = self.nodes.get(it.stage.node.0 as usize).and_then(PlanNode::work);
                let models = if let Some(Node::Train(stage)) = stage { stage.model.all() } else { Vec::new() };
                models.into_iter().find(|(name, _)| it.name == *name).map(|(_, model)| model.node)
            }
            other => other.and_then(Node::source),
        };
        found.filter(|next| *next < id).ok_or_else(|| self.no(id, "a model"))
    }

    /// The names of the parts of a network that stay in a stage which starts it from `source`: of several networks, those that the recipe
    /// names through that model, or through one that it was made from.
    pub fn frozen<'t>(&self, stage: &'t Train, source: NodeId) -> Vec<&'t str> {
        let alone = stage.model.all().len() == 1;
        let made_of = |wanted| std::iter::successors(Some(source), |at| self.source(*at).ok()).any(|at| at == wanted);
        let parts = stage.freeze.iter().map(|AnyPart::Part(part)| part);
        parts.filter(|part| alone || made_of(part.model.node)).map(|part| part.name.as_str()).collect()
    }
}

impl Plan {
    /// Models and the models that they are made of, or that their training looked at.
    pub fn made_of(&self, models: impl IntoIterator<Item = NodeId>) -> BTreeSet<NodeId> {
        let mut todo: Vec<NodeId> = models.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if found.insert(id) {
                todo.extend(self.node(id).inputs.iter().copied().filter(|input| is_model(self.node(*input))));
            }
        }
        found
    }

    /// The protocols by which a model was kept, stopped or chosen.
    pub fn decides(&self, model: NodeId) -> BTreeSet<NodeId> {
        let metrics: Vec<&Metric> = if let Ok(train) = self.get::<Train>(model) {
            let kept = if let Some(Keep::Best(best)) = &train.keep { Some(&best.metric) } else { None };
            let stopped = train.stop.as_ref().map(|Stop::Plateau(plateau)| &plateau.metric);
            kept.into_iter().chain(stopped).collect()
        } else if let Ok(chosen) = self.get::<Chosen>(model) {
            // each arm by the protocol of its own
            let judges = chosen.judged.iter().filter_map(|judged| self.get::<Judge>(judged.node).ok());
            return judges.map(|judge| judge.eval.node).collect();
        } else {
            Vec::new()
        };
        metrics.iter().map(|metric| metric.eval().node).collect()
    }

    /// The protocols by which models, or what these are made of, were kept, stopped or chosen.
    pub(crate) fn deciding(&self, models: impl IntoIterator<Item = NodeId>) -> BTreeSet<NodeId> {
        self.made_of(models).into_iter().flat_map(|model| self.decides(model)).collect()
    }
}

fn is_model(node: &PlanNode) -> bool {
    matches!(node.gives(), Some(Gives::Network | Gives::Model))
}
