//! Losses: plain functions on tensors, with shapes and the formula's source. Terms know batches, weights and events; here are only numbers.
//!
//! Embeddings are `[n, d]`, logits `[n, classes]`, labels `[n]` (int64, counted from 0). A function gives a value for each sample, pair or
//! triplet (`[n]`, `[pairs]`, `[triplets]`) where a reduction may follow, and a scalar `[]` where none can. Values are finite on finite
//! input.

pub mod adversarial;
pub mod distil;
pub mod histogram;
pub mod metric;

use tch::{Reduction, Tensor};

use super::error::NnError;

/// `-log softmax(logits)_y` of logits `[n, classes]`, `[n]`, at least 0.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor, NnError> {
    Ok(logits.f_cross_entropy_loss(labels, None::<&Tensor>, Reduction::None, -100, 0.0)?)
}
