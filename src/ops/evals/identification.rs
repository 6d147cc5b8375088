//! 1:N identification: whom of a gallery does a probe show?

use super::{Embed, FlipSum, Judging};
use crate::lang::types::Type;
use crate::ops::augments::Augment;
use crate::ops::pooling::Pooling;
use crate::ops::refs::DataRef;

crate::choice! {
    /// What happens to probes of people who have no image in the gallery.
    pub enum Strangers {
        /// They are an error: the set is closed.
        Refuse = "refuse",
        /// They are left out and counted.
        Drop = "drop",
        /// They are kept: the set is open, and they decide the threshold of `tpir`.
        Keep = "keep",
    }
}

crate::operator! {
    /// 1:N identification: each probe is compared with every image of the gallery; a person of the gallery scores by their best image (cosine).
    ///
    /// People are ranked by their scores; one who ties with the probe's own person stands before it, so a tie never helps. People of the two sets are
    /// the same when they have one name. Images seen worse are another view of other images than the gallery's:
    /// `probe = rest |> apply(low_resolution(side = 12px))`.
    pub struct Identification("identification", 1, |_| Type::Eval) {
        /// The images that are searched.
        gallery: DataRef;
        /// The images whose people are looked for.
        probe: DataRef;
        /// Only these people, of the gallery and of the probes.
        within: Option<DataRef> = None;
        /// What happens to probes of people who have no image in the gallery.
        strangers: Strangers = Strangers::Refuse;
        /// How an embedding is made of an image and its flip.
        embed: Embed = Embed::FlipSum(FlipSum {});
    }
}

impl Judging for Identification {
    const METRICS: &'static [&'static str] = &["rank", "tpir", "recall"];
    fn embed(&self) -> &Embed {
        &self.embed
    }
    fn pool(&self) -> Option<&Pooling> {
        None
    }
    fn augments(&self) -> [Option<(&Augment, i64)>; 2] {
        [None, None]
    }
}
