//! Losses over distances of embeddings.

use ddl::ops::terms::{CenterForm, ContrastiveHinge, Distance};
use tch::{Kind, Tensor};

use crate::nn::error::NnError;

/// Below this a squared distance counts as it: two equal features have a finite gradient.
const NEAREST: f64 = 1e-12;
/// Cosines this near to 1 and -1 count as it: the angle of two equal features has a finite gradient.
const LARGEST_COSINE: f64 = 1.0 - 1e-7;

/// `|xᵢ - xⱼ|²` of rows `[n, d]`, `[n, n]`, at least 0.
pub fn squared_distances(x: &Tensor) -> Result<Tensor, NnError> {
    let lengths = x.square().f_sum_dim_intlist([1].as_slice(), true, None)?; // [n, 1]
    Ok((&lengths + lengths.tr() - x.f_matmul(&x.tr())? * 2.0).clamp_min(0.0))
}

/// Distances of squared distances of any shape, with a finite gradient at 0.
pub fn root(squared: &Tensor) -> Tensor {
    squared.clamp_min(NEAREST).sqrt()
}

/// Distances of features of length 1 with these cosines, of any shape: `2 - 2 cos`, its root, or the angle in radians.
pub fn of_cosines(cosines: &Tensor, by: Distance) -> Tensor {
    let squared = || cosines * -2.0 + 2.0;
    match by {
        Distance::Squared => squared(),
        Distance::Euclidean => root(&squared()),
        Distance::Angle => cosines.clamp(-LARGEST_COSINE, LARGEST_COSINE).acos(),
    }
}

/// `½ d²` of pairs of one person, `½ max(0, m - d)²` (or `½ max(0, m - d²)`) of pairs of two, of squared distances `[pairs]` and which are
/// of one person (bool); `[pairs]`, at least 0. Hadsell, Chopra and LeCun, CVPR 2006.
pub fn contrastive(squared: &Tensor, same: &Tensor, m: f64, hinge: ContrastiveHinge) -> Result<Tensor, NnError> {
    let short = match hinge {
        ContrastiveHinge::Distance => (root(squared) * -1.0 + m).clamp_min(0.0).square(),
        ContrastiveHinge::Square => (squared * -1.0 + m).clamp_min(0.0),
    };
    Ok(squared.f_where_self(same, &short)? * 0.5)
}

/// `max(0, ξ - y (θ - d²))`, y = 1 for pairs of one person and -1 for pairs of two, of squared distances `[pairs]` in `[0, 4]`; `[pairs]`,
/// at least 0. Marginal loss (Deng, Zhou and Zafeiriou, CVPR workshops 2017).
pub fn marginal(squared: &Tensor, same: &Tensor, threshold: f64, error: f64) -> Tensor {
    let sign = same.to_kind(squared.kind()) * 2.0 - 1.0;
    ((squared * -1.0 + threshold) * sign * -1.0 + error).clamp_min(0.0)
}

/// `max(0, δ + m)` of `δ = d(a, p) - d(a, n)` `[triplets]`, or `log(1 + e^δ)` in its place; `[triplets]`, at least 0. `FaceNet` (Schroff et
/// al., CVPR 2015), soft as in Hermans et al. (2017).
pub fn triplet(differences: &Tensor, m: f64, soft: bool) -> Tensor {
    if soft { differences.softplus() } else { (differences + m).clamp_min(0.0) }
}

/// `½ |x - c|²`, or `|x - c|²`, of squared distances to the own centre `[n]`; `[n]`, at least 0. Center loss (Wen et al., ECCV 2016, eq.
/// 2).
pub fn center(squared: &Tensor, form: CenterForm) -> Tensor {
    squared * center_factor(form)
}

/// What center loss multiplies squared distances by.
pub fn center_factor(form: CenterForm) -> f64 {
    match form {
        CenterForm::Half => 0.5,
        CenterForm::Whole => 1.0,
    }
}

/// `mean (x - m)²` over all numbers of embeddings `[n, d]` and of the means that they are drawn to, `[n, d]`; `[]`, at least 0. DREAM (Cao
/// et al., CVPR 2018).
pub fn towards(x: &Tensor, means: &Tensor) -> Tensor {
    let squared = (x - means).square(); // [n, d]
    squared.mean(squared.kind())
}

