//! Nodes in the words of a recipe: `where(people.train, abs(.yaw) < 10deg)`.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

use super::{Plan, PlanNode};
use crate::data::predicate::Expr;
use crate::data::readers::ColumnType;
use crate::data::{AttributeType, Schema};
use crate::lang::decl::Operator as _;
use crate::lang::decl::{Call, Decl};
use crate::lang::types::Type;
use crate::lang::value::{Args, NodeId};
use crate::ops::data::Annotate;
use crate::ops::declared;
use crate::ops::evals::{OverPanel, Panel};
use crate::ops::node::Gives;
use crate::ops::outputs::Heard;
use crate::ops::readers::Reader;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// Texts longer than this are cut in [`Plan::brief`] (characters).
const LONGEST: usize = 100;

/// A text, cut where it gets long.
fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// Models that a name of several has.
const MOST_NAMED: usize = 3;

impl Plan {
    /// The node as a call: `arcface(margin = 0.3rad)`; other nodes by their names, defaults left out.
    pub fn call(&self, id: NodeId) -> String {
        let node = self.node(id);
        self.call_of(&node.op, node.args.as_object())
    }

    /// The same, cut where it gets long.
    pub(crate) fn brief(&self, id: NodeId) -> String {
        cut(&self.call(id))
    }

    /// Where something is, for a message: in a node that the recipe names, or in one that does this.
    pub(crate) fn in_node(&self, id: NodeId) -> String {
        let node = self.node(id);
        match declared(node.op.as_ref()) {
            _ if !node.name.starts_with(&format!("{}(", node.op)) => format!("in `{}`", node.name),
            Some(decl) if decl.hidden => "needed here".to_owned(), // no recipe says its name
            _ => format!("in this {}", node.op),
        }
    }

    /// The arguments that differ from the defaults, each in the words of a recipe.
    pub fn arguments(&self, id: NodeId) -> BTreeMap<String, String> {
        let node = self.node(id);
        let decl = declared(node.op.as_ref());
        let Some(args) = node.args.as_object() else { return BTreeMap::new() };
        let data = node.args.get("data").and_then(node_in);
        let say = |value: &Json, name: &str| match (row_in(value), data) {
            (Some(row), Some(data)) => row.text(&self.schema(data)),
            _ => self.say(value, type_of(decl, name)),
        };
        args.iter().map(|(name, value)| (name.clone(), say(value, name))).collect()
    }

    /// What a node without a name of its own is called: `judge(warm, pose)`, `where(people.train, test = abs(.yaw) < 10deg)`.
    pub(super) fn made_name(&self, id: NodeId) -> String {
        let node = self.node(id);
        if let Ok(over) = self.get::<OverPanel>(id) {
            let evals: Vec<String> = over.evals.iter().map(|(name, eval)| format!("{name} = {}", self.node(eval.node).name)).collect();
            return format!("{}({}).{}", Panel::NAME, cut(&evals.join(", ")), over.by.word());
        }
        if let Some(said) = node.work().and_then(Heard::of) {
            let names: Vec<&str> = said.by.attributes().into_iter().map(|(name, _)| name).collect();
            let by = said.by.model().map_or_else(|| said.by.name().to_owned(), |model| self.node(model).name.clone());
            return cut(&format!("{}({}, by = {by}: {})", node.op, self.node(said.data.node).name, names.join(", ")));
        }
        let Some(decl) = declared(node.op.as_ref()).filter(|decl| decl.hidden) else { return self.brief(id) };
        let is_node = |value: &Json| value.get("node").is_some();
        let said = decl.params.iter().filter_map(|param| {
            let value = node.args.get(param.name)?;
            match value {
                Json::Array(items) if items.iter().any(is_node) && node.gives() == Some(Gives::Model) => {
                    (param.name == "models").then(|| self.in_common(items))
                }
                Json::Array(items) if items.iter().any(is_node) => None, // what is judged follows from the protocol
                _ if param.name == "pooling" => None,                    // and so does what pools it
                _ if is_node(value) => Some(self.say(value, None)),
                _ => Some(format!("{} = {}", param.name, self.say(value, Some(&param.ty)))),
            }
        });
        format!("{}({})", node.op, said.collect::<Vec<_>>().join(", "))
    }

