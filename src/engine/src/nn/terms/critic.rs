//! Critics: small networks that tell the outputs of one from those of another.

use ddl::ops::terms::{Critic, PlainLogits};
use ddl::random::Draw;
use rand_chacha::rand_core::Rng;
use tch::Tensor;

use super::Take;
use super::logits::take;
use crate::nn::error::{NnError, shape};
use crate::nn::rows::Rows;
use crate::nn::state::{Role, Spec, State};

/// Slope of the rectifiers below 0.
const SLOPE: f64 = 0.2;

/// The critic's tensors for inputs of so many numbers.
pub fn specs(critic: &Critic, inputs: i64) -> Vec<Spec> {
    let mut specs = Vec::new();
    let mut input = inputs;
    for (at, output) in critic.hidden.iter().map(|width| i64::from(*width)).chain([1]).enumerate() {
        specs.extend(Spec::linear([&format!("{at}.weight"), &format!("{at}.bias")], input, output));
        input = output;
    }
    specs
}

/// The critic as it is now, which nothing moves.
pub fn fixed(critic: &Critic, state: &dyn Rows) -> Result<State, NnError> {
    let mut fixed = State::new();
    for at in 0..=critic.hidden.len() {
        for name in [format!("{at}.weight"), format!("{at}.bias")] {
            fixed.insert(&name, state.shared(&name)?.f_detach()?, Role::Fixed)?;
        }
    }
    Ok(fixed)
}

/// The critic's number for each row, `[n]`: the logit of "it is the real one".
pub fn judge(critic: &Critic, state: &dyn Rows, x: &Tensor) -> Result<Tensor, NnError> {
    let mut value = x.shallow_clone();
    for at in 0..=critic.hidden.len() {
        let (weight, bias) = (state.shared(&format!("{at}.weight"))?, state.shared(&format!("{at}.bias"))?);
        if value.size().last() != weight.size().last() {
            let (expected, found) = (format!("[n, {}]", weight.size().last().copied().unwrap_or(0)), shape(&value.size()));
            return Err(NnError::Input { what: "what a critic sees".into(), expected, found });
        }
        value = value.f_linear(weight, Some(bias))?;
        if at < critic.hidden.len() {
            value = value.f_relu()? - (-&value).f_relu()? * SLOPE;
        }
    }
    Ok(value.f_squeeze_dim(1)?)
}

/// What a critic of logits, or of labels, takes of a network.
pub fn logits_of(critic: &Critic, slot: Option<&str>) -> Take {
    let logits: PlainLogits = critic.logits;
    take(logits, critic.scale, slot.unwrap_or(&critic.prototypes))
}

/// People drawn from probabilities, `[n, classes]`: the Gumbel-softmax relaxation of a throw that `noise` names.
pub fn relaxed(logits: &Tensor, temperature: f64, noise: &Draw) -> Result<Tensor, NnError> {
    if temperature <= 0.0 {
        let why = "a temperature is more than 0 at every step".to_owned();
        return Err(NnError::Option { option: "temperature", value: temperature.to_string(), why });
    }
    let mut stream = noise.clone().text("gumbel").stream();
    // 24 bits, strictly between 0 and 1
    let unit = |bits: u32| (f64::from(bits >> 8) + 0.5) / f64::from(1u32 << 24);
    let gumbel: Vec<f32> = (0..logits.numel()).map(|_| -libm::log(-libm::log(unit(stream.next_u32()))) as f32).collect();
    let gumbel = Tensor::f_from_slice(&gumbel)?.f_view(logits.size().as_slice())?.f_to_device(logits.device())?.f_to_kind(logits.kind())?;
    let perturbed = logits.f_log_softmax(1, logits.kind())? + gumbel;
    Ok(perturbed.f_div_scalar(temperature)?.f_softmax(1, logits.kind())?)
}

/// The true people as probabilities, `[n, classes]`.
pub fn one_hot(labels: &Tensor, like: &Tensor) -> Result<Tensor, NnError> {
    Ok(like.f_zeros_like()?.f_detach()?.f_scatter_value(1, &labels.f_unsqueeze(1)?, 1.0)?)
}

/// People beside the embedding by which the critic sees the images, of length 1, which is a constant to it: `[n, classes + d]`.
pub fn seen(people: &Tensor, embedding: &Tensor) -> Result<Tensor, NnError> {
    Ok(Tensor::f_cat(&[people, &crate::nn::heads::unit(&embedding.detach())], 1)?)
}
