//! Coupled mapping (Lu et al., SPL 2018): `mean ½|f_a(left) - f_b(right)|²` over the pairs of a batch.

use ddl::ops::terms::CoupledMapping;

use super::pairs::features;
use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain};
use crate::nn::error::{NnError, shape};
use crate::nn::heads::unit;
use crate::nn::loss::metric::coupled;

impl Term for CoupledMapping {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(self.between.iter().map(|net| Need::of(self.data.node, &net.0, Take::Pairs)).collect())
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let [TermInput::Pairs { left, .. }, TermInput::Pairs { right, .. }] = inputs else {
            return Err(mismatch("coupled_mapping", "pairs under two networks", inputs));
        };
        if left.size() != right.size() {
            let what = "the embeddings under the second network of coupled_mapping".to_owned();
            return Err(NnError::Input { what, expected: shape(&left.size()), found: shape(&right.size()) });
        }
        let value = coupled(&features(left, self.normalise), &features(right, self.normalise))?;
        let cosine = (unit(left) * unit(right)).f_sum_dim_intlist([1].as_slice(), false, None)?; // [pairs]
        Ok(plain(value, vec![("cosine".into(), cosine.mean(cosine.kind()))]))
    }
}
