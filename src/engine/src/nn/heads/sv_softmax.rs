//! Support-vector guided softmax: hard negatives have the logit `s (t cos(theta_j) + t - 1)`.

use ddl::ops::heads::{ArcForm, SvMargin, SvSoftmax};
use tch::Tensor;

use super::arcface::shifted;
use super::cosine::{cosines, own, with_target};
use super::{Head, HeadContext, Logits};
use crate::nn::error::NnError;

impl Head for SvSoftmax {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<Logits, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        let cosine = own(&cosines, labels)?;
        let target = match self.form {
            SvMargin::Plain => cosine,
            SvMargin::Am => cosine - self.margin,
            SvMargin::Arc => shifted(&cosine, self.angle.as_radians(), ArcForm::Safe),
        };
        let hard = cosines.detach().f_gt_tensor(&target.detach().f_unsqueeze(1)?)?;
        let raised = (&cosines * self.t + (self.t - 1.0)).f_where_self(&hard, &cosines)?;
        Ok(with_target(&raised, labels, &target, self.scale)?.into())
    }
}
