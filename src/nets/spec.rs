//! The tensors that a network, a head or a term must have: names, shapes, and how they start.

use serde::{Deserialize, Serialize};

/// What a tensor is to training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Learned by gradients.
    Parameter,
    /// Stored with the parameters and counted among them, but never trained (the unit scale of insightface's last batch norm).
    Fixed,
    /// Kept beside the parameters and changed otherwise (running statistics, margins' moments).
    Buffer,
}

/// A tensor that a network or a head must have.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Its name, unique in its state.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// What it is to training.
    pub role: Role,
    /// How it starts.
    pub init: Init,
}

impl Spec {
    /// The weight `[outputs, inputs]` and the bias `[outputs]` of a linear layer that learns, as `PyTorch` starts them.
    pub fn linear([weight, bias]: [&str; 2], inputs: i64, outputs: i64) -> [Spec; 2] {
        let init = Init::Uniform { fan_in: inputs };
        let spec = |name: &str, shape: &[i64]| Spec { name: name.to_owned(), shape: shape.to_vec(), role: Role::Parameter, init };
        [spec(weight, &[outputs, inputs]), spec(bias, &[outputs])]
    }

    /// How many numbers it holds.
    pub fn numel(&self) -> u64 {
        self.shape.iter().product::<i64>().unsigned_abs()
    }
}

/// How a tensor starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Every element the same.
    Constant(f64),
    /// N(0, sd²).
    Normal {
        /// The standard deviation.
        sd: f64,
    },
    /// N(0, 2 / fan-out): He's for layers followed by a rectifier, as insightface's `MobileFaceNet` has it.
    KaimingFanOut,
    /// U(-b, b) with b = sqrt(6 / (fan-in + fan-out)): Glorot's.
    XavierUniform,
    /// U(-b, b) with b = 1 / sqrt(fan-in): what `PyTorch` gives a linear layer's weight and bias.
    Uniform {
        /// How many inputs reach one output.
        fan_in: i64,
    },
}
