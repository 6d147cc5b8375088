//! Margins: what stands for the cosine to the own class, or to other classes, before the softmax. Plain functions on tensors; heads call
//! them.
//!
//! Throughout, cosines lie in `[-1, 1]`, angles `θ = acos(cosine)` in `[0, π]`, and what comes out has the shape of what came in. Nothing
//! is scaled here: a head multiplies by its `s`. Gradients are finite at `cosine = ±1`.

use std::f64::consts::PI;

use ddl::ops::heads::ArcForm;
use tch::{Kind, Tensor};

use super::error::NnError;

/// `cos θ - m` of cosines `[n]`, m ≥ 0: `CosFace` (Wang et al., CVPR 2018), AM-Softmax (Wang et al., SPL 2018).
pub fn additive_cosine(cosine: &Tensor, m: f64) -> Tensor {
    cosine - m
}

/// `cos(θ + m) = cos θ cos m - sin θ sin m` of cosines `[n]`, m in `[0, π]` radians, and what stands for it where θ + m would leave `[0,
/// π]`: `ArcFace` (Deng et al., CVPR 2019). `Safe` goes on below as `cos θ - m sin(π - m)`, `Easy` has the margin only where `cos θ > 0`,
/// `Plain` lets the cosine rise again.
pub fn additive_angular(cosine: &Tensor, m: f64, form: ArcForm) -> Tensor {
    let plain = cosine * m.cos() - sine(cosine) * m.sin();
    match form {
        ArcForm::Plain => plain,
        ArcForm::Safe => plain.where_self(&cosine.gt((PI - m).cos()), &(cosine - m * (PI - m).sin())),
        ArcForm::Easy => plain.where_self(&cosine.gt(0.0), cosine),
    }
}

/// `cos(m₁ θ + m₂) - m₃` of cosines `[n]`, m₁ ≥ 1, m₂ ≥ 0 radians, m₃ ≥ 0: the combined margin of insightface (Deng et al., CVPR 2019, eq.
/// 4).
pub fn combined(cosine: &Tensor, [m1, m2, m3]: [f64; 3]) -> Tensor {
    (angle(cosine) * m1 + m2).cos() - m3
}

/// `ψ(θ) = (-1)^k cos(m θ) - 2 k` for θ in `[k π / m, (k + 1) π / m]`, of cosines `[n]`, m in `1..=4`, in `[1 - 2 m, 1]`: L-Softmax (Liu et
/// al., ICML 2016), `SphereFace` (Liu et al., CVPR 2017).
///
/// `cos(m θ)` is the polynomial in `cos θ`, so that its gradient is finite everywhere.
pub fn multiplicative(cosine: &Tensor, m: u32) -> Tensor {
    let c2 = cosine.square();
    let multiple = match m {
        1 => cosine.shallow_clone(),
        2 => &c2 * 2.0 - 1.0,
        3 => (&c2 * 4.0 - 3.0) * cosine,
        _ => (&c2 - 1.0) * &c2 * 8.0 + 1.0, // the declaration allows no more than 4
    };
    fold(&multiple, cosine, f64::from(m))
}

/// The same for any m ≥ 1, of angles that have no polynomial: SphereFace-R v1 (Liu et al., TPAMI 2022).
pub fn multiplicative_real(cosine: &Tensor, m: f64) -> Tensor {
    fold(&(angle(cosine) * m).cos(), cosine, m)
}

/// `cos(min(m θ, π))` of cosines `[n]`, m ≥ 1: SphereFace-R's clipped form.
pub fn multiplicative_clipped(cosine: &Tensor, m: f64) -> Tensor {
    (angle(cosine) * m).clamp_max(PI).cos()
}

/// `cos(θ / m)` of cosines `[n, classes]`, m ≥ 1: SphereFace-R's margin of the other classes.
pub fn divided(cosines: &Tensor, m: f64) -> Tensor {
    (angle(cosines) / m).cos()
}

