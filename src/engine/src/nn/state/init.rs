//! Starting values: a pure function of (seed, name, shape), the same bits on every machine and in every order.

use std::f64::consts::TAU;

use ddl::random::Draw;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use tch::{Kind, Tensor};

use super::{Init, Spec, StateError};

/// The starting values of a tensor, in float32 on the host.
pub fn tensor(spec: &Spec, seed: i64) -> Result<Tensor, StateError> {
    let draw = spec.shape.iter().fold(Draw::new(seed, "parameter").text(&spec.name), |draw, &side| draw.number(side.unsigned_abs()));
    let (fan_in, fan_out) = fans(&spec.shape);
    let count = spec.numel() as usize;
    let values = match spec.init {
        Init::Constant(value) => vec![value as f32; count],
        Init::Normal { sd } => normals(&mut draw.stream(), count, sd),
        Init::KaimingFanOut => normals(&mut draw.stream(), count, (2.0 / fan_out).sqrt()),
        Init::XavierUniform => uniforms(&mut draw.stream(), count, (6.0 / (fan_in + fan_out)).sqrt()),
        Init::Uniform { fan_in } => uniforms(&mut draw.stream(), count, 1.0 / (fan_in as f64).sqrt()),
    };
    Ok(Tensor::f_from_slice(&values)?.f_view(spec.shape.as_slice())?.f_to_kind(Kind::Float)?)
}

/// Inputs per output and outputs per input of a weight `[out, in / groups, ...window]`, as `PyTorch` counts them.
fn fans(shape: &[i64]) -> (f64, f64) {
    let window: i64 = shape.iter().skip(2).product();
    let side = |at: usize| shape.get(at).copied().unwrap_or(1) as f64;
    (side(1) * window as f64, side(0) * window as f64)
}

/// A number in (0, 1], of 53 random bits: its logarithm is finite.
fn unit(stream: &mut ChaCha8Rng) -> f64 {
    ((stream.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
}

/// Box and Muller's pairs; `libm`, because the platform's own logarithm may differ in its last bit.
fn normals(stream: &mut ChaCha8Rng, count: usize, sd: f64) -> Vec<f32> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let (radius, angle) = (libm::sqrt(-2.0 * libm::log(unit(stream))), TAU * unit(stream));
        values.push((sd * radius * libm::cos(angle)) as f32);
        values.push((sd * radius * libm::sin(angle)) as f32);
    }
    values.truncate(count);
    values
}

fn uniforms(stream: &mut ChaCha8Rng, count: usize, bound: f64) -> Vec<f32> {
    (0..count).map(|_| (bound * (2.0 * unit(stream) - 1.0)) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::*;

    fn of(shape: &[i64], init: Init) -> Tensor {
        tensor(&Spec { name: "w".into(), shape: shape.into(), role: Role::Parameter, init }, 1).unwrap()
    }

    #[test]
    fn moments_are_those_of_the_distribution() {
        let normal = of(&[64, 32, 3, 3], Init::Normal { sd: 0.1 });
        assert!(normal.mean(Kind::Double).double_value(&[]).abs() < 2e-3);
        assert!((normal.std(true).double_value(&[]) - 0.1).abs() < 2e-3);
        let he = of(&[64, 32, 3, 3], Init::KaimingFanOut);
        assert!((he.std(true).double_value(&[]) - (2.0f64 / (64.0 * 9.0)).sqrt()).abs() < 2e-3);
        let linear = of(&[512, 128], Init::Uniform { fan_in: 128 });
        assert!((linear.max().double_value(&[]) - 1.0 / 128f64.sqrt()).abs() < 1e-4);
        assert!((linear.min().double_value(&[]) + 1.0 / 128f64.sqrt()).abs() < 1e-4);
    }
}
