//! DREAM's own loss (Cao et al., CVPR 2018): `mean (f - m_y)²` towards each person's mean, which stays.

use ddl::ops::terms::Stitch;

use super::pairs::labelled;
use super::{Context, Memory, Need, Take, Term, TermInput, TermOutput, plain};
use crate::nn::error::NnError;
use crate::nn::loss::metric::towards;
use crate::nn::state::{Init, Role, Spec};

/// The name of the means in the state of a label space, `[people, embedding]`.
pub const MEANS: &str = "means";

impl Term for Stitch {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn memory(&self) -> Option<Memory<'_>> {
        let means_of = Some(self.towards.node);
        Some(Memory { slot: &self.slot, rows: MEANS, first: None, means_of, unit: false, must_say: false })
    }

    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        vec![Spec { name: MEANS.into(), shape: vec![classes, embedding], role: Role::Buffer, init: Init::Constant(0.0) }]
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("stitch", inputs)?;
        let means = context.head.gather(MEANS, labels)?.detach(); // [n, d]
        let squared = (embedding.detach() - &means).square(); // [n, d]
        let distance = squared.f_sum_dim_intlist([1].as_slice(), false, None)?.sqrt().mean(squared.kind());
        Ok(plain(towards(embedding, &means), vec![("distance".into(), distance)]))
    }
}
