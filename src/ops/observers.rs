//! Observers: who says attributes of images (`annotate(data, by = predict(net, {quality = norm()}))`): models, and what is measured on pixels.

use super::evals::{Embed, Plain};
use super::refs::ModelRef;
use crate::data::AttributeType;
use crate::lang::decl::{Call, Complaint, Operator as _, above};
use crate::lang::types::{Attributes, Dimension, Type};
use crate::lang::value::{NodeId, OpValue, Value};
use crate::quantity::Pixels;
use indexmap::IndexMap;

crate::choice! {
    /// An angle of a head.
    pub enum Turned {
        /// To its side.
        Yaw = "yaw",
        /// Up or down.
        Pitch = "pitch",
        /// Towards a shoulder.
        Roll = "roll",
    }
}

crate::operator! {
    /// An angle of a head as a `hopenet` says it, in -99deg to 96deg.
    pub struct HeadAngle("head_angle", 1, |_| Type::Saying) {
        /// Which angle.
        of: Turned;
    }
}

crate::operator! {
    /// The length of the embedding before it is brought to length 1: what networks of softmax heads give more of to images that they know well.
    ///
    /// Source: Meng et al., "MagFace", CVPR 2021, take it for quality; AdaFace (Kim et al., CVPR 2022) does so in training.
    pub struct Norm("norm", 1, |_| Type::Saying) {}
}

crate::choice! {
    /// Whose images are near.
    pub enum Near {
        /// Anybody's.
        Anybody = "anybody",
        /// Those of the same person.
        Same = "same",
        /// Those of other people.
        Others = "others",
    }
}

crate::operator! {
    /// The distance to the nearest other image of the data: 1 - cosine of their embeddings, in 0 to 2. Where there is none there is no value.
    ///
    /// All pairs of the data are looked at: n (n - 1) products of embeddings for n images.
    pub struct Nearest("nearest", 1, |_| Type::Saying) {
        /// Whose images.
        among: Near = Near::Anybody;
    }
}

crate::operator! {
    /// The distance to the person's own mean: 1 - cosine of the embedding and the mean of all of the person's embeddings of length 1, the image's own among them, in 0 to 2.
    pub struct ToMean("to_mean", 1, |_| Type::Saying) {}
}

crate::operator! {
    /// The cluster of the embedding, brought to length 1, by k-means (k-means++ for a start): a category `c0`, `c1`, …, numbered in the order in which images of them come first.
    ///
    /// Source: Lloyd, "Least squares quantization in PCM", 1982; Arthur and Vassilvitskii, "k-means++", SODA 2007; computed by the crate linfa-clustering in double precision.
    pub struct KMeans("kmeans", 1, |_| Type::Saying) {
        /// How many clusters.
        k: u64, in 1.0..=1e6;
        /// How often it is begun anew; the least sum of squares is taken.
        starts: u32 = 4, in 1.0..=1000.0;
        /// The most rounds of a start.
        rounds: u64 = 300, in 1.0..=1e6;
        /// Seed of the starts.
        seed: i64 = 0, any "a seed is hashed";
    }
}

crate::operator! {
    /// The cluster of the embedding, brought to length 1, by density: images with enough others around them, and what lies around those, are one cluster. A category `c0`, `c1`, …, numbered in the order in which images of them come first; what belongs to none has no value.
    ///
    /// Source: Ester et al., "A density-based algorithm for discovering clusters", KDD 1996; computed by the crate linfa-clustering in double precision.
    pub struct Dbscan("dbscan", 1, |_| Type::Saying) {
        /// How far around is: 1 - cosine.
        distance: f64, in above(0.0, 2.0);
        /// How many images are enough, the image itself among them.
        least: u64 = 4, in 2.0..=1e6;
    }
}

crate::family! {
    /// What a model says of an image.
    pub enum Saying: Type::Saying => { HeadAngle, Norm, Nearest, ToMean, KMeans, Dbscan }
}

crate::operator! {
    /// How sharp an image is: the variance of the Laplacian of its grey levels, 0 of one that is of one grey. It grows with the size of the image.
    ///
    /// Grey levels are those of OpenCV's `COLOR_RGB2GRAY`, in 0 to 255; the Laplacian is `cv2.Laplacian(grey, CV_64F)`, mirrored at the border. Source: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    pub struct Sharpness("sharpness", 1, |_| Type::Measurement) {}
}

crate::operator! {
    /// How bright an image is: the mean of its grey levels, as a part of white. Grey levels are those of OpenCV's `COLOR_RGB2GRAY`.
    pub struct Luminance("luminance", 1, |_| Type::Measurement) {}
}

