//! Views of data sets, and what is drawn from them.

use super::augments::Augment;
use super::observers::Observer;
use super::outputs::SaidRef;
use super::refs::{Attribute, Columns, DataRef, FilePath, Predicate};
use super::samplers::{self, Sampler};
use crate::lang::decl::{Call, Complaint, above};
use crate::lang::types::{Attributes, Dimension, Type};
use crate::lang::value::Value;
use crate::quantity::{Fraction, Interval};
use indexmap::IndexMap;

fn same_attributes(call: &Call) -> Type {
    Type::Dataset(call.attributes("data"))
}

crate::choice! {
    /// What happens to a sample that lacks a value.
    pub enum Missing {
        /// It is an error.
        Error = "error",
        /// The sample is left out.
        Drop = "drop",
        /// The sample stays.
        Keep = "keep",
    }
}

crate::operator! {
    /// Attributes of samples: from a csv, or by an observer.
    ///
    /// A csv has a column `image` (or `path`) with the image's path as the data set names it: relative to its folder, as `Ann_Lee/Ann_Lee_0001.png`. One that names none of the images is an error, whatever `missing` says;
    /// rows that name no image are counted in the plan.
    ///
    /// What an observer says (`by = predict(net, {quality = norm()})`) is known when the run has asked it. A filter by it leaves people their classes; until it is known the plan counts every sample that no other condition leaves out,
    /// and says that these are at most so many. What decides on classes or on the choice of samples by such counts (`min_images`, `relabel`, `sample`, `split` by `.path`) is counted when it is known.
    pub struct Annotate("annotate", 1, |call| {
        let mut attributes = call.attributes("data");
        attributes.extend(columns_of(call).iter().map(|(name, ty)| (name.clone(), ty.clone())));
        Type::Dataset(attributes)
    }) {
        /// The samples.
        data: DataRef;
        /// The csv.
        path: Option<FilePath> = None;
        /// The types of its columns.
        schema: Columns = Columns::default();
        /// What happens to a sample that the csv lacks.
        missing: Missing = Missing::Error;
        /// Who says the attributes, in place of a csv.
        by: Option<Observer> = None;
        /// The node of what it says; the compiler says it.
        said: Option<SaidRef> = None;
    }
    check = one_source;
    node = SAMPLES, source = |_| None;
}

/// Attributes are from a csv with a schema, or by an observer.
fn one_source(call: &Call) -> Vec<Complaint> {
    let given = |name: &str| call.args.contains_key(name);
    let complain = |param, message: &str, help: &str| vec![Complaint { param, message: message.to_owned(), help: Some(help.to_owned()) }];
    match (given("path"), given("by")) {
        (true, true) => complain(
            Some("by"),
            "attributes are from a csv or by an observer, and this names both",
            "annotate twice: data |> annotate(\"pose.csv\", schema = {yaw: deg}) |> annotate(by = …)",
        ),
        (false, false) => complain(
            None,
            "whom the attributes are from is not said",
            "name a csv: annotate(data, \"pose.csv\", schema = {yaw: deg}); or a model: annotate(data, by = predict(net, {quality = norm()}))",
        ),
        (true, false) if !given("schema") => {
            complain(Some("path"), "which of its columns are read, and what they are, is not said", "say it: schema = {yaw: deg}")
        }
        (false, true) if given("schema") => complain(Some("schema"), "an observer knows the types of what it says", "leave `schema` out"),
        (false, true) if given("missing") => complain(
            Some("missing"),
            "an observer is asked of every image",
            "leave `missing` out, and say it where the attribute is read: where(…, missing = \"drop\")",
        ),
        (true, false) | (false, true) => Vec::new(),
    }
}

/// The type that a column of a csv has, by what `schema` says of it.
pub(crate) fn column_type(word: &str) -> Option<Type> {
    Some(match word {
        "deg" | "rad" => Type::Quantity(Dimension::Angle),
        "px" => Type::Quantity(Dimension::Pixels),
        "%" | "fraction" => Type::Quantity(Dimension::Fraction),
        "int" => Type::Int,
        "float" => Type::Float,
        "text" => Type::Text,
        "category" => Type::Category,
        _ => return None,
    })
}

/// The words that a schema may use.
pub const COLUMN_WORDS: [&str; 8] = ["deg", "rad", "px", "fraction", "int", "float", "text", "category"];

/// The attributes that a call's `schema` names, or that its observer says.
pub(super) fn columns_of(call: &Call) -> Attributes {
    if let Some(by) = call.args.get("by") {
        return super::observers::attributes_of(by);
    }
    match call.args.get("schema") {
        Some(Value::Schema(columns)) => {
            columns.iter().map(|(name, word)| (name.clone(), column_type(word).unwrap_or(Type::Unknown))).collect()
        }
        _ => Attributes::new(),
    }
}

