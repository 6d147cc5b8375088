//! Whether a plan that was read holds together.

use super::{Plan, PlanError};
use crate::lang::value::NodeId;
use serde_json::Value as Json;

impl Plan {
    /// The plan itself, if its nodes name only nodes before them and its sinks only nodes that there are: all else takes that for granted.
    ///
    /// # Errors
    /// Names the node, of a plan that was edited.
    pub fn sound(self) -> Result<Self, PlanError> {
        for (id, node) in self.iter() {
            let wrong = |named: u64| PlanError::NoSuchNode { name: node.name.clone(), named };
            if let Some(input) = node.inputs.iter().find(|input| input.0 >= id.0) {
                return Err(wrong(u64::from(input.0)));
            }
            if let Some(named) = named_from(&node.args, id) {
                return Err(wrong(named));
            }
        }
        match self.sinks.iter().find(|sink| sink.0 as usize >= self.nodes.len()) {
            Some(sink) => Err(PlanError::NoSuchNode { name: "sinks".to_owned(), named: u64::from(sink.0) }),
            None => Ok(self),
        }
    }
}

/// A node at `id` or behind it that these arguments name.
fn named_from(args: &Json, id: NodeId) -> Option<u64> {
    match args {
        Json::Array(items) => items.iter().find_map(|item| named_from(item, id)),
        Json::Object(map) => match map.get("node").and_then(Json::as_u64).filter(|_| map.len() == 1) {
            Some(named) => Some(named).filter(|named| *named >= u64::from(id.0)),
            None => map.values().find_map(|value| named_from(value, id)),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::ContentKey;
    use crate::plan::PlanNode;
    use crate::plan::models::Networks;
    use indexmap::IndexMap;

    #[test]
    fn a_plan_names_only_nodes_before_the_one_that_names_them() {
        let key = ContentKey::of(b"any");
        let node = |name: &str, args: Json| PlanNode { name: name.to_owned(), ..PlanNode::new("tiny".into(), 1, key, args) };
        let plan = |args: Json, sinks: Vec<NodeId>| Plan {
            ddl: "0".to_owned(),
            recipe: "r.ddl".to_owned(),
            doc: String::new(),
            params: IndexMap::new(),
            nodes: vec![node("first", Json::Null), node("second", args)],
            sinks,
            networks: Networks::default(),
        };
        let said = |args: Json, sink: u32| plan(args, vec![NodeId(sink)]).sound().map_err(|error| error.to_string());
        assert!(said(serde_json::json!({"model": {"node": 0}}), 1).is_ok());
        let listed = serde_json::json!({"models": [{"node": 0}, {"op": "last", "of": {"node": 1}}]});
        assert_eq!(said(listed, 1).unwrap_err(), "`second` names node 1, which is not before it");
        assert_eq!(said(Json::Null, 2).unwrap_err(), "`sinks` names node 2, which is not before it");
    }
}
