//! A Gaussian blur.

use super::Dice;
use crate::image::Image;
use ddl_base::quantity::Interval;
use serde::{Deserialize, Serialize};

/// A Gaussian blur. The kernel is cut at 4 sigma (rounded to a whole pixel), or to `window` pixels, and made to sum to 1; edge pixels are
/// repeated outwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GaussianBlur {
    /// Standard deviation in pixels of the image, drawn uniformly; 0 to 100, 0 does nothing.
    pub sigma: Interval<f64>,
    /// The whole width of the kernel, which is odd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
}

/// Weights are whole numbers that sum to this, so that the result does not hang on the last bit of `exp`.
const WHOLE: i64 = 1 << 16;

impl GaussianBlur {
    /// The blurred image.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        let sigma = dice.within("gaussian_blur", self.sigma);
        let radius = self.window.map_or((4.0 * sigma).round() as usize, |window| window as usize / 2);
        if radius == 0 || sigma == 0.0 {
            return image;
        }
        let weights = weights(sigma, radius);
        let (width, height) = (image.width() as usize, image.height() as usize);
        let mut blurred = image;
        for row in blurred.pixels_mut().chunks_exact_mut(width * 3) {
            blur_line(row, width, 1, &weights);
        }
        for column in 0..width {
            blur_line(&mut blurred.pixels_mut()[column * 3..], height, width, &weights);
        }
        blurred
    }
}

/// The right half of the kernel, its middle first; the whole kernel sums to [`WHOLE`].
fn weights(sigma: f64, radius: usize) -> Vec<i64> {
    let plain: Vec<f64> = (0..=radius).map(|x| (-0.5 * (x as f64 / sigma).powi(2)).exp()).collect();
    let sum = plain[0] + 2.0 * plain[1..].iter().sum::<f64>();
    let mut weights: Vec<i64> = plain.iter().map(|weight| (weight / sum * WHOLE as f64).round() as i64).collect();
    weights[0] = WHOLE - 2 * weights[1..].iter().sum::<i64>();
    weights
}

/// Blurs `length` pixels in place; the next pixel of the line lies `step` pixels further on in `line`.
fn blur_line(line: &mut [u8], length: usize, step: usize, weights: &[i64]) {
    for channel in 0..3 {
        let before: Vec<i64> = (0..length).map(|at| i64::from(line[at * step * 3 + channel])).collect();
        for at in 0..length {
            let sides = weights.iter().enumerate().skip(1);
            let sum = weights[0] * before[at]
                + sides.map(|(off, weight)| weight * (before[at.saturating_sub(off)] + before[(at + off).min(length - 1)])).sum::<i64>();
            line[at * step * 3 + channel] = ((sum + WHOLE / 2) / WHOLE).clamp(0, 255) as u8;
        }
    }
}
