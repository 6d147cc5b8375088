//! A batch of images in one contiguous buffer.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "rows, sides and lengths that were held against their limits"
)]

use super::Wanted;
use crate::image::Image;
use crate::stream::Colour;
use rayon::iter::Either;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The order of a block's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `[image, channel, row, column]`
    Nchw,
    /// `[image, row, column, channel]`
    Nhwc,
}

/// `(value - mean) / divisor`, value from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// What is taken off, for example 127.5.
    pub mean: f64,
    /// What it is divided by, for example 127.5; not 0.
    pub divisor: f64,
}

/// The type of a block's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    /// Bytes as they are, 0 to 255.
    U8,
    /// 32-bit numbers, normalised.
    F32(Normalisation),
}

/// How pixels are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PixelFormat {
    /// The axes' order.
    pub layout: Layout,
    /// The channels' order.
    pub colour: Colour,
    /// The numbers' type.
    pub element: Element,
}

/// The numbers of a block.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers {
    /// Bytes.
    U8(Vec<u8>),
    /// 32-bit numbers.
    F32(Vec<f32>),
}

/// Images of one size, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The numbers, `images * 3 * height * width` of them.
    pub numbers: Numbers,
    /// How many images.
    pub images: usize,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// The axes' order.
    pub layout: Layout,
}

/// Where one image goes.
pub(super) enum Slot<'a> {
    U8(&'a mut [u8]),
    F32(&'a mut [f32]),
}

impl Block {
    /// A block of zeros.
    pub(super) fn blank(images: usize, wanted: &Wanted) -> Self {
        let (width, height) = (wanted.width as usize, wanted.height as usize);
        let count = images * 3 * width * height;
        let numbers = match wanted.format.element {
            Element::U8 => Numbers::U8(vec![0; count]),
            Element::F32(_) => Numbers::F32(vec![0.0; count]),
        };
        Block { numbers, images, height, width, layout: wanted.format.layout }
    }

    /// The numbers' axes, outermost first.
    pub fn shape(&self) -> [usize; 4] {
        match self.layout {
            Layout::Nchw => [self.images, 3, self.height, self.width],
            Layout::Nhwc => [self.images, self.height, self.width, 3],
        }
    }

    /// One slot per image, in order.
    pub(super) fn slots(&mut self) -> impl IndexedParallelIterator<Item = Slot<'_>> {
        let each = 3 * self.height * self.width;
        match &mut self.numbers {
            Numbers::U8(numbers) => Either::Left(numbers.par_chunks_exact_mut(each).map(Slot::U8)),
            Numbers::F32(numbers) => Either::Right(numbers.par_chunks_exact_mut(each).map(Slot::F32)),
        }
    }
}

impl Slot<'_> {
    /// Lays an image of the block's size out.
    pub(super) fn fill(self, image: &Image, format: &PixelFormat) {
        let channels = match format.colour {
            Colour::Rgb => [0, 1, 2],
            Colour::Bgr => [2, 1, 0],
        };
        match (self, format.element) {
            (Slot::U8(to), _) => lay_out(to, image, format.layout, channels, |value| value),
            (Slot::F32(to), Element::F32(Normalisation { mean, divisor })) => {
                let table: [f32; 256] = std::array::from_fn(|value| ((value as f64 - mean) / divisor) as f32);
                lay_out(to, image, format.layout, channels, |value| table[usize::from(value)]);
            }
            (Slot::F32(to), Element::U8) => lay_out(to, image, format.layout, channels, f32::from),
        }
    }
}

/// Writes `number(value)` for every value of the image, in the wanted order.
fn lay_out<T: Copy>(to: &mut [T], image: &Image, layout: Layout, channels: [usize; 3], number: impl Fn(u8) -> T) {
    let (pixels, _) = image.pixels().as_chunks::<3>();
    match layout {
        Layout::Nhwc => {
            let (slots, _) = to.as_chunks_mut::<3>();
            for (slot, pixel) in slots.iter_mut().zip(pixels) {
                *slot = channels.map(|channel| number(pixel[channel]));
            }
        }
        Layout::Nchw => {
            for (plane, channel) in to.chunks_exact_mut(pixels.len()).zip(channels) {
                for (slot, pixel) in plane.iter_mut().zip(pixels) {
                    *slot = number(pixel[channel]);
                }
            }
        }
    }
}
