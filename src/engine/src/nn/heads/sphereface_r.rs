//! SphereFace-R: a multiplicative margin on the hypersphere, `logit_y = s psi(theta_y)`.

use ddl::ops::heads::{Magnification, MarginGrad, SphereFaceR};
use tch::Tensor;

use super::cosine::{cosines, own, with_target};
use super::{Head, HeadContext, HeadOutput};
use crate::nn::error::NnError;
use crate::nn::margin::{detached, divided, multiplicative_clipped, multiplicative_real};

impl Head for SphereFaceR {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        let cosine = own(&cosines, labels)?; // [n]
        let raised = match self.form {
            Magnification::Monotone => with_target(&cosines, labels, &multiplicative_real(&cosine, self.factor), 1.0)?,
            Magnification::Clipped => with_target(&cosines, labels, &multiplicative_clipped(&cosine, self.factor), 1.0)?,
            Magnification::Others => with_target(&divided(&cosines, self.factor), labels, &cosine, 1.0)?,
        };
        let logits = match self.margin_grad {
            MarginGrad::Exact => raised,
            MarginGrad::Detached => detached(&cosines, &raised),
        };
        Ok((logits * self.scale).into())
    }
}
