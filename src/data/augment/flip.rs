//! A horizontal flip.

use super::Dice;
use crate::image::Image;
use ddl_base::quantity::Fraction;
use serde::{Deserialize, Serialize};

/// A horizontal flip.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Flip {
    /// How often, 0 to 1.
    pub p: Fraction,
}

impl Flip {
    /// The image, or its mirror image.
    pub fn apply(self, mut image: Image, dice: &mut Dice<'_>) -> Image {
        if dice.happens("flip", self.p) {
            mirror(&mut image);
        }
        image
    }
}

/// Turns left into right, in place.
pub fn mirror(image: &mut Image) {
    let row_bytes = image.width() as usize * 3;
    for row in image.pixels_mut().chunks_exact_mut(row_bytes) {
        let (pixels, _) = row.as_chunks_mut::<3>();
        pixels.reverse();
    }
}
