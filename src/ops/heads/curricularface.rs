//! CurricularFace's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;
use crate::quantity::Angle;

crate::operator! {
    /// CurricularFace: logit_y = scale cos(theta_y + margin) in ArcFace's safe form; negatives with cos(theta_j) > cos(theta_y + margin) have
    /// scale cos(theta_j) (t + cos(theta_j)), the others scale cos(theta_j).
    ///
    /// t is state (`t`, from 0): before each use t becomes alpha mean(cos(theta_y)) + (1 - alpha) t.
    ///
    /// Source: Huang et al., "CurricularFace", CVPR 2020. alpha is 0.01 in the official code and 0.1 in TFace.
    pub struct CurricularFace("curricularface", 1, |_| Type::Head) {
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 64.0, in 1e-3..=1e4;
        /// The angle added between a feature and its own prototype.
        margin: Angle = Angle::radians(0.5), in 0.0..=std::f64::consts::FRAC_PI_2;
        /// How fast t follows the batches.
        alpha: f64 = 0.01, in 0.0..=1.0;
    }
}

impl Kinded<Logits> for CurricularFace {
    const KIND: Logits = Logits::Cosines;
}
