//! The pieces that layers are made of, and what follows from their description: tensors, shapes, costs.

use super::shape::Shape;
use super::{Angles, Attention, Bins, Dream, Init, Landmarks, LayerCost, LayerNorm, Local, Mask, NetError, Role, Spec, Window};

/// A convolution over a square window.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv {
    /// Prefix of its tensors (`name.weight`).
    pub name: String,
    /// Channels in.
    pub input: i64,
    /// Channels out.
    pub output: i64,
    /// The window's side.
    pub kernel: i64,
    /// Pixels between two windows.
    pub stride: i64,
    /// Zeros added on each side.
    pub padding: i64,
    /// Groups of channels that don't see each other.
    pub groups: i64,
    /// Whether a bias is added.
    pub bias: bool,
    /// How the weight starts.
    pub init: Init,
}

/// A linear layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// Prefix of its tensors.
    pub name: String,
    /// Numbers in.
    pub input: i64,
    /// Numbers out.
    pub output: i64,
    /// How the bias starts, if there is one.
    pub bias: Option<Init>,
    /// How the weight starts.
    pub init: Init,
}

/// What a batch norm does after normalising.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Scale and shift are learned.
    Learned,
    /// The scale stays 1 (but is stored), the shift is learned.
    ShiftOnly,
    /// Neither.
    None,
}

/// A batch norm over channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Norm {
    /// Prefix of its tensors.
    pub name: String,
    /// Channels.
    pub channels: i64,
    /// Added to the variance.
    pub eps: f64,
    /// What it does after normalising.
    pub scale: Scale,
}

/// `body(x) + shortcut(x)`; an empty shortcut is `x` itself. The body must end in a module whose gradient does not need its output: a
/// convolution, a linear layer, a batch norm, a dropped path.
#[derive(Debug, Clone, PartialEq)]
pub struct Residual {
    /// The way that learns.
    pub body: Vec<Module>,
    /// The way around it.
    pub shortcut: Vec<Module>,
}

/// A piece of a layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Module {
    /// Convolution.
    Conv(Conv),
    /// Linear layer.
    Linear(Linear),
    /// Batch norm.
    Norm(Norm),
    /// PReLU with one slope per channel.
    Prelu {
        /// Prefix of its slopes.
        name: String,
        /// Channels.
        channels: i64,
    },
    /// A sum of two ways.
    Residual(Residual),
    /// The mean over a grid of `side` x `side` windows that cover the map.
    Pool {
        /// Windows in a row.
        side: i64,
    },
    /// A map as a vector, channels outermost.
    Flatten,
    /// `max(x, 0)`.
    Relu,
    /// Max-feature-map: the larger of the first and the second half of the channels.
    Mfm,
    /// One number of each window of a map.
    Window(Window),
    /// `x sigmoid(gate(x))`, the gate one number per channel: squeeze and excitation.
    Gate(Vec<Module>),
    /// Values set to 0 with this probability while training, the others scaled up.
    Dropout {
        /// Tells it from others of the network.
        name: String,
        /// The probability.
        p: f64,
    },
    /// A convolution with weights of each place.
    Local(Local),
    /// The places of a map, row by row, as tokens of its channels.
    Tokens,
    /// A learned value for each number of each token, added to it. Starts as N(0, 0.02²).
    Position {
        /// The name of its tensor.
        name: String,
        /// Tokens.
        count: i64,
        /// Numbers of a token.
        width: i64,
    },
    /// A layer norm of each token.
    LayerNorm(LayerNorm),
    /// Tokens that see each other.
    Attention(Attention),
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// All of an image set to 0 with this probability while training, the other images scaled up: a way of a sum that is skipped.
    DropPath {
        /// Tells it from others of the network.
        name: String,
        /// The probability.
        p: f64,
    },
    /// Tokens without those that are hidden while training, another choice for each image.
    Hide(Mask),
    /// All tokens again, with what stands for the hidden ones.
    Fill(Mask),
    /// Each channel of a map times a number of its own.
    Rescale {
        /// The numbers.
        factors: Vec<f64>,
    },
    /// Zeros around a map.
    Border {
        /// How many on each side.
        by: i64,
    },
    /// Numbers as bins of angles.
    Bins(Bins),
    /// Angles read off bins.
    Angles(Angles),
    /// A correction that grows with an angle of the sample.
    Dream(Dream),
    /// Scores of landmarks as shares of a map's places.
    Maps(Landmarks),
    /// A descriptor for each landmark.
    Attend(Landmarks),
}

