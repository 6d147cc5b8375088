//! What is measured on the pixels of an image, without weights.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "rows, sides and lengths that were held against their limits"
)]

use super::image::Image;

/// The grey levels of an image, as OpenCV's `cvtColor(RGB2GRAY)` makes them: 0.299 red + 0.587 green + 0.114 blue in parts of 2^15, rounded.
pub fn grey(image: &Image) -> Vec<u8> {
    let level = |pixel: &[u8; 3]| {
        let [red, green, blue] = pixel.map(u32::from);
        ((red * 9798 + green * 19235 + blue * 3735 + (1 << 14)) >> 15) as u8
    };
    image.pixels().as_chunks::<3>().0.iter().map(level).collect()
}

/// Mean and standard deviation (of all pixels) of grey levels, in 0..255.
pub fn levels(grey: &[u8]) -> (f64, f64) {
    let count = grey.len().max(1) as u64;
    let sum: u64 = grey.iter().map(|level| u64::from(*level)).sum();
    let squares: u64 = grey.iter().map(|level| u64::from(*level) * u64::from(*level)).sum();
    // in whole numbers, so that nothing cancels: count^2 var = count squares - sum^2
    let spread = u128::from(count) * u128::from(squares) - u128::from(sum) * u128::from(sum);
    (sum as f64 / count as f64, (spread as f64).sqrt() / count as f64)
}

/// The variance of the Laplacian of grey levels, row by row: `cv2.Laplacian(grey, CV_64F).var()`, mirrored at the border without repeating its pixels.
pub fn sharpness(grey: &[u8], width: usize) -> f64 {
    let height = grey.len() / width.max(1);
    if height == 0 {
        return 0.0;
    }
    let mirrored = |at: i64, length: usize| -> usize {
        let last = length as i64 - 1;
        (if last == 0 {
            0
        } else if at < 0 {
            -at
        } else if at > last {
            2 * last - at
        } else {
            at
        }) as usize
    };
    let level = |x: i64, y: i64| i64::from(grey[mirrored(y, height) * width + mirrored(x, width)]);
    let (mut sum, mut squares) = (0i64, 0u64);
    for y in 0..height as i64 {
        for x in 0..width as i64 {
            let bend = level(x - 1, y) + level(x + 1, y) + level(x, y - 1) + level(x, y + 1) - 4 * level(x, y);
            sum += bend;
            squares += (bend * bend) as u64;
        }
    }
    let count = grey.len() as u64;
    let spread = u128::from(count) * u128::from(squares) - u128::from(sum.unsigned_abs()) * u128::from(sum.unsigned_abs());
    spread as f64 / (count as f64 * count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Golden {
        width: usize,
        height: usize,
        grey: String,
        mean: f64,
        deviation: f64,
        sharpness: f64,
    }

    /// The image of a size that the script draws too.
    fn drawn(width: usize, height: usize) -> Image {
        Image::from_fn(width as u32, height as u32, |x, y| {
            let (x, y) = (u64::from(x), u64::from(y));
            [(x * 37 + y * 11) % 256, (x * x + 3 * y * y) % 256, (x * y * 7 + 5 * x + 91) % 256].map(|level| level as u8)
        })
    }

    /// Grey levels to the bit, numbers to the last digits of double precision.
    #[test]
    fn measures_are_those_of_opencv_and_numpy() {
        let golden: Vec<Golden> = serde_json::from_str(include_str!("../../tests/oracles/measure/golden.json")).unwrap();
        assert!(golden.len() >= 6);
        for it in golden {
            let image = drawn(it.width, it.height);
            let grey = grey(&image);
            let digest: String = blake3::hash(&grey).to_hex()[..32].to_owned();
            let shown = format!("{}x{}", it.width, it.height);
            assert_eq!(digest, it.grey, "{shown}");
            let (mean, deviation) = levels(&grey);
            for (found, wanted) in [(mean, it.mean), (deviation, it.deviation), (sharpness(&grey, it.width), it.sharpness)] {
                assert!((found - wanted).abs() <= 1e-12 * wanted.abs().max(1.0), "{shown}: {found} {wanted}");
            }
        }
    }

    #[test]
    fn an_image_of_one_grey_has_no_sharpness_and_no_spread() {
        let flat = grey(&Image::from_fn(5, 4, |_, _| [77, 77, 77]));
        assert_eq!((levels(&flat), sharpness(&flat, 5)), ((77.0, 0.0), 0.0));
    }
}
