//! The first layers of a network, and what they make of images as rows of numbers that can be kept.

use super::error::NnError;
use super::net::{Network, Shape};
use super::state::State;
use tch::{Device, TchError, Tensor};

/// Leading layers of a network that stay as they are.
pub struct Layers<'n> {
    /// The network.
    pub network: &'n Network,
    /// Its tensors.
    pub state: &'n State,
    /// How many of its layers.
    pub count: usize,
}

impl Layers<'_> {
    /// The digest of what the layers are, and that of their tensors: equal ones make the same of an image.
    ///
    /// # Errors
    /// When a tensor is missing or can't be brought to the host.
    pub fn digests(&self) -> Result<(blake3::Hash, blake3::Hash), NnError> {
        let mut tensors = State::new();
        for spec in self.network.specs_of(0..self.count) {
            let entry = self.state.get(&spec.name)?;
            tensors.insert(&spec.name, entry.shallow_clone(), spec.role)?;
        }
        let layers = format!("{:?} {:?}", self.network.input, &self.network.layers[..self.count]);
        Ok((blake3::hash(layers.as_bytes()), blake3::hash(&tensors.to_bytes(&[])?)))
    }
}

/// A layer's output, `[n, ...]`, on the host as numbers that follow each other image by image; maps with their channels innermost, as
/// images come in.
pub fn to_rows(output: &Tensor) -> Result<Tensor, TchError> {
    let output = if output.dim() == 4 { output.f_permute([0, 2, 3, 1])? } else { output.shallow_clone() };
    output.f_contiguous()?.f_to_device(Device::Cpu)
}

/// Rows that were kept, as a tensor `[n, ...]` laid out as the layer itself leaves it.
pub fn from_rows(numbers: &[f32], shape: Shape, device: Device) -> Result<Tensor, TchError> {
    let count = numbers.len() as i64 / shape.numel().max(1);
    let flat = Tensor::f_from_slice(numbers)?.f_to_device(device)?;
    match shape {
        Shape::Map { channels, height, width } => flat.f_view([count, height, width, channels])?.f_permute([0, 3, 1, 2]),
        Shape::Tokens { count: tokens, width } => flat.f_view([count, tokens, width]),
        Shape::Vector(_) => flat.f_view([count, -1]),
    }
}
