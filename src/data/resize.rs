//! Resizing.

use super::image::Image;
use fast_image_resize::images::{Image as View, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use serde::{Deserialize, Serialize};

/// How pixels are interpolated when an image is resized. On the way down every kernel but `Nearest` is widened to the area that a new
/// pixel covers (as PIL does, unlike `OpenCV` but for its `INTER_AREA`); on the way up it has its own width. Edges are cut, not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// The nearest pixel.
    Nearest,
    /// A triangle, two pixels a side (PIL's `BILINEAR`).
    Linear,
    /// The mean over the area that a pixel covers (PIL's `BOX`); on the way up it is the nearest pixel.
    Area,
    /// Catmull-Rom (a = -1/2), four pixels a side (PIL's `BICUBIC`).
    Cubic,
    /// Lanczos with three lobes, six pixels a side (PIL's `LANCZOS`).
    Lanczos,
}

impl Kernel {
    fn algorithm(self) -> ResizeAlg {
        match self {
            Kernel::Nearest => ResizeAlg::Nearest,
            Kernel::Linear => ResizeAlg::Convolution(FilterType::Bilinear),
            Kernel::Area => ResizeAlg::Convolution(FilterType::Box),
            Kernel::Cubic => ResizeAlg::Convolution(FilterType::CatmullRom),
            Kernel::Lanczos => ResizeAlg::Convolution(FilterType::Lanczos3),
        }
    }
}

/// The picture at another size (sides of 0 are taken as 1; the proportions may change). The bits don't depend on the processor.
#[allow(clippy::missing_panics_doc)] // each expect says why it can't
pub fn resize(image: &Image, width: u32, height: u32, kernel: Kernel) -> Image {
    let (width, height) = (width.max(1), height.max(1));
    if image.size() == (width, height) {
        return image.clone();
    }
    let from =
        ImageRef::new(image.width(), image.height(), image.pixels(), PixelType::U8x3).expect("an image has as many pixels as it says");
    let mut to = View::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(kernel.algorithm());
    Resizer::new().resize(&from, &mut to, &options).expect("both images have one pixel type and no crop box");
    Image::new(width, height, to.into_vec()).expect("the buffer was made for these sides")
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_flat_image_stays_flat() {
        let flat = grey(&[77; 35], 7);
        for kernel in [Kernel::Nearest, Kernel::Linear, Kernel::Area, Kernel::Cubic, Kernel::Lanczos] {
            let small = resize(&flat, 3, 2, kernel);
            assert!(resize(&small, 11, 13, kernel).pixels().iter().all(|v| *v == 77), "{kernel:?}");
        }
    }

    #[test]
    fn every_processor_gives_the_same_bits() {
        use fast_image_resize::CpuExtensions;
        let image = Image::from_fn(61, 47, |x, y| [(x * 4) as u8, (y * 5) as u8, (x * y) as u8]);
        let from = ImageRef::new(61, 47, image.pixels(), PixelType::U8x3).unwrap();
        for kernel in [Kernel::Nearest, Kernel::Linear, Kernel::Area, Kernel::Cubic, Kernel::Lanczos] {
            for (width, height) in [(12, 9), (112, 112)] {
                let mut to = View::new(width, height, PixelType::U8x3);
                let mut plain = Resizer::new();
                // SAFETY is not at stake: the extension `None` is available everywhere; the call is only marked so.
                #[allow(unsafe_code)] // the one way to ask for the portable code path
                unsafe {
                    plain.set_cpu_extensions(CpuExtensions::None);
                }
                plain.resize(&from, &mut to, &ResizeOptions::new().resize_alg(kernel.algorithm())).unwrap();
                assert_eq!(resize(&image, width, height, kernel).pixels(), to.buffer(), "{kernel:?}");
            }
        }
    }
}
