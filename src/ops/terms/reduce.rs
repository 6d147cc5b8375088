//! What becomes of the values of single samples, pairs or triplets.

use crate::lang::types::Type;
use crate::quantity::Fraction;

crate::operator! {
    /// The mean over samples.
    pub struct Mean("mean", 1, |_| Type::Reduce) {}
}

crate::operator! {
    /// Focal loss: each sample's value times (1 - p)^gamma, p = exp(-value) (Lin et al., ICCV 2017).
    pub struct Focal("focal", 1, |_| Type::Reduce) {
        /// The exponent.
        gamma: f64 = 2.0, in 0.0..=10.0;
        /// The form of TFace and evoLVe, which weighs the batch's mean instead of each sample.
        of_mean: bool = false;
    }
}

crate::operator! {
    /// Only the largest values of the batch (Shrivastava et al., CVPR 2016).
    pub struct Ohem("ohem", 1, |_| Type::Reduce) {
        /// The share that is kept, rounded down, at least one sample.
        keep: Fraction = Fraction(0.9), in 0.0..=1.0;
    }
}

crate::family! {
    /// Any reduction.
    pub enum Reduce: Type::Reduce => { Mean, Focal, Ohem }
}
