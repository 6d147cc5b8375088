//! Augments: random or fixed changes of one image, each a pure function of the image and of a named draw.
//!
//! What an augment drew can be replayed from (seed, sample, visit): it draws from `Draw::new(seed, "<name>").text(sample).number(visit)`;
//! the second of its kind in one chain adds `.number(1)`, the third `.number(2)`, so that two of a kind differ and adding another kind
//! reshuffles nobody.

mod blur;
mod choice;
mod flip;
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

use serde::{Deserialize, Serialize};

/// Any augment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "augment", rename_all = "snake_case")]
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
