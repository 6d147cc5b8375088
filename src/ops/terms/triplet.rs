//! The triplet loss's declaration.

use super::Reduce;
use crate::lang::types::Type;
use crate::ops::refs::{DrawnRef, NetName};

crate::choice! {
    /// Which triplets count.
    pub enum Mining {
        /// All of a batch.
        All = "all",
        /// For each positive pair one negative, drawn from those that are farther than the positive but within the margin (FaceNet's paper).
        SemiHard = "semi_hard",
        /// For each positive pair one negative, drawn from all that violate the margin, also those nearer than the positive (FaceNet's public code).
        Violating = "violating",
        /// The farthest positive and the nearest negative of each anchor (Hermans et al., 2017).
        Hardest = "hardest",
    }
}

crate::choice! {
    /// How far apart two features of length 1 are.
    pub enum Distance {
        /// |a - b|^2.
        Squared = "squared",
        /// |a - b| (Hermans et al., 2017).
        Euclidean = "euclidean",
        /// The angle between them, in radians (insightface's MXNet code, with margin 0.35).
        Angle = "angle",
    }
}

crate::operator! {
    /// Triplet loss on L2-normalised features: mean max(0, |a - p|^2 - |a - n|^2 + margin) (Schroff et al., "FaceNet", CVPR 2015).
    ///
    /// A batch without a triplet of this kind is counted as skipped and gives 0.
    ///
    /// Public codes differ in which negatives they draw (`mining`), in the distance (`distance`), in the hinge (`soft`), and in whether
    /// triplets that cost nothing count in the mean (`of_active`). insightface's MXNet code has margin 0.3.
    pub struct Triplet("triplet", 1, |_| Type::Objective) {
        /// What is drawn; best by `pk(identities, images)`.
        data: DrawnRef;
        /// The margin, in the distance's unit.
        margin: f64 = 0.2, in 0.0..=4.0;
        /// Which triplets count.
        mining: Mining = Mining::SemiHard;
        /// How far apart two features are.
        distance: Distance = Distance::Squared;
        /// log(1 + exp(d(a, p) - d(a, n))) in place of the hinge; the margin then only bounds what is mined (Hermans et al., 2017).
        soft: bool = false;
        /// The mean over the triplets that cost something alone.
        of_active: bool = false;
        /// What becomes of the triplets' values.
        reduce: Option<Reduce> = None;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::connected!(Triplet, COMPARING);
