//! Numbers of several protocols as one.

use super::estimate::{Ci, Estimate, satterthwaite};
use super::{Better, EvalError, Spread, Unit, parts};

/// The mean of some numbers, each with what it is without each of its folds (or people), and what the mean is without each of these; counts are summed up.
///
/// Interval: protocols that judge the same people are not independent, so that people are left out of all of them at once, by the places of the folds. Where
/// protocols have different numbers of folds they can't be the same people's, and standard errors are joined in quadrature, as of independent numbers.
///
/// # Errors
/// When there is none.
pub fn mean_of(estimates: &[Estimate], without: &[Vec<f64>], unit: Unit) -> Result<(Estimate, Vec<f64>), EvalError> {
    let spread = spread_of(estimates)?;
    let of_all = mean_folds(without);
    let ci = if of_all.is_empty() { in_quadrature(spread.mean, without, unit) } else { parts::interval(spread.mean, &of_all, unit) };
    let without = of_all;
    Ok((Estimate { value: spread.mean, ci, ..together(estimates) }, without))
}

fn in_quadrature(mean: f64, without: &[Vec<f64>], unit: Unit) -> Option<Ci> {
    let square = |it: &Vec<f64>| Some((parts::standard_error(it)?.powi(2), it.len() as u64 - 1));
    let squares = without.iter().map(square).collect::<Option<Vec<_>>>().filter(|it| !it.is_empty())?;
    let se = squares.iter().map(|(square, _)| square).sum::<f64>().sqrt() / without.len() as f64;
    parts::around(mean, se, satterthwaite(&squares), unit)
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
fn mean_folds(folds: &[Vec<f64>]) -> Vec<f64> {
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
        let (mean, _) = mean_of(&numbers, &[], Unit::Percent).unwrap();
        assert_eq!((mean.value, mean.n_genuine, mean.n_impostor), (0.75, 30, 6));
        assert!(mean.ci.is_none(), "nothing tells what the numbers are of other people");
        assert_eq!(deviation_of(&numbers).unwrap().value, 0.25);
        assert_eq!(worst_of(&numbers, Better::Higher).unwrap(), numbers[0]);
        assert_eq!(worst_of(&numbers, Better::Lower).unwrap(), numbers[2]);
        assert!(
            mean_of(&[], &[], Unit::Percent).is_err() && deviation_of(&numbers[..1]).is_err() && worst_of(&[], Better::Higher).is_err()
        );
    }

    #[test]
    fn folds_of_the_same_people_go_together() {
        let without = vec![0.7, 0.72, 0.74, 0.76, 0.78];
        let numbers = [of(0.74, 0.5), of(0.74, 0.5)];
        let (same, of_both) = mean_of(&numbers, &[without.clone(), without.clone()], Unit::Percent).unwrap();
        assert_eq!((same.ci, &of_both), (parts::interval(0.74, &without, Unit::Percent), &without));
        let turned: Vec<f64> = without.iter().rev().copied().collect();
        assert!(mean_of(&numbers, &[without.clone(), turned], Unit::Percent).unwrap().0.ci.is_none(), "no spread is left");
        let (others, of_others) = mean_of(&numbers, &[without.clone(), [without.clone(), vec![0.74]].concat()], Unit::Percent).unwrap();
        let width = |ci: Option<Ci>| ci.unwrap().high - ci.unwrap().low;
        assert!(of_others.is_empty() && width(others.ci) < width(same.ci), "of others half of the noise goes");
    }

    #[test]
    fn folds_are_joined_where_they_are_as_many() {
        assert_eq!(mean_folds(&[vec![1.0, 0.0], vec![0.5, 0.5]]), [0.75, 0.25]);
        assert!(mean_folds(&[vec![1.0], vec![0.5, 0.5]]).is_empty() && mean_folds(&[]).is_empty());
    }
}
