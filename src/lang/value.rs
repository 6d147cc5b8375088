//! What an expression evaluates to while a recipe is compiled.

#![allow(clippy::cast_precision_loss, reason = "counts that are shown, and numbers of nodes")]

use super::decl::Decl;
pub use super::held::{Extent, List, Mark, Op, Record};
use crate::quantity::{Angle, Bytes, Checks, Fraction, Images, Interval, Pixels, Span};
use crate::source::Span as Place;
use indexmap::IndexMap;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;
use std::sync::Arc;

/// The place of a node in the graph, in the order in which the compiler met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

/// One arm of an experiment: the value's label on each named axis (`order = 0.1, seed = 2`), sorted by axis.
pub(crate) type Arm = litemap::LiteMap<String, String>;

/// An operator applied to arguments, without a node of its own (a head, an augment, a curve, a term).
#[derive(Clone)]
pub struct OpValue {
    /// The operator.
    pub decl: &'static Decl,
    /// The arguments that differ from the operator's defaults, sorted by name.
    pub args: Args,
    /// Where the recipe says them.
    pub places: Places,
}

impl OpValue {
    /// An operator's value whose arguments stand nowhere.
    pub fn new(decl: &'static Decl, args: Args) -> Self {
        OpValue { decl, args, places: Places::default() }
    }

    /// The operator's name as a recipe says it.
    pub fn op(&self) -> &'static str {
        self.decl.name
    }

    /// The same, whose arguments stand there.
    #[must_use]
    pub fn said(self, places: Places) -> Self {
        OpValue { places, ..self }
    }
}

impl PartialEq for OpValue {
    fn eq(&self, other: &Self) -> bool {
        self.op() == other.op() && self.args == other.args
    }
}

impl std::fmt::Debug for OpValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpValue").field("op", &self.op()).field("args", &self.args).finish_non_exhaustive()
    }
}

/// Where a recipe says arguments, by their names. It is no part of what they mean: all places are equal.
#[derive(Debug, Clone, Default)]
pub struct Places(litemap::LiteMap<&'static str, Place>);

impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl FromIterator<(&'static str, Place)> for Places {
    fn from_iter<T: IntoIterator<Item = (&'static str, Place)>>(places: T) -> Self {
        Places(places.into_iter().collect())
    }
}

impl Places {
    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where an argument stands, if that is known.
    pub fn at(&self, name: &str) -> Option<Place> {
        self.0.get(name).copied()
    }

    /// Where a value inside of these arguments stands, by its path in a plan (`optimizer`, `lr`, `at`): the innermost argument that is
    /// known.
    pub fn of(&self, args: &Args, path: &[String]) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        args.get(first.as_str()).and_then(|value| value.place(rest)).or_else(|| self.0.get(first.as_str()).copied())
    }
}

/// Arguments by parameter name, sorted by name.
pub type Args = litemap::LiteMap<&'static str, Value>;

/// A value of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `none`: an optional thing that is absent.
    None,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text, or one of an operator's choices.
    Text(Arc<str>),
    /// A path; `shown` is what the recipe says, `real` is where it lies.
    Path(Arc<PathValue>),
    /// An angle.
    Angle(Angle),
    /// A length in pixels.
    Pixels(Pixels),
    /// A length of training.
    Span(Span),
    /// A part of a whole.
    Fraction(Fraction),
    /// A number of images.
    Images(Images),
    /// A number of checks.
    Checks(Checks),
    /// An amount of memory.
    Bytes(Bytes),
    /// `a..b`, both ends included.
    Range(Box<(Value, Value)>),
    /// `[a, b]`.
    List(List),
    /// `{a = x}`, in the order that the recipe says.
    Record(Record),
    /// An expression over the attributes of one sample.
    Row(Arc<crate::data::predicate::Expr>),
    /// The types of a file's columns (`{yaw: deg}`).
    Schema(Arc<IndexMap<String, String>>),
    /// An operator's value that is no node.
    Op(Op),
    /// A node of the graph.
    Node(NodeId),
    /// A parameter that has no value yet: a recipe may be checked without it.
    Hole(String),
    /// The value of something that was reported as wrong; nothing more is said about it.
    Poison,
}

