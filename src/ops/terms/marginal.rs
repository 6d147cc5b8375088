//! The marginal loss's declaration.

use super::Reduce;
use crate::lang::types::Type;
use crate::ops::refs::{DrawnRef, NetName};

crate::operator! {
    /// Marginal loss over all pairs of a batch of features of length 1: mean max(0, error - y (threshold - |a - b|^2)), y = 1 for one person and -1 for two.
    ///
    /// Source: Deng et al., "Marginal Loss for Deep Face Recognition", CVPR workshops 2017; there beside a softmax with weight 1.
    pub struct Marginal("marginal", 1, |_| Type::Objective) {
        /// What is drawn; best by `pk(identities, images)`.
        data: DrawnRef;
        /// The squared distance that parts one person from two (theta).
        threshold: f64 = 1.2, in 0.0..=4.0;
        /// How far from it a pair must lie to cost nothing (xi).
        error: f64 = 0.3, in 0.0..=4.0;
        /// What becomes of the pairs' values.
        reduce: Option<Reduce> = None;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::connected!(Marginal, COMPARING);
