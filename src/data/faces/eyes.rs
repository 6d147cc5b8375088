//! Eyes and brows as they are painted on the face.

use super::identity::Identity;
use super::maths::{blend, hill, inside, length, mix, noise, smooth, v3};
use super::paint::Paint;
use super::pose::Face;

/// A place near an eye, in that eye's own frame: outwards and up from its middle, with the height of its lids there.
struct Lids {
    out: f32,
    up: f32,
    /// Place along the eye, -1 inner corner, 1 outer corner.
    along: f32,
    top: f32,
    bottom: f32,
}

impl Lids {
    fn new(person: &Identity, face: &Face, x: f32, y: f32) -> Self {
        let eyes = &person.eyes;
        let out = x.abs() - eyes.spacing;
        let up = y - eyes.tilt * out;
        let along = out / eyes.half_width;
        let arch = (1.0 - along * along).max(0.0);
        let top = face.eye_upper * arch.sqrt() * (0.45 + 0.55 * arch) * (1.0 - 0.14 * along);
        let bottom = -face.eye_lower * arch * (1.0 + 0.22 * along);
        Lids { out, up, along, top, bottom }
    }

    /// How far a place lies between the lids: 0..1.
    fn between(&self) -> f32 {
        inside(self.top - self.up, 0.8) * inside(self.up - self.bottom, 0.8) * inside(1.0 - self.along.abs(), 0.08)
    }
}

/// Whether a place of the face lies between the lids of an eye.
#[cfg(test)]
pub(super) fn is_eye(person: &Identity, face: &Face, x: f32, y: f32) -> bool {
    Lids::new(person, face, x, y).between() > 0.5
}

/// Paints eyes and brows over the skin.
pub(super) fn paint(person: &Identity, face: &Face, x: f32, y: f32, paint: &mut Paint) {
    if y > 3.5 {
        brows(person, face, x, y, paint);
    }
    let lids = Lids::new(person, face, x, y);
    if lids.along.abs() > 1.6 || lids.up.abs() > 11.0 {
        return;
    }
    shades(person, &lids, paint);
    let open = lids.between();
    if open > 0.0 {
        ball(person, face, &lids, x, open, paint);
    }
    lashes(person, &lids, paint);
}

/// Crease of the upper lid, shade in the inner corner, bags.
fn shades(person: &Identity, lids: &Lids, paint: &mut Paint) {
    let eyes = &person.eyes;
    let near = smooth(1.5, 1.0, lids.along.abs());
    let crease = hill(lids.up - lids.top - eyes.crease - 0.4 * lids.along, 1.3) * near;
    let corner = hill(lids.out + eyes.half_width + 2.0, 5.0) * hill(lids.up, 5.0);
    let bag = hill(lids.up - lids.bottom + 3.6, 2.4) * smooth(1.2, 0.5, lids.along.abs());
    let dark = 0.34 * crease + 0.22 * corner + 0.5 * eyes.bags * bag;
    paint.colour = paint.colour.tint(v3(1.0 - 0.8 * dark, 1.0 - dark, 1.0 - dark));
}

/// The white, the iris and the pupil.
fn ball(person: &Identity, face: &Face, lids: &Lids, x: f32, open: f32, paint: &mut Paint) {
    let eyes = &person.eyes;
    let side = if x < 0.0 { -1.0 } else { 1.0 };
    let (dx, dy) = (lids.out - side * face.gaze[0], lids.up - 0.35 - face.gaze[1]);
    let from_pupil = length(dx, dy);
    let shade = mix(0.55, 1.0, smooth(-0.3, 2.2, lids.top - lids.up)) * (1.0 - 0.35 * lids.along * lids.along);
    let white = v3(0.62, 0.56, 0.53) * shade;
    let ray = 0.75 + 0.5 * noise(dx * 3.0 + 9.0, dy * 3.0, 3);
    let rim = smooth(eyes.iris - 1.2, eyes.iris, from_pupil);
    let iris = eyes.colour * (shade * ray * (1.0 - 0.7 * rim));
    let mut colour = blend(white, iris, inside(eyes.iris - from_pupil, 0.7));
    colour = blend(colour, v3(0.004, 0.004, 0.004), inside(1.35 - from_pupil, 0.6));
    let glint = inside(0.75 - ((dx - 1.0 * side).abs().max((dy - 1.1).abs())), 0.6);
    colour = blend(colour, v3(0.85, 0.85, 0.85), 0.75 * glint);
    let corner = inside(-0.86 - lids.along, 0.2);
    colour = blend(colour, v3(0.42, 0.2, 0.17), corner);
    paint.colour = blend(paint.colour, colour, open);
    paint.gloss = mix(paint.gloss, 0.1, open);
    paint.open = mix(paint.open, 0.85, open);
}

fn lashes(person: &Identity, lids: &Lids, paint: &mut Paint) {
    let ends = smooth(1.18, 0.92, lids.along.abs());
    let upper = inside(0.95 - (lids.up - lids.top - 0.25).abs() * 1.25, 0.9) * ends * person.eyes.lashes;
    let lower = inside(0.5 - (lids.up - lids.bottom).abs(), 0.8) * ends * 0.4 * person.eyes.lashes;
    let dark = (upper + lower).clamp(0.0, 1.0);
    paint.colour = blend(paint.colour, v3(0.012, 0.009, 0.008), dark);
    paint.gloss *= 1.0 - dark;
}

fn brows(person: &Identity, face: &Face, x: f32, y: f32, paint: &mut Paint) {
    let brows = &person.brows;
    let inner = brows.inner - 1.5 * face.frown;
    let t = (x.abs() - inner) / (brows.outer - inner);
    if !(-0.15..=1.15).contains(&t) {
        return;
    }
    let rise = brows.tilt * t + brows.arch * (1.0 - (t - 0.62) * (t - 0.62) / 0.3844) - 3.2 * (t - 0.72).max(0.0);
    let middle = brows.height + face.lift - 2.2 * face.frown * (1.0 - t).max(0.0) + rise;
    let half = brows.thickness * (1.0 - 0.62 * smooth(0.45, 1.05, t)) * mix(0.85, 1.1, smooth(0.0, 0.3, t));
    let hairs = 0.7 + 0.6 * noise(x * 1.4 + 2.0 * y, y * 0.9, person.hair.seed);
    let body = inside(half - (y - middle).abs(), 1.1) * smooth(-0.06, 0.08, t) * smooth(1.08, 0.92, t);
    let amount = (body * brows.density * hairs).clamp(0.0, 1.0);
    paint.colour = blend(paint.colour, brows.colour, amount);
    paint.gloss *= 1.0 - amount;
}
