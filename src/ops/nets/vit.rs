//! Vision transformers for faces.

use super::Parts;
use super::Weights;
use crate::lang::decl::Kinded;
use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::lang::value::Value;

/// Side of a patch where nothing is said, in pixels.
const PATCH: u32 = 9;

crate::choice! {
    /// The sizes of [`Vit`], each a width, a depth and a number of heads.
    pub enum VitSize {
        /// 256 wide, 12 blocks, 8 heads.
        Tiny = "t",
        /// 512 wide, 12 blocks, 8 heads.
        Small = "s",
        /// 512 wide, 24 blocks, 8 heads.
        Base = "b",
    }
}

crate::operator! {
    /// Vision transformer as insightface builds it for faces, for 112x112 RGB crops, (x - 127.5) / 127.5: patches without overlap (the last pixels of a side that is no multiple are not seen), learned positions, blocks of layer norm, attention and a perceptron with ReLU6, and a neck over all tokens in a row: linear, batch norm, linear, batch norm. No token is hidden in training unless `mask_ratio` says so (insightface's names end in `mask_0` where none is). Parts: stem, trunk, neck, activations (nothing).
    ///
    /// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021; insightface `arcface_torch/backbones/vit.py`. The sizes, the patch and the rate of dropped blocks are insightface's as its users know them: no number of theirs was verified here, so each is an option.
    pub struct Vit("vit", 1, |_| Type::Model) {
        /// Which size; `width`, `depth` and `heads` change it.
        size: VitSize;
        /// Width of the embedding.
        embedding: u32 = 512, in 1.0..=65_536.0;
        /// Numbers of a token; the size's own without.
        width: Option<u32> = None, in 1.0..=65_536.0;
        /// Number of blocks; the size's own without.
        depth: Option<u32> = None, in 1.0..=1000.0;
        /// Attention heads of a block, which divide the width; the size's own without.
        heads: Option<u32> = None, in 1.0..=1024.0;
        /// Side of a patch in pixels.
        patch: u32 = PATCH, in 1.0..=112.0;
        /// How much wider a perceptron is inside.
        mlp: f64 = 4.0, in 0.1..=64.0;
        /// Share of images for which the last block is skipped in training; earlier ones are skipped less, the first never.
        drop_path: f64 = 0.1, in 0.0..1.0;
        /// Share of tokens that the blocks do not see in training, other ones for each image; a learned token, `mask_token`, stands for
        /// them before the neck. Nothing is hidden where the first block stays as it is. insightface's own code hides a tenth whatever
        /// share above none it is told.
        mask_ratio: f64 = 0.0, in 0.0..1.0;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Seed of the first weights.
        seed: i64 = 0, any "a seed is hashed";
    }
    check = fits;
}

impl Kinded<Parts> for Vit {
    const KIND: Parts = Parts::PLAIN;
}

impl VitSize {
    /// Width, depth and heads.
    pub const fn sizes(self) -> (u32, u32, u32) {
        match self {
            VitSize::Tiny => (256, 12, 8),
            VitSize::Small => (512, 12, 8),
            VitSize::Base => (512, 24, 8),
        }
    }
}

impl Vit {
    /// Side of the input in pixels.
    pub const SIDE: u32 = 112;

    /// Tokens of an image.
    pub fn tokens(&self) -> i64 {
        tokens(self.patch)
    }

    /// How many of them are seen in training.
    pub fn seen(&self) -> i64 {
        seen(self.tokens(), self.mask_ratio)
    }

    /// Width, depth and heads: those that were said, and the size's own.
    pub fn sizes(&self) -> (u32, u32, u32) {
        let (width, depth, heads) = self.size.sizes();
        (self.width.unwrap_or(width), self.depth.unwrap_or(depth), self.heads.unwrap_or(heads))
    }
}

fn fits(call: &Call) -> Vec<Complaint> {
    heads_divide(call).into_iter().chain(tokens_are_left(call)).collect()
}

fn tokens_are_left(call: &Call) -> Option<Complaint> {
    let patch = match call.args.get("patch") {
        None => PATCH,
        Some(Value::Int(patch)) => u32::try_from(*patch).ok().filter(|patch| (1..=Vit::SIDE).contains(patch))?,
        Some(_) => return None, // a parameter decides it
    };
    let Some(Value::Float(ratio)) = call.args.get("mask_ratio") else { return None };
    let count = tokens(patch);
    (seen(count, *ratio) < 1).then(|| Complaint {
        param: Some("mask_ratio"),
        message: format!("of the {count} tokens of an image none would be seen"),
        help: Some("hide fewer, or make the patch smaller".to_owned()),
    })
}

/// Tokens of an image in patches of this side.
fn tokens(patch: u32) -> i64 {
    i64::from(Vit::SIDE / patch).pow(2)
}

/// How many of so many tokens are seen where this share is hidden.
fn seen(count: i64, ratio: f64) -> i64 {
    (count as f64 * (1.0 - ratio)) as i64
}

fn heads_divide(call: &Call) -> Vec<Complaint> {
    let size = match call.args.get("size") {
        Some(Value::Text(size)) if &**size == "t" => VitSize::Tiny,
        Some(Value::Text(size)) if &**size == "s" => VitSize::Small,
        Some(Value::Text(size)) if &**size == "b" => VitSize::Base,
        _ => return Vec::new(), // a parameter decides it
    };
    let (width, _, heads) = size.sizes();
    let said = |name: &str, own: u32| match call.args.get(name) {
        Some(Value::Int(said)) => Some(*said),
        None | Some(Value::None) => Some(i64::from(own)),
        Some(_) => None,
    };
    let (Some(width), Some(heads)) = (said("width", width), said("heads", heads)) else { return Vec::new() };
    if heads < 1 || width % heads == 0 {
        return Vec::new();
    }
    vec![Complaint {
        param: Some(if call.args.get("heads").is_some() { "heads" } else { "width" }),
        message: format!("{width} numbers of a token do not divide among {heads} heads"),
        help: Some("make the width a multiple of the number of heads".to_owned()),
    }]
}
