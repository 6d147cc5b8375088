//! What a run is for: tables, claims and files. And the planner's own operators between models and numbers.

use super::augments::Augment;
use super::evals::{Embed, Metric, Plain};
use super::observers::Observer;
use super::pooling::Pooling;
use super::refs::{DataRef, EvalRef, ModelRef};
use crate::lang::decl::Param;
use crate::lang::types::Type;
use crate::lang::value::{Arm, NodeId, Value};
use crate::quantity::Fraction;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub mod claim;
pub use claim::{Claim, Comparison, Term as ScoreTerm};

crate::operator! {
    /// Numbers from a paper, beside ours in a table: `published({"CFP-FP" = 98.5%})`, by the labels of the columns.
    pub struct Published("published", 1, |_| Type::Published) {
        /// The numbers by column.
        values: IndexMap<String, Fraction>, in -1.0..=1.0;
        /// Where they are from.
        source: Option<String> = None;
    }
}
crate::family! {
    /// Published numbers.
    pub enum AnyPublished: Type::Published => { Published }
}

/// What a recipe may give as rows: models, or labelled models and published numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rows;

impl Param for Rows {
    fn ty() -> Type {
        Type::Union(vec![Type::Model.list(), Type::Named(Box::new(Type::Union(vec![Type::Model, Type::Coupled, Type::Published])))])
    }
    fn value(&self) -> Value {
        Value::None
    }
}

/// What a recipe may give as columns: metrics, or labelled metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricColumns;

impl Param for MetricColumns {
    fn ty() -> Type {
        Type::Union(vec![Type::Metric.list(), Type::Named(Box::new(Type::Metric))])
    }
    fn value(&self) -> Value {
        Value::None
    }
}

crate::operator! {
    /// A table of models by metrics. Arms of a `replicate` become mean ± sd and paired differences from the baseline; arms of a `sweep` become rows.
    ///
    /// A protocol that depends on an axis judges the models of its own arm: a model of fold 2 is judged on what fold 2 holds out and on nothing else. A
    /// model that does not depend on the axis is judged in all its arms. Over a `sweep` on which only protocols depend each arm is a column.
    pub struct Compare("compare", 1, |_| Type::Report) {
        /// The models, a row each in all their arms; published numbers may stand among them.
        models: Rows;
        /// The metrics.
        columns: MetricColumns;
        /// The row that the others are compared with; the first without it.
        baseline: Option<String> = None;
        /// Rows that are compared with others than that: `{"DDL" = "ArcFace, 192 images"}`. A row of a sweep is compared with the other's equal arm.
        against: IndexMap<String, String> = IndexMap::new();
    }
}

crate::operator! {
    /// A model's number under a metric, for claims.
    pub struct Score("score", 1, |_| Type::Score) {
        /// The model, or two (`coupled`); over a `replicate` the mean of its arms counts, each under the protocol of its own arm.
        model: ModelRef;
        /// The metric.
        metric: Metric;
    }
}

crate::operator! {
    /// A model's weights as a safetensors file inside the run's output folder.
    pub struct ExportSafetensors("safetensors", 1, |_| Type::Export) {
        /// The model.
        model: ModelRef;
        /// The file's name.
        to: String;
    }
    node = RESULT, source = |it| Some(it.model.node);
}

crate::operator! {
    /// A model as an ONNX file (operators of set 17) inside the run's output folder, for other programs to run: input `images` `[n, channels, height, width]`, output `embedding` `[n, d]`, `n` free.
    pub struct ExportOnnx("onnx", 1, |_| Type::Export) {
        /// The model.
        model: ModelRef;
        /// The file's name.
        to: String;
        /// Whether the file takes pixels 0..255, red first, and normalises them itself. Otherwise it takes what the network takes: its colour order, `(pixel - mean) / divisor`, as the file's notes say.
        pixels: bool = false;
        /// How an embedding is made of an image and its flip.
        embed: Embed = Embed::Plain(Plain {});
        /// Whether embeddings are brought to length 1.
        unit: bool = false;
    }
    node = RESULT, source = |it| Some(it.model.node);
}

crate::operator! {
    /// The embeddings of a data set's images as a file inside the run's output folder: NumPy's `.npy` (`[images, width]` in 32 bits) with a csv of columns `image,identity` beside it, a line for each row (`x.npy` and `x.csv`); or `.parquet` with columns `image`, `identity` and `embedding`.
    ///
    /// `embedded("x.npy", index = "x.csv")` takes such a file for a model.
    pub struct Embeddings("embeddings", 1, |_| Type::Export) {
        /// The model.
        model: ModelRef;
        /// The images.
        data: DataRef;
        /// The file's name; its ending says what it is.
        to: String;
        /// How an embedding is made of an image and its flip.
        embed: Embed = Embed::Plain(Plain {});
        /// Whether embeddings are brought to length 1.
        unit: bool = false;
    }
    check = ends_as_numbers;
}