/// `½ mean |a - b|²` of pairs `[pairs, d]`; `[]`, at least 0. Coupled mappings (Lu, Jiang and Kot, SPL 2018).
pub fn coupled(a: &Tensor, b: &Tensor) -> Result<Tensor, NnError> {
    let squared = (a - b).square().f_sum_dim_intlist([1].as_slice(), false, None)?; // [pairs]
    Ok(squared.mean(squared.kind()) * 0.5)
}

/// `k / Σ (1 / D_j)` over the k largest of distances D `[pairs]`, squared or not, k at most as many as there are; `[]`, at least 0: a
/// person's range (Zhang et al., ICCV 2017, eq. 4).
pub fn range(squared: &Tensor, k: u32, of_squares: bool) -> Result<Tensor, NnError> {
    let distances = if of_squares { squared.clamp_min(NEAREST) } else { root(squared) };
    let k = i64::from(k).min(squared.size()[0]);
    let largest = distances.f_topk(k, 0, true, true)?.0;
    Ok(largest.reciprocal().sum(squared.kind()).reciprocal() * k as f64)
}

/// `max(0, M - d²)` of the squared distance of the nearest two people's means, `[]`; `[]`, at least 0 (Zhang et al., ICCV 2017, eq. 5).
pub fn apart(squared: &Tensor, margin: f64) -> Tensor {
    (squared * -1.0 + margin).clamp_min(0.0)
}

/// `¼ (mean |a|² + mean |p|²)` of anchors and positives `[pairs, d]`; `[]`, at least 0: the regulariser of N-pair loss (Sohn, NeurIPS
/// 2016).
pub fn n_pair_length(a: &Tensor, p: &Tensor) -> Tensor {
    let lengths = |x: &Tensor| x.square().sum_dim_intlist([1].as_slice(), false, None).mean(x.kind());
    (lengths(a) + lengths(p)) * 0.25
}

/// `1 - mean_n Σ_places max_l / L` of attention maps `[n, L, places]` that each sum to 1 over the places; `[]`, from 0 (maps apart) to `1 -
/// 1/L` (all alike). Comparator networks (Xie, Shen and Zisserman, ECCV 2018).
pub fn diversity(maps: &Tensor) -> Result<Tensor, NnError> {
    let count = maps.size()[1];
    let most = maps.f_amax([1], false)?; // [n, places]
    let value = most.f_sum_dim_intlist([1i64].as_slice(), false, None)?.f_div_scalar(count as f64)?;
    Ok(1.0 - value.mean(value.kind()))
}

/// `CE(bin) + α mean(a - â)²` of logits `[n, bins]`, the bin of each `[n]`, and the angle that the bins say and the true one, in degrees,
/// `[n]`; `[]`. Hopenet (Ruiz, Chong and Rehg, CVPR workshops 2018).
pub fn binned_angle(logits: &Tensor, bin: &Tensor, apart: &Tensor, alpha: f64) -> Result<Tensor, NnError> {
    let entropy = logits.f_cross_entropy_loss(bin, None::<&Tensor>, tch::Reduction::Mean, -100, 0.0)?;
    Ok(entropy + apart.square().mean(logits.kind()) * alpha)
}

/// 1 for the `count` largest or smallest values `[n]`, 0 for the others; `[n]`, without a gradient.
pub fn among(values: &Tensor, count: i64, largest: bool) -> Result<Tensor, NnError> {
    let values = values.detach();
    let places = values.f_topk(count, 0, largest, true)?.1;
    let ones = Tensor::f_ones([count], (values.kind(), values.device()))?;
    Ok(values.f_zeros_like()?.f_scatter(0, &places, &ones)?)
}

/// `Σ w l / Σ w` of values l and weights w ≥ 0 `[n]`, `[]`; 0 where nothing weighs anything.
pub fn weighted_mean(values: &Tensor, weights: &Tensor) -> Tensor {
    let whole = weights.sum(values.kind());
    (values * weights).sum(values.kind()) / whole.clamp_min(f64::from(f32::MIN_POSITIVE))
}

