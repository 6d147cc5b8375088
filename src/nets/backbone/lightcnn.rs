//! Light CNN (Wu et al., TIFS 2018), with the names of the authors' `light_cnn.py`.

use super::Backbone;
use super::pieces::{biased, ends, norm};
use crate::nets::{Init, Input, Keep, Layer, Linear, Module, NameMap, NetError, Network, Part, Residual, Window};
use crate::ops::nets::{Colour, LightCnn, LightForm};

/// `PyTorch`'s own start of a convolution or a linear layer, which the authors leave as it is.
fn start(fan_in: i64) -> Init {
    Init::Uniform { fan_in }
}

/// A convolution to twice the channels, and the larger half.
fn mfm(name: &str, io: (i64, i64), kernel: i64) -> Vec<Module> {
    vec![biased(format!("{name}.filter"), (io.0, io.1 * 2), kernel, 1, start(io.0 * kernel * kernel)), Module::Mfm]
}

/// A 1x1 and a 3x3 piece.
fn group(name: &str, io: (i64, i64)) -> Vec<Module> {
    let mut modules = mfm(&format!("{name}.conv_a"), (io.0, io.0), 1);
    modules.extend(mfm(&format!("{name}.conv"), io, 3));
    modules
}

fn unit(name: &str, width: i64) -> Module {
    let mut body = mfm(&format!("{name}.conv1"), (width, width), 3);
    body.extend(mfm(&format!("{name}.conv2"), (width, width), 3));
    Module::Residual(Residual { body, shortcut: Vec::new() })
}

fn linear(name: &str, io: (i64, i64)) -> Module {
    let (init, bias) = (start(io.0), Some(start(io.0)));
    Module::Linear(Linear { name: name.into(), input: io.0, output: io.1, bias, init })
}

fn pool(form: LightForm) -> Module {
    let of = |keep| Module::Window(Window { keep, side: 2, stride: 2, ceil: true });
    match form {
        LightForm::Nine | LightForm::TwentyNine | LightForm::FacexZoo => of(Keep::Max),
        LightForm::TwentyNineV2 => Module::Residual(Residual { body: vec![of(Keep::Max)], shortcut: vec![of(Keep::Mean)] }),
    }
}

fn trunk(form: LightForm, channels: i64) -> [Vec<Layer>; 5] {
    let pool = || pool(form);
    let with = |mut modules: Vec<Module>, last: Option<Module>| {
        modules.extend(last);
        modules
    };
    let layer = |name: &str, modules| Layer { name: name.into(), modules };
    if form == LightForm::Nine {
        return [
            vec![layer("stem", with(mfm("features.0", (channels, 48), 5), Some(pool())))],
            vec![layer("stage1.0", with(group("features.2", (48, 96)), Some(pool())))],
            vec![layer("stage2.0", with(group("features.4", (96, 192)), Some(pool())))],
            vec![layer("stage3.0", group("features.6", (192, 128)))],
            vec![layer("stage4.0", with(group("features.7", (128, 128)), Some(pool())))],
        ];
    }
    let stage = |at: i64, io: (i64, i64), pooled: bool| -> Vec<Layer> {
        let units = (0..at).map(|i| layer(&format!("stage{at}.{i}"), vec![unit(&format!("block{at}.{i}"), io.0)]));
        let last = layer(&format!("stage{at}.{at}"), with(group(&format!("group{at}"), io), pooled.then(pool)));
        units.chain([last]).collect()
    };
    [
        vec![layer("stem", with(mfm("conv1", (channels, 48), 5), Some(pool())))],
        stage(1, (48, 96), true),
        stage(2, (96, 192), true),
        stage(3, (192, 128), false),
        stage(4, (128, 128), true),
    ]
}

fn neck(cnn: &LightCnn, side: i64) -> Vec<Module> {
    let inputs = side * side * 128;
    let dropout = (cnn.dropout > 0.0).then_some(Module::Dropout { name: "dropout".into(), p: cnn.dropout });
    let half = |name: &str| vec![Module::Flatten, linear(&format!("{name}.filter"), (inputs, 512)), Module::Mfm];
    match cnn.form {
        LightForm::Nine => half("fc1").into_iter().chain(dropout).collect(),
        LightForm::TwentyNine => half("fc").into_iter().chain(dropout).collect(),
        LightForm::TwentyNineV2 => [Module::Flatten, linear("fc", (inputs, 256))].into_iter().chain(dropout).collect(),
        LightForm::FacexZoo => {
            let after = [Module::Flatten, linear("output_layer.3", (inputs, 512)), norm("output_layer.4".into(), 512)];
            std::iter::once(norm("output_layer.0".into(), 128)).chain(dropout).chain(after).collect()
        }
    }
}

impl Backbone for LightCnn {
    fn network(&self) -> Result<Network, NetError> {
        let input = match self.form {
            LightForm::Nine | LightForm::TwentyNine | LightForm::TwentyNineV2 => {
                Input { height: 128, width: 128, colour: Colour::Grey, mean: [0.0; 3], divisor: 255.0 }
            }
            LightForm::FacexZoo => Input::centred(112, 127.5),
        };
        let (mut layers, mut parts) = (Vec::new(), Vec::new());
        for (at, stage) in trunk(self.form, input.channels()).into_iter().enumerate() {
            let start = layers.len();
            layers.extend(stage);
            parts.push((if at == 0 { "stem".to_string() } else { format!("stage{at}") }, Part::Layers(start..layers.len())));
        }
        let trunk = layers.len();
        layers.push(Layer { name: "embedding".into(), modules: neck(self, input.height / 16) });
        ends(&mut parts, trunk, layers.len());
        Ok(Network { name: "lightcnn".into(), input, layers, parts, reads: Vec::new() })
    }

    /// Checkpoints bring their classifier along.
    fn known_names(&self) -> Vec<NameMap> {
        super::without(r"fc2_?\..*")
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}
