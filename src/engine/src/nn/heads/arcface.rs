//! Additive angular margin: `logit_y = s cos(theta_y + m)`.

use ddl::ops::heads::{ArcFace, MarginGrad};
use tch::Tensor;

use super::cosine::{cosines, scaled};
use super::{Head, HeadContext, HeadOutput};
use crate::nn::error::NnError;
use crate::nn::margin::{additive_angular, detached};

impl Head for ArcFace {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        scaled(&cosines(x, labels, at)?, labels, self.scale, |cosine| {
            let shifted = additive_angular(cosine, self.margin.as_radians(), self.form);
            match self.margin_grad {
                MarginGrad::Exact => shifted,
                MarginGrad::Detached => detached(cosine, &shifted),
            }
        })
    }
}
