//! Brightness, contrast, saturation, hue, grey.

use super::{Dice, between};
use crate::image::Image;
use ddl_base::quantity::{Angle, Fraction, Interval};
use serde::{Deserialize, Serialize};

/// Multiplies every value by a factor: torchvision's `adjust_brightness` of a PIL image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Brightness {
    /// The factor, drawn uniformly, at least 0.
    pub by: Interval<f64>,
}

/// Multiplies the distance from the image's mean grey (of its BT.601 luma, rounded) by a factor: torchvision's `adjust_contrast`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// The factor, drawn uniformly, at least 0.
    pub by: Interval<f64>,
}

/// Multiplies the distance of every pixel from its own luma by a factor: torchvision's `adjust_saturation`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Saturation {
    /// The factor, drawn uniformly, at least 0.
    pub by: Interval<f64>,
}

/// Turns the colours, hue by hue: torchvision's `adjust_hue`, through PIL's HSV of 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hue {
    /// How far, drawn uniformly, -180 to 180 degrees.
    pub by: Interval<Angle>,
}

/// Turns and stretches the colours in YIQ, where that is one matrix: DALI's `hsv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Yiq {
    /// How far hues are turned, drawn uniformly.
    pub hue: Interval<Angle>,
    /// The factor of the colours' distance from grey, drawn uniformly.
    pub saturation: Interval<f64>,
}

/// Makes the image grey: the three channels hold the luma `0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Grey {
    /// How often, 0 to 1.
    pub p: Fraction,
}

impl Brightness {
    /// The brighter or darker image.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        brightness(image, dice.within("brightness", self.by))
    }
}

impl Contrast {
    /// The image with more or less contrast.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        contrast(image, dice.within("contrast", self.by))
    }
}

impl Saturation {
    /// The image in stronger or weaker colours.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        saturation(image, dice.within("saturation", self.by))
    }
}

impl Hue {
    /// The image in other colours.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        let by = dice.within("hue", Interval { from: self.by.from.as_radians(), to: self.by.to.as_radians() });
        hue(image, by / std::f64::consts::TAU)
    }
}

impl Yiq {
    /// The image in other colours.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        let draw = dice.draw("yiq");
        let hue = between(&draw.clone().text("hue"), Interval { from: self.hue.from.as_radians(), to: self.hue.to.as_radians() });
        yiq(image, Angle::radians(hue), between(&draw.text("saturation"), self.saturation))
    }
}

impl Grey {
    /// The image, or its luma.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        if dice.happens("grey", self.p) { by_pixel(image, |pixel| [luma(pixel); 3]) } else { image }
    }
}

/// Every value times a factor.
pub(super) fn brightness(image: Image, by: f64) -> Image {
    map(image, |value| blend(0, value, by))
}

/// The distance from the mean grey times a factor.
pub(super) fn contrast(image: Image, by: f64) -> Image {
    let (pixels, _) = image.pixels().as_chunks::<3>();
    let sum: u64 = pixels.iter().map(|pixel| u64::from(luma(*pixel))).sum();
    let mean = (sum as f64 / pixels.len() as f64 + 0.5) as u8;
    map(image, |value| blend(mean, value, by))
}

/// The distance from the own luma times a factor.
pub(super) fn saturation(image: Image, by: f64) -> Image {
    by_pixel(image, |pixel| {
        let grey = luma(pixel);
        pixel.map(|value| blend(grey, value, by))
    })
}

/// Hues turned by a part of the circle, -1/2 to 1/2.
pub(super) fn hue(image: Image, by: f64) -> Image {
    let turn = (by * 255.0) as i32 as u8; // two's complement, as numpy has it
    by_pixel(image, |pixel| {
        let [hue, saturation, value] = hsv(pixel);
        rgb([hue.wrapping_add(turn), saturation, value])
    })
}

