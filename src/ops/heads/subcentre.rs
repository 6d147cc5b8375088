//! Sub-centre ArcFace's declaration.

use super::Logits;
use super::{ArcForm, MarginGrad};
use crate::lang::decl::Kinded;
use crate::lang::types::Type;
use crate::quantity::Angle;

crate::operator! {
    /// ArcFace over several centres of each class: cos(theta_j) is the largest cosine to the centres of class j.
    ///
    /// The first centre of each class is its prototype, so that another head can go on from it; the others are `sub_centres` `[classes, centres - 1, d]`.
    ///
    /// Source: Deng et al., "Sub-center ArcFace", ECCV 2020 (3 centres).
    pub struct SubCentre("subcentre_arcface", 1, |_| Type::Head) {
        /// Centres of each class (K).
        centres: u32 = 3, in 1.0..=64.0;
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 64.0, in 1e-3..=1e4;
        /// The angle added between a feature and the nearest centre of its class.
        margin: Angle = Angle::radians(0.5), in 0.0..=std::f64::consts::FRAC_PI_2;
        /// What happens where theta + margin would leave [0, pi].
        form: ArcForm = ArcForm::Safe;
        /// What the margin contributes to the gradient.
        margin_grad: MarginGrad = MarginGrad::Exact;
    }
}

impl Kinded<Logits> for SubCentre {
    const KIND: Logits = Logits::Cosines;
}
