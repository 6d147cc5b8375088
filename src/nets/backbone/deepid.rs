//! DeepID's convolutional network (Sun et al., CVPR 2014).

use super::Backbone;
use super::pieces::ends;
use crate::nets::{Colour, Conv, Init, Input, Keep, Layer, Linear, Local, Module, NetError, Network, Part, Residual, Window};
use crate::ops::nets::{DeepId, DeepIdForm};

impl Backbone for DeepId {
    fn network(&self) -> Result<Network, NetError> {
        let (name, height, width) = match self.form {
            DeepIdForm::DeepId => ("deepid", 39, 31),
            DeepIdForm::DeepId2 => ("deepid2", 55, 47),
        };
        let conv = |name: &str, io: (i64, i64), kernel: i64| {
            let (name, init) = (name.to_owned(), Init::KaimingFanOut);
            Module::Conv(Conv { name, input: io.0, output: io.1, kernel, stride: 1, padding: 0, groups: 1, bias: true, init })
        };
        let pool = || Module::Window(Window { keep: Keep::Max, side: 2, stride: 2, ceil: false });
        let after = |side: i64, kernel: i64| (side - kernel + 1) / 2;
        let third = [height, width].map(|side| after(after(side, 4), 3) - 2); // the map of the third layer before its pool
        let pooled = third.map(|side| side / 2);
        let fourth = pooled.map(|side| side - 1);
        let local = |name: &str, io: (i64, i64), kernel: i64, sides: [i64; 2], shared: i64| {
            Module::Local(Local { name: name.into(), input: io.0, output: io.1, kernel, stride: 1, sides: (sides[0], sides[1]), shared })
        };
        let embedding = i64::from(self.embedding);
        let linear = |name: &str, [height, width]: [i64; 2], channels: i64| {
            let (input, bias) = (channels * height * width, Some(Init::Constant(0.0)));
            Module::Linear(Linear { name: name.into(), input, output: embedding, bias, init: Init::XavierUniform })
        };
        // one linear layer over both maps in a row is the sum of one over each
        let both = Residual {
            body: vec![local("conv4", (60, 80), 2, fourth, 1), Module::Relu, Module::Flatten, linear("fc.conv4", fourth, 80)],
            shortcut: vec![Module::Flatten, linear("fc.pool3", pooled, 60)],
        };
        let layers = vec![
            Layer { name: "stem".into(), modules: vec![conv("conv1", (3, 20), 4), Module::Relu, pool()] },
            Layer { name: "stage1".into(), modules: vec![conv("conv2", (20, 40), 3), Module::Relu, pool()] },
            Layer { name: "stage2".into(), modules: vec![local("conv3", (40, 60), 3, third, 2), Module::Relu, pool()] },
            Layer { name: "embedding".into(), modules: vec![Module::Residual(both), Module::Relu] },
        ];
        let names = ["stem", "stage1", "stage2"];
        let mut parts: Vec<_> = names.iter().enumerate().map(|(at, name)| ((*name).to_string(), Part::Layers(at..at + 1))).collect();
        ends(&mut parts, 3, 4);
        let input = Input { height, width, colour: Colour::Rgb, mean: [0.0; 3], divisor: 255.0 };
        Ok(Network { name: name.into(), input, layers, parts, reads: Vec::new() })
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}
