//! The declaration of the coupled mapping's loss.

use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::ops::refs::{DrawnRef, NetName};

crate::operator! {
    /// Coupled mapping: what two networks make of the two images of a pair comes together: the mean over pairs of 1/2 |f_a(left) - f_b(right)|^2.
    ///
    /// With two mappings over one frozen trunk these are the branches of Deep Coupled ResNet, one for faces of full resolution and one for those of a low one; beside it stand a
    /// classification and a `center` of each branch: discriminability of both, and their likeness. `coupled(gallery = a, probe = b)` is then the model of both.
    ///
    /// Source: Lu et al., "Deep Coupled ResNet for Low-Resolution Face Recognition", IEEE SPL 2018: a trunk trained on several resolutions, then a pair of small branches for each
    /// target resolution, learned with the coupled-mapping loss. Its weights and layer sizes are not public code: they have to be chosen.
    pub struct CoupledMapping("coupled_mapping", 1, |_| Type::Objective) {
        /// Pairs: draw(low, by = pairs(with = high), size = 32) puts low-resolution images left and others right.
        data: DrawnRef;
        /// The network that sees the left images and the one that sees the right ones, by their names in the stage.
        between: Vec<NetName>;
        /// Whether embeddings are brought to length 1 first.
        normalise: bool = false;
    }
    check = two_networks;
}

fn two_networks(call: &Call) -> Vec<Complaint> {
    super::between_two(call, "a coupled mapping", "name both: between = [low, high]")
}

crate::connected_between!(CoupledMapping, COUPLED);
