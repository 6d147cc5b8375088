//! Additive angular margin: `logit_y = s cos(theta_y + m)`.

use std::f64::consts::PI;

use ddl::ops::heads::{ArcFace, ArcForm, MarginGrad};
use tch::Tensor;

use super::cosine::{cosines, detached, scaled, sine};
use super::{Head, HeadContext, Logits};
use crate::nn::error::NnError;

impl Head for ArcFace {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<Logits, NnError> {
        scaled(&cosines(x, labels, at)?, labels, self.scale, |cosine| {
            let shifted = shifted(cosine, self.margin.as_radians(), self.form);
            match self.margin_grad {
                MarginGrad::Exact => shifted,
                MarginGrad::Detached => detached(cosine, &shifted),
            }
        })
    }
}

/// `cos(theta + m) = cos(theta) cos(m) - sin(theta) sin(m)`, and what stands for it where theta + m would leave [0, pi].
pub(in crate::nn) fn shifted(cosine: &Tensor, m: f64, form: ArcForm) -> Tensor {
    let plain = cosine * m.cos() - sine(cosine) * m.sin();
    match form {
        ArcForm::Plain => plain,
        ArcForm::Safe => plain.where_self(&cosine.gt((PI - m).cos()), &(cosine - m * (PI - m).sin())),
        ArcForm::Easy => plain.where_self(&cosine.gt(0.0), cosine),
    }
}
