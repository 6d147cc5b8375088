//! JPEG compression and decompression.

use super::Dice;
use crate::decode::decode;
use crate::image::Image;
use ::image::codecs::jpeg::JpegEncoder;
use ::image::{ExtendedColorType, ImageEncoder};
use ddl_base::quantity::Interval;
use serde::{Deserialize, Serialize};

/// JPEG compression (baseline, colour as fine as brightness: 4:4:4) and decompression.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Jpeg {
    /// Quality from 1 to 100, drawn uniformly among whole numbers, both ends included.
    pub quality: Interval<i64>,
}

impl Jpeg {
    /// The image as it comes out of a file of the drawn quality. An image that JPEG can't hold (a side above 65,500) stays as it is.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        let quality = dice.whole("jpeg", self.quality.from, self.quality.to).clamp(1, 100) as u8;
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        let written = encoder.write_image(image.pixels(), image.width(), image.height(), ExtendedColorType::Rgb8);
        match written.ok().and_then(|()| decode(&bytes, "jpeg").ok()) {
            Some(decoded) => decoded,
            None => image,
        }
    }
}
