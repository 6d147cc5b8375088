//! The N-pair loss's declaration.

use super::Reduce;
use crate::lang::types::Type;
use crate::ops::refs::{DrawnRef, NetName};

crate::operator! {
    /// N-pair loss: mean over pairs (a_i, p_i) of log(1 + sum_j exp(a_i . p_j - a_i . p_i)), j over the pairs of other people.
    ///
    /// Of each person's images in a batch the first and second make a pair, the third and fourth another, and so on.
    /// A batch with pairs of fewer than two people is counted as skipped.
    ///
    /// Source: Sohn, "Improved Deep Metric Learning with Multi-class N-pair Loss Objective", NeurIPS 2016. Features are not normalised there, and
    /// their lengths are held by the regulariser: regulariser / 4 (mean |a|^2 + mean |p|^2), with TensorFlow's factor and default.
    pub struct NPair("n_pair", 1, |_| Type::Objective) {
        /// What is drawn; best by `pk(identities, images = 2)`.
        data: DrawnRef;
        /// Weight of the squared lengths.
        regulariser: f64 = 0.002, in 0.0..=1e4;
        /// Whether features are brought to length 1 first (then a `scale` is wanted).
        normalise: bool = false;
        /// What products are multiplied by.
        scale: f64 = 1.0, in 1e-3..=1e4;
        /// What becomes of the pairs' values.
        reduce: Option<Reduce> = None;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::connected!(NPair, COMPARING);
