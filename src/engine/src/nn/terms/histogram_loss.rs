//! Histogram loss (Ustinova and Lempitsky, NeurIPS 2016): what positive and negative pairs cost together, over their histograms.
//!
//! ```text
//! L = sum_i sum_j h+_i cost(t_i, t_j) h-_j        t over [-1, 1], step Δ = 2 / (R - 1)
//! h_r = mean over pairs of max(0, 1 - |s - t_r| / Δ)
//! ```

use ddl::ops::terms::{HistogramCost, HistogramFit, HistogramLoss};
use tch::{Kind, Tensor};

use super::pairs::{Pairs, labelled, mean_where};
use super::{Context, Need, Take, Term, TermInput, Value, zero};
use crate::nn::error::NnError;
use crate::nn::heads::unit;

/// Where the Beta density is read in place of the ends of [0, 1], as in the authors' layer.
const ENDS: [f64; 2] = [1e-5, 0.999];
/// Below this a variance of similarities (scaled to [0, 1]) counts as it: the density stays finite.
const SMALLEST_VARIANCE: f64 = 1e-6;

impl Term for HistogramLoss {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<Value, NnError> {
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
            HistogramFit::Bins => bins(&cosines, of, &nodes, step),
            HistogramFit::Beta => beta(&cosines, of, &nodes),
        };
        let (positive, negative) = (histogram(&same)?, histogram(&different)?);
        let value = cost(self, &nodes)?.f_mv(&negative)?.f_dot(&positive)?;
        let value = value.f_where_self(&enough.gt(0.5), &(cosines.sum(kind) * 0.0))?;
        let parts = vec![
            ("mean_positive".into(), mean_where(&cosines, &pairs.same)),
            ("mean_negative".into(), mean_where(&cosines, &pairs.same.logical_not())),
            ("overlap".into(), positive.minimum(&negative).sum(kind).detach()),
        ];
        Ok(Value { skipped: zero(&value) + (&enough * -1.0 + 1.0), value, parts, updates: vec![] })
    }
}

/// What a positive pair at node i and a negative one at node j cost, `[nodes, nodes]`.
fn cost(term: &HistogramLoss, nodes: &Tensor) -> Result<Tensor, NnError> {
    let count = i64::from(term.nodes);
    let lead = || nodes.unsqueeze(0) - nodes.unsqueeze(1) + term.margin; // margin - t_i + t_j
    Ok(match term.cost {
        HistogramCost::Simple => Tensor::f_ones([count, count], (nodes.kind(), nodes.device()))?.f_triu(0)?,
        HistogramCost::Linear => lead().clamp_min(0.0),
        HistogramCost::Exp => (lead() * term.slope).softplus(),
    })
}

/// The mean of triangles around each node, over the pairs of which `of` is 1; `[nodes]`.
fn bins(cosines: &Tensor, of: &Tensor, nodes: &Tensor, step: f64) -> Result<Tensor, NnError> {
    let away = (cosines.unsqueeze(1) - nodes.unsqueeze(0)).abs() / step; // [pairs, nodes]
    let triangles = (away * -1.0 + 1.0).clamp_min(0.0);
    Ok(triangles.tr().f_mv(of)? / of.sum(of.kind()).clamp_min(1.0))
}

/// The density of the Beta distribution of the same mean and variance at the nodes, as shares of its sum: what is narrower than the nodes' distance has a
/// density that their sum does not measure. `[nodes]`. The variance is that of a sample.
fn beta(cosines: &Tensor, of: &Tensor, nodes: &Tensor) -> Result<Tensor, NnError> {
    let kind = cosines.kind();
    // in float64: large exponents of numbers near 1
    let (s, of) = ((cosines.to_kind(Kind::Double) + 1.0) * 0.5, of.to_kind(Kind::Double));
    let count = of.sum(Kind::Double);
    let mean = ((&s * &of).sum(Kind::Double) / count.clamp_min(1.0)).f_clamp(1e-6, 1.0 - 1e-6)?;
    let variance = ((&s - &mean).square() * &of).sum(Kind::Double) / (&count - 1.0).clamp_min(1.0);
    let most = &mean * (&mean * -1.0 + 1.0) * 0.999; // a larger one has no Beta distribution
    let variance = variance.clamp_min(SMALLEST_VARIANCE).minimum(&most);
    let a = mean.square() * (&mean * -1.0 + 1.0) / variance - &mean;
    let b = &a * (&mean * -1.0 + 1.0) / &mean;
    let t = ((nodes.to_kind(Kind::Double) + 1.0) * 0.5).detach();
    let last = t.size()[0] - 1;
    let _ = t.get(0).f_fill_(ENDS[0])?;
    let _ = t.get(last).f_fill_(ENDS[1])?;
    let log = t.log() * (&a - 1.0) + (&t * -1.0 + 1.0).log() * (&b - 1.0); // but for what all nodes share
    Ok(log.f_softmax(0, Kind::Double)?.to_kind(kind))
}
