//! `torch.optim.SGD`: `g += decay w; v = momentum v + g (v = g at first); w -= lr (g + momentum v | v)`.

use ddl::ops::optimizers::Sgd;
use tch::Tensor;

use super::{Trained, remembered};
use crate::nn::error::NnError;
use crate::nn::state::State;

pub(super) fn step(it: &Sgd, memory: &mut State, parameter: &Trained, gradient: &Tensor, lr: f64) -> Result<(), NnError> {
    let mut w = parameter.tensor.shallow_clone();
    let mut change = gradient.shallow_clone();
    if parameter.decays && it.weight_decay > 0.0 {
        change = change.f_add(&w.f_mul_scalar(it.weight_decay)?)?;
    }
    if it.momentum > 0.0 {
        let name = format!("momentum.{}", parameter.name);
        let mut momentum = remembered(memory, &name, || change.f_zeros_like())?;
        // From zeros, the first step gives v = g, as torch has it.
        let _ = momentum.f_mul_scalar_(it.momentum)?.f_add_(&change)?;
        change = if it.nesterov { change.f_add(&momentum.f_mul_scalar(it.momentum)?)? } else { momentum };
    }
    let _ = w.f_add_(&change.f_mul_scalar(-lr * parameter.rate)?)?;
    Ok(())
}
