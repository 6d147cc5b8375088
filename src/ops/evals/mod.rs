//! Protocols, how embeddings are made for them, and the metrics that they give.
//!
//! ```text
//! mod             1:1 verification over pairs of images, and how images are embedded
//! buckets         parts of a protocol by an attribute of its images
//! identification  1:N search of a gallery
//! templates       1:1 verification and 1:N search of sets of faces
//! metrics         the numbers that they give
//! thresholds      thresholds that are chosen on one protocol and used on another
//! panel           several protocols as one
//! protocol        what all protocols have in common
//! ```

mod buckets;
mod identification;
mod metrics;
mod panel;
mod protocol;
mod templates;
mod thresholds;

pub use buckets::{Bucket, Buckets, Edge, Numbered, OfPair, bucket_names};
pub use identification::{Identification, Strangers};
pub use metrics::{Accuracy, Auc, Counts, DPrime, Eer, Fmr, Fnmr, Gap, Measure, Metric, Rank, Recall, Tar, Tpir, Val};
pub use panel::{OverPanel, Panel, PanelBy};
pub use protocol::{Judging, Protocol};
pub use templates::{FaceNorm, FarPoint, TemplateIdentification, TemplateVerification};
pub use thresholds::{At, Decided, ThresholdAt, Told};

use super::augments::Augment;
use super::pooling::Pooling;
use super::refs::{DataRef, FilePath};
use crate::lang::decl::{Call, Complaint, Operator as _, Param};
use crate::lang::types::{Dimension, Type};
use crate::lang::value::Value;
use crate::quantity::Fraction;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

crate::operator! {
    /// The embedding of the image alone.
    pub struct Plain("plain", 1, |_| Type::Embed) {}
}
crate::operator! {
    /// The sum of the embeddings of the image and its flip (insightface).
    pub struct FlipSum("flip_sum", 1, |_| Type::Embed) {}
}
crate::operator! {
    /// The embeddings of the image and its flip side by side.
    pub struct FlipConcat("flip_concat", 1, |_| Type::Embed) {}
}
crate::family! {
    /// How an embedding is made of an image and its flip.
    pub enum Embed: Type::Embed => { Plain, FlipSum, FlipConcat }
}

impl Embed {
    /// The embeddings of images, of those of the images as they are and of their flips: `[images, width]`, and the width.
    pub fn of(&self, plain: Vec<f32>, mirrored: Option<Vec<f32>>, width: usize) -> (Vec<f32>, usize) {
        let Some(mirrored) = mirrored else { return (plain, width) };
        match self {
            Embed::Plain(_) => (plain, width),
            Embed::FlipSum(_) => {
                let mut sum = plain;
                sum.iter_mut().zip(&mirrored).for_each(|(a, b)| *a += b);
                (sum, width)
            }
            Embed::FlipConcat(_) => {
                let both = plain.chunks_exact(width.max(1)).zip(mirrored.chunks_exact(width.max(1)));
                (both.flat_map(|(a, b)| a.iter().chain(b).copied()).collect(), 2 * width)
            }
        }
    }
}

crate::operator! {
    /// Pairs drawn from the data: in each fold the same number of same and of different pairs; people are parted into folds, so that no person is in two.
    /// No image is paired with itself, however the other set sees it. At most 20 million pairs are drawn; `all_pairs()` lists none.
    pub struct RandomPairs("random_pairs", 2, |_| Type::PairSource) {
        /// Folds.
        folds: u32 = 10, in 2.0..=1000.0;
        /// Same pairs in a fold, and as many different ones.
        per_fold: u32 = 300, in 1.0..=1e7;
        /// The other image of a pair comes from this set (the same people); without it from the same set.
        with: Option<DataRef> = None;
        /// Seed of the choice.
        seed: i64 = 0, any "a seed is hashed";
    }
    check = can_be_listed;
    changes = [(2, "an image is paired with itself no more where the other set sees it changed")];
}

/// The most pairs that are drawn and listed one by one. IJB-C's protocol has 15.7 million.
const MOST_DRAWN: i64 = 20_000_000;

fn can_be_listed(call: &Call) -> Vec<Complaint> {
    let number = |name| match call.args.get(name).or(RandomPairs::decl().param(name)?.default.as_ref()) {
        Some(Value::Int(n)) => Some(*n),
        _ => None, // a parameter says it later
    };
    let (Some(folds), Some(per_fold)) = (number("folds"), number("per_fold")) else { return Vec::new() };
    let all = folds.saturating_mul(per_fold).saturating_mul(2);
    if all <= MOST_DRAWN {
        return Vec::new();
    }
    vec![Complaint {
        param: Some("per_fold"),
        message: format!("{folds} folds of {per_fold} same and as many different pairs are {all}, and at most {MOST_DRAWN} are drawn"),
        help: Some("draw fewer, or judge all_pairs(), which lists none: it is for low FARs".to_owned()),
    }]
}

crate::operator! {
    /// All pairs of the data's images: for low FARs. No folds, so no accuracy.
    pub struct AllPairs("all_pairs", 1, |_| Type::PairSource) {
        /// The other images come from this set; without it from the same set.
        with: Option<DataRef> = None;
    }
}
crate::family! {
    /// Pairs that the compiler makes.
    pub enum MadePairs: Type::PairSource => { RandomPairs, AllPairs }
}

/// A csv of columns `fold,same,a,b`, or pairs that are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PairSource {
    /// The file.
    File(FilePath),
    /// Made.
    Made(MadePairs),
}

impl Param for PairSource {
    fn ty() -> Type {
        Type::Union(vec![Type::Path, Type::PairSource])
    }
    fn value(&self) -> Value {
        match self {
            PairSource::File(path) => path.value(),
            PairSource::Made(made) => made.value(),
        }
    }
}

