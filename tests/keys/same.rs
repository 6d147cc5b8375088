//! Whether two plans' nodes mean the same, told from the plans themselves and from no key: by their arguments, and by what they read.

use ddl::lang::value::NodeId;
use ddl::ops::registry;
use ddl::plan::Plan;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Two plans side by side.
pub struct Same<'p> {
    before: &'p Plan,
    after: &'p Plan,
    /// What was found of pairs of nodes.
    pub found: BTreeMap<(NodeId, NodeId), bool>,
}

impl<'p> Same<'p> {
    /// Compares what the sinks of one name are made of.
    pub fn of(before: &'p Plan, after: &'p Plan) -> Self {
        let mut same = Same { before, after, found: BTreeMap::new() };
        for &a in &before.sinks {
            let of_that_name = |b: &&NodeId| after.node(**b).name == before.node(a).name;
            if let Some(&b) = after.sinks.iter().find(of_that_name) {
                same.nodes(a, b);
            }
        }
        same
    }

    fn nodes(&mut self, a: NodeId, b: NodeId) -> bool {
        if let Some(known) = self.found.get(&(a, b)) {
            return *known;
        }
        let (was, is) = (self.before.node(a), self.after.node(b));
        let observes = registry()[&*was.op].observes;
        // what is only shown: a claim's words, labels (which no edit here changes), an axis's name
        let shown = |name: &str| Some(name) == observes || name == "text";
        let args = |args: &Json| {
            args.as_object()
                .into_iter()
                .flatten()
                .filter(|(name, _)| !shown(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect::<BTreeMap<_, _>>()
        };
        let (x, y) = (args(was.args()), args(is.args()));
        let mut same = was.op == is.op && x.keys().eq(y.keys());
        // all of them are looked at, so that every pair of nodes is compared
        for (name, x) in &x {
            same &= y.get(name).is_some_and(|y| self.values(x, y));
        }
        self.found.insert((a, b), same);
        same
    }

    fn values(&mut self, x: &Json, y: &Json) -> bool {
        if let (Some(a), Some(b)) = (node(x), node(y)) {
            return self.nodes(a, b);
        }
        match (x, y) {
            (Json::Array(x), Json::Array(y)) => x.len() == y.len() && x.iter().zip(y).fold(true, |same, (x, y)| self.values(x, y) && same),
            (Json::Object(x), Json::Object(y)) => {
                if let (Some(Json::Array(x)), Some(Json::Array(y))) = (x.get("terms"), y.get("terms")) {
                    return self.sums(x, y);
                }
                x.len() == y.len() && x.iter().fold(true, |same, (name, x)| y.get(name).is_some_and(|y| self.values(x, y)) && same)
            }
            (x, y) => x == y,
        }
    }

    /// Sums are the same in any order: each term finds its like.
    fn sums(&mut self, x: &[Json], y: &[Json]) -> bool {
        let mut left: Vec<&Json> = y.iter().collect();
        for term in x {
            let Some(at) = left.iter().position(|other| self.values(term, other)) else { return false };
            left.remove(at);
        }
        left.is_empty()
    }
}

fn node(json: &Json) -> Option<NodeId> {
    let map = json.as_object().filter(|map| map.len() == 1)?;
    Some(NodeId(map.get("node")?.as_u64()? as u32))
}
