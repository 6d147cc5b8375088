//! `MobileFaceNet` (Chen et al., CCBR 2018), with the names of insightface's `PyTorch` code at scale 1.

use ddl::ops::nets::{MobileFaceNet, MobileVariant};

use super::Backbone;
use crate::nn::error::NnError;
use crate::nn::net::{Conv, Input, Layer, Linear, Module, Network, Norm, Part, Residual, Scale};
use crate::nn::state::{Init, NameMap};

/// A stage: its place in `layers`, channels in and out, channels inside its first unit and its residual units, how many of these.
struct Stage {
    first: usize,
    input: i64,
    output: i64,
    inside: i64,
    units: usize,
    unit_inside: i64,
}

const STAGES: [Stage; 3] = [
    Stage { first: 2, input: 64, output: 64, inside: 128, units: 4, unit_inside: 128 },
    Stage { first: 4, input: 64, output: 128, inside: 256, units: 6, unit_inside: 256 },
    Stage { first: 6, input: 128, output: 128, inside: 512, units: 2, unit_inside: 256 },
];

/// Channels before the last window over the whole map.
const WIDE: i64 = 512;

impl Backbone for MobileFaceNet {
    fn network(&self) -> Result<Network, NnError> {
        Ok(network(i64::from(self.embedding), self.variant.unwrap_or(MobileVariant::Classic)))
    }

    fn variants(&self) -> Result<Vec<Network>, NnError> {
        let all = [MobileVariant::Classic, MobileVariant::Tface, MobileVariant::Mxnet];
        let open: &[MobileVariant] = self.variant.as_ref().map_or(&all, std::slice::from_ref);
        Ok(open.iter().map(|&variant| network(i64::from(self.embedding), variant)).collect())
    }

    fn known_names(&self) -> Vec<NameMap> {
        vec![short_names()]
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}

/// Batch norm's epsilon in 2-d layers and in the last one.
fn epsilons(variant: MobileVariant) -> (f64, f64) {
    match variant {
        MobileVariant::Classic | MobileVariant::Tface => (1e-5, 1e-5),
        MobileVariant::Mxnet => (1e-3, 2e-5),
    }
}

fn network(embedding: i64, variant: MobileVariant) -> Network {
    let (eps, last_eps) = epsilons(variant);
    let block = |name: &str, io: (i64, i64), window: (i64, i64, i64), groups: i64, active: bool| {
        let (kernel, stride, padding) = window;
        let (weight, norm, slope) = (format!("{name}.layers.0"), format!("{name}.layers.1"), format!("{name}.layers.2"));
        let conv =
            Conv { name: weight, input: io.0, output: io.1, kernel, stride, padding, groups, bias: false, init: Init::KaimingFanOut };
        let norm = Norm { name: norm, channels: io.1, eps, scale: Scale::Learned };
        let mut modules = vec![Module::Conv(conv), Module::Norm(norm)];
        modules.extend(active.then_some(Module::Prelu { name: slope, channels: io.1 }));
        modules
    };
    let unit = |name: &str, io: (i64, i64), inside: i64, stride: i64| {
        let mut modules = block(&format!("{name}.layers.0"), (io.0, inside), (1, 1, 0), 1, true);
        modules.extend(block(&format!("{name}.layers.1"), (inside, inside), (3, stride, 1), inside, true));
        modules.extend(block(&format!("{name}.layers.2"), (inside, io.1), (1, 1, 0), 1, false));
        modules
    };

    let mut layers = vec![
        Layer { name: "stem.0".into(), modules: block("layers.0", (3, 64), (3, 2, 1), 1, true) },
        Layer { name: "stem.1".into(), modules: block("layers.1", (64, 64), (3, 1, 1), 64, true) },
    ];
    let mut parts = vec![("stem".to_string(), Part::Layers(0..2))];
    for (at, stage) in STAGES.iter().enumerate() {
        let (start, name) = (layers.len(), format!("stage{}", at + 1));
        let down = unit(&format!("layers.{}", stage.first), (stage.input, stage.output), stage.inside, 2);
        layers.push(Layer { name: format!("{name}.0"), modules: down });
        for i in 0..stage.units {
            let body = unit(&format!("layers.{}.layers.{i}", stage.first + 1), (stage.output, stage.output), stage.unit_inside, 1);
            let residual = Module::Residual(Residual { body, shortcut: Vec::new() });
            layers.push(Layer { name: format!("{name}.{}", i + 1), modules: vec![residual] });
        }
        parts.push((name, Part::Layers(start..layers.len())));
    }
    let trunk = layers.len();
    layers.push(Layer { name: "conv_sep".into(), modules: block("conv_sep", (128, WIDE), (1, 1, 0), 1, true) });
    layers.push(Layer { name: "gdc".into(), modules: block("features.layers.0", (WIDE, WIDE), (7, 1, 0), WIDE, false) });
    let bias = match variant {
        MobileVariant::Classic | MobileVariant::Tface => None,
        MobileVariant::Mxnet => Some(Init::Constant(0.0)),
    };
    let scale = match variant {
        MobileVariant::Classic | MobileVariant::Mxnet => Scale::Learned,
        MobileVariant::Tface => Scale::None,
    };
    let linear = Linear { name: "features.layers.2".into(), input: WIDE, output: embedding, bias, init: Init::KaimingFanOut };
    let norm = Norm { name: "features.layers.3".into(), channels: embedding, eps: last_eps, scale };
    layers.push(Layer { name: "embedding".into(), modules: vec![Module::Flatten, Module::Linear(linear), Module::Norm(norm)] });
    parts.push(("trunk".into(), Part::Layers(0..trunk)));
    parts.push(("neck".into(), Part::Layers(trunk..layers.len())));
    parts.push(("activations".into(), Part::Activations));
    Network { name: "mobilefacenet".into(), input: Input::centred(112, 128.0), layers, parts }
}

/// The layout of files that number the units `f.0` to `f.18` and name convolution, batch norm and PReLU `c`, `b` and `a`.
fn short_names() -> NameMap {
    let kinds = [("c", "0"), ("b", "1"), ("a", "2")];
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut block = |from: String, to: &str| {
        pairs.extend(kinds.iter().map(|(letter, number)| (format!("{from}.{letter}."), format!("{to}.layers.{number}."))));
    };
    block("f.0".into(), "layers.0");
    block("f.1".into(), "layers.1");
    let mut at = 2;
    for stage in &STAGES {
        let residual = (0..stage.units).map(|i| format!("layers.{}.layers.{i}", stage.first + 1));
        for unit in std::iter::once(format!("layers.{}", stage.first)).chain(residual) {
            (0..3).for_each(|i| block(format!("f.{at}.m.{i}"), &format!("{unit}.layers.{i}")));
            at += 1;
        }
    }
    block(format!("f.{at}"), "conv_sep");
    block(format!("f.{}", at + 1), "features.layers.0");
    pairs.push(("fc.".into(), "features.layers.2.".into()));
    pairs.push(("bn.".into(), "features.layers.3.".into()));
    NameMap::prefixes(&pairs).expect("prefixes are escaped, so that each is a pattern")
}