/// All pairs i < j of images with these labels `[n]`, row by row: their places `i n + j` in a matrix `[n, n]`, and whether both are of one
/// person (bool); `[pairs]` each.
pub fn pairs(labels: &Tensor) -> Result<(Tensor, Tensor), NnError> {
    let n = labels.size()[0];
    let both = Tensor::f_triu_indices(n, n, 1, (Kind::Int64, labels.device()))?; // [2, pairs]
    let (i, j) = (both.f_get(0)?, both.f_get(1)?);
    let same = labels.f_index_select(0, &i)?.f_eq_tensor(&labels.f_index_select(0, &j)?)?;
    Ok((i.f_mul_scalar(n)?.f_add(&j)?, same))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::heads::golden::{assert_gradient, features, labels, prototypes};
    use crate::nn::heads::unit;

    #[track_caller]
    fn near(found: &Tensor, expected: f64) {
        let found = found.double_value(&[]);
        assert!((found - expected).abs() < 1e-8 * expected.abs().max(1.0), "{found}, expected {expected}");
    }

    /// Squared distances of all pairs of the spec's features at length 1, and which are of one person.
    fn of_pairs(x: &Tensor) -> (Tensor, Tensor) {
        let (places, same) = pairs(&Tensor::from_slice(&[0i64, 0, 1, 1])).unwrap();
        (squared_distances(&unit(x)).unwrap().view(-1).index_select(0, &places), same)
    }

    /// Spec 4.2, in float64.
    #[test]
    fn golden_numbers_and_gradients() {
        let mean = |x: Tensor| x.mean(Kind::Double);
        let cases: [(&str, f64, &dyn Fn(&Tensor) -> Tensor); 4] = [
            ("contrastive", 0.500_337_716_6, &|x| {
                let (squared, same) = of_pairs(x);
                mean(contrastive(&squared, &same, 1.0, ContrastiveHinge::Distance).unwrap())
            }),
            ("marginal", 0.860_351_291_1, &|x| {
                let (squared, same) = of_pairs(x);
                mean(marginal(&squared, &same, 1.2, 0.3))
            }),
            ("triplet", 1.181_461_536_1, &|x| {
                let d = of_cosines(&unit(x).matmul(&unit(x).tr()), Distance::Squared);
                let places = [(0, 1), (1, 0), (2, 3), (3, 2)];
                let strangers = |a: i64| if a < 2 { [2, 3] } else { [0, 1] };
                let each = places.iter().flat_map(|(a, p)| strangers(*a).map(|n| d.get(*a).get(*p) - d.get(*a).get(n)));
                mean(triplet(&Tensor::stack(&each.collect::<Vec<_>>(), 0), 0.2, false))
            }),
            ("center", 0.361_251_081_0, &|x| {
                let own = prototypes().index_select(0, &labels());
                mean(center(&(x - own).square().sum_dim_intlist([1i64].as_slice(), false, None), CenterForm::Half))
            }),
        ];
        for (name, expected, of) in cases {
            println!("{name}");
            near(&of(&features()), expected);
            assert_gradient(&features(), of);
        }
    }

    #[test]
    fn ranges_means_and_maps() {
        let squared = Tensor::from_slice(&[4.0, 1.0, 16.0]);
        near(&range(&squared, 2, true).unwrap(), 2.0 / (1.0 / 16.0 + 1.0 / 4.0));
        near(&range(&squared, 9, false).unwrap(), 3.0 / (1.0 / 2.0 + 1.0 + 1.0 / 4.0));
        near(&apart(&Tensor::from(3.0), 5.0), 2.0);
        near(&apart(&Tensor::from(7.0), 5.0), 0.0);
        near(&weighted_mean(&squared, &Tensor::from_slice(&[1.0, 0.0, 3.0])), 13.0);
        near(&weighted_mean(&squared, &squared.zeros_like()), 0.0);
        assert_eq!(among(&squared, 2, true).unwrap(), Tensor::from_slice(&[1.0, 0.0, 1.0]));
        let apart = Tensor::eye(3, (Kind::Double, tch::Device::Cpu)).view([1, 3, 3]);
        near(&diversity(&apart).unwrap(), 0.0);
        near(&diversity(&(apart.ones_like() / 3.0)).unwrap(), 1.0 - 1.0 / 3.0);
        near(
            &coupled(&Tensor::from_slice(&[3.0, 4.0]).view([1, 2]), &Tensor::zeros([1, 2], (Kind::Double, tch::Device::Cpu))).unwrap(),
            12.5,
        );
    }
}
