//! Augments: random or fixed changes of one image, each a pure function of the image and of a named draw.
//!
//! What an augment drew can be replayed from (seed, sample, visit): it draws from `Draw::new(seed, "<name>").text(sample).number(visit)`;
//! the second of its kind in one chain adds `.number(1)`, the third `.number(2)`, so that two of a kind differ and adding another kind
//! reshuffles nobody.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides and pixels of images; values are rounded and clamped to a byte"
)]

mod affine;
mod blur;
mod choice;
mod crop;
mod cut_out;
pub mod flip;
mod jpeg;
mod low_resolution;
mod motion;
mod noise;
mod occlude;
mod rand_augment;
mod tone;

pub use affine::{Affine, Reading};
pub use blur::GaussianBlur;
pub use choice::{Chain, InAnyOrder, OneOf, Sometimes};
pub use crop::Crop;
pub use cut_out::CutOut;
pub use flip::Flip;
pub use jpeg::Jpeg;
pub use low_resolution::LowResolution;
pub use motion::MotionBlur;
pub use noise::GaussianNoise;
pub use occlude::Occlude;
pub use rand_augment::RandAugment;
pub use tone::{Brightness, Contrast, Grey, Hue, Saturation, Yiq};

use super::{DataError, image::Image};
use ddl_base::quantity::{Angle, Fraction, Interval};
use ddl_base::random::Draw;
use serde::{Deserialize, Serialize};

/// Any augment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Augment {
    /// A horizontal flip.
    Flip(Flip),
    /// A part of it, in its place or as large as the whole.
    Crop(Crop),
    /// Turned, scaled, shifted, sheared.
    Affine(Affine),
    /// Down to few pixels and up again.
    LowResolution(LowResolution),
    /// A Gaussian blur.
    GaussianBlur(GaussianBlur),
    /// The blur of something that moves.
    MotionBlur(MotionBlur),
    /// Noise of a sensor.
    GaussianNoise(GaussianNoise),
    /// JPEG compression and decompression.
    Jpeg(Jpeg),
    /// A rectangle of one colour over a part of the image.
    Occlude(Occlude),
    /// A square that is cut out.
    CutOut(CutOut),
    /// All values by a factor.
    Brightness(Brightness),
    /// The distance from the mean grey by a factor.
    Contrast(Contrast),
    /// The distance from the own grey by a factor.
    Saturation(Saturation),
    /// Hues turned.
    Hue(Hue),
    /// Hues turned and stretched in YIQ.
    Yiq(Yiq),
    /// Grey instead of colour.
    Grey(Grey),
    /// Changes of one strength, drawn from fourteen.
    RandAugment(RandAugment),
    /// Another one with some probability.
    Sometimes(Sometimes),
    /// One of several.
    OneOf(OneOf),
    /// All of several in a drawn order.
    InAnyOrder(InAnyOrder),
    /// Several, one after the other.
    Chain(Chain),
}

/// An augment that is applied to a whole table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// What happens.
    pub augment: Augment,
    /// How many fixed draws each sample has; `None` draws anew at each visit.
    pub versions: Option<u32>,
    /// The seed.
    pub seed: i64,
}

/// What samples of a table go through before anything else, in order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Treatment(pub Vec<Version>);

impl Treatment {
    /// This treatment, and then one more step.
    #[must_use]
    pub fn then(&self, step: &Version) -> Self {
        Treatment(self.0.iter().chain([step]).cloned().collect())
    }
}

/// What images of a draw go through, after what is done to their table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// All of them.
    pub augment: Option<Augment>,
    /// After that, the second ones of pairs that are one image twice: both then have the same draws of `augment`.
    pub second: Option<Augment>,
    /// The seed.
    pub seed: i64,
}

/// The draws of one visit of one sample, in the order in which its augments ask for them.
#[derive(Debug)]
pub struct Dice<'a> {
    seed: i64,
    sample: &'a str,
    visit: u64,
    thrown: Vec<(&'static str, u64)>,
}

impl<'a> Dice<'a> {
    /// The dice of visit `visit` of the sample of that path.
    pub fn new(seed: i64, sample: &'a str, visit: u64) -> Self {
        Dice { seed, sample, visit, thrown: Vec::new() }
    }

    /// The same dice under another seed and visit; what was thrown stays counted, so that equal seeds don't repeat a throw.
    pub(super) fn set(&mut self, seed: i64, visit: u64) {
        (self.seed, self.visit) = (seed, visit);
    }

    /// The next draw of an augment of this name.
    fn draw(&mut self, name: &'static str) -> Draw {
        let draw = Draw::new(self.seed, name).text(self.sample).number(self.visit);
        if let Some((_, times)) = self.thrown.iter_mut().find(|(thrown, _)| *thrown == name) {
            *times += 1;
            return draw.number(*times);
        }
        self.thrown.push((name, 0));
        draw
    }

