//! Optimisers.

use super::curves::Curve;
use crate::lang::types::Type;

crate::operator! {
    /// Stochastic gradient descent as `torch.optim.SGD` computes it: g += weight_decay w; v = momentum v + g; w -= lr v.
    pub struct Sgd("sgd", 1, |_| Type::Optimizer) {
        /// Learning rate.
        lr: Curve, in 0.0..=1e30;
        /// Momentum.
        momentum: f64 = 0.9, in 0.0..1.0;
        /// L2 penalty on convolution and linear weights and on prototypes.
        weight_decay: f64 = 0.0, in 0.0..=1.0;
        /// Whether normalisation layers, biases and PReLU slopes decay too.
        decay_all: bool = true;
        /// Nesterov's form of momentum.
        nesterov: bool = false;
        /// What the learning rate of prototypes is multiplied by.
        head_lr: f64 = 1.0, in 0.0..=1e4;
    }
}

crate::operator! {
    /// Adam with an L2 penalty in the gradient (Kingma and Ba, ICLR 2015), as `torch.optim.Adam`.
    pub struct Adam("adam", 1, |_| Type::Optimizer) {
        /// Learning rate.
        lr: Curve, in 0.0..=1e30;
        /// Decay of the first moment.
        beta1: f64 = 0.9, in 0.0..1.0;
        /// Decay of the second moment.
        beta2: f64 = 0.999, in 0.0..1.0;
        /// Added to the denominator.
        eps: f64 = 1e-8, in 0.0..=1.0;
        /// L2 penalty.
        weight_decay: f64 = 0.0, in 0.0..=1.0;
        /// Whether normalisation layers, biases and PReLU slopes decay too.
        decay_all: bool = true;
        /// What the learning rate of prototypes is multiplied by.
        head_lr: f64 = 1.0, in 0.0..=1e4;
    }
}

crate::operator! {
    /// Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019), as `torch.optim.AdamW`.
    pub struct AdamW("adamw", 1, |_| Type::Optimizer) {
        /// Learning rate.
        lr: Curve, in 0.0..=1e30;
        /// Decay of the first moment.
        beta1: f64 = 0.9, in 0.0..1.0;
        /// Decay of the second moment.
        beta2: f64 = 0.999, in 0.0..1.0;
        /// Added to the denominator.
        eps: f64 = 1e-8, in 0.0..=1.0;
        /// Decoupled decay.
        weight_decay: f64 = 0.01, in 0.0..=1.0;
        /// Whether normalisation layers, biases and PReLU slopes decay too.
        decay_all: bool = true;
        /// What the learning rate of prototypes is multiplied by.
        head_lr: f64 = 1.0, in 0.0..=1e4;
    }
}

crate::family! {
    /// Any optimiser.
    pub enum Optimizer: Type::Optimizer => { Sgd, Adam, AdamW }
}

impl Optimizer {
    /// Its learning rate.
    pub fn lr(&self) -> &Curve {
        match self {
            Optimizer::Sgd(it) => &it.lr,
            Optimizer::Adam(it) => &it.lr,
            Optimizer::AdamW(it) => &it.lr,
        }
    }
}
