//! A network as data: layers in order, each a list of modules. Shapes, counts, names and the forward pass all come from it.

pub mod fold;
pub mod freeze;
pub mod module;
mod prelu;
pub mod run;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::nn::error::{NnError, shape};
use crate::nn::state::{Role, Spec};
pub use freeze::Frozen;
pub use module::{Conv, Keep, Linear, Module, Norm, Residual, Scale, Shape, Window};
pub use run::{Norms, Pass};

/// The order of an image's channels.
pub use ddl::ops::nets::Colour;

/// What a network wants to see: images of one size and colour order, each value turned into `(value - mean) / divisor`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Pixels from top to bottom.
    pub height: i64,
    /// Pixels from left to right.
    pub width: i64,
    /// The order of the channels.
    pub colour: Colour,
    /// Subtracted from each value (0..255), by channel in this order; grey has the first alone.
    pub mean: [f64; 3],
    /// Each difference is divided by it.
    pub divisor: f64,
}

/// Shares of red, green and blue in grey (ITU-R BT.601, what image libraries use).
const GREY: [f64; 3] = [0.299, 0.587, 0.114];

impl Input {
    /// RGB, side x side pixels, `(value - 127.5) / divisor`.
    pub const fn centred(side: i64, divisor: f64) -> Self {
        Input { height: side, width: side, colour: Colour::Rgb, mean: [127.5; 3], divisor }
    }

    /// Width and height, as images are loaded.
    pub const fn size(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }

    /// Channels that the network sees.
    pub const fn channels(&self) -> i64 {
        match self.colour {
            Colour::Rgb | Colour::Bgr => 3,
            Colour::Grey => 1,
        }
    }

    /// Images as bytes, `[n, height, width, 3]` red first, as a tensor `[n, channels, height, width]` whose channels lie innermost.
    pub fn tensor(&self, bytes: &[u8], device: Device, kind: Kind) -> Result<Tensor, NnError> {
        let image = self.height * self.width * 3;
        let count = bytes.len() as i64 / image;
        if bytes.len() as i64 != count * image {
            return Err(NnError::Input {
                what: "bytes of images".into(),
                expected: format!("a multiple of {} x {} x 3 = {image}", self.height, self.width),
                found: bytes.len().to_string(),
            });
        }
        let pixels = Tensor::f_from_data_size(bytes, &[count, self.height, self.width, 3], Kind::Uint8)?;
        let mut values = self.in_order(&pixels.f_to_device(device)?.f_to_kind(kind)?)?;
        let mean = &self.mean[..self.channels() as usize];
        if mean.iter().all(|m| m.to_bits() == mean[0].to_bits()) {
            let _ = values.f_sub_scalar_(mean[0])?.f_div_scalar_(self.divisor)?;
        } else {
            let mean = Tensor::f_from_slice(mean)?.f_to_device(device)?.f_to_kind(kind)?;
            let _ = values.f_sub_(&mean)?.f_div_scalar_(self.divisor)?;
        }
        Ok(values.f_permute([0, 3, 1, 2])?)
    }

    /// `[n, height, width, channels]` of `[n, height, width, 3]` red first. Grey is a whole number, as in a grey file.
    fn in_order(&self, rgb: &Tensor) -> Result<Tensor, NnError> {
        match self.colour {
            Colour::Rgb => Ok(rgb.shallow_clone()),
            Colour::Bgr => Ok(rgb.f_flip([3])?),
            Colour::Grey => {
                let shares = Tensor::f_from_slice(&GREY)?.f_to_device(rgb.device())?.f_to_kind(rgb.kind())?;
                Ok(rgb.f_matmul(&shares)?.f_round()?.f_unsqueeze(-1)?)
            }
        }
    }
}

/// A layer: the smallest piece that a run can start or stop at.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its name, unique in the network: what a tap asks for.
    pub name: String,
    /// What it does, in order.
    pub modules: Vec<Module>,
}

/// A named piece of a network, for `freeze`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Layers that lie side by side.
    Layers(Range<usize>),
    /// The slopes of all `PReLU`s.
    Activations,
}

