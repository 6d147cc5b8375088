//! Modules that leave something to chance while a network is trained. What they draw from is named by the network, the layer and the
//! purpose, so that no two of them draw the same; where they are given nothing to draw from, they let everything through.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use tch::Tensor;

use crate::nn::error::NnError;

/// Values set to 0, each for itself.
pub fn dropout(p: f64, x: Tensor, drawn: Option<ChaCha8Rng>) -> Result<Tensor, NnError> {
    let sides = x.size();
    masked(p, x, &sides, drawn)
}

/// Images set to 0, each as a whole.
pub fn drop_path(p: f64, x: Tensor, drawn: Option<ChaCha8Rng>) -> Result<Tensor, NnError> {
    let mut sides = vec![1i64; x.dim()];
    sides[0] = x.size()[0];
    masked(p, x, &sides, drawn)
}

/// `x` times a mask of these sides: 0 with probability `p`, else `1 / (1 - p)`.
fn masked(p: f64, x: Tensor, sides: &[i64], drawn: Option<ChaCha8Rng>) -> Result<Tensor, NnError> {
    let Some(mut stream) = drawn else { return Ok(x) };
    let keep = 1.0 - p;
    let limit = (keep * f64::from(u32::MAX)) as u32;
    let count: i64 = sides.iter().product();
    let mask: Vec<f32> = (0..count).map(|_| if stream.next_u32() <= limit { (1.0 / keep) as f32 } else { 0.0 }).collect();
    let mask = Tensor::f_from_slice(&mask)?.f_view(sides)?.f_to_device(x.device())?.f_to_kind(x.kind())?;
    Ok(x.f_mul(&mask)?)
}

#[cfg(test)]
mod tests;
