//! SphereFace's network (Liu et al., CVPR 2017, table 2), with the names of its `PyTorch` ports.

use super::Backbone;
use super::pieces::{biased, ends};
use crate::nets::{Init, Input, Layer, Linear, Module, NameMap, NetError, Network, Part, Residual};
use crate::ops::nets::{Colour, SphereNet};

const WIDTHS: [i64; 4] = [64, 128, 256, 512];
/// Sides of the input and of the last map.
const INPUT: (i64, i64) = (112, 96);
const LAST: (i64, i64) = (7, 6);
/// How the authors' prototxt starts residual units; the other layers are Glorot's.
const INSIDE: Init = Init::Normal { sd: 0.01 };

impl Backbone for SphereNet {
    fn network(&self) -> Result<Network, NetError> {
        let units = match self.depth {
            20 => [1, 2, 4, 1],
            64 => [3, 8, 16, 3],
            other => {
                return Err(NetError::Option { option: "depth", value: other.to_string(), why: "the depths are 20 and 64".into() });
            }
        };
        let (mut layers, mut parts) = (Vec::new(), Vec::new());
        let mut input = 3;
        for (stage, (units, width)) in units.into_iter().zip(WIDTHS).enumerate() {
            let (start, stage) = (layers.len(), stage + 1);
            let piece = |at: i64, io: (i64, i64), stride: i64, init: Init| {
                let slopes = Module::Prelu { name: format!("relu{stage}_{at}"), channels: io.1 };
                vec![biased(format!("conv{stage}_{at}"), io, 3, stride, init), slopes]
            };
            layers.push(Layer { name: format!("stage{stage}.0"), modules: piece(1, (input, width), 2, Init::XavierUniform) });
            for unit in 0..units {
                let mut body = piece(2 * unit + 2, (width, width), 1, INSIDE);
                body.extend(piece(2 * unit + 3, (width, width), 1, INSIDE));
                let residual = Module::Residual(Residual { body, shortcut: Vec::new() });
                layers.push(Layer { name: format!("stage{stage}.{}", unit + 1), modules: vec![residual] });
            }
            parts.push((format!("stage{stage}"), Part::Layers(start..layers.len())));
            input = width;
        }
        parts.insert(0, ("stem".to_string(), Part::Layers(0..1)));
        let trunk = layers.len();
        let (inputs, output) = (input * LAST.0 * LAST.1, i64::from(self.embedding));
        let linear = Linear { name: "fc5".into(), input: inputs, output, bias: Some(Init::Constant(0.0)), init: Init::XavierUniform };
        layers.push(Layer { name: "embedding".into(), modules: vec![Module::Flatten, Module::Linear(linear)] });
        ends(&mut parts, trunk, layers.len());
        let input = Input { height: INPUT.0, width: INPUT.1, colour: Colour::Bgr, ..Input::centred(INPUT.0, 128.0) };
        Ok(Network { name: format!("spherenet{}", self.depth), input, layers, parts, reads: Vec::new() })
    }

    /// Checkpoints bring their classifier along.
    fn known_names(&self) -> Vec<NameMap> {
        super::without(r"fc6\..*")
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}
