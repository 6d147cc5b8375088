//! Numbers of several protocols as one.

use super::estimate::{Ci, Estimate, satterthwaite};
use super::{Better, EvalError, Joint, Parted, Spread, Unit, parts};

/// A number of one protocol.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The number.
    pub estimate: Estimate,
    /// What it is without each of its folds (or people).
    pub without: Vec<f64>,
    /// What is then left of genuine and impostor pairs (of probes with a mate, and without one).
    pub left: Vec<[u64; 2]>,
    /// Who stands in these.
    pub parted: Parted,
}

impl Measured {
    /// The same number without what tells an interval of it and of its differences: of a number that was chosen.
    #[must_use]
    pub fn without_interval(self) -> Self {
        Measured { estimate: Estimate { ci: None, ..self.estimate }, without: Vec::new(), left: Vec::new(), ..self }
    }
}

/// The mean of some numbers, and what it is without each of the folds (or people); counts are summed up.
///
/// Interval: protocols that judge the same people are not independent. Where these stand at one place in all protocols they are left out of
/// all of them at once. Where nobody stands in two protocols and these have other numbers of folds, standard errors are joined in
/// quadrature, as of independent numbers. Where people stand at other places in other protocols nothing tells an interval.
///
/// # Errors
/// When there is none.
pub fn mean_of(numbers: &[Measured], unit: Unit) -> Result<(Estimate, Vec<f64>), EvalError> {
    let spread = spread_of(numbers.iter().map(|it| &it.estimate))?;
    let without: Vec<&Vec<f64>> = numbers.iter().map(|it| &it.without).collect();
    let parted: Vec<&Parted> = numbers.iter().map(|it| &it.parted).collect();
    let (ci, without) = match Parted::joint(&parted) {
        Joint::Together => {
            let of_all = mean_folds(&without);
            (parts::interval(spread.mean, &of_all, unit), of_all)
        }
        Joint::Apart => {
            let weight = 1.0 / without.len() as f64;
            (in_quadrature(spread.mean, without.iter().map(|it| (it.as_slice(), weight)), unit), Vec::new())
        }
        Joint::Tangled { .. } => (None, Vec::new()),
    };
    Ok((Estimate { value: spread.mean, ci, ..together(numbers.iter().map(|it| &it.estimate)) }, without))
}

/// What a rate is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trials {
    /// Genuine pairs, or probes with a mate.
    Genuine,
    /// Impostor pairs.
    Impostor,
}

impl Trials {
    fn of(self, [genuine, impostor]: [u64; 2]) -> u64 {
        match self {
            Trials::Genuine => genuine,
            Trials::Impostor => impostor,
        }
    }
}

/// Shares of some trials as one: what they count is summed up over the protocols, as insightface's
/// `ijb_evals.py` sums up the ranks of IJB's two galleries and divides by all probes. A protocol of more pairs has more weight than in
/// [`mean_of`].
///
/// Interval: as that of [`mean_of`], with these weights; those that are left out of all protocols at once are left out of both sums.
///
/// # Errors
/// When there is none.
pub fn pooled_of(numbers: &[Measured], trials: Trials, unit: Unit) -> Result<(Estimate, Vec<f64>), EvalError> {
    let counted = |it: &Measured| trials.of([it.estimate.n_genuine, it.estimate.n_impostor]);
    let pooled = |parts: &mut dyn Iterator<Item = (f64, u64)>| {
        let (hits, n) = parts.fold((0.0, 0), |(hits, n), (value, of)| (hits + value * of as f64, n + of));
        (hits / n as f64, n)
    };
    let (value, n) = pooled(&mut numbers.iter().map(|it| (it.estimate.value, counted(it))));
    if n == 0 {
        return Err(EvalError::TooFew { what: "a pooled number", wanted: 1, found: 0 });
    }
    let length = numbers.first().map_or(0, |it| it.without.len());
    let (ci, without) = match Parted::joint(&numbers.iter().map(|it| &it.parted).collect::<Vec<_>>()) {
        Joint::Together if numbers.iter().all(|it| it.without.len() == length && it.left.len() == length) => {
            let of_all: Vec<f64> =
                (0..length).map(|at| pooled(&mut numbers.iter().map(|it| (it.without[at], trials.of(it.left[at])))).0).collect();
            (parts::interval(value, &of_all, unit), of_all)
        }
        Joint::Apart => {
            let weighted = numbers.iter().map(|it| (it.without.as_slice(), counted(it) as f64 / n as f64));
            (in_quadrature(value, weighted, unit), Vec::new())
        }
        Joint::Together | Joint::Tangled { .. } => (None, Vec::new()),
    };
    Ok((Estimate { value, ci, ..together(numbers.iter().map(|it| &it.estimate)) }, without))
}

