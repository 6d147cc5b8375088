//! Samplers: which samples a draw takes, in which order.

use super::augments::Augment;
use super::refs::{DataRef, FilePath};
use crate::lang::decl::{Call, Complaint, Kinded, Operator as _};
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

crate::choice! {
    /// What the two images of a pair have in common.
    pub enum Same {
        /// The person: two different images.
        Person = "person",
        /// The image: once as the draw shows it, and once in another version (`augment`).
        Image = "image",
    }
}

crate::operator! {
    /// Pairs; `size` counts pairs, each of which is two images.
    ///
    /// Positive pairs are two different images of one person. With `same = "image"` a pair is one image in two versions: the first as the draw shows it, the second after `augment`. What the draw's own
    /// augment draws (a flip) is the same for both. Terms that have a teacher (`kd`, `rkd`, `sp`, `feature`, `nst`) then show it the first ones, and the network that it teaches the second ones; a
    /// `classify` over the same batches sees both, and so do batch norms.
    pub struct PairsSampler("pairs", 1, |_| Type::Sampler) {
        /// The other image comes from this set (the same person there); without it from the same set.
        with: Option<DataRef> = None;
        /// What the two images of a pair have in common.
        same: Same = Same::Person;
        /// What the second image goes through, after the draw's own augment, where both are one image.
        augment: Option<Augment> = None;
    }
    check = two_versions;
}

fn two_versions(call: &Call) -> Vec<Complaint> {
    let given = |name: &str| call.args.get(name).is_some_and(|value| *value != Value::None);
    let one_image = matches!(call.args.get("same"), Some(Value::Text(word)) if **word == *Same::Image.word());
    let (param, message, help) = match (one_image, given("augment"), given("with")) {
        (true, _, true) => ("with", "a pair that is one image in two versions has no other data set", "leave out `with`, or `same`"),
        (true, false, _) => {
            ("same", "this pair is the same image twice", "say what the second one goes through: augment = low_resolution(side = 16px)")
        }
        (false, true, _) => (
            "augment",
            "`augment` makes the second version of an image, and the images of these pairs are different ones",
            "add same = \"image\", or give `draw` the augment",
        ),
        (true, true, false) | (false, false, _) => return Vec::new(),
    };
    vec![Complaint { param: Some(param), message: message.to_owned(), help: Some(help.to_owned()) }]
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
pub(crate) fn composed(draw: &Args) -> Option<u64> {
    let Some(Value::Op(by)) = draw.get("by") else { return None };
    let count = |name: &str| if let Some(Value::Int(count)) = by.args.get(name) { u64::try_from(*count).ok() } else { None };
    if by.op() == Pk::NAME { count("identities")?.checked_mul(count("images")?) } else { None }
}
