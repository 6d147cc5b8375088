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
    /// Who stands in these.
    pub parted: Parted,
}

impl Measured {
    /// The same number without what tells an interval of it and of its differences: of a number that was chosen.
    #[must_use]
    pub fn without_interval(self) -> Self {
        Measured { estimate: Estimate { ci: None, ..self.estimate }, without: Vec::new(), ..self }
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
        Joint::Apart => (in_quadrature(spread.mean, &without, unit), Vec::new()),
        Joint::Tangled { .. } => (None, Vec::new()),
    };
    Ok((Estimate { value: spread.mean, ci, ..together(numbers.iter().map(|it| &it.estimate)) }, without))
}

fn in_quadrature(mean: f64, without: &[&Vec<f64>], unit: Unit) -> Option<Ci> {
    let square = |it: &&Vec<f64>| Some((parts::standard_error(it)?.powi(2), it.len() as u64 - 1));
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

/// The worst of some numbers, with its counts; the first of several equal ones. It has no interval: it was chosen for being the worst, also
/// by bad luck, and the interval of a number that was not chosen does not hold it.
///
/// # Errors
/// When there is none.
pub fn worst_of(estimates: &[Estimate], better: Better) -> Result<Estimate, EvalError> {
    let worst = estimates.iter().reduce(|worst, it| if better.improves(worst.value, it.value) { it } else { worst });
    worst.map(|it| Estimate { ci: None, ..it.clone() }).ok_or(EvalError::TooFew { what: "a worst number", wanted: 1, found: 0 })
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
        Measured { estimate: estimate.clone(), without: without.to_vec(), parted }
    }

    #[test]
    fn mean_spread_and_worst() {
        let numbers = [of(0.5, 0.03), of(0.75, 0.04), of(1.0, 0.0)];
        let (mean, _) = mean_of(&numbers.each_ref().map(|it| folded(it, &[], &[])), Unit::Percent).unwrap();
        assert_eq!((mean.value, mean.n_genuine, mean.n_impostor), (0.75, 30, 6));
        assert!(mean.ci.is_none(), "nothing tells what the numbers are of other people");
        assert_eq!(deviation_of(&numbers).unwrap().value, 0.25);
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
}
