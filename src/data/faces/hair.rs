//! Hair: a shell over the head whose edge, length and thickness follow the cut.

use super::features::relief;
use super::head::{Head, Ring};
use super::identity::{Cut, Hair};
use super::maths::{V3, mix, noise, sin_cos, smooth, v3};
use super::mesh::{Detail, Grid, Material, Mesh};
use super::sample::Setting;
use std::f64::consts::FRAC_PI_2;

/// Places around the head (0 front, 1 side, 2 back) and the height of the hair's lower edge there; the front is the person's own.
const CROPPED: [[f32; 2]; 11] = [
    [0.64, 25.0],
    [0.73, 15.0],
    [0.81, 4.0],
    [0.85, -8.0],
    [0.91, -9.0],
    [0.95, 6.0],
    [1.05, 10.0],
    [1.12, 0.0],
    [1.20, -25.0],
    [1.35, -40.0],
    [2.00, -44.0],
];
const BOB: [[f32; 2]; 4] = [[0.66, 22.0], [0.74, 8.0], [0.82, -46.0], [2.00, -50.0]];
const LONG: [[f32; 2]; 4] = [[0.66, 22.0], [0.74, 6.0], [0.80, -105.0], [2.00, -110.0]];

/// Adds the person's hair to a mesh, if there is any.
pub(super) fn build(head: &Head<'_>, setting: &Setting, mesh: &mut Mesh, detail: Detail) {
    let (columns, row_count) = detail.of((44, 24), (60, 32));
    let hair = &head.person.hair;
    let lowest = match hair.cut {
        Cut::Bald | Cut::Cropped | Cut::Short => -48.0,
        Cut::Bob => -54.0,
        Cut::Long => -112.0,
    };
    let places: Vec<(f32, f32, f32)> = (0..columns)
        .map(|column| {
            let around = 4.0 * column as f32 / columns as f32 - 2.0;
            let (sine, cosine) = sin_cos(f64::from(around) * FRAC_PI_2);
            (around, sine as f32, cosine as f32)
        })
        .collect();
    let top = head.top() - 0.3;
    let rows: Vec<(f32, Ring)> = (0..row_count)
        .map(|row| {
            let t = row as f32 / (row_count - 1) as f32;
            let y = top + (lowest - top) * t * (0.45 + 0.55 * t);
            (y, hanging(head, y))
        })
        .collect();
    let grid = Grid { rows: row_count, columns, material: Material::Hair };
    mesh.grid(grid, |row, column| {
        let ((y, ring), (around, sine, cosine)) = (rows[row], places[column]);
        let mut at = ring.place(y, sine, cosine >= 0.0);
        if cosine > 0.0 {
            at.z += relief(head, at.x, y).max(0.0) * smooth(0.0, 0.35, cosine * cosine);
        }
        let cover = cover(hair, setting, y, around);
        let out = (at - v3(0.0, y.clamp(-30.0, 22.0), -50.0)).unit();
        (at + out * thickness(hair, setting, cover, at), cover, around)
    });
}

/// The head's ring, but hair below the ears hangs straight down.
fn hanging(head: &Head<'_>, y: f32) -> Ring {
    let ring = head.ring(y);
    let loose = match head.person.hair.cut {
        Cut::Bald | Cut::Cropped | Cut::Short => false,
        Cut::Bob | Cut::Long => y < 2.0,
    };
    if !loose {
        return ring;
    }
    let ear = head.ring(2.0);
    Ring { width: ear.width * (1.0 - 0.0012 * (y - 2.0)), front: ear.front.max(ring.front), ..ear }
}

/// Distance into the hair from its edge: positive where there is hair.
fn cover(hair: &Hair, setting: &Setting, y: f32, around: f32) -> f32 {
    let a = around.abs();
    let sides: &[[f32; 2]] = match hair.cut {
        Cut::Bald | Cut::Cropped | Cut::Short => &CROPPED,
        Cut::Bob => &BOB,
        Cut::Long => &LONG,
    };
    let edge = if a < sides[0][0] {
        mix(front_edge(hair, setting, around), sides[0][1], smooth(0.42, sides[0][0], a))
    } else {
        side_edge(sides, a)
    };
    let above = y - edge;
    match hair.cut {
        Cut::Bald => above.min(24.0 + 14.0 * smooth(0.9, 1.6, a) - y).min(60.0 * (a - 0.62)),
        Cut::Cropped | Cut::Short | Cut::Bob | Cut::Long => above,
    }
}

fn side_edge(knots: &[[f32; 2]], a: f32) -> f32 {
    let next = knots.iter().position(|knot| knot[0] >= a).unwrap_or(knots.len() - 1).max(1);
    let (from, to) = (knots[next - 1], knots[next]);
    mix(from[1], to[1], ((a - from[0]) / (to[0] - from[0])).clamp(0.0, 1.0))
}

/// The edge over the forehead: hairline, widow's peak, receding corners, or a fringe that parts to a side.
fn front_edge(hair: &Hair, setting: &Setting, around: f32) -> f32 {
    let a = around.abs();
    let line = hair.line + setting.hair_shift + hair.recede * smooth(0.08, 0.4, a) - hair.peak * (1.0 - smooth(0.0, 0.14, a));
    let part = 0.35 * hair.parting;
    let hang = 13.0 + 9.0 * (around - part).abs() + 1.5 * setting.hair_shift;
    mix(line, hang.min(line), hair.fringe)
}

/// How far the shell stands off the head.
fn thickness(hair: &Hair, setting: &Setting, cover: f32, at: V3) -> f32 {
    if cover <= -1.0 {
        return 0.7;
    }
    let high = smooth(-20.0, 52.0, at.y);
    let full = hair.volume * setting.hair_volume * mix(0.55, 1.0, high);
    let locks = 1.0 + (0.25 + 0.55 * hair.curl) * (noise(at.x * 0.16 + 40.0, at.y * 0.16 + at.z * 0.12, hair.seed) - 0.5);
    0.7 + full * locks * smooth(-1.0, 8.0, cover)
}
