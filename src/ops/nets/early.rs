//! The first deep networks for faces, and a network that says how a head is turned.

use super::Parts;
use super::Weights;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;

crate::choice! {
    /// The forms of [`DeepId`], by the crop that they see.
    pub enum DeepIdForm {
        /// Crops 39 high and 31 wide.
        DeepId = "deepid",
        /// Crops 55 high and 47 wide, as DeepID2 has them.
        DeepId2 = "deepid2",
    }
}

crate::operator! {
    /// DeepID's network, x / 255 of an RGB crop: four convolutions without padding, of which the third shares its weights within 2x2 places alone and the fourth nowhere; the embedding is fully connected to the third (after its pool) and the fourth. Parts: stem, stage1, stage2, trunk, neck, activations (nothing).
    ///
    /// Source: Sun et al., "Deep Learning Face Representation from Predicting 10,000 Classes", CVPR 2014; "Deep Learning Face Representation by Joint Identification-Verification", NIPS 2014. Layer sizes are those of the papers as the field knows them; how values come in and how weights start was not verified.
    pub struct DeepId("deepid", 1, |_| Type::Model) {
        /// Which crop.
        form: DeepIdForm = DeepIdForm::DeepId;
        /// Width of the embedding.
        embedding: u32 = 160, in 1.0..=65_536.0;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
}

impl Kinded<Parts> for DeepId {
    const KIND: Parts = Parts(&["stem", "stage1", "stage2", "trunk", "neck", "activations"]);
}

crate::operator! {
    /// DeepFace's network, x / 255 of a frontalised 152x152 RGB crop: two convolutions, three layers whose places share no weights, and a linear layer with a rectifier. Parts: stem, stage1, stage2, stage3, stage4, trunk, neck, activations (nothing).
    ///
    /// Source: Taigman et al., "DeepFace: Closing the Gap to Human-Level Performance in Face Verification", CVPR 2014. Layer sizes are those of the paper as the field knows them; how values come in was not verified, and weights start as He's rather than from N(0, 0.01²) with biases 0.5.
    pub struct DeepFace("deepface", 1, |_| Type::Model) {
        /// Width of the embedding, F7.
        embedding: u32 = 4096, in 1.0..=65_536.0;
        /// Channels of the second convolution and of the locally connected layers.
        width: u32 = 16, in 1.0..=4096.0;
        /// Share of features dropped before the classifier in training.
        dropout: f64 = 0.5, in 0.0..1.0;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
}

impl Kinded<Parts> for DeepFace {
    const KIND: Parts = Parts::FOUR;
}

crate::operator! {
    /// Hopenet on a ResNet-50, for 224x224 RGB crops (or of another side) with ImageNet's mean and deviation: the three numbers that come out are a head's yaw, pitch and roll in degrees, each the mean of 66 bins of 3 degrees from -99 under their softmax: no angle beyond -99 to 96 degrees can be said, and what lies beyond is told by the first or the last bin. Parts: stem, stage1, stage2, stage3, stage4, trunk, neck, activations (nothing).
    ///
    /// Source: Ruiz et al., "Fine-Grained Head Pose Estimation Without Keypoints", CVPR workshops 2018; the authors' `hopenet.py`, whose layer `fc_finetune` nothing uses; `head_pose` is its loss; parameter count and expectation in spec 5.5.
    pub struct Hopenet("hopenet", 1, |_| Type::Model) {
        /// Side of the input.
        side: crate::quantity::Pixels = crate::quantity::Pixels(224), in 32.0..=1024.0;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
}

impl Kinded<Parts> for Hopenet {
    const KIND: Parts = Parts::FOUR;
}
