//! MV-Softmax's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;

crate::choice! {
    /// The margin of the own class.
    pub enum MvMargin {
        /// cos(theta_y) - margin.
        Am = "am",
        /// cos(theta_y + margin), the margin in radians.
        Arc = "arc",
    }
}

crate::choice! {
    /// How the logit of a hard negative is raised.
    pub enum MvWeight {
        /// (t + 1) cos + t.
        Adaptive = "adaptive",
        /// cos + t.
        Fixed = "fixed",
    }
}

crate::operator! {
    /// Mis-classified vector guided softmax: negatives nearer than the own class with its margin get scale ((t + 1) cos(theta_j) + t)
    /// (adaptive) or scale (cos(theta_j) + t) (fixed); the own class has its margin.
    ///
    /// Source: Wang et al., "Mis-classified Vector Guided Softmax Loss for Face Recognition", AAAI 2020; defaults of the official code (SV-X-Softmax),
    /// in which the margin is applied only where cos(theta_y) > 0 (`easy_margin`), while hardness is always judged with it.
    pub struct MvSoftmax("mv_softmax", 1, |_| Type::Head) {
        /// The margin of the own class.
        form: MvMargin = MvMargin::Am;
        /// How hard negatives are raised.
        weight: MvWeight = MvWeight::Adaptive;
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 32.0, in 1e-3..=1e4;
        /// The margin: of the cosine for `form = "am"`, radians for `form = "arc"`.
        margin: f64 = 0.35, in 0.0..=std::f64::consts::FRAC_PI_2;
        /// How much harder hard negatives become.
        t: f64 = 0.2, in 0.0..=10.0;
        /// Whether the margin is applied only where cos(theta_y) > 0.
        easy_margin: bool = true;
    }
}

impl Kinded<Logits> for MvSoftmax {
    const KIND: Logits = Logits::Cosines;
}