/// The endings of files of embeddings.
fn ends_as_numbers(call: &crate::lang::decl::Call) -> Vec<crate::lang::decl::Complaint> {
    let Some(Value::Text(to)) = call.args.get("to") else { return Vec::new() };
    if to.ends_with(".npy") || to.ends_with(".parquet") {
        return Vec::new();
    }
    let message = format!("embeddings are written as .npy or as .parquet, and {to:?} ends in neither");
    vec![crate::lang::decl::Complaint { param: Some("to"), message, help: Some("write for example to = \"embeddings.npy\"".to_owned()) }]
}

crate::operator! {
    /// Embeddings as a file, lowered: what `embeddings` means.
    pub struct ExportEmbeddings("embeddings_file", 1, |_| Type::Export) {
        /// The images.
        data: DataRef;
        /// Features of the images as they are, and mirrored where that is wanted.
        features: Vec<FeaturesRef>;
        /// The file's name.
        to: String;
        /// How an embedding is made of an image and its flip.
        embed: Embed = Embed::Plain(Plain {});
        /// Whether embeddings are brought to length 1.
        unit: bool = false;
    }
    hidden = true;
    node = RESULT, source = |_| None;
}

impl ExportEmbeddings {
    /// The csv that tells the rows of a `.npy`; a `.parquet` tells them itself.
    pub fn index(&self) -> Option<String> {
        Some(format!("{}.csv", self.to.strip_suffix(".npy")?))
    }
}

crate::operator! {
    /// A network with its first weights as a result in the store, from which a file can be written.
    pub struct Started("started", 1, |_| Type::Model) {
        /// The network.
        model: ModelRef;
    }
    hidden = true;
    node = STARTED, source = |it| Some(it.model.node);
}

/// An embedding artifact: `[images, width]` f32 rows in the order of the data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FeaturesRef {
    /// The node's place in the plan.
    pub node: NodeId,
}

/// What an observer says of the images of a data set: attributes, a row for each image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SaidRef {
    /// The node's place in the plan.
    pub node: NodeId,
}

/// A pooling artifact: what a model has learned of pooling sets of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PooledRef {
    /// The node's place in the plan.
    pub node: NodeId,
}

/// A judgement artifact: a model's scores under a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JudgedRef {
    /// The node's place in the plan.
    pub node: NodeId,
}

macro_rules! lowered {
    ($($type:ty),* $(,)?) => {$(
        impl Param for $type {
            fn ty() -> Type { Type::Unknown }
            fn value(&self) -> Value { Value::None }
        }
    )*};
}

lowered!(FeaturesRef, SaidRef, PooledRef, JudgedRef, TableRow, TableColumn, Claim);

crate::operator! {
    /// The samples of some people: what a protocol `within` them needs.
    pub struct Among("among", 1, |call| Type::Dataset(call.attributes("data"))) {
        /// The samples.
        data: DataRef;
        /// The people.
        people: DataRef;
    }
    hidden = true;
    node = PART, source = |_| None;
}

crate::operator! {
    /// The embeddings of a data set's images under a model: `[images, width]`, not normalised.
    pub struct Features("features", 1, |_| Type::Unknown) {
        /// The model.
        model: ModelRef;
        /// The images.
        data: DataRef;
        /// Whether each image is mirrored first.
        flip: bool = false;
        /// What each image goes through before, drawn once per sample.
        augment: Option<Augment> = None;
        /// Seed of what it goes through.
        seed: i64 = 0, any "a seed is hashed";
    }
    hidden = true;
    node = FEATURES, source = |it| Some(it.model.node);
}

crate::operator! {
    /// What is measured on a data set's images: attributes, a row for each image.
    pub struct Measured("measured", 1, |_| Type::Unknown) {
        /// The images.
        data: DataRef;
        /// What is measured.
        by: Observer;
    }
    hidden = true;
    node = MEASURED, source = |_| None;
}

/// What an observer said of a data set's images, in a plan.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'p> {
    /// The images.
    pub data: DataRef,
    /// Who says it.
    pub by: &'p Observer,
}

impl<'p> Heard<'p> {
    /// Of a node that keeps what an observer says.
    pub fn of(node: &'p crate::ops::node::Node) -> Option<Self> {
        match node {
            crate::ops::node::Node::Said(it) => Some(Heard { data: it.data, by: &it.by }),
            crate::ops::node::Node::Measured(it) => Some(Heard { data: it.data, by: &it.by }),
            _ => None, // all others keep something else
        }
    }
}