    /// The names of several arms as one, with what their arms have in common: `s[m = 0.3rad]`.
    fn in_common(&self, items: &[Json]) -> String {
        let nodes: Vec<&PlanNode> = items.iter().filter_map(node_in).map(|id| self.node(id)).collect();
        let shared = |(axis, value): &(&String, &String)| nodes.iter().all(|node| node.arm.get(*axis) == Some(*value));
        let arm = nodes.first().into_iter().flat_map(|node| node.arm.iter()).filter(shared);
        let arm = arm.map(|(axis, value)| (axis.clone(), value.clone())).collect();
        let names: BTreeSet<&str> = nodes.iter().map(|node| node.bare_name()).collect();
        let more = if names.len() > MOST_NAMED { ", …" } else { "" };
        super::in_arm(&(names.into_iter().take(MOST_NAMED).collect::<Vec<_>>().join(", ") + more), &arm)
    }

    fn call_of(&self, op: &str, args: Option<&Map<String, Json>>) -> String {
        let decl = declared(op);
        let empty = Map::new();
        let args = args.unwrap_or(&empty);
        let data = args.get("data").and_then(node_in);
        let say = |json: &Json, ty| match (row_in(json), data) {
            (Some(row), Some(data)) => row.text(&self.schema(data)),
            _ => self.say(json, ty),
        };
        let declared = decl.into_iter().flat_map(|decl| decl.params.iter().map(|param| param.name));
        let named: Vec<&str> = declared.filter(|name| args.contains_key(*name)).collect();
        // what the compiler adds to a call follows from the rest of it
        let named: Vec<&str> = named.into_iter().filter(|name| (op, *name) != (Annotate::NAME, "said")).collect();
        let other = args
            .keys()
            .map(String::as_str)
            .filter(|name| *name != "op" && !named.contains(name) && (op, *name) != (Annotate::NAME, "said"));
        let first = decl.and_then(|decl| decl.params.first()).map(|param| param.name);
        let said: Vec<String> = named
            .iter()
            .copied()
            .chain(other)
            .map(|name| {
                let value = say(&args[name], type_of(decl, name));
                if Some(name) == first { value } else { format!("{name} = {value}") }
            })
            .collect();
        format!("{op}({})", said.join(", "))
    }

