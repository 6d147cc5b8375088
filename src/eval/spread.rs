//! Numbers of several seeds: their spread, paired differences, and what is beyond the noise.

use super::EvalError;
use super::estimate::{Ci, bootstrap_over_folds, t_quantile};
use serde::{Deserialize, Serialize};

/// Mean and standard deviation over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation (n − 1); `None` of one value.
    pub sd: Option<f64>,
    /// How many values.
    pub n: u32,
}

impl Spread {
    /// The spread of at least one value.
    pub fn of(values: &[f64]) -> Result<Self, EvalError> {
        let n = values.len();
        if n == 0 {
            return Err(EvalError::TooFew { what: "a mean", wanted: 1, found: 0 });
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        Ok(Spread { mean, sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()), n: n as u32 })
    }
}

/// A paired difference of two rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Mean of b − a.
    pub mean: f64,
    /// Standard deviation (n − 1) of the differences.
    pub sd: f64,
    /// The 95 % interval of the mean.
    pub ci: Ci,
    /// How many pairs.
    pub n: u32,
    /// Zero lies outside of the interval.
    pub beyond_noise: bool,
}

/// The difference b − a over seeds, value by value: the interval is mean ± t·sd/√n with n − 1 degrees of freedom.
///
/// Beyond the noise means that the 95 % interval excludes zero. With two seeds t is 12.7, so only a difference that both share to within a
/// twelfth passes; equal differences of all seeds have no spread and pass unless they are zero. Needs two values of each.
pub fn paired(a: &[f64], b: &[f64]) -> Result<Difference, EvalError> {
    difference(a, b, "a paired difference over seeds", |mean, sd, differences| {
        let n = differences.len();
        Ok(Ci::around(mean, t_quantile(0.975, (n - 1) as u64) * sd / (n as f64).sqrt()))
    })
}

/// The difference b − a of one seed over the folds of one protocol: the interval is a bootstrap over folds. It covers other people,
/// not other seeds. Needs two folds.
pub fn difference_over_folds(a: &[f64], b: &[f64]) -> Result<Difference, EvalError> {
    difference(a, b, "a paired difference over folds", |_, _, differences| bootstrap_over_folds(differences, "difference"))
}

fn difference(
    a: &[f64],
    b: &[f64],
    what: &'static str,
    interval: impl Fn(f64, f64, &[f64]) -> Result<Ci, EvalError>,
) -> Result<Difference, EvalError> {
    if a.len() != b.len() {
        return Err(EvalError::Lengths { what: "the second row", found: b.len(), wanted: a.len() });
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    let spread = Spread::of(&differences)?;
    let Some(sd) = spread.sd else {
        return Err(EvalError::TooFew { what, wanted: 2, found: a.len() });
    };
    let ci = interval(spread.mean, sd, &differences)?;
    Ok(Difference { mean: spread.mean, sd, ci, n: spread.n, beyond_noise: !ci.contains(0.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_shift_is_beyond_the_noise_of_the_rows() {
        let (a, b) = ([0.90, 0.80, 0.85], [0.913, 0.812, 0.861]);
        let d = paired(&a, &b).unwrap();
        assert!((d.mean - 0.012).abs() < 1e-12 && (d.sd - 0.001).abs() < 1e-12);
        assert!((d.ci.high - d.mean - 4.302_652_73 * 0.001 / 3f64.sqrt()).abs() < 1e-8);
        assert!(d.beyond_noise && Spread::of(&a).unwrap().sd.unwrap() > 0.04);
    }

    #[test]
    fn what_changes_sign_is_noise() {
        assert!(!paired(&[0.9, 0.8, 0.85], &[0.92, 0.79, 0.86]).unwrap().beyond_noise);
        assert!(!paired(&[0.5, 0.5], &[0.5, 0.5]).unwrap().beyond_noise);
        assert!(!difference_over_folds(&[0.9, 0.8, 0.85, 0.9], &[0.92, 0.79, 0.86, 0.88]).unwrap().beyond_noise);
        assert!(difference_over_folds(&[0.9, 0.8, 0.85, 0.9], &[0.92, 0.83, 0.86, 0.93]).unwrap().beyond_noise);
    }

    #[test]
    fn one_value_has_no_spread() {
        assert_eq!(Spread::of(&[0.5]).unwrap(), Spread { mean: 0.5, sd: None, n: 1 });
        assert!(Spread::of(&[]).is_err() && paired(&[0.5], &[0.6]).is_err() && paired(&[0.5], &[0.6, 0.7]).is_err());
    }
}
