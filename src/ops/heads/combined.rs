//! The combined margin's declaration.

use super::Logits;
use super::MarginGrad;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;
use crate::quantity::Angle;

crate::operator! {
    /// Three margins at once: logit_y = scale (cos(factor theta_y + angle) - cosine), the others scale cos(theta_j).
    ///
    /// Source: Deng et al., "ArcFace", CVPR 2019, equation 4; insightface's MXNet code uses factor 1, angle 0.3, cosine 0.2.
    pub struct Combined("combined", 1, |_| Type::Head) {
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 64.0, in 1e-3..=1e4;
        /// What the angle to the own prototype is multiplied by (m1, of SphereFace).
        factor: f64 = 1.0, in 1.0..=4.0;
        /// What is added to that angle (m2, of ArcFace).
        angle: Angle = Angle::radians(0.3), in 0.0..=std::f64::consts::FRAC_PI_2;
        /// What is taken from the cosine (m3, of CosFace).
        cosine: f64 = 0.2, in 0.0..=1.0;
        /// What the margin contributes to the gradient.
        margin_grad: MarginGrad = MarginGrad::Exact;
    }
}

impl Kinded<Logits> for Combined {
    const KIND: Logits = Logits::Cosines;
}
