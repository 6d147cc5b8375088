//! What is alike is drawn as one box.

use crate::report::model::{GraphDrawing, NodeState};
use std::collections::{BTreeMap, BTreeSet};

/// A graph of boxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The boxes, in the order of their first nodes.
    pub boxes: Vec<Folding>,
    /// From input to user.
    pub edges: Vec<(usize, usize)>,
}

/// Nodes that are drawn as one box.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folding {
    /// Their operator.
    pub kind: String,
    /// Their names, without arms, each once.
    pub names: Vec<String>,
    /// How many they are.
    pub nodes: usize,
    /// How many of them were computed in this run.
    pub ran: usize,
    /// How many of them were in the store.
    pub cached: usize,
}

/// How much is alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alike {
    /// The arms of one name.
    Arms,
    /// Also what is of one operator, reads what is alike, and is read by what is alike: the protocols of a table, methods side by side.
    Uses,
    /// Everything of one operator.
    Operators,
}

/// Draws what is alike as one.
pub fn fold(graph: &GraphDrawing, alike: Alike) -> Folded {
    let n = graph.nodes.len();
    let edges: Vec<(usize, usize)> = graph.edges.iter().copied().filter(|&(a, b)| a < n && b < n).collect();
    let arms = numbered(graph.nodes.iter().map(|node| (node.kind.as_str(), node.group.as_str())));
    let kinds = || numbered(graph.nodes.iter().map(|node| node.kind.as_str()));
    let classes = match alike {
        Alike::Arms => arms,
        Alike::Uses => together(&arms, &refined(kinds(), &edges)),
        Alike::Operators => kinds(),
    };
    let mut boxes = vec![Folding::default(); classes.iter().max().map_or(0, |last| last + 1)];
    let mut named = BTreeSet::new();
    for (node, &class) in graph.nodes.iter().zip(&classes) {
        let of = &mut boxes[class];
        of.kind.clone_from(&node.kind);
        of.nodes += 1;
        of.ran += usize::from(node.state == NodeState::Ran);
        of.cached += usize::from(node.state == NodeState::Cached);
        if named.insert((class, node.group.as_str())) {
            of.names.push(node.group.clone());
        }
    }
    let edges: BTreeSet<(usize, usize)> = edges.iter().map(|&(a, b)| (classes[a], classes[b])).filter(|(a, b)| a != b).collect();
    Folded { boxes, edges: edges.into_iter().collect() }
}

/// Numbers from 0 by first appearance.
fn numbered<T: Ord>(keys: impl Iterator<Item = T>) -> Vec<usize> {
    let mut known = BTreeMap::new();
    keys.map(|key| {
        let next = known.len();
        *known.entry(key).or_insert(next)
    })
    .collect()
}

/// Parts classes until the members of each read and are read by the same classes.
fn refined(mut classes: Vec<usize>, edges: &[(usize, usize)]) -> Vec<usize> {
    let count = |classes: &[usize]| classes.iter().max().map_or(0, |last| last + 1);
    // each round but the last makes at least one class more; a graph that needs very many is parted far enough
    for _ in 0..ROUNDS {
        let mut around = vec![(BTreeSet::new(), BTreeSet::new()); classes.len()];
        for &(a, b) in edges {
            around[b].0.insert(classes[a]);
            around[a].1.insert(classes[b]);
        }
        let next = numbered(classes.iter().zip(around));
        let done = count(&next) == count(&classes);
        classes = next;
        if done {
            break;
        }
    }
    classes
}

const ROUNDS: usize = 50;

/// The finest classes in which nodes are together that are so in either of both.
fn together(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut root: Vec<usize> = (0..a.len()).collect();
    for classes in [a, b] {
        let mut first = BTreeMap::new();
        for (at, class) in classes.iter().enumerate() {
            let with = *first.entry(class).or_insert(at);
            let (x, y) = (find(&mut root, with), find(&mut root, at));
            root[x.max(y)] = x.min(y);
        }
    }
    let roots: Vec<usize> = (0..a.len()).map(|at| find(&mut root, at)).collect();
    numbered(roots.into_iter())
}

/// The first of those that are together with `at`.
fn find(root: &mut [usize], mut at: usize) -> usize {
    while root[at] != at {
        root[at] = root[root[at]];
        at = root[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::GraphNode;

    fn graph(nodes: &[(&str, &str)], edges: &[(usize, usize)]) -> GraphDrawing {
        let node = |&(kind, group): &(&str, &str)| GraphNode {
            label: group.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            state: NodeState::Ran,
        };
        GraphDrawing { nodes: nodes.iter().map(node).collect(), edges: edges.to_vec(), mermaid: None }
    }

    fn sizes(folded: &Folded) -> Vec<(&str, usize)> {
        folded.boxes.iter().map(|it| (it.kind.as_str(), it.nodes)).collect()
    }

    #[test]
    fn arms_are_one_box_and_methods_stay_apart_until_there_are_too_many() {
        let nodes =
            [("faces", "f"), ("net", "n"), ("train", "a"), ("train", "a"), ("train", "b"), ("eval", "x"), ("eval", "y"), ("table", "t")];
        let edges = [(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 7), (3, 7), (4, 7), (5, 7), (6, 7)];
        let graph = graph(&nodes, &edges);
        let arms = fold(&graph, Alike::Arms);
        assert_eq!(sizes(&arms), [("faces", 1), ("net", 1), ("train", 2), ("train", 1), ("eval", 1), ("eval", 1), ("table", 1)]);
        let uses = fold(&graph, Alike::Uses);
        assert_eq!(sizes(&uses), [("faces", 1), ("net", 1), ("train", 3), ("eval", 2), ("table", 1)]);
        assert_eq!((uses.boxes[2].names.join(" "), uses.edges.len()), ("a b".to_owned(), 4));
    }

    #[test]
    fn what_is_used_otherwise_is_not_alike() {
        let chain = graph(&[("net", "n"), ("train", "warm"), ("train", "s"), ("table", "t")], &[(0, 1), (1, 2), (2, 3)]);
        assert_eq!(fold(&chain, Alike::Uses).boxes.len(), 4);
        assert_eq!(fold(&chain, Alike::Operators).boxes.len(), 3);
        assert_eq!(fold(&graph(&[], &[(0, 1)]), Alike::Uses).boxes.len(), 0);
    }
}
