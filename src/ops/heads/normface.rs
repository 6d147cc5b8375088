//! NormFace's declaration.

use crate::lang::types::Type;

crate::operator! {
    /// Softmax over scaled cosines: logit_j = scale cos(theta_j).
    ///
    /// Source: Wang et al., "NormFace", ACM MM 2017.
    pub struct NormFace("normface", 1, |_| Type::Head) {
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 30.0, in 1e-3..=1e4;
    }
}
