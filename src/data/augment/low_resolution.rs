//! What is left of a face seen from far away.

use crate::data::resize::Kernel;
use crate::quantity::{Interval, Pixels};
use serde::{Deserialize, Serialize};

/// Scales the image down so that its longer side has `side` pixels, and up again to its own size. An image that is not larger stays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LowResolution {
    /// The longer side when small, drawn uniformly among whole pixels, both ends included; at least 1.
    pub side: Interval<Pixels>,
    /// The kernel on the way down.
    pub down: Kernel,
    /// The kernel on the way up.
    pub up: Kernel,
}
