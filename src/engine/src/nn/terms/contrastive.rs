//! Contrastive loss over all pairs of a batch: `½ d²` for one person, `½ max(0, m - d)²` for two.

use ddl::ops::terms::Contrastive;

use super::pairs::{Pairs, features, labelled, mean_where, nothing};
use super::reduce::reduce;
use super::{Context, Need, Take, Term, TermInput, TermOutput, zero};
use crate::nn::error::NnError;
use crate::nn::loss::metric::{contrastive, squared_distances};

impl Term for Contrastive {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("contrastive", inputs)?;
        let pairs = Pairs::of(labels)?;
        if pairs.len() == 0 {
            return Ok(nothing(embedding));
        }
        let squared = pairs.take(&squared_distances(&features(embedding, self.normalise))?)?; // [pairs]
        let each = contrastive(&squared, &pairs.same, self.margin, self.hinge)?;
        let different = pairs.same.logical_not();
        let parts = vec![("same".into(), mean_where(&each, &pairs.same)), ("different".into(), mean_where(&each, &different))];
        Ok(TermOutput { skipped: zero(&each), value: reduce(&each, self.reduce.as_ref())?, parts, updates: vec![] })
    }
}
