//! `torch.optim.Adam` and `AdamW`.

use ddl::ops::optimizers::{Adam, AdamW};
use tch::{Kind, Tensor};

use super::{Trained, remembered};
use crate::nn::error::NnError;
use crate::nn::state::State;

/// How weight decay enters.
enum Decay {
    /// Into the gradient.
    Penalty(f64),
    /// Into the weight, beside the step.
    Decoupled(f64),
}

pub(super) struct Moments {
    beta1: f64,
    beta2: f64,
    eps: f64,
    decay: Decay,
}

impl From<&Adam> for Moments {
    fn from(it: &Adam) -> Self {
        Moments { beta1: it.beta1, beta2: it.beta2, eps: it.eps, decay: Decay::Penalty(it.weight_decay) }
    }
}

impl From<&AdamW> for Moments {
    fn from(it: &AdamW) -> Self {
        Moments { beta1: it.beta1, beta2: it.beta2, eps: it.eps, decay: Decay::Decoupled(it.weight_decay) }
    }
}

pub(super) fn step(it: &Moments, memory: &mut State, parameter: &Trained, gradient: &Tensor, lr: f64) -> Result<(), NnError> {
    let (mut w, lr) = (parameter.tensor.shallow_clone(), lr * parameter.rate);
    let mut g = gradient.shallow_clone();
    match it.decay {
        Decay::Penalty(decay) if parameter.decays && decay > 0.0 => g = g.f_add(&w.f_mul_scalar(decay)?)?,
        Decay::Decoupled(decay) if parameter.decays => drop(w.f_mul_scalar_(1.0 - lr * decay)?),
        Decay::Penalty(_) | Decay::Decoupled(_) => {}
    }
    let mut slot = |what: &str| remembered(memory, &format!("{what}.{}", parameter.name), || w.f_zeros_like());
    let (mut first, mut second) = (slot("first")?, slot("second")?);
    let mut steps = remembered(memory, &format!("steps.{}", parameter.name), || Tensor::f_zeros([], (Kind::Int64, tch::Device::Cpu)))?;
    let _ = steps.f_add_scalar_(1)?;
    let t = steps.f_int64_value(&[])? as i32;

    let _ = first.f_mul_scalar_(it.beta1)?.f_add_(&g.f_mul_scalar(1.0 - it.beta1)?)?;
    let _ = second.f_mul_scalar_(it.beta2)?.f_add_(&g.f_square()?.f_mul_scalar(1.0 - it.beta2)?)?;
    let (correction1, correction2) = (1.0 - it.beta1.powi(t), 1.0 - it.beta2.powi(t));
    let width = second.f_sqrt()?.f_div_scalar_(correction2.sqrt())?.f_add_scalar_(it.eps)?;
    let _ = w.f_add_(&first.f_div(&width)?.f_mul_scalar_(-lr / correction1)?)?;
    Ok(())
}
