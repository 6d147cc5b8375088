//! Augments made of augments.

use super::Augment;
use crate::quantity::Fraction;
use serde::{Deserialize, Serialize};

/// Another augment with some probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sometimes {
    /// The other augment.
    pub augment: Box<Augment>,
    /// How often, 0 to 1.
    pub p: Fraction,
}

/// One of several augments, each as likely as the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneOf {
    /// The others, at least one.
    pub augments: Vec<Augment>,
}

/// Several augments, one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    /// The augments in their order.
    pub augments: Vec<Augment>,
}