/// A network: what it sees, its layers, its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Its operator's name (`iresnet50`).
    pub name: String,
    /// What it wants to see.
    pub input: Input,
    /// Its layers, first to last. The last one's output is the embedding.
    pub layers: Vec<Layer>,
    /// Its parts by name.
    pub parts: Vec<(String, Part)>,
}

/// How big a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Numbers in parameters, trained or fixed.
    pub parameters: u64,
    /// Numbers in trained parameters.
    pub trainable: u64,
    /// Tensors in a `PyTorch` state dict of this network, which counts batches in every batch norm.
    pub tensors: usize,
    /// Multiply-adds of convolutions and linear layers for one image.
    pub multiply_adds: u64,
}

impl Network {
    /// Every tensor of the network, in the order of its layers.
    pub fn specs(&self) -> Vec<Spec> {
        self.specs_of(0..self.layers.len())
    }

    /// Every tensor of these layers.
    pub fn specs_of(&self, layers: Range<usize>) -> Vec<Spec> {
        let mut specs = Vec::new();
        self.layers[layers].iter().flat_map(|layer| &layer.modules).for_each(|module| module.specs(&mut specs));
        specs
    }

    /// The shape of one image's input.
    pub fn input_shape(&self) -> Shape {
        Shape::Map { channels: self.input.channels(), height: self.input.height, width: self.input.width }
    }

    /// The shape after each layer, for one image.
    pub fn shapes(&self) -> Result<Vec<Shape>, NnError> {
        let mut shape = self.input_shape();
        let mut shapes = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            shape = through(&layer.modules, shape)?;
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// How many numbers an embedding has.
    pub fn embedding(&self) -> Result<i64, NnError> {
        Ok(self.shapes()?.last().map_or(0, |shape| shape.numel()))
    }

    /// Parameters, tensors and multiply-adds.
    pub fn size(&self) -> Result<Size, NnError> {
        let mut size = Size::default();
        for spec in self.specs() {
            size.tensors += 1;
            match spec.role {
                Role::Parameter => (size.parameters, size.trainable) = (size.parameters + spec.numel(), size.trainable + spec.numel()),
                Role::Fixed => size.parameters += spec.numel(),
                Role::Buffer => size.tensors += usize::from(spec.name.ends_with("running_mean")),
            }
        }
        let mut shape = self.input_shape();
        for module in self.layers.iter().flat_map(|layer| &layer.modules) {
            size.multiply_adds += module.multiply_adds(shape)?;
            shape = module.output(shape)?;
        }
        Ok(size)
    }

    /// The layer whose output `tap(name)` is: the layer of this name, or the last layer of the part or block group of this name.
    pub fn tap(&self, name: &str) -> Result<usize, NnError> {
        let within = format!("{name}.");
        let part = self.parts.iter().find_map(|(part, kind)| match kind {
            Part::Layers(layers) if part == name => layers.end.checked_sub(1),
            Part::Layers(_) | Part::Activations => None,
        });
        let layer = self.layers.iter().position(|layer| layer.name == name);
        let group = self.layers.iter().rposition(|layer| layer.name.starts_with(&within));
        layer.or(part).or(group).ok_or_else(|| NnError::Unknown {
            net: self.name.clone(),
            kind: "layer",
            name: name.to_string(),
            has: self.layers.iter().map(|layer| layer.name.clone()).collect(),
        })
    }

    /// Refuses a batch that is not what layer `first` takes.
    fn check_input(&self, x: &Tensor, first: usize) -> Result<(), NnError> {
        let one = if first == 0 { self.input_shape() } else { self.shapes()?[first - 1] };
        let size = x.size();
        if size.len() == one.sides().len() + 1 && size[1..] == one.sides() {
            return Ok(());
        }
        let expected = format!("[n, {}]", one.sides().iter().map(i64::to_string).collect::<Vec<_>>().join(", "));
        Err(NnError::Input { what: format!("the input of {}", self.name), expected, found: shape(&size) })
    }
}

/// The shape after these modules.
fn through(modules: &[Module], shape: Shape) -> Result<Shape, NnError> {
    modules.iter().try_fold(shape, |shape, module| module.output(shape))
}

#[cfg(test)]
pub(crate) mod tests;
