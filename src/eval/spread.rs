//! Numbers of several seeds: their spread, paired differences, and what is beyond the noise.

use super::estimate::{Ci, satterthwaite, t_quantile, t_tails};
use super::{EvalError, parts};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer replicates tell no noise: of two the differences may be equal by chance, for accuracies are counts of pairs.
pub const FEWEST_REPLICATES: usize = 3;

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
        // of equal numbers the mean is that number, and no rounding of their sum a spread
        let equal = values.iter().all(|value| value.to_bits() == values[0].to_bits());
        let mean = if equal { values[0] } else { values.iter().sum::<f64>() / n as f64 };
        let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        Ok(Spread { mean, sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()), n: n as u32 })
    }
}

/// A paired difference of two rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Mean of b − a.
    pub mean: f64,
    /// Standard deviation (n − 1) of the differences, over replicates.
    pub sd: Option<f64>,
    /// How many replicates, folds or people are paired.
    pub n: u32,
    /// What tells it from noise; nothing where there is too little to tell.
    pub noise: Option<Noise>,
}

/// What tells a difference from noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// The 95 % interval of the mean.
    pub ci: Ci,
    /// The chance of a difference as large where there is none (paired t test, both sides).
    pub p: f64,
    /// Degrees of freedom of the test.
    pub df: u64,
}

impl Noise {
    fn of(mean: f64, se: f64, df: u64) -> Option<Self> {
        (se > 0.0).then(|| Noise { ci: Ci::around(mean, t_quantile(0.975, df) * se), p: t_tails(mean / se, df), df })
    }
}

/// The arm of a replicate: its place on each axis.
pub type Place = litemap::LiteMap<String, String>;

/// Why an axis of replicates tells no noise of a difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Untold {
    /// People who are judged decided on a model: it is better by luck in every arm.
    Chosen,
    /// Chance drew this once, for all arms, and it has a part in one of both numbers alone.
    Once(String),
    /// Both models are the same at all values, and so are people who are judged.
    SamePeople,
    /// It has fewer values than noise is told by.
    Few(String),
}

impl std::fmt::Display for Untold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Untold::Chosen => f.write_str("people who are judged decided on a model (`select`, `keep`, `stop`)"),
            Untold::Once(what) => write!(f, "`{what}` is one draw of chance, which no replicate draws anew"),
            Untold::Few(axis) => write!(f, "`{axis}` has 2 values, and noise is told by {FEWEST_REPLICATES}"),
            Untold::SamePeople => f.write_str("the same models are judged by the same people again and again"),
        }
    }
}

/// The difference b − a over replicates, pair by pair, each in its arm.
///
/// `silent` axes tell no noise: of their values the mean is taken, in each arm of the others.
/// Interval: mean ± t·se with n − 1 degrees of freedom, se = sd/√n. Over several axes (seeds and folds) the numbers of one value of an axis
/// are not independent: the squared standard error of each is the variance of the means at its values, over their number. What neither axis
/// explains is in all of these and counts once: their sum less the squared standard error of the residuals, and never less than the
/// largest. Degrees of freedom are Satterthwaite's, rounded down. An axis of fewer than three values tells no noise, and neither do
/// differences that are all equal: their spread is below what the pairs resolve.
///
/// # Errors
/// Nothing to compare.
pub fn paired(pairs: &[(Place, f64, f64)], silent: impl Fn(&str) -> bool) -> Result<Difference, EvalError> {
    let differences: Vec<f64> = pairs.iter().map(|(_, a, b)| b - a).collect();
    let Spread { mean, sd, n } = Spread::of(&differences)?;
    let noise = if pairs.iter().any(|(place, ..)| place.keys().any(|axis| silent(axis))) {
        let mut arms: BTreeMap<Vec<(&String, &String)>, Vec<f64>> = BTreeMap::new();
        for ((place, ..), difference) in pairs.iter().zip(differences) {
            arms.entry(place.iter().filter(|(axis, _)| !silent(axis)).collect()).or_default().push(difference);
        }
        let owned = |(axis, value): (&String, &String)| (axis.clone(), value.clone());
        let of_arm = |(place, d): (Vec<(&String, &String)>, Vec<f64>)| {
            (place.into_iter().map(owned).collect(), d.iter().sum::<f64>() / d.len() as f64)
        };
        noise_of(&arms.into_iter().map(of_arm).collect::<Vec<_>>(), mean)?
    } else {
        noise_of(&pairs.iter().map(|(place, ..)| place.clone()).zip(differences).collect::<Vec<_>>(), mean)?
    };
    Ok(Difference { mean, sd, n, noise })
}

