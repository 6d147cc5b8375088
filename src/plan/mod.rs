//! The plan: what a recipe comes to, in order, with keys and costs. It is what users snapshot and what the engine is given.

pub mod audit;
pub mod costs;
pub mod data_codes;
mod describe;
pub mod diff;
mod draw;
mod ends;
pub mod facts;
mod grid;
pub mod heads;
mod lengths;
pub mod lock;
mod memory;
pub mod models;
mod networks;
pub mod people;
pub mod pooling;
pub mod probe;
mod protocols;
mod reads;
pub mod rows;
mod sampling;
pub mod schedule;
mod sight;
mod sound;
mod table;
pub mod tables;
mod teaching;
mod unknown;
pub mod weights;

pub use grid::bytes;

pub use draw::Outline;

use crate::graph::{ContentKey, Graph};
use crate::lang::decl::Operator;
use crate::lang::value::{Arm, NodeId};
use crate::ops;
use crate::ops::evals::{Identification, Protocol, TemplateIdentification, TemplateVerification};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

/// A plan. Equal recipes and parameters give equal plans, byte for byte, on every machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of ddl that made it.
    pub ddl: String,
    /// The recipe's file name.
    pub recipe: String,
    /// The recipe's own description (`//!`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// Parameters as they were resolved, as a recipe writes them.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub params: IndexMap<String, String>,
    /// The nodes, inputs before what uses them. A node's place is its [`NodeId`] here.
    pub nodes: Vec<PlanNode>,
    /// What the run is for: reports, exports, expects, and stages that nothing else uses.
    pub sinks: Vec<NodeId>,
    /// The networks of its nodes.
    #[serde(skip)]
    networks: models::Networks,
}

/// A node of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanNode {
    /// What the recipe calls it (`s[order = 0.1, seed = 2]`), or a name made of what it does.
    pub name: String,
    /// The arm of the experiment that it belongs to.
    #[serde(default, skip_serializing_if = "Arm::is_empty")]
    pub arm: Arm,
    /// The operator.
    pub op: String,
    /// The operator's version.
    pub version: u32,
    /// What it means.
    pub key: ContentKey,
    /// The arguments that differ from the defaults; `{node: 3}` names another node of the plan.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub args: Json,
    /// The nodes that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<NodeId>,
    /// What is known of it before it runs.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

/// What is known of a node before it runs. Absent where it is not known (a parameter without a value, data that was not probed).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Samples of a data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<u64>,
    /// People of a data set: the classes of its label space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identities: Option<u64>,
    /// Pairs of a protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<u64>,
    /// Images of one batch of a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
    /// Steps of a stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Steps of one epoch of a stage; batches of one pass of a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_per_epoch: Option<u64>,
    /// Images of one step, by draw.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub images_per_step: IndexMap<String, u64>,
    /// Parameters of a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// Multiply-adds of one forward pass of one image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiply_adds: Option<u64>,
    /// Bytes of memory that a stage takes at its peak, roughly: what is counted says [`memory::of_stage`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Things that a reader should know: an unknown alignment, pairs that were dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Facts {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Facts::default()
    }
}

impl Plan {
    /// A node.
    pub fn node(&self, id: NodeId) -> &PlanNode {
        &self.nodes[id.0 as usize]
    }

    /// A node's arguments as its operator's struct.
    ///
    /// # Errors
    /// When the node is of another operator, or its arguments don't fit.
    pub fn parse<T: Operator>(&self, id: NodeId) -> Result<T, PlanError> {
        let node = self.node(id);
        if node.op != T::NAME {
            return Err(PlanError::WrongOperator { name: node.name.clone(), op: node.op.clone(), wanted: T::NAME });
        }
        ops::parse(&node.args).map_err(|source| PlanError::Arguments { name: node.name.clone(), op: node.op.clone(), source })
    }

    /// A node as the protocol that it is.
    ///
    /// # Errors
    /// A node that is none, or arguments that don't fit.
    pub fn eval(&self, id: NodeId) -> Result<Protocol, PlanError> {
        match self.node(id).op.as_str() {
            Identification::NAME => self.parse(id).map(Protocol::Identification),
            TemplateIdentification::NAME => self.parse(id).map(Protocol::TemplateSearch),
            TemplateVerification::NAME => self.parse(id).map(Protocol::Templates),
            _ => self.parse(id).map(Protocol::Verification), // or the error says that it is none
        }
    }