crate::choice! {
    /// How accuracy is computed.
    pub enum AccuracyRule {
        /// Squared distance, thresholds 0, 0.01, …, 3.99, first maximum of the training folds, population standard deviation (insightface).
        Insightface = "insightface",
        /// Cosine, 1,000 thresholds between the extremes, argmax of TPR - FPR (FaceX-Zoo).
        FacexZoo = "facex_zoo",
    }
}

impl From<AccuracyRule> for crate::eval::AccuracyRule {
    fn from(rule: AccuracyRule) -> Self {
        match rule {
            AccuracyRule::Insightface => crate::eval::AccuracyRule::Insightface,
            AccuracyRule::FacexZoo => crate::eval::AccuracyRule::FacexZoo,
        }
    }
}

crate::operator! {
    /// 1:1 verification: are two images of one person?
    pub struct Verification("verification", 1, |_| Type::Eval) {
        /// The images.
        data: DataRef;
        /// The pairs: a csv of columns `fold,same,a,b`, a benchmark's own list (LFW's `pairs.txt`, CALFW's and CPLFW's `image label`, SLLFW's `folder/image`, CFP's folder of folds `Protocol/Split/FP`, lists of `image image label`), a pack, or pairs that are made. The images of a pack (`bin`) need none, since it says which are judged.
        pairs: PairSource;
        /// Only pairs of these people, in the file's folds.
        within: Option<DataRef> = None;
        /// How an embedding is made of an image and its flip.
        embed: Embed = Embed::FlipSum(FlipSum {});
        /// What the second image of each pair goes through, drawn once per sample.
        probe: Option<Augment> = None;
        /// What the first image of each pair goes through, drawn once per sample.
        gallery: Option<Augment> = None;
        /// How accuracy is computed.
        rule: AccuracyRule = AccuracyRule::Insightface;
        /// Parts the pairs anew into so many folds, each with its share of same and of different pairs: for what is left of a protocol `within` a few people. Where a person then stands in several folds, numbers have no interval.
        folds: Option<u32> = None, in 2.0..=1000.0;
        /// What the list must come to, or it was cut off: `{pairs = 6_000, genuine = 3_000, folds = 10}`, or some of these.
        counts: IndexMap<String, u64> = IndexMap::new(), in 1.0..=1e12;
        /// Parts the pairs by an attribute, `by = bucket(abs(.yaw), [15deg, 45deg, 75deg])`: the evaluation is then a `panel` of the buckets, `pose.below_15deg`, `pose.from_15deg_to_45deg`, …, each judged as a protocol of its own, in the folds that its pairs have.
        by: Option<Buckets> = None;
        /// Seed of what the images go through.
        seed: i64 = 0, any "a seed is hashed";
        /// Which bucket this is; the compiler says it.
        bucket: u32 = 0, any "a place among the buckets";
    }
    check = has_pairs_to_part;
}

impl Judging for Verification {
    const METRICS: &'static [&'static str] = &["accuracy", "tar", "eer", "auc", "gap", "d_prime", "fmr", "fnmr", "val"];
    fn embed(&self) -> &Embed {
        &self.embed
    }
    fn pool(&self) -> Option<&Pooling> {
        None
    }
    fn augments(&self) -> [Option<(&Augment, i64)>; 2] {
        [&self.gallery, &self.probe].map(|augment| augment.as_ref().map(|augment| (augment, self.seed)))
    }
}

fn has_pairs_to_part(call: &crate::lang::decl::Call) -> Vec<crate::lang::decl::Complaint> {
    let all = matches!(call.args.get("pairs"), Some(Value::Op(op)) if op.op() == AllPairs::NAME);
    let folds = call.args.get("folds").is_some_and(|folds| !matches!(folds, Value::None));
    let say = || {
        let message = "`folds` parts a list of pairs, and `all_pairs` is judged as one".to_owned();
        crate::ops::terms::about("folds", message, "leave `folds` out, or draw pairs in folds: pairs = random_pairs(folds = 10)")
    };
    let mut complaints: Vec<_> = (all && folds).then(say).into_iter().collect();
    if all && call.args.get("by").is_some_and(|by| !matches!(by, Value::None)) {
        let message = "`by` parts a list of pairs, and `all_pairs` are none".to_owned();
        let help = "part the data: verification(data |> where(abs(.yaw) < 15deg), pairs = all_pairs())";
        complaints.push(crate::ops::terms::about("by", message, help));
    }
    complaints.extend(templates::counted(call, &crate::data::protocol::PAIRS_COUNTED));
    let is_made = matches!(call.args.get("pairs"), Some(Value::Op(_)));
    if is_made && call.args.get("counts").is_some_and(|counts| matches!(counts, Value::Record(counts) if !counts.is_empty())) {
        let message = "`counts` tell a list that was cut off, and these pairs are made".to_owned();
        complaints.push(crate::ops::terms::about("counts", message, "leave `counts` out"));
    }
    complaints
}

/// A rate between 0 and 1, as a number or in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Rate(pub f64);

impl std::fmt::Display for Rate {
    /// `1e-3`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:e}", self.0)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(f64),
            Fraction(Fraction),
        }
        Ok(match Form::deserialize(from)? {
            Form::Number(x) => Rate(x),
            Form::Fraction(x) => Rate(x.0),
        })
    }
}

impl Param for Rate {
    fn ty() -> Type {
        Type::Union(vec![Type::Float, Type::Quantity(Dimension::Fraction)])
    }
    fn value(&self) -> Value {
        Value::Float(self.0)
    }
}
