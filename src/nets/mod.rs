//! Networks as data: layers in order, each a list of modules. Nothing here computes with tensors: the engine runs what is described.
//!
//! ```text
//! ops::nets::Backbone --Describe--> Network --specs--> names, shapes and starting values of tensors
//!                                      ├──shapes, taps--> what comes out of every layer
//!                                      ├──cost--> parameters, multiply-adds, activations by layer
//!                                      ├──freeze--> what of it stays
//!                                      └──onnx--> a file that other programs run
//! ```

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "channels, sides and layers, which declarations bound"
)]

pub mod angles;
pub mod backbone;
pub mod cost;
pub mod dream;
pub mod error;
pub mod extend;
pub mod fit;
pub mod freeze;
pub mod landmarks;
pub mod local;
pub mod module;
pub mod names;
pub mod onnx;
pub mod prototypes;
pub mod shape;
pub mod spec;
pub mod taps;
pub mod transformer;
pub mod window;

use std::fmt;
use std::ops::Range;

use crate::data::predicate::Expr;
use serde::{Deserialize, Serialize};

pub use crate::ops::nets::Colour;
pub use angles::{Angles, Bins};
pub use backbone::Backbone;
pub use cost::{Cost, LayerCost};
pub use dream::Dream;
pub use error::NetError;
pub use extend::Made;
pub use freeze::Frozen;
pub use landmarks::Landmarks;
pub use local::Local;
pub use module::{Conv, Linear, Module, Norm, Residual, Scale};
pub use names::{NameMap, NotAPattern};
pub use shape::Shape;
pub use spec::{Init, Role, Spec};
pub use taps::TapShape;
pub use transformer::{Attention, LayerNorm, Mask};
pub use window::{Keep, Window};

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

/// `112 x 112 rgb, (value - 127.5) / 128`.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mean = &self.mean[..self.channels() as usize];
        let same = mean.iter().all(|value| value.to_bits() == mean[0].to_bits());
        let mean = if same { mean[0].to_string() } else { format!("{mean:?}") };
        write!(f, "{} x {} {}, (value - {mean}) / {}", self.height, self.width, self.colour.word(), self.divisor)
    }
}

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

/// A network: what it sees, its layers, its parts, what it reads.
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
    /// Numbers of each sample that layers read beside its image: angles in radians, lengths in pixels.
    pub reads: Vec<Expr>,
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
    ///
    /// # Errors
    /// When a module does not take what comes out of the one before it.
    pub fn shapes(&self) -> Result<Vec<Shape>, NetError> {
        let mut shape = self.input_shape();
        let mut shapes = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            shape = through(&layer.modules, shape)?;
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// How many numbers an embedding has.
    ///
    /// # Errors
    /// As [`Network::shapes`].
    pub fn embedding(&self) -> Result<i64, NetError> {
        Ok(self.shapes()?.last().map_or(0, |shape| shape.numel()))
    }

    /// The first layer that reads numbers of the sample: what comes out of the layers before it depends on the image alone.
    pub fn first_reader(&self) -> usize {
        let reads = |layer: &Layer| layer.modules.iter().any(Module::reads);
        self.layers.iter().position(reads).unwrap_or(self.layers.len())
    }

    /// Whether batch norms count over the images of a batch while it is trained: any in a layer that is not fixed.
    pub fn norms(&self, fixed: &[bool]) -> bool {
        let learning = self.layers.iter().enumerate().filter(|(at, _)| !fixed.get(*at).copied().unwrap_or(false));
        learning.flat_map(|(_, layer)| &layer.modules).any(Module::norms)
    }

    /// How many tensors a `PyTorch` state dict of this network has: batch norms count their batches too.
    pub fn tensors(&self) -> usize {
        self.specs().iter().map(|spec| 1 + usize::from(spec.role == Role::Buffer && spec.name.ends_with("running_mean"))).sum()
    }
}

/// The shape after these modules.
fn through(modules: &[Module], shape: Shape) -> Result<Shape, NetError> {
    modules.iter().try_fold(shape, |shape, module| module.output(shape))
}

#[cfg(test)]
mod tests;
