//! What a parameter takes, in words.

use crate::lang::decl::{Decl, Limits, ParamDecl};
use crate::lang::types::{Dimension, Type};
use crate::lang::value::Value;
use crate::quantity::{Angle, Fraction};
use std::ops::Bound;

/// A call that is longer than this has a line for each parameter.
const LONGEST: usize = 100;

/// `arcface(scale = 64, margin = 0.5rad)`: required parameters by their names alone.
pub(crate) fn call(decl: &Decl) -> String {
    let params: Vec<String> = decl
        .params
        .iter()
        .filter(|param| !set_by_compiler(param))
        .map(|param| param.default.as_ref().map_or_else(|| param.name.to_owned(), |default| format!("{} = {}", param.name, shown(default))))
        .collect();
    let line = format!("{}({})", decl.name, params.join(", "));
    if line.chars().count() <= LONGEST { line } else { format!("{}(\n    {},\n)", decl.name, params.join(",\n    ")) }
}

/// How a head or term is evaluated on arrays, as a command; none for what `ddl term` can't take alone.
pub(crate) fn on_arrays(decl: &Decl) -> Option<String> {
    let required: Vec<&str> = decl.params.iter().filter(|param| param.default.is_none()).map(|param| param.name).collect();
    let name = decl.name;
    let labelled = "--embeddings x.npy --labels y.npy";
    match (super::groups::result(decl), required.as_slice()) {
        (Type::Head, []) => Some(format!("ddl term '{name}()' {labelled} --prototypes w.npy")),
        (Type::Objective, ["data"]) => Some(format!("ddl term '{name}(data)' {labelled}")),
        (Type::Objective, ["data", "head"]) => Some(format!("ddl term '{name}(data, arcface())' {labelled} --prototypes w.npy")),
        (Type::Objective, ["data", "teacher"]) => {
            let prototypes = if name == "kd" { " --prototypes w.npy --init teacher.prototypes=tw.npy" } else { "" };
            Some(format!("ddl term '{name}(data, teacher)' --embeddings x.npy --labels y.npy --teacher t.npy{prototypes}"))
        }
        (Type::Objective, ["teacher", "students"]) => Some(format!(
            "ddl term '{name}(teacher = branch(pairs = pe, negatives = e), students = [branch(pairs = ph, negatives = h)])' \
             --batch e=e.npy --batch h=h.npy --pairs pe=e1.npy,e2.npy --pairs ph=h1.npy,h2.npy"
        )),
        _ => None,
    }
}

/// Whether a parameter is no matter of the recipe's (`split`'s `part`).
pub(crate) fn set_by_compiler(param: &ParamDecl) -> bool {
    param.doc.contains("the compiler says it")
}

/// A default as a recipe writes it.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Float(x) => x.to_string(),
        Value::Op(op) if op.args.is_empty() => format!("{}()", op.op()),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        other @ (Value::None
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Text(_)
        | Value::Path(_)
        | Value::Angle(_)
        | Value::Pixels(_)
        | Value::Span(_)
        | Value::Fraction(_)
        | Value::Images(_)
        | Value::Checks(_)
        | Value::Bytes(_)
        | Value::Range(_)
        | Value::Record(_)
        | Value::Row(_)
        | Value::Schema(_)
        | Value::Op(_)
        | Value::Node(_)
        | Value::Hole(_)
        | Value::Poison) => other.to_string(),
    }
}

/// A documentation on one line.
pub(crate) fn one_line(doc: &str) -> String {
    doc.trim().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// `a number, 0.001 to 10000`: what fits a parameter.
pub(crate) fn takes(param: &ParamDecl) -> String {
    match &param.limits {
        Some(limits) => format!("{}, {}", param.ty, between(limits, &param.ty)),
        None => param.ty.to_string(),
    }
}

fn between(limits: &Limits, ty: &Type) -> String {
    let end = |bound: Bound<f64>| match bound {
        Bound::Included(x) | Bound::Excluded(x) => Some(with_unit(x, ty)),
        Bound::Unbounded => None,
    };
    let below = matches!(limits.high, Bound::Excluded(_));
    let above = matches!(limits.low, Bound::Excluded(_));
    match (end(limits.low), end(limits.high)) {
        (Some(low), Some(high)) if above => format!("above {low}, to {high}"),
        (Some(low), Some(high)) if below => format!("from {low} to below {high}"),
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("at least {low}"),
        (None, Some(high)) if below => format!("below {high}"),
        (None, Some(high)) => format!("at most {high}"),
        (None, None) => "any".to_owned(),
    }
}

/// A limit in the unit of its parameter.
fn with_unit(x: f64, ty: &Type) -> String {
    match ty {
        Type::Quantity(Dimension::Angle) => format!("{}deg", (Angle::radians(x).as_degrees() * 1e9).round() / 1e9),
        Type::Quantity(Dimension::Fraction) => Fraction(x).to_string(),
        Type::Quantity(Dimension::Pixels) => format!("{x}px"),
        Type::Range(of) | Type::List(of) | Type::Optional(of) => with_unit(x, of),
        Type::Union(of) => of.first().map_or_else(|| plain(x), |first| with_unit(x, first)),
        Type::Bool
        | Type::Int
        | Type::Float
        | Type::Text
        | Type::Path
        | Type::Category
        | Type::Quantity(Dimension::Span | Dimension::Images | Dimension::Checks | Dimension::Bytes)
        | Type::Choice(_)
        | Type::Record(_)
        | Type::Named(_)
        | Type::Row(_)
        | Type::Schema
        | Type::Dataset(_)
        | Type::Augment
        | Type::Sampler
        | Type::Batches
        | Type::Model
        | Type::Net
        | Type::Axis
        | Type::Part
        | Type::Output
        | Type::Weights
        | Type::Head
        | Type::Objective
        | Type::Reduce
        | Type::Branch
        | Type::Critic
        | Type::Coupled
        | Type::Pooling
        | Type::Observer
        | Type::Saying
        | Type::Measurement
        | Type::Play
        | Type::Optimizer
        | Type::Curve
        | Type::CurveOf(_)
        | Type::Watch
        | Type::Keep
        | Type::Stop
        | Type::Embed
        | Type::PairSource
        | Type::Eval
        | Type::Metric
        | Type::Threshold
        | Type::Buckets
        | Type::Score
        | Type::Claim
        | Type::Published
        | Type::Report
        | Type::Export
        | Type::Unknown => plain(x),
    }
}

/// `10000`, `1e-12`: no long rows of zeros.
fn plain(x: f64) -> String {
    if x != 0.0 && (x.abs() >= 1e6 || x.abs() < 1e-3) { format!("{x:e}") } else { x.to_string() }
}
