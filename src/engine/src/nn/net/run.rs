//! The forward pass.

use std::ops::Range;
use std::rc::Rc;

use ddl::random::Draw;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::chance::{drop_path, dropout};
use super::mask::{fill, hide};
use super::parts::{angles, attend, attention, bins, dream, layer_norm, local, maps};
use super::prelu::prelu;
use super::{Conv, Keep, Linear, Module, Network, Norm, Residual, Scale, Window, check_input};
use crate::nn::error::NnError;
use crate::nn::state::State;

/// How fast running statistics follow the batches, as everywhere in the field.
const MOMENTUM: f64 = 0.1;

/// Where batch norms take their statistics from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norms {
    /// From the batch; the running statistics follow, in place.
    Batch,
    /// From the batch; the running statistics stay as they are.
    Seen,
    /// The running statistics, which stay as they are.
    Running,
}

/// How a network is run.
#[derive(Clone)]
pub struct Pass {
    norms: Norms,
    fixed: Vec<bool>,
    /// The name of the step, in layers that are fixed too: what an earlier layer hid is told by it.
    step: Option<Draw>,
    over: Option<i64>,
    noise: Option<Draw>,
    products: Option<Kind>,
    readings: Option<Rc<Tensor>>,
}

impl Pass {
    /// As it is judged: running statistics, no dropout.
    pub fn judging() -> Self {
        Pass { norms: Norms::Running, fixed: Vec::new(), step: None, over: None, noise: None, products: None, readings: None }
    }

    /// As it is trained. `noise` names what is left to chance in this network at this step; each layer narrows it by its own name.
    pub fn training(norms: Norms, noise: Draw) -> Self {
        Pass { norms, fixed: Vec::new(), step: Some(noise.clone()), over: None, noise: Some(noise), products: None, readings: None }
    }

    /// With these layers as they are judged (see [`super::Frozen::layers`]).
    #[must_use]
    pub fn fixing(mut self, layers: &[bool]) -> Self {
        self.fixed = layers.to_vec();
        self
    }

    /// With batch statistics over so many images at a time. The batch must be a multiple of it.
    #[must_use]
    pub fn norm_over(mut self, images: Option<i64>) -> Self {
        self.over = images;
        self
    }

    /// With numbers of another kind in convolutions and linear layers: their inputs and weights are rounded to it, their outputs come back
    /// as 32-bit floats. Everything between them, fixed layers, and the weights themselves stay in 32 bits.
    #[must_use]
    pub fn products_in(mut self, kind: Option<Kind>) -> Self {
        self.products = kind;
        self
    }

    /// With what the network reads of each sample beside its image, `[n, numbers]` in the order of [`Network::reads`].
    #[must_use]
    pub fn reading(mut self, readings: Option<Tensor>) -> Self {
        self.readings = readings.map(Rc::new);
        self
    }

    /// What the network reads of each sample.
    pub(super) fn readings(&self) -> Option<&Tensor> {
        self.readings.as_deref()
    }

    /// What goes into a product, in the precision of the pass.
    pub(super) fn operand(&self, tensor: &Tensor) -> Result<Tensor, tch::TchError> {
        self.products.map_or_else(|| Ok(tensor.shallow_clone()), |kind| tensor.f_to_kind(kind))
    }

    /// What a module draws at this step; nothing where it draws nothing, or where the network is judged.
    pub fn drawn(&self, module: &Module) -> Option<ChaCha8Rng> {
        named(self.noise.as_ref()?, module)
    }

    /// What a module that undoes an earlier one's choice has to know of it, whether its own layer is fixed or not.
    pub(super) fn drawn_before(&self, module: &Module) -> Option<ChaCha8Rng> {
        named(self.step.as_ref()?, module)
    }

    /// How layer `at` is run.
    fn within(&self, at: usize) -> Pass {
        let fixed = self.fixed.get(at).copied().unwrap_or(false);
        if fixed { Pass { step: self.step.clone(), readings: self.readings.clone(), ..Pass::judging() } } else { self.clone() }
    }
}

/// The stream that a module draws from: told from all others of the step by what for, and by the module's name.
fn named(step: &Draw, module: &Module) -> Option<ChaCha8Rng> {
    module.draws().map(|(purpose, name)| step.clone().text(purpose).text(name).stream())
}

