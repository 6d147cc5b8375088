//! Vision transformers for faces, with the names of insightface's `vit.py`.

use super::Backbone;
use crate::nets::{
    Attention, Conv, Init, Input, Layer, LayerNorm, Linear, Mask, Module, NameMap, NetError, Network, Norm, Part, Residual, Scale,
};
use crate::ops::nets::{Vit, VitSize};

/// Side of the input.
const SIDE: i64 = Vit::SIDE as i64;
/// How linear layers start: N(0, 0.02²), biases zero.
const INIT: Init = Init::Normal { sd: 0.02 };
/// Epsilons of layer norms and of the batch norms of the neck.
const EPS: (f64, f64) = (1e-5, 2e-5);

impl Backbone for Vit {
    fn network(&self) -> Result<Network, NetError> {
        let (width, depth, heads) = self.sizes();
        let (width, heads, patch) = (i64::from(width), i64::from(heads), i64::from(self.patch));
        if width % heads != 0 {
            let why = format!("the width, {width}, is not a multiple of it");
            return Err(NetError::Option { option: "heads", value: heads.to_string(), why });
        }
        let count = self.tokens();
        let mask = Mask { name: "mask_token".into(), count, width, seen: self.seen() };
        if mask.seen < 1 {
            let why = format!("it hides all of the {count} tokens");
            return Err(NetError::Option { option: "mask_ratio", value: self.mask_ratio.to_string(), why });
        }
        let masks = self.mask_ratio > 0.0;
        let proj = Conv {
            name: "patch_embed.proj".into(),
            input: 3,
            output: width,
            kernel: patch,
            stride: patch,
            padding: 0,
            groups: 1,
            bias: true,
            init: Init::Uniform { fan_in: 3 * patch * patch },
        };
        let stem = vec![Module::Conv(proj), Module::Tokens, Module::Position { name: "pos_embed".into(), count, width }];
        let mut layers = vec![Layer { name: "stem".into(), modules: stem }];
        let inside = (width as f64 * self.mlp) as i64;
        for at in 0..depth {
            // the share of dropped blocks grows from none to the last one's
            let dropped = self.drop_path * f64::from(at) / f64::from(depth.saturating_sub(1).max(1));
            let mut modules = block(&format!("blocks.{at}"), width, heads, inside, dropped);
            if masks && at == 0 {
                modules.insert(0, Module::Hide(mask.clone()));
            }
            layers.push(Layer { name: format!("blocks.{at}"), modules });
        }
        let trunk = layers.len();
        let mut modules = neck(count, width, i64::from(self.embedding));
        if masks {
            modules.insert(1, Module::Fill(mask)); // after the norm, as insightface has it
        }
        layers.push(Layer { name: "embedding".into(), modules });
        let mut parts = vec![("stem".to_string(), Part::Layers(0..1))];
        super::pieces::ends(&mut parts, trunk, layers.len());
        let name = match self.size {
            VitSize::Tiny => "vit_t",
            VitSize::Small => "vit_s",
            VitSize::Base => "vit_b",
        };
        Ok(Network { name: name.into(), input: Input::centred(SIDE, 127.5), layers, parts, reads: Vec::new() })
    }

    /// insightface's checkpoints have the token that stands for hidden ones whether tokens were hidden or not.
    fn known_names(&self) -> Vec<NameMap> {
        if self.mask_ratio > 0.0 { Vec::new() } else { super::without("mask_token") }
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}

fn linear(name: String, io: (i64, i64), bias: bool) -> Module {
    Module::Linear(Linear { name, input: io.0, output: io.1, bias: bias.then_some(Init::Constant(0.0)), init: INIT })
}

fn layer_norm(name: String, width: i64) -> Module {
    Module::LayerNorm(LayerNorm { name, width, eps: EPS.0 })
}

/// Attention, then a perceptron, each beside a way around it.
fn block(name: &str, width: i64, heads: i64, inside: i64, dropped: f64) -> Vec<Module> {
    let of = |end: &str| format!("{name}.{end}");
    let around = |mut body: Vec<Module>, end: &str| {
        body.extend((dropped > 0.0).then(|| Module::DropPath { name: of(end), p: dropped }));
        Module::Residual(Residual { body, shortcut: Vec::new() })
    };
    let attention = vec![
        layer_norm(of("norm1"), width),
        linear(of("attn.qkv"), (width, 3 * width), false),
        Module::Attention(Attention { heads, width }),
        linear(of("attn.proj"), (width, width), true),
    ];
    let perceptron = vec![
        layer_norm(of("norm2"), width),
        linear(of("mlp.fc1"), (width, inside), true),
        Module::Relu6,
        linear(of("mlp.fc2"), (inside, width), true),
    ];
    vec![around(attention, "attn"), around(perceptron, "mlp")]
}

/// All tokens in a row, through two linear layers and two batch norms.
fn neck(count: i64, width: i64, embedding: i64) -> Vec<Module> {
    let norm = |name: &str, channels| Module::Norm(Norm { name: name.into(), channels, eps: EPS.1, scale: Scale::Learned });
    vec![
        layer_norm("norm".into(), width),
        Module::Flatten,
        linear("feature.0".into(), (count * width, width), false),
        norm("feature.1", width),
        linear("feature.2".into(), (width, embedding), false),
        norm("feature.3", embedding),
    ]
}
