//! Terms of an objective, each with what it needs: batches, outputs of the network, state.

use super::curves::Curve;
use super::heads::{Head, Logits};
use super::pooling::{Comparator, Pooling};
use super::refs::{DataRef, DrawnRef, ModelRef, NetName};
use crate::lang::decl::{Call, Complaint, Operator as _, Param};
use crate::lang::types::Type;
use crate::lang::value::{NodeId, Value};
use crate::quantity::Fraction;
use serde::{Deserialize, Serialize};

pub mod adversarial;
pub mod center;
pub mod co_mining;
pub mod compare_sets;
pub mod contrastive;
pub mod coupled;
pub mod ddl;
pub mod distil;
pub mod head_pose;
pub mod histogram_loss;
pub mod marginal;
pub mod n_pair;
pub mod range_loss;
pub mod reduce;
pub mod stitch;
pub mod triplet;

pub use adversarial::{Adversary, AnyCritic, Critic, Fool, KdGan, Sees};
pub use center::{Center, CenterForm, CenterStep};
pub use co_mining::CoMining;
pub use compare_sets::{CompareSets, Diversity};
pub use contrastive::{Contrastive, ContrastiveHinge};
pub use coupled::CoupledMapping;
pub use ddl::{Branch, Ddl, Divergence, Grid, Negatives, Normalisation};
pub use distil::{Feature, FeatureDistance, Kd, Mutual, Nst, Output, PlainLogits, Rkd, Sp, SpNorm, Tap};
pub use head_pose::HeadPose;
pub use histogram_loss::{HistogramCost, HistogramFit, HistogramLoss};
pub use marginal::Marginal;
pub use n_pair::NPair;
pub use range_loss::RangeLoss;
pub use reduce::{Focal, Mean, Ohem, Reduce};
pub use stitch::Stitch;
pub use triplet::{Distance, Mining, Triplet};

/// What the batches of a term must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// Single images do.
    Images,
    /// Several images of each person, which it compares.
    People,
    /// Pairs of images.
    Pairs,
}

/// What learns by a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teaches {
    /// The network that it looks at.
    Network,
    /// Two networks or more, each by what the others say.
    Several,
    /// Two networks.
    Two,
    /// A critic: the networks that it looks at get no gradient of it.
    Critic,
}

/// What all terms of an operator have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermKind {
    /// What its batches must hold.
    pub looks: Looks,
    /// What learns by it.
    pub teaches: Teaches,
}

impl TermKind {
    /// Teaches a network by single images.
    pub const SINGLE: Self = TermKind { looks: Looks::Images, teaches: Teaches::Network };
    /// Teaches a network by comparing images of one person.
    pub const COMPARING: Self = TermKind { looks: Looks::People, teaches: Teaches::Network };
    /// Teaches networks by each other.
    pub const MUTUAL: Self = TermKind { looks: Looks::Images, teaches: Teaches::Several };
    /// Teaches two networks by each other.
    pub const BETWEEN_TWO: Self = TermKind { looks: Looks::Images, teaches: Teaches::Two };
    /// Teaches two networks by the two images of pairs.
    pub const COUPLED: Self = TermKind { looks: Looks::Pairs, teaches: Teaches::Two };
    /// Teaches a critic.
    pub const CRITIC: Self = TermKind { looks: Looks::Images, teaches: Teaches::Critic };
}

/// Whether a term of this name looks at several images of one person together, as every term does that pools sets of them: a bare data set, of which
/// single images would be drawn, is refused for it.
pub(crate) fn looks_at_people(op: &str, pools: bool) -> bool {
    pools || Term::kind(op).is_some_and(|kind| kind.looks == Looks::People)
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
        /// Sets of images are classified in place of single ones: those of one person in a batch become one feature by this pooling, which is learned with
        /// the rest. Best over `pk(identities, images)`.
        pool: Option<Pooling> = None;
        /// Images of a set: of each person the first ones of the batch, the next ones, and so on; images that fill no set are left out. Without it all
        /// images of a person are one set.
        set_size: Option<u32> = None, in 2.0..=100_000.0;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
    check = sensible;
}

fn sensible(call: &Call) -> Vec<Complaint> {
    let mut complaints = filters_cosines(call);
    let given = |name: &str| call.args.get(name).is_some_and(|value| *value != Value::None);
    if given("set_size") && !given("pool") {
        let message = "`set_size` is the size of sets, and this term classifies single images".to_owned();
        complaints.push(about("set_size", message, "say how sets are pooled: pool = multicolumn()"));
    }
    if let Some(Value::Op(pool)) = call.args.get("pool")
        && pool.op() == Comparator::NAME
    {
        let message = "`comparator` compares two sets and makes no feature of one that a head could classify".to_owned();
        complaints.push(about("pool", message, "pool by multicolumn(), or learn the comparison: compare_sets(data, comparator())"));
    }
    complaints
}

