//! Backbones: networks with their first weights.

mod classic;
mod early;
mod embedded;
mod extend;
mod ir;
mod vit;

pub use classic::{LightCnn, LightForm, ResNet50, SphereNet, Vgg16};
pub use early::{DeepFace, DeepId, DeepIdForm, Hopenet};
pub use embedded::Embedded;
pub use extend::{Coupled, Dream, Extension, LandmarkMaps, Mapping};
pub use ir::{Ir, IrForm, ir_depths};
pub use vit::{Vit, VitSize};

use super::refs::FilePath;
use crate::lang::decl::{Call, Complaint, Kinded};
use crate::lang::types::Type;
use crate::lang::value::{NodeId, Value};
use crate::ops::node::{Kind, Planned};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

crate::operator! {
    /// Weights from a file, with every tensor accounted for: safetensors, or what PyTorch's `torch.save` writes (a state dict, or a checkpoint with one in it). Of a pickle only tensors are built; nothing that it says is run. `check` and `plan` look at names and shapes, without a number.
    pub struct Checkpoint("checkpoint", 1, |_| Type::Weights) {
        /// The file.
        path: FilePath;
        /// How the file's names map onto the backbone's: pairs of a prefix (or whole name) and what stands for it, or `none` for what is left out; empty
        /// finds a known layout by the names. What training code wraps a network in (`module.`, `_orig_mod.`) is taken off by itself.
        names: IndexMap<String, Option<String>> = IndexMap::new();
        /// The people whose prototypes the file has, in the order of its rows: they become the model's for these people, slot "main". Without, prototypes are left out.
        prototypes: Option<super::refs::DataRef> = None;
        /// The file of the prototypes where they do not lie beside the network (insightface's `softmax_fc_gpu_0.pt`, face.evoLVe's `Head_…`).
        head: Option<FilePath> = None;
        /// The people that these weights were trained on: a data set, or a text file of one name a line. Whoever judges one of them by this
        /// network is warned; nothing else depends on it.
        trained_on: Option<TrainedOn> = None;
        /// The dictionary of the file that has the tensors, by the keys that lead to it ("params", "model.ema"); without, one at a usual place
        /// (`state_dict`, `state_dict_backbone`, `model_state_dict`, `model_state`, `model`, `backbone`, `network`, `net`, `weights`, in this order), else the only one that fits.
        at: Option<String> = None;
    }
    check = head_of_people;
    observes = "trained_on";
    stands_for = "path";
}

fn head_of_people(call: &Call) -> Vec<Complaint> {
    let said = |name: &str| call.args.get(name).is_some_and(|value| *value != Value::None);
    if !said("head") || said("prototypes") {
        return Vec::new();
    }
    vec![Complaint {
        param: Some("head"),
        message: "whose prototypes these are is not said".to_owned(),
        help: Some("name the people: checkpoint(path, head = file, prototypes = people)".to_owned()),
    }]
}

/// Whom weights were trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TrainedOn {
    /// A text file of one name a line.
    Names(FilePath),
    /// The people of a data set.
    Data(super::refs::DataRef),
}

impl crate::lang::decl::Param for TrainedOn {
    fn ty() -> Type {
        Type::Union(vec![Type::Path, Type::dataset()])
    }
    fn value(&self) -> Value {
        match self {
            TrainedOn::Names(path) => path.value(),
            TrainedOn::Data(data) => data.value(),
        }
    }
}

crate::family! {
    /// Weights with options.
    pub enum AnyWeights: Type::Weights => { Checkpoint }
}

/// Where a network's first weights come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Weights {
    /// A file whose layout is found by its names.
    Path(FilePath),
    /// A file with options.
    With(AnyWeights),
}

impl Weights {
    /// The file with its options.
    pub fn checkpoint(&self) -> std::borrow::Cow<'_, Checkpoint> {
        use std::borrow::Cow;
        match self {
            Weights::With(AnyWeights::Checkpoint(it)) => Cow::Borrowed(it),
            Weights::Path(path) => Cow::Owned(Checkpoint {
                path: path.clone(),
                names: IndexMap::new(),
                prototypes: None,
                head: None,
                trained_on: None,
                at: None,
            }),
        }
    }
}

impl crate::lang::decl::Param for Weights {
    fn ty() -> Type {
        Type::Union(vec![Type::Path, Type::Weights])
    }
    fn value(&self) -> Value {
        match self {
            Weights::Path(path) => path.value(),
            Weights::With(it) => it.value(),
        }
    }
}

crate::choice! {
    /// The forms of MobileFaceNet that public code trains.
    pub enum MobileVariant {
        /// Affine last batch norm, no bias in the last linear layer (FaceX-Zoo, insightface scale 1).
        Classic = "classic",
        /// Last batch norm without affine parameters (TFace).
        Tface = "tface",
        /// A bias in the last linear layer, batch-norm epsilon 1e-3 in 2-d layers and 2e-5 in the last one (MXNet conversions).
        Mxnet = "mxnet",
        /// insightface's `mbf`: twice the channels between units, as many inside; (x - 127.5) / 127.5.
        Mbf = "mbf",
        /// insightface's `mbf_large`: four times the channels between units, twice as many units; (x - 127.5) / 127.5.
        MbfLarge = "mbf_large",
    }
}

crate::choice! {
    /// The order of an image's channels, as a network sees them. Data is read red first and turned into it.
    pub enum Colour {
        /// Red, green, blue.
        Rgb = "rgb",
        /// Blue, green, red.
        Bgr = "bgr",
        /// One channel: 0.299 red + 0.587 green + 0.114 blue.
        Grey = "grey",
    }
}

