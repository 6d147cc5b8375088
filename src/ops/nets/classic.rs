//! Networks from before the margin losses, and those of VGGFace2.

use super::Parts;
use super::{Weights, one_of_depths};
use crate::lang::decl::Kinded;
use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;

crate::choice! {
    /// The Light CNNs that public code trains.
    pub enum LightForm {
        /// Nine layers, 128x128 grey.
        Nine = "9",
        /// Twenty-nine layers, 128x128 grey.
        TwentyNine = "29",
        /// Twenty-nine layers, sums of maximum and mean pools, a plain last layer; 128x128 grey.
        TwentyNineV2 = "29v2",
        /// Twenty-nine layers as FaceX-Zoo builds them: 112x112 RGB, the neck of IR nets with an embedding 512 wide.
        FacexZoo = "29_facex_zoo",
    }
}

crate::operator! {
    /// Light CNN with max-feature-maps, for grey 128x128 crops, x / 255 (FaceX-Zoo's form: RGB 112x112, (x - 127.5) / 127.5). The embedding is 256 wide (FaceX-Zoo: 512). Parts: stem, stage1, stage2, stage3, stage4, trunk, neck, activations (it has no PReLU: nothing).
    ///
    /// Source: Wu et al., "A Light CNN for Deep Face Representation with Noisy Labels", TIFS 2018; the authors' `light_cnn.py`.
    pub struct LightCnn("lightcnn", 1, |_| Type::Model) {
        /// Which of the published networks.
        form: LightForm;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Share of features dropped before the classifier in training. The authors' code drops 0.5; FaceX-Zoo before its linear layer.
        dropout: f64 = 0.5, in 0.0..1.0;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
}

impl Kinded<Parts> for LightCnn {
    const KIND: Parts = Parts::FOUR;
}

crate::operator! {
    /// VGG-16 as VGGFace has it, for 224x224 BGR crops less the mean colour. The embedding is fc7 after its rectifier, 4096 wide. Parts: stem, stage1 to stage5, trunk (all convolutions), neck, activations (nothing).
    ///
    /// Source: Parkhi et al., "Deep Face Recognition", BMVC 2015. Ports of the weights differ in the colour order that they were made for.
    pub struct Vgg16("vgg16", 1, |_| Type::Model) {
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Share of features dropped after fc6 and fc7 in training.
        dropout: f64 = 0.5, in 0.0..1.0;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
}

impl Kinded<Parts> for Vgg16 {
    const KIND: Parts = Parts(&["stem", "stage1", "stage2", "stage3", "stage4", "stage5", "trunk", "neck", "activations"]);
}

crate::operator! {
    /// SphereFace's network, for crops 112 high and 96 wide, BGR, (x - 127.5) / 128: convolutions with biases and PReLU, no batch norm. Parts: stem, stage1, stage2, stage3, stage4, trunk, neck, activations.
    ///
    /// Source: Liu et al., "SphereFace", CVPR 2017, table 2.
    pub struct SphereNet("spherenet", 1, |_| Type::Model) {
        /// Number of layers: 20 or 64.
        depth: u32 = 20, any "only the depths that it has fit";
        /// Width of the embedding.
        embedding: u32 = 512, in 1.0..=65_536.0;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
    check = sphere_depth;
}

impl Kinded<Parts> for SphereNet {
    const KIND: Parts = Parts::FOUR;
}

fn sphere_depth(call: &Call) -> Vec<Complaint> {
    one_of_depths(call, "spherenet", &[20, 64])
}

crate::operator! {
    /// ResNet-50 and SE-ResNet-50 of VGGFace2, for 224x224 BGR crops less the mean colour, the stride on a block's first convolution. The embedding is the mean over the last map, 2048 wide. Parts: stem, stage1, stage2, stage3, stage4, trunk, neck, activations (nothing).
    ///
    /// Source: Cao et al., "VGGFace2", FG 2018; names of its PyTorch ports.
    pub struct ResNet50("resnet50", 1, |_| Type::Model) {
        /// Whether each block ends in squeeze and excitation (reduction 16).
        se: bool = false;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
}

impl Kinded<Parts> for ResNet50 {
    const KIND: Parts = Parts::FOUR;
}
