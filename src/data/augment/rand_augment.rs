//! RandAugment.

use super::Dice;
use super::affine::{Move, Reading, rotate};
use super::tone::{blend, brightness, by_channel, contrast, map, saturation};
use crate::image::Image;
use ddl_base::quantity::Angle;
use serde::{Deserialize, Serialize};

/// So many changes one after the other, each drawn uniformly from fourteen, all of one strength (Cubuk et al., 2020): torchvision's
/// `RandAugment` of a PIL image (31 strengths, the nearest pixel, black outside), bit for bit once the changes are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandAugment {
    /// How many changes.
    pub number: u32,
    /// How strong, 0 to 30.
    pub magnitude: u32,
}

/// The strongest.
pub(super) const STRONGEST: u32 = 30;

/// One of the fourteen changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Change {
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Color,
    Contrast,
    Sharpness,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
}

/// All, in torchvision's order.
pub(super) const CHANGES: [Change; 14] = [
    Change::Identity,
    Change::ShearX,
    Change::ShearY,
    Change::TranslateX,
    Change::TranslateY,
    Change::Rotate,
    Change::Brightness,
    Change::Color,
    Change::Contrast,
    Change::Sharpness,
    Change::Posterize,
    Change::Solarize,
    Change::AutoContrast,
    Change::Equalize,
];

impl RandAugment {
    /// The changed image.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        (0..self.number).fold(image, |image, _| {
            let draw = dice.draw("rand_augment");
            let change = CHANGES[(draw.unit() * CHANGES.len() as f64) as usize];
            change.apply(image, self.magnitude, draw.text("sign").unit() < 0.5)
        })
    }
}

impl Change {
    /// The image after it; `less` turns changes round that have two directions.
    pub fn apply(self, image: Image, magnitude: u32, less: bool) -> Image {
        // numbers are PyTorch's of 32 bits: `linspace(0, most, 31)[magnitude]`
        let of = |most: f32| f64::from(linspace(0.0, most, magnitude));
        let signed = |most: f32| if less { -of(most) } else { of(most) };
        let (width, height) = image.size();
        let moved = |shift: (f64, f64), shear: (f64, f64), centre: (f64, f64)| {
            let shear = (Angle::radians(leaning(shear.0)), Angle::radians(leaning(shear.1)));
            Move { angle: Angle::radians(0.0), shift, scale: 1.0, shear, centre }
        };
        let middle = (f64::from(width) * 0.5, f64::from(height) * 0.5);
        let across = |side: u32| signed((150.0 / 331.0 * f64::from(side)) as f32).trunc();
        match self {
            Change::Identity => image,
            Change::ShearX => moved((0.0, 0.0), (signed(0.3), 0.0), (0.0, 0.0)).apply(&image, Reading::Nearest, 0),
            Change::ShearY => moved((0.0, 0.0), (0.0, signed(0.3)), (0.0, 0.0)).apply(&image, Reading::Nearest, 0),
            Change::TranslateX => moved((across(width), 0.0), (0.0, 0.0), middle).apply(&image, Reading::Nearest, 0),
            Change::TranslateY => moved((0.0, across(height)), (0.0, 0.0), middle).apply(&image, Reading::Nearest, 0),
            Change::Rotate => match signed(30.0) {
                0.0 => image,
                degrees => rotate(&image, Angle::degrees(degrees)),
            },
            Change::Brightness => brightness(image, 1.0 + signed(0.9)),
            Change::Color => saturation(image, 1.0 + signed(0.9)),
            Change::Contrast => contrast(image, 1.0 + signed(0.9)),
            Change::Sharpness => sharpness(&image, 1.0 + signed(0.9)),
            Change::Posterize => {
                let bits = 8 - (f64::from(magnitude) / (f64::from(STRONGEST) / 4.0)).round_ties_even() as u32;
                let mask = !((1u32 << (8 - bits)) - 1) as u8;
                map(image, |value| value & mask)
            }
            Change::Solarize => {
                let threshold = f64::from(linspace(255.0, 0.0, magnitude));
                map(image, |value| if f64::from(value) < threshold { value } else { 255 - value })
            }
            Change::AutoContrast => by_channel(image, widest),
            Change::Equalize => by_channel(image, even),
        }
    }
}

/// `torch.linspace(from, to, 31)[place]`, which counts from the nearer end.
fn linspace(from: f32, to: f32, place: u32) -> f32 {
    let step = (to - from) / STRONGEST as f32;
    if place < STRONGEST.div_ceil(2) { from + step * place as f32 } else { to - step * (STRONGEST - place) as f32 }
}

/// An angle through degrees, as torchvision hands it on.
fn leaning(tangent: f64) -> f64 {
    tangent.atan().to_degrees().to_radians()
}

/// PIL's `ImageEnhance.Sharpness`: away from the image under its filter `SMOOTH`, whose edges stay.
fn sharpness(image: &Image, by: f64) -> Image {
    let (width, height) = image.size();
    let smooth = Image::from_fn(width, height, |x, y| {
        let pixel = |x, y| image.pixel(x, y).unwrap_or_default();
        if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
            return pixel(x, y);
        }
        std::array::from_fn(|channel| {
            let around = (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| (x, y)));
            let weighed = around.map(|(at, row)| f32::from(pixel(at, row)[channel]) * if (at, row) == (x, y) { 5.0 } else { 1.0 } / 13.0);
            (0.5 + weighed.sum::<f32>()) as u8
        })
    });
    let mut sharp = image.clone();
    for (value, smooth) in sharp.pixels_mut().iter_mut().zip(smooth.pixels()) {
        *value = blend(*smooth, *value, by);
    }
    sharp
}

/// PIL's `autocontrast`: the darkest value to 0 and the lightest to 255.
fn widest(counts: &[u64; 256]) -> [u8; 256] {
    let (low, high) = (counts.iter().position(|count| *count > 0).unwrap_or(0), counts.iter().rposition(|count| *count > 0).unwrap_or(0));
    if high <= low {
        return std::array::from_fn(|value| value as u8);
    }
    let scale = 255.0 / (high - low) as f64;
    let offset = -(low as f64) * scale;
    std::array::from_fn(|value| (value as f64 * scale + offset) as u8)
}

/// PIL's `equalize`: all values as often as the others, as far as that can be.
fn even(counts: &[u64; 256]) -> [u8; 256] {
    let last = counts.iter().rev().find(|count| **count > 0).copied().unwrap_or(0);
    let step = (counts.iter().sum::<u64>() - last) / 255;
    if step == 0 {
        return std::array::from_fn(|value| value as u8);
    }
    let mut sum = step / 2;
    std::array::from_fn(|value| {
        let to = (sum / step).min(255);
        sum += counts[value];
        to as u8
    })
}
