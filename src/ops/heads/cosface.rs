//! CosFace's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;

crate::operator! {
    /// Additive cosine margin: logit_y = scale (cos(theta_y) - margin), the others scale cos(theta_j).
    ///
    /// Source: Wang et al., "CosFace", CVPR 2018; the same formula as AM-Softmax (Wang et al., 2018) with scale 30.
    pub struct CosFace("cosface", 1, |_| Type::Head) {
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 64.0, in 1e-3..=1e4;
        /// What is taken from the cosine to the own prototype (insightface's MXNet code and evoLVe: 0.35, its PyTorch code: 0.4).
        margin: f64 = 0.35, in 0.0..=1.0;
    }
}

impl Kinded<Logits> for CosFace {
    const KIND: Logits = Logits::Cosines;
}
