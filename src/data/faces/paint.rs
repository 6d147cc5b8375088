//! The colours of every material at a place of the head.

use super::eyes;
use super::identity::{Cut, Identity, Mole};
use super::maths::{V3, blend, bump, hill, inside, length, mix, noise, smooth, v3};
use super::mesh::Material;
use super::mouth;
use super::pose::Face;
use super::skin;

/// The colour of a surface and how it throws light back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    /// Reflected part of the light, linear, per channel.
    pub colour: V3,
    /// Strength of the highlight.
    pub gloss: f32,
    /// How narrow the highlight is: its exponent is 2 to this power.
    pub polish: u32,
    /// Part of the surrounding light that reaches a place in a hollow.
    pub open: f32,
    /// How far light creeps round the terminator inside the material.
    pub soft: f32,
}

impl Paint {
    /// The mean of paints of one material, each with the same `share`.
    pub fn mean(paints: impl Iterator<Item = Paint>, share: f32) -> Paint {
        let mut mean = Paint { colour: V3::default(), gloss: 0.0, polish: 0, open: 0.0, soft: 0.0 };
        for paint in paints {
            mean.colour = mean.colour + paint.colour * share;
            mean.gloss += paint.gloss * share;
            mean.open += paint.open * share;
            mean.soft += paint.soft * share;
            mean.polish = paint.polish;
        }
        mean
    }
}

/// A place on a surface, in head space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub at: V3,
    pub cover: f32,
    pub around: f32,
}

/// Paints one person in one expression.
pub(super) struct Painter<'a> {
    pub person: &'a Identity,
    pub face: &'a Face,
    pub cloth: V3,
}

