//! Ears, neck and glasses.

use super::head::Head;
use super::identity::Cut;
use super::maths::{V3, length, mix, sin_cos, smooth, v3};
use super::mesh::{Grid, Material, Mesh};
use std::f64::consts::TAU;

/// Points on a unit circle.
fn circle(step: usize, steps: usize) -> (f32, f32) {
    let (sine, cosine) = sin_cos(TAU * step as f64 / steps as f64);
    (cosine as f32, sine as f32)
}

/// Both ears: flat egg-shaped shells that stand off the sides of the head.
pub(super) fn ears(head: &Head<'_>, mesh: &mut Mesh) {
    let ears = &head.person.ears;
    let stand = match head.person.hair.cut {
        Cut::Bald | Cut::Cropped | Cut::Short => ears.stand,
        Cut::Bob | Cut::Long => 0.1,
    };
    let width = head.ring(ears.height).width;
    for side in [-1.0, 1.0] {
        let back = v3(side * stand, 0.0, -1.0).unit();
        let out = v3(side, 0.0, stand).unit();
        let root = v3(side * (width - 1.2), ears.height, -45.5);
        let grid = Grid { rows: 9, columns: 14, material: Material::Ear };
        mesh.grid(grid, |row, column| {
            let (polar, height) = circle(row, 16);
            let (along, across) = circle(column, 14);
            let (v, u) = (polar, height * along * side);
            let broad = mix(5.6, 9.0, smooth(-1.0, 0.5, v));
            let rim = 1.6 - 1.3 * (1.0 - smooth(0.2, 0.75, length(u, v)));
            let at = root + back * (broad * (0.85 + u) - 1.5 * v) + v3(0.0, ears.length * v, 0.0) + out * (1.0 - rim * height * across);
            (at, v, u)
        });
    }
}

/// The neck and the beginning of the shoulders.
pub(super) fn neck(head: &Head<'_>, mesh: &mut Mesh) {
    let thick = 0.62 * head.ring(-30.0).width + 6.5;
    let grid = Grid { rows: 12, columns: 28, material: Material::Neck };
    mesh.grid(grid, |row, column| {
        let (cosine, sine) = circle(column, 28);
        let y = -22.0 - 11.0 * row as f32;
        let shoulder = 70.0 * smooth(-82.0, -150.0, y);
        (v3(-(thick + shoulder) * cosine, y, -54.0 + (thick + 0.35 * shoulder) * sine + 0.05 * (y + 22.0)), 0.0, 0.0)
    });
}

/// A pair of glasses: two rims, the bridge, two arms.
pub(super) fn glasses(head: &Head<'_>, mesh: &mut Mesh) {
    let (glasses, eyes) = (&head.person.glasses, &head.person.eyes);
    let plane = (head.person.nose.bridge + 3.5).max(head.depth(eyes.spacing, 8.0) + 1.5);
    let bend = |x: f32, y: f32| v3(x, y, plane - 0.0035 * x * x);
    for side in [-1.0, 1.0] {
        let rim: Vec<V3> = (0..=30)
            .map(|step| {
                let (cosine, sine) = circle(step, 30);
                let reach = mix(1.0, 0.93 / cosine.abs().max(sine.abs()), glasses.square);
                bend(side * (eyes.spacing + 0.5 + glasses.half_width * cosine * reach), -1.5 + glasses.half_height * sine * reach)
            })
            .collect();
        tube(mesh, &rim, glasses.thickness);
        let ear = head.ring(4.0).width;
        let hinge = bend(side * (eyes.spacing + 0.5 + glasses.half_width), 1.5);
        tube(mesh, &[hinge, v3(side * (ear + 1.0), 4.5, -22.0), v3(side * (ear + 1.4), 6.0, -50.0)], glasses.thickness * 0.9);
    }
    let inner = eyes.spacing + 0.5 - glasses.half_width;
    let bridge: Vec<V3> = (0..=6)
        .map(|step| {
            let t = step as f32 / 3.0 - 1.0;
            bend(inner * t, 1.0 + 1.6 * (1.0 - t * t))
        })
        .collect();
    tube(mesh, &bridge, glasses.thickness);
}

/// A tube along a path.
fn tube(mesh: &mut Mesh, path: &[V3], radius: f32) {
    let grid = Grid { rows: path.len(), columns: 6, material: Material::Frame };
    mesh.grid(grid, |row, column| {
        let ahead = (path[(row + 1).min(path.len() - 1)] - path[row.saturating_sub(1)]).unit();
        let first = if ahead.z.abs() < 0.8 { v3(0.0, 0.0, 1.0) } else { v3(0.0, 1.0, 0.0) }.cross(ahead).unit();
        let second = ahead.cross(first);
        let (cosine, sine) = circle(column, 6);
        (path[row] + first * (radius * cosine) + second * (radius * sine), 0.0, 0.0)
    });
}