/// `(with + λ without) / (1 + λ)`, λ ≥ 0, of any shape: how L-Softmax and `SphereFace` fade their margin in.
pub fn faded(with: &Tensor, without: &Tensor, lambda: f64) -> Tensor {
    (with + without * lambda) / (1.0 + lambda)
}

/// `(-1)^k value - 2 k`, k the interval in which the angle lies.
fn fold(value: &Tensor, cosine: &Tensor, m: f64) -> Tensor {
    let theta = cosine.detach().clamp(-1.0, 1.0).acos();
    let k = (theta * (m / PI)).floor().clamp(0.0, (m.ceil() - 1.0).max(0.0));
    let sign = k.remainder(2.0) * -2.0 + 1.0;
    value * sign - k * 2.0
}

/// Which cosines `[n, classes]` are larger than the own class's with its margin, `[n]`: hard negatives (bool, `[n, classes]`). Without
/// gradients.
pub fn hard(cosines: &Tensor, target: &Tensor) -> Result<Tensor, NnError> {
    Ok(cosines.detach().f_gt_tensor(&target.detach().f_unsqueeze(1)?)?)
}

/// Cosines `[n, classes]` whose hard ones are `cos θ (t + cos θ)`, t a scalar in `[0, 1]`: `CurricularFace` (Huang et al., CVPR 2020, eq.
/// 4).
pub fn curricular(cosines: &Tensor, hard: &Tensor, t: &Tensor) -> Result<Tensor, NnError> {
    Ok((cosines * (cosines + t)).f_where_self(hard, cosines)?)
}

/// Cosines `[n, classes]` whose hard ones are `t cos θ + t - 1`, t ≥ 1: SV-Softmax (Wang et al., 2018).
pub fn support_vectors(cosines: &Tensor, hard: &Tensor, t: f64) -> Result<Tensor, NnError> {
    Ok((cosines * t + (t - 1.0)).f_where_self(hard, cosines)?)
}

/// Cosines `[n, classes]` whose hard ones are `(t + 1) cos θ + t` (adaptive) or `cos θ + t` (fixed), t ≥ 0: MV-Softmax (Wang et al., AAAI
/// 2020).
pub fn misclassified(cosines: &Tensor, hard: &Tensor, t: f64, adaptive: bool) -> Result<Tensor, NnError> {
    let raised = if adaptive { cosines * (t + 1.0) + t } else { cosines + t };
    Ok(raised.f_where_self(hard, cosines)?)
}

/// The margin of features of these lengths `[n]`, in `[shortest, longest]`: linear from `least` to `most` radians. `MagFace` (Meng et al.,
/// CVPR 2021, eq. 4).
pub fn by_length(length: &Tensor, (shortest, longest): (f64, f64), (least, most): (f64, f64)) -> Tensor {
    (length - shortest) * ((most - least) / (longest - shortest)) + least
}

/// `cos(θ + m)` of cosines `[n]` with a margin for each, `[n]` in `[0, π / 2]` radians: `MagFace`'s own form of [`additive_angular`].
/// Beyond the border it goes on as `cos θ - m sin m`; an easy margin is only where `cos θ > 0`.
pub fn additive_angular_each(cosine: &Tensor, m: &Tensor, easy: bool) -> Result<Tensor, NnError> {
    let plain = cosine * m.cos() - sine(cosine) * m.sin();
    if easy {
        return Ok(plain.f_where_self(&cosine.gt(0.0), cosine)?);
    }
    // sin(pi - m) = sin(m), cos(pi - m) = -cos(m)
    let beyond = cosine - m * (m * -1.0 + PI).sin();
    Ok(plain.f_where_self(&cosine.detach().f_gt_tensor(&-m.detach().cos())?, &beyond)?)
}

/// `mean(a / longest² + 1 / a)` of lengths a `[n]`, `[]`: `MagFace`'s regulariser, smallest at the longest.
pub fn length_regulariser(length: &Tensor, longest: f64) -> Tensor {
    (length / longest.powi(2) + length.reciprocal()).mean(length.kind())
}

