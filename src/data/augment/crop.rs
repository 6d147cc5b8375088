//! A part of the image.

use super::{Dice, between};
use crate::image::Image;
use crate::resize::{Kernel, resize};
use ddl_base::quantity::{Fraction, Interval};
use ddl_base::random::Draw;
use serde::{Deserialize, Serialize};

/// A part of the image, in its place or as large as the image was. The part is that of torchvision's `RandomResizedCrop.get_params`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Crop {
    /// The part's share of the image's area, drawn uniformly.
    pub area: Interval<Fraction>,
    /// Its width over its height, whose logarithm is drawn uniformly.
    pub ratio: Interval<f64>,
    /// The kernel by which it gets as large as the image; without one it stays in its place.
    pub resize: Option<Kernel>,
    /// The grey value of the rest, where it stays.
    pub fill: u8,
}

/// A rectangle in an image: its corner and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

/// How often a part is drawn that does not fit, before the largest one in the middle is taken.
const TRIES: u64 = 10;

impl Crop {
    /// The image of a part.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        let part = self.part(image.size(), &dice.draw("crop"));
        match self.resize {
            Some(kernel) => resize(&part.cut(&image), image.width(), image.height(), kernel),
            None => part.alone(image, self.fill),
        }
    }

    fn part(self, (width, height): (u32, u32), draw: &Draw) -> Part {
        let of = |part: &str, again: u64| draw.clone().text(part).number(again);
        let (most, high) = (f64::from(width), f64::from(height));
        let logs = Interval { from: self.ratio.from.ln(), to: self.ratio.to.ln() };
        for again in 0..TRIES {
            let area = between(&of("area", again), Interval { from: self.area.from.0, to: self.area.to.0 }) * most * high;
            let ratio = between(&of("ratio", again), logs).exp();
            let (wide, tall) = ((area * ratio).sqrt().round_ties_even(), (area / ratio).sqrt().round_ties_even());
            if wide >= 1.0 && wide <= most && tall >= 1.0 && tall <= high {
                let place = |part: &str, room: f64| (of(part, again).unit() * (room + 1.0)) as u32;
                let (left, top) = (place("left", most - wide), place("top", high - tall));
                return Part { left, top, width: wide as u32, height: tall as u32 };
            }
        }
        let whole = most / high;
        let (wide, tall) = if whole < self.ratio.from {
            (most, (most / self.ratio.from).round_ties_even())
        } else if whole > self.ratio.to {
            ((high * self.ratio.to).round_ties_even(), high)
        } else {
            (most, high)
        };
        let (wide, tall) = (wide.clamp(1.0, most) as u32, tall.clamp(1.0, high) as u32);
        Part { left: (width - wide) / 2, top: (height - tall) / 2, width: wide, height: tall }
    }
}

impl Part {
    /// The part as an image.
    pub fn cut(self, image: &Image) -> Image {
        Image::from_fn(self.width, self.height, |x, y| image.pixel(self.left + x, self.top + y).unwrap_or_default())
    }

    /// The image with one colour around the part.
    pub fn alone(self, mut image: Image, fill: u8) -> Image {
        let row_bytes = image.width() as usize * 3;
        let (left, right) = (self.left as usize * 3, (self.left + self.width) as usize * 3);
        for (y, row) in image.pixels_mut().chunks_exact_mut(row_bytes).enumerate() {
            if y >= self.top as usize && y < (self.top + self.height) as usize {
                row[..left].fill(fill);
                row[right..].fill(fill);
            } else {
                row.fill(fill);
            }
        }
        image
    }
}
