//! Additive cosine margin: `logit_y = s (cos(theta_y) - m)`.

use ddl::ops::heads::CosFace;
use tch::Tensor;

use super::cosine::{cosines, scaled};
use super::{Head, HeadContext, HeadOutput};
use crate::nn::error::NnError;
use crate::nn::margin::additive_cosine;

impl Head for CosFace {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        scaled(&cosines(x, labels, at)?, labels, self.scale, |cosine| additive_cosine(cosine, self.margin))
    }
}
