//! DeepFace's network (Taigman et al., CVPR 2014): two convolutions, then layers whose weights no two places share.

use super::Backbone;
use super::pieces::ends;
use crate::nets::{Conv, Init, Input, Keep, Layer, Linear, Local, Module, NetError, Network, Part, Window};
use crate::ops::nets::DeepFace;

/// Side of the frontalised crop.
const SIDE: i64 = 152;
/// Locally connected layers: kernel, stride, side of the map that comes out.
const LOCAL: [(i64, i64, i64); 3] = [(9, 1, 55), (7, 2, 25), (5, 1, 21)];

impl Backbone for DeepFace {
    fn network(&self) -> Result<Network, NetError> {
        let (width, embedding) = (i64::from(self.width), i64::from(self.embedding));
        let conv = |name: &str, io: (i64, i64), kernel: i64| {
            let (name, init) = (name.to_owned(), Init::KaimingFanOut);
            Module::Conv(Conv { name, input: io.0, output: io.1, kernel, stride: 1, padding: 0, groups: 1, bias: true, init })
        };
        let pool = Module::Window(Window { keep: Keep::Max, side: 3, stride: 2, ceil: true });
        let mut layers = vec![
            Layer { name: "stem".into(), modules: vec![conv("c1", (3, 32), 11), Module::Relu, pool] },
            Layer { name: "stage1".into(), modules: vec![conv("c3", (32, width), 9), Module::Relu] },
        ];
        for (at, (kernel, stride, side)) in LOCAL.into_iter().enumerate() {
            let name = format!("l{}", at + 4);
            let local = Local { name, input: width, output: width, kernel, stride, sides: (side, side), shared: 1 };
            layers.push(Layer { name: format!("stage{}", at + 2), modules: vec![Module::Local(local), Module::Relu] });
        }
        let mut parts: Vec<_> = layers.iter().enumerate().map(|(at, layer)| (layer.name.clone(), Part::Layers(at..at + 1))).collect();
        let trunk = layers.len();
        let linear = Linear {
            name: "f7".into(),
            input: width * LOCAL[2].2.pow(2),
            output: embedding,
            bias: Some(Init::Constant(0.0)),
            init: Init::XavierUniform,
        };
        let mut neck = vec![Module::Flatten, Module::Linear(linear), Module::Relu];
        neck.extend((self.dropout > 0.0).then_some(Module::Dropout { name: "f7".into(), p: self.dropout }));
        layers.push(Layer { name: "embedding".into(), modules: neck });
        ends(&mut parts, trunk, layers.len());
        let input = Input { mean: [0.0; 3], ..Input::centred(SIDE, 255.0) };
        Ok(Network { name: "deepface".into(), input, layers, parts, reads: Vec::new() })
    }

    /// Checkpoints bring their classifier along.
    fn known_names(&self) -> Vec<crate::nets::NameMap> {
        super::without(r"f8\..*")
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}