crate::operator! {
    /// How much contrast an image has: the standard deviation of its grey levels (of all pixels), as a part of white. Grey levels are those of OpenCV's `COLOR_RGB2GRAY`.
    pub struct LuminanceDeviation("luminance_deviation", 1, |_| Type::Measurement) {}
}

crate::family! {
    /// What is measured on the pixels of an image.
    pub enum Measurement: Type::Measurement => { Sharpness, Luminance, LuminanceDeviation }
}

crate::operator! {
    /// What is measured on the pixels of each image, as attributes by the names that the recipe gives them: `measure({sharp = sharpness(), light = luminance()})`. It needs no weights, so that "hard" can be said of any data.
    pub struct Measure("measure", 1, |_| Type::Observer) {
        /// The attributes: what each is.
        says: IndexMap<String, Measurement>;
        /// The side to which images are brought before (to a square, by the kernel of their reader); as they lie without it. Images that go through something (`apply`) do so at this size.
        side: Option<Pixels> = None, in 1.0..=4096.0;
    }
    check = says_something;
}

/// The type of what is said: in the language, and of a table.
fn said_type(op: &str) -> (Type, AttributeType) {
    match op {
        Luminance::NAME | LuminanceDeviation::NAME => (Type::Quantity(Dimension::Fraction), AttributeType::Fraction),
        HeadAngle::NAME => (Type::Quantity(Dimension::Angle), AttributeType::Angle),
        KMeans::NAME | Dbscan::NAME => (Type::Category, AttributeType::Category([].into())),
        _ => (Type::Float, AttributeType::Number),
    }
}

impl Saying {
    /// The type of the attribute; categories without their values.
    pub fn attribute(&self) -> AttributeType {
        said_type(self.name()).1
    }
}

crate::operator! {
    /// What a model says of each image, as attributes by the names that the recipe gives them: `predict(pose, {yaw = head_angle("yaw")})`, `predict(net, {quality = norm(), group = kmeans(k = 100)})`.
    ///
    /// It is computed once and kept in the store by the model's and the data's keys. What is said of images of some data is said of all of them: neighbours, means and clusters are those of the data that is annotated.
    pub struct Predict("predict", 1, |_| Type::Observer) {
        /// The model.
        model: ModelRef;
        /// The attributes: what each is.
        says: IndexMap<String, Saying>;
        /// How an embedding is made of an image and its flip. Angles are those of the image alone.
        embed: Embed = Embed::Plain(Plain {});
    }
    check = says_something;
}

crate::family! {
    /// Who says attributes of images.
    pub enum Observer: Type::Observer => { Predict, Measure }
}

impl Observer {
    /// The model that says it.
    pub fn model(&self) -> Option<NodeId> {
        match self {
            Observer::Predict(it) => Some(it.model.node),
            Observer::Measure(_) => None,
        }
    }

    /// What it says: names and types, categories without their values.
    pub fn attributes(&self) -> Vec<(&str, AttributeType)> {
        match self {
            Observer::Predict(it) => it.says.iter().map(|(name, saying)| (name.as_str(), saying.attribute())).collect(),
            Observer::Measure(it) => it.says.iter().map(|(name, of)| (name.as_str(), said_type(of.name()).1)).collect(),
        }
    }
}

/// The attributes that an observer says.
pub(crate) fn attributes_of(observer: &Value) -> Attributes {
    let Value::Op(op) = observer else { return Attributes::new() };
    let Some(Value::Record(says)) = op.args.get("says") else { return Attributes::new() };
    let ty = |value: &Value| if let Value::Op(op) = value { said_type(op.op()).0 } else { Type::Unknown };
    says.iter().map(|(name, value)| (name.clone(), ty(value))).collect()
}

fn says_something(call: &Call) -> Vec<Complaint> {
    let Some(Value::Record(says)) = call.args.get("says") else { return Vec::new() };
    let complain = |param, message: String, help: &str| vec![Complaint { param: Some(param), message, help: Some(help.to_owned()) }];
    if says.is_empty() {
        return complain("says", "nothing is said".to_owned(), "name what is said, for example {quality = norm()}");
    }
    if let Some(name) = says.keys().find(|name| crate::data::schema::ALWAYS.contains(&name.as_str())) {
        return complain("says", format!("every sample has its own `.{name}`"), "give it another name");
    }
    let is_angle = |value: &Value| matches!(value, Value::Op(op) if op.op() == HeadAngle::NAME);
    let flipped = |op: &OpValue| op.op() != Plain::NAME;
    if says.values().any(is_angle) && matches!(call.args.get("embed"), Some(Value::Op(embed)) if flipped(embed)) {
        let help = "leave `embed` out, or annotate twice: by the angles, and by the rest";
        return complain("embed", "angles are those of the image alone, and its flip is turned to the other side".to_owned(), help);
    }
    Vec::new()
}
