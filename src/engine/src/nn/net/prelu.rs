//! `PReLU`, in the form whose backward pass is fast.

use tch::Tensor;

use crate::nn::error::NnError;

/// `x` where it is positive, `slope x` elsewhere; `x` is `[n, channels, ...]`, `slope` `[channels]`.
///
/// libtorch's kernel has a slow backward pass (two fifths of a training step of `MobileFaceNet`, see docs/performance.md), so with a
/// gradient this is `x + (1 - slope) relu(-x)`: each of its steps has a fast one, and only `relu(-x)` is kept for it.
pub fn prelu(x: &Tensor, slope: &Tensor) -> Result<Tensor, NnError> {
    if !x.requires_grad() && !slope.requires_grad() {
        return Ok(x.f_prelu(slope)?);
    }
    let mut sides = vec![1; x.dim()];
    sides[1] = slope.numel() as i64;
    let bend = slope.f_neg()?.f_add_scalar(1.0)?.f_view(sides.as_slice())?; // [1, channels, ...]
    let below = x.f_neg()?.f_relu_()?; // [n, channels, ...]
    Ok(below.f_mul(&bend)?.f_add_(x)?)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn values_and_gradients_are_those_of_the_kernel() {
        let slopes = Tensor::from_slice(&[0.25, 0.0, -0.5, 1.5]);
        for size in [vec![3, 4, 5, 5], vec![6, 4]] {
            let input = Tensor::randn(size.as_slice(), (Kind::Double, Device::Cpu));
            let weight = Tensor::randn(size.as_slice(), (Kind::Double, Device::Cpu));
            let mut found = Vec::new();
            for of in [|x: &Tensor, a: &Tensor| x.prelu(a), |x: &Tensor, a: &Tensor| prelu(x, a).unwrap()] {
                let (x, a) = (input.copy().set_requires_grad(true), slopes.copy().set_requires_grad(true));
                let y = of(&x, &a);
                (&y * &weight).sum(Kind::Double).backward();
                found.push([y.detach(), x.grad(), a.grad()]);
            }
            for (kernel, ours) in found[0].iter().zip(&found[1]) {
                assert!((kernel - ours).abs().max().double_value(&[]) < 1e-12);
            }
        }
    }

    #[test]
    fn without_a_gradient_it_is_the_kernel_itself() {
        let (x, slopes) = (Tensor::randn([2, 3, 4, 4], (Kind::Float, Device::Cpu)), Tensor::from_slice(&[0.25f32, 0.1, 0.3]));
        assert_eq!(prelu(&x, &slopes).unwrap(), x.prelu(&slopes));
    }
}
