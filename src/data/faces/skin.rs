//! Skin: tone, flush, freckles, moles, lines and beard.

use super::identity::{Beard, Identity};
use super::maths::{V3, blend, bump, hill, inside, length, mix, noise, off_beat, smooth, v3};
use super::paint::Paint;
use super::pose::Face;

/// The colour of bare skin at a place of the head.
pub(super) fn colour(person: &Identity, at: V3) -> V3 {
    let skin = &person.skin;
    let V3 { x, y, z } = at;
    let mottle = 0.94 + 0.12 * noise(x * 0.22 + 50.0, y * 0.22 + 0.1 * z, skin.seed);
    let mut tone = skin.tone * mottle;
    if z < -35.0 {
        return tone;
    }
    let ax = x.abs();
    let red = skin.flush * (0.7 * bump(ax, y, [24.0, -20.0], [15.0, 14.0]) + 0.7 * bump(ax, y, [0.0, person.nose.tip], [9.0, 8.0]));
    tone = tone.tint(v3(1.0 + 0.05 * red, 1.0 - 0.22 * red, 1.0 - 0.2 * red));
    if skin.freckles > 0.0 {
        let field = bump(ax, y, [13.0, -13.0], [24.0, 20.0]);
        let dot = smooth(0.68, 0.82, noise(x * 0.75, y * 0.75, skin.seed ^ 0x15));
        tone = blend(tone, tone.tint(v3(0.62, 0.48, 0.4)), skin.freckles * field * dot);
    }
    for mole in skin.moles.iter().filter(|mole| mole.radius > 0.0) {
        let (dx, dy) = (x - mole.at[0], y - mole.at[1]);
        let spot = inside(mole.radius - length(dx, dy), 0.7);
        tone = blend(tone, v3(0.075, 0.035, 0.022), 0.85 * spot);
    }
    tone
}

/// Lines of age and expression.
pub(super) fn lines(person: &Identity, face: &Face, x: f32, y: f32, paint: &mut Paint) {
    let (ax, wrinkles, smile) = (x.abs(), person.skin.wrinkles, face.smile.max(0.0));
    let fold_x = mix(person.nose.width + 1.5, face.mouth_half_width + 5.5, smooth(-21.0, face.mouth - 2.0, y));
    let fold = hill(ax - fold_x, 1.7) * hill(y + 30.0, 12.0) * (0.06 + 0.3 * wrinkles + 0.26 * smile);
    let mut dark = fold;
    if y > 14.0 {
        let raised = 0.35 * (face.lift / 2.4).max(0.0);
        let furrow = hill(off_beat(y - 22.0 + 0.004 * x * x, 6.5), 1.1) * smooth(30.0, 12.0, ax) * smooth(16.0, 19.0, y);
        dark += furrow * (0.26 * wrinkles + raised * (0.3 + wrinkles));
    }
    if y.abs() < 8.0 && ax > 24.0 {
        let crow = hill(off_beat(y - 0.25 * (ax - 26.0), 3.0), 0.8) * hill(ax - 31.0, 5.0);
        dark += crow * wrinkles * (0.18 + 0.25 * smile);
    }
    if face.frown > 0.0 && ax < 5.0 {
        dark += face.frown * 0.4 * hill(ax - 2.6, 1.0) * hill(y - 10.0, 6.0);
    }
    let dark = dark.min(0.6);
    paint.colour = paint.colour.tint(v3(1.0 - 0.8 * dark, 1.0 - dark, 1.0 - dark));
}

/// Facial hair.
pub(super) fn beard(person: &Identity, face: &Face, x: f32, y: f32, paint: &mut Paint) {
    let skin = &person.skin;
    if skin.beard <= 0.0 || y > -8.0 {
        return;
    }
    let amount = field(skin.beard_style, face, x, y);
    if amount <= 0.0 {
        return;
    }
    let hairs = 0.72 + 0.5 * noise(x * 1.1, y * 0.8, skin.seed ^ 0x21);
    let opacity = (amount * skin.beard * hairs).clamp(0.0, 1.0);
    paint.colour = blend(paint.colour, person.hair.colour * (0.75 + 0.3 * hairs), opacity);
    paint.gloss *= 1.0 - opacity;
}

/// Where a beard grows: 0..1.
fn field(style: Beard, face: &Face, x: f32, y: f32) -> f32 {
    let ax = x.abs();
    let below = y - face.mouth;
    let moustache = inside(1.0 - length(ax / 16.0, (below - 5.0 + 0.02 * ax * ax) / 4.2), 0.25);
    let chin = inside(1.0 - length(ax / 15.0, (below + 13.0) / 14.0), 0.25);
    let jaw = smooth(-2.0, 6.0, -14.0 - 0.55 * (30.0 - ax) * smooth(32.0, 12.0, ax) - y) * smooth(20.0, 26.0, ax + 0.35 * (-30.0 - y));
    match style {
        Beard::None => 0.0,
        Beard::Moustache => moustache,
        Beard::Goatee => moustache.max(chin),
        Beard::Shadow | Beard::Full => moustache.max(chin).max(jaw),
    }
}
