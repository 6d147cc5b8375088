//! What the heads over cosines share.

use tch::{Kind, Tensor};

use super::PROTOTYPES;
use crate::nn::error::NnError;
use crate::nn::state::State;

/// Below this a length counts as it: a feature of zeros has cosine 0 with everything, and a finite gradient.
const SHORTEST: f64 = 1e-12;

/// Rows `[n, d]` at length 1.
pub(crate) fn unit(x: &Tensor) -> Tensor {
    let length = x.square().sum_dim_intlist([1].as_slice(), true, None).clamp_min(SHORTEST * SHORTEST).sqrt();
    x / length
}

/// cos(theta) between each feature and each class vector, `[n, classes]`.
pub(super) fn cosines(x: &Tensor, state: &State) -> Result<Tensor, NnError> {
    Ok(unit(x).f_matmul(&unit(state.get(PROTOTYPES)?).tr())?)
}

/// Logits whose target entries are `margin` of the target cosines `[n]`, times `scale`.
pub(super) fn scaled(cosines: &Tensor, labels: &Tensor, scale: f64, margin: impl FnOnce(&Tensor) -> Tensor) -> Result<Tensor, NnError> {
    let at = labels.f_unsqueeze(1)?; // [n, 1]
    let target = margin(&cosines.f_gather(1, &at, false)?.f_squeeze_dim(1)?); // [n]
    let mut logits = cosines.f_scatter(1, &at, &target.f_unsqueeze(1)?)?; // [n, classes]
    Ok(logits.f_mul_scalar_(scale)?)
}

/// sin(theta) of cosines, finite in value and gradient at cos = ±1.
pub(super) fn sine(cosine: &Tensor) -> Tensor {
    (cosine.square() * -1.0 + 1.0).clamp_min(1e-12).sqrt()
}

/// theta of cosines, with a finite gradient at cos = ±1.
pub(super) fn angle(cosine: &Tensor) -> Tensor {
    let border = match cosine.kind() {
        Kind::Double => 1.0 - 1e-12,
        _ => 1.0 - 1e-7,
    };
    cosine.clamp(-border, border).acos()
}

/// The value of `with_margin`, and the gradient of `cosine`: the margin's shift is a constant.
pub(super) fn detached(cosine: &Tensor, with_margin: &Tensor) -> Tensor {
    cosine + (with_margin - cosine).detach()
}