/// `cos(θ - m z) - m (z + 1)` of cosines `[n]`, z `[n]` in `[-1, 1]` the quality of each image, m ≥ 0; angles stay `ends` away from 0 and
/// π. `AdaFace` (Kim et al., CVPR 2022, eq. 8).
pub fn by_quality(cosine: &Tensor, z: &Tensor, m: f64, ends: f64) -> Tensor {
    let theta = (cosine.acos() - z * m).clamp(ends, PI - ends);
    theta.cos() - (z + 1.0) * m
}

/// `h (a - mean) / (sd + ε)` of lengths a `[n]`, within `[-1, 1]`: `AdaFace`'s measure of quality, h its concentration.
pub fn quality(length: &Tensor, mean: &Tensor, sd: &Tensor, (h, epsilon): (f64, f64)) -> Tensor {
    ((length - mean) / (sd + epsilon) * h).clamp(-1.0, 1.0)
}

/// sin θ of cosines of any shape, finite in value and gradient at cos = ±1.
pub fn sine(cosine: &Tensor) -> Tensor {
    (cosine.square() * -1.0 + 1.0).clamp_min(1e-12).sqrt()
}

/// θ of cosines of any shape, with a finite gradient at cos = ±1.
pub fn angle(cosine: &Tensor) -> Tensor {
    let border = match cosine.kind() {
        Kind::Double => 1.0 - 1e-12,
        _ => 1.0 - 1e-7,
    };
    cosine.clamp(-border, border).acos()
}

/// The value of `with_margin`, and the gradient of `cosine`: the margin's shift is a constant.
pub fn detached(cosine: &Tensor, with_margin: &Tensor) -> Tensor {
    cosine + (with_margin - cosine).detach()
}

#[cfg(test)]
mod tests {
    use tch::Reduction;

    use super::*;
    use crate::nn::heads::golden::{assert_gradient, features, labels, prototypes};
    use crate::nn::heads::{own, unit, with_target};

    /// The cross-entropy of the spec's features with this margin.
    fn loss(x: &Tensor, scale: f64, margin: &dyn Fn(&Tensor) -> Tensor) -> Tensor {
        let cosines = unit(x).matmul(&unit(&prototypes()).tr());
        let logits = with_target(&cosines, &labels(), &margin(&own(&cosines, &labels()).unwrap()), scale).unwrap();
        logits.cross_entropy_loss(&labels(), None::<&Tensor>, Reduction::Mean, -100, 0.0)
    }

    /// Spec 4.1, in float64.
    #[test]
    fn golden_numbers_and_gradients() {
        type Margin = Box<dyn Fn(&Tensor) -> Tensor>;
        let cases: Vec<(f64, Margin, f64)> = vec![
            (30.0, Box::new(Tensor::shallow_clone), 1.984_991e-4),
            (30.0, Box::new(|c| additive_cosine(c, 0.35)), 1.340_538_702_4),
            (64.0, Box::new(|c| additive_cosine(c, 0.4)), 4.357_224_435_6),
            (64.0, Box::new(|c| additive_angular(c, 0.5, ArcForm::Safe)), 1.407_797_978_3),
            (64.0, Box::new(|c| combined(c, [1.0, 0.5, 0.0])), 1.407_797_978_3),
            (64.0, Box::new(|c| combined(c, [1.0, 0.3, 0.2])), 3.105_738_925_8),
        ];
        for (place, (scale, margin, expected)) in cases.iter().enumerate() {
            let found = loss(&features(), *scale, margin.as_ref()).double_value(&[]);
            assert!((found - expected).abs() < 1e-8 * expected.max(1.0), "{place}: {found}, expected {expected}");
            assert_gradient(&features(), |x| loss(x, *scale, margin.as_ref()));
        }
    }