/// A path as the recipe says it and as the file system knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathValue {
    /// What the recipe says, with `$name` for a path that a parameter gives: the same on every machine.
    pub shown: String,
    /// Where it lies; absent while a parameter is.
    pub real: Option<std::path::PathBuf>,
    /// The folder that it must not leave, links included; none of a path that a parameter gives.
    pub within: Option<std::path::PathBuf>,
    /// The digest of what lies there, once it was probed: in a content key it stands for the path.
    pub digest: Option<String>,
}

impl From<OpValue> for Value {
    fn from(op: OpValue) -> Self {
        Value::Op(op.into())
    }
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Value::Text(text.into())
    }

    /// This value as the plan holds it: quantities as texts, nodes as `{node: 3}`, operators as `{op: flip, p: 50%}`.
    pub(crate) fn to_json(&self) -> Json {
        // values hold texts, numbers and lists under text keys, which always serialise
        serde_json::to_value(self.in_plan(&|node| node)).unwrap_or(Json::Null)
    }

    /// The same, to be written out at once, with every node at the place that `place` gives it.
    pub(crate) fn in_plan<'v, F: Fn(NodeId) -> NodeId>(&'v self, place: &'v F) -> impl Serialize + 'v {
        Out { value: self, node: move |node| InPlan { node: place(node) }, meaning: false }
    }

    /// What this value means, every node replaced by what `node` says: of paths their content counts, of sums of attributes no order, and
    /// what only observes is left out.
    pub fn meaning<'v, N: Serialize + 'v, F: Fn(NodeId) -> N + Copy + 'v>(&'v self, node: F) -> impl Serialize + 'v {
        Out { value: self, node, meaning: true }
    }

    /// The values that stand directly inside of this one, in order.
    pub fn parts(&self) -> impl Iterator<Item = &Value> {
        let (mut ends, mut items, mut fields, mut args) = (None, None, None, None);
        match self {
            Value::Range(range) => ends = Some([&range.0, &range.1]),
            Value::List(list) => items = Some(list.iter()),
            Value::Record(record) => fields = Some(record.values()),
            Value::Op(op) => args = Some(op.args.values()),
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Path(_)
            | Value::Angle(_)
            | Value::Pixels(_)
            | Value::Span(_)
            | Value::Fraction(_)
            | Value::Images(_)
            | Value::Checks(_)
            | Value::Bytes(_)
            | Value::Row(_)
            | Value::Schema(_)
            | Value::Node(_)
            | Value::Hole(_)
            | Value::Poison => {}
        }
        let (ends, items) = (ends.into_iter().flatten(), items.into_iter().flatten());
        ends.chain(items).chain(fields.into_iter().flatten()).chain(args.into_iter().flatten())
    }

    /// Where a value inside of this one stands, by its path in a plan.
    fn place(&self, path: &[String]) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        match self {
            Value::Op(op) => op.places.of(&op.args, path),
            Value::List(items) => items.get(first.parse::<usize>().ok()?)?.place(rest),
            Value::Record(fields) => fields.get(first)?.place(rest),
            _ => None, // nothing inside has a place of its own
        }
    }

    /// Calls `see` with every node that this value names, in order.
    pub fn nodes(&self, see: &mut dyn FnMut(NodeId)) {
        if let Value::Node(id) = self {
            see(*id);
        }
        self.parts().for_each(|part| part.nodes(see));
    }

    /// Calls `see` with every path that this value names, in order.
    pub fn paths(&self, see: &mut dyn FnMut(&PathValue)) {
        if let Value::Path(path) = self {
            see(path);
        }
        self.parts().for_each(|part| part.paths(see));
    }

    /// Whether a parameter without a value, or something wrong, is anywhere inside.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Value::Hole(_) | Value::Poison => true,
            Value::Path(path) => path.real.is_none(),
            _ => self.parts().any(Value::is_open),
        }
    }

    /// The parameter or axis that is missing somewhere inside, if any is.
    pub fn hole(&self) -> Option<&str> {
        if let Value::Hole(name) = self { Some(name) } else { self.parts().find_map(Value::hole) }
    }

    /// The number that a range check compares: the quantity in its own unit (degrees for angles, as they are for the rest).
    pub(crate) fn magnitude(&self) -> Option<f64> {
        match self {
            Value::Int(n) => Some(*n as f64),
            Value::Float(x) => Some(*x),
            Value::Angle(x) => Some(x.as_radians()),
            Value::Pixels(x) => Some(f64::from(x.0)),
            Value::Fraction(x) => Some(x.0),
            Value::Images(x) => Some(x.0 as f64),
            Value::Checks(x) => Some(x.0 as f64),
            Value::Bytes(x) => Some(x.0 as f64),
            Value::Span(Span::Epochs(x) | Span::Part(x)) => Some(*x),
            Value::Span(Span::Steps(n)) => Some(*n as f64),
            Value::None
            | Value::Bool(_)
            | Value::Text(_)
            | Value::Path(_)
            | Value::Range(_)
            | Value::List(_)
            | Value::Record(_)
            | Value::Row(_)
            | Value::Schema(_)
            | Value::Op(_)
            | Value::Node(_)
            | Value::Hole(_)
            | Value::Poison => None,
        }
    }
}

