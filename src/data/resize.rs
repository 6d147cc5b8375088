//! Resizing.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides of images, and weights that are rounded to whole numbers as the libraries do"
)]

mod opencv;
mod pil;

use super::image::Image;
use fast_image_resize::images::{Image as View, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use serde::{Deserialize, Serialize};

/// How pixels are interpolated when an image is resized.
///
/// Kernels with a library's name give its pixels, bit for bit. Those without are nobody's: they have the shapes and widths of PIL's, but
/// round more coarsely, some values by one, go the two ways in another order, and are computed many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// The nearest pixel.
    Nearest,
    /// [`Kernel::PilBilinear`] but for rounding.
    Linear,
    /// [`Kernel::PilBox`] but for rounding.
    Area,
    /// [`Kernel::PilBicubic`] but for rounding, and what is cut between the two ways.
    #[default]
    Cubic,
    /// [`Kernel::PilLanczos`] but for rounding, and what is cut between the two ways.
    Lanczos,
    /// OpenCV's `INTER_NEAREST`.
    OpencvNearest,
    /// OpenCV's `INTER_LINEAR`.
    OpencvLinear,
    /// OpenCV's `INTER_AREA`.
    OpencvArea,
    /// OpenCV's `INTER_CUBIC`, by its own code: after `cv2.ipp.setUseIPP(False)` where that was true.
    OpencvCubic,
    /// OpenCV's `INTER_LANCZOS4`.
    OpencvLanczos4,
    /// PIL's `NEAREST`.
    PilNearest,
    /// PIL's `BILINEAR`.
    PilBilinear,
    /// PIL's `BOX`.
    PilBox,
    /// PIL's `BICUBIC`.
    PilBicubic,
    /// PIL's `LANCZOS`.
    PilLanczos,
}

/// The picture at another size (sides of 0 are taken as 1; the proportions may change). The bits don't depend on the processor.
#[allow(clippy::missing_panics_doc)] // the expect says why it can't
pub fn resize(image: &Image, width: u32, height: u32, kernel: Kernel) -> Image {
    let (width, height) = (width.max(1), height.max(1));
    if image.size() == (width, height) {
        return image.clone();
    }
    let pixels = match kernel {
        Kernel::Nearest => fast(image, width, height, ResizeAlg::Nearest),
        Kernel::Linear => fast(image, width, height, ResizeAlg::Convolution(FilterType::Bilinear)),
        Kernel::Area => fast(image, width, height, ResizeAlg::Convolution(FilterType::Box)),
        Kernel::Cubic => fast(image, width, height, ResizeAlg::Convolution(FilterType::CatmullRom)),
        Kernel::Lanczos => fast(image, width, height, ResizeAlg::Convolution(FilterType::Lanczos3)),
        Kernel::OpencvNearest => opencv::nearest(image, width, height),
        Kernel::OpencvLinear => opencv::linear(image, width, height),
        Kernel::OpencvArea => opencv::area(image, width, height),
        Kernel::OpencvCubic => opencv::cubic(image, width, height),
        Kernel::OpencvLanczos4 => opencv::lanczos4(image, width, height),
        Kernel::PilNearest => pil::nearest(image, width, height),
        Kernel::PilBilinear => pil::convolved(image, width, height, pil::BILINEAR),
        Kernel::PilBox => pil::convolved(image, width, height, pil::BOX),
        Kernel::PilBicubic => pil::convolved(image, width, height, pil::BICUBIC),
        Kernel::PilLanczos => pil::convolved(image, width, height, pil::LANCZOS),
    };
    Image::new(width, height, pixels).expect("each kernel makes as many pixels as are asked for")
}

fn fast(image: &Image, width: u32, height: u32, algorithm: ResizeAlg) -> Vec<u8> {
    let from =
        ImageRef::new(image.width(), image.height(), image.pixels(), PixelType::U8x3).expect("an image has as many pixels as it says");
    let mut to = View::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(algorithm);
    Resizer::new().resize(&from, &mut to, &options).expect("both images have one pixel type and no crop box");
    to.into_vec()
}

