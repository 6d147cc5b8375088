//! The Distribution Distillation Loss's declaration.

use super::{about, list_length};
use crate::lang::decl::{Call, Complaint, Param};
use crate::lang::types::Type;
use crate::lang::value::{NodeId, Value};
use crate::ops::refs::{BatchesRef, DataRef, NetName};
use serde::{Deserialize, Serialize};

crate::choice! {
    /// How far apart two histograms are.
    pub enum Divergence {
        /// Kullback-Leibler, teacher against student, of histograms that 1e-9 is added to: sum (p + 1e-9) log((p + 1e-9) / (q + 1e-9)).
        Kl = "kl",
        /// Jensen-Shannon.
        Js = "js",
        /// Wasserstein-1 along the grid.
        Emd = "emd",
        /// Energy distance along the grid: twice the integral of the squared difference of the two distribution functions (Székely and Rizzo); some call the integral alone so.
        Energy = "energy",
    }
}

crate::choice! {
    /// Where the histogram's nodes lie.
    pub enum Grid {
        /// `r / nodes` for r = 0..nodes: the released code's [0, 1).
        Unit = "unit",
        /// `nodes` nodes over [-1, 1], both ends included.
        Symmetric = "symmetric",
    }
}

crate::choice! {
    /// How a histogram is normalised.
    pub enum Normalisation {
        /// To the sum 1 over nodes.
        L1 = "l1",
        /// By the number of samples.
        Count = "count",
    }
}

crate::choice! {
    /// Which similarities of a batch of different people are its negatives.
    pub enum Negatives {
        /// The released code: of each row's strict upper triangle the largest, at least 0; the last row gives 0.
        UpperTriangle = "upper_triangle",
        /// The largest of each full row without the diagonal.
        FullRow = "full_row",
    }
}

crate::operator! {
    /// One side of the loss, said in full.
    pub struct Branch("branch", 1, |_| Type::Branch) {
        /// Positive pairs.
        pairs: BatchesRef;
        /// Images of different people.
        negatives: BatchesRef;
    }
}

crate::family! {
    /// One side of the loss.
    pub enum AnyBranch: Type::Branch => { Branch }
}

/// A branch, or a data set from which the compiler draws one: pairs by `pairs()`, negatives by `balanced()`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Side {
    /// Said in full.
    Branch(AnyBranch),
    /// Short for a branch; replaced before the plan.
    Data(DataRef),
}

impl Side {
    /// The batches of a branch; none of a data set.
    pub fn draws(&self) -> Vec<NodeId> {
        match self {
            Side::Branch(AnyBranch::Branch(branch)) => vec![branch.pairs.node, branch.negatives.node],
            Side::Data(_) => Vec::new(),
        }
    }
}

impl Param for Side {
    fn ty() -> Type {
        Type::Union(vec![Type::Branch, Type::dataset()])
    }
    fn value(&self) -> Value {
        match self {
            Side::Branch(branch) => branch.value(),
            Side::Data(data) => data.value(),
        }
    }
}

crate::operator! {
    /// The Distribution Distillation Loss: the similarity distributions of easy pairs (teacher) teach those of hard pairs (students).
    ///
    /// For each student k: positive_weight D(P+ || Q+_k) + negative_weight D(P- || Q-_k), and once
    /// - order sum_ij (E[S_i+] - E[S_j-]) over all branches i, j; the whole times `world_scale`.
    /// Histograms are soft: exp(-gamma (s - t_r)^2) at each node t_r.
    ///
    /// Source: Huang et al., "Improving Face Recognition from Hard Samples via Distribution Distillation Loss", ECCV 2020; the released code (TFace) gives the defaults.
    pub struct Ddl("ddl", 1, |_| Type::Objective) {
        /// The easy side.
        teacher: Side;
        /// The hard sides.
        students: Vec<Side>;
        /// Weight of the positive histograms' divergence (lambda 1).
        positive_weight: f64 = 0.1, in 0.0..=1e4;
        /// Weight of the negative histograms' divergence (lambda 2).
        negative_weight: f64 = 0.02, in 0.0..=1e4;
        /// Weight of the order term (lambda 3).
        order: f64 = 0.5, in 0.0..=1e4;
        /// How far apart two histograms are.
        divergence: Divergence = Divergence::Kl;
        /// Where the nodes lie.
        grid: Grid = Grid::Unit;
        /// How many nodes.
        nodes: u32 = 1000, in 2.0..=100_000.0;
        /// The kernel's gamma: exp(-gamma (s - t)^2).
        gamma: f64 = 50.0, in 1e-3..=1e6;
        /// How histograms are normalised.
        normalisation: Normalisation = Normalisation::L1;
        /// Which similarities are negatives.
        negatives: Negatives = Negatives::UpperTriangle;
        /// Only positives above this similarity count.
        positive_threshold: f64 = 0.0, in -1.0..=1.0;
        /// Whether the teacher's distributions are constants, in the divergences and in the order term: no gradient of the loss reaches the teacher's images then.
        detach_teacher: bool = false;
        /// The factor that training on so many GPUs with the released code has.
        world_scale: f64 = 1.0, in 0.0..=1e4;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
    check = has_students;
}

fn has_students(call: &Call) -> Vec<Complaint> {
    if list_length(call, "students") == Some(0) {
        return vec![about("students", "the loss needs at least one student".to_owned(), "name the hard data: students = [hard]")];
    }
    Vec::new()
}

impl crate::lang::decl::Kinded<super::TermKind> for Ddl {
    const KIND: super::TermKind = super::TermKind::SINGLE;
}

impl super::Connected for Ddl {
    fn of(&self) -> Option<&str> {
        self.of.as_ref().map(|net| net.0.as_str())
    }

    fn draws(&self) -> Vec<NodeId> {
        std::iter::once(&self.teacher).chain(&self.students).flat_map(Side::draws).collect()
    }
}
