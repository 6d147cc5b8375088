//! N-pair loss (Sohn, NeurIPS 2016): `mean log(1 + Σ_j exp(aᵢ·pⱼ - aᵢ·pᵢ)) + λ/4 (mean |a|² + mean |p|²)`.

use ddl::ops::terms::NPair;
use tch::{Kind, Tensor};

use super::pairs::{features, labelled, nothing};
use super::range_loss::people;
use super::reduce::reduce;
use super::{Context, Need, Take, Term, TermInput, TermOutput, zero};
use crate::nn::error::NnError;
use crate::nn::loss::cross_entropy;
use crate::nn::loss::metric::n_pair_length;

impl Term for NPair {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("n_pair", inputs)?;
        let (mut anchors, mut positives, mut owners) = (Vec::new(), Vec::new(), Vec::new());
        for (person, rows) in people(labels)?.into_iter().enumerate() {
            for pair in rows.chunks_exact(2) {
                anchors.push(pair[0]);
                positives.push(pair[1]);
                owners.push(person as i64);
            }
        }
        if owners.first() == owners.last() {
            return Ok(nothing(embedding)); // pairs of one person, or none
        }
        let x = features(embedding, self.normalise);
        let rows = |of: &[i64]| Ok::<_, NnError>(x.f_index_select(0, &Tensor::f_from_slice(of)?.f_to_device(x.device())?)?);
        let (a, p) = (rows(&anchors)?, rows(&positives)?); // [pairs, d]
        let owners = Tensor::f_from_slice(&owners)?.f_to_device(x.device())?;
        let itself = Tensor::f_eye(owners.size()[0], (Kind::Bool, x.device()))?;
        let own = owners.unsqueeze(0).f_eq_tensor(&owners.unsqueeze(1))?.logical_and(&itself.logical_not());
        // other pairs of the same person are neither positives nor negatives
        let logits = (a.f_matmul(&p.tr())? * self.scale).f_masked_fill(&own, f64::NEG_INFINITY)?; // [pairs, pairs]
        let targets = Tensor::f_arange(owners.size()[0], (Kind::Int64, x.device()))?;
        let each = cross_entropy(&logits, &targets)?;
        let long = n_pair_length(&a, &p);
        let right = logits.detach().argmax(1, false).eq_tensor(&targets).mean(Kind::Float);
        let value = reduce(&each, self.reduce.as_ref())? + &long * self.regulariser;
        let parts = vec![("accuracy".into(), right), ("length".into(), long.detach())];
        Ok(TermOutput { skipped: zero(&value), value, parts, updates: vec![] })
    }
}