/// The interval of a weighted sum of independent numbers by what each is without its parts, and its weight.
fn in_quadrature<'w>(value: f64, numbers: impl Iterator<Item = (&'w [f64], f64)>, unit: Unit) -> Option<Ci> {
    let square = |(without, weight): (&[f64], f64)| Some(((weight * parts::standard_error(without)?).powi(2), without.len() as u64 - 1));
    let squares = numbers.map(square).collect::<Option<Vec<_>>>().filter(|it| !it.is_empty())?;
    let se = squares.iter().map(|(square, _)| square).sum::<f64>().sqrt();
    parts::around(value, se, satterthwaite(&squares), unit)
}

/// The standard deviation (n − 1) of some numbers, without an interval.
///
/// # Errors
/// When there are not two.
pub fn deviation_of(estimates: &[Estimate]) -> Result<Estimate, EvalError> {
    let too_few = EvalError::TooFew { what: "a spread", wanted: 2, found: estimates.len() };
    Ok(Estimate { value: spread_of(estimates)?.sd.ok_or(too_few)?, ..together(estimates) })
}

/// The worst of some numbers, with its counts; the first of several equal ones. It has no interval: it was chosen for being the worst, also
/// by bad luck, and the interval of a number that was not chosen does not hold it.
///
/// # Errors
/// When there is none.
pub fn worst_of(estimates: &[Estimate], better: Better) -> Result<Estimate, EvalError> {
    let worst = estimates.iter().reduce(|worst, it| if better.improves(worst.value, it.value) { it } else { worst });
    worst.map(|it| Estimate { ci: None, ..it.clone() }).ok_or(EvalError::TooFew { what: "a worst number", wanted: 1, found: 0 })
}

/// The largest of some numbers divided by the smallest, with the counts of all: how unlike error rates of groups are. No interval, as that of
/// the worst.
///
/// # Errors
/// When there is none, or the smallest is 0.
pub fn ratio_of(estimates: &[Estimate]) -> Result<Estimate, EvalError> {
    let values = || estimates.iter().map(|it| it.value);
    let (Some(most), Some(least)) = (values().max_by(f64::total_cmp), values().min_by(f64::total_cmp)) else {
        return Err(EvalError::TooFew { what: "a ratio", wanted: 1, found: 0 });
    };
    if least > 0.0 { Ok(Estimate { value: most / least, ..together(estimates) }) } else { Err(EvalError::NoRatio) }
}

/// The fold-wise mean of several protocols with equal numbers of folds (or people); nothing where they differ.
fn mean_folds(folds: &[&Vec<f64>]) -> Vec<f64> {
    let length = folds.first().map_or(0, |it| it.len());
    if folds.iter().any(|it| it.len() != length) {
        return Vec::new();
    }
    (0..length).map(|at| folds.iter().map(|it| it[at]).sum::<f64>() / folds.len() as f64).collect()
}

fn spread_of<'e>(estimates: impl IntoIterator<Item = &'e Estimate>) -> Result<Spread, EvalError> {
    Spread::of(&estimates.into_iter().map(|it| it.value).collect::<Vec<_>>())
}

