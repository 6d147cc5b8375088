//! Losses that follow another network.

use ddl::ops::terms::{FeatureDistance, SpNorm};
use tch::{Reduction, Tensor};

use crate::nn::error::{NnError, shape};
use crate::nn::heads::unit;

/// Below this a length counts as it.
const SHORTEST: f64 = 1e-12;

/// `KL(softmax(target / T) || softmax(own / T))` of each row of logits `[n, classes]`, T > 0; `[n]`, at least 0. Mutual learning (Zhang et
/// al., CVPR 2018).
pub fn divergence(target: &Tensor, own: &Tensor, temperature: f64) -> Result<Tensor, NnError> {
    if target.size() != own.size() {
        let (expected, found) = (shape(&target.size()), shape(&own.size()));
        return Err(NnError::Input { what: "logits of two networks".into(), expected, found });
    }
    let logs = |logits: &Tensor| logits.f_div_scalar(temperature)?.f_log_softmax(1, logits.kind());
    let (target, own) = (logs(target)?, logs(own)?);
    Ok((target.exp() * (&target - own)).f_sum_dim_intlist([1i64].as_slice(), false, target.kind())?)
}

/// `T² KL(softmax(z_t / T) || softmax(z_s / T))` of logits `[n, classes]`, T > 0; `[n]`, at least 0. Hinton, Vinyals and Dean (2015).
pub fn knowledge(student: &Tensor, teacher: &Tensor, temperature: f64) -> Result<Tensor, NnError> {
    Ok(divergence(teacher, student, temperature)?.f_mul_scalar(temperature * temperature)?)
}

/// The mean over all entries of `x²/2` where `|x| < 1`, else `|x| - 1/2`, x the difference of two tensors of one shape; `[]`, at least 0.
/// Relational distillation (Park et al., CVPR 2019, eq. 5).
pub fn huber(student: &Tensor, teacher: &Tensor) -> Result<Tensor, NnError> {
    Ok(student.f_smooth_l1_loss(teacher, Reduction::Mean, 1.0)?)
}

/// Distances between rows `[n, d]`, n ≥ 2, divided by the mean of the positive ones, `[n, n]` with a zero diagonal (Park et al., CVPR 2019,
/// eq. 3).
pub fn relative_distances(x: &Tensor) -> Result<Tensor, NnError> {
    let squares = x.square().f_sum_dim_intlist([1i64].as_slice(), true, x.kind())?; // [n, 1]
    let squared = (&squares + squares.tr() - x.f_matmul(&x.tr())? * 2.0).clamp_min(SHORTEST);
    let itself = Tensor::f_eye(x.size()[0], (tch::Kind::Bool, x.device()))?;
    let distance = squared.sqrt().f_masked_fill(&itself, 0.0)?;
    let mean = distance.f_masked_select(&distance.detach().gt(0.0))?.mean(x.kind());
    Ok(distance / mean)
}

/// `cos` of the angle at j between i and k, `[j, i, k]` over all rows `[n, d]`, in `[-1, 1]` (Park et al., CVPR 2019, eq. 6).
pub fn angles(x: &Tensor) -> Result<Tensor, NnError> {
    let differences = x.f_unsqueeze(0)? - x.f_unsqueeze(1)?; // [j, i, d]
    let squares = differences.square().f_sum_dim_intlist([2i64].as_slice(), true, x.kind())?;
    // a vector of zeros stays one, with a finite gradient
    let lengths = (&squares + squares.detach().le(SHORTEST * SHORTEST).to_kind(x.kind())).sqrt();
    let units = differences / lengths;
    Ok(units.f_matmul(&units.transpose(1, 2))?)
}

/// `|G_t - G_s|²_F / n²` of features `[n, numbers]` of the student and the teacher, G the normalised similarities of a batch; `[]`, at
/// least 0. Tung and Mori, ICCV 2019.
pub fn similarity_preserving(student: &Tensor, teacher: &Tensor, normalise: SpNorm) -> Result<Tensor, NnError> {
    let images = student.size()[0] as f64;
    let apart = similarities(teacher, normalise)? - similarities(student, normalise)?; // [n, n]
    Ok(apart.square().sum(apart.kind()) / (images * images))
}

/// The similarities of the rows of features `[n, numbers]`, `[n, n]`.
fn similarities(features: &Tensor, normalise: SpNorm) -> Result<Tensor, NnError> {
    Ok(match normalise {
        SpNorm::Rows => unit(&features.f_matmul(&features.tr())?),
        SpNorm::Features => {
            let features = unit(features);
            features.f_matmul(&features.tr())?
        }
    })
}