impl Painter<'_> {
    pub fn paint(&self, material: Material, place: Place) -> Paint {
        match material {
            Material::Skin => self.face(place),
            Material::Ear => self.ear(place),
            Material::Neck => self.neck(place),
            Material::Hair => self.hair(place),
            Material::Frame => Paint { colour: self.person.glasses.colour, gloss: 0.35, polish: 5, open: 1.0, soft: 0.0 },
        }
    }

    /// Whether a place's paint changes little within a pixel.
    pub fn is_plain(&self, material: Material, at: V3) -> bool {
        match material {
            Material::Skin => {
                let (ax, y) = (at.x.abs(), at.y);
                let eyes = y > -8.0 && y < 17.0 && ax < 33.0;
                let nose = y <= -8.0 && ax < self.person.nose.width + 4.0;
                let mouth = (y - self.face.mouth + 3.0).abs() < 13.0 && ax < 22.0;
                let mole = |mole: &Mole| (at.x - mole.at[0]).abs() < 2.5 && (y - mole.at[1]).abs() < 2.5 && mole.radius > 0.0;
                at.z < -40.0 || !(eyes || nose || mouth || self.person.skin.moles.iter().any(mole))
            }
            Material::Ear | Material::Neck | Material::Hair => true,
            Material::Frame => false,
        }
    }

    fn skin(&self, colour: V3) -> Paint {
        Paint { colour, gloss: self.person.skin.gloss, polish: 4, open: 1.0, soft: 0.22 }
    }

    fn face(&self, place: Place) -> Paint {
        let V3 { x, y, z } = place.at;
        let mut paint = self.skin(skin::colour(self.person, place.at));
        if z < -40.0 {
            return self.stubble(paint, place);
        }
        paint.open = self.hollows(x, y);
        skin::lines(self.person, self.face, x, y, &mut paint);
        skin::beard(self.person, self.face, x, y, &mut paint);
        if y > -14.0 && y < 24.0 {
            eyes::paint(self.person, self.face, x, y, &mut paint);
        } else if y < self.face.mouth + 12.0 {
            mouth::paint(self.person, self.face, x, y, &mut paint);
        }
        self.nostrils(x, y, &mut paint);
        self.stubble(paint, place)
    }

    /// Part of the surrounding light that reaches a place of the face.
    fn hollows(&self, x: f32, y: f32) -> f32 {
        let (ax, nose) = (x.abs(), &self.person.nose);
        let eye = 0.35 * bump(ax, y, [self.person.eyes.spacing - 4.0, 2.0], [12.0, 9.0]);
        let under_nose = 0.4 * bump(ax, y, [0.0, nose.tip - 6.5], [nose.width + 2.0, 4.5]);
        let beside_nose = 0.25 * bump(ax, y, [nose.width + 1.2, nose.tip - 2.0], [3.0, 7.0]);
        let lip = self.face.mouth - self.person.mouth.lower - self.face.drop - 3.5;
        let under_lip = 0.22 * bump(ax, y, [0.0, lip], [11.0, 3.5]);
        1.0 - (eye + under_nose + beside_nose + under_lip).min(0.7)
    }

    fn nostrils(&self, x: f32, y: f32, paint: &mut Paint) {
        let nose = &self.person.nose;
        let (cx, cy) = (0.46 * nose.width, nose.tip - 5.0);
        let (dx, dy) = ((x.abs() - cx) / (2.4 * nose.nostrils), (y - cy + 0.25 * (x.abs() - cx)) / (1.35 * nose.nostrils));
        let hole = inside(1.0 - length(dx, dy), 0.7);
        if hole > 0.0 {
            paint.colour = blend(paint.colour, self.person.skin.tone.tint(v3(0.16, 0.08, 0.07)), 0.85 * hole);
            paint.gloss *= 1.0 - hole;
        }
        let from_wing = length(x.abs() - nose.width - 0.3, 0.4 * (y - nose.tip + 2.6));
        let wing = hill(from_wing, 1.5);
        paint.colour = paint.colour * (1.0 - 0.28 * wing);
    }

    fn ear(&self, place: Place) -> Paint {
        let (v, u) = (place.cover, place.around);
        let mut paint = self.skin(self.person.skin.tone.tint(v3(1.04, 0.92, 0.9)));
        let bowl = bump(u, v, [-0.25, -0.1], [0.55, 0.6]);
        let groove = hill(length(u, 0.95 * v) - 0.72, 0.14);
        paint.open = 1.0 - 0.6 * bowl - 0.25 * groove;
        paint.colour = paint.colour * (1.0 - 0.35 * bowl - 0.2 * groove);
        paint
    }

    fn neck(&self, place: Place) -> Paint {
        let V3 { x, y, .. } = place.at;
        let collar = -88.0 + 0.012 * x * x;
        if y < collar {
            return Paint { colour: self.cloth, gloss: 0.0, polish: 1, open: smooth(-3.0, 4.0, collar - y) * 0.5 + 0.5, soft: 0.0 };
        }
        let mut paint = self.skin(self.person.skin.tone * 0.93);
        paint.open = mix(0.3, 0.75, smooth(-50.0, -85.0, y));
        paint
    }

    fn hair(&self, place: Place) -> Paint {
        let hair = &self.person.hair;
        let V3 { x, y, z } = place.at;
        let strands = noise(place.around * 30.0 + 0.02 * y, 0.05 * (y + z), hair.seed) * 0.6
            + noise(place.around * 75.0, 0.09 * (y - z), hair.seed ^ 5) * 0.4;
        let locks = noise(x * 0.35 + 70.0, (y + 0.7 * z) * 0.35, hair.seed ^ 9);
        let texture = mix(strands, locks, hair.curl);
        let edge = smooth(-2.0, 4.0, place.cover);
        let colour = hair.colour * (0.45 + 1.1 * texture);
        let gloss = (0.02 + 0.10 * texture) * (1.0 - 0.6 * hair.curl);
        Paint {
            colour: blend(self.person.skin.tone * 0.6, colour, mix(0.7, 1.0, edge)),
            gloss,
            polish: 3,
            open: mix(0.55, 1.0, texture),
            soft: 0.1,
        }
    }

    /// The roots of cropped hair show through at its edge.
    fn stubble(&self, mut paint: Paint, place: Place) -> Paint {
        let hair = &self.person.hair;
        let amount = match hair.cut {
            Cut::Bald => 0.0,
            Cut::Cropped => 0.45,
            Cut::Short | Cut::Bob | Cut::Long => 0.3,
        };
        let near = smooth(hair.line - 5.0, hair.line + 6.0, place.at.y + 0.012 * place.at.x * place.at.x);
        paint.colour = blend(paint.colour, hair.colour, amount * near);
        paint
    }
}
