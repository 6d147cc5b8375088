//! Marginal loss over all pairs of a batch: `mean max(0, ξ - y (θ - |x̂ᵢ - x̂ⱼ|²))`, `y = ±1`.

use ddl::ops::terms::Marginal;
use tch::Kind;

use super::pairs::{Pairs, labelled, mean_where, nothing};
use super::reduce::reduce;
use super::{Context, Need, Take, Term, TermInput, TermOutput, zero};
use crate::nn::error::NnError;
use crate::nn::heads::unit;
use crate::nn::loss::metric::{marginal, squared_distances};

impl Term for Marginal {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("marginal", inputs)?;
        let pairs = Pairs::of(labels)?;
        if pairs.len() == 0 {
            return Ok(nothing(embedding));
        }
        let squared = pairs.take(&squared_distances(&unit(embedding))?)?; // [pairs]
        let each = marginal(&squared, &pairs.same, self.threshold, self.error);
        let different = pairs.same.logical_not();
        let parts = vec![
            ("same".into(), mean_where(&each, &pairs.same)),
            ("different".into(), mean_where(&each, &different)),
            ("active".into(), each.detach().gt(0.0).mean(Kind::Float)),
        ];
        Ok(TermOutput { skipped: zero(&each), value: reduce(&each, self.reduce.as_ref())?, parts, updates: vec![] })
    }
}
