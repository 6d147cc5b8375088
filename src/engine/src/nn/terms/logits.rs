//! Logits without a margin, for terms that compare what two networks say of the same people.

use ddl::ops::terms::PlainLogits;
use tch::{Kind, Tensor};

use super::Take;
use crate::nn::error::{NnError, shape};
use crate::nn::heads::{BIAS, PROTOTYPES, unit};
use crate::nn::rows::Rows;

/// What a term takes of a network to compare logits.
pub fn take(logits: PlainLogits, scale: f64, slot: &str) -> Take {
    let scale = match logits {
        PlainLogits::Cosine => Some(scale),
        PlainLogits::Linear => None,
    };
    Take::Logits { slot: slot.to_owned(), scale }
}

/// Logits `[n, classes]` of embeddings `x` `[n, d]`: scaled cosines, or inner products and the bias where the head has one.
pub fn logits(x: &Tensor, rows: &dyn Rows, scale: Option<f64>) -> Result<Tensor, NnError> {
    let prototypes = rows.local(PROTOTYPES)?; // [classes, d]
    if x.size().last() != prototypes.size().last() {
        let (expected, found) = (format!("[n, {}]", prototypes.size().last().copied().unwrap_or(0)), shape(&x.size()));
        return Err(NnError::Input { what: "embeddings for logits".into(), expected, found });
    }
    match scale {
        Some(scale) => Ok(unit(x).f_matmul(&unit(&prototypes).tr())?.f_mul_scalar(scale)?),
        None => Ok(x.f_linear(&prototypes, rows.has(BIAS).then(|| rows.local(BIAS)).transpose()?)?),
    }
}

/// The share of images of which both say the same person, for events.
pub fn agreement(a: &Tensor, b: &Tensor) -> Tensor {
    a.detach().argmax(1, false).eq_tensor(&b.detach().argmax(1, false)).mean(Kind::Float)
}
