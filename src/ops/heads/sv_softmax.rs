//! SV-Softmax's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;
use crate::quantity::Angle;

crate::choice! {
    /// The margin of the own class beside which a negative is hard.
    pub enum SvMargin {
        /// None: cos(theta_y).
        Plain = "plain",
        /// cos(theta_y) - margin.
        Am = "am",
        /// cos(theta_y + angle), in ArcFace's safe form.
        Arc = "arc",
    }
}

crate::operator! {
    /// Support-vector guided softmax: of negatives that are nearer than the own class with its margin, exp(scale cos) is multiplied by
    /// exp(scale (t - 1) (cos + 1)): their logit is scale (t cos(theta_j) + t - 1). The others have scale cos(theta_j).
    ///
    /// Source: Wang et al., "Support Vector Guided Softmax Loss for Face Recognition", 2018 (SV-Softmax, SV-AM, SV-Arc). FaceX-Zoo writes the
    /// same as w cos + w - 1 with w = 1.12. The authors' released code is another formula: `mv_softmax`.
    pub struct SvSoftmax("sv_softmax", 1, |_| Type::Head) {
        /// The margin of the own class.
        form: SvMargin = SvMargin::Am;
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 32.0, in 1e-3..=1e4;
        /// What `form = "am"` takes from the cosine.
        margin: f64 = 0.35, in 0.0..=1.0;
        /// What `form = "arc"` adds to the angle.
        angle: Angle = Angle::radians(0.5), in 0.0..=std::f64::consts::FRAC_PI_2;
        /// How much harder hard negatives become; 1 is no change.
        t: f64 = 1.2, in 1.0..=10.0;
    }
}

impl Kinded<Logits> for SvSoftmax {
    const KIND: Logits = Logits::Cosines;
}
