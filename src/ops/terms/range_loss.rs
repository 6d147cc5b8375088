//! The range loss's declaration.

use crate::lang::types::Type;
use crate::ops::refs::{DrawnRef, NetName};

crate::operator! {
    /// Range loss: intra sum over people of the harmonic mean of the k largest distances D of their images, plus inter max(0, margin - the squared distance of the two nearest people's means).
    ///
    /// A batch in which nobody has two images has no first part, one of a single person no second; each is counted as skipped.
    /// A person with fewer than k pairs of images gives all of them.
    ///
    /// Source: Zhang et al., "Range Loss for Deep Face Recognition with Long-Tailed Training Data", ICCV 2017. The defaults are those of the
    /// Caffe code, which takes squared distances of features that are not normalised.
    pub struct RangeLoss("range_loss", 1, |_| Type::Objective) {
        /// What is drawn; best by `pk(identities, images)`.
        data: DrawnRef;
        /// How many of each person's largest distances count.
        k: u32 = 2, in 1.0..=1000.0;
        /// Weight of the distances within people (alpha).
        intra: f64 = 1e-4, in 0.0..=1e4;
        /// Weight of the distance between people (beta).
        inter: f64 = 1e-3, in 0.0..=1e4;
        /// The squared distance from which on two people cost nothing (M).
        margin: f64 = 2e4, in 0.0..=1e9;
        /// Whether D is the squared distance rather than the distance.
        squared: bool = true;
        /// Whether features are brought to length 1 first; `margin` must then be at most 4 to mean anything.
        normalise: bool = false;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::connected!(RangeLoss, COMPARING);
