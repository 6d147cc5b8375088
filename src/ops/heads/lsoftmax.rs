//! L-Softmax's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;
use crate::ops::curves::{Amount, Curve, Inverse, Shape};

crate::operator! {
    /// Large-margin softmax: logit_y = (|W_y| |x| psi(theta_y) + blend W_y x) / (1 + blend), the others W_j x, without bias.
    ///
    /// psi(theta) = (-1)^k cos(factor theta) - 2 k for theta in [k pi / factor, (k + 1) pi / factor].
    ///
    /// Source: Liu et al., "Large-Margin Softmax Loss", ICML 2016. The official code starts with so much of the plain logit that training gets
    /// under way, and takes it back: blend = max(to, 1000 (1 + 2.5e-5 i)^-35) at iteration i; `to` is 0 on easy sets and 5 to 10 on hard ones.
    pub struct LSoftmax("lsoftmax", 1, |_| Type::Head) {
        /// What the angle is multiplied by (m): 1, 2, 3 or 4.
        factor: u32 = 4, in 1.0..=4.0;
        /// How much of the plain logit is mixed in (lambda).
        blend: Curve = Curve::Shape(Shape::Inverse(Inverse { value: Amount::Number(1000.0), gamma: 2.5e-5, power: 35.0, to: Amount::ZERO })), in 0.0..=1e9;
    }
}

impl Kinded<Logits> for LSoftmax {
    const KIND: Logits = Logits::Products;
}