/// Running a network.
pub trait Run {
    /// Embeddings `[n, d]` of images `[n, channels, height, width]`.
    ///
    /// # Errors
    /// As [`Run::forward_taps`].
    fn forward(&self, state: &State, images: &Tensor, pass: &Pass) -> Result<Tensor, NnError>;

    /// What comes out of layer `layers.end - 1` when `x` goes into layer `layers.start`.
    ///
    /// # Errors
    /// As [`Run::forward_taps`].
    fn forward_range(&self, state: &State, x: &Tensor, layers: Range<usize>, pass: &Pass) -> Result<Tensor, NnError>;

    /// As [`Run::forward_range`], and the outputs of the layers `taps` (see [`Network::tap`]) in their order.
    ///
    /// # Errors
    /// When the input has another shape, when `state` lacks a tensor, or when a tap lies outside of `layers`.
    fn forward_taps(
        &self,
        state: &State,
        x: &Tensor,
        layers: Range<usize>,
        pass: &Pass,
        taps: &[usize],
    ) -> Result<(Tensor, Vec<Tensor>), NnError>;
}

impl Run for Network {
    fn forward(&self, state: &State, images: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        self.forward_range(state, images, 0..self.layers.len(), pass)
    }

    fn forward_range(&self, state: &State, x: &Tensor, layers: Range<usize>, pass: &Pass) -> Result<Tensor, NnError> {
        Ok(self.forward_taps(state, x, layers, pass, &[])?.0)
    }

    fn forward_taps(
        &self,
        state: &State,
        x: &Tensor,
        layers: Range<usize>,
        pass: &Pass,
        taps: &[usize],
    ) -> Result<(Tensor, Vec<Tensor>), NnError> {
        check_input(self, x, layers.start)?;
        check_pass(self, x, pass)?;
        if let Some(tap) = taps.iter().find(|tap| !layers.contains(tap)) {
            let expected = format!("a layer in {layers:?}");
            return Err(NnError::Input { what: "a tap".into(), expected, found: tap.to_string() });
        }
        let mut value = x.shallow_clone();
        let mut tapped: Vec<Option<Tensor>> = taps.iter().map(|_| None).collect();
        for at in layers {
            let pass = pass.within(at);
            value = run(&self.layers[at].modules, state, value, &pass)?;
            for (tap, slot) in taps.iter().zip(&mut tapped) {
                if *tap == at {
                    *slot = Some(value.shallow_clone());
                }
            }
        }
        Ok((value, tapped.into_iter().flatten().collect()))
    }
}

fn check_pass(network: &Network, x: &Tensor, pass: &Pass) -> Result<(), NnError> {
    let count = x.size().first().copied().unwrap_or(0);
    let learns = pass.norms != Norms::Running && network.norms(&pass.fixed);
    let over = pass.over.unwrap_or(count);
    if learns && (over < 2 || count % over.max(1) != 0) {
        let expected = pass.over.map_or("at least 2 images".to_string(), |over| format!("a multiple of {over} >= 2 images"));
        return Err(NnError::Input { what: "a batch for batch norm".into(), expected, found: format!("{count} images") });
    }
    Ok(())
}

/// `x` through these modules. It is consumed, so that nothing holds it longer than the gradient needs it.
fn run(modules: &[Module], state: &State, mut x: Tensor, pass: &Pass) -> Result<Tensor, NnError> {
    for module in modules {
        x = step(module, state, x, pass)?;
    }
    Ok(x)
}

