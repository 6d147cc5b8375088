//! Support-vector guided softmax: hard negatives have the logit `s (t cos(theta_j) + t - 1)`.

use ddl::ops::heads::{ArcForm, SvMargin, SvSoftmax};
use tch::Tensor;

use super::cosine::{cosines, own, with_target};
use super::{Head, HeadContext, HeadOutput};
use crate::nn::error::NnError;
use crate::nn::margin::{additive_angular, additive_cosine, hard, support_vectors};

impl Head for SvSoftmax {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        let cosine = own(&cosines, labels)?;
        let target = match self.form {
            SvMargin::Plain => cosine,
            SvMargin::Am => additive_cosine(&cosine, self.margin),
            SvMargin::Arc => additive_angular(&cosine, self.angle.as_radians(), ArcForm::Safe),
        };
        let hard = hard(&cosines, &target)?;
        let raised = support_vectors(&cosines, &hard, self.t)?;
        Ok(with_target(&raised, labels, &target, self.scale)?.into())
    }
}
