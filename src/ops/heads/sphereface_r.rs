//! SphereFace-R's declaration.

use super::Logits;
use super::MarginGrad;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;

crate::choice! {
    /// The shape of the multiplicative margin.
    pub enum Magnification {
        /// (-1)^k cos(factor theta_y) - 2 k, as in SphereFace.
        Monotone = "v0",
        /// cos(min(factor theta_y, pi)).
        Clipped = "v1",
        /// cos(theta_y) for the own class, and cos(theta_j / factor) for the others.
        Others = "v2",
    }
}

crate::operator! {
    /// SphereFace-R with hard feature normalisation: logit_y = scale psi(theta_y), the others scale cos(theta_j).
    ///
    /// Source: Liu et al., "SphereFace Revived", TPAMI 2022, and its code (opensphere), whose gradient flows through the cosine alone
    /// (`margin_grad = "detached"`). That code multiplies the loss by 50 / scale: a weight of the term.
    pub struct SphereFaceR("sphereface_r", 1, |_| Type::Head) {
        /// Radius of the hypersphere (30; 64 on MS1M).
        scale: f64 = 30.0, in 1e-3..=1e4;
        /// What the angle is multiplied by (m).
        factor: f64 = 1.7, in 1.0..=4.0;
        /// The shape of the margin.
        form: Magnification = Magnification::Monotone;
        /// What the margin contributes to the gradient.
        margin_grad: MarginGrad = MarginGrad::Detached;
    }
}

impl Kinded<Logits> for SphereFaceR {
    const KIND: Logits = Logits::Cosines;
}
