//! ArcFace's declaration.

use super::Logits;
use super::MarginGrad;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;
use crate::quantity::Angle;

crate::choice! {
    /// What happens where theta + margin would leave [0, pi].
    pub enum ArcForm {
        /// cos(theta) - margin sin(pi - margin) beyond the border: stays monotone.
        Safe = "safe",
        /// The margin is applied only where cos(theta) > 0.
        Easy = "easy",
        /// cos(theta + margin) everywhere.
        Plain = "plain",
    }
}

crate::operator! {
    /// Additive angular margin: logit_y = scale cos(theta_y + margin), the others scale cos(theta_j).
    ///
    /// Source: Deng et al., "ArcFace", CVPR 2019.
    pub struct ArcFace("arcface", 1, |_| Type::Head) {
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 64.0, in 1e-3..=1e4;
        /// The angle added between a feature and its own prototype.
        margin: Angle = Angle::radians(0.5), in 0.0..=std::f64::consts::FRAC_PI_2;
        /// What happens where theta + margin would leave [0, pi].
        form: ArcForm = ArcForm::Safe;
        /// What the margin contributes to the gradient.
        margin_grad: MarginGrad = MarginGrad::Exact;
    }
}

impl Kinded<Logits> for ArcFace {
    const KIND: Logits = Logits::Cosines;
}
