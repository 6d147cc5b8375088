//! A-Softmax's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;
use crate::ops::curves::{Amount, Curve, Inverse, Shape};

crate::operator! {
    /// A-Softmax: logit_y = |x| (psi(theta_y) + blend cos(theta_y)) / (1 + blend), the others |x| cos(theta_j).
    ///
    /// psi(theta) = (-1)^k cos(factor theta) - 2 k for theta in [k pi / factor, (k + 1) pi / factor].
    ///
    /// Source: Liu et al., "SphereFace", CVPR 2017. The official code blends by max(5, 1000 / (1 + 0.12 i)) at iteration i, counted from 1; a
    /// PyTorch port by max(5, 1500 / (1 + 0.1 i)): `blend = 1500 |> inverse(gamma = 0.1, to = 5)`.
    pub struct SphereFace("sphereface", 1, |_| Type::Head) {
        /// What the angle is multiplied by (m): 1, 2, 3 or 4.
        factor: u32 = 4, in 1.0..=4.0;
        /// How much of the plain cosine is mixed in (lambda).
        blend: Curve = Curve::Shape(Shape::Inverse(Inverse { value: Amount::Number(1000.0), gamma: 0.12, power: 1.0, to: Amount::Number(5.0) })), in 0.0..=1e9;
    }
}

impl Kinded<Logits> for SphereFace {
    const KIND: Logits = Logits::Cosines;
}
