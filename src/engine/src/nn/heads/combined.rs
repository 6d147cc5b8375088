//! Three margins at once: `logit_y = s (cos(m1 theta_y + m2) - m3)`.

use ddl::ops::heads::{Combined, MarginGrad};
use tch::Tensor;

use super::cosine::{cosines, scaled};
use super::{Head, HeadContext, HeadOutput};
use crate::nn::error::NnError;
use crate::nn::margin::{combined, detached};

impl Head for Combined {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        scaled(&cosines(x, labels, at)?, labels, self.scale, |cosine| {
            let shifted = combined(cosine, [self.factor, self.angle.as_radians(), self.cosine]);
            match self.margin_grad {
                MarginGrad::Exact => shifted,
                MarginGrad::Detached => detached(cosine, &shifted),
            }
        })
    }
}
