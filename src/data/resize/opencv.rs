//! The pixels of OpenCV's `resize` (8 bits a channel) on x86: versions 4.14 and 5.0 agree.
//!
//! They are those of its own code. Its [`cubic`] is Intel's closed one where `cv2.ipp.useIPP()` is true, whose bits depend on the
//! processor; after `cv2.ipp.setUseIPP(False)` it is this.
//!
//! But for [`area`], a new pixel is made of the pixels around its place alone, however much smaller the picture gets.

use crate::image::Image;

/// Weights are whole parts of this.
const ONE: f32 = 2048.0;

/// What one length becomes.
#[derive(Clone, Copy)]
struct Side {
    from: usize,
    to: usize,
}

impl Side {
    /// New pixels for an old one.
    fn grows(self) -> f64 {
        self.to as f64 / self.from as f64
    }

    /// Old pixels for a new one.
    fn shrinks(self) -> f64 {
        1.0 / self.grows()
    }

    /// Old pixels for a new one, if they are a whole number.
    fn whole(self) -> Option<usize> {
        let rounded = self.shrinks().round_ties_even();
        ((self.shrinks() - rounded).abs() < f64::EPSILON).then_some(rounded as usize)
    }
}

fn sides(image: &Image, width: u32, height: u32) -> (Side, Side) {
    let side = |from: u32, to: u32| Side { from: from as usize, to: to as usize };
    (side(image.width(), width), side(image.height(), height))
}

/// `INTER_NEAREST`.
pub(super) fn nearest(image: &Image, width: u32, height: u32) -> Vec<u8> {
    let (across, down) = sides(image, width, height);
    let places = |side: Side| move |at: usize| ((at as f64 * side.shrinks()).floor() as usize).min(side.from - 1);
    super::picked(image, (0..across.to).map(places(across)).collect(), (0..down.to).map(places(down)))
}

/// `INTER_LINEAR`.
pub(super) fn linear(image: &Image, width: u32, height: u32) -> Vec<u8> {
    let (across, down) = sides(image, width, height);
    if (across.whole(), down.whole()) == (Some(2), Some(2)) {
        return area(image, width, height);
    }
    let tap = |side: Side| {
        move |at: usize| {
            let (first, part) = place(side, at);
            Taps { first, weights: [1.0 - part, part].map(fixed) }
        }
    };
    let edge = |side: Side| {
        move |at: usize| {
            let taps = tap(side)(at);
            // beyond the first and the last column there is no second one
            if taps.first < 0 || taps.first + 1 >= side.from as isize { Taps { weights: [ONE as i32, 0], ..taps } } else { taps }
        }
    };
    of_two(image, (0..across.to).map(edge(across)).collect(), (0..down.to).map(tap(down)))
}

/// `INTER_CUBIC` (a = -3/4).
pub(super) fn cubic(image: &Image, width: u32, height: u32) -> Vec<u8> {
    const A: f32 = -0.75;
    let (across, down) = sides(image, width, height);
    let taps = |side: Side| {
        move |at: usize| {
            let (first, x) = place(side, at);
            let (before, after) = (x + 1.0, 1.0 - x);
            let near = |x: f32| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
            let outer = ((A * before - 5.0 * A) * before + 8.0 * A) * before - 4.0 * A;
            let (left, right) = (near(x), near(after));
            Taps { first: first - 1, weights: [outer, left, right, 1.0 - outer - left - right].map(fixed) }
        }
    };
    let rows = rows(image, &(0..across.to).map(taps(across)).collect::<Vec<_>>());
    // the rows are put together eight numbers at a time in single precision, and what is left of a row in whole numbers
    let numbers = across.to * 3;
    let together = numbers / 8 * 8;
    let mut out = Vec::with_capacity(numbers * down.to);
    for taps in (0..down.to).map(taps(down)) {
        let weights = taps.weights.map(|weight| weight as f32 * (1.0 / (ONE * ONE)));
        let from = taps.places(down.from).map(|row| &rows[row * numbers..][..numbers]);
        out.extend((0..together).map(|at| {
            let part = |tap: usize| from[tap][at] as f32 * weights[tap];
            (part(0) + (part(1) + (part(2) + part(3)))).round_ties_even() as u8
        }));
        out.extend((together..numbers).map(|at| whole(&taps.weights, &from, at)));
    }
    out
}