crate::operator! {
    /// MobileFaceNet for 112x112 RGB crops, (x - 127.5) / 128 (insightface's two forms: / 127.5). Parts: stem, stage1, stage2, stage3, trunk (all before the last 1x1 convolution), neck, activations (PReLU slopes).
    ///
    /// Source: Chen et al., "MobileFaceNets", CCBR 2018.
    pub struct MobileFaceNet("mobilefacenet", 1, |_| Type::Model) {
        /// Width of the embedding.
        embedding: u32 = 128, in 1.0..=65_536.0;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Which public form.
        variant: Option<MobileVariant> = None;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
}

impl Kinded<Parts> for MobileFaceNet {
    const KIND: Parts = Parts(&["stem", "stage1", "stage2", "stage3", "trunk", "neck", "activations"]);
}

crate::operator! {
    /// Improved ResNet as insightface builds it, for 112x112 RGB crops, (x - 127.5) / 127.5. Parts: stem, stage1, stage2, stage3, stage4, trunk (all before the last batch norm), neck, activations.
    ///
    /// Source: Deng et al., "ArcFace", CVPR 2019; insightface `iresnet.py`.
    pub struct IResNet("iresnet", 1, |_| Type::Model) {
        /// Number of layers.
        depth: u32, any "only the depths that it has fit";
        /// Width of the embedding.
        embedding: u32 = 512, in 1.0..=65_536.0;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Share of features dropped before the last linear layer in training.
        dropout: f64 = 0.0, in 0.0..1.0;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
    check = known_depth;
}

impl Kinded<Parts> for IResNet {
    const KIND: Parts = Parts::FOUR;
}

/// The depths that [`IResNet`] has.
pub const IRESNET_DEPTHS: [i64; 5] = [18, 34, 50, 100, 200];

fn known_depth(call: &Call) -> Vec<Complaint> {
    one_of_depths(call, "iresnet", &IRESNET_DEPTHS)
}

/// A complaint where the argument `depth` is none of these.
fn one_of_depths(call: &Call, net: &str, depths: &[i64]) -> Vec<Complaint> {
    match call.args.get("depth") {
        Some(Value::Int(depth)) if !depths.contains(depth) => {
            let (last, rest) = depths.split_last().unwrap_or((&0, &[]));
            let rest = rest.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            vec![Complaint {
                param: Some("depth"),
                message: format!("there is no {net} of depth {depth}"),
                help: Some(format!("the depths are {rest} and {last}")),
            }]
        }
        _ => Vec::new(),
    }
}

crate::operator! {
    /// A small convolutional network for tests and demonstrations, for RGB crops of any side from 16px, (x - 127.5) / 127.5. Parts: stem, trunk, neck, activations.
    pub struct Tiny("tiny", 1, |_| Type::Model) {
        /// Width of the embedding.
        embedding: u32 = 64, in 1.0..=4096.0;
        /// Side of the input.
        side: crate::quantity::Pixels = crate::quantity::Pixels(64), in 16.0..=512.0;
        /// Channels of the first stage; later ones have twice, three times and four times as many.
        width: u32 = 24, in 4.0..=512.0;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
}

impl Kinded<Parts> for Tiny {
    const KIND: Parts = Parts::PLAIN;
}

crate::family! {
    /// Any backbone.
    pub enum Backbone: Type::Model, kind Parts => { MobileFaceNet, IResNet, Ir, LightCnn, Vgg16, SphereNet, ResNet50, Vit, DeepId, DeepFace, Hopenet, Tiny }
}

impl Planned for Backbone {
    const KIND: Kind = Kind::NETWORK;
    fn source(&self) -> Option<NodeId> {
        None
    }
}

impl Backbone {
    /// Where its first weights come from, if the recipe says so.
    pub fn weights(&self) -> Option<&Weights> {
        match self {
            Backbone::MobileFaceNet(it) => it.weights.as_ref(),
            Backbone::IResNet(it) => it.weights.as_ref(),
            Backbone::Ir(it) => it.weights.as_ref(),
            Backbone::LightCnn(it) => it.weights.as_ref(),
            Backbone::Vgg16(it) => it.weights.as_ref(),
            Backbone::SphereNet(it) => it.weights.as_ref(),
            Backbone::ResNet50(it) => it.weights.as_ref(),
            Backbone::Vit(it) => it.weights.as_ref(),
            Backbone::DeepId(it) => it.weights.as_ref(),
            Backbone::DeepFace(it) => it.weights.as_ref(),
            Backbone::Hopenet(it) => it.weights.as_ref(),
            Backbone::Tiny(it) => it.weights.as_ref(),
        }
    }
}

/// The named parts of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts(pub &'static [&'static str]);

impl Parts {
    /// Four stages between the stem and the neck.
    pub(super) const FOUR: Self = Parts(&["stem", "stage1", "stage2", "stage3", "stage4", "trunk", "neck", "activations"]);
    /// No stages with names of their own.
    pub(super) const PLAIN: Self = Parts(&["stem", "trunk", "neck", "activations"]);
}

/// The named parts of each backbone.
pub fn parts(backbone: &str) -> &'static [&'static str] {
    Backbone::kind(backbone).map_or(&[], |parts| parts.0)
}

crate::operator! {
    /// A named part of a network (`net.trunk`), for `freeze`.
    pub struct Part("part", 1, |_| Type::Part) {
        /// The network.
        model: super::refs::ModelRef;
        /// The part's name.
        name: String;
    }
    hidden = true;
}
crate::family! {
    /// A part of a network.
    pub enum AnyPart: Type::Part => { Part }
}
