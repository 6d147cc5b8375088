//! Faces drawn by the program itself: people who don't exist, seen from known directions.
//!
//! ```text
//!  seed, identity ──person──▶ Identity ─┐                      ┌─▶ camera (pose, landmarks, alignment) ─┐
//!                                       ├─ head, features, hair, parts ─▶ Mesh                           ├─ raster ─▶ hits
//!  seed, path ─────sample───▶ Setting ──┘                      └─▶ light (shadow map)                    │      │
//!                                                       eyes, mouth, skin ─▶ paint ─────────────────────┘  scene ─▶ bytes
//! ```
//!
//! A head is a mesh of some 8,000 vertices that the person's parameters and the expression deform; it is turned, cast into a
//! z-buffer and lit, so that a profile really hides the far half of the face. The crop is aligned as a landmark detector does it:
//! the similarity that brings the five projected landmarks, each a little off, closest to the template of the field.
//!
//! Skin, light, exposure, white balance, background, expression, glasses and the fall of the hair vary from image to image.
//! An image is a pure function of its set's seed and its path; the arithmetic is IEEE 754's exact operations only (no `sin` or
//! `exp` of the platform), so the same bytes come out on every machine and on any number of threads.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "places and shades of small drawn pictures"
)]

mod camera;
mod dice;
mod eyes;
mod features;
mod hair;
mod head;
mod identity;
mod light;
mod maths;
mod mesh;
mod mouth;
mod paint;
mod parts;
mod person;
mod pose;
mod raster;
mod sample;
mod scene;
mod skin;
#[cfg(test)]
mod tests;

use sample::{Expression, Light};

use ddl_base::quantity::{Angle, Interval, Pixels};
use ddl_base::random::Draw;
use identity::Identity;
use sample::Setting;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Yaws go no further than this to either side.
pub const MAX_YAW: Angle = Angle::degrees(90.0);
/// The smallest and the largest image.
pub const SIZES: Interval<Pixels> = Interval { from: Pixels(16), to: Pixels(1024) };

/// A set of drawn faces that can't be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FaceSetError {
    /// No identities, or no images of each.
    #[error("a set of drawn faces needs at least one identity and one image of each, not {identities} x {images}")]
    Empty {
        /// Asked for.
        identities: u32,
        /// Asked for, of each identity.
        images: u32,
    },
    /// A yaw beyond the profile, or an interval that ends before it begins.
    #[error("yaw goes from -90deg to 90deg, lower end first, not {0}")]
    Yaw(Interval<Angle>),
    /// A size outside [`SIZES`].
    #[error("drawn faces are {SIZES} wide, not {0}")]
    Size(Pixels),
}

/// A set of drawn faces: `identities` people with `images` images each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct FaceSet {
    identities: u32,
    images: u32,
    yaw: Interval<Angle>,
    size: Pixels,
    seed: i64,
}

/// A [`FaceSet`] as it is written down, before its ranges are checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    identities: u32,
    images: u32,
    yaw: Interval<Angle>,
    size: Pixels,
    seed: i64,
}

impl TryFrom<Unchecked> for FaceSet {
    type Error = FaceSetError;
    fn try_from(raw: Unchecked) -> Result<Self, FaceSetError> {
        FaceSet::new(raw.identities, raw.images, raw.yaw, raw.size, raw.seed)
    }
}

/// What is known of an image without drawing it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaceSample {
    /// `id_0001` for the first person.
    pub identity: String,
    /// `id_0001/0003.png` for the third image of the first person. There is no such file.
    pub path: String,
    /// How far the face is turned: positive to the image's right.
    pub yaw: Angle,
    /// How far the face looks up (positive) or down.
    pub pitch: Angle,
    /// Roll before alignment, which takes most of it out.
    pub roll: Angle,
    /// The key light.
    pub light: Light,
    /// What the face does.
    pub expression: Expression,
    /// Whether the person wears glasses on this image.
    pub glasses: bool,
}

impl FaceSet {
    /// A set of faces whose yaw is uniform in an interval, drawn `size` pixels wide and high.
    pub fn new(identities: u32, images: u32, yaw: Interval<Angle>, size: Pixels, seed: i64) -> Result<Self, FaceSetError> {
        if identities == 0 || images == 0 {
            return Err(FaceSetError::Empty { identities, images });
        }
        let ordered = -MAX_YAW.as_radians() <= yaw.from.as_radians() && yaw.from <= yaw.to && yaw.to <= MAX_YAW;
        if !ordered {
            return Err(FaceSetError::Yaw(yaw));
        }
        if !(SIZES.from..=SIZES.to).contains(&size) {
            return Err(FaceSetError::Size(size));
        }
        Ok(FaceSet { identities, images, yaw, size, seed })
    }