/// `INTER_LANCZOS4`: eight pixels a side.
pub(super) fn lanczos4(image: &Image, width: u32, height: u32) -> Vec<u8> {
    let (across, down) = sides(image, width, height);
    let taps = |side: Side| {
        move |at: usize| {
            let (first, part) = place(side, at);
            Taps { first: first - 3, weights: eight_lobes(part).map(fixed) }
        }
    };
    let rows = rows(image, &(0..across.to).map(taps(across)).collect::<Vec<_>>());
    let numbers = across.to * 3;
    let mut out = Vec::with_capacity(numbers * down.to);
    for taps in (0..down.to).map(taps(down)) {
        let from = taps.places(down.from).map(|row| &rows[row * numbers..][..numbers]);
        out.extend((0..numbers).map(|at| whole(&taps.weights, &from, at)));
    }
    out
}

/// sinc(x) sinc(x/4) at the eight places, which sum to 1.
fn eight_lobes(part: f32) -> [f32; 8] {
    const HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
    const TURNS: [(f64, f64); 8] =
        [(1.0, 0.0), (-HALF, -HALF), (0.0, 1.0), (HALF, -HALF), (-1.0, 0.0), (HALF, HALF), (0.0, -1.0), (-HALF, HALF)];
    let angle = |x: f32| f64::from(-x) * std::f64::consts::PI * 0.25;
    let start = angle(part + 3.0);
    let (sine, cosine) = (libm::sin(start), libm::cos(start));
    let mut lobes = [0.0; 8];
    for (tap, (lobe, turn)) in lobes.iter_mut().zip(TURNS).enumerate() {
        let x = part + 3.0 - tap as f32;
        let y = angle(x);
        *lobe = if x.abs() >= 1e-6 { ((turn.0 * sine + turn.1 * cosine) / (y * y)) as f32 } else { 1e30 };
    }
    let sum: f32 = lobes.iter().sum();
    lobes.map(|lobe| lobe * (1.0 / sum))
}

/// `INTER_AREA`: the mean over the area that a new pixel covers; where a side grows, of two pixels a side as its edges cut them.
pub(super) fn area(image: &Image, width: u32, height: u32) -> Vec<u8> {
    let (across, down) = sides(image, width, height);
    if across.shrinks() < 1.0 || down.shrinks() < 1.0 {
        let taps = |side: Side| {
            move |at: usize| {
                let first = (at as f64 * side.shrinks()).floor();
                let over = ((at + 1) as f64 - (first + 1.0) * side.grows()) as f32;
                let part = if over <= 0.0 { 0.0 } else { over - over.floor() };
                let end = first as usize + 1 >= side.from;
                (Taps { first: first as isize, weights: [1.0 - part, part].map(fixed) }, end)
            }
        };
        let edge = |(taps, end): (Taps<2>, bool)| if end { Taps { weights: [ONE as i32, 0], ..taps } } else { taps };
        return of_two(image, (0..across.to).map(taps(across)).map(edge).collect(), (0..down.to).map(taps(down)).map(|it| it.0));
    }
    match (across.whole(), down.whole()) {
        (Some(wide), Some(high)) => mean_of_blocks(image, (across.to, down.to), (wide, high)),
        _ => mean_of_parts(image, across, down),
    }
}

fn mean_of_blocks(image: &Image, (width, height): (usize, usize), (wide, high): (usize, usize)) -> Vec<u8> {
    let (from, stride) = (image.pixels(), image.width() as usize * 3);
    let share = 1.0 / (wide * high) as f32;
    let mut out = Vec::with_capacity(width * height * 3);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        for channel in 0..3 {
            let rows = (0..high).map(|row| (y * high + row) * stride + x * wide * 3 + channel);
            let sum: u32 = rows.flat_map(|start| (0..wide).map(move |at| u32::from(from[start + at * 3]))).sum();
            out.push(if (wide, high) == (2, 2) { ((sum + 2) >> 2) as u8 } else { (sum as f32 * share).round_ties_even() as u8 });
        }
    }
    out
}

/// A part of an old pixel that a new one is made of.
struct Part {
    from: usize,
    to: usize,
    share: f32,
}

