//! Additive-margin softmax: `logit_y = s (cos(theta_y) - m)`.

use ddl::ops::heads::AmSoftmax;
use tch::Tensor;

use super::cosine::{cosines, scaled};
use super::{Head, HeadContext, Logits};
use crate::nn::error::NnError;

impl Head for AmSoftmax {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<Logits, NnError> {
        scaled(&cosines(x, labels, at)?, labels, self.scale, |cosine| cosine - self.margin)
    }
}