crate::operator! {
    /// The samples for which an expression over attributes is true; people keep their classes. `.yaw == none` asks whether a sample lacks a value, `.yaw ?? 0deg` puts one in its place.
    pub struct Where("where", 1, same_attributes) {
        /// The samples.
        data: DataRef;
        /// The expression.
        test: Predicate;
        /// What happens to a sample that lacks an attribute which the expression reads.
        missing: Missing = Missing::Error;
    }
    node = SAMPLES, source = |_| None;
}

crate::choice! {
    /// How people or samples are ranked before they are parted.
    pub enum Order {
        /// By a hash of name and seed.
        Hashed = "hashed",
        /// By name.
        Sorted = "sorted",
    }
}

crate::operator! {
    /// Named parts of a data set: percentages or counts of its people (or of its samples with `by = .path`).
    pub struct Split("split", 1, |call| match call.args.get("parts") {
        Some(Value::Record(parts)) => Type::Record(parts.keys().map(|name| (name.clone(), same_attributes(call))).collect()),
        _ => Type::Named(Box::new(same_attributes(call))),
    }) {
        /// The samples.
        data: DataRef;
        /// How much each part gets: all percentages, or all counts. What is left over belongs to no part.
        parts: IndexMap<String, Amount>, in above(0.0, 1e12);
        /// What is ranked: `.identity` (people stay whole) or `.path` (samples).
        by: Option<Attribute> = Some(Attribute::named("identity"));
        /// How they are ranked.
        order: Order = Order::Hashed;
        /// Each part gets its share of every value of this attribute.
        stratify: Option<Attribute> = None;
        /// Seed of the ranking.
        seed: i64 = 0, any "a seed is hashed";
        /// Which part this is; the compiler says it.
        part: String = String::new();
    }
    check = parts_fit;
    node = SAMPLES, source = |_| None;
}

/// A number of people or samples, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// So many.
    Count(u64),
    /// Such a part.
    Share(Fraction),
}

impl crate::lang::decl::Param for Amount {
    fn ty() -> Type {
        Type::Union(vec![Type::Int, Type::Quantity(Dimension::Fraction)])
    }
    fn value(&self) -> Value {
        match self {
            Amount::Count(n) => Value::Int(*n as i64),
            Amount::Share(share) => Value::Fraction(*share),
        }
    }
}

fn parts_fit(call: &Call) -> Vec<Complaint> {
    if let Some(Value::Row(row)) = call.args.get("by")
        && !["identity", "path"].iter().any(|name| **row == crate::data::predicate::Expr::attribute(name))
    {
        let message = "people are ranked by `.identity`, or samples by `.path`".to_owned();
        let help = "where a value decides who is where, filter by it: where(.camera == \"c1\")".to_owned();
        return vec![Complaint { param: Some("by"), message, help: Some(help) }];
    }
    let by_path = matches!(call.args.get("by"), Some(Value::Row(row)) if **row == crate::data::predicate::Expr::attribute("path"));
    if by_path && matches!(call.args.get("stratify"), Some(Value::Row(_))) {
        let message = "`stratify` gives each part its share of people, and here samples are parted".to_owned();
        return vec![Complaint { param: Some("stratify"), message, help: Some("split by .identity, or leave it out".to_owned()) }];
    }
    let Some(Value::Record(parts)) = call.args.get("parts") else { return Vec::new() };
    let complain = |message: String, help: &str| vec![Complaint { param: Some("parts"), message, help: Some(help.to_owned()) }];
    let shares: Vec<f64> = parts.values().filter_map(|part| if let Value::Fraction(share) = part { Some(share.0) } else { None }).collect();
    if parts.is_empty() {
        return complain("a split needs at least one part".to_owned(), "write for example {train = 80%, test = 20%}");
    }
    let counts = parts.values().filter(|part| matches!(part, Value::Int(_))).count();
    if !shares.is_empty() && counts > 0 {
        return complain("parts are percentages or counts, not both".to_owned(), "write all of them as percentages, or all as counts");
    }
    let total: f64 = shares.iter().sum();
    if total > 1.0 + 1e-9 {
        return complain(format!("the parts add up to {}%", (total * 1e4).round() / 100.0), "parts of one whole add up to at most 100%");
    }
    Vec::new()
}

crate::operator! {
    /// Some of the people: named ones, or a range of places in the sorted order of names (from 0, both ends included).
    pub struct Identities("identities", 1, same_attributes) {
        /// The samples.
        data: DataRef;
        /// The people.
        these: People, in 0.0..=1e12;
    }
    node = SAMPLES, source = |_| None;
}

/// Named people, or places in the sorted order of names.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum People {
    /// By name.
    Named(Vec<String>),
    /// By place.
    Places(Interval<i64>),
}

impl crate::lang::decl::Param for People {
    fn ty() -> Type {
        Type::Union(vec![Type::Text.list(), Type::Range(Box::new(Type::Int))])
    }
    fn value(&self) -> Value {
        match self {
            People::Named(names) => names.value(),
            People::Places(places) => places.value(),
        }
    }
}

