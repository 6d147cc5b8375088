//! A rectangle over a part of the image.

use crate::quantity::{Fraction, Interval};
use serde::{Deserialize, Serialize};

/// A rectangle of one grey value over a part of the image; its sides are in the image's own proportion times `1/2..2`, its place is anywhere inside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Occlude {
    /// The share of the image's area that is hidden, drawn uniformly, 0 to 1.
    pub area: Interval<Fraction>,
    /// The grey value of the rectangle, 0 to 255.
    pub fill: u8,
}
