//! Range loss (Zhang et al., ICCV 2017).
//!
//! ```text
//! L = α Σ_people k / Σ_{j ≤ k} (1 / D_j)  +  β max(0, M - |c̄_Q - c̄_R|²)       D_j: a person's k largest distances, Q and R the nearest two people
//! ```

use ddl::ops::terms::RangeLoss;
use tch::Tensor;

use super::pairs::{Pairs, features, labelled};
use super::{Context, Need, Take, Term, TermInput, TermOutput, zero};
use crate::nn::error::NnError;
use crate::nn::loss::metric::{apart, range, squared_distances};

impl Term for RangeLoss {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("range_loss", inputs)?;
        let x = features(embedding, self.normalise);
        let nothing = embedding.sum(embedding.kind()) * 0.0;
        let (mut within, mut skipped) = (nothing.shallow_clone(), 0.0);
        let mut ranges = Vec::new();
        let mut means = Vec::new();
        for rows in people(labels)? {
            let own = x.f_index_select(0, &Tensor::f_from_slice(&rows)?.f_to_device(x.device())?)?; // [images, d]
            means.push(own.f_mean_dim([0].as_slice(), false, None)?);
            if rows.len() > 1 {
                ranges.push(range(&of_pairs(&own)?, self.k, self.squared)?);
            }
        }
        if ranges.is_empty() {
            skipped += 1.0;
        } else {
            within = Tensor::f_stack(&ranges, 0)?.sum(x.kind());
        }
        let mut nearest = zero(&nothing);
        let mut between = nothing;
        if means.len() > 1 {
            let count = means.len() as i64;
            let labels = Tensor::f_arange(count, (tch::Kind::Int64, x.device()))?;
            nearest = Pairs::of(&labels)?.take(&squared_distances(&Tensor::f_stack(&means, 0)?)?)?.min();
            between = apart(&nearest, self.margin);
        } else {
            skipped += 1.0;
        }
        let value = &within * self.intra + &between * self.inter;
        let parts = vec![("within".into(), within.detach()), ("between".into(), between.detach()), ("nearest".into(), nearest.detach())];
        Ok(TermOutput { skipped: zero(&value) + skipped, value, parts, updates: vec![] })
    }
}

/// The squared distances of all pairs of a person's images `[images, d]`, `[pairs]`.
fn of_pairs(own: &Tensor) -> Result<Tensor, NnError> {
    let alike = Tensor::f_zeros([own.size()[0]], (tch::Kind::Int64, own.device()))?;
    Pairs::of(&alike)?.take(&squared_distances(own)?)
}

/// The rows of each person of a batch, people in the order of their first image.
pub(super) fn people(labels: &Tensor) -> Result<Vec<Vec<i64>>, NnError> {
    let mut people: indexmap::IndexMap<i64, Vec<i64>> = indexmap::IndexMap::new();
    for (row, person) in Vec::<i64>::try_from(labels)?.into_iter().enumerate() {
        people.entry(person).or_default().push(row as i64);
    }
    Ok(people.into_values().collect())
}