impl Module {
    /// Adds this module's tensors to a list.
    pub fn specs(&self, to: &mut Vec<Spec>) {
        let mut add = |name: &str, end: &str, shape: &[i64], role, init| {
            to.push(Spec { name: format!("{name}.{end}"), shape: shape.to_vec(), role, init });
        };
        match self {
            Module::Conv(c) => {
                add(&c.name, "weight", &[c.output, c.input / c.groups, c.kernel, c.kernel], Role::Parameter, c.init);
                if c.bias {
                    add(&c.name, "bias", &[c.output], Role::Parameter, Init::Constant(0.0));
                }
            }
            Module::Linear(l) => {
                add(&l.name, "weight", &[l.output, l.input], Role::Parameter, l.init);
                if let Some(init) = l.bias {
                    add(&l.name, "bias", &[l.output], Role::Parameter, init);
                }
            }
            Module::Norm(n) => {
                let scale = match n.scale {
                    Scale::Learned => Some(Role::Parameter),
                    Scale::ShiftOnly => Some(Role::Fixed),
                    Scale::None => None,
                };
                if let Some(role) = scale {
                    add(&n.name, "weight", &[n.channels], role, Init::Constant(1.0));
                    add(&n.name, "bias", &[n.channels], Role::Parameter, Init::Constant(0.0));
                }
                add(&n.name, "running_mean", &[n.channels], Role::Buffer, Init::Constant(0.0));
                add(&n.name, "running_var", &[n.channels], Role::Buffer, Init::Constant(1.0));
            }
            Module::Prelu { name, channels } => add(name, "weight", &[*channels], Role::Parameter, Init::Constant(0.25)),
            Module::Residual(r) => r.body.iter().chain(&r.shortcut).for_each(|module| module.specs(to)),
            Module::Gate(gate) => gate.iter().for_each(|module| module.specs(to)),
            Module::Local(local) => local.specs(to),
            Module::LayerNorm(norm) => norm.specs(to),
            Module::Fill(mask) => mask.specs(to),
            Module::Bins(bins) => bins.specs(to),
            Module::Dream(dream) => dream.specs(to),
            Module::Position { name, count, width } => {
                let (shape, init) = (vec![1, *count, *width], Init::Normal { sd: 0.02 });
                to.push(Spec { name: name.clone(), shape, role: Role::Parameter, init });
            }
            Module::Pool { .. }
            | Module::Flatten
            | Module::Dropout { .. }
            | Module::Relu
            | Module::Mfm
            | Module::Window(_)
            | Module::Tokens
            | Module::Angles(_)
            | Module::Maps(_)
            | Module::Attend(_)
            | Module::Attention(_)
            | Module::Relu6
            | Module::DropPath { .. }
            | Module::Hide(_)
            | Module::Rescale { .. }
            | Module::Border { .. } => {}
        }
    }

