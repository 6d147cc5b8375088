//! Stages: what yields a model.

use super::curves::Curve;
use super::evals::Metric;
use super::nets::AnyPart;
use super::optimizers::Optimizer;
use super::refs::{EvalRef, ModelRef};
use super::terms::Objective;
use crate::lang::types::Type;
use crate::quantity::{Checks, Images, Span};
use indexmap::IndexMap;

crate::choice! {
    /// What batch norm does in the parts that are trained.
    pub enum BatchNorm {
        /// Statistics of the batch, running statistics updated.
        Batch = "batch",
        /// Running statistics, not updated; scale and shift are trained.
        Frozen = "frozen",
    }
}

crate::choice! {
    /// The numbers that a stage computes with.
    pub enum Precision {
        /// 32-bit floats.
        Full = "full",
        /// bfloat16 in the convolutions and linear layers that are trained; weights, norms, terms and optimiser stay in 32 bits.
        Mixed = "mixed",
    }
}

crate::operator! {
    /// Judges models every so often; observes and changes nothing.
    pub struct Every("every", 1, |_| Type::Watch) {
        /// How often.
        span: Span;
        /// The protocols.
        evals: Vec<EvalRef>;
    }
}
crate::family! {
    /// When something is watched.
    pub enum Watch: Type::Watch => { Every }
}

crate::operator! {
    /// The checkpoint with the best value of a metric.
    pub struct Best("best", 1, |_| Type::Keep) {
        /// The metric.
        metric: Metric;
        /// How often it is measured.
        every: Span;
    }
}
crate::operator! {
    /// The last checkpoint.
    pub struct Last("last", 1, |_| Type::Keep) {}
}
crate::family! {
    /// Which checkpoint a stage gives.
    pub enum Keep: Type::Keep => { Best, Last }
}

crate::operator! {
    /// Ends a stage when a metric has not improved for some checks.
    pub struct Plateau("plateau", 1, |_| Type::Stop) {
        /// The metric.
        metric: Metric;
        /// So many checks without a new best value.
        patience: Checks = Checks(3), in 1.0..=1e6;
        /// How often it is measured.
        every: Span = Span::Epochs(1.0);
    }
}
crate::family! {
    /// When a stage ends early.
    pub enum Stop: Type::Stop => { Plateau }
}

crate::operator! {
    /// Trains a model on an objective.
    pub struct Train("train", 1, |_| Type::Model) {
        /// The model to start from.
        model: ModelRef;
        /// What is minimised.
        objective: Objective;
        /// How long.
        r#for: Span;
        /// The optimiser; its moments start anew with the stage.
        optimizer: Optimizer;
        /// The size of draws that say none.
        batch: Option<u64> = None, in 1.0..=1e7;
        /// Parts that stay as they are, their batch-norm statistics too.
        freeze: Vec<AnyPart> = Vec::new();
        /// What batch norm does in the parts that are trained.
        batch_norm: BatchNorm = BatchNorm::Batch;
        /// Batch norm counts over so many images instead of the whole batch.
        norm_over: Option<Images> = None, in 2.0..=1e7;
        /// The largest global norm of a gradient.
        clip: Option<f64> = None, in 0.0..=1e9;
        /// The numbers that are computed with.
        precision: Precision = Precision::Full;
        /// What is judged on the way; is no part of what the stage means.
        watch: Option<Watch> = None;
        /// Which checkpoint the stage gives.
        keep: Option<Keep> = Some(Keep::Last(Last {}));
        /// When it ends early.
        stop: Option<Stop> = None;
        /// Seed of new prototypes, of draws that say none, and of noise.
        seed: i64 = 0;
    }
    observes = "watch";
}

impl Train {
    /// The names of the parts that stay as they are.
    pub fn frozen_parts(&self) -> Vec<&str> {
        self.freeze.iter().map(|AnyPart::Part(part)| part.name.as_str()).collect()
    }
}

crate::operator! {
    /// The arm of a sweep whose metric is best.
    pub struct Select("select", 1, |_| Type::Model) {
        /// The models, in all arms of `over`.
        model: ModelRef;
        /// The metric.
        by: Metric;
        /// The axes that are chosen from.
        over: Vec<String>;
    }
}

crate::operator! {
    /// The mean of the weights of several models of one shape.
    pub struct Average("average", 1, |_| Type::Model) {
        /// The models, in all arms of `over`.
        model: ModelRef;
        /// The axes that are averaged over.
        over: Vec<String>;
    }
}

crate::operator! {
    /// The model whose judgement is best by a metric; the first of equals. What `select` means.
    pub struct Chosen("chosen", 1, |_| Type::Model) {
        /// The models.
        models: Vec<ModelRef>;
        /// Their judgements, in the same order.
        judged: Vec<super::outputs::JudgedRef>;
        /// The metric.
        metric: Metric;
    }
    hidden = true;
}

crate::operator! {
    /// The mean of the weights of models of one shape. What `average` means.
    pub struct Averaged("averaged", 1, |_| Type::Model) {
        /// The models.
        models: Vec<ModelRef>;
    }
    hidden = true;
}

/// A curve under its name, for readers of a stage.
pub type NamedCurves = IndexMap<String, Curve>;
