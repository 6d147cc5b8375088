//! Brightness, contrast, grey.

use crate::quantity::{Fraction, Interval};
use serde::{Deserialize, Serialize};

/// Multiplies every value by a factor and cuts at 255.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Brightness {
    /// The factor, drawn uniformly, at least 0.
    pub by: Interval<f64>,
}

/// Multiplies the distance from the image's mean grey (of its BT.601 luma) by a factor and cuts at 0 and 255.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// The factor, drawn uniformly, at least 0.
    pub by: Interval<f64>,
}

/// Makes the image grey: the three channels hold the luma `0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Grey {
    /// How often, 0 to 1.
    pub p: Fraction,
}
