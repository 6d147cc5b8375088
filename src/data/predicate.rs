//! Expressions over the attributes of one sample.

use serde::{Deserialize, Serialize};

/// An expression over the attributes of one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expr {
    /// An attribute by name.
    Attribute(String),
}

impl std::fmt::Display for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expr::Attribute(name) => write!(f, ".{name}"),
        }
    }
}
