//! The types that a recipe's expressions have.

use indexmap::IndexMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// What a quantity measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// `10deg`, `0.5rad`.
    Angle,
    /// `8px`.
    Pixels,
    /// `2 epochs`, `500 steps`, or a part of a stage.
    Span,
    /// `20%`.
    Fraction,
    /// `128 images`.
    Images,
    /// `3 checks`.
    Checks,
    /// `4 GiB`.
    Bytes,
}

impl Dimension {
    /// The dimension in words, with the units that a recipe may write.
    pub const fn in_words(self) -> (&'static str, &'static str) {
        match self {
            Dimension::Angle => ("an angle", "deg or rad"),
            Dimension::Pixels => ("a length in pixels", "px"),
            Dimension::Span => ("a span of training", "epochs, steps or %"),
            Dimension::Fraction => ("a fraction", "%"),
            Dimension::Images => ("a number of images", "images"),
            Dimension::Checks => ("a number of checks", "checks"),
            Dimension::Bytes => ("an amount of memory", "KiB, MiB or GiB"),
        }
    }
}

/// Types by name, shared by everything that names them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(Arc<IndexMap<String, Type>>);

impl Fields {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Deref for Fields {
    type Target = IndexMap<String, Type>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Fields {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

impl FromIterator<(String, Type)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, Type)>>(fields: I) -> Self {
        Fields(Arc::new(fields.into_iter().collect()))
    }
}

impl From<IndexMap<String, Type>> for Fields {
    fn from(fields: IndexMap<String, Type>) -> Self {
        Fields(Arc::new(fields))
    }
}

/// The attributes that a data set's samples carry beside `.identity .path .index .width .height`.
pub(crate) type Attributes = Fields;

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A text.
    Text,
    /// A path.
    Path,
    /// A text whose values are known once the data is looked at.
    Category,
    /// A number with a unit.
    Quantity(Dimension),
    /// One of some words.
    Choice(Arc<[String]>),
    /// `a..b`.
    Range(Box<Type>),
    /// `[…]`.
    List(Box<Type>),
    /// `{a = …}` with these fields.
    Record(Fields),
    /// `{a = …}` with any field names and one type.
    Named(Box<Type>),
    /// A value or `none`.
    Optional(Box<Type>),
    /// Any of these; the first that fits is taken.
    Union(Vec<Type>),
    /// An expression over a sample's attributes.
    Row(Box<Type>),
    /// The types of a file's columns.
    Schema,
    /// A table of samples.
    Dataset(Attributes),
    /// A change of one image.
    Augment,
    /// A rule for drawing samples.
    Sampler,
    /// What a stage draws each step.
    Batches,
    /// A network with its state.
    Model,
    /// The name of a network of a stage that trains several.
    Net,
    /// The name of an axis of the recipe.
    Axis,
    /// A named part of a network.
    Part,
    /// An output of a network (`tap("stage3")`).
    Output,
    /// A source of weights.
    Weights,
    /// A margin function.
    Head,
    /// A weighted sum of terms.
    Objective,
    /// A rule that makes one number of the values of many samples.
    Reduce,
    /// The easy or a hard side of the distribution distillation loss.
    Branch,
    /// A small network that tells outputs apart.
    Critic,
    /// Two models, one for each side of a protocol.
    Coupled,
    /// A learned way to make one feature of a set of images.
    Pooling,
    /// Who says attributes of images.
    Observer,
    /// What a model says of an image.
    Saying,
    /// What is measured on an image.
    Measurement,
    /// A turn of alternating optimisation.
    Play,
    /// An optimiser with its options.
    Optimizer,
    /// A number that changes over a stage.
    Curve,
    /// A quantity that changes over a stage: a length or an angle (curves of fractions are of numbers).
    CurveOf(Dimension),
    /// When something is watched.
    Watch,
    /// Which checkpoint a stage gives.
    Keep,
    /// When a stage ends early.
    Stop,
    /// How an embedding is made of an image and its flip.
    Embed,
    /// Where a protocol's pairs come from.
    PairSource,
    /// A protocol with its data.
    Eval,
    /// A number that a protocol gives.
    Metric,
    /// A threshold that a protocol tells.
    Threshold,
    /// A way to part pairs.
    Buckets,
    /// A model's number under a protocol.
    Score,
    /// A comparison of scores.
    Claim,
    /// Numbers that somebody published.
    Published,
    /// A table.
    Report,
    /// A file for others.
    Export,
    /// The type of something that was reported as wrong, or that a missing parameter decides: fits everywhere.
    Unknown,
}

impl Type {
    /// Whether a parameter of it names networks of a stage.
    pub(crate) fn names_nets(&self) -> bool {
        match self {
            Type::Net => true,
            Type::Optional(of) | Type::List(of) => of.names_nets(),
            _ => false, // nothing else holds such names
        }
    }

    /// A list of this.
    #[must_use]
    pub fn list(self) -> Type {
        Type::List(Box::new(self))
    }

    /// This or `none`.
    #[must_use]
    pub fn optional(self) -> Type {
        match self {
            already @ Type::Optional(_) => already,
            other => Type::Optional(Box::new(other)),
        }
    }

    /// A data set about whose attributes nothing is said.
    pub fn dataset() -> Type {
        Type::Dataset(Attributes::new())
    }