/// The squared maximum mean discrepancy of channels `[n, channels, places]` under `k(a, b) = (aᵀb + c)²`, with or without the part that is
/// the teacher's alone; `[]`, at least 0 with it. Neuron selectivity transfer (Huang and Wang, 2017).
pub fn channel_discrepancy(student: &Tensor, teacher: &Tensor, offset: f64, teacher_term: bool) -> Result<Tensor, NnError> {
    let kernel = |a: &Tensor, b: &Tensor| -> Result<Tensor, NnError> {
        let products = a.f_matmul(&b.transpose(1, 2))?; // [n, channels of a, channels of b]
        Ok((products + offset).square().mean(a.kind()))
    };
    let mut value = kernel(student, student)? - kernel(student, teacher)? * 2.0;
    if teacher_term {
        value += kernel(teacher, teacher)?;
    }
    Ok(value)
}

/// Channels of length 1 over the places of a map `[n, channels, height, width]` that is averaged to these sides, `[n, channels, places]`.
pub fn unit_channels(map: &Tensor, to: [i64; 2]) -> Result<Tensor, NnError> {
    let map = if map.size()[2..] == to { map.shallow_clone() } else { map.f_adaptive_avg_pool2d(to)? };
    let flat = map.f_reshape([map.size()[0], map.size()[1], -1])?;
    let lengths = flat.square().f_sum_dim_intlist([2i64].as_slice(), true, flat.kind())?.clamp_min(SHORTEST * SHORTEST).sqrt();
    Ok(flat / lengths)
}

/// The mean cosine of the rows of two tensors `[places, channels]`; `[]`, in `[-1, 1]`.
pub fn cosine(student: &Tensor, teacher: &Tensor) -> Result<Tensor, NnError> {
    let cosine = (unit(student) * unit(teacher)).f_sum_dim_intlist([1i64].as_slice(), false, student.kind())?; // [places]
    Ok(cosine.mean(student.kind()))
}

/// `mean (s - t)²` of rows `[places, channels]`, taken at length 1 where they are normalised, or `1 - cos` of their mean cosine; `[]`, at
/// least 0. FitNets (Romero et al., ICLR 2015).
pub fn hint(student: &Tensor, teacher: &Tensor, cosine: &Tensor, distance: FeatureDistance, normalise: bool) -> Tensor {
    let units = || (unit(student), unit(teacher));
    let (student, teacher) = if normalise { units() } else { (student.shallow_clone(), teacher.shallow_clone()) };
    match distance {
        FeatureDistance::L2 => (student - teacher).square().mean(cosine.kind()),
        FeatureDistance::Cosine => cosine * -1.0 + 1.0,
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::nn::heads::golden::{assert_gradient, features, table};

    fn teacher() -> Tensor {
        table(4, 6, |i, j| (0.4 * i * j + 0.3 * j).cos())
    }

    /// What follows a network exactly costs nothing, what does not costs something, and gradients are those of the formulas.
    #[test]
    fn nothing_is_lost_by_an_equal_network() {
        type Loss = fn(&Tensor, &Tensor) -> Tensor;
        let losses: [(&str, Loss); 6] = [
            ("knowledge", |s, t| knowledge(s, t, 4.0).unwrap().mean(Kind::Double)),
            ("distances", |s, t| huber(&relative_distances(s).unwrap(), &relative_distances(t).unwrap()).unwrap()),
            ("angles", |s, t| huber(&angles(s).unwrap(), &angles(t).unwrap()).unwrap()),
            ("similarities", |s, t| similarity_preserving(s, t, SpNorm::Features).unwrap()),
            ("channels", |s, t| {
                let maps = |x: &Tensor| unit_channels(&x.view([2, 2, 3, 2]), [3, 2]).unwrap();
                channel_discrepancy(&maps(s), &maps(t), 0.5, true).unwrap()
            }),
            ("hint", |s, t| hint(s, t, &cosine(s, t).unwrap(), FeatureDistance::Cosine, false)),
        ];
        for (name, loss) in losses {
            let (same, other) = (loss(&teacher(), &teacher()), loss(&features(), &teacher()));
            assert!(same.double_value(&[]).abs() < 1e-9, "{name}: {same}");
            assert!(other.double_value(&[]) > 1e-4, "{name}: {other}");
            assert_gradient(&features(), |x| loss(x, &teacher()));
        }
    }
}