/// A node in a plan.
#[derive(Serialize)]
struct InPlan {
    node: NodeId,
}

/// A value as it is written out, with what `node` says of nodes.
#[derive(Clone, Copy)]
struct Out<'v, F> {
    value: &'v Value,
    node: F,
    /// Whether it is written for what it means.
    meaning: bool,
}

impl<N: Serialize, F: Fn(NodeId) -> N + Copy> Out<'_, F> {
    fn part<'p>(&self, value: &'p Value) -> Out<'p, F> {
        Out { value, node: self.node, meaning: self.meaning }
    }

    fn operator<S: Serializer>(&self, op: &OpValue, to: S) -> Result<S::Ok, S::Error> {
        let observer = op.decl.observes.filter(|_| self.meaning);
        let meant = || op.args.iter().filter(|(name, _)| Some(**name) != observer);
        if let Some(alone) = op.decl.stands_for.filter(|_| self.meaning)
            && meant().all(|(name, _)| *name == alone)
            && let Some(value) = op.args.get(alone)
        {
            return self.part(value).serialize(to);
        }
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("op", op.op())?;
        for (name, value) in meant() {
            map.serialize_entry(name, &self.part(value))?;
        }
        if self.meaning {
            if op.decl.version > 1 {
                map.serialize_entry("version", &op.decl.version)?;
            }
            for (name, default) in op.decl.raised().iter().filter(|(name, _)| !op.args.contains_key(name)) {
                map.serialize_entry(name, &self.part(default))?;
            }
        }
        map.end()
    }
}

impl<N: Serialize, F: Fn(NodeId) -> N + Copy> Serialize for Out<'_, F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::None => to.serialize_unit(),
            Value::Bool(b) => b.serialize(to),
            Value::Int(n) => n.serialize(to),
            Value::Float(x) => x.serialize(to),
            Value::Text(text) => text.serialize(to),
            Value::Path(path) => match &path.digest {
                Some(digest) if self.meaning => to.collect_map([("digest", digest)]),
                _ => path.shown.serialize(to),
            },
            Value::Angle(x) => x.serialize(to),
            Value::Pixels(x) => x.serialize(to),
            Value::Span(x) => x.serialize(to),
            Value::Fraction(x) => x.serialize(to),
            Value::Images(x) => x.serialize(to),
            Value::Checks(x) => x.serialize(to),
            Value::Bytes(x) => x.serialize(to),
            // an end that is a curve has no short form
            Value::Range(ends) if [&ends.0, &ends.1].into_iter().any(|end| matches!(end, Value::Op(_))) => {
                to.collect_map([("from", self.part(&ends.0)), ("to", self.part(&ends.1))])
            }
            Value::Range(ends) => Interval { from: Shown(&ends.0), to: Shown(&ends.1) }.serialize(to),
            Value::List(items) => to.collect_seq(items.iter().map(|item| self.part(item))),
            Value::Record(fields) => to.collect_map(fields.iter().map(|(name, value)| (name, self.part(value)))),
            Value::Row(expr) if self.meaning => to.collect_map([("row", expr.canonical())]),
            Value::Row(expr) => to.collect_map([("row", &**expr)]),
            Value::Schema(columns) => columns.serialize(to),
            Value::Op(op) => self.operator(op, to),
            Value::Node(id) => (self.node)(*id).serialize(to),
            Value::Hole(param) => to.collect_str(&format_args!("${param}")),
            Value::Poison => to.serialize_str("<error>"),
        }
    }
}

