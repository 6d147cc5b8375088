//! What is added to a model's network: the backbone that it was made of and, in order, what came after.

use super::{Backbone, Conv, Dream, Init, Landmarks, Layer, Linear, Module, NameMap, NetError, Network, Part};
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
    /// The network with this after its last layer, or after the one that it looks at.
    ///
    /// # Errors
    /// A network that does not end in an embedding, that does not have the layer, or that has such a layer already.
    pub fn extend(&self, mut network: Network) -> Result<Network, NetError> {
        let width = network.embedding()?;
        let (name, layers) = match self {
            Extension::Dream(it) => {
                let column = network.reads.len();
                network.reads.push(it.yaw.row.clone());
                let (from, steepness) = (it.from.as_radians(), it.steepness);
                ("dream", vec![("dream", vec![Module::Dream(Dream { name: "dream".to_owned(), width, column, from, steepness })])])
            }
            Extension::Mapping(it) => ("mapping", vec![("mapping", mapping(it.hidden.map(i64::from), width))]),
            Extension::LandmarkMaps(it) => {
                network.end_after(network.tap(it.at.layer())?);
                let channels = network.shapes()?.last().map_or(0, |shape| shape.channels());
                let landmarks = Landmarks { count: i64::from(it.count) };
                let conv = landmark_conv(channels, i64::from(it.width) + landmarks.count);
                (
                    "landmarks",
                    vec![
                        (Landmarks::MAPS, vec![Module::Conv(conv), Module::Maps(landmarks)]),
                        ("landmarks", vec![Module::Attend(landmarks)]),
                    ],
                )
            }
        };
        if let Some((twice, _)) = layers.iter().find(|(name, _)| network.layers.iter().any(|layer| layer.name == *name)) {
            let what = format!("what is added to {}", network.name);
            return Err(NetError::Shape { what, expected: "something that it does not have yet".to_owned(), found: (*twice).to_owned() });
        }
        let at = network.layers.len();
        network.parts.push((name.to_owned(), Part::Layers(at..at + layers.len())));
        network.layers.extend(layers.into_iter().map(|(name, modules)| Layer { name: name.to_owned(), modules }));
        network.name = format!("{}+{name}", network.name);
        Ok(network)
    }

    /// Seed of its first tensors.
    pub fn seed(&self) -> i64 {
        match self {
            Extension::Dream(it) => it.seed,
            Extension::Mapping(it) => it.seed,
            Extension::LandmarkMaps(it) => it.seed,
        }
    }
}

/// Features of landmarks, and a score for each.
fn landmark_conv(input: i64, output: i64) -> Conv {
    let init = Init::Uniform { fan_in: input };
    Conv { name: "landmarks.conv".to_owned(), input, output, kernel: 1, stride: 1, padding: 0, groups: 1, bias: true, init }
}

impl Network {
    /// Leaves everything after a layer behind: parts end there, and nothing is read that only later layers read.
    fn end_after(&mut self, layer: usize) {
        self.layers.truncate(layer + 1);
        let end = self.layers.len();
        for (_, part) in &mut self.parts {
            if let Part::Layers(layers) = part {
                layers.end = layers.end.min(end);
            }
        }
        self.parts.retain(|(_, part)| !matches!(part, Part::Layers(layers) if layers.start >= layers.end));
        if self.first_reader() == end {
            self.reads.clear();
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
    use crate::nets::{Cost, Shape};
    use crate::ops::nets::{Dream, LandmarkMaps, Tiny};
    use crate::ops::refs::{ModelRef, Reading};
    use crate::ops::terms::{Output, Tap};
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

    fn landmarks(at: &str) -> Extension {
        let at = Output::Tap(Tap { layer: at.to_owned() });
        Extension::LandmarkMaps(LandmarkMaps { model: ModelRef { node: NodeId(0) }, at, count: 5, width: 8, seed: 0 })
    }

    #[test]
    fn landmarks_end_a_network_after_a_part() {
        let plain = made(64).network().unwrap();
        let cut = plain.tap("stage2").unwrap();
        let Shape::Map { channels, height, width } = plain.shapes().unwrap()[cut] else { panic!("a map") };
        let extended = made(64).with(dream()).with(landmarks("stage2"));
        let network = extended.network().unwrap();
        let last = network.layers.len() - 1;
        assert_eq!((network.embedding().unwrap(), last), (5 * 8, cut + 2));
        assert_eq!(network.tap(Landmarks::MAPS).unwrap(), cut + 1);
        assert_eq!(network.shapes().unwrap()[cut + 1], Shape::Map { channels: 8 + 5, height, width });
        assert!(network.reads.is_empty(), "the correction is left behind");
        assert_eq!(network.part("landmarks").unwrap(), Part::Layers(cut + 1..cut + 3));
        assert_eq!(network.part("trunk").unwrap(), Part::Layers(0..cut + 1), "parts end where the network does");
        assert!(network.part("neck").is_err());
        // a convolution with its bias, and the products with the maps
        let (cost, before) = (extended.cost().unwrap(), plain.cost().unwrap());
        let of = |cost: &Cost, layers: std::ops::Range<usize>| {
            cost.layers[layers].iter().map(|it| (it.parameters, it.multiply_adds)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        };
        let (channels, places) = (channels.unsigned_abs(), (height * width).unsigned_abs());
        assert_eq!(of(&cost, cut + 1..cut + 3), (13 * channels + 13, (13 * channels + 40) * places));
        assert_eq!(of(&cost, 0..cut + 1), of(&before, 0..cut + 1));
        assert!(made(64).with(landmarks("stage9")).network().is_err());
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
