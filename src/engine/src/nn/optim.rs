//! Optimisers over named tensors, as `torch.optim` computes them. What they remember is a [`State`], so that a resumed run goes on with the
//! same bits.

mod adam;
pub mod clip;
mod sgd;

use ddl::ops::optimizers::Optimizer as Rule;
use tch::Tensor;

use crate::nn::error::NnError;
use crate::nn::state::{Role, State, StateError};

pub use clip::clip;

/// A parameter that is trained.
#[derive(Debug)]
pub struct Trained {
    /// Its name in the state.
    pub name: String,
    /// Its values, changed in place; its gradient is what `backward` left there.
    pub tensor: Tensor,
    /// What the learning rate is multiplied by.
    pub rate: f64,
    /// Whether weight decay is for it.
    pub decays: bool,
}

impl Trained {
    /// The parameter `name` under a rule: where the rule spares them, normalisation layers, biases and slopes (all that have one
    /// dimension) don't decay; a head's tensors have the head's learning rate.
    pub fn new(rule: &Rule, name: &str, tensor: &Tensor, of_head: bool) -> Self {
        let (decay_all, head_lr) = match rule {
            Rule::Sgd(it) => (it.decay_all, it.head_lr),
            Rule::Adam(it) => (it.decay_all, it.head_lr),
            Rule::AdamW(it) => (it.decay_all, it.head_lr),
        };
        let rate = if of_head { head_lr } else { 1.0 };
        Trained { name: name.to_string(), tensor: tensor.shallow_clone(), rate, decays: decay_all || tensor.dim() > 1 }
    }

    /// Forgets the gradient.
    pub fn clear(&mut self) {
        self.tensor.zero_grad();
    }
}

/// An optimiser and what it remembers.
#[derive(Debug)]
pub struct Optimiser {
    rule: Rule,
    memory: State,
}

impl Optimiser {
    /// An optimiser that remembers nothing yet.
    pub fn new(rule: &Rule) -> Self {
        Optimiser { rule: rule.clone(), memory: State::new() }
    }

    /// Goes on from what [`Optimiser::memory`] was, on the device of that state.
    pub fn restored(rule: &Rule, memory: State) -> Self {
        Optimiser { rule: rule.clone(), memory }
    }

    /// What it remembers: per parameter its moments (`momentum.NAME`, `first.NAME`, `second.NAME`) and, for Adam, its steps (`steps.NAME`).
    pub fn memory(&self) -> &State {
        &self.memory
    }

    /// The learning rate's curve.
    pub fn curve(&self) -> &ddl::ops::curves::Curve {
        match &self.rule {
            Rule::Sgd(it) => &it.lr,
            Rule::Adam(it) => &it.lr,
            Rule::AdamW(it) => &it.lr,
        }
    }

    /// One step with this learning rate. Parameters without a gradient stay.
    pub fn step(&mut self, parameters: &[Trained], lr: f64) -> Result<(), NnError> {
        tch::no_grad(|| {
            for parameter in parameters {
                let gradient = parameter.tensor.f_grad()?;
                if !gradient.defined() {
                    continue;
                }
                match &self.rule {
                    Rule::Sgd(it) => sgd::step(it, &mut self.memory, parameter, &gradient, lr)?,
                    Rule::Adam(it) => adam::step(&it.into(), &mut self.memory, parameter, &gradient, lr)?,
                    Rule::AdamW(it) => adam::step(&it.into(), &mut self.memory, parameter, &gradient, lr)?,
                }
            }
            Ok(())
        })
    }
}

/// The remembered tensor of this name, or a new one; both share their values with the memory.
fn remembered(memory: &mut State, name: &str, new: impl FnOnce() -> Result<Tensor, tch::TchError>) -> Result<Tensor, StateError> {
    if let Some(entry) = memory.entry(name) {
        return Ok(entry.tensor.shallow_clone());
    }
    let tensor = new()?;
    memory.insert(name, tensor.shallow_clone(), Role::Buffer)?;
    Ok(tensor)
}

#[cfg(test)]
mod tests;