    /// Whether a thing of this probability happens.
    fn happens(&mut self, name: &'static str, p: Fraction) -> bool {
        self.draw(name).unit() < p.0
    }

    /// A number drawn uniformly from an interval.
    fn within(&mut self, name: &'static str, interval: Interval<f64>) -> f64 {
        between(&self.draw(name), interval)
    }

    /// A whole number drawn uniformly from an interval, both ends included.
    fn whole(&mut self, name: &'static str, from: i64, to: i64) -> i64 {
        let choices = to.saturating_sub(from).saturating_add(1).max(1);
        from + (self.draw(name).unit() * choices as f64) as i64 // below `choices`, for unit() < 1 and choices < 2^53 in every range we allow
    }
}

/// A number of an interval by a draw.
fn between(draw: &Draw, interval: Interval<f64>) -> f64 {
    interval.from + (interval.to - interval.from) * draw.unit()
}

impl Augment {
    /// The image after this augment.
    pub fn apply(&self, image: Image, dice: &mut Dice<'_>) -> Image {
        match self {
            Augment::Flip(augment) => augment.apply(image, dice),
            Augment::LowResolution(augment) => augment.apply(image, dice),
            Augment::GaussianBlur(augment) => augment.apply(image, dice),
            Augment::Crop(augment) => augment.apply(image, dice),
            Augment::Affine(augment) => augment.apply(image, dice),
            Augment::MotionBlur(augment) => augment.apply(image, dice),
            Augment::GaussianNoise(augment) => augment.apply(image, dice),
            Augment::CutOut(augment) => augment.apply(image, dice),
            Augment::Saturation(augment) => augment.apply(image, dice),
            Augment::Hue(augment) => augment.apply(image, dice),
            Augment::Yiq(augment) => augment.apply(image, dice),
            Augment::RandAugment(augment) => augment.apply(image, dice),
            Augment::InAnyOrder(augment) => augment.apply(image, dice),
            Augment::Jpeg(augment) => augment.apply(image, dice),
            Augment::Occlude(augment) => augment.apply(image, dice),
            Augment::Brightness(augment) => augment.apply(image, dice),
            Augment::Contrast(augment) => augment.apply(image, dice),
            Augment::Grey(augment) => augment.apply(image, dice),
            Augment::Sometimes(augment) => augment.apply(image, dice),
            Augment::OneOf(augment) => augment.apply(image, dice),
            Augment::Chain(augment) => augment.apply(image, dice),
        }
    }

    /// An error if a value is out of its range, an interval upside down, a list empty.
    pub fn check(&self) -> Result<(), DataError> {
        match self {
            Augment::Flip(Flip { p }) => in_range("flip", "p", p.0, p.0, 1.0),
            Augment::Grey(Grey { p }) => in_range("grey", "p", p.0, p.0, 1.0),
            Augment::LowResolution(LowResolution { side, .. }) => {
                in_range("low_resolution", "side", f64::from(side.from.0) - 1.0, f64::from(side.to.0) - 1.0, 4095.0)
            }
            Augment::Crop(Crop { area, ratio, .. }) => in_range("crop", "area", area.from.0, area.to.0, 1.0)
                .and_then(|()| in_range("crop", "ratio", ratio.from - 0.01, ratio.to - 0.01, 99.99)),
            Augment::Affine(Affine { rotate, scale, shift, shear, .. }) => turns("affine", "rotate", *rotate, 180.0)
                .and_then(|()| in_range("affine", "scale", scale.from - 0.01, scale.to - 0.01, 99.99))
                .and_then(|()| in_range("affine", "shift", shift.0, shift.0, 1.0))
                .and_then(|()| turns("affine", "shear", *shear, 80.0)),
            Augment::GaussianBlur(GaussianBlur { sigma, window }) => {
                in_range("gaussian_blur", "sigma", sigma.from, sigma.to, 100.0)?;
                window.map_or(Ok(()), |window| in_range("gaussian_blur", "window", f64::from(window), f64::from(window), 999.0))
            }
            Augment::MotionBlur(MotionBlur { length, angle }) => {
                in_range("motion_blur", "length", f64::from(length.from.0) - 1.0, f64::from(length.to.0) - 1.0, 511.0)
                    .and_then(|()| turns("motion_blur", "angle", *angle, 360.0))
            }
            Augment::GaussianNoise(GaussianNoise { sigma }) => in_range("gaussian_noise", "sigma", sigma.from, sigma.to, 255.0),
            Augment::CutOut(CutOut { side, .. }) => {
                in_range("cut_out", "side", f64::from(side.from.0) - 1.0, f64::from(side.to.0) - 1.0, 4095.0)
            }
            Augment::Saturation(Saturation { by }) => in_range("saturation", "by", by.from, by.to, 10.0),
            Augment::Hue(Hue { by }) => turns("hue", "by", *by, 180.0),
            Augment::Yiq(Yiq { hue, saturation }) => {
                turns("yiq", "hue", *hue, 180.0).and_then(|()| in_range("yiq", "saturation", saturation.from, saturation.to, 10.0))
            }
            Augment::RandAugment(RandAugment { number, magnitude }) => {
                in_range("rand_augment", "number", f64::from(*number), f64::from(*number), 100.0).and_then(|()| {
                    in_range("rand_augment", "magnitude", f64::from(*magnitude), f64::from(*magnitude), f64::from(rand_augment::STRONGEST))
                })
            }
            Augment::Jpeg(Jpeg { quality }) => in_range("jpeg", "quality", quality.from as f64 - 1.0, quality.to as f64 - 1.0, 99.0),
            Augment::Occlude(Occlude { area, .. }) => in_range("occlude", "area", area.from.0, area.to.0, 1.0),
            Augment::Brightness(Brightness { by }) => in_range("brightness", "by", by.from, by.to, 10.0),
            Augment::Contrast(Contrast { by }) => in_range("contrast", "by", by.from, by.to, 10.0),
            Augment::Sometimes(Sometimes { augment, p }) => in_range("sometimes", "p", p.0, p.0, 1.0).and_then(|()| augment.check()),
            Augment::OneOf(OneOf { augments }) if augments.is_empty() => {
                Err(DataError::Argument { what: "one_of", why: "needs at least one augment".to_owned() })
            }
            Augment::OneOf(OneOf { augments }) | Augment::InAnyOrder(InAnyOrder { augments }) | Augment::Chain(Chain { augments }) => {
                augments.iter().try_for_each(Augment::check)
            }
        }
    }

