//! Small vectors and smooth functions in arithmetic that gives the same bits on every machine.
//!
//! Only `+ - * /`, `sqrt`, comparisons and rounding to whole numbers are used: IEEE 754 fixes their results. `sin`, `exp` and `powf` of
//! the standard library call the platform's own, so they have no place in this room; sines come from the polynomial below.

use std::f64::consts::FRAC_2_PI;
use std::f64::consts::FRAC_PI_2;
use std::ops::{Add, Mul, Sub};

/// A point or direction: `x` to the image's right, `y` up, `z` towards the camera.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct V3 {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}

pub(super) const fn v3(x: f32, y: f32, z: f32) -> V3 {
    V3 { x, y, z }
}

impl V3 {
    pub fn dot(self, other: V3) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub fn cross(self, other: V3) -> V3 {
        v3(self.y * other.z - self.z * other.y, self.z * other.x - self.x * other.z, self.x * other.y - self.y * other.x)
    }

    /// The same direction with length one; the zero vector stays as it is.
    pub fn unit(self) -> V3 {
        let length = self.dot(self).sqrt();
        if length > 0.0 { self * (1.0 / length) } else { self }
    }

    /// Component-wise product: a colour seen in a coloured light.
    pub fn tint(self, other: V3) -> V3 {
        v3(self.x * other.x, self.y * other.y, self.z * other.z)
    }
}

impl Add for V3 {
    type Output = V3;
    fn add(self, other: V3) -> V3 {
        v3(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for V3 {
    type Output = V3;
    fn sub(self, other: V3) -> V3 {
        v3(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f32> for V3 {
    type Output = V3;
    fn mul(self, factor: f32) -> V3 {
        v3(self.x * factor, self.y * factor, self.z * factor)
    }
}

/// `a` at 0, `b` at 1.
pub(super) fn mix(a: f32, b: f32, at: f32) -> f32 {
    a + (b - a) * at
}

/// [`mix`] for points and colours.
pub(super) fn blend(a: V3, b: V3, at: f32) -> V3 {
    a + (b - a) * at
}

/// 0 before `from`, 1 after `to` (which may be the smaller one), a smooth step between.
pub(super) fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// How far a point at signed distance `d` lies inside an edge that is `width` wide: 0..1, half on the edge itself.
pub(super) fn inside(d: f32, width: f32) -> f32 {
    (d / width + 0.5).clamp(0.0, 1.0)
}

/// A hill of height 1 around 0 that has ended at `radius`.
pub(super) fn hill(d: f32, radius: f32) -> f32 {
    let q = (1.0 - (d / radius) * (d / radius)).max(0.0);
    q * q
}

/// A round hill of height 1 at `centre` that has ended at the ellipse with the half-axes `radii`.
pub(super) fn bump(x: f32, y: f32, centre: [f32; 2], radii: [f32; 2]) -> f32 {
    let (dx, dy) = ((x - centre[0]) / radii[0], (y - centre[1]) / radii[1]);
    let q = (1.0 - dx * dx - dy * dy).max(0.0);
    q * q
}

/// Sine and cosine by their series after reduction to an eighth of a turn; error below 1e-14 for the angles of a head.
pub(super) fn sin_cos(angle: f64) -> (f64, f64) {
    let turns = (angle * FRAC_2_PI).round();
    let r = angle - turns * FRAC_PI_2;
    let q = r * r;
    let mut sine = 0.0;
    for k in [13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        sine = (1.0 + sine) * (-q / (k * (k - 1.0)));
    }
    let mut cosine = 0.0;
    for k in [14.0, 12.0, 10.0, 8.0, 6.0, 4.0, 2.0] {
        cosine = (1.0 + cosine) * (-q / (k * (k - 1.0)));
    }
    let (sine, cosine) = (r + r * sine, 1.0 + cosine);
    match (turns as i64).rem_euclid(4) {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// A number in 0..1 for a lattice point: an integer hash, no generator.
fn lattice(i: i32, j: i32, seed: u32) -> f32 {
    let mut h = (i as u32).wrapping_mul(0x9E37_79B1) ^ (j as u32).wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    (h >> 8) as f32 / (1u32 << 24) as f32
}

/// The largest whole number that is not above `x`, without a call into the platform's library.
pub(super) fn floor(x: f32) -> i32 {
    let whole = x as i32;
    whole - i32::from((whole as f32) > x)
}

/// How far `x` is from the nearest multiple of `period`, with its sign.
pub(super) fn off_beat(x: f32, period: f32) -> f32 {
    x - period * floor(x / period + 0.5) as f32
}

/// Length of the vector `(x, y)`.
pub(super) fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Smooth noise in 0..1 with features about one unit wide.
pub(super) fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let (column, row) = (floor(x), floor(y));
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (right, down) = (ease(x - column as f32), ease(y - row as f32));
    let (next_column, next_row) = (column.wrapping_add(1), row.wrapping_add(1));
    let above = mix(lattice(column, row, seed), lattice(next_column, row, seed), right);
    let below = mix(lattice(column, next_row, seed), lattice(next_column, next_row, seed), right);
    mix(above, below, down)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_agree_with_the_platform_to_its_last_digits() {
        for step in -400..=400 {
            let angle = f64::from(step) * 0.01;
            let (sine, cosine) = sin_cos(angle);
            assert!((sine - angle.sin()).abs() < 1e-13 && (cosine - angle.cos()).abs() < 1e-13, "{angle}");
        }
    }

    #[test]
    fn noise_stays_in_its_range_and_is_continuous() {
        for step in 0..1000 {
            let x = step as f32 * 0.037 - 12.0;
            let here = noise(x, 0.3 * x, 7);
            assert!((0.0..=1.0).contains(&here));
            assert!((here - noise(x + 1e-3, 0.3 * x, 7)).abs() < 0.01);
        }
    }
}
