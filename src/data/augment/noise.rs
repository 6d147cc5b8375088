//! Noise of a sensor.

use super::{Dice, between};
use crate::image::Image;
use ddl_base::quantity::Interval;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};

/// Gaussian noise: to every value, of each channel by itself, `sigma` times a normal number is added; rounded and cut at 0 and 255.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GaussianNoise {
    /// Standard deviation in steps of 255, drawn uniformly.
    pub sigma: Interval<f64>,
}

impl GaussianNoise {
    /// The image with noise.
    pub fn apply(self, mut image: Image, dice: &mut Dice<'_>) -> Image {
        let draw = dice.draw("gaussian_noise");
        let sigma = between(&draw, self.sigma);
        if sigma == 0.0 {
            return image;
        }
        let mut stream = draw.text("noise").stream();
        let mut unit = || ((stream.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64; // in (0, 1]
        for pair in image.pixels_mut().chunks_mut(2) {
            // Box and Muller, 1958
            let (length, angle) = ((-2.0_f64 * f64::ln(unit())).sqrt(), std::f64::consts::TAU * unit());
            for (value, normal) in pair.iter_mut().zip([length * angle.cos(), length * angle.sin()]) {
                *value = (f64::from(*value) + sigma * normal).round().clamp(0.0, 255.0) as u8;
            }
        }
        image
    }
}
