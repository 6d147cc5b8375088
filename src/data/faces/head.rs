//! The head's surface: horizontal rings from crown to chin, deformed by the person's skull, carrying the relief of the face.

use super::features::relief;
use super::identity::Identity;
use super::maths::{V3, hill, sin_cos, smooth, v3};
use super::mesh::{Detail, Grid, Material, Mesh};
use super::pose::Face;

/// A horizontal section: half-width, foremost and rearmost depth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ring {
    pub width: f32,
    pub front: f32,
    pub back: f32,
    pub fullness: f32,
}

/// Height, half-width, front and back of an average head, from crown to chin.
const AVERAGE: [[f32; 4]; 18] = [
    [64.0, 0.0, -55.0, -55.0],
    [62.0, 15.0, -35.0, -76.0],
    [56.5, 27.0, -18.0, -92.0],
    [46.0, 36.0, -6.5, -101.0],
    [34.0, 40.5, -1.0, -106.0],
    [20.0, 42.5, 2.2, -108.0],
    [9.0, 41.8, 3.0, -107.0],
    [0.0, 40.8, 1.0, -104.0],
    [-12.0, 39.8, 0.5, -99.0],
    [-22.0, 38.0, 1.0, -92.0],
    [-32.0, 35.2, 2.2, -82.0],
    [-40.0, 32.0, 2.6, -70.0],
    [-48.0, 27.8, 1.6, -57.0],
    [-54.0, 22.8, 1.2, -46.0],
    [-59.0, 17.0, 0.4, -35.0],
    [-62.5, 11.0, -2.0, -26.0],
    [-64.5, 5.0, -6.0, -18.0],
    [-65.0, 0.0, -12.0, -12.0],
];

/// A head with the rings of one person.
pub(super) struct Head<'a> {
    pub person: &'a Identity,
    pub face: &'a Face,
    knots: [[f32; 4]; AVERAGE.len()],
}

impl<'a> Head<'a> {
    pub fn new(person: &'a Identity, face: &'a Face) -> Self {
        let skull = &person.skull;
        let mut knots = AVERAGE;
        for [y, width, front, _] in &mut knots {
            let at = *y;
            *width *= skull.width
                * (1.0
                    + skull.cranium * hill(at - 42.0, 40.0)
                    + skull.cheek * hill(at + 14.0, 26.0)
                    + skull.jaw * hill(at + 46.0, 24.0)
                    + skull.chin * hill(at + 61.0, 14.0));
            *front += skull.chin_depth * hill(at + 58.0, 14.0) - skull.slope * smooth(9.0, 60.0, at);
            *y -= skull.chin_length * smooth(-36.0, -62.0, at);
        }
        Head { person, face, knots }
    }

    /// Height of the lowest point.
    pub fn bottom(&self) -> f32 {
        self.knots[AVERAGE.len() - 1][0]
    }

    /// Height of the crown.
    pub fn top(&self) -> f32 {
        self.knots[0][0]
    }

    /// The section at a height, by cubic interpolation between the knots.
    pub fn ring(&self, y: f32) -> Ring {
        let last = self.knots.len() - 1;
        let y = y.clamp(self.bottom(), self.top());
        let next = self.knots.iter().skip(1).position(|knot| knot[0] <= y).map_or(last, |at| at + 1);
        let (a, b) = (self.knots[next - 1], self.knots[next]);
        let (before, after) = (self.knots[next.saturating_sub(2)], self.knots[(next + 1).min(last)]);
        let t = (y - a[0]) / (b[0] - a[0]);
        let value = |part: usize| {
            let span = b[0] - a[0];
            let slope = |from: &[f32; 4], to: &[f32; 4]| span * (to[part] - from[part]) / (to[0] - from[0]);
            let (leaving, arriving) = (slope(&before, &b), slope(&a, &after));
            let (t2, t3) = (t * t, t * t * t);
            a[part] * (2.0 * t3 - 3.0 * t2 + 1.0) + leaving * (t3 - 2.0 * t2 + t) + b[part] * (3.0 * t2 - 2.0 * t3) + arriving * (t3 - t2)
        };
        Ring { width: value(1).max(0.0), front: value(2), back: value(3), fullness: self.person.skull.fullness }
    }

    /// The face's surface in front: the depth at a place, relief and expression included.
    pub fn depth(&self, x: f32, y: f32) -> f32 {
        let ring = self.ring(y);
        let side = (x / ring.width.max(1e-3)).clamp(-1.0, 1.0);
        ring.place(y, side, true).z + relief(self, x, y)
    }

    /// Adds the head to a mesh.
    pub fn build(&self, mesh: &mut Mesh, detail: Detail) {
        let rows = rows(self.top(), self.bottom(), detail.of(30, 43));
        let columns = columns(detail.of(18, 25));
        let rings: Vec<Ring> = rows.iter().map(|&y| self.ring(y)).collect();
        let grid = Grid { rows: rows.len(), columns: columns.len(), material: Material::Skin };
        mesh.grid(grid, |row, column| {
            let (side, in_front) = columns[column];
            let mut at = rings[row].place(rows[row], side, in_front);
            if in_front {
                let forward = 1.0 - side * side;
                at.z += relief(self, at.x, at.y) * smooth(0.0, 0.35, forward);
            }
            (self.face.drop_jaw(at), 0.0, 0.0)
        });
    }
}

impl Ring {
    /// The point at `side` (-1..1 of the half-width) on the front or back half.
    pub fn place(&self, y: f32, side: f32, in_front: bool) -> V3 {
        let middle = 0.5 * (self.front + self.back);
        let round = (1.0 - side * side).max(0.0).sqrt();
        let round = round + self.fullness * round * (1.0 - round);
        let z = if in_front { middle + (self.front - middle) * round } else { middle + (self.back - middle) * round };
        v3(self.width * side, y, z)
    }
}

/// Heights of the rows, `count` of them where the face has its features, fewer above and below.
fn rows(top: f32, bottom: f32, count: usize) -> Vec<f32> {
    let (brow, chin) = (15.0, bottom + 7.0);
    let above = (0..9).map(|i| {
        let t = i as f32 / 9.0;
        top + (brow - top) * t * (0.35 + 0.65 * t)
    });
    let face = (0..count).map(|i| brow + (chin - brow) * (i as f32 / count as f32));
    let below = (0..=6).map(|i| {
        let t = i as f32 / 6.0;
        chin + (bottom - chin) * t * (1.6 - 0.6 * t)
    });
    above.chain(face).chain(below).collect()
}

/// Places around a ring: over the front from the image's left, `half` to either side and closer in the middle, then back behind.
fn columns(half: usize) -> Vec<(f32, bool)> {
    let arc = |t: f32| sin_cos(f64::from(t) * std::f64::consts::FRAC_PI_2).0 as f32;
    let front = (0..=2 * half).map(|i| {
        let t = i as f32 / half as f32 - 1.0;
        (arc(t * (0.62 + 0.38 * t * t)), true)
    });
    let back = (1..10).map(|i| (-arc(i as f32 / 5.0 - 1.0), false));
    front.chain(back).collect()
}
