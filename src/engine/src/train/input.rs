//! What goes into a network in a step, and into which layer.

use super::error::TrainError;
use crate::nn::front::from_rows;
use crate::nn::net::{Images as _, Input, Network};
use tch::{Device, Kind, Tensor};

/// What goes into a network, one draw after the other.
#[derive(Debug)]
pub enum InputData {
    /// Pixels `[images, height, width, 3]`.
    Pixels(Vec<u8>),
    /// Outputs of some layer, `[images, …]`.
    Features(Vec<f32>),
}

/// Images as a network sees them.
pub fn pixels(input: &Input, bytes: &[u8], device: Device) -> Result<Tensor, TrainError> {
    Ok(input.tensor(bytes, device, Kind::Float)?)
}

/// Kept outputs of a layer as a tensor laid out as the layer itself leaves it.
pub fn features(network: &Network, layer: usize, numbers: &[f32], device: Device) -> Result<Tensor, TrainError> {
    Ok(from_rows(numbers, network.shapes()?[layer], device)?)
}
