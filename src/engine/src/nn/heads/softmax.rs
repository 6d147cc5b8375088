//! The plain classifier: `logit_j = W_j x (+ b_j)`.

use ddl::ops::heads::Softmax;
use tch::Tensor;

use super::{BIAS, Head, HeadContext, HeadOutput, PROTOTYPES, prototypes};
use crate::nn::error::NnError;
use crate::nn::state::{Init, Role, Spec};

impl Head for Softmax {
    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        let bias = Spec { name: BIAS.into(), shape: vec![classes], role: Role::Parameter, init: Init::Constant(0.0) };
        std::iter::once(prototypes(classes, embedding)).chain(self.bias.then_some(bias)).collect()
    }

    fn logits(&self, x: &Tensor, _labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let bias = if self.bias { Some(at.rows.local(BIAS)?) } else { None };
        Ok(x.f_linear(&at.rows.local(PROTOTYPES)?, bias)?.into()) // [n, classes]
    }
}
