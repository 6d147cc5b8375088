//! The z-buffer: which triangle each sample of the image shows, and where in it.

use super::maths::{V3, floor, noise};
use super::mesh::{Material, Mesh, Triangle, Vertex};

/// No triangle.
pub(super) const NOTHING: u32 = u32::MAX;

/// What one sample shows: the nearest triangle, and its second and third barycentric coordinates there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub depth: f32,
    pub triangle: u32,
    pub b: f32,
    pub c: f32,
}

/// Hair below this height hangs free and shows its inside too.
const LOOSE: f32 = -8.0;
const FAR: Hit = Hit { depth: f32::NEG_INFINITY, triangle: NOTHING, b: 0.0, c: 0.0 };

/// Draws triangles of a mesh whose vertices lie at `points` (samples right and down, larger depth is nearer) into `side` x `side`
/// samples. Closed surfaces lose their back faces; loose hair and frames are seen from both sides.
pub(super) fn draw(mesh: &Mesh, triangles: &[Triangle], points: &[V3], side: usize) -> Vec<Hit> {
    let mut hits = vec![FAR; side * side];
    for (index, triangle) in triangles.iter().enumerate() {
        let [a, b, c] = triangle.corners.map(|corner| points[corner as usize]);
        let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
        let strands = match triangle.material {
            Material::Hair => Some(triangle.corners.map(|corner| &mesh.vertices[corner as usize])),
            Material::Frame | Material::Skin | Material::Ear | Material::Neck => None,
        };
        let both = match strands {
            Some([first, ..]) => first.at.y < LOOSE,
            None => triangle.material == Material::Frame,
        };
        if area == 0.0 || (area > 0.0 && !both) || strands.is_some_and(|corners| corners.iter().all(|vertex| vertex.cover < -2.0)) {
            continue;
        }
        let strands = strands.filter(|corners| corners.iter().any(|vertex| vertex.cover < 3.0));
        fill([a, b, c], 1.0 / area, strands, index as u32, side, &mut hits);
    }
    hits
}

/// Fills one triangle; where hair runs out, `strands` are its corners and decide sample by sample.
fn fill([a, b, c]: [V3; 3], scale: f32, strands: Option<[&Vertex; 3]>, triangle: u32, side: usize, hits: &mut [Hit]) {
    let end = side as i32;
    let left = (floor(a.x.min(b.x).min(c.x) - 0.5) + 1).max(0);
    let right = (floor(a.x.max(b.x).max(c.x) - 0.5) + 1).min(end);
    let top = (floor(a.y.min(b.y).min(c.y) - 0.5) + 1).max(0);
    let bottom = (floor(a.y.max(b.y).max(c.y) - 0.5) + 1).min(end);
    if left >= right {
        return;
    }
    let (step_b, step_c) = ((c.y - a.y) * scale, (a.y - b.y) * scale);
    for row in top..bottom {
        let (right_of_a, below_a) = (left as f32 + 0.5 - a.x, row as f32 + 0.5 - a.y);
        let mut second = ((c.y - a.y) * right_of_a - (c.x - a.x) * below_a) * scale;
        let mut third = ((b.x - a.x) * below_a - (b.y - a.y) * right_of_a) * scale;
        let start = row as usize * side;
        for hit in &mut hits[start + left as usize..start + right as usize] {
            if second >= 0.0 && third >= 0.0 && second + third <= 1.0 {
                let depth = a.z + (b.z - a.z) * second + (c.z - a.z) * third;
                if depth > hit.depth && strands.is_none_or(|corners| has_strand(corners, second, third)) {
                    *hit = Hit { depth, triangle, b: second, c: third };
                }
            }
            second += step_b;
            third += step_c;
        }
    }
}

/// Whether hair covers the point with the barycentric coordinates `b`, `c` between three vertices: a ragged edge where the cover
/// runs out.
fn has_strand(corners: [&Vertex; 3], b: f32, c: f32) -> bool {
    let between = |[p, q, r]: [f32; 3]| p + (q - p) * b + (r - p) * c;
    let around = between(corners.map(|vertex| vertex.around));
    let ragged = 1.6 * noise(around * 26.0, 0.5, 11) + 1.6 * noise(around * 90.0, 0.5, 12) - 1.6;
    between(corners.map(|vertex| vertex.cover)) + ragged > 0.0
}
