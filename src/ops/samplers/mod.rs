//! Samplers: which samples a draw takes, in which order.

use super::refs::{DataRef, FilePath};
use crate::lang::decl::{Kinded, Operator as _};
use crate::lang::types::Type;
use crate::lang::value::{Args, Value};

crate::operator! {
    /// Every sample once per pass, in random order; the last incomplete batch of a pass is left out.
    pub struct Shuffled("shuffled", 1, |_| Type::Sampler) {}
}

crate::operator! {
    /// One image of each person per pass, people in random order, until the person with most images is covered.
    ///
    /// Source: `DistributedIDBalanceSampler(person_num=1)` of TFace.
    pub struct Balanced("balanced", 1, |_| Type::Sampler) {}
}

crate::operator! {
    /// `identities` people with `images` images each: a batch is as many images as that. Of people with fewer images some are drawn again.
    pub struct Pk("pk", 1, |_| Type::Sampler) {
        /// People in a batch.
        identities: u32, in 2.0..=100_000.0;
        /// Images of each.
        images: u32, in 1.0..=100_000.0;
    }
}

crate::operator! {
    /// Positive pairs: two different images of one person; `size` counts pairs, each of which is two images.
    pub struct PairsSampler("pairs", 1, |_| Type::Sampler) {
        /// The other image comes from this set (the same person there); without it from the same set.
        with: Option<DataRef> = None;
    }
}

crate::operator! {
    /// Positive pairs listed in a csv of columns `a,b`, in random order.
    pub struct PairList("pair_list", 1, |_| Type::Sampler) {
        /// The file.
        path: FilePath;
    }
}

/// What a sampler picks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picks {
    /// Images by themselves.
    Images,
    /// Pairs of images of one person.
    Pairs,
}

macro_rules! picks {
    ($($sampler:ident: $picks:ident),*) => {$(
        impl Kinded<Picks> for $sampler {
            const KIND: Picks = Picks::$picks;
        }
    )*};
}

picks!(Shuffled: Images, Balanced: Images, Pk: Images, PairsSampler: Pairs, PairList: Pairs);

crate::family! {
    /// Any sampler.
    pub enum Sampler: Type::Sampler, kind Picks => { Shuffled, Balanced, Pk, PairsSampler, PairList }
}

/// The images of a batch, where the sampler of a draw's arguments tells them.
pub fn composed(draw: &Args) -> Option<u64> {
    let Some(Value::Op(by)) = draw.get("by") else { return None };
    let count = |name: &str| if let Some(Value::Int(count)) = by.args.get(name) { u64::try_from(*count).ok() } else { None };
    if by.op() == Pk::NAME { count("identities")?.checked_mul(count("images")?) } else { None }
}