crate::operator! {
    /// What an observer says of a data set's images: attributes, a row for each image.
    pub struct Said("said", 1, |_| Type::Unknown) {
        /// The images.
        data: DataRef;
        /// Who says it, and what.
        by: Observer;
        /// The features that it is said of: as the images are, and mirrored where that is wanted.
        features: Vec<FeaturesRef> = Vec::new();
    }
    hidden = true;
    node = ATTRIBUTES, source = |it| it.by.model();
}

crate::operator! {
    /// What a model has learned of pooling sets of images.
    pub struct Pooled("pooling", 1, |_| Type::Unknown) {
        /// The model.
        model: ModelRef;
        /// The pooling.
        pool: Pooling;
    }
    hidden = true;
    node = POOLING, source = |it| Some(it.model.node);
}

crate::operator! {
    /// A model's scores under a protocol.
    pub struct Judge("judge", 3, |_| Type::Unknown) {
        /// The model.
        model: ModelRef;
        /// The protocol.
        eval: EvalRef;
        /// The model that sees the gallery, where it is another.
        gallery_model: Option<ModelRef> = None;
        /// Features of the first images of pairs: as they are, and mirrored where the protocol wants that.
        gallery: Vec<FeaturesRef>;
        /// Features of the second images of pairs.
        probe: Vec<FeaturesRef>;
        /// What the model has learned of pooling sets, where the protocol pools by it.
        pooling: Option<PooledRef> = None;
        /// Of a protocol that is decided at a threshold, in the place of features: the model's scores under it, and under the one that tells the threshold.
        of: Vec<JudgedRef> = Vec::new();
    }
    hidden = true;
    node = SCORES, source = |it| Some(it.model.node);
    changes = [
        (2, "it keeps who stands in which fold, or is looked for: what intervals are told by"),
        (3, "it keeps what thresholds are taken from: of a search the largest scores with other people, of pairs how many lie in each step of 1e-4"),
    ];
}

impl Judge {
    /// The models that are judged: one, or one for each side.
    pub fn models(&self) -> impl Iterator<Item = NodeId> + use<> {
        [Some(self.model), self.gallery_model].into_iter().flatten().map(|model| model.node)
    }
}

/// One row of a lowered table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// The label.
    pub label: String,
    /// The arm, for rows of sweeps and replicates.
    #[serde(default)]
    pub arm: Arm,
    /// The model; published numbers have none.
    #[serde(default)]
    pub model: Option<ModelRef>,
    /// The model's judgements, one for each protocol that the columns name, in order of first mention.
    #[serde(default)]
    pub judged: Vec<JudgedRef>,
    /// Published numbers by column label.
    #[serde(default)]
    pub published: Option<AnyPublished>,
}

/// One column of a lowered table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableColumn {
    /// The label.
    pub label: String,
    /// The metric.
    pub metric: Metric,
    /// What the recipe calls its protocol here, where the plan has another name: two protocols that mean the same are one node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// The arm whose rows it judges, where its protocol depends on axes that rows depend on too, or on replicates: a column is all that have its label.
    #[serde(default)]
    pub arm: Arm,
}

crate::operator! {
    /// A table, lowered: what `compare` means.
    pub struct Table("table", 5, |_| Type::Report) {
        /// The rows.
        rows: Vec<TableRow>;
        /// The columns.
        columns: Vec<TableColumn>;
        /// The label of the row that the others are compared with.
        baseline: Option<String> = None;
        /// Rows that are compared with others than the baseline.
        against: IndexMap<String, String> = IndexMap::new();
        /// The axes that are replicates: their arms become mean ± sd.
        replicates: Vec<String> = Vec::new();
    }
    hidden = true;
    node = RESULT, source = |_| None;
    changes = [
        (2, "intervals are told by folds or people and by nothing less, and marks are corrected for the number of comparisons (Holm)"),
        (3, "intervals of accuracies count that thresholds are learnt, those over several axes count what no axis explains once"),
        (4, "folds and protocols that share people tell no interval and no mark, and neither does a number that was chosen: the worst of a panel, or a model's by people who decided on it"),
        (5, "over replicates a difference is told by axes that draw both models, or the people, anew and by no others: not of what was trained once or has first weights of one seed, nor of a choice by people who are judged; what is measured twice counts once (Holm)"),
    ];
}

crate::operator! {
    /// A claim that the run verifies: what `expect` means.
    pub struct Expect("expect", 1, |_| Type::Unknown) {
        /// The claim.
        claim: Claim;
        /// The claim as the recipe writes it.
        text: String;
    }
    hidden = true;
    node = RESULT, source = |_| None;
}
