//! Improved `ResNet` as TFace's and face.evoLVe's `model_irse.py` build it, with their names.

use super::Backbone;
use super::pieces::{EPS, conv, ends, norm};
use crate::nets::{Init, Input, Keep, Layer, Linear, Module, NetError, Network, Norm, Part, Residual, Scale, Window};
use crate::ops::nets::{Ir, IrForm, ir_depths};

/// Side of the last map.
const LAST: i64 = 7;
/// How much narrower squeeze and excitation is inside.
const REDUCTION: i64 = 16;

/// Blocks in each stage.
fn blocks(depth: u32, form: IrForm) -> Result<[usize; 4], NetError> {
    match (depth, form) {
        (18, IrForm::Tface) => Ok([2, 2, 2, 2]),
        (34, IrForm::Tface) => Ok([3, 4, 6, 3]),
        (50, _) => Ok([3, 4, 14, 3]),
        (101, _) => Ok([3, 13, 30, 3]),
        (152, _) => Ok([3, 8, 36, 3]),
        (other, _) => {
            Err(NetError::Option { option: "depth", value: other.to_string(), why: format!("the depths are {:?}", ir_depths(form)) })
        }
    }
}

impl Backbone for Ir {
    fn network(&self) -> Result<Network, NetError> {
        let wide = self.depth == 152 && self.form == IrForm::Tface;
        let widths: [i64; 4] = if wide { [256, 512, 1024, 2048] } else { [64, 128, 256, 512] };
        let init = match self.form {
            IrForm::Tface => Init::KaimingFanOut,
            IrForm::Evolve => Init::XavierUniform,
        };
        let plan = Plan { form: self.form, wide, se: self.se, init };
        let stem = vec![
            conv("input_layer.0".into(), (3, 64), 3, 1, init),
            norm("input_layer.1".into(), 64),
            Module::Prelu { name: "input_layer.2".into(), channels: 64 },
        ];
        let mut layers = vec![Layer { name: "stem".into(), modules: stem }];
        let mut parts = vec![("stem".to_string(), Part::Layers(0..1))];
        let (mut input, mut at) = (64, 0);
        for (stage, (count, width)) in blocks(self.depth, self.form)?.into_iter().zip(widths).enumerate() {
            let start = layers.len();
            for i in 0..count {
                let module = plan.block(&format!("body.{at}"), (input, width), if i == 0 { 2 } else { 1 });
                layers.push(Layer { name: format!("stage{}.{i}", stage + 1), modules: vec![module] });
                (input, at) = (width, at + 1);
            }
            parts.push((format!("stage{}", stage + 1), Part::Layers(start..layers.len())));
        }
        let trunk = layers.len();
        layers.push(Layer { name: "embedding".into(), modules: neck(self, input, init) });
        ends(&mut parts, trunk, layers.len());
        let input = Input { colour: self.colour, ..Input::centred(112, 127.5) };
        Ok(Network { name: format!("ir{}", self.depth), input, layers, parts, reads: Vec::new() })
    }

    fn seed(&self) -> i64 {
        self.seed
    }
}

fn neck(ir: &Ir, width: i64, init: Init) -> Vec<Module> {
    let (dropout, scale) = match ir.form {
        IrForm::Tface => (0.4, Scale::None),
        IrForm::Evolve => (0.5, Scale::Learned),
    };
    let mut neck = vec![norm("output_layer.0".into(), width)];
    let p = ir.dropout.unwrap_or(dropout);
    neck.extend((p > 0.0).then_some(Module::Dropout { name: "output_layer.1".into(), p }));
    let (input, output) = (width * LAST * LAST, i64::from(ir.embedding));
    neck.push(Module::Flatten);
    neck.push(Module::Linear(Linear { name: "output_layer.3".into(), input, output, bias: Some(Init::Constant(0.0)), init }));
    neck.push(Module::Norm(Norm { name: "output_layer.4".into(), channels: output, eps: EPS, scale }));
    neck
}

/// How the blocks of one network are built.
struct Plan {
    form: IrForm,
    /// Bottlenecks instead of pairs of 3x3 convolutions.
    wide: bool,
    se: bool,
    init: Init,
}

impl Plan {
    /// The stride sits on the last convolution; a shortcut between equal widths has no weights.
    fn block(&self, name: &str, io: (i64, i64), stride: i64) -> Module {
        let of = |at: usize| format!("{name}.res_layer.{at}");
        let (input, output) = io;
        let conv = |at, io, kernel, stride| conv(of(at), io, kernel, stride, self.init);
        let prelu = |at, channels| Module::Prelu { name: of(at), channels };
        let narrow = output / 4;
        let mut body = match (self.wide, self.form) {
            (true, _) => vec![
                norm(of(0), input),
                conv(1, (input, narrow), 1, 1),
                norm(of(2), narrow),
                prelu(3, narrow),
                conv(4, (narrow, narrow), 3, 1),
                norm(of(5), narrow),
                prelu(6, narrow),
                conv(7, (narrow, output), 1, stride),
                norm(of(8), output),
            ],
            (false, IrForm::Tface) => vec![
                norm(of(0), input),
                conv(1, io, 3, 1),
                norm(of(2), output),
                prelu(3, output),
                conv(4, (output, output), 3, stride),
                norm(of(5), output),
            ],
            (false, IrForm::Evolve) => {
                vec![norm(of(0), input), conv(1, io, 3, 1), prelu(2, output), conv(3, (output, output), 3, stride), norm(of(4), output)]
            }
        };
        if self.se {
            let name = match self.form {
                IrForm::Tface => format!("{name}.res_layer.se_block"),
                IrForm::Evolve => of(5),
            };
            body.push(self.gate(&name, output));
        }
        let shortcut = if input != output {
            vec![
                super::pieces::conv(format!("{name}.shortcut_layer.0"), io, 1, stride, self.init),
                norm(format!("{name}.shortcut_layer.1"), output),
            ]
        } else if stride > 1 {
            vec![Module::Window(Window { keep: Keep::Max, side: 1, stride, ceil: false })]
        } else {
            Vec::new()
        };
        Module::Residual(Residual { body, shortcut })
    }

    fn gate(&self, name: &str, channels: i64) -> Module {
        let inside = channels / REDUCTION;
        Module::Gate(vec![
            Module::Pool { side: 1 },
            conv(format!("{name}.fc1"), (channels, inside), 1, 1, Init::XavierUniform),
            Module::Relu,
            conv(format!("{name}.fc2"), (inside, channels), 1, 1, self.init),
        ])
    }
}