/// The counts of all; no number.
fn together<'e>(estimates: impl IntoIterator<Item = &'e Estimate>) -> Estimate {
    let (n_genuine, n_impostor) = estimates.into_iter().fold((0, 0), |(a, b), it| (a + it.n_genuine, b + it.n_impostor));
    Estimate { value: f64::NAN, std: None, ci: None, folds: None, n_genuine, n_impostor }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // the compared values are exact
mod tests {
    use super::*;

    fn of(value: f64, half: f64) -> Estimate {
        Estimate { value, std: None, ci: Some(Ci { low: value - half, high: value + half }), folds: None, n_genuine: 10, n_impostor: 2 }
    }

    /// A number of the folds of `people`, one each.
    fn folded(estimate: &Estimate, without: &[f64], people: &[&'static str]) -> Measured {
        let parted = Parted::of(people.iter().map(|person| [*person].into_iter().collect()), |name| name);
        Measured { estimate: estimate.clone(), without: without.to_vec(), left: vec![[8, 2]; without.len()], parted }
    }

    #[test]
    fn mean_spread_and_worst() {
        let numbers = [of(0.5, 0.03), of(0.75, 0.04), of(1.0, 0.0)];
        let (mean, _) = mean_of(&numbers.each_ref().map(|it| folded(it, &[], &[])), Unit::Percent).unwrap();
        assert_eq!((mean.value, mean.n_genuine, mean.n_impostor), (0.75, 30, 6));
        assert!(mean.ci.is_none(), "nothing tells what the numbers are of other people");
        assert_eq!(deviation_of(&numbers).unwrap().value, 0.25);
        assert_eq!((ratio_of(&numbers).unwrap().value, ratio_of(&[of(0.1, 0.0), of(0.0, 0.0)])), (2.0, Err(EvalError::NoRatio)));
        for (better, at) in [(Better::Higher, 0), (Better::Lower, 2)] {
            assert_eq!(worst_of(&numbers, better).unwrap(), Estimate { ci: None, ..numbers[at].clone() });
        }
        assert!(mean_of(&[], Unit::Percent).is_err() && deviation_of(&numbers[..1]).is_err() && worst_of(&[], Better::Higher).is_err());
    }

    #[test]
    fn folds_of_the_same_people_go_together() {
        let without = vec![0.7, 0.72, 0.74, 0.76, 0.78];
        let (five, turned_people) = (["a", "b", "c", "d", "e"], ["e", "d", "c", "b", "a"]);
        let one = of(0.74, 0.5);
        let same = folded(&one, &without, &five);
        let mean = |second: &Measured| mean_of(&[same.clone(), second.clone()], Unit::Percent).unwrap();
        let (of_same, of_both) = mean(&same);
        assert_eq!((of_same.ci, &of_both), (parts::interval(0.74, &without, Unit::Percent), &without));
        let turned: Vec<f64> = without.iter().rev().copied().collect();
        assert!(mean(&folded(&one, &turned, &five)).0.ci.is_none(), "no spread is left");
        let longer = [without.clone(), vec![0.74]].concat();
        let (others, of_others) = mean(&folded(&one, &longer, &["f", "g", "h", "i", "j", "k"]));
        let (ci, of_same) = (others.ci.unwrap(), of_same.ci.unwrap());
        assert!(of_others.is_empty() && of_same.low < ci.low && ci.high < of_same.high, "independent numbers: {ci:?} in {of_same:?}");
        for tangled in [folded(&one, &without, &turned_people), folded(&one, &longer, &["a", "b", "c", "d", "e", "f"])] {
            let (mean, of_both) = mean(&tangled);
            assert!(mean.ci.is_none() && of_both.is_empty(), "the same people in other folds");
        }
    }

    #[test]
    fn what_is_pooled_counts_and_a_mean_does_not() {
        let number = |hits: u64, n: u64, people: [&'static str; 5]| {
            let (value, left) = (hits as f64 / n as f64, n - n / 5);
            let without: Vec<f64> = (0..5).map(|at| (hits - hits / 5 + at % 2) as f64 / left as f64).collect();
            let estimate = Estimate { n_genuine: n, ..of(value, 0.5) };
            Measured { left: vec![[left, 0]; 5], ..folded(&estimate, &without, &people) }
        };
        let (here, there) = (["a", "b", "c", "d", "e"], ["f", "g", "h", "i", "j"]);
        let two = [number(20, 50, here), number(90, 100, there)];
        let (pooled, without) = pooled_of(&two, Trials::Genuine, Unit::Percent).unwrap();
        assert_eq!((pooled.value, pooled.n_genuine, without.len()), (110.0 / 150.0, 150, 5));
        assert!((without[0] - 88.0 / 120.0).abs() < 1e-15 && pooled.ci.unwrap().contains(pooled.value));
        assert_eq!(mean_of(&two, Unit::Percent).unwrap().0.value, 0.65);
        let turned = number(90, 100, ["e", "a", "b", "c", "d"]);
        assert!(
            pooled_of(&[two[0].clone(), turned], Trials::Genuine, Unit::Percent).unwrap().0.ci.is_none(),
            "the same people at other places"
        );
        let equal = [two[0].clone(), number(45, 50, there)];
        let (pooled, mean) = (pooled_of(&equal, Trials::Genuine, Unit::Percent).unwrap().0, mean_of(&equal, Unit::Percent).unwrap().0);
        let (a, b) = (pooled.ci.unwrap(), mean.ci.unwrap());
        assert!((pooled.value - mean.value).abs() < 1e-15 && (a.low - b.low).abs() < 1e-12 && (a.high - b.high).abs() < 1e-12);
        assert!(pooled_of(&[], Trials::Genuine, Unit::Percent).is_err());
    }
}
