//! A horizontal flip.

use crate::quantity::Fraction;
use serde::{Deserialize, Serialize};

/// A horizontal flip.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Flip {
    /// How often, 0 to 1.
    pub p: Fraction,
}
