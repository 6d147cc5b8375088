//! `MobileFaceNet` (Chen et al., CCBR 2018), with the names of insightface's `PyTorch` code at scale 1.

use super::Backbone;
use crate::nets::{Conv, Init, Input, Layer, Linear, Module, NameMap, NetError, Network, Norm, Part, Residual, Scale};
use crate::ops::nets::{MobileFaceNet, MobileVariant};

/// A stage: its place in `layers`, channels in and out, channels inside its first unit and its residual units, how many of these.
#[derive(Clone, Copy)]
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

/// insightface multiplies the channels between units, and not those inside them.
fn scaled(variant: MobileVariant) -> (i64, usize) {
    match variant {
        MobileVariant::Classic | MobileVariant::Tface | MobileVariant::Mxnet => (1, 1),
        MobileVariant::Mbf => (2, 1),
        MobileVariant::MbfLarge => (4, 2),
    }
}

/// Channels before the last window over the whole map.
const WIDE: i64 = 512;

impl Backbone for MobileFaceNet {
    fn network(&self) -> Result<Network, NetError> {
        Ok(network(i64::from(self.embedding), self.variant.unwrap_or(MobileVariant::Classic)))
    }

    fn variants(&self) -> Result<Vec<Network>, NetError> {
        let all = [MobileVariant::Classic, MobileVariant::Tface, MobileVariant::Mxnet, MobileVariant::Mbf, MobileVariant::MbfLarge];
        let open: &[MobileVariant] = self.variant.as_ref().map_or(&all, std::slice::from_ref);
        Ok(open.iter().map(|&variant| network(i64::from(self.embedding), variant)).collect())
    }

    fn known_names(&self) -> Vec<NameMap> {
        vec![short_names(), long_names("", ""), long_names("output_layer.", "output_layer.")]
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}

/// Batch norm's epsilon in 2-d layers and in the last one.
fn epsilons(variant: MobileVariant) -> (f64, f64) {
    match variant {
        MobileVariant::Classic | MobileVariant::Tface | MobileVariant::Mbf | MobileVariant::MbfLarge => (1e-5, 1e-5),
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

    let (scale, more) = scaled(variant);
    let wide = 64 * scale;
    let stem = match variant {
        MobileVariant::Classic | MobileVariant::Tface | MobileVariant::Mxnet | MobileVariant::Mbf => {
            vec![block("layers.1", (wide, wide), (3, 1, 1), 64, true)]
        }
        MobileVariant::MbfLarge => (0..more)
            .map(|i| {
                let body = unit(&format!("layers.1.layers.{i}"), (wide, wide), 128, 1);
                vec![Module::Residual(Residual { body, shortcut: Vec::new() })]
            })
            .collect(),
    };
    let mut layers = vec![Layer { name: "stem.0".into(), modules: block("layers.0", (3, wide), (3, 2, 1), 1, true) }];
    layers.extend(stem.into_iter().enumerate().map(|(i, modules)| Layer { name: format!("stem.{}", i + 1), modules }));
    let mut parts = vec![("stem".to_string(), Part::Layers(0..layers.len()))];
    for (at, stage) in STAGES.into_iter().enumerate() {
        let stage = Stage { input: stage.input * scale, output: stage.output * scale, units: stage.units * more, ..stage };
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
    layers.push(Layer { name: "conv_sep".into(), modules: block("conv_sep", (128 * scale, WIDE), (1, 1, 0), 1, true) });
    layers.push(Layer { name: "gdc".into(), modules: block("features.layers.0", (WIDE, WIDE), (7, 1, 0), WIDE, false) });
    let bias = match variant {
        MobileVariant::Classic | MobileVariant::Tface | MobileVariant::Mbf | MobileVariant::MbfLarge => None,
        MobileVariant::Mxnet => Some(Init::Constant(0.0)),
    };
    let scale = match variant {
        MobileVariant::Classic | MobileVariant::Mxnet | MobileVariant::Mbf | MobileVariant::MbfLarge => Scale::Learned,
        MobileVariant::Tface => Scale::None,
    };
    let linear = Linear { name: "features.layers.2".into(), input: WIDE, output: embedding, bias, init: Init::KaimingFanOut };
    let norm = Norm { name: "features.layers.3".into(), channels: embedding, eps: last_eps, scale };
    layers.push(Layer { name: "embedding".into(), modules: vec![Module::Flatten, Module::Linear(linear), Module::Norm(norm)] });
    parts.push(("trunk".into(), Part::Layers(0..trunk)));
    parts.push(("neck".into(), Part::Layers(trunk..layers.len())));
    parts.push(("activations".into(), Part::Activations));
    let divisor = match variant {
        MobileVariant::Classic | MobileVariant::Tface | MobileVariant::Mxnet => 128.0,
        MobileVariant::Mbf | MobileVariant::MbfLarge => 127.5,
    };
    Network { name: "mobilefacenet".into(), input: Input::centred(112, divisor), layers, parts, reads: Vec::new() }
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
    NameMap::prefixes(pairs.into_iter().map(|(from, to)| (from, Some(to)))).expect("prefixes are escaped, so that each is a pattern")
}

/// The layout of TFace and FaceX-Zoo, which name layers after their place (`conv_34.conv_dw.bn`); `window` and `last` stand before the
/// names of the last window and of what comes after it.
fn long_names(window: &str, last: &str) -> NameMap {
    let kinds = [("conv", "0"), ("bn", "1"), ("prelu", "2")];
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut block = |from: &str, to: &str| {
        pairs.extend(kinds.iter().map(|(kind, number)| (format!("{from}.{kind}."), format!("{to}.layers.{number}."))));
    };
    let mut unit = |from: &str, to: &str| {
        let pieces = ["conv", "conv_dw", "project"];
        pieces.iter().enumerate().for_each(|(i, piece)| block(&format!("{from}.{piece}"), &format!("{to}.layers.{i}")));
    };
    for (stage, (first, units)) in STAGES.iter().zip([("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")]) {
        unit(first, &format!("layers.{}", stage.first));
        (0..stage.units).for_each(|i| unit(&format!("{units}.model.{i}"), &format!("layers.{}.layers.{i}", stage.first + 1)));
    }
    block("conv1", "layers.0");
    block("conv2_dw", "layers.1");
    block("conv_6_sep", "conv_sep");
    block(&format!("{window}conv_6_dw"), "features.layers.0");
    pairs.push((format!("{last}linear."), "features.layers.2.".into()));
    pairs.push((format!("{last}bn."), "features.layers.3.".into()));
    NameMap::prefixes(pairs.into_iter().map(|(from, to)| (from, Some(to)))).expect("prefixes are escaped, so that each is a pattern")
}
