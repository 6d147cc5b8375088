//! The plan: what a recipe comes to, in order, with keys and costs. It is what users snapshot and what the engine is given.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

pub mod chance;
pub mod costs;
mod describe;
pub mod diff;
mod draw;
pub(crate) mod grid;
pub mod lock;
pub(crate) mod memory;
pub mod models;
mod networks;
pub mod rows;
pub mod schedule;
mod sound;
pub use sound::NoPlan;
mod table;

pub use grid::{bytes, grouped};

pub use draw::Outline;

use crate::graph::{ContentKey, Graph};
use crate::lang::value::{Arm, NodeId};
use crate::misread::Misread;
use crate::ops;
use crate::ops::node::{Gives, InPlan, Keeps, Kind, Node, Section};
use indexmap::IndexMap;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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
    /// Of protocols whose people are known on this machine: how many two of them judge both. Of each pair one is judged, and the other
    /// decides on what it judges.
    #[serde(skip)]
    pub sharing: BTreeMap<(NodeId, NodeId), usize>,
}

/// A node of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct PlanNode {
    /// What the recipe calls it (`s[order = 0.1, seed = 2]`), or a name made of what it does.
    pub name: String,
    /// The arm of the experiment that it belongs to.
    #[serde(default, skip_serializing_if = "Arm::is_empty")]
    pub arm: Arm,
    /// The operator.
    pub op: Cow<'static, str>,
    /// The operator's version.
    pub version: u32,
    /// What it means.
    pub key: ContentKey,
    /// The arguments that differ from the defaults, as the recipe says them; `{node: 3}` names another node of the plan.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    args: Json,
    /// The nodes that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<NodeId>,
    /// What is known of it before it runs.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// What all nodes of its operator have in common; nothing for an operator that this version does not have.
    #[serde(skip)]
    kind: Option<Kind>,
    /// The operator with all of its arguments.
    #[serde(skip)]
    work: Result<Node, Misfit>,
}

/// Why a node's arguments are none of its operator.
#[derive(Debug, Clone, PartialEq)]
enum Misfit {
    /// A parameter has no value yet.
    Open,
    /// They don't fit: the plan was edited, or made by another version.
    Wrong(String),
}

/// A node as a file has it.
#[derive(Deserialize)]
struct Written {
    name: String,
    #[serde(default)]
    arm: Arm,
    op: String,
    version: u32,
    key: ContentKey,
    #[serde(default)]
    args: Json,
    #[serde(default)]
    inputs: Vec<NodeId>,
    #[serde(default)]
    facts: Facts,
}

impl From<Written> for PlanNode {
    fn from(it: Written) -> Self {
        let op = ops::declared(it.op.as_str()).map_or(Cow::Owned(it.op), |decl| Cow::Borrowed(decl.name));
        let node = PlanNode::new(op, it.version, it.key, it.args);
        PlanNode { name: it.name, arm: it.arm, inputs: it.inputs, facts: it.facts, ..node }
    }
}

impl PlanNode {
    fn new(op: Cow<'static, str>, version: u32, key: ContentKey, args: Json) -> Self {
        let work = Node::read(&op, &args).map_err(|error| Misfit::Wrong(Misread::from(&error).to_string()));
        let (name, arm, inputs, facts) = Default::default();
        PlanNode { name, arm, kind: Kind::of(&op), op, version, key, args, inputs, facts, work }
    }

    /// The arguments that differ from the defaults, as the recipe says them; `{node: 3}` names another node of the plan.
    pub fn args(&self) -> &Json {
        &self.args
    }

    /// Changes the arguments, and reads the operator anew.
    pub fn edit(&mut self, change: impl FnOnce(&mut Json)) {
        let (op, mut args) = (self.op.clone(), std::mem::take(&mut self.args));
        change(&mut args);
        let PlanNode { args, work, .. } = PlanNode::new(op, self.version, self.key, args);
        (self.args, self.work) = (args, work);
    }

    /// Its operator with all of its arguments; nothing where these wait for a parameter, or don't fit.
    pub fn work(&self) -> Option<&Node> {
        self.work.as_ref().ok()
    }

    /// Whether it is of this operator, or of one of this family.
    pub fn is<T: InPlan>(&self) -> bool {
        self.work().is_some_and(|work| T::of(work).is_some())
    }

    /// What it gives to others.
    pub fn gives(&self) -> Option<Gives> {
        self.kind.map(|kind| kind.gives)
    }

    /// What the store keeps of it.
    pub fn keeps(&self) -> Keeps {
        self.kind.map_or(Keeps::Nothing, |kind| kind.keeps)
    }

    /// Where a plan shows it.
    pub fn section(&self) -> Section {
        self.kind.map_or(Section::Data, |kind| kind.section)
    }

    /// Whether it is a network with its first tensors: a backbone, or a model with something added.
    pub fn is_network(&self) -> bool {
        self.gives() == Some(Gives::Network)
    }