/// A value inside a range, as a recipe writes it.
struct Shown<'a>(&'a Value);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.to_json() {
            Json::String(text) => f.write_str(&text),
            other => write!(f, "{other}"),
        }
    }
}

impl Value {
    /// As a recipe would write it, whole, however long it is.
    pub fn written(&self) -> String {
        Written(self).to_string()
    }
}

/// A value as a recipe would write it.
struct Written<'a>(&'a Value);

impl std::fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Value::None => f.write_str("none"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Path(path) => write!(f, "{:?}", path.shown),
            Value::List(items) => joined(f, "[", "]", items.iter().map(Written)),
            Value::Record(fields) => joined(f, "{", "}", fields.iter().map(|(name, value)| Named(name, " = ", Written(value)))),
            Value::Schema(fields) => joined(f, "{", "}", fields.iter().map(|(name, unit)| Named(name, ": ", unit))),
            Value::Row(expr) => write!(f, "{expr}"),
            Value::Op(op) => {
                f.write_str(op.op())?;
                joined(f, "(", ")", op.args.iter().map(|(name, value)| Named(name, " = ", Written(value))))
            }
            Value::Node(id) => write!(f, "#{}", id.0),
            Value::Hole(param) => write!(f, "${param}"),
            Value::Poison => f.write_str("<error>"),
            Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Angle(_)
            | Value::Pixels(_)
            | Value::Span(_)
            | Value::Fraction(_)
            | Value::Images(_)
            | Value::Checks(_)
            | Value::Bytes(_) => Shown(self.0).fmt(f),
            Value::Range(ends) => {
                let end = |end: &Value| if matches!(end, Value::Op(_)) { format!("({})", Written(end)) } else { Written(end).to_string() };
                write!(f, "{}..{}", end(&ends.0), end(&ends.1))
            }
        }
    }
}

/// `name = value`.
struct Named<'a, T>(&'a str, &'static str, T);

impl<T: std::fmt::Display> std::fmt::Display for Named<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}{}", self.0, self.1, self.2)
    }
}

fn joined<T: std::fmt::Display>(
    f: &mut std::fmt::Formatter<'_>,
    open: &str,
    close: &str,
    items: impl Iterator<Item = T>,
) -> std::fmt::Result {
    f.write_str(open)?;
    for (at, item) in items.enumerate() {
        f.write_str(if at > 0 { ", " } else { "" })?;
        write!(f, "{item}")?;
    }
    f.write_str(close)
}

/// Messages show as much of a value (bytes).
const LONGEST_SHOWN: usize = 400;

/// A text that takes only so much.
struct Brief(String);

impl std::fmt::Write for Brief {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let left = LONGEST_SHOWN.saturating_sub(self.0.len());
        if text.len() <= left {
            self.0.push_str(text);
            return Ok(());
        }
        let end = (0..=left).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        self.0.push_str(&text[..end]);
        Err(std::fmt::Error) // the rest is not even looked at
    }
}

impl std::fmt::Display for Value {
    /// As a recipe would write it, for messages: cut where it gets long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut brief = Brief(String::new());
        let whole = std::fmt::write(&mut brief, format_args!("{}", Written(self)));
        f.write_str(&brief.0)?;
        if whole.is_err() { f.write_str("…") } else { Ok(()) }
    }
}
