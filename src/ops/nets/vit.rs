//! Vision transformers for faces.

use super::Weights;
use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::lang::value::Value;

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
    /// Vision transformer as insightface builds it for faces, for 112x112 RGB crops, (x - 127.5) / 127.5: patches without overlap (the last pixels of a side that is no multiple are not seen), learned positions, blocks of layer norm, attention and a perceptron with ReLU6, and a neck over all tokens in a row: linear, batch norm, linear, batch norm. Nothing is masked in training (insightface's names with `mask_0`). Parts: stem, trunk, neck, activations (nothing).
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
        patch: u32 = 9, in 1.0..=112.0;
        /// How much wider a perceptron is inside.
        mlp: f64 = 4.0, in 0.1..=64.0;
        /// Share of images for which the last block is skipped in training; earlier ones are skipped less, the first never.
        drop_path: f64 = 0.1, in 0.0..1.0;
        /// First weights; drawn from the seed without.
        weights: Option<Weights> = None;
        /// Seed of the first weights.
        seed: i64 = 0;
    }
    check = heads_divide;
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
    /// Width, depth and heads: those that were said, and the size's own.
    pub fn sizes(&self) -> (u32, u32, u32) {
        let (width, depth, heads) = self.size.sizes();
        (self.width.unwrap_or(width), self.depth.unwrap_or(depth), self.heads.unwrap_or(heads))
    }
}

fn heads_divide(call: &Call) -> Vec<Complaint> {
    let size = match call.args.get("size") {
        Some(Value::Text(size)) if size == "t" => VitSize::Tiny,
        Some(Value::Text(size)) if size == "s" => VitSize::Small,
        Some(Value::Text(size)) if size == "b" => VitSize::Base,
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
