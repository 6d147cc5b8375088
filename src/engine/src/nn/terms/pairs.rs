//! What terms over the pairs of a batch share.

use tch::Tensor;

use super::{TermInput, TermOutput, mismatch, zero};
use crate::nn::error::NnError;
use crate::nn::heads::unit;
use crate::nn::loss::metric;

/// All pairs i < j of a batch, row by row.
pub(super) struct Pairs {
    /// `[pairs]`: i n + j.
    places: Tensor,
    /// `[pairs]`, bool: whether both are of one person.
    pub same: Tensor,
}

impl Pairs {
    /// The pairs of a batch with these labels `[n]`.
    pub fn of(labels: &Tensor) -> Result<Self, NnError> {
        let (places, same) = metric::pairs(labels)?;
        Ok(Pairs { places, same })
    }

    /// The pairs' entries of a matrix `[n, n]`, `[pairs]`.
    pub fn take(&self, of: &Tensor) -> Result<Tensor, NnError> {
        Ok(of.f_reshape([-1])?.f_index_select(0, &self.places)?)
    }

    /// How many there are.
    pub fn len(&self) -> i64 {
        self.places.size()[0]
    }
}

/// Features as a term takes them.
pub(super) fn features(x: &Tensor, normalise: bool) -> Tensor {
    if normalise { unit(x) } else { x.shallow_clone() }
}

/// The mean of the values where `at` is true; 0 where it is nowhere. A scalar without a gradient.
pub(super) fn mean_where(values: &Tensor, at: &Tensor) -> Tensor {
    let at = at.to_kind(values.kind());
    (values.detach() * &at).sum(values.kind()) / at.sum(values.kind()).clamp_min(1.0)
}

/// The labelled batch of a term over one.
pub(super) fn labelled<'a>(term: &str, inputs: &'a [TermInput]) -> Result<(&'a Tensor, &'a Tensor), NnError> {
    match inputs {
        [TermInput::Labelled { embedding, labels }] => Ok((embedding, labels)),
        _ => Err(mismatch(term, "labelled embeddings", inputs)),
    }
}

/// The value of a batch that a term can compute nothing from.
pub(super) fn nothing(embedding: &Tensor) -> TermOutput {
    let value = embedding.sum(embedding.kind()) * 0.0;
    TermOutput { skipped: zero(&value) + 1.0, value, parts: vec![], updates: vec![] }
}
