//! Batch norms melted into the layer before them: a network that computes the same when judged, in fewer passes over its values.

use tch::{Kind, Tensor};

use super::{Conv, Layer, Linear, Module, Network, Norm, Residual, Scale};
use crate::nn::error::NnError;
use crate::nn::state::{Init, Role, State};

/// A network for judging only, and its tensors.
#[derive(Debug, Clone)]
pub struct Folded {
    /// The network, without the batch norms that follow a convolution or a linear layer.
    pub network: Network,
    /// Its tensors.
    pub state: State,
}

/// Melts every batch norm that follows a convolution or a linear layer into it: `W' = W γ/σ`, `b' = (b - μ) γ/σ + β`,
/// computed in float64. Layers keep their names and number, so ranges and taps mean the same.
///
/// # Errors
/// When `state` lacks a tensor.
pub fn fold(network: &Network, state: &State) -> Result<Folded, NnError> {
    tch::no_grad(|| {
        let mut folded = State::new();
        let mut layers = Vec::with_capacity(network.layers.len());
        for Layer { name, modules } in &network.layers {
            layers.push(Layer { name: name.clone(), modules: melted(modules, state, &mut folded)? });
        }
        Ok(Folded { network: Network { layers, ..network.clone() }, state: folded })
    })
}

fn melted(list: &[Module], from: &State, to: &mut State) -> Result<Vec<Module>, NnError> {
    let mut done = Vec::with_capacity(list.len());
    let mut rest = list;
    while let [module, tail @ ..] = rest {
        rest = tail;
        match (module, tail.first()) {
            (Module::Conv(conv), Some(Module::Norm(norm))) => {
                melt(&conv.name, norm, from, to)?;
                done.push(Module::Conv(Conv { bias: true, ..conv.clone() }));
                rest = &tail[1..];
            }
            (Module::Linear(linear), Some(Module::Norm(norm))) => {
                melt(&linear.name, norm, from, to)?;
                done.push(Module::Linear(Linear { bias: Some(Init::Constant(0.0)), ..linear.clone() }));
                rest = &tail[1..];
            }
            (Module::Residual(r), _) => {
                let (body, shortcut) = (melted(&r.body, from, to)?, melted(&r.shortcut, from, to)?);
                done.push(Module::Residual(Residual { body, shortcut }));
            }
            (Module::Gate(gate), _) => done.push(Module::Gate(melted(gate, from, to)?)),
            (
                Module::Conv(_)
                | Module::Linear(_)
                | Module::Norm(_)
                | Module::Prelu { .. }
                | Module::Pool { .. }
                | Module::Flatten
                | Module::Relu
                | Module::Mfm
                | Module::Window(_)
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
                | Module::Attend(_),
                _,
            ) => {
                let mut specs = Vec::new();
                module.specs(&mut specs);
                for spec in specs {
                    to.insert(&spec.name, from.get(&spec.name)?.f_detach()?, spec.role)?;
                }
                done.push(module.clone());
            }
            (Module::Dropout { .. } | Module::DropPath { .. } | Module::Hide(_) | Module::Fill(_), _) => {}
        }
    }
    Ok(done)
}

fn melt(layer: &str, norm: &Norm, from: &State, to: &mut State) -> Result<(), NnError> {
    let weight = from.get(&format!("{layer}.weight"))?;
    let kind = weight.kind();
    let wide = |name: String| -> Result<Tensor, NnError> { Ok(from.get(&name)?.f_detach()?.f_to_kind(Kind::Double)?) };
    let statistic = |end: &str| wide(format!("{}.{end}", norm.name));
    let mut scale = (statistic("running_var")? + norm.eps).f_rsqrt()?; // [out]
    let mut shift = -statistic("running_mean")?; // [out]
    if from.entry(&format!("{layer}.bias")).is_some() {
        shift += wide(format!("{layer}.bias"))?;
    }
    match norm.scale {
        Scale::Learned | Scale::ShiftOnly => {
            scale *= statistic("weight")?;
            shift = shift * &scale + statistic("bias")?;
        }
        Scale::None => shift *= &scale,
    }
    let mut across = vec![1i64; weight.dim()];
    across[0] = -1;
    let weight = wide(format!("{layer}.weight"))? * scale.f_view(across.as_slice())?;
    to.insert(&format!("{layer}.weight"), weight.f_to_kind(kind)?, Role::Parameter)?;
    to.insert(&format!("{layer}.bias"), shift.f_to_kind(kind)?, Role::Parameter)?;
    Ok(())
}
