//! SphereFace-R: a multiplicative margin on the hypersphere, `logit_y = s psi(theta_y)`.

use std::f64::consts::PI;

use ddl::ops::heads::{Magnification, MarginGrad, SphereFaceR};
use tch::Tensor;

use super::cosine::{angle, cosines, detached, own, with_target};
use super::multiple::psi_of_angle;
use super::{Head, HeadContext, Logits};
use crate::nn::error::NnError;

impl Head for SphereFaceR {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<Logits, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        let cosine = own(&cosines, labels)?; // [n]
        let raised = match self.form {
            Magnification::Monotone => with_target(&cosines, labels, &psi_of_angle(&cosine, self.factor), 1.0)?,
            Magnification::Clipped => {
                let target = (angle(&cosine) * self.factor).clamp_max(PI).cos();
                with_target(&cosines, labels, &target, 1.0)?
            }
            Magnification::Others => with_target(&(angle(&cosines) / self.factor).cos(), labels, &cosine, 1.0)?,
        };
        let logits = match self.margin_grad {
            MarginGrad::Exact => raised,
            MarginGrad::Detached => detached(&cosines, &raised),
        };
        Ok((logits * self.scale).into())
    }
}
