//! The blur of something that moves.

use super::{Dice, between};
use crate::image::Image;
use ddl_base::quantity::{Angle, Interval, Pixels};
use serde::{Deserialize, Serialize};

/// The mean of `length` places one pixel apart on a straight line through each pixel, read between the pixels; edge pixels are repeated
/// outwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MotionBlur {
    /// The length of the line, drawn uniformly among whole pixels; 1 does nothing.
    pub length: Interval<Pixels>,
    /// Its direction, counter-clockwise from the right, drawn uniformly.
    pub angle: Interval<Angle>,
}

/// Weights are whole numbers that sum to this.
const WHOLE: i64 = 1 << 16;

impl MotionBlur {
    /// The blurred image.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        let length = dice.whole("motion_blur", i64::from(self.length.from.0), i64::from(self.length.to.0));
        let angle = between(&dice.draw("motion_blur"), Interval { from: self.angle.from.as_radians(), to: self.angle.to.as_radians() });
        if length <= 1 { image } else { blurred(&image, length, Angle::radians(angle)) }
    }
}

/// The image blurred along a line of that length and direction.
pub(super) fn blurred(image: &Image, length: i64, angle: Angle) -> Image {
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    let (taps, pixels) = (taps(length, angle), image.pixels());
    Image::from_fn(image.width(), image.height(), |x, y| {
        let mut sums = [WHOLE / 2; 3];
        for (right, down, weight) in &taps {
            let (x, y) = ((i64::from(x) + right).clamp(0, width - 1), (i64::from(y) + down).clamp(0, height - 1));
            let at = (y * width + x) as usize * 3;
            for (sum, value) in sums.iter_mut().zip(&pixels[at..at + 3]) {
                *sum += weight * i64::from(*value);
            }
        }
        sums.map(|sum| (sum / WHOLE) as u8)
    })
}

/// The pixels beside one of which its blurred value is made, and their weights.
fn taps(length: i64, angle: Angle) -> Vec<(i64, i64, i64)> {
    let (cos, sin) = (angle.as_radians().cos(), angle.as_radians().sin());
    let mut plain: std::collections::BTreeMap<(i64, i64), f64> = std::collections::BTreeMap::new();
    for place in 0..length {
        let along = place as f64 - (length - 1) as f64 / 2.0;
        let (x, y) = (along * cos, -along * sin);
        let (left, top) = (x.floor(), y.floor());
        for (right, share_x) in [(0.0, 1.0 - (x - left)), (1.0, x - left)] {
            for (down, share_y) in [(0.0, 1.0 - (y - top)), (1.0, y - top)] {
                *plain.entry(((top + down) as i64, (left + right) as i64)).or_default() += share_x * share_y;
            }
        }
    }
    let mut taps: Vec<(i64, i64, i64)> = plain
        .into_iter()
        .map(|((y, x), share)| (x, y, (share / length as f64 * WHOLE as f64).round() as i64))
        .filter(|tap| tap.2 > 0)
        .collect();
    let missing = WHOLE - taps.iter().map(|tap| tap.2).sum::<i64>();
    if let Some(heaviest) = taps.iter_mut().rev().max_by_key(|tap| tap.2) {
        heaviest.2 += missing;
    }
    taps
}
