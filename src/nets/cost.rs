//! What a network costs, read off its description: parameters, multiply-adds, and numbers that training keeps, by layer.

use super::{Input, NetError, Network, Part, Role, Shape};

/// What a network costs, by its layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// The network.
    pub network: Network,
    /// Numbers of an embedding.
    pub embedding: u64,
    /// Its layers' costs, first to last.
    pub layers: Vec<LayerCost>,
}

/// What a layer costs for one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerCost {
    /// What comes out of it.
    pub shape: Shape,
    /// Numbers in its parameters.
    pub parameters: u64,
    /// Those of them that are PReLU slopes.
    pub slopes: u64,
    /// Those of them that never learn (a last batch norm's scale).
    pub fixed: u64,
    /// Multiply-adds of convolutions and linear layers.
    pub multiply_adds: u64,
    /// Numbers that come out of its modules, which a backward pass needs.
    pub activations: u64,
}

impl Cost {
    /// Numbers in all parameters.
    pub fn parameters(&self) -> u64 {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }

    /// Numbers in parameters that learn.
    #[cfg(test)]
    pub(crate) fn trainable(&self) -> u64 {
        self.layers.iter().map(|layer| layer.parameters - layer.fixed).sum()
    }

    /// Multiply-adds of one image.
    pub(crate) fn multiply_adds(&self) -> u64 {
        self.layers.iter().map(|layer| layer.multiply_adds).sum()
    }

    /// What the network wants to see.
    pub fn input(&self) -> &Input {
        &self.network.input
    }

    /// Numbers of one image as the network sees it.
    pub fn seen(&self) -> u64 {
        self.network.input_shape().numel().unsigned_abs()
    }

    /// For each layer, whether `freeze = [parts]` fixes it, and whether all PReLU slopes are fixed. Names that are no parts fix nothing.
    pub fn frozen<S: AsRef<str>>(&self, names: &[S]) -> (Vec<bool>, bool) {
        let (mut fixed, mut slopes) = (vec![false; self.layers.len()], false);
        for part in names.iter().filter_map(|name| self.network.part(name.as_ref()).ok()) {
            match part {
                Part::Layers(layers) => fixed[layers].fill(true),
                Part::Activations => slopes = true,
            }
        }
        (fixed, slopes)
    }
}

impl Network {
    /// What it costs.
    ///
    /// # Errors
    /// When a module does not take what comes out of the one before it.
    pub fn cost(self) -> Result<Cost, NetError> {
        let mut shape = self.input_shape();
        let mut layers = Vec::with_capacity(self.layers.len());
        let mut specs = Vec::new();
        for layer in &self.layers {
            let mut cost = LayerCost { shape, parameters: 0, slopes: 0, fixed: 0, multiply_adds: 0, activations: 0 };
            for module in &layer.modules {
                shape = module.count(shape, &mut cost)?;
                module.specs(&mut specs);
            }
            for spec in specs.drain(..) {
                match spec.role {
                    Role::Parameter => cost.parameters += spec.numel(),
                    Role::Fixed => (cost.parameters, cost.fixed) = (cost.parameters + spec.numel(), cost.fixed + spec.numel()),
                    Role::Buffer => {}
                }
            }
            layers.push(LayerCost { shape, ..cost });
        }
        Ok(Cost { embedding: shape.numel().unsigned_abs(), network: self, layers })
    }
}