    /// What the plan computes, in one digest: the same on every machine, and whatever things are called.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for sink in &self.sinks {
            hasher.update(self.node(*sink).key.to_string().as_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// The whole plan as YAML.
    pub fn yaml(&self) -> String {
        serde_yaml::to_string(self).unwrap_or_default() // texts, numbers and lists under text keys always serialise
    }

    /// The whole plan as JSON.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n" // as above
    }

    /// All nodes with their places.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &PlanNode)> {
        self.nodes.iter().enumerate().map(|(at, node)| (NodeId(at as u32), node))
    }
}

/// A plan that can't be read as one.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A node of another operator stands where one of this is needed.
    #[error("node `{name}` is `{op}` where `{wanted}` is needed")]
    WrongOperator {
        /// The node.
        name: String,
        /// Its operator.
        op: String,
        /// What is needed.
        wanted: &'static str,
    },
    /// A node that stands behind the one that names it, or nowhere.
    #[error("`{name}` names node {named}, which is not before it")]
    NoSuchNode {
        /// The node that names it, or `sinks`.
        name: String,
        /// The place that it names.
        named: u64,
    },
    /// Arguments that don't fit the operator.
    #[error("the arguments of node `{name}` don't fit `{op}`: {source}")]
    Arguments {
        /// The node.
        name: String,
        /// Its operator.
        op: String,
        /// What does not fit.
        source: serde_json::Error,
    },
}

/// Where the paths of a plan lie on this machine, by what the recipe says (`$faces_dir/images`).
pub type Paths = BTreeMap<String, PathBuf>;

/// Makes the plan of what `sinks` need.
pub fn plan_of(graph: &Graph, sinks: &[NodeId], recipe: &str, doc: &str, params: IndexMap<String, String>) -> Plan {
    let needed = graph.needed(sinks);
    let place: IndexMap<NodeId, NodeId> = needed.iter().enumerate().map(|(at, id)| (*id, NodeId(at as u32))).collect();
    let nodes = needed.iter().map(|&id| plan_node(graph, id, &place)).collect();
    let sinks = sinks.iter().map(|sink| place[sink]).collect();
    let mut plan = Plan {
        ddl: env!("CARGO_PKG_VERSION").to_owned(),
        recipe: recipe.to_owned(),
        doc: doc.to_owned(),
        params,
        nodes,
        sinks,
        networks: models::Networks::default(),
    };
    name_the_rest(&mut plan);
    plan
}

/// Gives nodes that no recipe names a name made of what they do; of several with one name the later ones are counted.
fn name_the_rest(plan: &mut Plan) {
    let named: HashSet<String> = plan.nodes.iter().map(|node| node.name.clone()).filter(|name| !name.is_empty()).collect();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for at in 0..plan.nodes.len() {
        let id = NodeId(at as u32);
        let unnamed = plan.nodes[at].name.is_empty();
        let wanted = if unnamed { plan.made_name(id) } else { plan.nodes[at].name.clone() };
        let mut name = wanted.clone();
        while taken.contains_key(&name) || (unnamed && named.contains(&name)) {
            let count = taken.entry(wanted.clone()).or_insert(1);
            *count += 1;
            name = format!("{wanted} ({count})");
        }
        taken.entry(name.clone()).or_insert(1);
        plan.nodes[at].name = name;
    }
}

fn plan_node(graph: &Graph, id: NodeId, place: &IndexMap<NodeId, NodeId>) -> PlanNode {
    let node = graph.node(id);
    let mut args = serde_json::Map::new();
    for (name, value) in &node.args {
        let json = serde_json::to_value(value.in_plan(&|node| place.get(&node).copied().unwrap_or(node)));
        args.insert((*name).to_owned(), json.unwrap_or_default()); // values always serialise
    }
    let (name, arm) = node.names.first().map_or_else(Default::default, |(name, arm)| (in_arm(name, arm), arm.clone()));
    PlanNode {
        name,
        arm,
        op: node.op.to_owned(),
        version: ops::registry().get(node.op).map_or(0, |decl| decl.version),
        key: node.key,
        args: if args.is_empty() { Json::Null } else { Json::Object(args) },
        inputs: graph.inputs(id).iter().map(|input| place[input]).collect(),
        facts: Facts::default(),
    }
}

/// A name in an arm: `s[order = 0.1, seed = 2]`.
pub fn in_arm(name: &str, arm: &Arm) -> String {
    if arm.is_empty() {
        return name.to_owned();
    }
    let labels: Vec<_> = arm.iter().map(|(axis, value)| format!("{axis} = {value}")).collect();
    format!("{name}[{}]", labels.join(", "))
}
