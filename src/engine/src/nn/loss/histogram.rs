//! Histogram loss (Ustinova and Lempitsky, NeurIPS 2016): what positive and negative pairs cost together, over their histograms.

use ddl::ops::terms::HistogramCost;
use tch::{Kind, Tensor};

use crate::nn::error::NnError;

/// Where the Beta density is read in place of the ends of [0, 1], as in the authors' layer.
const ENDS: [f64; 2] = [1e-5, 0.999];
/// Below this a variance of similarities (scaled to [0, 1]) counts as it: the density stays finite.
const SMALLEST_VARIANCE: f64 = 1e-6;

/// `Σᵢ Σⱼ h⁺ᵢ cost(tᵢ, tⱼ) h⁻ⱼ` of histograms `[nodes]` of positive and negative pairs and of what two nodes cost, `[nodes, nodes]`; `[]`,
/// at least 0. Eq. 6.
pub fn histogram(positive: &Tensor, negative: &Tensor, costs: &Tensor) -> Result<Tensor, NnError> {
    Ok(costs.f_mv(negative)?.f_dot(positive)?)
}

/// What a positive pair at node i and a negative one at node j of nodes `[nodes]` cost, `[nodes, nodes]`, at least 0: 1 where `t_i ≤ t_j`,
/// `max(0, m - t_i + t_j)`, or `log(1 + exp(β (m - t_i + t_j)))`.
pub fn costs(nodes: &Tensor, cost: HistogramCost, (margin, slope): (f64, f64)) -> Result<Tensor, NnError> {
    let count = nodes.size()[0];
    let lead = || nodes.unsqueeze(0) - nodes.unsqueeze(1) + margin; // margin - t_i + t_j
    Ok(match cost {
        HistogramCost::Simple => Tensor::f_ones([count, count], (nodes.kind(), nodes.device()))?.f_triu(0)?,
        HistogramCost::Linear => lead().clamp_min(0.0),
        HistogramCost::Exp => (lead() * slope).softplus(),
    })
}

/// The mean of triangles `max(0, 1 - |s - t| / Δ)` around each node t, Δ apart, over the cosines `[pairs]` of which `of` `[pairs]` is 1;
/// `[nodes]`, of the sum 1 (0 where `of` is nowhere 1). Eq. 2.
pub fn bins(cosines: &Tensor, of: &Tensor, nodes: &Tensor, step: f64) -> Result<Tensor, NnError> {
    let away = (cosines.unsqueeze(1) - nodes.unsqueeze(0)).abs() / step; // [pairs, nodes]
    let triangles = (away * -1.0 + 1.0).clamp_min(0.0);
    Ok(triangles.tr().f_mv(of)? / of.sum(of.kind()).clamp_min(1.0))
}

/// The density of the Beta distribution of the same mean and variance at the nodes, as shares of its sum: what is narrower than the nodes'
/// distance has a density that their sum does not measure. `[nodes]`. The variance is that of a sample.
pub fn beta(cosines: &Tensor, of: &Tensor, nodes: &Tensor) -> Result<Tensor, NnError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Histograms far apart cost nothing the right way round, and 1 the wrong way round.
    #[test]
    fn what_is_apart_costs_nothing() {
        let nodes = Tensor::arange(21, (Kind::Double, tch::Device::Cpu)) * 0.1 - 1.0;
        let (high, low) = (Tensor::from_slice(&[0.8, 0.9, 0.75]), Tensor::from_slice(&[-0.2, 0.1, 0.0]));
        let costs = costs(&nodes, HistogramCost::Simple, (0.0, 1.0)).unwrap();
        let of_bins = |x: &Tensor| bins(x, &x.ones_like(), &nodes, 0.1).unwrap();
        let of_beta = |x: &Tensor| beta(x, &x.ones_like(), &nodes).unwrap();
        for (high, low) in [(of_bins(&high), of_bins(&low)), (of_beta(&high), of_beta(&low))] {
            assert!((high.sum(Kind::Double).double_value(&[]) - 1.0).abs() < 1e-12);
            let right = histogram(&high, &low, &costs).unwrap().double_value(&[]);
            let wrong = histogram(&low, &high, &costs).unwrap().double_value(&[]);
            assert!(right < 1e-3 && wrong > 0.99, "{right} {wrong}");
        }
    }
}
