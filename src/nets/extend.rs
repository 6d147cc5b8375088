//! What is added to a model's network: the backbone that it was made of and, in order, what came after.

use super::{Backbone, Dream, Init, Layer, Linear, Module, NameMap, NetError, Network, Part};
use crate::ops::nets::{self, Extension};
use serde::{Deserialize, Serialize};

/// What a model's network is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// The backbone at its root.
    pub backbone: nets::Backbone,
    /// What was added to it, in order.
    pub extensions: Vec<Extension>,
}

impl Made {
    /// The same with one more extension.
    #[must_use]
    pub fn with(&self, extension: Extension) -> Self {
        let mut made = self.clone();
        made.extensions.push(extension);
        made
    }

    fn extended(&self, network: Network) -> Result<Network, NetError> {
        self.extensions.iter().try_fold(network, |network, extension| extension.extend(network))
    }
}

impl From<nets::Backbone> for Made {
    fn from(backbone: nets::Backbone) -> Self {
        Made { backbone, extensions: Vec::new() }
    }
}

impl Backbone for Made {
    fn network(&self) -> Result<Network, NetError> {
        self.extended(self.backbone.network()?)
    }

    fn variants(&self) -> Result<Vec<Network>, NetError> {
        self.backbone.variants()?.into_iter().map(|network| self.extended(network)).collect()
    }

    fn known_names(&self) -> Vec<NameMap> {
        if self.extensions.is_empty() { self.backbone.known_names() } else { Vec::new() }
    }

    fn seed(&self) -> i64 {
        self.backbone.seed()
    }
}

impl Extension {
    /// The network with this after its last layer.
    ///
    /// # Errors
    /// A network that does not end in an embedding, or that has such a layer already.
    pub fn extend(&self, mut network: Network) -> Result<Network, NetError> {
        let width = network.embedding()?;
        let (name, modules) = match self {
            Extension::Dream(it) => {
                let column = network.reads.len();
                network.reads.push(it.yaw.row.clone());
                let (from, steepness) = (it.from.as_radians(), it.steepness);
                ("dream", vec![Module::Dream(Dream { name: "dream".to_owned(), width, column, from, steepness })])
            }
            Extension::Mapping(it) => ("mapping", mapping(it.hidden.map(i64::from), width)),
        };
        if network.layers.iter().any(|layer| layer.name == name) {
            let what = format!("what is added to {}", network.name);
            return Err(NetError::Shape { what, expected: "something that it does not have yet".to_owned(), found: name.to_owned() });
        }
        let at = network.layers.len();
        network.layers.push(Layer { name: name.to_owned(), modules });
        network.parts.push((name.to_owned(), Part::Layers(at..at + 1)));
        network.name = format!("{}+{name}", network.name);
        Ok(network)
    }

    /// Seed of its first tensors.
    pub fn seed(&self) -> i64 {
        match self {
            Extension::Dream(it) => it.seed,
            Extension::Mapping(it) => it.seed,
        }
    }
}

/// A linear layer of one width, or two with a PReLU between them.
fn mapping(hidden: Option<i64>, width: i64) -> Vec<Module> {
    let linear = |name: &str, input: i64, output: i64| {
        let init = Init::Uniform { fan_in: input };
        Module::Linear(Linear { name: format!("mapping.{name}"), input, output, bias: Some(init), init })
    };
    match hidden {
        None => vec![linear("fc1", width, width)],
        Some(hidden) => {
            vec![
                linear("fc1", width, hidden),
                Module::Prelu { name: "mapping.act".to_owned(), channels: hidden },
                linear("fc2", hidden, width),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::value::NodeId;
    use crate::ops::nets::{Dream, Tiny};
    use crate::ops::refs::{ModelRef, Reading};
    use crate::quantity::{Angle, Pixels};

    fn made(embedding: u32) -> Made {
        nets::Backbone::Tiny(Tiny { embedding, side: Pixels(64), width: 24, weights: None, seed: 0 }).into()
    }

    fn dream() -> Extension {
        let yaw = Reading { row: crate::data::predicate::Expr::attribute("yaw") };
        Extension::Dream(Dream { model: ModelRef { node: NodeId(0) }, yaw, from: Angle::degrees(45.0), steepness: 10.0, seed: 0 })
    }

    /// Spec 5.5.
    #[test]
    fn a_correction_has_the_parameters_of_two_square_layers() {
        for (width, parameters) in [(256, 131_584), (512, 525_312)] {
            let (plain, added) = (made(width).cost().unwrap(), made(width).with(dream()).cost().unwrap());
            assert_eq!(added.parameters() - plain.parameters(), parameters);
            assert_eq!(added.multiply_adds() - plain.multiply_adds(), 2 * u64::from(width * width));
            assert_eq!(added.embedding, u64::from(width));
        }
    }

    #[test]
    fn what_reads_the_sample_ends_what_depends_on_the_image_alone() {
        let network = made(64).with(dream()).network().unwrap();
        let last = network.layers.len() - 1;
        assert_eq!((network.first_reader(), network.reads.len()), (last, 1));
        let all: Vec<&str> = network.layers.iter().map(|layer| layer.name.as_str()).collect();
        assert_eq!(network.freeze(&all).unwrap().prefix(), last, "an output that depends on more is not kept by the image");
        assert_eq!(network.part("dream").unwrap(), Part::Layers(last..last + 1));
        assert!(made(64).with(dream()).with(dream()).network().is_err(), "twice");
    }
}
