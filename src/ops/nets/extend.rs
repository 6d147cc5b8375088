//! What is added to a model's network.

use crate::lang::decl::Operator as _;
use crate::lang::types::Type;
use crate::lang::value::NodeId;
use crate::ops::node::{Kind, Planned};
use crate::ops::refs::{ModelRef, Reading};
use crate::ops::terms::Output;
use crate::quantity::Angle;

crate::operator! {
    /// A model whose embedding is corrected by the sample's yaw: f + g R(f), R = linear, rectifier, linear, rectifier of the embedding's width, g = sigmoid(steepness (|yaw| / from - 1)).
    /// Whatever the model sees then must know the yaw. Parts: those of the model, and dream.
    ///
    /// Source: Cao et al., "Pose-Robust Face Recognition via Deep Residual Equivariant Mapping", CVPR 2018 (DREAM); the authors' code, whose layers are called fc1 and fc2. `stitch` is the term that trains it alone.
    pub struct Dream("dream", 1, |_| Type::Model) {
        /// The model.
        model: ModelRef;
        /// The yaw of a sample: an angle among its attributes.
        yaw: Reading;
        /// The yaw at which half of the correction is added.
        from: Angle = Angle::degrees(45.0), in 0.001..=3.2;
        /// How fast it sets in.
        steepness: f64 = 10.0, in 0.0..=1000.0;
        /// Seed of the first tensors of R.
        seed: i64 = 0, any "a seed is hashed";
    }
}

crate::operator! {
    /// A model whose embedding goes through a learned map: linear, or linear, PReLU, linear, as wide as before. Parts: those of the model, and mapping.
    ///
    /// A small branch over a trunk that is frozen: two of them, trained in one stage by `coupled_mapping`, are the branches of Deep Coupled ResNet (Lu et al., IEEE SPL 2018), whose layer
    /// sizes are not public code.
    pub struct Mapping("mapping", 1, |_| Type::Model) {
        /// The model.
        model: ModelRef;
        /// Numbers between the two linear layers; one linear layer without.
        hidden: Option<u32> = None, in 1.0..=65_536.0;
        /// Seed of the first tensors.
        seed: i64 = 0, any "a seed is hashed";
    }
}

crate::operator! {
    /// A model that ends in local descriptors: what comes out of the part `at` goes through a 1 x 1 convolution to `width` features and a score for each landmark; softmaxes over
    /// the places of the map make a landmark's scores an attention map, and of each feature the largest product with the map is kept: `landmarks x width` numbers, landmark by landmark.
    /// The layers after `at` and the prototypes of people are left behind. Parts: those of the model up to `at`, and landmarks.
    ///
    /// The detecting half of comparator networks: `compare_sets` trains it with a `comparator` of two sets, `diversity` keeps its maps apart.
    ///
    /// Source: Xie, Shen and Zisserman, "Comparator Networks", ECCV 2018, whose sizes and code are not public: all are options, and the softmax is our reading.
    pub struct LandmarkMaps("landmarks", 1, |_| Type::Model) {
        /// The model.
        model: ModelRef;
        /// The part whose output is looked at: `tap("stage3")`.
        at: Output;
        /// How many landmarks.
        count: u32 = 12, in 1.0..=1024.0;
        /// Features of a landmark.
        width: u32 = 64, in 1.0..=65_536.0;
        /// Seed of the first tensors.
        seed: i64 = 0, any "a seed is hashed";
    }
}

crate::family! {
    /// What is added to a model's network.
    pub enum Extension: Type::Model => { Dream, Mapping, LandmarkMaps }
}

crate::operator! {
    /// Two models for the two sides of a protocol, for a row of a table or a score: one sees the gallery (the first images of pairs), the other the probes. Their embeddings are compared with
    /// each other, so they must be of one width, and trained for it: see `coupled_mapping`.
    pub struct Coupled("coupled", 1, |_| Type::Coupled) {
        /// Sees the gallery.
        gallery: ModelRef;
        /// Sees the probes.
        probe: ModelRef;
    }
}

impl Planned for Extension {
    const KIND: Kind = Kind::NETWORK;
    fn source(&self) -> Option<NodeId> {
        Some(self.model().node)
    }
}

impl Extension {
    /// The model that is extended.
    pub fn model(&self) -> ModelRef {
        match self {
            Extension::Dream(it) => it.model,
            Extension::Mapping(it) => it.model,
            Extension::LandmarkMaps(it) => it.model,
        }
    }

    /// Whether what the model's network ends in is replaced, and not corrected.
    pub fn replaces_the_embedding(&self) -> bool {
        matches!(self, Extension::LandmarkMaps(_))
    }

    /// The part that it adds.
    pub fn part(op: &str) -> Option<&'static str> {
        [Dream::NAME, Mapping::NAME, LandmarkMaps::NAME].into_iter().find(|name| *name == op)
    }
}
