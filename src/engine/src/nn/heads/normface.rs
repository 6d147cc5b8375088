//! Softmax over scaled cosines: `logit_j = s cos(theta_j)`.

use ddl::ops::heads::NormFace;
use tch::Tensor;

use super::cosine::cosines;
use super::{Head, HeadContext, HeadOutput, prototypes};
use crate::nn::error::NnError;
use crate::nn::state::{Init, Role, Spec};

/// The learned scale, a scalar.
const SCALE: &str = "scale";
/// The least learned scale, as in the official code.
const LEAST: f64 = 0.01;

impl Head for NormFace {
    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        let scale = Spec { name: SCALE.into(), shape: vec![], role: Role::Parameter, init: Init::Constant(self.scale) };
        std::iter::once(prototypes(classes, embedding)).chain(self.learn_scale.then_some(scale)).collect()
    }

    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        Ok(if self.learn_scale {
            let scale = at.rows.shared(SCALE)?.f_clamp_min(LEAST)?;
            let parts = vec![(SCALE.to_owned(), scale.detach())];
            HeadOutput { parts, ..cosines.f_mul(&scale)?.into() }
        } else {
            cosines.f_mul_scalar(self.scale)?.into()
        })
    }
}