/// The pixels of these columns in these rows.
fn picked(image: &Image, columns: Vec<usize>, rows: impl Iterator<Item = usize>) -> Vec<u8> {
    let stride = image.width() as usize * 3;
    let mut out = Vec::new();
    for row in rows {
        let row = &image.pixels()[row * stride..][..stride];
        columns.iter().for_each(|column| out.extend_from_slice(&row[column * 3..][..3]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Kernel; 15] = [
        Kernel::Nearest,
        Kernel::Linear,
        Kernel::Area,
        Kernel::Cubic,
        Kernel::Lanczos,
        Kernel::OpencvNearest,
        Kernel::OpencvLinear,
        Kernel::OpencvArea,
        Kernel::OpencvCubic,
        Kernel::OpencvLanczos4,
        Kernel::PilNearest,
        Kernel::PilBilinear,
        Kernel::PilBox,
        Kernel::PilBicubic,
        Kernel::PilLanczos,
    ];

    /// The picture that `tests/oracles/resize/oracle.py` draws.
    fn drawn(width: u32, height: u32) -> Image {
        let value = |x: u32, y: u32, c: u32| ((x * 37 + y * 91 + c * 53 + x * y * 7 + x * x * y / 3) % 256) as u8;
        Image::from_fn(width, height, |x, y| [value(x, y, 0), value(x, y, 1), value(x, y, 2)])
    }

    fn grey(values: &[u8], width: u32) -> Image {
        let height = values.len() as u32 / width;
        Image::new(width, height, values.iter().flat_map(|v| [*v; 3]).collect()).unwrap()
    }

    fn reds(image: &Image) -> Vec<u8> {
        image.pixels().iter().step_by(3).copied().collect()
    }

    /// The numbers are PIL 13's: `Image.fromarray(a).resize(size, kernel)`, made by `tests/data/resize_oracle.py`.
    #[test]
    fn the_kernels_agree_with_pil() {
        let row = grey(&[10, 20, 40, 80, 160, 250, 30, 0], 8);
        for (kernel, down, up) in [
            (Kernel::Nearest, vec![20, 80, 250, 0], vec![10, 10, 200, 200]),
            (Kernel::Linear, vec![19, 68, 168, 49], vec![10, 58, 153, 200]),
            (Kernel::Area, vec![15, 60, 205, 15], vec![10, 10, 200, 200]),
            (Kernel::Cubic, vec![14, 62, 186, 37], vec![0, 49, 161, 217]),
            (Kernel::Lanczos, vec![13, 59, 193, 37], vec![0, 54, 156, 233]),
        ] {
            assert_eq!(reds(&resize(&row, 4, 1, kernel)), down, "{kernel:?} down");
            assert_eq!(reds(&resize(&grey(&[10, 200], 2), 4, 1, kernel)), up, "{kernel:?} up");
        }
    }

    #[test]
    fn kernels_with_a_name_give_the_pixels_of_its_library() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/resize/golden.json");
        let golden: std::collections::BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut wrong = Vec::new();
        for (what, digest) in &golden {
            let [kernel, from, to] = what.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let kernel: Kernel = serde_json::from_value(serde_json::Value::from(kernel)).unwrap();
            let size = |text: &str| text.split_once('x').map(|(width, height)| (width.parse().unwrap(), height.parse().unwrap())).unwrap();
            let ((width, height), to) = (size(from), size(to));
            if blake3::hash(resize(&drawn(width, height), to.0, to.1, kernel).pixels()).to_hex().as_str() != digest {
                wrong.push(what);
            }
        }
        assert!(wrong.is_empty(), "{} of {} differ: {wrong:?}", wrong.len(), golden.len());
        assert!(golden.len() > 1000, "{}", golden.len());
    }

    /// What the kernels without a name are, in numbers. Those with lobes below zero go beyond black and white in a picture of speckles, and
    /// are cut.
    #[test]
    fn kernels_without_a_name_are_those_of_pil_but_for_rounding() {
        let smooth = |side: u32| {
            Image::from_fn(side, side, |x, y| [(40 + x * 170 / side) as u8, (40 + y * 170 / side) as u8, (90 + (x + y) % 4) as u8])
        };
        for (kernel, theirs, lobes) in [
            (Kernel::Linear, Kernel::PilBilinear, false),
            (Kernel::Area, Kernel::PilBox, false),
            (Kernel::Cubic, Kernel::PilBicubic, true),
            (Kernel::Lanczos, Kernel::PilLanczos, true),
        ] {
            for (from, to) in [(112, 16), (112, 24), (112, 56), (250, 112), (64, 20)] {
                let picture = if lobes { smooth(from) } else { drawn(from, from) };
                let (ours, theirs) = (resize(&picture, to, to, kernel), resize(&picture, to, to, theirs));
                let worst = ours.pixels().iter().zip(theirs.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(worst <= 1, "{kernel:?} {from} to {to}: {worst}");
            }
        }
    }

    #[test]
    fn a_picture_of_the_size_that_is_asked_for_stays_and_a_flat_one_stays_flat() {
        let flat = Image::from_fn(7, 5, |_, _| [77; 3]);
        for kernel in ALL {
            for (width, height) in [(1, 1), (7, 5), (61, 47)] {
                assert_eq!(resize(&drawn(width, height), width, height, kernel), drawn(width, height), "{kernel:?}");
            }
            for (width, height) in [(3, 2), (11, 13), (7, 9), (2, 5), (1, 1)] {
                let small = resize(&flat, width, height, kernel);
                assert_eq!(small.size(), (width, height));
                // weights in parts of 2048 need not sum to it
                assert!(small.pixels().iter().all(|v| v.abs_diff(77) <= 1), "{kernel:?} {width}x{height}");
            }
        }
    }

    #[test]
    fn every_processor_gives_the_same_bits() {
        use fast_image_resize::CpuExtensions;
        let image = Image::from_fn(61, 47, |x, y| [(x * 4) as u8, (y * 5) as u8, (x * y) as u8]);
        let from = ImageRef::new(61, 47, image.pixels(), PixelType::U8x3).unwrap();
        for (kernel, algorithm) in [
            (Kernel::Nearest, ResizeAlg::Nearest),
            (Kernel::Linear, ResizeAlg::Convolution(FilterType::Bilinear)),
            (Kernel::Area, ResizeAlg::Convolution(FilterType::Box)),
            (Kernel::Cubic, ResizeAlg::Convolution(FilterType::CatmullRom)),
            (Kernel::Lanczos, ResizeAlg::Convolution(FilterType::Lanczos3)),
        ] {
            for (width, height) in [(12, 9), (112, 112)] {
                let mut to = View::new(width, height, PixelType::U8x3);
                let mut plain = Resizer::new();
                // SAFETY is not at stake: the extension `None` is available everywhere; the call is only marked so.
                #[allow(unsafe_code)] // the one way to ask for the portable code path
                unsafe {
                    plain.set_cpu_extensions(CpuExtensions::None);
                }
                plain.resize(&from, &mut to, &ResizeOptions::new().resize_alg(algorithm)).unwrap();
                assert_eq!(resize(&image, width, height, kernel).pixels(), to.buffer(), "{kernel:?}");
            }
        }
    }
}