    /// The type of a curve whose numbers are of this type.
    pub fn curved(&self) -> Option<Type> {
        match self {
            Type::Int | Type::Float | Type::Quantity(Dimension::Fraction) => Some(Type::Curve),
            Type::Quantity(of @ (Dimension::Pixels | Dimension::Angle)) => Some(Type::CurveOf(*of)),
            _ => None, // nothing else bends
        }
    }

    /// Whether it is that of curves.
    pub(crate) fn is_curve(&self) -> bool {
        matches!(self, Type::Curve | Type::CurveOf(_))
    }

    /// Whether things of this type are nodes of the graph.
    pub(crate) fn is_node(&self) -> bool {
        matches!(self, Type::Dataset(_) | Type::Batches | Type::Model | Type::Eval | Type::Report | Type::Export)
    }
}

impl fmt::Display for Type {
    /// In the words of an error message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Type::Bool => "true or false",
            Type::Int => "a whole number",
            Type::Float => "a number",
            Type::Text => "a text",
            Type::Path => "a path",
            Type::Category => "a category",
            Type::Quantity(dimension) => dimension.in_words().0,
            Type::Choice(words) => {
                return write!(f, "one of {}", words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", "));
            }
            Type::Range(of) => return write!(f, "a range of {}", Plural(of)),
            Type::List(of) => return write!(f, "a list of {}", Plural(of)),
            Type::Record(fields) if fields.is_empty() => "a record without fields",
            Type::Record(fields) => {
                return write!(f, "a record of {}", fields.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
            }
            Type::Named(of) => return write!(f, "a record of {}", Plural(of)),
            Type::Optional(of) if **of == Type::Unknown => "none",
            Type::Optional(of) => return write!(f, "{of} or none"),
            Type::Union(of) if of.len() > 1 && of.iter().all(|ty| matches!(ty, Type::Row(_))) => {
                let given = of.iter().filter_map(|ty| if let Type::Row(of) = ty { Some((**of).clone()) } else { None });
                return write!(f, "an expression over attributes that gives {}", Type::Union(given.collect()));
            }
            Type::Union(of) => return f.write_str(&of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")),
            Type::Row(of) if **of == Type::Unknown => "an attribute",
            Type::Row(of) => return write!(f, "an expression over attributes that gives {of}"),
            Type::Schema => "a schema such as {yaw: deg}",
            Type::Dataset(_) => "a data set",
            Type::Augment => "an augment",
            Type::Sampler => "a sampler",
            Type::Batches => "batches",
            Type::Model => "a model",
            Type::Net => "the name of a network of the stage",
            Type::Axis => "the name of an axis",
            Type::Part => "a part of a network",
            Type::Output => "an output of a network",
            Type::Weights => "weights",
            Type::Head => "a head",
            Type::Objective => "an objective",
            Type::Reduce => "a reduction",
            Type::Branch => "a branch",
            Type::Critic => "a critic",
            Type::Coupled => "two models for the two sides of a protocol",
            Type::Pooling => "a learned pooling",
            Type::Observer => "who says attributes of images",
            Type::Saying => "what a model says of an image",
            Type::Measurement => "what is measured on an image",
            Type::Play => "a play",
            Type::Optimizer => "an optimizer",
            Type::Curve => "a curve",
            Type::CurveOf(of) => return write!(f, "a curve of {}", Plural(&Type::Quantity(*of))),
            Type::Watch => "a watch",
            Type::Keep => "a rule for what to keep",
            Type::Stop => "a rule for when to stop",
            Type::Embed => "a way to embed",
            Type::PairSource => "a source of pairs",
            Type::Eval => "an evaluation",
            Type::Metric => "a metric",
            Type::Buckets => "a way to part pairs",
            Type::Threshold => "a threshold that a protocol tells",
            Type::Score => "a score",
            Type::Claim => "a claim over scores",
            Type::Published => "published numbers",
            Type::Report => "a report",
            Type::Export => "an export",
            Type::Unknown => "anything",
        };
        f.write_str(words)
    }
}

/// A type in the plural, as far as messages need it.
struct Plural<'a>(&'a Type);

impl fmt::Display for Plural<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.0 {
            Type::Int => "whole numbers",
            Type::Float => "numbers",
            Type::Text => "texts",
            Type::Path => "paths",
            Type::Dataset(_) => "data sets",
            Type::Augment => "augments",
            Type::Model => "models",
            Type::Metric => "metrics",
            Type::Eval => "evaluations",
            Type::Net => "names of networks of the stage",
            Type::Axis => "names of axes",
            Type::Part => "parts of a network",
            Type::Branch => "branches",
            Type::Play => "plays",
            Type::Curve => "curves",
            Type::CurveOf(of) => return write!(f, "curves of {}", Plural(&Type::Quantity(*of))),
            Type::Union(of) => return f.write_str(&of.iter().map(|ty| Plural(ty).to_string()).collect::<Vec<_>>().join(" or ")),
            Type::Quantity(Dimension::Angle) => "angles",
            Type::Quantity(Dimension::Pixels) => "lengths in pixels",
            Type::Quantity(Dimension::Fraction) => "fractions",
            Type::Quantity(Dimension::Span) => "spans of training",
            Type::Optional(of) if **of != Type::Unknown => return write!(f, "{} or none", Plural(of)),
            other => return write!(f, "{other}"),
        };
        f.write_str(words)
    }
}
