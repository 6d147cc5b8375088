//! The pixels of PIL's `Image.resize` (8 bits a channel): Pillow 13.
//!
//! But for [`nearest`], a kernel is widened to the area that a new pixel covers when a picture gets smaller, and edges are cut, not
//! repeated.

use crate::image::Image;
use std::f64::consts::PI;

/// Weights are whole parts of two to this power.
const BITS: u32 = 22;

/// A kernel, and how far it reaches.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    at: fn(f64) -> f64,
    reach: f64,
}

/// `Resampling.BOX`.
pub(super) const BOX: Shape = Shape { at: |x| if x > -0.5 && x <= 0.5 { 1.0 } else { 0.0 }, reach: 0.5 };

/// `Resampling.BILINEAR`.
pub(super) const BILINEAR: Shape = Shape { at: |x| (1.0 - x.abs()).max(0.0), reach: 1.0 };

/// `Resampling.BICUBIC` (a = -1/2).
pub(super) const BICUBIC: Shape = Shape { at: bicubic, reach: 2.0 };

/// `Resampling.LANCZOS` (three lobes).
pub(super) const LANCZOS: Shape = Shape { at: |x| if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }, reach: 3.0 };

fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    match x.abs() {
        x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        _ => 0.0,
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { libm::sin(x * PI) / (x * PI) }
}

/// `Resampling.NEAREST`.
pub(super) fn nearest(image: &Image, width: u32, height: u32) -> Vec<u8> {
    // places are summed up, as PIL does, with the errors of that
    let places = |from: u32, to: u32| {
        let step = f64::from(from) / f64::from(to);
        std::iter::successors(Some(step * 0.5), move |at| Some(at + step))
            .map(move |at| (at as usize).min(from as usize - 1))
            .take(to as usize)
    };
    super::picked(image, places(image.width(), width).collect(), places(image.height(), height))
}

/// One of the kernels: one way, then the other, each rounded to whole values. Across comes first, unless far more rows than columns go
/// away. (Before Pillow 13 it always did: no difference where both sides change alike.)
pub(super) fn convolved(image: &Image, width: u32, height: u32, shape: Shape) -> Vec<u8> {
    let (from, to) = ((image.width() as usize, image.height() as usize), (width as usize, height as usize));
    let (wide, high) = (taps(from.0, to.0, shape), taps(from.1, to.1, shape));
    let down_first = to.1 < from.1 && 2 * from.0 + to.1 < from.1 + 2 * to.0;
    if down_first {
        across(&down(image.pixels(), from.0, &high), from.0, &wide)
    } else {
        down(&across(image.pixels(), from.0, &wide), to.0, &high)
    }
}

/// Rows of `width` pixels at another width.
fn across(pixels: &[u8], width: usize, taps: &[Taps]) -> Vec<u8> {
    if taps.len() == width {
        return pixels.to_vec();
    }
    let mut out = Vec::with_capacity(pixels.len() / width * taps.len());
    for row in pixels.chunks_exact(width * 3) {
        for Taps { first, weights } in taps {
            let sums = weights.iter().zip(row[first * 3..].chunks_exact(3)).fold([HALF; 3], |[red, green, blue], (weight, pixel)| {
                [red + weight * i32::from(pixel[0]), green + weight * i32::from(pixel[1]), blue + weight * i32::from(pixel[2])]
            });
            out.extend(sums.map(rounded));
        }
    }
    out
}

/// Columns, `width` of them, at another height.
fn down(pixels: &[u8], width: usize, taps: &[Taps]) -> Vec<u8> {
    let numbers = width * 3;
    if taps.len() * numbers == pixels.len() {
        return pixels.to_vec();
    }
    let mut out = Vec::with_capacity(taps.len() * numbers);
    let mut sums = vec![0; numbers];
    for Taps { first, weights } in taps {
        sums.fill(HALF);
        for (weight, row) in weights.iter().zip(pixels[first * numbers..].chunks_exact(numbers)) {
            sums.iter_mut().zip(row).for_each(|(sum, number)| *sum += weight * i32::from(*number));
        }
        out.extend(sums.iter().map(|sum| rounded(*sum)));
    }
    out
}

const HALF: i32 = 1 << (BITS - 1);

fn rounded(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}

/// The first old pixel that a new one is made of, and the weights of that and those behind it.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

fn taps(from: usize, to: usize, shape: Shape) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let wide = scale.max(1.0);
    let reach = shape.reach * wide;
    let taps = |at: usize| {
        let middle = (at as f64 + 0.5) * scale;
        let first = (middle - reach + 0.5).max(0.0) as usize;
        let end = ((middle + reach + 0.5) as usize).min(from);
        let weights: Vec<f64> = (first..end).map(|at| (shape.at)((at as f64 - middle + 0.5) * (1.0 / wide))).collect();
        let sum = weights.iter().fold(0.0, |sum, weight| sum + weight);
        let whole = |weight: f64| {
            let part = if sum == 0.0 { weight } else { weight / sum } * f64::from(1 << BITS);
            (part + if part < 0.0 { -0.5 } else { 0.5 }) as i32
        };
        Taps { first, weights: weights.into_iter().map(whole).collect() }
    };
    (0..to).map(taps).collect()
}
