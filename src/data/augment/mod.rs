//! Augments: random or fixed changes of one image, each a pure function of the image and of a named draw.
//!
//! What an augment drew can be replayed from (seed, sample, visit): it draws from `Draw::new(seed, "<name>").text(sample).number(visit)`;
//! the second of its kind in one chain adds `.number(1)`, the third `.number(2)`, so that two of a kind differ and adding another kind
//! reshuffles nobody.

mod blur;
mod choice;
pub mod flip;
mod jpeg;
mod low_resolution;
mod occlude;
mod tone;

pub use blur::GaussianBlur;
pub use choice::{Chain, OneOf, Sometimes};
pub use flip::Flip;
pub use jpeg::Jpeg;
pub use low_resolution::LowResolution;
pub use occlude::Occlude;
pub use tone::{Brightness, Contrast, Grey};

use super::{DataError, image::Image};
use ddl_base::quantity::{Fraction, Interval};
use ddl_base::random::Draw;
use serde::{Deserialize, Serialize};

/// Any augment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Augment {
    /// A horizontal flip.
    Flip(Flip),
    /// Down to few pixels and up again.
    LowResolution(LowResolution),
    /// A Gaussian blur.
    GaussianBlur(GaussianBlur),
    /// JPEG compression and decompression.
    Jpeg(Jpeg),
    /// A rectangle of one colour over a part of the image.
    Occlude(Occlude),
    /// All values by a factor.
    Brightness(Brightness),
    /// The distance from the mean grey by a factor.
    Contrast(Contrast),
    /// Grey instead of colour.
    Grey(Grey),
    /// Another one with some probability.
    Sometimes(Sometimes),
    /// One of several.
    OneOf(OneOf),
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
            Augment::GaussianBlur(GaussianBlur { sigma }) => in_range("gaussian_blur", "sigma", sigma.from, sigma.to, 100.0),
            Augment::Jpeg(Jpeg { quality }) => in_range("jpeg", "quality", quality.from as f64 - 1.0, quality.to as f64 - 1.0, 99.0),
            Augment::Occlude(Occlude { area, .. }) => in_range("occlude", "area", area.from.0, area.to.0, 1.0),
            Augment::Brightness(Brightness { by }) => in_range("brightness", "by", by.from, by.to, 10.0),
            Augment::Contrast(Contrast { by }) => in_range("contrast", "by", by.from, by.to, 10.0),
            Augment::Sometimes(Sometimes { augment, p }) => in_range("sometimes", "p", p.0, p.0, 1.0).and_then(|()| augment.check()),
            Augment::OneOf(OneOf { augments }) if augments.is_empty() => {
                Err(DataError::Argument { what: "one_of", why: "needs at least one augment".to_owned() })
            }
            Augment::OneOf(OneOf { augments }) | Augment::Chain(Chain { augments }) => augments.iter().try_for_each(Augment::check),
        }
    }

    /// Whether it may mirror an image.
    pub fn mirrors(&self) -> bool {
        match self {
            Augment::Flip(_) => true,
            Augment::Sometimes(Sometimes { augment, .. }) => augment.mirrors(),
            Augment::OneOf(OneOf { augments }) | Augment::Chain(Chain { augments }) => augments.iter().any(Augment::mirrors),
            Augment::LowResolution(_)
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