    /// The attributes that a data set's samples have, as far as the plan itself tells.
    fn schema(&self, mut data: NodeId) -> Schema {
        let mut attributes: IndexMap<String, AttributeType> = IndexMap::new();
        loop {
            let node = self.node(data);
            let known = self.get::<Reader>(data).map_or(&[][..], Reader::attributes);
            attributes.extend(known.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())));
            if let Ok(Annotate { by: Some(by), .. }) = self.get::<Annotate>(data) {
                attributes.extend(by.attributes().into_iter().map(|(name, kind)| (name.to_owned(), kind)));
            }
            for (name, word) in node.args.get("schema").and_then(Json::as_object).into_iter().flatten() {
                if let Ok(column) = word.as_str().unwrap_or_default().parse::<ColumnType>() {
                    attributes.insert(name.clone(), column.attribute());
                }
            }
            let of_merge = |args: &Json| node_in(args.get("data")?.get(0)?);
            match node.args.get("data").and_then(node_in).or_else(|| of_merge(&node.args)).filter(|next| *next < data) {
                Some(next) => data = next,
                None => return Schema::new(attributes),
            }
        }
    }

    /// One value. A type tells texts from quantities.
    pub(super) fn say(&self, json: &Json, ty: Option<&Type>) -> String {
        match json {
            Json::Null => "none".to_owned(),
            Json::Bool(_) => json.to_string(),
            Json::Number(number) => match number.as_f64() {
                Some(x) if !number.is_i64() && !number.is_u64() => x.to_string(),
                _ => number.to_string(),
            },
            Json::String(text) if ty.is_some_and(is_text) => format!("{text:?}"),
            Json::String(text) => text.clone(),
            Json::Array(items) => {
                let of = ty.and_then(element);
                format!("[{}]", items.iter().map(|item| self.say(item, of)).collect::<Vec<_>>().join(", "))
            }
            Json::Object(map) => self.say_object(map, ty),
        }
    }

    fn say_object(&self, map: &Map<String, Json>, ty: Option<&Type>) -> String {
        if map.len() == 1 {
            if let Some(at) = map.get("node").and_then(Json::as_u64) {
                return self.nodes.get(at as usize).map_or_else(|| format!("#{at}"), |node| node.name.clone());
            }
            if map.contains_key("row") {
                return row_in(&Json::Object(map.clone())).map_or_else(String::new, |row| row.to_string());
            }
            if let Some(Json::Array(terms)) = map.get("terms") {
                return self.sum(terms);
            }
        }
        match map.get("op").and_then(Json::as_str) {
            Some("part") => self.part(map),
            Some(op) => self.call_of(op, Some(map)),
            None => {
                let of = ty.and_then(element);
                let fields: Vec<String> = map.iter().map(|(name, value)| format!("{name} = {}", self.say(value, of))).collect();
                format!("{{{}}}", fields.join(", "))
            }
        }
    }

    fn sum(&self, terms: &[Json]) -> String {
        let weighted: Vec<String> = terms
            .iter()
            .map(|term| {
                let (weight, term) = (&term["weight"], self.say(&term["term"], None));
                if weight.is_null() || weight.as_f64() == Some(1.0) { term } else { format!("{} * {term}", self.say(weight, None)) }
            })
            .collect();
        weighted.join(" + ")
    }

    fn part(&self, map: &Map<String, Json>) -> String {
        let model = map.get("model").map_or_else(String::new, |model| self.say(model, None));
        format!("{model}.{}", map.get("name").and_then(Json::as_str).unwrap_or_default())
    }
}

impl PlanNode {
    /// Its name without the arm that it belongs to.
    pub fn bare_name(&self) -> &str {
        if self.arm.is_empty() { &self.name } else { self.name.split('[').next().unwrap_or(&self.name) }
    }

    /// Whether the planner made this node: no recipe can say its operator, nor that it wants the model that it gives.
    pub(crate) fn is_derived(&self) -> bool {
        let call = Call { types: &IndexMap::new(), args: &Args::new() };
        declared(self.op.as_ref()).is_some_and(|decl| decl.hidden && (decl.result)(&call) != Type::Model)
    }
}

/// The node that an argument names.
fn node_in(json: &Json) -> Option<NodeId> {
    Some(NodeId(u32::try_from(json.get("node")?.as_u64()?).ok()?))
}

/// The expression over attributes that an argument is.
fn row_in(json: &Json) -> Option<Expr> {
    serde_json::from_value(json.get("row")?.clone()).ok()
}

fn type_of<'a>(decl: Option<&'a Decl>, param: &str) -> Option<&'a Type> {
    decl.and_then(|decl| decl.param(param)).map(|param| &param.ty)
}

/// What a list's items or a record's fields are.
fn element(ty: &Type) -> Option<&Type> {
    if let Type::List(of) | Type::Named(of) = ty {
        Some(of)
    } else if let Type::Optional(of) = ty {
        element(of)
    } else if let Type::Union(of) = ty {
        of.iter().find_map(element)
    } else {
        None
    }
}

/// Whether a text of this type is quoted.
fn is_text(ty: &Type) -> bool {
    if let Type::Optional(of) = ty {
        is_text(of)
    } else if let Type::Union(of) = ty {
        of.iter().any(is_text)
    } else {
        matches!(ty, Type::Text | Type::Path | Type::Choice(_))
    }
}
