//! Terms of an objective, each with what it needs: batches, outputs of the network, state.

use super::curves::Curve;
use super::heads::Head;
use super::refs::{DrawnRef, ModelRef};
use crate::lang::decl::{Call, Complaint, Param};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::quantity::Fraction;
use serde::{Deserialize, Serialize};

pub mod ddl;
pub mod distil;
pub use ddl::{Branch, Ddl, Divergence, Grid, Negatives, Normalisation};
pub use distil::{Feature, FeatureDistance, Kd, Nst, Output, PlainLogits, Rkd, Sp, SpNorm, Tap};

crate::operator! {
    /// The mean over samples.
    pub struct Mean("mean", 1, |_| Type::Reduce) {}
}

crate::operator! {
    /// Focal loss: each sample's value times (1 - p)^gamma, p = exp(-value) (Lin et al., ICCV 2017).
    pub struct Focal("focal", 1, |_| Type::Reduce) {
        /// The exponent.
        gamma: f64 = 2.0, in 0.0..=10.0;
        /// The form of TFace and evoLVe, which weighs the batch's mean instead of each sample.
        of_mean: bool = false;
    }
}

crate::operator! {
    /// Only the largest values of the batch (Shrivastava et al., CVPR 2016).
    pub struct Ohem("ohem", 1, |_| Type::Reduce) {
        /// The share that is kept, rounded down, at least one sample.
        keep: Fraction = Fraction(0.9), in 0.0..=1.0;
    }
}

crate::family! {
    /// Any reduction.
    pub enum Reduce: Type::Reduce => { Mean, Focal, Ohem }
}

crate::choice! {
    /// The first values of prototypes on a new label space.
    pub enum Prototypes {
        /// Drawn from the seed.
        Fresh = "fresh",
        /// Each class's mean feature under the source model.
        ClassMeans = "class_means",
        /// Rows of the source model's prototypes by the names of people; new people are drawn.
        ByName = "by_name",
    }
}

crate::operator! {
    /// Cross-entropy over the logits of a head.
    pub struct Classify("classify", 1, |_| Type::Objective) {
        /// What is classified.
        data: DrawnRef;
        /// The head.
        head: Head;
        /// What becomes of the samples' values.
        reduce: Option<Reduce> = None;
        /// Prototypes are kept by label space and slot.
        slot: String = "main".to_owned();
        /// The first prototypes where the source model has none for this label space.
        prototypes: Option<Prototypes> = None;
        /// At each step only so large a part of the classes competes: those of the batch, and others drawn anew (PartialFC: An et al., CVPR 2022;
        /// 10% to 30% for hundreds of thousands of people).
        sample: Fraction = Fraction(1.0), in 1e-6..=1.0;
        /// Negatives with a larger cosine get logit 0, before any margin: they may be the same person under another label (insightface).
        filter: Option<f64> = None, in 0.0..=1.0;
    }
    check = filters_cosines;
}

fn filters_cosines(call: &Call) -> Vec<Complaint> {
    match (call.args.get("filter"), call.args.get("head")) {
        (Some(filter), Some(Value::Op(head))) if *filter != Value::None && matches!(head.op, "softmax" | "lsoftmax") => {
            let message = format!("`filter` looks at cosines, and the logits of `{}` are none", head.op);
            vec![about("filter", message, "leave it out, or take a head over cosines such as cosface() or arcface()")]
        }
        _ => Vec::new(), // no filter, or cosines
    }
}

crate::choice! {
    /// Which triplets count.
    pub enum Mining {
        /// All of a batch.
        All = "all",
        /// For each positive pair, negatives that are farther than the positive but within the margin (FaceNet).
        SemiHard = "semi_hard",
        /// The farthest positive and the nearest negative of each anchor (Hermans et al., 2017).
        Hardest = "hardest",
    }
}

crate::operator! {
    /// Triplet loss on L2-normalised features: mean max(0, |a - p|^2 - |a - n|^2 + margin) (Schroff et al., "FaceNet", CVPR 2015).
    pub struct Triplet("triplet", 1, |_| Type::Objective) {
        /// What is drawn; best by `pk(identities, images)`.
        data: DrawnRef;
        /// The margin, in squared distance.
        margin: f64 = 0.2, in 0.0..=4.0;
        /// Which triplets count.
        mining: Mining = Mining::SemiHard;
    }
}

crate::family! {
    /// Any term.
    pub enum Term: Type::Objective => { Classify, Triplet, Ddl, Kd, Rkd, Sp, Feature, Nst }
}

impl Term {
    /// The model that teaches it and the data on which, if it has a teacher.
    pub fn teacher(&self) -> Option<(ModelRef, DrawnRef)> {
        match self {
            Term::Kd(it) => Some((it.teacher, it.data)),
            Term::Rkd(it) => Some((it.teacher, it.data)),
            Term::Sp(it) => Some((it.teacher, it.data)),
            Term::Feature(it) => Some((it.teacher, it.data)),
            Term::Nst(it) => Some((it.teacher, it.data)),
            Term::Classify(_) | Term::Triplet(_) | Term::Ddl(_) => None,
        }
    }

    /// The data over whose people it has prototypes, and their slot.
    pub fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        match self {
            Term::Classify(it) => Some((it.data, &it.slot)),
            Term::Kd(it) => Some((it.data, &it.slot)),
            Term::Rkd(_) | Term::Sp(_) | Term::Feature(_) | Term::Nst(_) | Term::Triplet(_) | Term::Ddl(_) => None,
        }
    }
}

/// A term with its weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighted {
    /// The weight, a number or a curve.
    pub weight: Curve,
    /// The term.
    pub term: Term,
}

/// A weighted sum of terms, in the order of their meaning (their canonical text), never of their place in the recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The terms.
    pub terms: Vec<Weighted>,
}

impl Param for Objective {
    fn ty() -> Type {
        Type::Objective
    }
    fn value(&self) -> Value {
        Value::None
    }
}

/// A complaint about one argument.
pub(crate) fn about(param: &'static str, message: String, help: &str) -> Complaint {
    Complaint { param: Some(param), message, help: Some(help.to_owned()) }
}

/// How many students a call names, where that is known.
pub(super) fn list_length(call: &Call, param: &str) -> Option<usize> {
    match call.args.get(param) {
        Some(Value::List(items)) => Some(items.len()),
        _ => None,
    }
}
