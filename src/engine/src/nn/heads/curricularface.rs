//! CurricularFace: hard negatives have the logit `s cos(theta_j) (t + cos(theta_j))`, t following the mean cosine to the own class.

use ddl::ops::heads::{ArcForm, CurricularFace};
use tch::Tensor;

use super::cosine::{cosines, own, with_target};
use super::{Head, HeadContext, HeadOutput, moment, prototypes};
use crate::nn::error::NnError;
use crate::nn::margin::{additive_angular, curricular, hard};
use crate::nn::state::Spec;

/// The state: the running mean of cosines, a scalar.
const T: &str = "t";

impl Head for CurricularFace {
    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        vec![prototypes(classes, embedding), moment(T, 0.0)]
    }

    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        let cosine = own(&cosines, labels)?;
        let m = self.margin.as_radians();
        let hard = hard(&cosines, &additive_angular(&cosine.detach(), m, ArcForm::Plain))?;
        let t = cosine.detach().mean(cosine.kind()) * self.alpha + at.rows.shared(T)?.detach() * (1.0 - self.alpha);
        let raised = curricular(&cosines, &hard, &t)?;
        let logits = with_target(&raised, labels, &additive_angular(&cosine, m, ArcForm::Safe), self.scale)?;
        Ok(HeadOutput { parts: vec![(T.to_owned(), t.shallow_clone())], updates: vec![(T.to_owned(), t)], ..logits.into() })
    }
}
