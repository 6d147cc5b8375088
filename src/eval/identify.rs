//! 1:N identification: who of the gallery is each probe?

use super::estimate::{Estimate, wilson};
use super::{EvalError, Far, Features, Similarity};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a probe's own person fared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mate {
    /// The best score with an image of the probe's person.
    pub score: Similarity,
    /// The person's place among all people of the gallery by their best scores, from 1; a person who ties with it stands before it.
    pub rank: u32,
}

/// What a search of the gallery gave for one probe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The probe's own person, if in the gallery.
    pub mate: Option<Mate>,
    /// The best score with anybody else; `None` when there is nobody else.
    pub best_other: Option<Similarity>,
}

/// Searches the gallery for each probe; a person's score is that of their best image. The order is that of the probes.
pub fn identify(probes: &Features, gallery: &Features) -> Result<Vec<Outcome>, EvalError> {
    if probes.dim() != gallery.dim() {
        return Err(EvalError::Lengths { what: "each gallery feature", found: gallery.dim(), wanted: probes.dim() });
    }
    let mut places = BTreeMap::new();
    for &label in gallery.labels() {
        let next = places.len();
        places.entry(label).or_insert(next);
    }
    let place_of: Vec<usize> = gallery.labels().iter().map(|label| places[label]).collect();
    let search = |probe: usize| {
        let mut best = vec![f64::NEG_INFINITY; places.len()]; // [people]
        for (j, &place) in place_of.iter().enumerate() {
            best[place] = best[place].max(probes.score(probe, gallery, j));
        }
        let own = places.get(&probes.labels()[probe]).copied();
        let others = || best.iter().enumerate().filter(move |(place, _)| Some(*place) != own).map(|(_, &score)| score);
        let mate =
            own.map(|place| Mate { score: Similarity(best[place]), rank: 1 + others().filter(|&s| s >= best[place]).count() as u32 });
        Outcome { mate, best_other: others().max_by(f64::total_cmp).map(Similarity) }
    };
    Ok((0..probes.len()).into_par_iter().map(search).collect())
}

/// Each probe with a mate: how the mate fared, and the best score with anybody else.
type Mated = Vec<(Mate, Option<Similarity>)>;

/// The probes with a mate, and how many have none; refused when none has one.
fn mates(outcomes: &[Outcome]) -> Result<(Mated, u64), EvalError> {
    let mated: Vec<_> = outcomes.iter().filter_map(|o| o.mate.map(|mate| (mate, o.best_other))).collect();
    if mated.is_empty() {
        return Err(EvalError::NoMates { probes: outcomes.len() });
    }
    let without = (outcomes.len() - mated.len()) as u64;
    Ok((mated, without))
}

fn share(hits: u64, n_genuine: u64, n_impostor: u64) -> Estimate {
    let value = hits as f64 / n_genuine as f64;
    Estimate { value, std: None, ci: Some(wilson(hits as f64, n_genuine)), folds: None, n_genuine, n_impostor }
}

/// The cumulative match characteristic: for each k, the share of the probes with a mate whose mate is among the first k people.
pub fn cmc(outcomes: &[Outcome], ks: &[u32]) -> Result<Vec<Estimate>, EvalError> {
    let (mated, without) = mates(outcomes)?;
    let hits = |k: u32| mated.iter().filter(|(mate, _)| mate.rank <= k).count() as u64;
    Ok(ks.iter().map(|&k| share(hits(k), mated.len() as u64, without)).collect())
}

/// A true-positive identification rate at a false-positive identification rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tpir {
    /// The share of probes with a mate that are found; counts are probes with and without a mate.
    pub estimate: Estimate,
    /// The FPIR that was asked for.
    pub fpir: Far,
    /// A score must exceed this to count as an identification.
    pub threshold: Similarity,
}

/// TPIR at an FPIR in an open set, by the rule of insightface's `ijb_evals.py`: with the N probes without a mate, τ is the ⌊N·FPIR⌋-th largest of
/// their best scores; a probe is found when its mate exceeds τ and everybody else. Refused when N·FPIR < 1.
pub fn tpir_at(outcomes: &[Outcome], fpir: Far) -> Result<Tpir, EvalError> {
    let (mated, without) = mates(outcomes)?;
    fpir.supported_by(without, "probes")?;
    let mut strangers: Vec<f64> = outcomes.iter().filter(|o| o.mate.is_none()).filter_map(|o| o.best_other).map(|s| s.0).collect();
    strangers.sort_by(|a, b| b.total_cmp(a));
    let allowed = fpir.allowed(without).max(1) as usize;
    let Some(&threshold) = strangers.get(allowed - 1) else {
        return Err(EvalError::TooFew { what: "a threshold for strangers", wanted: allowed, found: strangers.len() });
    };
    let found = |(mate, other): &&(Mate, Option<Similarity>)| mate.score.0 > threshold && other.is_none_or(|o| mate.score > o);
    let hits = mated.iter().filter(found).count() as u64;
    Ok(Tpir { estimate: share(hits, mated.len() as u64, without), fpir, threshold: Similarity(threshold) })
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // the compared values are exact
mod tests {
    use super::*;

    /// Unit vectors in the plane at these angles in degrees, with their people.
    fn at(angles: &[(f64, u32)]) -> Features {
        let values: Vec<f32> = angles.iter().flat_map(|(a, _)| [a.to_radians().cos() as f32, a.to_radians().sin() as f32]).collect();
        Features::new(&values, 2, angles.iter().map(|(_, label)| *label).collect()).unwrap()
    }

    #[test]
    fn ranks_count_people_not_images() {
        let gallery = at(&[(0.0, 1), (10.0, 2), (12.0, 2), (40.0, 3)]);
        let probes = at(&[(1.0, 1), (14.0, 1), (11.0, 3), (200.0, 9)]);
        let outcomes = identify(&probes, &gallery).unwrap();
        let ranks: Vec<Option<u32>> = outcomes.iter().map(|o| o.mate.map(|m| m.rank)).collect();
        assert_eq!(ranks, [Some(1), Some(2), Some(3), None]);
        let rates: Vec<f64> = cmc(&outcomes, &[1, 2, 3]).unwrap().into_iter().map(|e| e.value).collect();
        assert!((rates[0] - 1.0 / 3.0).abs() < 1e-15 && (rates[1] - 2.0 / 3.0).abs() < 1e-15 && rates[2] == 1.0);
    }

    #[test]
    fn open_set_search_by_the_rule() {
        let gallery = at(&[(0.0, 1), (90.0, 2)]);
        let probes = at(&[(5.0, 1), (30.0, 1), (20.0, 8), (40.0, 9)]);
        let outcomes = identify(&probes, &gallery).unwrap();
        let half = tpir_at(&outcomes, Far::new(0.5).unwrap()).unwrap();
        assert!((half.threshold.0 - 20f64.to_radians().cos()).abs() < 1e-7);
        assert_eq!(half.estimate.value, 0.5);
        assert_eq!(tpir_at(&outcomes, Far::new(1.0).unwrap()).unwrap().estimate.value, 1.0);
        assert!(matches!(tpir_at(&outcomes, Far::new(0.1).unwrap()), Err(EvalError::FarNotSupported { n_impostor: 2, .. })));
    }

    #[test]
    fn probes_without_mates_have_no_rank() {
        let outcomes = identify(&at(&[(0.0, 1)]), &at(&[(0.0, 2)])).unwrap();
        assert_eq!(cmc(&outcomes, &[1]).unwrap_err(), EvalError::NoMates { probes: 1 });
    }
}
