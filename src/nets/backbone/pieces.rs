//! Pieces that several backbones are made of.

use crate::nets::{Conv, Init, Module, Norm, Part, Scale};

/// Batch norm's epsilon everywhere but in conversions from MXNet.
pub const EPS: f64 = 1e-5;

/// A convolution over a window of `kernel`, padded so that a stride of 1 keeps the side, without bias.
pub fn conv(name: String, io: (i64, i64), kernel: i64, stride: i64, init: Init) -> Module {
    Module::Conv(plain(name, io, kernel, stride, init))
}

/// As [`conv`], with a bias.
pub(crate) fn biased(name: String, io: (i64, i64), kernel: i64, stride: i64, init: Init) -> Module {
    Module::Conv(Conv { bias: true, ..plain(name, io, kernel, stride, init) })
}

fn plain(name: String, io: (i64, i64), kernel: i64, stride: i64, init: Init) -> Conv {
    Conv { name, input: io.0, output: io.1, kernel, stride, padding: kernel / 2, groups: 1, bias: false, init }
}

/// A batch norm with scale and shift.
pub fn norm(name: String, channels: i64) -> Module {
    Module::Norm(Norm { name, channels, eps: EPS, scale: Scale::Learned })
}

/// The parts that every backbone has: the trunk before layer `trunk`, the neck from there to the end, the slopes.
pub fn ends(parts: &mut Vec<(String, Part)>, trunk: usize, end: usize) {
    parts.push(("trunk".into(), Part::Layers(0..trunk)));
    parts.push(("neck".into(), Part::Layers(trunk..end)));
    parts.push(("activations".into(), Part::Activations));
}
