//! Networks as they run: [`ddl::nets`] describes them, here they meet tensors.

mod chance;
pub(crate) mod fold;
pub mod mask;
mod parts;
mod prelu;
pub(crate) mod run;

use tch::{Device, Kind, Tensor};

use crate::nn::error::{NnError, shape};
pub use ddl::nets::Colour;
pub(crate) use ddl::nets::{
    Angles, Attention, Bins, Conv, Dream, Frozen, Input, Keep, Landmarks, Layer, LayerNorm, Linear, Local, Mask, Module, Network, Norm,
    Residual, Scale, Shape, Window,
};
pub use run::{Norms, Pass, Run};

/// The angles that Hopenet's bins `[n, 3 x 66]` say, `[n, 3]` in degrees.
///
/// # Errors
/// When the bins have another shape.
pub(crate) fn angles(bins: &Tensor) -> Result<Tensor, NnError> {
    parts::angles(ddl::nets::backbone::hopenet::ANGLES, bins)
}

/// Shares of red, green and blue in grey (ITU-R BT.601, what image libraries use).
const GREY: [f64; 3] = [0.299, 0.587, 0.114];

/// Images as a network sees them.
pub trait Images {
    /// Images as bytes, `[n, height, width, 3]` red first, as a tensor `[n, channels, height, width]` whose channels lie innermost.
    ///
    /// # Errors
    /// When the bytes are not those of whole images.
    fn tensor(&self, bytes: &[u8], device: Device, kind: Kind) -> Result<Tensor, NnError>;
}

impl Images for Input {
    fn tensor(&self, bytes: &[u8], device: Device, kind: Kind) -> Result<Tensor, NnError> {
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
        let mut values = in_order(self.colour, &pixels.f_to_device(device)?.f_to_kind(kind)?)?;
        let mean = &self.mean[..self.channels() as usize];
        if mean.iter().all(|m| m.to_bits() == mean[0].to_bits()) {
            let _ = values.f_sub_scalar_(mean[0])?.f_div_scalar_(self.divisor)?;
        } else {
            let mean = Tensor::f_from_slice(mean)?.f_to_device(device)?.f_to_kind(kind)?;
            let _ = values.f_sub_(&mean)?.f_div_scalar_(self.divisor)?;
        }
        Ok(values.f_permute([0, 3, 1, 2])?)
    }
}

/// `[n, height, width, channels]` of `[n, height, width, 3]` red first. Grey is a whole number, as in a grey file.
fn in_order(colour: Colour, rgb: &Tensor) -> Result<Tensor, NnError> {
    match colour {
        Colour::Rgb => Ok(rgb.shallow_clone()),
        Colour::Bgr => Ok(rgb.f_flip([3])?),
        Colour::Grey => {
            let shares = Tensor::f_from_slice(&GREY)?.f_to_device(rgb.device())?.f_to_kind(rgb.kind())?;
            Ok(rgb.f_matmul(&shares)?.f_round()?.f_unsqueeze(-1)?)
        }
    }
}

/// Refuses a batch that is not what layer `first` takes.
fn check_input(network: &Network, x: &Tensor, first: usize) -> Result<(), NnError> {
    let one = if first == 0 { network.input_shape() } else { network.shapes()?[first - 1] };
    let size = x.size();
    if size.len() == one.sides().len() + 1 && size[1..] == one.sides() {
        return Ok(());
    }
    let expected = format!("[n, {}]", one.sides().iter().map(i64::to_string).collect::<Vec<_>>().join(", "));
    Err(NnError::Input { what: format!("the input of {}", network.name), expected, found: shape(&size) })
}

#[cfg(test)]
pub(crate) mod tests;
