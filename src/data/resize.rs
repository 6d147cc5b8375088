//! Resizing.

use serde::{Deserialize, Serialize};

/// How pixels are interpolated when an image is resized. On the way down every kernel but `Nearest` is widened to the area that a new
/// pixel covers (as PIL does); on the way up it has its own width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// The nearest pixel.
    Nearest,
    /// A triangle, two pixels a side.
    Linear,
    /// The mean over the area that a pixel covers.
    Area,
    /// Catmull-Rom (a = -1/2), four pixels a side.
    Cubic,
    /// Lanczos with three lobes, six pixels a side.
    Lanczos,
}
