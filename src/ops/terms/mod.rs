//! Terms of an objective, each with what it needs: batches, outputs of the network, state.

use super::curves::Curve;
use super::heads::Head;
use super::refs::{DrawnRef, ModelRef, NetName};
use crate::lang::decl::{Call, Complaint, Param};
use crate::lang::types::Type;
use crate::lang::value::{NodeId, Value};
use crate::quantity::Fraction;
use serde::{Deserialize, Serialize};

pub mod adversarial;
pub mod center;
pub mod co_mining;
pub mod contrastive;
pub mod ddl;
pub mod distil;
pub mod histogram_loss;
pub mod marginal;
pub mod n_pair;
pub mod range_loss;
pub mod reduce;
pub mod triplet;

pub use adversarial::{Adversary, AnyCritic, Critic, Fool, KdGan, Sees};
pub use center::{Center, CenterForm, CenterStep};
pub use co_mining::CoMining;
pub use contrastive::{Contrastive, ContrastiveHinge};
pub use ddl::{Branch, Ddl, Divergence, Grid, Negatives, Normalisation};
pub use distil::{Feature, FeatureDistance, Kd, Mutual, Nst, Output, PlainLogits, Rkd, Sp, SpNorm, Tap};
pub use histogram_loss::{HistogramCost, HistogramFit, HistogramLoss};
pub use marginal::Marginal;
pub use n_pair::NPair;
pub use range_loss::RangeLoss;
pub use reduce::{Focal, Mean, Ohem, Reduce};
pub use triplet::{Distance, Mining, Triplet};

/// Terms that compare images of one person with each other: a bare data set, of which single images would be drawn, is refused for them.
pub const COMPARES_IMAGES: &[&str] = &["contrastive", "histogram_loss", "marginal", "n_pair", "range_loss", "triplet"];

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
        reduce: Option<Reduce> = Some(Reduce::Mean(Mean {}));
        /// Prototypes are kept by label space and slot.
        slot: String = "main".to_owned();
        /// The first prototypes where the source model has none for this label space.
        prototypes: Option<Prototypes> = None;
        /// At each step only so large a part of the classes competes: those of the batch, and others drawn anew (PartialFC: An et al., CVPR 2022;
        /// 10% to 30% for hundreds of thousands of people).
        sample: Fraction = Fraction(1.0), in 1e-6..=1.0;
        /// Negatives with a larger cosine get logit 0, before any margin: they may be the same person under another label (insightface).
        filter: Option<f64> = None, in 0.0..=1.0;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
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

crate::family! {
    /// Any term.
    pub enum Term: Type::Objective => {
        Classify, Contrastive, Triplet, Center, Marginal, RangeLoss, HistogramLoss, NPair, Ddl, Kd, Rkd, Sp, Feature, Nst,
        Mutual, CoMining, Adversary, Fool, KdGan,
    }
}

impl Term {
    /// The network that it trains, in a stage of several.
    pub fn of(&self) -> Option<&str> {
        let of = match self {
            Term::Classify(it) => &it.of,
            Term::Triplet(it) => &it.of,
            Term::Contrastive(it) => &it.of,
            Term::Center(it) => &it.of,
            Term::Marginal(it) => &it.of,
            Term::RangeLoss(it) => &it.of,
            Term::HistogramLoss(it) => &it.of,
            Term::NPair(it) => &it.of,
            Term::Ddl(it) => &it.of,
            Term::Kd(it) => &it.of,
            Term::Rkd(it) => &it.of,
            Term::Sp(it) => &it.of,
            Term::Feature(it) => &it.of,
            Term::Nst(it) => &it.of,
            Term::Adversary(it) => &it.of,
            Term::Fool(it) => &it.of,
            Term::Mutual(_) | Term::CoMining(_) | Term::KdGan(_) => &None,
        };
        of.as_ref().map(|net| net.0.as_str())
    }

    /// The networks that it trains, by name: one, or those that learn from each other. None in a stage of one network.
    pub fn nets(&self) -> Vec<&str> {
        match self {
            Term::CoMining(it) => it.between.iter().map(|net| net.0.as_str()).collect(),
            Term::Mutual(it) => it.between.iter().map(|net| net.0.as_str()).collect(),
            Term::KdGan(it) => it.between.iter().map(|net| net.0.as_str()).collect(),
            Term::Classify(_)
            | Term::Contrastive(_)
            | Term::Center(_)
            | Term::Marginal(_)
            | Term::RangeLoss(_)
            | Term::HistogramLoss(_)
            | Term::NPair(_)
            | Term::Triplet(_)
            | Term::Ddl(_)
            | Term::Kd(_)
            | Term::Rkd(_)
            | Term::Sp(_)
            | Term::Feature(_)
            | Term::Nst(_)
            | Term::Adversary(_)
            | Term::Fool(_) => self.of().into_iter().collect(),
        }
    }

