//! How far a number is from what it would be of other people: delete-a-group jackknife over parts that have no people in common.
//!
//! Pairs of one person, and pairs that share an image, are not independent; folds of different people are, and so are the people of a
//! search. A number is computed anew without each of them. Of n such numbers wᵢ the standard error is √((n−1)/n · Σ(wᵢ − w̄)²), and the
//! interval is ± t with n − 1 degrees of freedom, for rates on the scale of log odds, which keeps it inside 0 and 1 and right near them.
//! `cargo test --release -p ddl --test coverage -- --ignored` draws 2,000 data sets for each number, with and without people who are alike,
//! and counts how many intervals hold the truth.

use super::estimate::{Ci, t_quantile};
use super::{Counted, Parted, Unit};

/// Fewer folds, or people, tell no interval.
pub const FEWEST_PARTS: usize = 5;
/// Fewer errors, or fewer successes, among all pairs tell no interval of a rate.
pub const FEWEST_ERRORS: f64 = 10.0;
/// Fewer expected false accepts leave a threshold at a false accept rate to a handful of pairs.
pub const FEWEST_FALSE_ACCEPTS: f64 = 20.0;
/// More parts than these are joined in groups where a number is dear to compute.
pub const MOST_GROUPS: usize = 20;

/// What there is too little of to tell an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lack {
    /// The number never has one.
    Any,
    /// The pairs are in no folds.
    Folded,
    /// Folds.
    Folds(u64),
    /// People who are looked for.
    People(u64),
    /// Folds of their own: so many people stand in several.
    Shared(u64),
    /// Folds that can be left out: without one of them the number can't be had.
    Spare,
    /// Errors or successes, among so many pairs or probes.
    Errors(u64),
    /// False accepts that are expected at a rate.
    FalseAccepts(f64),
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lack::Any => f.write_str("it never has one"),
            Lack::Folded => f.write_str("its pairs are in no folds"),
            Lack::Folds(found) => write!(f, "{found} of {FEWEST_PARTS} folds"),
            Lack::People(found) => write!(f, "{found} of {FEWEST_PARTS} people"),
            Lack::Shared(1) => f.write_str("a person stands in several folds"),
            Lack::Shared(people) => write!(f, "{people} people stand in several folds"),
            Lack::Spare => f.write_str("it can't be had without each fold"),
            Lack::Errors(trials) => {
                write!(f, "{trials} pairs or probes are too few for {FEWEST_ERRORS} errors and {FEWEST_ERRORS} successes")
            }
            Lack::FalseAccepts(expected) => {
                write!(f, "{} of {FEWEST_FALSE_ACCEPTS} expected false accepts", (expected * 1e3).round() / 1e3)
            }
        }
    }
}

/// Whether what is judged has enough parts, and these have nobody in common.
///
/// # Errors
/// What it lacks.
pub fn parted(counted: &Counted, parted: &Parted) -> Result<(), Lack> {
    let fewest = FEWEST_PARTS as u64;
    match counted {
        Counted::Folds(folds) if (folds.len() as u64) < fewest => Err(Lack::Folds(folds.len() as u64)),
        Counted::Folds(_) if parted.shared() > 0 => Err(Lack::Shared(parted.shared())),
        Counted::Pairs(_) => Err(Lack::Folded),
        Counted::Search { .. } if (parted.len() as u64) < fewest => Err(Lack::People(parted.len() as u64)),
        Counted::Search { .. } | Counted::Folds(_) => Ok(()),
    }
}

/// The standard error of a number by what it is without each part; nothing of too few parts, or where no part matters.
pub fn standard_error(without: &[f64]) -> Option<f64> {
    let n = without.len() as f64;
    if without.len() < FEWEST_PARTS {
        return None;
    }
    let mean = without.iter().sum::<f64>() / n;
    let squares: f64 = without.iter().map(|w| (w - mean).powi(2)).sum();
    let se = ((n - 1.0) / n * squares).sqrt();
    (se.is_finite() && se > 1e-12).then_some(se) // rounding alone is no spread
}

