//! What the expression does to the face's lengths: the numbers that both the relief and the painter read.

use super::identity::Identity;
use super::maths::{V3, smooth};
use super::sample::Setting;

/// A person's face in one expression.
#[derive(Debug, Clone)]
pub(super) struct Face {
    /// How far the lower lip and the chin have moved down.
    pub drop: f32,
    pub smile: f32,
    /// How far the brows have moved up.
    pub lift: f32,
    /// Frown, 0..1: brows drawn together.
    pub frown: f32,
    pub eye_upper: f32,
    pub eye_lower: f32,
    pub mouth_half_width: f32,
    /// Rise of the mouth's corners over its middle.
    pub corners: f32,
    pub mouth: f32,
    pub gaze: [f32; 2],
    pub glasses: bool,
}

impl Face {
    pub fn new(person: &Identity, setting: &Setting) -> Self {
        let expression = &setting.expression;
        let (smile, brows, eyes) = (expression.smile as f32, expression.brows as f32, expression.eyes as f32);
        let open = eyes * (1.0 - 0.22 * smile.max(0.0));
        Face {
            drop: 8.0 * expression.open as f32,
            smile,
            lift: if brows > 0.0 { 2.4 * brows } else { 1.6 * brows },
            frown: (-brows).max(0.0),
            eye_upper: person.eyes.upper * open * (1.0 + 0.12 * brows.max(0.0)),
            eye_lower: person.eyes.lower * (1.0 - 0.35 * smile.max(0.0)) * (0.4 + 0.6 * eyes),
            mouth_half_width: person.mouth.half_width * (1.0 + 0.17 * smile - 0.10 * expression.open as f32),
            corners: person.mouth.corners + 3.4 * smile,
            mouth: person.mouth.height - 0.3 * smile,
            gaze: setting.gaze,
            glasses: setting.glasses,
        }
    }

    /// Height of the line between the lips.
    pub fn mouth_line(&self, x: f32) -> f32 {
        let u = (x / self.mouth_half_width).clamp(-1.2, 1.2);
        self.mouth + self.corners * (u * u - 0.35)
    }

    /// Opening between the lips below that line.
    pub fn gap(&self, x: f32) -> f32 {
        let u = x / self.mouth_half_width;
        self.drop * (1.0 - u * u).max(0.0)
    }

    /// Moves a point of the closed face with the lower jaw: the lower lip by the gap, the chin by the whole drop.
    pub fn drop_jaw(&self, at: V3) -> V3 {
        let line = self.mouth_line(at.x);
        if self.drop <= 0.0 || at.y > line + 0.4 {
            return at;
        }
        let hinge = smooth(-62.0, -25.0, at.z);
        let lip = self.gap(at.x) * smooth(line + 0.4, line - 2.0, at.y);
        let chin = (self.drop * 0.9 - lip) * smooth(line, line - 13.0, at.y);
        let moved = (lip + chin.max(-lip)) * hinge;
        V3 { y: at.y - moved, z: at.z - 0.25 * moved, ..at }
    }
}
