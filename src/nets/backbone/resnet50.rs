//! `ResNet`-50 and SE-`ResNet`-50 of VGGFace2 (Cao et al., FG 2018), with the names of their `PyTorch` ports.

use super::Backbone;
use super::pieces::{biased, conv, ends, norm};
use crate::nets::{Init, Input, Keep, Layer, Module, NameMap, NetError, Network, Part, Residual, Window};
use crate::ops::nets::{Colour, ResNet50};

/// Blocks of each stage, and channels inside them; four times as many go out.
const STAGES: [(usize, i64); 4] = [(3, 64), (4, 128), (6, 256), (3, 512)];
const REDUCTION: i64 = 16;
const INIT: Init = Init::KaimingFanOut;
/// The mean colour of `resnet50_ft`'s input: blue, green, red.
const MEAN: [f64; 3] = [91.4953, 103.8827, 131.0912];

impl Backbone for ResNet50 {
    fn network(&self) -> Result<Network, NetError> {
        let stem = vec![
            conv("conv1".into(), (3, 64), 7, 2, INIT),
            norm("bn1".into(), 64),
            Module::Relu,
            Module::Window(Window { keep: Keep::Max, side: 3, stride: 2, ceil: true }),
        ];
        let (mut layers, mut parts) = trunk(stem, self.se, Stride::First);
        let trunk = layers.len();
        layers.push(Layer { name: "embedding".into(), modules: vec![Module::Pool { side: 1 }, Module::Flatten] });
        ends(&mut parts, trunk, layers.len());
        let input = Input { height: 224, width: 224, colour: Colour::Bgr, mean: MEAN, divisor: 1.0 };
        Ok(Network { name: if self.se { "se_resnet50" } else { "resnet50" }.into(), input, layers, parts, reads: Vec::new() })
    }

    /// Checkpoints bring their classifier along.
    fn known_names(&self) -> Vec<NameMap> {
        super::without(r"fc\..*")
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}

/// Which convolution of a block the stride sits on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stride {
    /// The first, as in the Caffe networks.
    First,
    /// The second, as in torchvision.
    Second,
}

/// The stem and the four stages of a `ResNet`-50, and their parts.
pub(super) fn trunk(stem: Vec<Module>, se: bool, at: Stride) -> (Vec<Layer>, Vec<(String, Part)>) {
    let mut layers = vec![Layer { name: "stem".into(), modules: stem }];
    let mut parts = vec![("stem".to_string(), Part::Layers(0..1))];
    let mut input = 64;
    for (stage, (count, inside)) in STAGES.into_iter().enumerate() {
        let start = layers.len();
        for i in 0..count {
            let name = format!("layer{}.{i}", stage + 1);
            let stride = if i == 0 && stage > 0 { 2 } else { 1 };
            let modules = vec![block(se, &name, (input, inside), (at, stride), i == 0), Module::Relu];
            layers.push(Layer { name, modules });
            input = inside * 4;
        }
        parts.push((format!("stage{}", stage + 1), Part::Layers(start..layers.len())));
    }
    (layers, parts)
}

fn block(se: bool, name: &str, io: (i64, i64), (at, stride): (Stride, i64), first: bool) -> Module {
    let of = |end: &str| format!("{name}.{end}");
    let (input, inside) = io;
    let output = inside * 4;
    let (one, two) = match at {
        Stride::First => (stride, 1),
        Stride::Second => (1, stride),
    };
    let mut body = vec![
        conv(of("conv1"), (input, inside), 1, one, INIT),
        norm(of("bn1"), inside),
        Module::Relu,
        conv(of("conv2"), (inside, inside), 3, two, INIT),
        norm(of("bn2"), inside),
        Module::Relu,
        conv(of("conv3"), (inside, output), 1, 1, INIT),
        norm(of("bn3"), output),
    ];
    if se {
        let narrow = output / REDUCTION;
        body.push(Module::Gate(vec![
            Module::Pool { side: 1 },
            biased(of("conv4"), (output, narrow), 1, 1, INIT),
            Module::Relu,
            biased(of("conv5"), (narrow, output), 1, 1, INIT),
        ]));
    }
    let around = || vec![conv(of("downsample.0"), (input, output), 1, stride, INIT), norm(of("downsample.1"), output)];
    Module::Residual(Residual { body, shortcut: if first { around() } else { Vec::new() } })
}
