//! Margin heads: how an embedding and the prototypes of the classes become logits.

use crate::lang::types::Type;

pub mod adaface;
pub mod amsoftmax;
pub mod arcface;
pub mod combined;
pub mod cosface;
pub mod curricularface;
pub mod lsoftmax;
pub mod magface;
pub mod mv_softmax;
pub mod normface;
pub mod softmax;
pub mod sphereface;
pub mod sphereface_r;
pub mod subcentre;
pub mod sv_softmax;

pub use adaface::AdaFace;
pub use amsoftmax::AmSoftmax;
pub use arcface::{ArcFace, ArcForm};
pub use combined::Combined;
pub use cosface::CosFace;
pub use curricularface::CurricularFace;
pub use lsoftmax::LSoftmax;
pub use magface::MagFace;
pub use mv_softmax::{MvMargin, MvSoftmax, MvWeight};
pub use normface::NormFace;
pub use softmax::Softmax;
pub use sphereface::SphereFace;
pub use sphereface_r::{Magnification, SphereFaceR};
pub use subcentre::SubCentre;
pub use sv_softmax::{SvMargin, SvSoftmax};

crate::choice! {
    /// What the margin contributes to the gradient.
    pub enum MarginGrad {
        /// The derivative of the formula.
        Exact = "exact",
        /// The margin's shift is a constant: d logit / d cosine = scale, as insightface's PyTorch code computes it.
        Detached = "detached",
    }
}

/// What the logits of a head are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logits {
    /// Cosines between embeddings and prototypes.
    Cosines,
    /// Inner products, which lengths have a part in.
    Products,
}

crate::family! {
    /// Any head.
    pub enum Head: Type::Head, kind Logits, each each_head in heads => {
        Softmax, LSoftmax, SphereFace, SphereFaceR, NormFace, AmSoftmax, CosFace, ArcFace, SubCentre, Combined, SvSoftmax, MvSoftmax,
        CurricularFace, MagFace, AdaFace,
    }
}