/// `YIQ to RGB x turn x stretch x RGB to YIQ`, in numbers of 32 bits, rounded.
pub(super) fn yiq(image: Image, hue: Angle, saturation: f64) -> Image {
    type Square = [[f32; 3]; 3];
    const TO: Square = [[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]];
    const BACK: Square = [[1.0, 0.956, 0.621], [1.0, -0.272, -0.647], [1.0, -1.107, 1.705]];
    let times = |a: Square, b: Square| -> Square {
        std::array::from_fn(|row| std::array::from_fn(|column| (0..3).map(|at| a[row][at] * b[at][column]).sum()))
    };
    let (cos, sin) = (hue.as_radians().cos() as f32, hue.as_radians().sin() as f32);
    let turn = [[1.0, 0.0, 0.0], [0.0, cos, sin], [0.0, -sin, cos]];
    let stretch = [[1.0, 0.0, 0.0], [0.0, saturation as f32, 0.0], [0.0, 0.0, saturation as f32]];
    let whole = times(times(times(BACK, turn), stretch), TO);
    by_pixel(image, |pixel| {
        whole.map(|row| row.iter().zip(pixel).map(|(weight, value)| weight * f32::from(value)).sum::<f32>().round() as u8)
    })
}

/// PIL's `blend` of two values, 0 the first and 1 the second; beyond them, cut at 0 and 255.
pub(super) fn blend(from: u8, to: u8, by: f64) -> u8 {
    let (from, to) = (f32::from(from), f32::from(to));
    (from + by as f32 * (to - from)) as u8 // towards 0, and a cast stays inside
}

/// ITU-R BT.601 luma, rounded, in whole numbers (PIL's `convert("L")`).
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue) + 0x8000) >> 16) as u8
}

/// PIL's HSV of a colour, 8 bits each.
fn hsv([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    if most == least {
        return [0, 0, most];
    }
    let range = f32::from(most - least);
    let [r, g, b] = [red, green, blue].map(|value| f32::from(most - value) / range);
    let hue = if red == most {
        b - g
    } else if green == most {
        (2.0 + f64::from(r) - f64::from(b)) as f32
    } else {
        (4.0 + f64::from(g) - f64::from(r)) as f32
    };
    let hue = ((f64::from(hue) / 6.0 + 1.0) % 1.0) as f32;
    let whole = |part: f32| (f64::from(part) * 255.0) as u8;
    [whole(hue), whole(range / f32::from(most)), most]
}

/// The colour of PIL's HSV.
fn rgb([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    if saturation == 0 {
        return [value; 3];
    }
    let share = (f64::from(saturation) / 255.0) as f32;
    let sixths = f64::from(hue) * 6.0 / 255.0;
    let sector = sixths.floor();
    let rest = (sixths - sector) as f32;
    let of = |less: f64| (f64::from(value) * (1.0 - less)).round() as u8;
    let (low, falling, rising) = (of(f64::from(share)), of(f64::from(share * rest)), of(f64::from(share) * (1.0 - f64::from(rest))));
    match sector as u8 % 6 {
        0 => [value, rising, low],
        1 => [falling, value, low],
        2 => [low, value, rising],
        3 => [low, falling, value],
        4 => [rising, low, value],
        _ => [value, low, falling],
    }
}

/// Maps every value through a table.
pub(super) fn map(image: Image, change: impl Fn(u8) -> u8) -> Image {
    let table: [u8; 256] = std::array::from_fn(|value| change(value as u8));
    by_channel(image, |_| table)
}

/// Maps the values of each channel through a table that is made of how often each value is there.
pub(super) fn by_channel(mut image: Image, table: impl Fn(&[u64; 256]) -> [u8; 256]) -> Image {
    let mut counts = [[0u64; 256]; 3];
    let (pixels, _) = image.pixels_mut().as_chunks_mut::<3>();
    for pixel in &*pixels {
        pixel.iter().zip(&mut counts).for_each(|(value, counts)| counts[usize::from(*value)] += 1);
    }
    let tables = counts.each_ref().map(table);
    for pixel in pixels {
        pixel.iter_mut().zip(&tables).for_each(|(value, table)| *value = table[usize::from(*value)]);
    }
    image
}

/// Every pixel changed by itself.
fn by_pixel(mut image: Image, change: impl Fn([u8; 3]) -> [u8; 3]) -> Image {
    let (pixels, _) = image.pixels_mut().as_chunks_mut::<3>();
    pixels.iter_mut().for_each(|pixel| *pixel = change(*pixel));
    image
}