/// The 95 % interval of a number by what it is without each part; nothing where these tell none.
pub fn interval(value: f64, without: &[f64], unit: Unit) -> Option<Ci> {
    around(value, standard_error(without)?, without.len() as u64 - 1, unit)
}

/// The 95 % interval of a number by its standard error; nothing of a rate at its end.
pub(super) fn around(value: f64, se: f64, df: u64, unit: Unit) -> Option<Ci> {
    let half = t_quantile(0.975, df) * se;
    match unit {
        Unit::Number => Some(Ci::around(value, half)),
        Unit::Percent if value > 0.0 && value < 1.0 => {
            let (odds, half) = ((value / (1.0 - value)).ln(), half / (value * (1.0 - value)));
            let rate = |odds: f64| 1.0 / (1.0 + (-odds).exp());
            Some(Ci { low: rate(odds - half), high: rate(odds + half) })
        }
        Unit::Percent => None,
    }
}

/// The group of each of `count` parts: as many parts in each as may be, in their order.
pub fn groups(count: usize) -> Vec<usize> {
    let groups = count.min(MOST_GROUPS);
    (0..count).map(|part| part * groups / count.max(1)).collect()
}

/// Whether a rate of so many trials has enough of both outcomes.
///
/// # Errors
/// It has not.
pub fn enough(rate: f64, trials: u64) -> Result<(), Lack> {
    if rate.min(1.0 - rate) * trials as f64 >= FEWEST_ERRORS - 1e-9 { Ok(()) } else { Err(Lack::Errors(trials)) }
}

/// Whether there are enough trials to tell anything of their mean.
///
/// # Errors
/// There are not.
pub fn some(trials: u64) -> Result<(), Lack> {
    if trials as f64 >= FEWEST_ERRORS { Ok(()) } else { Err(Lack::Errors(trials)) }
}

/// Pairs, or probes, of each kind that something was counted of.
pub fn trials(counted: &Counted) -> (u64, u64) {
    match counted {
        Counted::Folds(folds) => folds.iter().fold((0, 0), |(a, b), (_, it)| (a + it.genuine, b + it.impostor)),
        Counted::Pairs(it) => (it.genuine, it.impostor),
        Counted::Search { mated, strangers, .. } => (*mated, *strangers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_mean_the_standard_error_is_its_own() {
        let values = [0.91, 0.93, 0.9, 0.95, 0.92, 0.89];
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let without: Vec<f64> = values.iter().map(|v| (mean * n - v) / (n - 1.0)).collect();
        assert!((standard_error(&without).unwrap() - sd / n.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn an_interval_stays_inside_and_needs_something_to_tell_it() {
        let without = [0.97, 0.99, 0.98, 0.99, 0.985];
        let ci = interval(0.983, &without, Unit::Percent).unwrap();
        assert!(ci.contains(0.983) && ci.high < 1.0 && 0.983 - ci.low > ci.high - 0.983, "{ci:?}");
        assert!(interval(0.983, &without[..4], Unit::Percent).is_none());
        assert!(interval(0.983, &[0.98; 6], Unit::Percent).is_none());
        assert!(interval(1.0, &without, Unit::Percent).is_none());
        assert!(interval(1.5, &without, Unit::Number).is_some());
    }

    #[test]
    fn what_is_enough_counts_errors_and_successes() {
        assert!(enough(0.9, 100).is_ok() && enough(0.1, 100).is_ok());
        assert_eq!(enough(0.91, 100), Err(Lack::Errors(100)));
        assert!(enough(1.0, 1_000_000).is_err());
    }

    #[test]
    fn parts_are_joined_in_even_groups() {
        assert_eq!(groups(3), [0, 1, 2]);
        let many = groups(50);
        assert_eq!((many[0], many[49], many.windows(2).all(|w| w[1] - w[0] <= 1)), (0, MOST_GROUPS - 1, true));
        assert!(groups(0).is_empty());
    }
}