/// What tells the mean of differences from noise, each in its arm; see [`paired`].
fn noise_of(pairs: &[(Place, f64)], mean: f64) -> Result<Option<Noise>, EvalError> {
    let n = pairs.len() as f64;
    let differences: Vec<f64> = pairs.iter().map(|(_, d)| *d).collect();
    let axes: BTreeSet<&String> = pairs.iter().flat_map(|(place, _)| place.keys()).collect();
    let mut by_axis: Vec<Vec<f64>> = Vec::new();
    let mut residuals: Vec<f64> = differences.iter().map(|d| d - mean).collect();
    for axis in axes {
        let mut at: BTreeMap<Option<&String>, Vec<f64>> = BTreeMap::new();
        pairs.iter().zip(&differences).for_each(|((place, ..), d)| at.entry(place.get(axis)).or_default().push(*d));
        if at.len() > 1 {
            let means: BTreeMap<_, f64> = at.into_iter().map(|(value, d)| (value, d.iter().sum::<f64>() / d.len() as f64)).collect();
            residuals.iter_mut().zip(pairs).for_each(|(residual, (place, ..))| *residual -= means[&place.get(axis)] - mean);
            by_axis.push(means.into_values().collect());
        }
    }
    if by_axis.is_empty() {
        by_axis.push(differences);
    }
    let freedom = n - 1.0 - by_axis.iter().map(|means| means.len() as f64 - 1.0).sum::<f64>();
    let unexplained = if freedom > 0.0 { residuals.iter().map(|r| r * r).sum::<f64>() / freedom / n } else { 0.0 };
    let shortest = by_axis.iter().map(Vec::len).min().unwrap_or(0);
    let square = |means: &Vec<f64>| Ok((Spread::of(means)?.sd.unwrap_or(0.0).powi(2) / means.len() as f64, means.len() as u64 - 1));
    let squares: Vec<(f64, u64)> = by_axis.iter().map(square).collect::<Result<_, EvalError>>()?;
    let largest = squares.iter().map(|(square, _)| *square).fold(0.0, f64::max);
    let sum: f64 = squares.iter().map(|(square, _)| square).sum();
    let twice = unexplained * (by_axis.len() - 1) as f64;
    let se = (sum - twice).max(largest).sqrt();
    let told = shortest >= FEWEST_REPLICATES && se > 1e-12;
    Ok(if told { Noise::of(mean, se, satterthwaite(&squares)) } else { None })
}

/// The difference b − a of one run on one protocol, by what both numbers are without each of its folds (or people): it covers other people,
/// not other seeds.
pub fn over_parts(a: f64, b: f64, a_without: &[f64], b_without: &[f64]) -> Difference {
    let differences: Vec<f64> =
        if a_without.len() == b_without.len() { a_without.iter().zip(b_without).map(|(a, b)| b - a).collect() } else { Vec::new() };
    let noise = parts::standard_error(&differences).and_then(|se| Noise::of(b - a, se, differences.len() as u64 - 1));
    Difference { mean: b - a, sd: None, n: differences.len() as u32, noise }
}

