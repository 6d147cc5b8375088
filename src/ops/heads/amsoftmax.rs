//! AM-Softmax's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;

crate::operator! {
    /// Additive-margin softmax: logit_y = scale (cos(theta_y) - margin), the others scale cos(theta_j): CosFace's formula with its own defaults.
    ///
    /// Source: Wang et al., "Additive Margin Softmax for Face Verification", 2018; the official code has scale 30 and margin 0.35.
    pub struct AmSoftmax("amsoftmax", 1, |_| Type::Head) {
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 30.0, in 1e-3..=1e4;
        /// What is taken from the cosine to the own prototype.
        margin: f64 = 0.35, in 0.0..=1.0;
    }
}

impl Kinded<Logits> for AmSoftmax {
    const KIND: Logits = Logits::Cosines;
}
