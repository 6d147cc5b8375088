//! Turned, scaled, shifted, sheared.

use super::{Dice, between};
use crate::image::Image;
use ddl_base::quantity::{Angle, Fraction, Interval};
use serde::{Deserialize, Serialize};

/// How a pixel is made of those where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The nearest one.
    Nearest,
    /// The four around the place, by their distance.
    Bilinear,
}

/// An affine change about the image's middle: torchvision's `RandomAffine` of a PIL image, bit for bit once the numbers are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Affine {
    /// How far it is turned, clockwise; drawn uniformly.
    pub rotate: Interval<Angle>,
    /// How much larger it gets; drawn uniformly, more than 0.
    pub scale: Interval<f64>,
    /// The largest shift each way, in parts of the width and of the height; two draws, to whole pixels.
    pub shift: Fraction,
    /// How far columns lean; drawn uniformly.
    pub shear: Interval<Angle>,
    /// How pixels are read.
    pub reading: Reading,
    /// The grey value of what was outside.
    pub fill: u8,
}

/// Where a pixel of the new image comes from: `x' = m[0] x + m[1] y + m[2]`, `y' = m[3] x + m[4] y + m[5]`.
pub(super) type Matrix = [f64; 6];

/// What an affine change does to coordinates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub angle: Angle,
    pub shift: (f64, f64),
    pub scale: f64,
    /// Of columns, and of rows.
    pub shear: (Angle, Angle),
    pub centre: (f64, f64),
}

impl Affine {
    /// The changed image.
    pub fn apply(self, image: Image, dice: &mut Dice<'_>) -> Image {
        let draw = dice.draw("affine");
        let part = |part: &str, from: f64, to: f64| between(&draw.clone().text(part), Interval { from, to });
        let angle = |name: &str, of: Interval<Angle>| Angle::radians(part(name, of.from.as_radians(), of.to.as_radians()));
        let (width, height) = (f64::from(image.width()), f64::from(image.height()));
        let shifted = |name: &str, length: f64| part(name, -self.shift.0 * length, self.shift.0 * length).round_ties_even();
        let moved = Move {
            angle: angle("rotate", self.rotate),
            shift: (shifted("right", width), shifted("down", height)),
            scale: part("scale", self.scale.from, self.scale.to),
            shear: (angle("shear", self.shear), Angle::radians(0.0)),
            centre: (width * 0.5, height * 0.5),
        };
        moved.apply(&image, self.reading, self.fill)
    }
}

impl Move {
    /// The changed image.
    pub fn apply(self, image: &Image, reading: Reading, fill: u8) -> Image {
        warp(image, self.back(), reading, fill)
    }

    /// The inverse of `T C R(angle) S(scale) SHy SHx C^-1`, T the shift and C the way to the centre: torchvision's `_get_inverse_affine_matrix`.
    fn back(self) -> Matrix {
        let (turn, lean_x, lean_y) = (self.angle.as_radians(), self.shear.0.as_radians(), self.shear.1.as_radians());
        let turned = turn - lean_y;
        // R(turn) SHy SHx, row by row; its determinant is 1
        let right = [turned.cos() / lean_y.cos(), -turned.cos() * lean_x.tan() / lean_y.cos() - turn.sin()];
        let down = [turned.sin() / lean_y.cos(), -turned.sin() * lean_x.tan() / lean_y.cos() + turn.cos()];
        let back = [down[1], -right[1], -down[0], right[0]].map(|x| x / self.scale);
        let from = (-self.centre.0 - self.shift.0, -self.centre.1 - self.shift.1);
        let place = |row: usize, centre: f64| back[row] * from.0 + back[row + 1] * from.1 + centre;
        [back[0], back[1], place(0, self.centre.0), back[2], back[3], place(2, self.centre.1)]
    }
}

/// PIL's `rotate`: turned counter-clockwise about the middle, by the nearest pixel; black outside.
pub(super) fn rotate(image: &Image, angle: Angle) -> Image {
    let fifteen = |x: f64| (x * 1e15).round_ties_even() / 1e15;
    let turn = -angle.as_radians();
    let (x, y) = (f64::from(image.width()) / 2.0, f64::from(image.height()) / 2.0);
    let (cos, sin) = (fifteen(turn.cos()), fifteen(turn.sin()));
    let back = [cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y];
    warp(image, back, Reading::Nearest, 0)
}

/// PIL's `transform` by an affine matrix.
fn warp(image: &Image, back: Matrix, reading: Reading, fill: u8) -> Image {
    match reading {
        Reading::Nearest => nearest(image, back, fill),
        Reading::Bilinear => bilinear(image, back, fill),
    }
}

/// In whole numbers of 1/65536, as PIL adds them up; of what only scales and shifts, in numbers.
fn nearest(image: &Image, m: Matrix, fill: u8) -> Image {
    let outside = [fill; 3];
    let at = |x: f64, y: f64| (x >= 0.0 && y >= 0.0).then(|| image.pixel(x as u32, y as u32)).flatten().unwrap_or(outside);
    if m[1] == 0.0 && m[3] == 0.0 {
        let places = |first: f64, step: f64, count: u32| {
            std::iter::successors(Some(first), move |before| Some(before + step)).take(count as usize).collect::<Vec<f64>>()
        };
        let columns = places(m[2] + m[0] * 0.5, m[0], image.width());
        let rows = places(m[5] + m[4] * 0.5, m[4], image.height());
        return Image::from_fn(image.width(), image.height(), |x, y| at(columns[x as usize], rows[y as usize]));
    }
    let fixed = |value: f64| (value * 65536.0 + 0.5).floor() as i64;
    let rows = [[m[0], m[1], m[2] + m[0] * 0.5 + m[1] * 0.5], [m[3], m[4], m[5] + m[3] * 0.5 + m[4] * 0.5]].map(|row| row.map(fixed));
    Image::from_fn(image.width(), image.height(), |x, y| {
        let from = rows.map(|[across, along, first]| u32::try_from((first + across * i64::from(x) + along * i64::from(y)) >> 16).ok());
        from[0].zip(from[1]).and_then(|(x, y)| image.pixel(x, y)).unwrap_or(outside)
    })
}

fn bilinear(image: &Image, m: Matrix, fill: u8) -> Image {
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    let pixels = image.pixels();
    let value = |x: i64, y: i64, channel: usize| f64::from(pixels[(y * width + x) as usize * 3 + channel]);
    Image::from_fn(image.width(), image.height(), |x, y| {
        let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
        let (from_x, from_y) = (m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]);
        if !(from_x >= 0.0 && from_x < width as f64 && from_y >= 0.0 && from_y < height as f64) {
            return [fill; 3];
        }
        let (from_x, from_y) = (from_x - 0.5, from_y - 0.5);
        let (left, top) = (from_x.floor(), from_y.floor());
        let (right_share, low_share) = (from_x - left, from_y - top);
        let (left, top) = (left as i64, top as i64);
        let column = |x: i64| x.clamp(0, width - 1);
        let along = |y: i64, channel: usize| {
            let (one, other) = (value(column(left), y, channel), value(column(left + 1), y, channel));
            one + (other - one) * right_share
        };
        std::array::from_fn(|channel| {
            let upper = along(top.max(0), channel);
            let lower = if top + 1 < height { along(top + 1, channel) } else { upper };
            (upper + (lower - upper) * low_share) as u8
        })
    })
}
