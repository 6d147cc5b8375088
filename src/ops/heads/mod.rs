//! Margin heads: how an embedding and the prototypes of the classes become logits.

use crate::lang::types::Type;

pub mod arcface;
pub mod combined;
pub mod cosface;
pub mod normface;
pub mod softmax;

pub use arcface::{ArcFace, ArcForm};
pub use combined::Combined;
pub use cosface::CosFace;
pub use normface::NormFace;
pub use softmax::Softmax;

crate::choice! {
    /// What the margin contributes to the gradient.
    pub enum MarginGrad {
        /// The derivative of the formula.
        Exact = "exact",
        /// The margin's shift is a constant: d logit / d cosine = scale, as insightface's PyTorch code computes it (spec 4.1).
        Detached = "detached",
    }
}

crate::family! {
    /// Any head.
    pub enum Head: Type::Head => { Softmax, NormFace, CosFace, ArcFace, Combined }
}
