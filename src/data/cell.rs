//! One value of one attribute.

use ddl_base::quantity::Angle;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// One value. Quantities are plain numbers here, in the unit that their [`AttributeType`](super::AttributeType) fixes:
/// angles in **radians**, lengths in pixels, fractions as parts of one (20% is 0.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// The value is not known (`null`).
    Missing,
    /// Yes or no: what comparisons give.
    Bool(bool),
    /// A number, finite.
    Number(f64),
    /// A text, or one value of a category.
    Text(Arc<str>),
}

impl Cell {
    /// A text cell.
    pub fn text(text: &str) -> Self {
        Cell::Text(Arc::from(text))
    }

    /// An angle cell.
    pub fn angle(angle: Angle) -> Self {
        Cell::Number(angle.as_radians())
    }

    /// What kind of value this is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Cell::Missing => "a missing value",
            Cell::Bool(_) => "a yes or no",
            Cell::Number(_) => "a number",
            Cell::Text(_) => "a text",
        }
    }

    /// The number in it, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Cell::Number(number) => Some(*number),
            Cell::Missing | Cell::Bool(_) | Cell::Text(_) => None,
        }
    }

    /// The text in it, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            Cell::Missing | Cell::Bool(_) | Cell::Number(_) => None,
        }
    }

    /// Whether the value is unknown.
    pub fn is_missing(&self) -> bool {
        matches!(self, Cell::Missing)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Missing => f.write_str("none"),
            Cell::Bool(value) => write!(f, "{value}"),
            Cell::Number(value) => write!(f, "{value}"),
            Cell::Text(value) => write!(f, "{value:?}"),
        }
    }
}