    /// Whether it may mirror an image.
    pub fn mirrors(&self) -> bool {
        match self {
            Augment::Flip(_) => true,
            Augment::Sometimes(Sometimes { augment, .. }) => augment.mirrors(),
            Augment::OneOf(OneOf { augments }) | Augment::InAnyOrder(InAnyOrder { augments }) | Augment::Chain(Chain { augments }) => {
                augments.iter().any(Augment::mirrors)
            }
            Augment::LowResolution(_)
            | Augment::Crop(_)
            | Augment::Affine(_)
            | Augment::MotionBlur(_)
            | Augment::GaussianNoise(_)
            | Augment::CutOut(_)
            | Augment::Saturation(_)
            | Augment::Hue(_)
            | Augment::Yiq(_)
            | Augment::RandAugment(_)
            | Augment::GaussianBlur(_)
            | Augment::Jpeg(_)
            | Augment::Occlude(_)
            | Augment::Brightness(_)
            | Augment::Contrast(_)
            | Augment::Grey(_) => false,
        }
    }
}

/// An error unless `0 <= from <= to <= most`.
fn in_range(what: &'static str, field: &str, from: f64, to: f64, most: f64) -> Result<(), DataError> {
    if 0.0 <= from && from <= to && to <= most {
        Ok(())
    } else {
        Err(DataError::Argument { what, why: format!("{field} is out of range, or its ends are the wrong way round") })
    }
}

/// An error unless both angles lie within so many degrees either way, the first no larger than the second.
fn turns(what: &'static str, field: &str, of: Interval<Angle>, degrees: f64) -> Result<(), DataError> {
    let most = Angle::degrees(degrees).as_radians();
    in_range(what, field, of.from.as_radians() + most, of.to.as_radians() + most, 2.0 * most)
}

impl Treatment {
    /// The image after every step. `visit` is the sample's; a step with `versions = n` sees `visit mod n`.
    pub fn apply(&self, image: Image, dice: &mut Dice<'_>, visit: u64) -> Image {
        self.0.iter().fold(image, |image, step| {
            dice.set(step.seed, step.versions.map_or(visit, |versions| visit % u64::from(versions.max(1))));
            step.augment.apply(image, dice)
        })
    }

    /// Whether a step of it may mirror an image.
    pub fn mirrors(&self) -> bool {
        self.0.iter().any(|step| step.augment.mirrors())
    }

    /// How many different images a sample can become, when all its steps have fixed versions (their least common multiple).
    pub fn versions(&self) -> Option<u64> {
        self.0.iter().try_fold(1u64, |all, step| step.versions.map(|n| lcm(all, u64::from(n.max(1)))))
    }
}

/// The least common multiple.
pub fn lcm(a: u64, b: u64) -> u64 {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    (a / x).saturating_mul(b)
}

#[cfg(test)]
mod tests;