/// Which of several tests stay below `level` when all are made at once (Holm, 1979): the chance that any of those without a difference is
/// among them is at most `level`.
pub fn holm(chances: &[f64], level: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|a, b| chances[*a].total_cmp(&chances[*b]));
    let mut marked = vec![false; chances.len()];
    for (rank, &at) in order.iter().enumerate() {
        if chances[at] * (chances.len() - rank) as f64 > level {
            break;
        }
        marked[at] = true;
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> bool {
        false
    }

    fn over(axis: &str, a: &[f64], b: &[f64]) -> Vec<(Place, f64, f64)> {
        let place = |at: usize| [(axis.to_owned(), at.to_string())].into_iter().collect();
        a.iter().zip(b).enumerate().map(|(at, (a, b))| (place(at), *a, *b)).collect()
    }

    #[test]
    fn a_shared_shift_is_beyond_the_noise_of_the_rows() {
        let d = paired(&over("seed", &[0.90, 0.80, 0.85], &[0.913, 0.812, 0.861]), none).unwrap();
        assert!((d.mean - 0.012).abs() < 1e-12 && (d.sd.unwrap() - 0.001).abs() < 1e-12);
        let noise = d.noise.unwrap();
        assert!((noise.ci.high - d.mean - 4.302_652_73 * 0.001 / 3f64.sqrt()).abs() < 1e-8);
        assert!(noise.p < 0.01 && !noise.ci.contains(0.0));
    }

    #[test]
    fn equal_numbers_have_no_spread() {
        for value in [0.42, 0.1, 1.0 / 3.0, 98.7] {
            for n in 1..20 {
                let spread = Spread::of(&vec![value; n]).unwrap();
                assert_eq!((spread.mean, spread.sd), (value, (n > 1).then_some(0.0)), "{n} times {value}");
            }
        }
    }

    #[test]
    fn too_little_tells_no_noise() {
        let noise = |a: &[f64], b: &[f64]| paired(&over("seed", a, b), none).unwrap().noise;
        assert!(noise(&[0.9, 0.8, 0.85], &[0.92, 0.79, 0.86]).is_some_and(|noise| noise.p > 0.05));
        assert!(noise(&[0.5, 0.5], &[0.6, 0.61]).is_none(), "two seeds");
        assert!(noise(&[0.5, 0.5, 0.5], &[0.55, 0.55, 0.55]).is_none(), "equal by the pairs that there are");
        assert!(noise(&[0.5], &[0.6]).is_none() && paired(&[], none).is_err());
        assert!(over_parts(0.9, 0.95, &[0.9; 4], &[0.95, 0.94, 0.96, 0.95]).noise.is_none(), "four folds");
        assert!(over_parts(0.9, 0.95, &[0.9; 5], &[0.95; 5]).noise.is_none(), "no spread");
        assert!(over_parts(0.9, 0.95, &[0.9; 5], &[0.95; 6]).noise.is_none(), "other folds");
        assert!(over_parts(0.9, 0.95, &[0.9; 5], &[0.95, 0.951, 0.949, 0.95, 0.95]).noise.is_some());
    }

    #[test]
    fn several_axes_count_by_their_own_values() {
        let place =
            |seed: usize, fold: usize| [("seed".to_owned(), seed.to_string()), ("fold".to_owned(), fold.to_string())].into_iter().collect();
        // all of the spread lies between folds: nine seeds of three folds are three folds
        let by_fold = [0.01, 0.02, 0.06];
        let pairs: Vec<_> = (0..9).flat_map(|seed| (0..3).map(move |fold| (place(seed, fold), 0.5, 0.5 + by_fold[fold]))).collect();
        let many = paired(&pairs, none).unwrap().noise.unwrap();
        let few = paired(&over("fold", &[0.5; 3], &by_fold.map(|d| 0.5 + d)), none).unwrap().noise.unwrap();
        assert!((many.p - few.p).abs() < 1e-9 && (many.ci.low - few.ci.low).abs() < 1e-9, "{many:?} {few:?}");
        // what a silent axis has several of is a mean of the others' arms
        assert_eq!(paired(&pairs, |axis| axis == "seed").unwrap().noise, Some(few));
        let of_seeds = paired(&pairs, |axis| axis == "fold").unwrap();
        assert!(of_seeds.noise.is_none() && of_seeds.n == 27 && of_seeds.sd.is_some(), "equal in all seeds: {of_seeds:?}");
        assert!(paired(&pairs, |_| true).unwrap().noise.is_none());
    }

    #[test]
    fn marks_are_rarer_where_many_are_made() {
        assert_eq!(holm(&[0.04], 0.05), [true]);
        assert_eq!(holm(&[0.04, 0.03], 0.05), [false, false]);
        assert_eq!(holm(&[0.04, 0.02], 0.05), [true, true]);
        assert_eq!(holm(&[0.001, 0.5, 0.02, 0.015], 0.05), [true, false, true, true]);
        assert!(holm(&[], 0.05).is_empty());
    }

    #[test]
    fn one_value_has_no_spread() {
        assert_eq!(Spread::of(&[0.5]).unwrap(), Spread { mean: 0.5, sd: None, n: 1 });
        assert!(Spread::of(&[]).is_err());
    }
}
