//! Mis-classified vector guided softmax: hard negatives have the logit `s ((t + 1) cos(theta_j) + t)`, or `s (cos(theta_j) + t)`.

use ddl::ops::heads::{ArcForm, MvMargin, MvSoftmax, MvWeight};
use tch::Tensor;

use super::cosine::{cosines, own, with_target};
use super::{Head, HeadContext, HeadOutput};
use crate::nn::error::NnError;
use crate::nn::margin::{additive_angular, additive_cosine, hard, misclassified};

impl Head for MvSoftmax {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        let cosine = own(&cosines, labels)?;
        let with_margin = match self.form {
            MvMargin::Am => additive_cosine(&cosine, self.margin),
            MvMargin::Arc => additive_angular(&cosine, self.margin, ArcForm::Plain),
        };
        let hard = hard(&cosines, &with_margin)?;
        let target = if self.easy_margin { with_margin.f_where_self(&cosine.gt(0.0), &cosine)? } else { with_margin };
        let raised = misclassified(&cosines, &hard, self.t, self.weight == MvWeight::Adaptive)?;
        Ok(with_target(&raised, labels, &target, self.scale)?.into())
    }
}
