//! Center loss (Wen et al., ECCV 2016): `mean ½|x - c_y|²`, and centres that follow by `c_j - α Σ_{y = j} (c_j - x) / (1 + n_j)`.

use ddl::ops::terms::{Center, CenterStep};
use tch::Kind;

use super::pairs::{features, labelled};
use super::reduce::reduce;
use super::{Context, Memory, Need, Take, Term, TermInput, TermOutput, zero};
use crate::nn::error::NnError;
use crate::nn::loss::metric::{center, center_factor};
use crate::nn::state::{Init, Role, Spec};

/// The name of the centres in the state of a label space, `[people, embedding]`.
pub const CENTRES: &str = "centres";

impl Term for Center {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn memory(&self) -> Option<Memory<'_>> {
        Some(Memory { slot: &self.slot, rows: CENTRES, first: self.centres, means_of: None, unit: self.normalise, must_say: false })
    }

    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        vec![Spec { name: CENTRES.into(), shape: vec![classes, embedding], role: Role::Buffer, init: Init::XavierUniform }]
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("center", inputs)?;
        let x = features(embedding, self.normalise);
        let own = context.head.gather(CENTRES, labels)?.detach(); // [n, d]
        let apart = &x - &own;
        let squared = apart.square().f_sum_dim_intlist([1].as_slice(), false, None)?; // [n]
        let (each, factor) = (center(&squared, self.form), center_factor(self.form));
        let value = if self.sum { each.sum(each.kind()) } else { reduce(&each, self.reduce.as_ref())? };
        let moved = tch::no_grad(|| {
            let same = labels.f_unsqueeze(0)?.f_eq_tensor(&labels.f_unsqueeze(1)?)?.to_kind(x.kind()); // [n, n]
            let pull = same.f_matmul(&apart.detach())?; // each row: the sum over its person's images
            let by = match self.step {
                CenterStep::Counted => pull / (same.f_sum_dim_intlist([1].as_slice(), true, None)? + 1.0),
                CenterStep::Gradient if self.sum => pull * (2.0 * factor),
                CenterStep::Gradient => pull * (2.0 * factor / labels.size()[0] as f64),
            };
            // images of one person write the same row
            context.head.updated(CENTRES, labels, &(own + by * self.rate))
        })?;
        let distance = squared.detach().sqrt().mean(Kind::Float);
        Ok(TermOutput { skipped: zero(&value), value, parts: vec![("distance".into(), distance)], updates: vec![(CENTRES.into(), moved)] })
    }
}