fn parts(side: Side) -> Vec<Part> {
    const LEAST: f64 = 1e-3; // what is smaller is left out
    let scale = side.shrinks();
    let mut parts = Vec::new();
    for to in 0..side.to {
        let start = to as f64 * scale;
        let end = start + scale;
        let covers = scale.min(side.from as f64 - start);
        let last = (end.floor() as usize).min(side.from - 1);
        let first = (start.ceil() as usize).min(last);
        if first as f64 - start > LEAST {
            parts.push(Part { from: first - 1, to, share: ((first as f64 - start) / covers) as f32 });
        }
        parts.extend((first..last).map(|from| Part { from, to, share: (1.0 / covers) as f32 }));
        if end - last as f64 > LEAST {
            parts.push(Part { from: last, to, share: ((end - last as f64).min(1.0).min(covers) / covers) as f32 });
        }
    }
    parts
}

fn mean_of_parts(image: &Image, across: Side, down: Side) -> Vec<u8> {
    let numbers = across.to * 3;
    let columns = parts(across);
    let mut sums = vec![0f32; numbers * down.to];
    for part in parts(down) {
        let from = &image.pixels()[part.from * across.from * 3..][..across.from * 3];
        let mut row = vec![0f32; numbers];
        for column in &columns {
            for channel in 0..3 {
                row[column.to * 3 + channel] += f32::from(from[column.from * 3 + channel]) * column.share;
            }
        }
        sums[part.to * numbers..][..numbers].iter_mut().zip(&row).for_each(|(sum, number)| *sum += part.share * number);
    }
    sums.into_iter().map(|sum| sum.round_ties_even() as u8).collect()
}

/// Whole weights of neighbouring pixels, the first of which may lie before the edge.
struct Taps<const N: usize> {
    first: isize,
    weights: [i32; N],
}

impl<const N: usize> Taps<N> {
    /// The pixels; the edges are repeated.
    fn places(&self, length: usize) -> [usize; N] {
        std::array::from_fn(|tap| (self.first + tap as isize).clamp(0, length as isize - 1) as usize)
    }
}

/// The pixel before the middle of a new one, and how far the middle lies behind it.
fn place(side: Side, at: usize) -> (isize, f32) {
    let middle = ((at as f64 + 0.5) * side.shrinks() - 0.5) as f32;
    (middle.floor() as isize, middle - middle.floor())
}

fn fixed(weight: f32) -> i32 {
    (weight * ONE).round_ties_even() as i32
}

/// All rows at their new length, times [`ONE`].
fn rows<const N: usize>(image: &Image, columns: &[Taps<N>]) -> Vec<i32> {
    let length = image.width() as usize;
    let places: Vec<[usize; N]> = columns.iter().map(|taps| taps.places(length)).collect();
    let mut out = Vec::with_capacity(columns.len() * 3 * image.height() as usize);
    for row in image.pixels().chunks_exact(length * 3) {
        for (taps, places) in columns.iter().zip(&places) {
            let sum =
                |channel: usize| taps.weights.iter().zip(places).map(|(weight, at)| weight * i32::from(row[at * 3 + channel])).sum::<i32>();
            out.extend([sum(0), sum(1), sum(2)]);
        }
    }
    out
}

/// Rows of two pixels a side, whose last bits are cut where 16 bits hold no more.
fn of_two(image: &Image, columns: Vec<Taps<2>>, down: impl Iterator<Item = Taps<2>>) -> Vec<u8> {
    let rows = rows(image, &columns);
    let numbers = columns.len() * 3;
    let mut out = Vec::new();
    for taps in down {
        let from = taps.places(image.height() as usize).map(|row| &rows[row * numbers..][..numbers]);
        out.extend((0..numbers).map(|at| {
            let part = |tap: usize| (taps.weights[tap] * (from[tap][at] >> 4)) >> 16;
            ((part(0) + part(1) + 2) >> 2) as u8
        }));
    }
    out
}

/// A number of a new row in whole numbers.
fn whole<const N: usize>(weights: &[i32; N], from: &[&[i32]; N], at: usize) -> u8 {
    let sum = weights.iter().zip(from).fold(0i32, |sum, (weight, row)| sum.wrapping_add(weight.wrapping_mul(row[at])));
    (sum.wrapping_add(1 << 21) >> 22).clamp(0, 255) as u8
}
