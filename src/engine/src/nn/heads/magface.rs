//! MagFace: ArcFace whose margin is a linear function of the feature's length, and a regulariser of the lengths.

use std::f64::consts::PI;

use ddl::ops::heads::MagFace;
use tch::{Kind, Tensor};

use super::cosine::{cosines, lengths, own, sine, with_target};
use super::{Head, HeadContext, Logits};
use crate::nn::error::NnError;

impl Head for MagFace {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<Logits, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        let cosine = own(&cosines, labels)?;
        let length = lengths(x).clamp(self.shortest, self.longest); // [n]
        let (least, most) = (self.least.as_radians(), self.most.as_radians());
        let m = (&length - self.shortest) * ((most - least) / (self.longest - self.shortest)) + least; // [n]
        let plain = &cosine * m.cos() - sine(&cosine) * m.sin();
        let target = if self.easy_margin {
            plain.f_where_self(&cosine.gt(0.0), &cosine)?
        } else {
            // sin(pi - m) = sin(m), cos(pi - m) = -cos(m)
            let beyond = &cosine - &m * (&m * -1.0 + PI).sin();
            plain.f_where_self(&cosine.detach().f_gt_tensor(&-m.detach().cos())?, &beyond)?
        };
        let g = (&length / self.longest.powi(2) + length.reciprocal()).mean(length.kind());
        let logits = with_target(&cosines, labels, &target, self.scale)?;
        let parts = vec![("g".to_owned(), g.detach()), ("length".to_owned(), length.detach().mean(Kind::Float))];
        Ok(Logits { extra: Some(g * self.regulariser), parts, ..logits.into() })
    }
}
