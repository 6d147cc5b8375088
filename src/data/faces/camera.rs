//! From head space to the image: pose, perspective, and the alignment that a landmark detector leaves.

use super::head::Head;
use super::maths::{V3, sin_cos, v3};
use super::sample::Setting;

/// The five points of the field's (`ArcFace`'s) template for a 112 pixel crop: eyes, tip of the nose, corners of the mouth.
pub(super) const TEMPLATE: [[f32; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

/// The head turns about this point.
const PIVOT: V3 = v3(0.0, -15.0, -45.0);

/// Turns head space into camera space and camera space into pixels.
pub(super) struct View {
    turn: [V3; 3],
    distance: f32,
    /// The similarity from the camera's picture to the crop: rotation and scale, then shift.
    rotate: [f32; 2],
    shift: [f32; 2],
}

impl View {
    /// The view of a head at a setting, aligned to the template by its own landmarks, in a crop of `size` pixels.
    pub fn new(head: &Head<'_>, setting: &Setting, size: f32) -> Self {
        let turn = rotation(setting.yaw.as_radians(), -setting.pitch.as_radians(), setting.roll.as_radians());
        let mut view = View { turn, distance: setting.camera.distance, rotate: [1.0, 0.0], shift: [0.0, 0.0] };
        let from = landmarks(head).map(|point| {
            let seen = view.picture(view.turned(point));
            [seen.x, seen.y]
        });
        let mut onto = TEMPLATE;
        for (point, slip) in onto.iter_mut().zip(setting.camera.slips) {
            *point = [(point[0] + slip[0]) * size / 112.0, (point[1] + slip[1]) * size / 112.0];
        }
        (view.rotate, view.shift) = similarity(&from, &onto);
        view
    }

    /// A direction of head space in camera space.
    pub fn direction(&self, at: V3) -> V3 {
        v3(self.turn[0].dot(at), self.turn[1].dot(at), self.turn[2].dot(at))
    }

    /// A point of head space in camera space.
    pub fn turned(&self, at: V3) -> V3 {
        self.direction(at - PIVOT)
    }

    /// Perspective; `y` now runs down.
    fn picture(&self, at: V3) -> V3 {
        let near = self.distance / (self.distance - at.z);
        v3(at.x * near, -at.y * near, at.z)
    }

    /// A point of camera space in pixels of the crop; `z` stays the depth, larger is nearer.
    pub fn pixel(&self, at: V3) -> V3 {
        let seen = self.picture(at);
        let [a, b] = self.rotate;
        v3(a * seen.x - b * seen.y + self.shift[0], b * seen.x + a * seen.y + self.shift[1], seen.z)
    }
}

/// Yaw about the vertical, then pitch about the horizontal, then roll in the image.
fn rotation(yaw: f64, pitch: f64, roll: f64) -> [V3; 3] {
    let ((sy, cy), (sp, cp), (sr, cr)) = (sin_cos(yaw), sin_cos(pitch), sin_cos(roll));
    let row = |x: f64, y: f64, z: f64| v3(x as f32, y as f32, z as f32);
    let (top, middle, depth) = ([cy, 0.0, sy], [sp * sy, cp, -sp * cy], [-cp * sy, sp, cp * cy]);
    [
        row(cr * top[0] - sr * middle[0], cr * top[1] - sr * middle[1], cr * top[2] - sr * middle[2]),
        row(sr * top[0] + cr * middle[0], sr * top[1] + cr * middle[1], sr * top[2] + cr * middle[2]),
        row(depth[0], depth[1], depth[2]),
    ]
}

/// The five landmarks on the surface of a head.
fn landmarks(head: &Head<'_>) -> [V3; 5] {
    let (person, face) = (head.person, head.face);
    let on = |x: f32, y: f32| v3(x, y, head.depth(x, y));
    let corner = face.mouth_half_width;
    [
        on(-person.eyes.spacing, 0.0),
        on(person.eyes.spacing, 0.0),
        on(0.0, person.nose.tip),
        on(-corner, face.mouth_line(corner)),
        on(corner, face.mouth_line(corner)),
    ]
}

/// The similarity (rotation, scale, shift; no reflection) that brings `from` closest to `onto` in the least-squares sense, as
/// Umeyama's method gives it in the plane.
fn similarity(from: &[[f32; 2]; 5], onto: &[[f32; 2]; 5]) -> ([f32; 2], [f32; 2]) {
    let mean = |points: &[[f32; 2]; 5]| [0, 1].map(|axis| points.iter().map(|point| point[axis]).sum::<f32>() / 5.0);
    let (p, q) = (mean(from), mean(onto));
    let (mut a, mut b, mut spread) = (0.0, 0.0, 0.0);
    for (f, o) in from.iter().zip(onto) {
        let (fx, fy, ox, oy) = (f[0] - p[0], f[1] - p[1], o[0] - q[0], o[1] - q[1]);
        a += fx * ox + fy * oy;
        b += fx * oy - fy * ox;
        spread += fx * fx + fy * fy;
    }
    let (a, b) = (a / spread.max(1e-6), b / spread.max(1e-6));
    ([a, b], [q[0] - (a * p[0] - b * p[1]), q[1] - (b * p[0] + a * p[1])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similarity_is_found_again() {
        let moved = TEMPLATE.map(|[x, y]| [0.9 * x - 0.2 * y + 4.0, 0.2 * x + 0.9 * y - 7.0]);
        let ([a, b], [x, y]) = similarity(&TEMPLATE, &moved);
        assert!((a - 0.9).abs() < 1e-4 && (b - 0.2).abs() < 1e-4 && (x - 4.0).abs() < 1e-2 && (y + 7.0).abs() < 1e-2);
    }

    #[test]
    fn a_positive_yaw_turns_the_nose_to_the_right_of_the_image() {
        let turn = rotation(0.5, 0.0, 0.0);
        assert!(turn[0].dot(v3(0.0, 0.0, 1.0)) > 0.4);
    }
}