pub(super) fn step(module: &Module, state: &State, x: Tensor, pass: &Pass) -> Result<Tensor, NnError> {
    match module {
        Module::Conv(c) => conv(c, state, &x, pass),
        Module::Linear(l) => linear(l, state, &x, pass),
        Module::Norm(n) => norm(n, state, &x, pass),
        Module::Prelu { name, .. } => prelu(&x, state.get(&format!("{name}.weight"))?),
        Module::Residual(r) => residual(r, state, x, pass),
        Module::Pool { side } => Ok(x.f_adaptive_avg_pool2d([*side, *side])?),
        // `reshape`, because the channels may lie innermost
        Module::Flatten => Ok(x.f_reshape([x.size()[0], -1])?),
        Module::Dropout { p, .. } => dropout(*p, x, pass.drawn(module)),
        Module::Relu => Ok(x.f_relu()?),
        Module::Mfm => {
            let half = x.size()[1] / 2;
            Ok(x.f_narrow(1, 0, half)?.f_maximum(&x.f_narrow(1, half, half)?)?)
        }
        Module::Window(w) => window(*w, &x),
        Module::Local(l) => local(l, state, &x, pass),
        Module::Tokens => Ok(x.f_flatten(2, -1)?.f_transpose(1, 2)?.f_contiguous()?),
        Module::Position { name, .. } => Ok(x.f_add(state.get(name)?)?),
        Module::LayerNorm(n) => layer_norm(n, state, &x),
        Module::Attention(a) => attention(*a, &x),
        Module::Relu6 => Ok(x.f_clamp(0.0, 6.0)?),
        Module::DropPath { p, .. } => drop_path(*p, x, pass.drawn(module)),
        Module::Hide(mask) => hide(mask, x, pass.drawn(module)),
        Module::Fill(mask) => fill(mask, state, x, pass.drawn_before(module)),
        Module::Rescale { factors } => {
            let factors = Tensor::f_from_slice(factors)?.f_to_device(x.device())?.f_to_kind(x.kind())?;
            Ok(x.f_mul(&factors.f_view([1, -1, 1, 1])?)?)
        }
        Module::Border { by } => Ok(x.f_constant_pad_nd([*by; 4])?),
        Module::Bins(b) => bins(b, state, &x, pass),
        Module::Angles(a) => angles(*a, &x),
        Module::Dream(d) => dream(d, state, &x, pass),
        Module::Maps(l) => maps(*l, &x),
        Module::Attend(l) => attend(*l, &x),
        Module::Gate(gate) => Ok(run(gate, state, x.shallow_clone(), pass)?.f_sigmoid()?.f_mul(&x)?),
    }
}

fn conv(c: &Conv, state: &State, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
    let bias = if c.bias { Some(pass.operand(state.get(&format!("{}.bias", c.name))?)?) } else { None };
    let (input, weight) = (pass.operand(x)?, pass.operand(state.get(&format!("{}.weight", c.name))?)?);
    let out = input.f_conv2d(&weight, bias.as_ref(), [c.stride; 2], [c.padding; 2], [1, 1], c.groups)?;
    Ok(out.f_to_kind(x.kind())?)
}

fn linear(l: &Linear, state: &State, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
    let bias = if l.bias.is_some() { Some(pass.operand(state.get(&format!("{}.bias", l.name))?)?) } else { None };
    let (input, weight) = (pass.operand(x)?, pass.operand(state.get(&format!("{}.weight", l.name))?)?);
    Ok(input.f_linear(&weight, bias.as_ref())?.f_to_kind(x.kind())?)
}

fn norm(n: &Norm, state: &State, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
    let get = |end: &str| state.get(&format!("{}.{end}", n.name));
    let (weight, bias) = match n.scale {
        Scale::Learned | Scale::ShiftOnly => (Some(get("weight")?), Some(get("bias")?)),
        Scale::None => (None, None),
    };
    let (mean, var) = (get("running_mean")?, get("running_var")?);
    let learn = pass.norms != Norms::Running;
    let (mean, var) = if pass.norms == Norms::Seen { (None, None) } else { (Some(mean), Some(var)) };
    let over = |x: &Tensor| x.f_batch_norm(weight, bias, mean, var, learn, MOMENTUM, n.eps, true);
    match pass.over {
        Some(images) if learn && images < x.size()[0] => {
            let groups = x.f_split(images, 0)?;
            let groups = groups.iter().map(over).collect::<Result<Vec<_>, _>>()?;
            Ok(Tensor::f_cat(&groups, 0)?)
        }
        Some(_) | None => Ok(over(x)?),
    }
}

fn window(w: Window, x: &Tensor) -> Result<Tensor, NnError> {
    let (side, stride) = ([w.side; 2], [w.stride; 2]);
    match w.keep {
        Keep::Max => Ok(x.f_max_pool2d(side, stride, [0, 0], [1, 1], w.ceil)?),
        Keep::Mean => Ok(x.f_avg_pool2d(side, stride, [0, 0], w.ceil, true, None::<i64>)?),
    }
}

fn residual(r: &Residual, state: &State, x: Tensor, pass: &Pass) -> Result<Tensor, NnError> {
    let mut sum = run(&r.body, state, x.shallow_clone(), pass)?;
    let context = run(&r.shortcut, state, x, pass)?;
    // In place: neither a convolution nor a batch norm needs its own output for its gradient.
    Ok(sum.f_add_(&context)?)
}