    /// The shape that comes out when `input` goes in.
    pub fn output(&self, input: Shape) -> Result<Shape, NetError> {
        let wrong =
            |expected: String| NetError::Shape { what: format!("the input of {}", self.label()), expected, found: format!("{input:?}") };
        match (self, input) {
            (Module::Conv(c), Shape::Map { channels, height, width }) if channels == c.input => {
                let side = |n: i64| (n + 2 * c.padding - c.kernel) / c.stride + 1;
                if side(height) < 1 || side(width) < 1 || height + 2 * c.padding < c.kernel || width + 2 * c.padding < c.kernel {
                    return Err(wrong(format!("a map of at least {0} x {0}", c.kernel - 2 * c.padding)));
                }
                Ok(Shape::Map { channels: c.output, height: side(height), width: side(width) })
            }
            (Module::Conv(c), _) => Err(wrong(format!("a map of {} channels", c.input))),
            (Module::Linear(l), Shape::Vector(n)) if n == l.input => Ok(Shape::Vector(l.output)),
            (Module::Linear(l), Shape::Tokens { count, width }) if width == l.input => Ok(Shape::Tokens { count, width: l.output }),
            (Module::Linear(l), _) => Err(wrong(format!("{} numbers", l.input))),
            (Module::Norm(Norm { channels, .. }) | Module::Prelu { channels, .. }, _) if input.channels() != *channels => {
                Err(wrong(format!("{channels} channels")))
            }
            (Module::Residual(r), _) => {
                let (body, around) = (super::through(&r.body, input)?, super::through(&r.shortcut, input)?);
                if body == around { Ok(body) } else { Err(wrong(format!("ways of one shape, not {body:?} and {around:?}"))) }
            }
            (Module::Pool { side }, Shape::Map { channels, .. }) => Ok(Shape::Map { channels, height: *side, width: *side }),
            (Module::Pool { .. }, Shape::Vector(_) | Shape::Tokens { .. }) => Err(wrong("a map".into())),
            (Module::Flatten, _) => Ok(Shape::Vector(input.numel())),
            (Module::Mfm, _) if input.channels() % 2 != 0 => Err(wrong("an even number of channels".into())),
            (Module::Mfm, Shape::Map { channels, height, width }) => Ok(Shape::Map { channels: channels / 2, height, width }),
            (Module::Mfm, Shape::Vector(n)) => Ok(Shape::Vector(n / 2)),
            (Module::Mfm, Shape::Tokens { .. }) => Err(wrong("a map or numbers in a row".into())),
            (Module::Window(w), Shape::Map { channels, height, width }) if height >= w.side && width >= w.side => {
                Ok(Shape::Map { channels, height: w.output(height), width: w.output(width) })
            }
            (Module::Window(w), _) => Err(wrong(format!("a map of at least {0} x {0}", w.side))),
            (Module::Gate(gate), Shape::Map { channels, .. }) => {
                let one = super::through(gate, input)?;
                if one == (Shape::Map { channels, height: 1, width: 1 }) {
                    Ok(input)
                } else {
                    Err(wrong(format!("a gate of {channels} numbers, not {one:?}")))
                }
            }
            (Module::Gate(_), Shape::Vector(_) | Shape::Tokens { .. }) => Err(wrong("a map".into())),
            (Module::Local(local), _) => local.output(input),
            (Module::LayerNorm(norm), _) => norm.output(input),
            (Module::Attention(attention), _) => attention.output(input),
            (Module::Bins(bins), _) => bins.output(input),
            (Module::Angles(angles), _) => angles.output(input),
            (Module::Hide(mask) | Module::Fill(mask), _) => mask.output(input),
            (Module::Dream(dream), _) => dream.output(input),
            (Module::Maps(landmarks), _) => landmarks.maps(input),
            (Module::Attend(landmarks), _) => landmarks.attend(input),
            (Module::Tokens, Shape::Map { channels, height, width }) => Ok(Shape::Tokens { count: height * width, width: channels }),
            (Module::Position { count, width, .. }, _) => {
                let wanted = Shape::Tokens { count: *count, width: *width };
                if input == wanted { Ok(input) } else { Err(wrong(format!("{count} tokens of {width} numbers"))) }
            }
            (Module::Rescale { factors }, Shape::Map { channels, .. }) if channels == factors.len() as i64 => Ok(input),
            (Module::Border { by }, Shape::Map { channels, height, width }) => {
                Ok(Shape::Map { channels, height: height + 2 * by, width: width + 2 * by })
            }
            (Module::Rescale { factors }, _) => Err(wrong(format!("a map of {} channels", factors.len()))),
            (Module::Tokens | Module::Border { .. }, Shape::Vector(_) | Shape::Tokens { .. }) => Err(wrong("a map".into())),
            (
                Module::Norm(_) | Module::Prelu { .. } | Module::Dropout { .. } | Module::Relu | Module::Relu6 | Module::DropPath { .. },
                _,
            ) => Ok(input),
        }
    }

    /// Adds what this module costs for one image, its parameters aside: multiply-adds of products with weights and of attention, slopes,
    /// and the numbers that come out, which a backward pass needs. Gives the shape that comes out when `input` goes in.
    pub fn count(&self, input: Shape, to: &mut LayerCost) -> Result<Shape, NetError> {
        let output = self.output(input)?;
        let numbers = output.numel().unsigned_abs();
        match self {
            Module::Conv(c) => to.multiply_adds += numbers * (c.input / c.groups * c.kernel * c.kernel).unsigned_abs(),
            Module::Linear(l) => to.multiply_adds += numbers * l.input.unsigned_abs(),
            Module::Local(l) => to.multiply_adds += numbers * l.window().unsigned_abs(),
            Module::Bins(bins) => to.multiply_adds += bins.multiply_adds().unsigned_abs(),
            Module::Dream(dream) => dream.count(to),
            Module::Attend(landmarks) => landmarks.count_attend(input, to),
            Module::Attention(attention) => to.multiply_adds += attention.multiply_adds(input.channels()).unsigned_abs(),
            Module::Prelu { channels, .. } => to.slopes += channels.unsigned_abs(),
            Module::Residual(r) => {
                count(&r.body, input, to)?;
                count(&r.shortcut, input, to)?;
            }
            Module::Gate(gate) => count(gate, input, to)?,
            // a view, or nothing where a network is judged
            Module::Flatten | Module::Tokens | Module::Hide(_) | Module::Fill(_) => return Ok(output),
            Module::Norm(_)
            | Module::Pool { .. }
            | Module::Dropout { .. }
            | Module::Relu
            | Module::Mfm
            | Module::Window(_)
            | Module::Position { .. }
            | Module::LayerNorm(_)
            | Module::Relu6
            | Module::DropPath { .. }
            | Module::Rescale { .. }
            | Module::Angles(_)
            | Module::Maps(_)
            | Module::Border { .. } => {}
        }
        to.activations += numbers;
        Ok(output)
    }

