//! A small network: four strided convolutions, a 2 x 2 mean, a linear layer.

use super::Backbone;
use crate::nets::{Conv, Init, Input, Layer, Linear, Module, NetError, Network, Norm, Part, Scale};
use crate::ops::nets::Tiny;

const EPS: f64 = 1e-5;
/// The last map is averaged to so many windows a side: a face's left and right, top and bottom stay apart.
const WINDOWS: i64 = 2;

impl Backbone for Tiny {
    fn network(&self) -> Result<Network, NetError> {
        let (width, embedding) = (i64::from(self.width), i64::from(self.embedding));
        let mut layers = Vec::new();
        let mut input = 3;
        for stage in 1..=4 {
            let (name, output) = (format!("stage{stage}"), width * stage);
            let conv = Conv {
                name: format!("{name}.conv"),
                input,
                output,
                kernel: 3,
                stride: 2,
                padding: 1,
                groups: 1,
                bias: false,
                init: Init::KaimingFanOut,
            };
            let norm = Norm { name: format!("{name}.bn"), channels: output, eps: EPS, scale: Scale::Learned };
            let prelu = Module::Prelu { name: format!("{name}.prelu"), channels: output };
            layers.push(Layer { name, modules: vec![Module::Conv(conv), Module::Norm(norm), prelu] });
            input = output;
        }
        let inputs = input * WINDOWS * WINDOWS;
        let linear = Linear { name: "fc".into(), input: inputs, output: embedding, bias: None, init: Init::XavierUniform };
        let norm = Norm { name: "bn".into(), channels: embedding, eps: EPS, scale: Scale::Learned };
        let neck = vec![Module::Pool { side: WINDOWS }, Module::Flatten, Module::Linear(linear), Module::Norm(norm)];
        layers.push(Layer { name: "embedding".into(), modules: neck });
        let parts =
            [("stem", Part::Layers(0..1)), ("trunk", Part::Layers(0..4)), ("neck", Part::Layers(4..5)), ("activations", Part::Activations)];
        let parts = parts.into_iter().map(|(name, part)| (name.to_string(), part)).collect();
        Ok(Network { name: "tiny".into(), input: Input::centred(i64::from(self.side.0), 127.5), layers, parts, reads: Vec::new() })
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}
