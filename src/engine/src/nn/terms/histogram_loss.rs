//! Histogram loss (Ustinova and Lempitsky, NeurIPS 2016): what positive and negative pairs cost together, over their histograms.
//!
//! ```text
//! L = sum_i sum_j h+_i cost(t_i, t_j) h-_j        t over [-1, 1], step Δ = 2 / (R - 1)
//! h_r = mean over pairs of max(0, 1 - |s - t_r| / Δ)
//! ```

use ddl::ops::terms::{HistogramFit, HistogramLoss};
use tch::{Kind, Tensor};

use super::pairs::{Pairs, labelled, mean_where};
use super::{Context, Need, Take, Term, TermInput, TermOutput, zero};
use crate::nn::error::NnError;
use crate::nn::heads::unit;
use crate::nn::loss::histogram as loss;

impl Term for HistogramLoss {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("histogram_loss", inputs)?;
        let x = unit(embedding);
        let pairs = Pairs::of(labels)?;
        let cosines = pairs.take(&x.f_matmul(&x.tr())?)?.f_clamp(-1.0, 1.0)?; // [pairs]
        let kind = cosines.kind();
        let (same, different) = (pairs.same.to_kind(kind), pairs.same.logical_not().to_kind(kind));
        let wanted = match self.fit {
            HistogramFit::Bins => 1.0,
            HistogramFit::Beta => 2.0, // a variance
        };
        // nothing here depends on how many pairs there are, so that no value travels to the host
        let enough = same.sum(kind).ge(wanted).logical_and(&different.sum(kind).ge(wanted)).to_kind(kind);
        let step = 2.0 / f64::from(self.nodes - 1);
        let nodes = (Tensor::f_arange(i64::from(self.nodes), (Kind::Double, x.device()))? * step - 1.0).to_kind(kind); // [nodes]
        let histogram = |of: &Tensor| match self.fit {
            HistogramFit::Bins => loss::bins(&cosines, of, &nodes, step),
            HistogramFit::Beta => loss::beta(&cosines, of, &nodes),
        };
        let (positive, negative) = (histogram(&same)?, histogram(&different)?);
        let value = loss::histogram(&positive, &negative, &loss::costs(&nodes, self.cost, (self.margin, self.slope))?)?;
        let value = value.f_where_self(&enough.gt(0.5), &(cosines.sum(kind) * 0.0))?;
        let parts = vec![
            ("mean_positive".into(), mean_where(&cosines, &pairs.same)),
            ("mean_negative".into(), mean_where(&cosines, &pairs.same.logical_not())),
            ("overlap".into(), positive.minimum(&negative).sum(kind).detach()),
        ];
        Ok(TermOutput { skipped: zero(&value) + (&enough * -1.0 + 1.0), value, parts, updates: vec![] })
    }
}
