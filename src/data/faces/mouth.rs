//! Lips, teeth and the dark behind them.

use super::identity::Identity;
use super::maths::{blend, hill, inside, smooth, v3};
use super::paint::Paint;
use super::pose::Face;

/// Paints the mouth over the skin.
pub(super) fn paint(person: &Identity, face: &Face, x: f32, y: f32, paint: &mut Paint) {
    let mouth = &person.mouth;
    let u = x / face.mouth_half_width;
    if u.abs() > 1.25 {
        return;
    }
    let along = (1.0 - u * u).max(0.0);
    let line = face.mouth_line(x);
    let gap = face.gap(x);
    let stretch = 1.0 - 0.18 * face.smile.max(0.0);
    let bow = 1.0 - 0.34 * mouth.bow * hill(u, 0.17) + 0.22 * mouth.bow * hill(u.abs() - 0.26, 0.22);
    let top = line + mouth.upper * stretch * along * bow * (1.35 - 0.35 * along);
    let bottom = line - gap - mouth.lower * stretch * along * (1.3 - 0.3 * along);
    let lips = inside(top - y, 1.0) * inside(y - bottom, 1.0) * inside(1.0 - u.abs(), 0.06);
    let lower = inside(line - gap - y, 0.8);
    let colour = mouth.colour * (0.86 + 0.2 * lower);
    paint.colour = blend(paint.colour, colour, 0.88 * lips);
    paint.gloss += 0.10 * lips * lower;
    inner(face, u, y, line, gap, paint);
    let seam = inside(0.42 - (y - line).abs(), 0.8) * smooth(1.12, 0.9, u.abs());
    let corner = hill((u.abs() - 1.02) * face.mouth_half_width, 2.0) * hill(y - line, 1.8);
    let dark = (0.75 * seam + 0.45 * corner).min(1.0);
    paint.colour = blend(paint.colour, mouth.colour.tint(v3(0.25, 0.16, 0.16)), dark);
}

/// Teeth and the dark between open lips.
fn inner(face: &Face, u: f32, y: f32, line: f32, gap: f32, paint: &mut Paint) {
    let hole = inside(line - y, 0.7) * inside(y - line + gap, 0.7);
    if gap < 0.3 || hole <= 0.0 {
        return;
    }
    let teeth = (0.8 + 2.6 * face.smile.max(0.0)).min(0.8 * gap);
    let row = inside(y - line + teeth, 0.7) * smooth(0.95, 0.7, u.abs());
    let tooth = v3(0.58, 0.53, 0.46) * (1.0 - 0.45 * u * u);
    let colour = blend(v3(0.035, 0.011, 0.010), tooth, row);
    paint.colour = blend(paint.colour, colour, hole);
    paint.gloss *= 1.0 - hole;
    paint.open = 1.0 - hole * (1.0 - 0.75);
}
