//! JPEG compression and decompression.

use crate::quantity::Interval;
use serde::{Deserialize, Serialize};

/// JPEG compression (4:2:0 or 4:4:4 as the encoder of the `image` crate does) and decompression.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Jpeg {
    /// Quality from 1 to 100, drawn uniformly among whole numbers, both ends included.
    pub quality: Interval<i64>,
}
