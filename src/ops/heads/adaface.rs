//! AdaFace's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;

crate::operator! {
    /// AdaFace: the margin follows the quality of an image, for which the feature's length stands.
    ///
    /// z = clip(concentration (|x| - mu) / (sigma + 1e-3), -1, 1); logit_y = scale (cos(theta_y - margin z) - margin (1 + z)), the others
    /// scale cos(theta_j); |x| is clipped to [1e-3, 100] and a constant for the gradient, angles are clipped to [1e-3, pi - 1e-3].
    ///
    /// mu and sigma are state (`norm_mean` from 20, `norm_sd` from 100): before each use they become alpha (the batch's) + (1 - alpha) (their own).
    ///
    /// Source: Kim et al., "AdaFace", CVPR 2022. alpha is 0.01 in the training configuration and 1 by the class's default.
    pub struct AdaFace("adaface", 1, |_| Type::Head) {
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 64.0, in 1e-3..=1e4;
        /// The margin (m).
        margin: f64 = 0.4, in 0.0..=1.5;
        /// How much of a standard deviation of lengths makes the whole margin (h).
        concentration: f64 = 0.333, in 0.0..=100.0;
        /// How fast the moments follow the batches (t_alpha).
        alpha: f64 = 0.01, in 0.0..=1.0;
    }
}

impl Kinded<Logits> for AdaFace {
    const KIND: Logits = Logits::Cosines;
}
