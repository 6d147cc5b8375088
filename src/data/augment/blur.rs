//! A Gaussian blur.

use crate::quantity::Interval;
use serde::{Deserialize, Serialize};

/// A Gaussian blur. The kernel is cut at 4 sigma (rounded to a whole pixel) and made to sum to 1; edge pixels are repeated outwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GaussianBlur {
    /// Standard deviation in pixels of the image, drawn uniformly; 0 to 100, 0 does nothing.
    pub sigma: Interval<f64>,
}