    /// Whether it is a data set.
    pub(crate) fn is_data(&self) -> bool {
        matches!(self.gives(), Some(Gives::Files | Gives::Samples))
    }

    /// Whether it is a data set that lies on the disk, not made of another one.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.gives() == Some(Gives::Files)
    }

    fn misfit(&self) -> PlanError {
        match &self.work {
            Err(Misfit::Wrong(why)) => PlanError::Arguments { name: self.name.clone(), op: self.op.to_string(), why: why.clone() },
            Err(Misfit::Open) | Ok(_) => PlanError::Open { name: self.name.clone() },
        }
    }
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
    /// What must have run before the counts are known: of images, pairs and steps they say at most how many there are until then, or nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub until: BTreeSet<String>,
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

    /// A node as its operator, or as one of a family of operators.
    ///
    /// # Errors
    /// When the node is of another operator, or its arguments don't fit.
    pub fn get<T: InPlan>(&self, id: NodeId) -> Result<&T, PlanError> {
        T::of(self.work(id)?).ok_or_else(|| self.no(id, T::CALLED))
    }

    /// A node's operator with all of its arguments.
    ///
    /// # Errors
    /// When its arguments don't fit.
    pub fn work(&self, id: NodeId) -> Result<&Node, PlanError> {
        let node = self.node(id);
        node.work().ok_or_else(|| node.misfit())
    }

    /// The error of a node that is none of these.
    pub(crate) fn no(&self, id: NodeId, wanted: &'static str) -> PlanError {
        let node = self.node(id);
        PlanError::WrongOperator { name: node.name.clone(), op: node.op.to_string(), wanted }
    }

    /// The nodes of an operator, or of a family of operators.
    pub fn all<T: InPlan + 'static>(&self) -> impl Iterator<Item = (NodeId, &T)> {
        self.iter().filter_map(|(id, node)| Some((id, T::of(node.work()?)?)))
    }

    /// The nodes that these need, with themselves.
    pub fn behind(&self, of: impl IntoIterator<Item = NodeId>) -> BTreeSet<NodeId> {
        let mut found = BTreeSet::new();
        let mut todo: Vec<NodeId> = of.into_iter().collect();
        while let Some(id) = todo.pop() {
            if found.insert(id) {
                todo.extend(&self.node(id).inputs);
            }
        }
        found
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
        named: serde_json::Number,
    },
    /// Two nodes of one name: what differs is told by names.
    #[error("two of its nodes are called `{name}`")]
    NamedTwice {
        /// The name.
        name: String,
    },
    /// Arguments that wait for a parameter.
    #[error("`{name}` waits for the value of a parameter")]
    Open {
        /// The node.
        name: String,
    },
    /// Arguments that don't fit the operator.
    #[error("the arguments of node `{name}` don't fit `{op}`: {why}")]
    Arguments {
        /// The node.
        name: String,
        /// Its operator.
        op: String,
        /// What does not fit.
        why: String,
    },
}

/// Where the paths of a plan lie on this machine, by what the recipe says (`$faces_dir/images`).
pub type Paths = BTreeMap<String, PathBuf>;

/// Nodes that one thread makes at once.
const FEW: usize = 4096;

/// Makes the plan of what `sinks` need.
pub fn plan_of(graph: &Graph, sinks: &[NodeId], recipe: &str, doc: &str, params: IndexMap<String, String>) -> Plan {
    let needed = graph.needed(sinks);
    let place: IndexMap<NodeId, NodeId> = needed.iter().enumerate().map(|(at, id)| (*id, NodeId(at as u32))).collect();
    let node = |id: &NodeId| plan_node(graph, *id, &place);
    let nodes = if needed.len() < FEW { needed.iter().map(node).collect() } else { needed.par_iter().map(node).collect() };
    let sinks = sinks.iter().map(|sink| place[sink]).collect();
    let mut plan = Plan {
        ddl: env!("CARGO_PKG_VERSION").to_owned(),
        recipe: recipe.to_owned(),
        doc: doc.to_owned(),
        params,
        nodes,
        sinks,
        networks: models::Networks::default(),
        sharing: BTreeMap::new(),
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
    let version = ops::declared(node.op).map_or(0, |decl| decl.version);
    let args = if args.is_empty() { Json::Null } else { Json::Object(args) };
    let inputs = graph.inputs(id).iter().map(|input| place[input]).collect();
    let made = PlanNode { name, arm, inputs, ..PlanNode::new(Cow::Borrowed(node.op), version, node.key, args) };
    let open = made.work.is_err() && node.args.values().any(|value| value.hole().is_some());
    if open { PlanNode { work: Err(Misfit::Open), ..made } } else { made }
}

/// A name in an arm: `s[order = 0.1, seed = 2]`.
pub fn in_arm(name: &str, arm: &Arm) -> String {
    if arm.is_empty() {
        return name.to_owned();
    }
    let labels: Vec<_> = arm.iter().map(|(axis, value)| format!("{axis} = {value}")).collect();
    format!("{name}[{}]", labels.join(", "))
}
