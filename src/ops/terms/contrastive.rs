//! The contrastive loss's declaration.

use super::Reduce;
use crate::lang::types::Type;
use crate::ops::refs::{DrawnRef, NetName};

crate::choice! {
    /// What pairs of different people cost.
    pub enum ContrastiveHinge {
        /// 1/2 max(0, margin - d)^2.
        Distance = "distance",
        /// 1/2 max(0, margin - d^2), as some surveys print it.
        Square = "square",
    }
}

crate::operator! {
    /// Contrastive loss over all pairs of a batch: 1/2 d^2 for two images of one person, 1/2 max(0, margin - d)^2 for two people, d = |a - b|.
    ///
    /// Source: Sun et al., "Deep Learning Face Representation by Joint Identification-Verification" (DeepID2), NeurIPS 2014, there beside
    /// a classifier with a small weight; Hadsell et al., CVPR 2006.
    pub struct Contrastive("contrastive", 1, |_| Type::Objective) {
        /// What is drawn; best by `pk(identities, images)`.
        data: DrawnRef;
        /// The distance from which on two people cost nothing (with `hinge = "square"` its square).
        margin: f64 = 1.0, in 0.0..=1e4;
        /// What pairs of different people cost.
        hinge: ContrastiveHinge = ContrastiveHinge::Distance;
        /// Whether features are brought to length 1 first.
        normalise: bool = true;
        /// What becomes of the pairs' values.
        reduce: Option<Reduce> = None;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::connected!(Contrastive, COMPARING);
