//! Numbers of several protocols as one.

use super::estimate::{Ci, Estimate};
use super::{Better, EvalError, Spread};

/// The mean of some numbers. Interval: half-widths joined in quadrature, as of independent numbers; counts are summed up.
///
/// # Errors
/// When there is none.
pub fn mean_of(estimates: &[Estimate]) -> Result<Estimate, EvalError> {
    let spread = spread_of(estimates)?;
    let n = estimates.len() as f64;
    let half = |side: fn(f64, Ci) -> f64| {
        let squares: Option<f64> = estimates.iter().map(|it| Some(side(it.value, it.ci?).powi(2))).sum();
        squares.map(|squares| squares.sqrt() / n)
    };
    let (low, high) = (half(|value, ci| value - ci.low), half(|value, ci| ci.high - value));
    let ci = low.zip(high).map(|(low, high)| Ci { low: spread.mean - low, high: spread.mean + high });
    Ok(Estimate { value: spread.mean, ci, ..together(estimates) })
}

/// The standard deviation (n − 1) of some numbers, without an interval.
///
/// # Errors
/// When there are not two.
pub fn deviation_of(estimates: &[Estimate]) -> Result<Estimate, EvalError> {
    let too_few = EvalError::TooFew { what: "a spread", wanted: 2, found: estimates.len() };
    Ok(Estimate { value: spread_of(estimates)?.sd.ok_or(too_few)?, ..together(estimates) })
}

/// The worst of some numbers, with its interval and its counts; the first of several equal ones.
///
/// # Errors
/// When there is none.
pub fn worst_of(estimates: &[Estimate], better: Better) -> Result<Estimate, EvalError> {
    let worst = estimates.iter().reduce(|worst, it| if better.improves(worst.value, it.value) { it } else { worst });
    worst.cloned().ok_or(EvalError::TooFew { what: "a worst number", wanted: 1, found: 0 })
}

/// The fold-wise mean of several protocols with equal numbers of folds (or people); nothing where they differ.
pub fn mean_folds(folds: &[Vec<f64>]) -> Vec<f64> {
    let length = folds.first().map_or(0, Vec::len);
    if folds.iter().any(|it| it.len() != length) {
        return Vec::new();
    }
    (0..length).map(|at| folds.iter().map(|it| it[at]).sum::<f64>() / folds.len() as f64).collect()
}

fn spread_of(estimates: &[Estimate]) -> Result<Spread, EvalError> {
    Spread::of(&estimates.iter().map(|it| it.value).collect::<Vec<_>>())
}

/// The counts of all; no number.
fn together(estimates: &[Estimate]) -> Estimate {
    let (n_genuine, n_impostor) = estimates.iter().fold((0, 0), |(a, b), it| (a + it.n_genuine, b + it.n_impostor));
    Estimate { value: f64::NAN, std: None, ci: None, folds: None, n_genuine, n_impostor }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // the compared values are exact
mod tests {
    use super::*;

    fn of(value: f64, half: f64) -> Estimate {
        Estimate { value, std: None, ci: Some(Ci { low: value - half, high: value + half }), folds: None, n_genuine: 10, n_impostor: 2 }
    }

    #[test]
    fn mean_spread_and_worst() {
        let numbers = [of(0.5, 0.03), of(0.75, 0.04), of(1.0, 0.0)];
        let mean = mean_of(&numbers).unwrap();
        assert_eq!((mean.value, mean.n_genuine, mean.n_impostor), (0.75, 30, 6));
        let ci = mean.ci.unwrap();
        assert!((ci.low - (0.75 - 0.05 / 3.0)).abs() < 1e-12 && (ci.high - (0.75 + 0.05 / 3.0)).abs() < 1e-12);
        assert_eq!(deviation_of(&numbers).unwrap().value, 0.25);
        assert_eq!(worst_of(&numbers, Better::Higher).unwrap(), numbers[0]);
        assert_eq!(worst_of(&numbers, Better::Lower).unwrap(), numbers[2]);
        assert!(mean_of(&[]).is_err() && deviation_of(&numbers[..1]).is_err() && worst_of(&[], Better::Higher).is_err());
    }

    #[test]
    fn folds_are_joined_where_they_are_as_many() {
        assert_eq!(mean_folds(&[vec![1.0, 0.0], vec![0.5, 0.5]]), [0.75, 0.25]);
        assert!(mean_folds(&[vec![1.0], vec![0.5, 0.5]]).is_empty() && mean_folds(&[]).is_empty());
    }
}