fn filters_cosines(call: &Call) -> Vec<Complaint> {
    match (call.args.get("filter"), call.args.get("head")) {
        (Some(filter), Some(Value::Op(head))) if *filter != Value::None && Head::kind(head.op()) == Some(Logits::Products) => {
            let message = format!("`filter` looks at cosines, and the logits of `{}` are none", head.op());
            vec![about("filter", message, "leave it out, or take a head over cosines such as cosface() or arcface()")]
        }
        _ => Vec::new(), // no filter, or cosines
    }
}

crate::family! {
    /// Any term.
    pub enum Term: Type::Objective, dyn Connected, kind TermKind, each each_term in terms => {
        Classify, Contrastive, Triplet, Center, Marginal, RangeLoss, HistogramLoss, NPair, Ddl, Kd, Rkd, Sp, Feature, Nst,
        Mutual, CoMining, Adversary, Fool, KdGan, Stitch, CoupledMapping, HeadPose, CompareSets, Diversity,
    }
}

impl Term {
    /// Whether it trains a network of its stage: this one by name, or any where it names none.
    pub fn trains(&self, net: &str) -> bool {
        let nets = self.it().nets();
        nets.is_empty() || nets.contains(&net)
    }
}

/// What a term is connected to: each says it in its own file.
pub trait Connected {
    /// The network that it trains, in a stage of several.
    fn of(&self) -> Option<&str> {
        None
    }

    /// The networks that it trains, by name: one, or those that learn from each other. None in a stage of one network.
    fn nets(&self) -> Vec<&str> {
        self.of().into_iter().collect()
    }

    /// The batches that it is given; none of data sets that the compiler has not yet drawn from.
    fn draws(&self) -> Vec<NodeId>;

    /// The model that teaches it and the data on which, if it has a teacher.
    fn teacher(&self) -> Option<(ModelRef, DrawnRef)> {
        None
    }

    /// Numbers of each sample that it is given beside what the network makes of the image: angles in radians.
    fn reads(&self) -> Vec<&crate::data::predicate::Expr> {
        Vec::new()
    }

    /// Data that its network sees once, before the first step.
    fn looks_at(&self) -> Option<DataRef> {
        None
    }

    /// The slot of the teacher's prototypes, where it is another than the student's.
    fn teacher_slot(&self) -> Option<&str> {
        None
    }

    /// The critic that it plays with, if it does.
    fn critic(&self) -> Option<&Critic> {
        None
    }

    /// The pooling of sets of images that it learns, if it does.
    fn pool(&self) -> Option<&Pooling> {
        None
    }

    /// The data over whose people it has prototypes, and their slot.
    fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        None
    }
}

/// Implements [`Connected`] for a term of one draw, `data`, and of one network, `of`; what else it is connected to follows.
#[macro_export]
macro_rules! connected {
    ($term:ident, $kind:ident $(, { $($more:tt)* })?) => {
        impl $crate::lang::decl::Kinded<$crate::ops::terms::TermKind> for $term {
            const KIND: $crate::ops::terms::TermKind = $crate::ops::terms::TermKind::$kind;
        }

        impl $crate::ops::terms::Connected for $term {
            fn of(&self) -> Option<&str> {
                self.of.as_ref().map(|net| net.0.as_str())
            }
            fn draws(&self) -> Vec<$crate::lang::value::NodeId> {
                vec![self.data.node]
            }
            $($($more)*)?
        }
    };
}

/// The same for a term of several networks, `between`.
#[macro_export]
macro_rules! connected_between {
    ($term:ident, $kind:ident $(, { $($more:tt)* })?) => {
        impl $crate::lang::decl::Kinded<$crate::ops::terms::TermKind> for $term {
            const KIND: $crate::ops::terms::TermKind = $crate::ops::terms::TermKind::$kind;
        }

        impl $crate::ops::terms::Connected for $term {
            fn nets(&self) -> Vec<&str> {
                self.between.iter().map(|net| net.0.as_str()).collect()
            }
            fn draws(&self) -> Vec<$crate::lang::value::NodeId> {
                vec![self.data.node]
            }
            $($($more)*)?
        }
    };
}

crate::connected!(Classify, SINGLE, {
    fn pool(&self) -> Option<&Pooling> {
        self.pool.as_ref()
    }
    fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        Some((self.data, &self.slot))
    }
});

/// What a term's weight lies between: what 32-bit numbers hold, with room for a loss. Below 0 the term is made large.
pub const WEIGHTS: std::ops::RangeInclusive<f64> = -1e30..=1e30;

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

/// A complaint where a term of two networks names another number of them.
pub(super) fn between_two(call: &Call, term: &str, help: &str) -> Vec<Complaint> {
    match list_length(call, "between") {
        Some(count) if count != 2 => vec![about("between", format!("{term} is between two networks, not {count}"), help)],
        _ => Vec::new(), // two, or not known yet
    }
}
