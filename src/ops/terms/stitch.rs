//! The declaration of DREAM's own loss.

use crate::lang::types::Type;
use crate::ops::refs::{DataRef, DrawnRef, NetName};

crate::operator! {
    /// Stitching: the embedding of each image is drawn to the mean embedding of its person in other images, which stays as it is: the mean over the batch and over
    /// the numbers of an embedding of (f - m_y)^2.
    ///
    /// The means (`means`, one row a person) are those of the network as the stage finds it, over `towards`, without augments. With it a network that `dream`
    /// extended learns to turn profile faces into frontal ones while the rest is frozen: train(d, stitch(profile, towards = frontal), freeze = [d.trunk, d.neck]).
    ///
    /// Source: Cao et al., "Pose-Robust Face Recognition via Deep Residual Equivariant Mapping", CVPR 2018, and the authors' code: profiles of 50 degrees and more, frontal
    /// faces up to 20, SGD at 1e-3, batches of 256, 10,000 steps.
    pub struct Stitch("stitch", 1, |_| Type::Objective) {
        /// The images that are drawn.
        data: DrawnRef;
        /// The images of the same people whose means they are drawn to.
        towards: DataRef;
        /// The means are kept by label space and slot.
        slot: String = "stitch".to_owned();
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
}

crate::connected!(Stitch, SINGLE, {
    fn looks_at(&self) -> Option<DataRef> {
        Some(self.towards)
    }
});
