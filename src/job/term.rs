//! What the engine is asked to evaluate on given arrays, and what it answers: `ddl-engine term JOB.json`.

use super::Device;
use crate::events::Failure;
use crate::lang::value::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An objective and the arrays that stand for its batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermJob {
    /// The arguments of a stage with this objective, as a plan holds them.
    pub stage: serde_json::Value,
    /// Its batches.
    pub batches: Vec<ArrayBatch>,
    /// What a teacher makes of the images of the batch `data`, where a term has one: `[n, d]`, or maps `[n, channels, height, width]`.
    pub teacher: Option<PathBuf>,
    /// Attributes that a term reads of the images of the batch `data`: `[n, numbers]`, angles in radians.
    #[serde(default)]
    pub attributes: Option<PathBuf>,
    /// Tensors of the terms' state, by name (`prototypes`, `centres`, `t`).
    pub init: BTreeMap<String, PathBuf>,
    /// Whether to compute in float64 instead of float32.
    pub double: bool,
    /// How many people the label space has, where no tensor of the state says it; else the largest label decides.
    pub classes: Option<u64>,
    /// The step of the stage, counted from 0, for curves and noise.
    pub step: u64,
    /// Where to compute.
    pub device: Device,
    /// Where gradients and changed state are written, if they are.
    pub grad_out: Option<PathBuf>,
}

/// A batch of images as arrays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrayBatch {
    /// The draw that it stands for.
    pub node: NodeId,
    /// Its name in the expression.
    pub name: String,
    /// What each network makes of it: embeddings `[n, d]`, or maps `[n, channels, height, width]` for terms over a named part. A single
    /// network has no name.
    pub embeddings: Vec<(String, Embeddings)>,
    /// Labels `[n]`, counted from 0.
    pub labels: Option<PathBuf>,
}

/// Files of embeddings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Embeddings {
    /// Of single images.
    Images(PathBuf),
    /// Of the first and of the second images of pairs.
    Pairs(PathBuf, PathBuf),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermAnswer {
    /// Numbers.
    Done(TermReport),
    /// Why there are none.
    Failed(Failure),
}

/// A term's value, its parts and its gradients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TermReport {
    /// The weighted sum.
    #[serde(with = "crate::number")]
    pub value: f64,
    /// Each term: from the engine in the order in which they are summed, for people in the order in which they are written.
    pub terms: Vec<TermRow>,
    /// Gradients of the value: of every array of embeddings, and of what is learned of the state.
    pub gradients: Vec<GradientRow>,
    /// Tensors of the state that this batch changes, by another rule than gradients.
    pub changed: Vec<ChangedRow>,
    /// Tensors of the state that no file gave: they have the values of a new stage.
    pub drawn: Vec<String>,
}

/// One term.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TermRow {
    /// Its operator.
    pub name: String,
    /// What was written for it.
    #[serde(default)]
    pub expression: String,
    /// Its weight at this step.
    #[serde(with = "crate::number")]
    pub weight: f64,
    /// Its value, before the weight.
    #[serde(with = "crate::number")]
    pub value: f64,
    /// How much of it was left out, because the batch has nothing to compute it from.
    #[serde(with = "crate::number")]
    pub skipped: f64,
    /// Its parts, by name.
    #[serde(with = "crate::number::map")]
    pub parts: indexmap::IndexMap<String, f64>,
}

/// A gradient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GradientRow {
    /// Of what: `data`, `pairs.left`, `prototypes`; of several networks `a.data`.
    pub of: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// Its Euclidean norm.
    #[serde(with = "crate::number")]
    pub norm: f64,
    /// Its largest absolute value.
    #[serde(with = "crate::number")]
    pub largest: f64,
    /// How many rows of what it is the gradient of have no direction: they are zero, or too long for the arithmetic. Heads and terms over
    /// directions take them for zero.
    #[serde(default)]
    pub without_direction: u64,
}

/// A tensor of the state after the step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangedRow {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// Its value, where it is a single number.
    #[serde(with = "crate::number::option")]
    pub value: Option<f64>,
    /// The Euclidean norm of the change.
    #[serde(with = "crate::number")]
    pub moved: f64,
}
