//! NormFace's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;

crate::operator! {
    /// Softmax over scaled cosines: logit_j = scale cos(theta_j).
    ///
    /// Source: Wang et al., "NormFace", ACM MM 2017. The official code learns the scale, from 10 and never below 0.01:
    /// `normface(scale = 10, learn_scale = true)`.
    pub struct NormFace("normface", 1, |_| Type::Head) {
        /// Radius of the hypersphere on which features and prototypes lie; the first one, if it is learned.
        scale: f64 = 30.0, in 1e-3..=1e4;
        /// Whether the scale is learned (state `scale`), at least 0.01.
        learn_scale: bool = false;
    }
}

impl Kinded<Logits> for NormFace {
    const KIND: Logits = Logits::Cosines;
}