    fn label(&self) -> &str {
        match self {
            Module::Conv(Conv { name, .. })
            | Module::Linear(Linear { name, .. })
            | Module::Norm(Norm { name, .. })
            | Module::Local(Local { name, .. })
            | Module::LayerNorm(LayerNorm { name, .. })
            | Module::Position { name, .. }
            | Module::Prelu { name, .. } => name,
            Module::Residual(_) => "a residual block",
            Module::Pool { .. } => "a pooling",
            Module::Flatten => "a flattening",
            Module::Dropout { .. } => "a dropout",
            Module::Relu => "a rectifier",
            Module::Mfm => "a max-feature-map",
            Module::Window(_) => "a pooling over windows",
            Module::Gate(_) => "a gate",
            Module::Tokens => "tokens",
            Module::Attention(_) => "an attention",
            Module::Relu6 => "a rectifier up to 6",
            Module::DropPath { .. } => "a dropped path",
            Module::Hide(_) => "a mask",
            Module::Fill(_) => "a mask's end",
            Module::Rescale { .. } => "a rescaling",
            Module::Border { .. } => "a border",
            Module::Bins(_) => "bins",
            Module::Angles(_) => "angles",
            Module::Maps(_) | Module::Attend(_) => "landmarks",
            Module::Dream(Dream { name, .. }) => name,
        }
    }

    /// The modules that it is made of, way by way.
    pub fn inside(&self) -> [&[Module]; 2] {
        match self {
            Module::Residual(r) => [&r.body, &r.shortcut],
            Module::Gate(gate) => [gate, &[]],
            _ => [&[], &[]], // no other module has some
        }
    }

    /// What it draws while training: for what, and under which name. No other module of the network draws the same; nothing for most.
    pub fn draws(&self) -> Option<(&'static str, &str)> {
        match self {
            Module::Dropout { name, p } => (*p > 0.0).then_some(("dropout", name)),
            Module::DropPath { name, p } => (*p > 0.0).then_some(("drop path", name)),
            // the one knows again what the other has drawn
            Module::Hide(mask) | Module::Fill(mask) => Some(("mask", &mask.name)),
            Module::Conv(_)
            | Module::Linear(_)
            | Module::Norm(_)
            | Module::Prelu { .. }
            | Module::Residual(_)
            | Module::Pool { .. }
            | Module::Flatten
            | Module::Relu
            | Module::Mfm
            | Module::Window(_)
            | Module::Gate(_)
            | Module::Local(_)
            | Module::Tokens
            | Module::Position { .. }
            | Module::LayerNorm(_)
            | Module::Attention(_)
            | Module::Relu6
            | Module::Rescale { .. }
            | Module::Border { .. }
            | Module::Bins(_)
            | Module::Angles(_)
            | Module::Dream(_)
            | Module::Maps(_)
            | Module::Attend(_) => None,
        }
    }

    /// Whether it, or what it is made of, is a batch norm.
    pub fn norms(&self) -> bool {
        matches!(self, Module::Norm(_)) || self.inside().into_iter().flatten().any(Module::norms)
    }

    /// Whether it reads numbers of the sample.
    pub fn reads(&self) -> bool {
        // all others see what comes out of the module before them alone
        matches!(self, Module::Dream(_)) || self.inside().into_iter().flatten().any(Module::reads)
    }
}

fn count(modules: &[Module], input: Shape, to: &mut LayerCost) -> Result<(), NetError> {
    modules.iter().try_fold(input, |shape, module| module.count(shape, to)).map(|_| ())
}
