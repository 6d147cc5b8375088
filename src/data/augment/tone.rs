//! Brightness, contrast, grey.

use super::Dice;
use crate::image::Image;
use ddl_base::quantity::{Fraction, Interval};
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

impl Brightness {
    /// The brighter or darker image.
    pub fn apply(self, mut image: Image, dice: &mut Dice<'_>) -> Image {
        let by = dice.within("brightness", self.by);
        map(&mut image, |value| value * by);
        image
    }
}

impl Contrast {
    /// The image with more or less contrast.
    pub fn apply(self, mut image: Image, dice: &mut Dice<'_>) -> Image {
        let by = dice.within("contrast", self.by);
        let (pixels, _) = image.pixels().as_chunks::<3>();
        let sum: u64 = pixels.iter().map(|pixel| u64::from(luma(*pixel))).sum();
        let mean = sum as f64 / pixels.len() as f64;
        map(&mut image, |value| mean + (value - mean) * by);
        image
    }
}

impl Grey {
    /// The image, or its luma.
    pub fn apply(self, mut image: Image, dice: &mut Dice<'_>) -> Image {
        if dice.happens("grey", self.p) {
            let (pixels, _) = image.pixels_mut().as_chunks_mut::<3>();
            for pixel in pixels {
                *pixel = [luma(*pixel); 3];
            }
        }
        image
    }
}

/// ITU-R BT.601 luma, rounded, in whole numbers (PIL's `convert("L")`).
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue) + 0x8000) >> 16) as u8
}

/// Maps every value through a table, rounded and cut at 0 and 255.
fn map(image: &mut Image, change: impl Fn(f64) -> f64) {
    let table: Vec<u8> = (0..=255u8).map(|value| change(f64::from(value)).round().clamp(0.0, 255.0) as u8).collect();
    image.pixels_mut().iter_mut().for_each(|value| *value = table[usize::from(*value)]);
}