    /// The batches that it is given; none of data sets that the compiler has not yet drawn from.
    pub fn draws(&self) -> Vec<NodeId> {
        match self {
            Term::Classify(it) => vec![it.data.node],
            Term::Triplet(it) => vec![it.data.node],
            Term::Contrastive(it) => vec![it.data.node],
            Term::Center(it) => vec![it.data.node],
            Term::Marginal(it) => vec![it.data.node],
            Term::RangeLoss(it) => vec![it.data.node],
            Term::HistogramLoss(it) => vec![it.data.node],
            Term::NPair(it) => vec![it.data.node],
            Term::Kd(it) => vec![it.data.node],
            Term::Rkd(it) => vec![it.data.node],
            Term::Sp(it) => vec![it.data.node],
            Term::Feature(it) => vec![it.data.node],
            Term::Nst(it) => vec![it.data.node],
            Term::Mutual(it) => vec![it.data.node],
            Term::CoMining(it) => vec![it.data.node],
            Term::Adversary(it) => vec![it.data.node],
            Term::Fool(it) => vec![it.data.node],
            Term::KdGan(it) => vec![it.data.node],
            Term::Ddl(it) => std::iter::once(&it.teacher).chain(&it.students).flat_map(ddl::Side::draws).collect(),
        }
    }

    /// The model that teaches it and the data on which, if it has a teacher.
    pub fn teacher(&self) -> Option<(ModelRef, DrawnRef)> {
        match self {
            Term::Kd(it) => Some((it.teacher, it.data)),
            Term::Rkd(it) => Some((it.teacher, it.data)),
            Term::Sp(it) => Some((it.teacher, it.data)),
            Term::Feature(it) => Some((it.teacher, it.data)),
            Term::Nst(it) => Some((it.teacher, it.data)),
            Term::Adversary(it) => Some((it.teacher, it.data)),
            Term::Fool(_)
            | Term::KdGan(_)
            | Term::Mutual(_)
            | Term::CoMining(_)
            | Term::Classify(_)
            | Term::Triplet(_)
            | Term::Ddl(_)
            | Term::Contrastive(_)
            | Term::Center(_)
            | Term::Marginal(_)
            | Term::RangeLoss(_)
            | Term::HistogramLoss(_)
            | Term::NPair(_) => None,
        }
    }

    /// The slot of the teacher's prototypes, where it is another than the student's.
    pub fn teacher_slot(&self) -> Option<&str> {
        match self {
            Term::Kd(it) => it.teacher_slot.as_deref(),
            Term::Adversary(it) => it.teacher_slot.as_deref(),
            Term::Classify(_)
            | Term::Contrastive(_)
            | Term::Triplet(_)
            | Term::Center(_)
            | Term::Marginal(_)
            | Term::RangeLoss(_)
            | Term::HistogramLoss(_)
            | Term::NPair(_)
            | Term::Ddl(_)
            | Term::Rkd(_)
            | Term::Sp(_)
            | Term::Feature(_)
            | Term::Nst(_)
            | Term::Mutual(_)
            | Term::CoMining(_)
            | Term::Fool(_)
            | Term::KdGan(_) => None,
        }
    }

    /// The critic that it plays with, if it does.
    pub fn critic(&self) -> Option<&Critic> {
        match self {
            Term::Adversary(it) => Some(it.critic.it()),
            Term::Fool(it) => Some(it.critic.it()),
            Term::KdGan(it) => Some(it.critic.it()),
            Term::Classify(_)
            | Term::Triplet(_)
            | Term::Ddl(_)
            | Term::Kd(_)
            | Term::Rkd(_)
            | Term::Sp(_)
            | Term::Feature(_)
            | Term::Nst(_)
            | Term::Mutual(_)
            | Term::CoMining(_)
            | Term::Contrastive(_)
            | Term::Center(_)
            | Term::Marginal(_)
            | Term::RangeLoss(_)
            | Term::HistogramLoss(_)
            | Term::NPair(_) => None,
        }
    }

    /// The data over whose people it has prototypes, and their slot.
    pub fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        match self {
            Term::Classify(it) => Some((it.data, &it.slot)),
            Term::Kd(it) => Some((it.data, &it.slot)),
            Term::Mutual(it) => Some((it.data, &it.slot)),
            Term::CoMining(it) => Some((it.data, &it.slot)),
            Term::Adversary(it) => by_logits(&it.critic).map(|slot| (it.data, slot)),
            Term::Fool(it) => by_logits(&it.critic).map(|slot| (it.data, slot)),
            Term::KdGan(it) => by_logits(&it.critic).map(|slot| (it.data, slot)),
            Term::Rkd(_)
            | Term::Sp(_)
            | Term::Feature(_)
            | Term::Nst(_)
            | Term::Triplet(_)
            | Term::Ddl(_)
            | Term::Contrastive(_)
            | Term::Center(_)
            | Term::Marginal(_)
            | Term::RangeLoss(_)
            | Term::HistogramLoss(_)
            | Term::NPair(_) => None,
        }
    }
}

/// The slot of the prototypes that a critic needs, if it sees by them.
fn by_logits(critic: &AnyCritic) -> Option<&str> {
    match critic.it().sees {
        Sees::Logits | Sees::Labels => Some(&critic.it().prototypes),
        Sees::Embedding => None,
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
