//! Improved `ResNet` as insightface's `iresnet.py` builds it, with its names.

use super::Backbone;
use crate::nets::{Conv, Init, Input, Layer, Linear, Module, NetError, Network, Norm, Part, Residual, Scale};
use crate::ops::nets::{IRESNET_DEPTHS, IResNet};

/// Channels of the four stages.
const WIDTHS: [i64; 4] = [64, 128, 256, 512];
/// Side of the last map.
const LAST: i64 = 7;
const EPS: f64 = 1e-5;

/// Blocks in each stage.
fn blocks(depth: u32) -> Result<[usize; 4], NetError> {
    match depth {
        18 => Ok([2, 2, 2, 2]),
        34 => Ok([3, 4, 6, 3]),
        50 => Ok([3, 4, 14, 3]),
        100 => Ok([3, 13, 30, 3]),
        200 => Ok([6, 26, 60, 6]),
        other => Err(NetError::Option { option: "depth", value: other.to_string(), why: format!("the depths are {IRESNET_DEPTHS:?}") }),
    }
}

impl Backbone for IResNet {
    fn network(&self) -> Result<Network, NetError> {
        network(self.depth, i64::from(self.embedding), self.dropout)
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}

fn conv(name: String, input: i64, output: i64, kernel: i64, stride: i64) -> Module {
    let init = Init::Normal { sd: 0.1 };
    Module::Conv(Conv { name, input, output, kernel, stride, padding: kernel / 2, groups: 1, bias: false, init })
}

fn norm(name: String, channels: i64) -> Module {
    Module::Norm(Norm { name, channels, eps: EPS, scale: Scale::Learned })
}

/// The stride sits on the second convolution; the first block of every stage has a convolution in its shortcut.
fn block(name: &str, input: i64, output: i64, stride: i64, first: bool) -> Module {
    let of = |end: &str| format!("{name}.{end}");
    let body = vec![
        norm(of("bn1"), input),
        conv(of("conv1"), input, output, 3, 1),
        norm(of("bn2"), output),
        Module::Prelu { name: of("prelu"), channels: output },
        conv(of("conv2"), output, output, 3, stride),
        norm(of("bn3"), output),
    ];
    let around = || vec![conv(of("downsample.0"), input, output, 1, stride), norm(of("downsample.1"), output)];
    Module::Residual(Residual { body, shortcut: if first { around() } else { Vec::new() } })
}

fn network(depth: u32, embedding: i64, dropout: f64) -> Result<Network, NetError> {
    let stem = vec![
        conv("conv1".into(), 3, WIDTHS[0], 3, 1),
        norm("bn1".into(), WIDTHS[0]),
        Module::Prelu { name: "prelu".into(), channels: WIDTHS[0] },
    ];
    let mut layers = vec![Layer { name: "stem".into(), modules: stem }];
    let mut parts = vec![("stem".to_string(), Part::Layers(0..1))];
    let mut input = WIDTHS[0];
    for (stage, (count, width)) in blocks(depth)?.into_iter().zip(WIDTHS).enumerate() {
        let start = layers.len();
        for i in 0..count {
            let name = format!("layer{}.{i}", stage + 1);
            let module = block(&name, input, width, if i == 0 { 2 } else { 1 }, i == 0);
            layers.push(Layer { name, modules: vec![module] });
            input = width;
        }
        parts.push((format!("stage{}", stage + 1), Part::Layers(start..layers.len())));
    }
    let trunk = layers.len();
    let inputs = input * LAST * LAST;
    // `PyTorch`'s own start of a linear layer: both weight and bias uniform in 1 / sqrt(inputs)
    let init = Init::Uniform { fan_in: inputs };
    let linear = Linear { name: "fc".into(), input: inputs, output: embedding, bias: Some(init), init };
    let last = Norm { name: "features".into(), channels: embedding, eps: EPS, scale: Scale::ShiftOnly };
    let mut neck = vec![norm("bn2".into(), input)];
    if dropout > 0.0 {
        neck.push(Module::Dropout { name: "dropout".into(), p: dropout });
    }
    neck.extend([Module::Flatten, Module::Linear(linear), Module::Norm(last)]);
    layers.push(Layer { name: "embedding".into(), modules: neck });
    parts.push(("trunk".into(), Part::Layers(0..trunk)));
    parts.push(("neck".into(), Part::Layers(trunk..layers.len())));
    parts.push(("activations".into(), Part::Activations));
    Ok(Network { name: format!("iresnet{depth}"), input: Input::centred(112, 127.5), layers, parts, reads: Vec::new() })
}
