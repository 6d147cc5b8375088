//! Co-Mining's declaration.

use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::ops::curves::Curve;
use crate::ops::refs::{DrawnRef, NetName};
use crate::quantity::{Angle, Fraction};

crate::operator! {
    /// Co-Mining: two networks classify the same images, and tell each other which labels to believe.
    ///
    /// A network's loss of an image is ArcFace's cross-entropy (the safe form) over its own prototypes. Images that are among the `drop` largest losses of both
    /// networks have weight 0: their label is taken for noise. Of the others, those among the `confident` smallest losses of a network's peer have weight `boost` for that
    /// network, the rest 1. The value is the sum over both networks of the weighted mean of their losses; weights are constants for the gradient.
    /// A batch that is dropped whole is counted as skipped.
    ///
    /// Source: Wang et al., "Co-Mining: Deep Face Recognition with Noisy Labels", ICCV 2019, of which these are the three steps: noise by both losses, clean faces
    /// exchanged, clean faces weighed more. The paper's schedule and weights are not public code: `drop`, `confident` and `boost` have to be chosen.
    pub struct CoMining("co_mining", 1, |_| Type::Objective) {
        /// What both networks see.
        data: DrawnRef;
        /// The two networks, by their names in the stage.
        between: Vec<NetName>;
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 64.0, in 1e-3..=1e4;
        /// What is added to the angle to the own prototype.
        margin: Angle = Angle::radians(0.5), in 0.0..=1.5;
        /// The share of images of which either network's label may be dropped, a number or a curve.
        drop: Curve = Curve::Constant(0.1), in 0.0..=1.0;
        /// The share of images that a network tells its peer to be sure of.
        confident: Fraction = Fraction(0.5), in 0.0..=1.0;
        /// The weight of those.
        boost: f64 = 2.0, in 0.0..=1e3;
        /// The slot of the prototypes.
        slot: String = "main".to_owned();
    }
    check = two_networks;
}

fn two_networks(call: &Call) -> Vec<Complaint> {
    super::between_two(call, "Co-Mining", "name both: between = [a, b]")
}

crate::connected_between!(CoMining, BETWEEN_TWO, {
    fn prototypes(&self) -> Option<(DrawnRef, &str)> {
        Some((self.data, &self.slot))
    }
});
