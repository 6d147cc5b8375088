//! Mis-classified vector guided softmax: hard negatives have the logit `s ((t + 1) cos(theta_j) + t)`, or `s (cos(theta_j) + t)`.

use ddl::ops::heads::{ArcForm, MvMargin, MvSoftmax, MvWeight};
use tch::Tensor;

use super::arcface::shifted;
use super::cosine::{cosines, own, with_target};
use super::{Head, HeadContext, Logits};
use crate::nn::error::NnError;

impl Head for MvSoftmax {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<Logits, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        let cosine = own(&cosines, labels)?;
        let with_margin = match self.form {
            MvMargin::Am => &cosine - self.margin,
            MvMargin::Arc => shifted(&cosine, self.margin, ArcForm::Plain),
        };
        let hard = cosines.detach().f_gt_tensor(&with_margin.detach().f_unsqueeze(1)?)?;
        let target = if self.easy_margin { with_margin.f_where_self(&cosine.gt(0.0), &cosine)? } else { with_margin };
        let raised = match self.weight {
            MvWeight::Adaptive => &cosines * (self.t + 1.0) + self.t,
            MvWeight::Fixed => &cosines + self.t,
        };
        Ok(with_target(&raised.f_where_self(&hard, &cosines)?, labels, &target, self.scale)?.into())
    }
}