    #[test]
    fn psi_falls_from_one_without_a_jump() {
        let theta: Vec<f64> = (0..=1000).map(|i| PI * f64::from(i) / 1000.0).collect();
        let cosine = Tensor::from_slice(&theta).cos();
        for m in 1..=4u32 {
            let values = Vec::<f64>::try_from(multiplicative(&cosine, m)).unwrap();
            let same = Vec::<f64>::try_from(multiplicative_real(&cosine, f64::from(m))).unwrap();
            assert!((values[0] - 1.0).abs() < 1e-12 && (values[1000] - (1.0 - 2.0 * f64::from(m))).abs() < 1e-9, "{m}: {}", values[1000]);
            assert!(values.windows(2).all(|two| two[1] <= two[0] + 1e-9 && two[0] - two[1] < 0.02), "{m}");
            assert!(values.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-5), "{m}");
        }
    }

    /// What a margin is for: the own class's cosine is never larger with it, and without one it is itself.
    #[test]
    fn no_margin_is_the_cosine_and_a_margin_lies_below_it() {
        let theta: Vec<f64> = (1..100).map(|i| PI * f64::from(i) / 100.0).collect();
        let c = Tensor::from_slice(&theta).cos();
        let each = |m: f64| c.ones_like() * m;
        let pairs = [
            ("additive_cosine", additive_cosine(&c, 0.0), additive_cosine(&c, 0.35)),
            ("additive_angular", additive_angular(&c, 0.0, ArcForm::Safe), additive_angular(&c, 0.5, ArcForm::Safe)),
            ("easy", additive_angular(&c, 0.0, ArcForm::Easy), additive_angular(&c, 0.5, ArcForm::Easy)),
            ("combined", combined(&c, [1.0, 0.0, 0.0]), combined(&c, [1.0, 0.0, 0.2])),
            ("multiplicative", multiplicative(&c, 1), multiplicative(&c, 4)),
            ("multiplicative_real", multiplicative_real(&c, 1.0), multiplicative_real(&c, 1.7)),
            ("multiplicative_clipped", multiplicative_clipped(&c, 1.0), multiplicative_clipped(&c, 1.7)),
            ("each", additive_angular_each(&c, &each(0.0), false).unwrap(), additive_angular_each(&c, &each(0.5), false).unwrap()),
            ("each, easy", additive_angular_each(&c, &each(0.0), true).unwrap(), additive_angular_each(&c, &each(0.5), true).unwrap()),
            ("by_quality", by_quality(&c, &each(0.3), 0.0, 1e-3), by_quality(&c, &each(-1.0), 0.4, 1e-3)),
            ("faded", faded(&multiplicative(&c, 4), &c, 1e12), faded(&multiplicative(&c, 4), &c, 5.0)),
        ];
        for (name, none, some) in pairs {
            let apart = (&none - &c).abs().max().double_value(&[]);
            assert!(apart < 1e-6, "{name}: {apart}");
            assert!((&some - &c).max().double_value(&[]) < 1e-9, "{name}");
        }
        assert!((divided(&c, 1.5) - &c).min().double_value(&[]) >= 0.0, "other classes come nearer");
    }

    /// Hard negatives are raised, the others stay.
    #[test]
    fn hard_negatives_are_raised() {
        let cosines = Tensor::from_slice(&[0.6, 0.5, 0.2, 0.1, 0.9, -0.3]).view([2, 3]);
        let mask = hard(&cosines, &Tensor::from_slice(&[0.4, 0.95])).unwrap();
        assert_eq!(mask, Tensor::from_slice(&[true, true, false, false, false, false]).view([2, 3]));
        let t = Tensor::from(0.7);
        for raised in [
            curricular(&cosines, &mask, &t).unwrap(),
            support_vectors(&cosines, &mask, 1.2).unwrap(),
            misclassified(&cosines, &mask, 0.2, true).unwrap(),
            misclassified(&cosines, &mask, 0.2, false).unwrap(),
        ] {
            let up = (&raised - &cosines).gt(0.0);
            assert_eq!(up, mask, "{raised}");
        }
    }
}
