//! Plans from texts: whether what was read holds together.

use super::{Plan, PlanError};
use crate::lang::value::NodeId;
use crate::misread::Misread;
use serde_json::{Number, Value as Json};
use serde_yaml::Value as Yaml;
use std::collections::HashSet;

/// A text that is no plan.
#[derive(Debug, thiserror::Error)]
pub enum NoPlan {
    /// It is no YAML, or not of a plan's shape.
    #[error("{0}")]
    Misread(Misread),
    /// A number that no plan has.
    #[error("{0} stands among its arguments, and they are finite")]
    NotFinite(f64),
    /// It contradicts itself.
    #[error(transparent)]
    Unsound(#[from] PlanError),
}

impl Plan {
    /// Reads what [`Plan::yaml`] or [`Plan::json`] wrote, which is YAML too.
    ///
    /// # Errors
    /// Says what is wrong with a plan that was edited.
    pub fn from_yaml(text: &str) -> Result<Self, NoPlan> {
        let misread = |error: serde_yaml::Error| NoPlan::Misread(Misread::from(&error));
        if let Some(number) = not_finite(&crate::text::yaml(text).map_err(misread)?) {
            return Err(NoPlan::NotFinite(number)); // JSON, as which arguments are read, would have none there
        }
        Ok(crate::text::yaml::<Plan>(text).map_err(misread)?.sound()?)
    }

    /// The plan itself, if its nodes name only nodes before them, its sinks only nodes that there are, and no two nodes have one name: all
    /// else takes that for granted.
    ///
    /// # Errors
    /// Names the node, of a plan that was edited.
    pub fn sound(self) -> Result<Self, PlanError> {
        let mut names = HashSet::new();
        for (id, node) in self.iter() {
            if !names.insert(node.name.as_str()) {
                return Err(PlanError::NamedTwice { name: node.name.clone() });
            }
            let wrong = |named: Number| PlanError::NoSuchNode { name: node.name.clone(), named };
            if let Some(input) = node.inputs.iter().find(|input| input.0 >= id.0) {
                return Err(wrong(input.0.into()));
            }
            if let Some(named) = named_from(&node.args, id) {
                return Err(wrong(named.clone()));
            }
        }
        match self.sinks.iter().find(|sink| sink.0 as usize >= self.nodes.len()) {
            Some(sink) => Err(PlanError::NoSuchNode { name: "sinks".to_owned(), named: sink.0.into() }),
            None => Ok(self),
        }
    }
}

/// What these arguments name that is no node before `id`.
fn named_from(args: &Json, id: NodeId) -> Option<&Number> {
    match args {
        Json::Array(items) => items.iter().find_map(|item| named_from(item, id)),
        Json::Object(map) => match map.get("node") {
            Some(Json::Number(named)) if map.len() == 1 => {
                Some(named).filter(|named| named.as_u64().is_none_or(|it| it >= u64::from(id.0)))
            }
            _ => map.values().find_map(|value| named_from(value, id)),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

/// The first number that is NaN or infinite.
fn not_finite(yaml: &Yaml) -> Option<f64> {
    match yaml {
        Yaml::Number(number) => number.as_f64().filter(|number| !number.is_finite()),
        Yaml::Sequence(items) => items.iter().find_map(not_finite),
        Yaml::Mapping(map) => map.iter().find_map(|(name, value)| not_finite(name).or_else(|| not_finite(value))),
        Yaml::Tagged(tagged) => not_finite(&tagged.value),
        Yaml::Null | Yaml::Bool(_) | Yaml::String(_) => None,
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
            sharing: std::collections::BTreeMap::new(),
        };
        let said = |args: Json, sink: u32| plan(args, vec![NodeId(sink)]).sound().map_err(|error| error.to_string());
        assert!(said(serde_json::json!({"model": {"node": 0}}), 1).is_ok());
        let listed = serde_json::json!({"models": [{"node": 0}, {"op": "last", "of": {"node": 1}}]});
        assert_eq!(said(listed, 1).unwrap_err(), "`second` names node 1, which is not before it");
        for named in ["-1", "1.5", "1e30"] {
            let args: Json = serde_json::from_str(&format!(r#"{{"model": {{"node": {named}}}}}"#)).unwrap();
            assert!(said(args, 1).unwrap_err().ends_with("which is not before it"), "{named}");
        }
        assert_eq!(said(Json::Null, 2).unwrap_err(), "`sinks` names node 2, which is not before it");
    }

    #[test]
    fn a_plan_that_was_edited_is_read_or_says_what_is_wrong() {
        let key = ContentKey::of(b"any");
        let node = |name: &str, args: &str| format!("- {{name: {name}, op: tiny, version: 1, key: {key}, args: {args}}}\n");
        let plan = |nodes: &str| {
            Plan::from_yaml(&format!("ddl: 0\nrecipe: r.ddl\nnodes:\n{nodes}sinks: [0]\n")).map_err(|error| error.to_string())
        };
        assert!(plan(&(node("a", "{width: 4}") + &node("b", "{width: 4}"))).is_ok());
        for (nodes, why) in [
            (node("a", "{}") + &node("a", "{width: 4}"), "two of its nodes are called `a`"),
            (node("a", "{width: .nan}"), "NaN stands among its arguments"),
            (node("a", "{width: [1, {a: -.inf}]}"), "-inf stands among"),
            (node("a", "{}").replace("name: a, ", ""), "`name`"),
            (node("a", "{}").replace("args", "name: b, args"), "an entry stands twice"),
        ] {
            let said = plan(&nodes).unwrap_err();
            assert!(said.contains(why), "{nodes}: {said}");
        }
    }
}