    /// How many images there are in all; indices run below this, image by image, person by person.
    pub fn len(&self) -> u64 {
        u64::from(self.identities) * u64::from(self.images)
    }

    /// Always false: a set has at least one image.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Number of people.
    pub fn identities(&self) -> u32 {
        self.identities
    }

    /// Number of images of each person.
    pub fn images(&self) -> u32 {
        self.images
    }

    /// The interval that yaws are drawn from.
    pub fn yaw(&self) -> Interval<Angle> {
        self.yaw
    }

    /// Width and height of each image.
    pub fn size(&self) -> Pixels {
        self.size
    }

    /// The seed that names people and images.
    pub fn seed(&self) -> i64 {
        self.seed
    }

    /// What is known of an image without drawing it; `None` beyond the end.
    pub fn describe(&self, index: u64) -> Option<FaceSample> {
        let name = self.name(index)?;
        let person = self.person(&name);
        Some(self.described(name, &person))
    }

    fn described(&self, name: Name, person: &Identity) -> FaceSample {
        let Setting { yaw, pitch, roll, light, expression, glasses, .. } = self.setting(&name, person);
        FaceSample { identity: name.identity, path: name.path, yaw, pitch, roll, light, expression, glasses }
    }

    /// How far the face of an image is turned, as [`FaceSet::describe`] tells it without making the person; `None` beyond the end.
    pub fn yaw_of(&self, index: u64) -> Option<Angle> {
        Some(sample::yaw(&self.draw_of(&self.path(index)?), self.yaw))
    }

    /// How far the face of an image looks up or down, likewise.
    pub fn pitch_of(&self, index: u64) -> Option<Angle> {
        Some(sample::pitch(&self.draw_of(&self.path(index)?)))
    }

    /// Draws an image: `size * size * 3` bytes, row by row, red green blue; `None` beyond the end.
    pub fn render(&self, index: u64) -> Option<Vec<u8>> {
        let name = self.name(index)?;
        let person = self.person(&name);
        Some(scene::render(&person, &self.setting(&name, &person), self.size.0 as usize))
    }

    /// What person number `person` (from 0) is called.
    pub fn identity(person: u32) -> String {
        format!("id_{:04}", u64::from(person) + 1)
    }

    /// The path of an image; `None` beyond the end.
    pub fn path(&self, index: u64) -> Option<String> {
        let (person, image) = self.place(index)?;
        Some(format!("id_{:04}/{:04}.png", person + 1, image + 1))
    }

    /// The image of a path.
    pub fn index(&self, path: &str) -> Option<u64> {
        let (person, image) = path.strip_prefix("id_")?.strip_suffix(".png")?.split_once('/')?;
        let [person, image] = [person, image].map(|number| number.parse::<u64>().ok()?.checked_sub(1));
        let index = person?.checked_mul(u64::from(self.images))?.checked_add(image?)?;
        (self.path(index).as_deref() == Some(path)).then_some(index)
    }

    /// The order of two images' paths by their bytes: as decimal digits of four or more, since `/` and `.` come before all digits.
    pub fn compare(&self, one: u64, other: u64) -> Ordering {
        let key = |index: u64| self.place(index).map(|(person, image)| (Digits::new(person + 1), Digits::new(image + 1)));
        key(one).cmp(&key(other))
    }

    /// The person and the image's number of theirs, from 0.
    fn place(&self, index: u64) -> Option<(u64, u64)> {
        (index < self.len()).then(|| (index / u64::from(self.images), index % u64::from(self.images)))
    }

    fn name(&self, index: u64) -> Option<Name> {
        let (person, _) = self.place(index)?;
        Some(Name { identity: Self::identity(person as u32), path: self.path(index)? })
    }

    fn person(&self, name: &Name) -> Identity {
        Identity::new(Draw::new(self.seed, "face").text(&name.identity))
    }

    fn setting(&self, name: &Name, person: &Identity) -> Setting {
        Setting::new(self.draw_of(&name.path), person, self.yaw)
    }

    /// What an image's setting is drawn from.
    fn draw_of(&self, path: &str) -> Draw {
        Draw::new(self.seed, "face image").text(path)
    }
}

/// The name of an image; its people and settings are drawn from it, so a larger set begins with the same images.
struct Name {
    identity: String,
    path: String,
}

/// The decimal digits of a number, four or more: in the order of their bytes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Digits {
    /// Zero behind the last.
    digits: [u8; 20],
}

impl Digits {
    fn new(number: u64) -> Self {
        let mut digits = [0; 20];
        let count = number.checked_ilog10().map_or(1, |log| log as usize + 1).max(4);
        let mut rest = number;
        for digit in digits[..count].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        Digits { digits }
    }
}
