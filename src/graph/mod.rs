//! The graph of an experiment: a petgraph DAG whose nodes are told apart by what they mean.
//!
//! [`Graph::add`] is the only way in: a node whose key is already there is that node, so equal work exists once.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

pub mod draw;
mod key;

pub use key::ContentKey;

use crate::lang::decl::Decl;
use crate::lang::value::{Args, Arm, NodeId, Places, Value};
use crate::ops::declared;
use crate::source::Span;
use indexmap::{IndexMap, IndexSet};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Dfs;
use serde::{Serialize, Serializer};

/// A node: an operator applied to arguments.
#[derive(Debug, Clone)]
pub struct Node {
    /// The operator's name.
    pub op: &'static str,
    /// The arguments that differ from the defaults.
    pub args: Args,
    /// What the node means.
    pub key: ContentKey,
    /// What recipes call it, with the arm; empty for nodes without a name.
    pub names: IndexSet<(String, Arm)>,
    /// Where it was first said; where a `def` says it, the place that calls for it.
    pub span: Option<Span>,
    /// What a `def` says, where one does.
    pub said: Option<Span>,
    /// Where its arguments were first said.
    pub places: Places,
}

impl Node {
    /// Where one of its arguments stands, or a value inside of it, by its path in a plan. What a `def` says stands inside of the def.
    pub fn place(&self, path: &[String]) -> Option<Span> {
        self.places.of(&self.args, path)
    }
}

/// The graph.
#[derive(Debug, Default, Clone)]
pub struct Graph {
    dag: DiGraph<Node, ()>,
    by_key: IndexMap<ContentKey, NodeId>,
    /// What keys and nodes cost since the compiler asked last, in parts of values that were written out.
    pub(crate) cost: u64,
}

fn index(id: NodeId) -> NodeIndex {
    NodeIndex::new(id.0 as usize)
}

/// A node in what another means.
#[derive(Serialize)]
struct Keyed {
    key: ContentKey,
}

/// What a node means, as its key is made of it.
#[derive(Serialize)]
struct Means<'a> {
    op: &'static str,
    version: u32,
    args: MeantArgs<'a>,
}

/// The arguments that mean something.
struct MeantArgs<'a> {
    graph: &'a Graph,
    op: &'static str,
    args: &'a Args,
}

impl Serialize for MeantArgs<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let observer = declared(self.op).and_then(|decl| decl.observes);
        let given = self.args.iter().filter(|(name, _)| Some(**name) != observer);
        let raised = declared(self.op).map_or(&[][..], Decl::raised).iter().filter(|(name, _)| !self.args.contains_key(name));
        let said = given.chain(raised.map(|(name, default)| (name, default)));
        to.collect_map(said.map(|(name, value)| (name, value.meaning(|node| self.graph.keyed(node)))))
    }
}

impl Graph {
    /// The node that means `op` of `args`: an old one where there is one. Arguments must be stripped of defaults.
    pub fn add(&mut self, op: &'static str, args: Args, span: Option<Span>) -> NodeId {
        self.count(&args);
        let key = self.key_of(op, &args);
        self.add_with_key(op, args, key, span)
    }

    /// The same for a node whose arguments stand there.
    pub fn add_said(&mut self, op: &'static str, args: Args, places: Places, span: Span) -> NodeId {
        let id = self.add(op, args, Some(span));
        if let Some(node) = self.dag.node_weight_mut(index(id)).filter(|node| node.span == Some(span)) {
            node.places = places;
        }
        id
    }

    /// The same for a node that means less than its arguments say: what they only show (labels after the names of bindings, a claim's own
    /// words) is left out of `meaning`.
    pub(crate) fn add_meaning(&mut self, op: &'static str, args: Args, meaning: &Args, span: Option<Span>) -> NodeId {
        self.count(&args);
        self.count(meaning);
        let key = self.key_of(op, meaning);
        self.add_with_key(op, args, key, span)
    }