crate::operator! {
    /// The same samples with classes of their own: a head on them starts anew.
    ///
    /// With `by` the values of an attribute are the classes (clusters are pseudo-labels); samples without a value are left out.
    pub struct Relabel("relabel", 1, same_attributes) {
        /// The samples.
        data: DataRef;
        /// The attribute, a text or a category, whose values are the classes; people's names without it.
        by: Option<Attribute> = None;
    }
    check = by_words;
    node = SAMPLES, source = |_| None;
}

/// Classes are named by texts.
fn by_words(call: &Call) -> Vec<Complaint> {
    let Some(Value::Row(row)) = call.args.get("by") else { return Vec::new() };
    let of = match row.attributes().first().copied() {
        Some("identity" | "path") | None => return Vec::new(),
        Some("index") => Type::Int,
        Some("width" | "height") => Type::Quantity(Dimension::Pixels),
        Some(name) => call.attributes("data").get(name).cloned().unwrap_or(Type::Unknown),
    };
    if matches!(of, Type::Text | Type::Category | Type::Unknown) {
        return Vec::new();
    }
    let message = format!("classes are the values of a text or a category, and this is {of}");
    let help = "cluster, for example: annotate(data, by = predict(net, {group = kmeans(k = 100)})) |> relabel(by = .group)";
    vec![Complaint { param: Some("by"), message, help: Some(help.to_owned()) }]
}

crate::operator! {
    /// Some samples, chosen by a hash of name and seed.
    pub struct Sample("sample", 1, same_attributes) {
        /// The samples.
        data: DataRef;
        /// How many, or which share.
        amount: Amount, in above(0.0, 1e12);
        /// Seed of the choice.
        seed: i64 = 0, any "a seed is hashed";
    }
    node = SAMPLES, source = |_| None;
}

crate::choice! {
    /// What equal names of people in two sets mean.
    pub enum MergeLabels {
        /// Different people.
        Disjoint = "disjoint",
        /// The same person.
        ByName = "by_name",
    }
}

crate::operator! {
    /// Several data sets as one.
    pub struct Merge("merge", 1, |call| match call.types.get("data") {
        Some(Type::List(of)) => (**of).clone(),
        _ => Type::dataset(),
    }) {
        /// The data sets.
        data: Vec<DataRef>;
        /// What equal names mean.
        labels: MergeLabels;
    }
    node = SAMPLES, source = |_| None;
}

crate::operator! {
    /// The people who have at least so many images.
    pub struct MinImages("min_images", 1, same_attributes) {
        /// The samples.
        data: DataRef;
        /// So many.
        count: u64, in 1.0..=1e9;
    }
    node = SAMPLES, source = |_| None;
}

crate::operator! {
    /// The people who are not in another data set.
    pub struct Without("without", 1, same_attributes) {
        /// The samples.
        data: DataRef;
        /// The people to leave out.
        people: DataRef;
    }
    node = SAMPLES, source = |_| None;
}

crate::operator! {
    /// The samples seen through an augment.
    pub struct Apply("apply", 1, same_attributes) {
        /// The samples.
        data: DataRef;
        /// The augment, or a list of them.
        augment: Augment;
        /// So many fixed draws of each sample, visited in turn, so that what follows can be cached; without it each visit draws anew.
        versions: Option<u32> = None, in 1.0..=1e6;
        /// Seed of the augment.
        seed: i64 = 0, any "a seed is hashed";
    }
    node = SAMPLES, source = |_| None;
}

crate::operator! {
    /// What is drawn at each step.
    pub struct Draw("draw", 1, |_| Type::Batches) {
        /// The samples.
        data: DataRef;
        /// The sampler.
        by: Option<Sampler> = Some(Sampler::Shuffled(super::samplers::Shuffled {}));
        /// Images a step (pairs a step for samplers of pairs); the stage's `batch` without it. `pk` tells its own: people times images.
        size: Option<u64> = None, in 1.0..=1e7;
        /// Augments of each drawn image.
        augment: Option<Augment> = None;
        /// Seed of the order and of the augments; the stage's seed without it. Two draws that say the same are one; others of one stage share neither, whatever their seeds and the names of
        /// their images are: each is named by its place among them.
        seed: Option<i64> = None, any "a seed is hashed";
    }
    check = one_size;
    node = BATCHES, source = |_| None;
}

/// Refuses a size beside a sampler that tells another.
fn one_size(call: &Call) -> Vec<Complaint> {
    let (Some(composed), Some(Value::Int(size))) = (samplers::composed(call.args), call.args.get("size")) else { return Vec::new() };
    if i64::try_from(composed) == Ok(*size) {
        return Vec::new();
    }
    let message = format!("`pk` draws {composed} images a step (people times images), and `size` is {size}");
    vec![Complaint { param: Some("size"), message, help: Some(format!("write size = {composed}, or leave it out")) }]
}
