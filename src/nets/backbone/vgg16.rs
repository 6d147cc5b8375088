//! VGG-16 of VGGFace (Parkhi et al., BMVC 2015).

use super::Backbone;
use super::pieces::{biased, ends};
use crate::nets::{Init, Input, Keep, Layer, Linear, Module, NameMap, NetError, Network, Part, Window};
use crate::ops::nets::{Colour, Vgg16};

/// Convolutions of each stage, and their channels.
const STAGES: [(usize, i64); 5] = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)];
const WIDE: i64 = 4096;
/// The paper's start: N(0, 0.01²), biases zero.
const INIT: Init = Init::Normal { sd: 0.01 };
/// The mean colour: blue, green, red.
const MEAN: [f64; 3] = [93.5940, 104.7624, 129.1863];

impl Backbone for Vgg16 {
    fn network(&self) -> Result<Network, NetError> {
        let (mut layers, mut parts) = (Vec::new(), Vec::new());
        let mut input = 3;
        for (stage, (count, width)) in STAGES.into_iter().enumerate() {
            let (start, stage) = (layers.len(), stage + 1);
            for i in 1..=count {
                let mut modules = vec![biased(format!("conv_{stage}_{i}"), (input, width), 3, 1, INIT), Module::Relu];
                modules.extend((i == count).then_some(Module::Window(Window { keep: Keep::Max, side: 2, stride: 2, ceil: false })));
                layers.push(Layer { name: format!("stage{stage}.{i}"), modules });
                input = width;
            }
            parts.push((format!("stage{stage}"), Part::Layers(start..layers.len())));
        }
        parts.insert(0, ("stem".to_string(), Part::Layers(0..1)));
        let trunk = layers.len();
        for (name, inputs) in [("fc6", input * 7 * 7), ("fc7", WIDE)] {
            let linear = Linear { name: name.into(), input: inputs, output: WIDE, bias: Some(Init::Constant(0.0)), init: INIT };
            let mut modules = Vec::new();
            modules.extend((name == "fc6").then_some(Module::Flatten));
            modules.extend([Module::Linear(linear), Module::Relu]);
            modules.extend((self.dropout > 0.0).then_some(Module::Dropout { name: name.into(), p: self.dropout }));
            layers.push(Layer { name: name.into(), modules });
        }
        ends(&mut parts, trunk, layers.len());
        let input = Input { height: 224, width: 224, colour: Colour::Bgr, mean: MEAN, divisor: 1.0 };
        Ok(Network { name: "vgg16".into(), input, layers, parts, reads: Vec::new() })
    }

    /// Checkpoints bring their classifier along.
    fn known_names(&self) -> Vec<NameMap> {
        super::without(r"fc8\..*")
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}
