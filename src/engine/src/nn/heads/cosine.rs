//! What the heads over cosines share.

use tch::{Kind, Tensor};

use super::{HeadContext, HeadOutput, PROTOTYPES};
use crate::nn::error::NnError;

/// Below this a length counts as it: a feature of zeros has cosine 0 with everything, and a finite gradient.
pub const SHORTEST: f64 = 1e-12;

/// Rows `[n, d]` at length 1.
pub(crate) fn unit(x: &Tensor) -> Tensor {
    let length = x.square().sum_dim_intlist([1].as_slice(), true, None).clamp_min(SHORTEST * SHORTEST).sqrt();
    x / length
}

/// How many rows of `[n, d]` have no direction, `[]`: those of zeros, and those so long that the square of their length is no number of
/// their kind, which `unit` makes zeros of.
pub(crate) fn without_direction(x: &Tensor) -> Result<Tensor, NnError> {
    let square = x.f_detach()?.f_square()?.f_sum_dim_intlist([1i64].as_slice(), false, None)?;
    Ok(square.f_lt(SHORTEST * SHORTEST)?.f_logical_or(&square.f_isinf()?)?.f_sum(Kind::Float)?)
}

/// cos(theta) between each feature and each class vector, `[n, classes]`, filtered.
pub(super) fn cosines(x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<Tensor, NnError> {
    filtered(unit(x).f_matmul(&unit(&at.rows.local(PROTOTYPES)?).tr())?, labels, at.filter)
}

/// The cosines `[n, classes]` with 0 in place of those to other classes that are larger than the filter.
pub(super) fn filtered(cosines: Tensor, labels: &Tensor, filter: Option<f64>) -> Result<Tensor, NnError> {
    let Some(most) = filter else { return Ok(cosines) };
    let suspect = cosines.detach().gt(most).f_scatter_value(1, &labels.f_unsqueeze(1)?, 0)?;
    Ok(cosines.f_masked_fill(&suspect, 0.0)?)
}

/// The cosine to the own class, `[n]`.
pub(in crate::nn) fn own(cosines: &Tensor, labels: &Tensor) -> Result<Tensor, NnError> {
    Ok(cosines.f_gather(1, &labels.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?)
}

/// `scale` times the values `[n, classes]` with `target` `[n]` in the places of the own classes.
pub(in crate::nn) fn with_target(values: &Tensor, labels: &Tensor, target: &Tensor, scale: f64) -> Result<Tensor, NnError> {
    Ok(values.f_scatter(1, &labels.f_unsqueeze(1)?, &target.f_unsqueeze(1)?)?.f_mul_scalar(scale)?)
}

/// Lengths of rows, `[n]`, with a finite gradient for a row of zeros.
pub(super) fn lengths(x: &Tensor) -> Tensor {
    x.square().sum_dim_intlist([1].as_slice(), false, None).clamp_min(SHORTEST * SHORTEST).sqrt()
}

/// Logits whose target entries are `margin` of the target cosines `[n]`, times `scale`.
pub(super) fn scaled(cosines: &Tensor, labels: &Tensor, scale: f64, margin: impl FnOnce(&Tensor) -> Tensor) -> Result<HeadOutput, NnError> {
    let target = margin(&own(cosines, labels)?); // [n]
    Ok(with_target(cosines, labels, &target, scale)?.into())
}
