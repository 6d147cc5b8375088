//! Loss scaling, for numbers whose smallest are large: float16 has none below 6e-8, and gradients do.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::error::TrainError;
use crate::nn::optim::Trained as Parameter;

/// Steps without an overflow after which the scale grows.
const PATIENCE: u64 = 2000;

/// What an objective is multiplied by before its gradients are computed, as `torch.amp.GradScaler` has it. It is a power of 2, so nothing
/// is rounded by it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossScale {
    /// The factor.
    pub factor: f64,
    /// Steps since it changed.
    since: u64,
}

impl Default for LossScale {
    fn default() -> Self {
        LossScale { factor: 65_536.0, since: 0 }
    }
}

impl LossScale {
    /// Divides gradients by the scale and says whether all are finite; where one is not, the step is to be left out, and the scale is
    /// halved.
    pub fn unscale(&mut self, parameters: &[Parameter]) -> Result<bool, TrainError> {
        let finite = tch::no_grad(|| {
            let mut finite: Vec<Tensor> = Vec::with_capacity(parameters.len());
            for parameter in parameters {
                let mut gradient = parameter.tensor.f_grad()?;
                if gradient.defined() {
                    let _ = gradient.f_div_scalar_(self.factor)?;
                    finite.push(gradient.f_isfinite()?.f_all()?);
                }
            }
            // all together, so that one number travels to the host
            let all = if finite.is_empty() { None } else { Some(Tensor::f_stack(&finite, 0)?.f_all()?.f_to_kind(Kind::Int64)?) };
            Ok::<_, TrainError>(all.is_none_or(|all| all.int64_value(&[]) == 1))
        })?;
        self.since += 1;
        if !finite {
            *self = LossScale { factor: self.factor / 2.0, since: 0 };
        } else if self.since == PATIENCE {
            *self = LossScale { factor: self.factor * 2.0, since: 0 };
        }
        Ok(finite)
    }

    /// Whether not even the objective itself has finite gradients.
    pub fn is_spent(&self) -> bool {
        self.factor < 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddl::ops::curves::Curve;
    use ddl::ops::optimizers::{Optimizer, Sgd};

    /// A parameter whose gradient is this.
    fn parameter(gradient: f64) -> Parameter {
        let sgd = Sgd { lr: Curve::Constant(0.1), momentum: 0.0, weight_decay: 0.0, nesterov: false, decay_all: true, head_lr: 1.0 };
        let tensor = Tensor::from_slice(&[1.0f32, 1.0]).set_requires_grad(true);
        (&tensor * gradient).sum(Kind::Float).backward();
        Parameter::new(&Optimizer::Sgd(sgd), "w", &tensor, false)
    }

    #[test]
    fn gradients_are_divided_and_an_overflow_halves_the_scale() {
        let mut scale = LossScale::default();
        let fine = [parameter(65_536.0 * 0.25)];
        assert!(scale.unscale(&fine).unwrap());
        assert_eq!(fine[0].tensor.grad(), Tensor::from_slice(&[0.25f32, 0.25]));
        for over in [f64::INFINITY, f64::NAN] {
            let before = scale.factor;
            assert!(!scale.unscale(&[parameter(1.0), parameter(over)]).unwrap());
            assert_eq!(scale, LossScale { factor: before / 2.0, since: 0 });
        }
        assert!(!scale.is_spent());
        scale.factor = 1.0;
        assert!(!scale.unscale(&[parameter(f64::NAN)]).unwrap() && scale.is_spent());
    }

    #[test]
    fn the_scale_grows_after_many_steps_without_an_overflow() {
        let mut scale = LossScale { since: PATIENCE - 2, ..LossScale::default() };
        assert!(scale.unscale(&[parameter(1.0)]).unwrap() && scale.factor < 65_537.0);
        assert!(scale.unscale(&[parameter(1.0)]).unwrap());
        assert_eq!(scale, LossScale { factor: 131_072.0, since: 0 });
    }
}
