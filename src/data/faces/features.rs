//! The relief of the face: brow, eyes, nose, cheeks, lips and chin, as heights over the smooth head.

use super::head::Head;
use super::identity::Nose;
use super::maths::{bump, hill, mix, smooth};

/// Height over the head's smooth front at a place of the face, expression included.
pub(super) fn relief(head: &Head<'_>, x: f32, y: f32) -> f32 {
    if y > 30.0 {
        return 0.0;
    }
    let ax = x.abs();
    upper_face(head, ax, y) + nose(&head.person.nose, ax, y) + if y < -14.0 { lower_face(head, x, y) } else { 0.0 }
}

fn upper_face(head: &Head<'_>, ax: f32, y: f32) -> f32 {
    let (skull, eyes) = (&head.person.skull, &head.person.eyes);
    let lid = mix(0.5, 1.0, (head.face.eye_upper / 4.0).min(1.0));
    skull.brow_ridge * bump(ax, y, [13.0, head.person.brows.height], [18.0, 7.0])
        - skull.socket * bump(ax, y, [eyes.spacing - 1.0, 0.0], [13.5, 10.0])
        - 2.0 * bump(ax, y, [9.5, 2.0], [6.0, 7.0])
        + 3.4 * lid * bump(ax, y, [eyes.spacing, -0.2], [9.5, 6.5])
        + skull.cheekbone * bump(ax, y, [26.5, -14.0], [14.0, 11.0])
        - 1.8 * bump(ax, y, [39.0, 16.0], [14.0, 16.0])
}

/// The nose: a ridge from between the eyes to the tip, a round tip, two wings.
fn nose(nose: &Nose, ax: f32, y: f32) -> f32 {
    if ax > nose.width + 4.0 || y < nose.tip - 12.0 {
        return 0.0;
    }
    let top = 3.5;
    let t = (top - y) / (top - nose.tip);
    let height = if t <= 0.0 {
        nose.bridge * smooth(-0.55, 0.05, t)
    } else {
        let line = mix(nose.bridge, nose.depth, t.min(1.0) * (0.62 + 0.38 * t.min(1.0)));
        (line + nose.hump * hill(t - 0.42, 0.42)) * smooth(1.34, 1.02, t)
    };
    let width = 1.22 * mix(nose.ridge + 1.8, nose.width, smooth(0.1, 1.0, t));
    let cross = (1.0 - (ax / width) * (ax / width)).max(0.0);
    let ridge = height * cross * (0.3 + 0.7 * cross);
    let ball = nose.ball * bump(ax, y, [0.0, nose.tip + 0.5], [5.2, 5.0]);
    let wing = 5.2 * bump(ax, y, [nose.width * 0.74, nose.tip - 2.8], [4.6, 4.8]);
    ridge + ball + wing * (1.0 - 0.35 * cross)
}

fn lower_face(head: &Head<'_>, x: f32, y: f32) -> f32 {
    let (skull, mouth, face) = (&head.person.skull, &head.person.mouth, head.face);
    let ax = x.abs();
    let smile = face.smile.max(0.0);
    let cheeks = skull.cheek_fat * bump(ax, y, [25.0, -32.0], [15.0, 16.0]) + 2.6 * smile * bump(ax, y, [23.0, -20.0], [11.0, 10.0]);
    let muzzle = skull.muzzle * bump(ax, y, [0.0, face.mouth + 1.0], [21.0, 15.0]);
    let philtrum = -0.9 * bump(ax, y, [0.0, face.mouth + 8.0], [2.6, 6.0]);
    let fold_x = mix(head.person.nose.width + 1.0, face.mouth_half_width + 5.0, smooth(-20.0, face.mouth - 2.0, y));
    let fold = -(0.5 + 1.1 * smile + 0.7 * head.person.skin.wrinkles) * hill(ax - fold_x, 3.2) * hill(y + 30.0, 14.0);
    let u = (x / face.mouth_half_width).clamp(-1.0, 1.0);
    let along = (1.0 - u * u).max(0.0);
    let line = face.mouth_line(x);
    let upper = (1.0 + 0.45 * mouth.upper) * hill(y - line - 0.55 * mouth.upper, mouth.upper + 1.2) * along;
    let lower = (1.1 + 0.45 * mouth.lower) * hill(y - line + 0.55 * mouth.lower, mouth.lower + 1.2) * along;
    let seam = -1.5 * hill(y - line, 1.6) * along;
    let under = -2.2 * bump(ax, y, [0.0, face.mouth - mouth.lower - 5.0], [13.0, 4.5]);
    let chin =
        (2.2 + 0.5 * skull.chin_depth) * bump(ax, y, [0.0, -57.0], [13.0, 8.5]) - skull.cleft * bump(ax, y, [0.0, -57.0], [2.4, 6.0]);
    cheeks + muzzle + philtrum + fold + upper + lower + seam + under + chin
}