    /// A node that means what another means, and is told by a name of its own: a table or a claim that a recipe says twice is shown twice.
    pub fn twin(&mut self, of: NodeId, name: &str, args: Args, span: Option<Span>) -> NodeId {
        let (op, key) = (self.node(of).op, self.node(of).key);
        self.count(&args);
        self.add_with_key(op, args, ContentKey::of(format!("{key} {name}").as_bytes()), span)
    }

    /// Counts what is written out of some arguments, as a key and in the plan.
    fn count(&mut self, args: &Args) {
        for value in args.values() {
            let extent = value.extent();
            self.cost = self.cost.saturating_add(extent.parts).saturating_add(extent.bytes / 64);
        }
    }

    fn add_with_key(&mut self, op: &'static str, args: Args, key: ContentKey, span: Option<Span>) -> NodeId {
        if let Some(&id) = self.by_key.get(&key) {
            return id;
        }
        let mut inputs = Vec::new();
        args.values().for_each(|value| value.nodes(&mut |node| inputs.push(node)));
        inputs.sort_unstable();
        inputs.dedup();
        let id = self.dag.add_node(Node { op, args, key, names: IndexSet::new(), span, said: None, places: Places::default() });
        for input in inputs {
            self.dag.add_edge(index(input), id, ());
        }
        let id = NodeId(id.index() as u32);
        self.by_key.insert(key, id);
        id
    }

    fn key_of(&self, op: &'static str, args: &Args) -> ContentKey {
        let version = declared(op).map_or(0, |decl| decl.version);
        let means = Means { op, version, args: MeantArgs { graph: self, op, args } };
        ContentKey::of(serde_json::to_string(&means).unwrap_or_default().as_bytes()) // values always serialise
    }

    /// What a value means, written out: nodes by their keys.
    pub fn meaning(&self, value: &Value) -> String {
        serde_json::to_string(&value.meaning(|node| self.keyed(node))).unwrap_or_default() // as above
    }

    fn keyed(&self, node: NodeId) -> Keyed {
        Keyed { key: self.dag[index(node)].key }
    }

    /// Gives a node a name. The first one is what the plan calls it.
    pub fn name(&mut self, id: NodeId, name: &str, arm: &Arm) {
        if let Some(node) = self.dag.node_weight_mut(index(id)) {
            node.names.insert((name.to_owned(), arm.clone()));
        }
    }

    /// Brings the names of every node that has several into the order of `rank`, those of one rank as they were: the first is its name in
    /// plans.
    pub(crate) fn order_names<K: Ord>(&mut self, rank: impl Fn(&str) -> K) {
        for node in self.dag.node_weights_mut().filter(|node| node.names.len() > 1) {
            node.names.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)));
        }
    }

    /// Of the nodes that were added since there were `count`, those that are said inside of `def` get the place that calls for them.
    pub fn place(&mut self, count: usize, def: Span, call: Span) {
        for at in count..self.len() {
            if let Some(node) = self.dag.node_weight_mut(NodeIndex::new(at))
                && let Some(said) = node.span
                && def.holds(said)
            {
                node.said = node.said.or(node.span);
                node.span = Some(call);
            }
        }
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.dag[index(id)]
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.dag.node_count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All nodes, inputs before what uses them.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.dag.node_indices().map(|at| (NodeId(at.index() as u32), &self.dag[at]))
    }

    /// The nodes that this one reads, sorted.
    pub fn inputs(&self, id: NodeId) -> Vec<NodeId> {
        let mut inputs: Vec<_> =
            self.dag.neighbors_directed(index(id), petgraph::Direction::Incoming).map(|at| NodeId(at.index() as u32)).collect();
        inputs.sort_unstable();
        inputs
    }

    /// The nodes that these ones need, themselves among them, inputs first.
    pub fn needed(&self, sinks: &[NodeId]) -> Vec<NodeId> {
        let reversed = petgraph::visit::Reversed(&self.dag);
        let mut dfs = Dfs::empty(reversed);
        let mut needed = Vec::new();
        for &sink in sinks {
            dfs.move_to(index(sink));
            while let Some(at) = dfs.next(reversed) {
                needed.push(NodeId(at.index() as u32));
            }
        }
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// The underlying DAG, for drawing.
    pub fn dag(&self) -> &DiGraph<Node, ()> {
        &self.dag
    }
}
