//! What a table knows of each sample: attribute names and their types.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The type of an attribute. It fixes the unit in which [`Cell`](super::Cell)s hold its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// An angle; cells hold radians.
    Angle,
    /// A length in the image; cells hold pixels.
    Pixels,
    /// A part of a whole; cells hold a number (20% is 0.2).
    Fraction,
    /// A number without a unit.
    Number,
    /// A whole number (cells hold it exactly up to 2^53).
    Integer,
    /// Free text.
    Text,
    /// One of a few known texts, sorted by their bytes.
    Category(Arc<[Arc<str>]>),
}

impl AttributeType {
    /// Whether cells of this type are texts rather than numbers.
    pub fn is_text(&self) -> bool {
        match self {
            AttributeType::Text | AttributeType::Category(_) => true,
            AttributeType::Angle | AttributeType::Pixels | AttributeType::Fraction | AttributeType::Number | AttributeType::Integer => {
                false
            }
        }
    }

    /// Whether two tables' attributes of these types can stand in one column (categories join their values).
    pub fn joined(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (AttributeType::Category(a), AttributeType::Category(b)) => {
                let mut values: Vec<Arc<str>> = a.iter().chain(b.iter()).cloned().collect();
                values.sort();
                values.dedup();
                Some(AttributeType::Category(values.into()))
            }
            (a, b) if a == b => Some(a.clone()),
            _ => None, // two different types; any pair of them is as wrong as any other
        }
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AttributeType::Angle => "an angle",
            AttributeType::Pixels => "a length in pixels",
            AttributeType::Fraction => "a fraction",
            AttributeType::Number => "a number",
            AttributeType::Integer => "a whole number",
            AttributeType::Text => "a text",
            AttributeType::Category(_) => "a category",
        })
    }
}

/// The attributes that every table has: `identity` and `path` (texts), `index` (the row's place in its whole set), `width` and `height`.
pub const ALWAYS: [&str; 5] = ["identity", "path", "index", "width", "height"];

/// Attribute names and types, in the order in which they were added. [`ALWAYS`] is not listed but answered by [`Schema::get`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema(IndexMap<String, AttributeType>);

impl Schema {
    /// A schema of these attributes.
    pub fn new(attributes: impl IntoIterator<Item = (String, AttributeType)>) -> Self {
        Schema(attributes.into_iter().collect())
    }

    /// The type of an attribute, if there is one of that name.
    pub fn get(&self, name: &str) -> Option<AttributeType> {
        match name {
            "identity" | "path" => Some(AttributeType::Text),
            "index" => Some(AttributeType::Integer),
            "width" | "height" => Some(AttributeType::Pixels),
            added => self.0.get(added).cloned(),
        }
    }

    /// The added attributes in order, without those of [`ALWAYS`].
    pub fn added(&self) -> impl Iterator<Item = (&str, &AttributeType)> {
        self.0.iter().map(|(name, kind)| (name.as_str(), kind))
    }

    /// Every name that can be written after the dot, for "did you mean".
    pub fn names(&self) -> impl Iterator<Item = &str> {
        ALWAYS.into_iter().chain(self.0.keys().map(String::as_str))
    }
}
