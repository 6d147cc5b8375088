//! Gradient clipping by global norm, as `torch.nn.utils.clip_grad_norm_`.

use tch::{Kind, Tensor};

use super::Trained;
use crate::nn::error::NnError;

/// Scales all gradients by one factor so that their common length is at most `longest`. Gives the length before, a scalar on the
/// gradients' device; nothing travels to the host.
pub fn clip(parameters: &[Trained], longest: f64) -> Result<Tensor, NnError> {
    tch::no_grad(|| {
        let mut gradients = Vec::with_capacity(parameters.len());
        for parameter in parameters {
            let gradient = parameter.tensor.f_grad()?;
            if gradient.defined() {
                gradients.push(gradient);
            }
        }
        let lengths: Vec<Tensor> = gradients.iter().map(Tensor::f_norm).collect::<Result<_, _>>()?;
        if lengths.is_empty() {
            return Ok(Tensor::f_zeros([], (Kind::Float, tch::Device::Cpu))?);
        }
        let length = Tensor::f_stack(&lengths, 0)?.f_norm()?;
        let factor = (&length + 1e-6).f_reciprocal()?.f_mul_scalar_(longest)?.f_clamp_max(1.0)?;
        for gradient in &mut gradients {
            let _ = gradient.f_mul_(&factor)?;
        }
        Ok(length)
    })
}
