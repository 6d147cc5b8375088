//! Three margins at once: `logit_y = s (cos(m1 theta_y + m2) - m3)`.

use ddl::ops::heads::{Combined, MarginGrad};
use tch::Tensor;

use super::cosine::{angle, cosines, detached, scaled};
use super::{Head, HeadContext, Logits};
use crate::nn::error::NnError;

impl Head for Combined {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<Logits, NnError> {
        scaled(&cosines(x, labels, at)?, labels, self.scale, |cosine| {
            let shifted = (angle(cosine) * self.factor + self.angle.as_radians()).cos() - self.cosine;
            match self.margin_grad {
                MarginGrad::Exact => shifted,
                MarginGrad::Detached => detached(cosine, &shifted),
            }
        })
    }
}
