//! What is left of a face seen from far away.

use super::Dice;
use crate::image::Image;
use crate::resize::{Kernel, resize};
use ddl_base::quantity::{Interval, Pixels};
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

impl LowResolution {
    /// The image at its own size, with only the detail of the small one.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        let side = dice.whole("low_resolution", i64::from(self.side.from.0), i64::from(self.side.to.0)).max(1);
        let (width, height) = image.size();
        let longer = width.max(height);
        if side >= i64::from(longer) {
            return image;
        }
        let small = |length: u32| (f64::from(length) * side as f64 / f64::from(longer)).round().max(1.0) as u32;
        resize(&resize(&image, small(width), small(height), self.down), width, height, self.up)
    }
}
