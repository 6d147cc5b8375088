//! 1:N identification: who of the gallery is each probe?

use super::estimate::{Ci, Estimate, wilson, wilson_of};
use super::{EvalError, Far, Features, Similarity, parts};
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
    /// The probe's person: its label among the probes' features.
    pub person: u32,
    /// How that person fared, if in the gallery.
    pub mate: Option<Mate>,
    /// The best score with anybody else; `None` when there is nobody else.
    pub best_other: Option<Similarity>,
}

/// What a search gave for all probes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    /// Probe by probe.
    pub outcomes: Vec<Outcome>,
    /// The largest scores of probes that have a mate with other people than that, falling: as many as there are such probes, or all. A
    /// threshold over all of these scores that lets through one a probe, or fewer, is among them.
    pub impostors: Vec<f64>,
    /// How many people the gallery shows.
    pub people: u64,
}

impl Searched {
    /// Probes with a mate, and without one.
    pub fn probes(&self) -> (u64, u64) {
        let mated = self.outcomes.iter().filter(|outcome| outcome.mate.is_some()).count() as u64;
        (mated, self.outcomes.len() as u64 - mated)
    }

    /// The same search for some of its probes. The scores of other people are those of all, so nothing that is a threshold over them can
    /// be asked of it.
    fn of(&self, outcomes: Vec<Outcome>) -> Self {
        Searched { outcomes, impostors: Vec::new(), people: self.people }
    }
}

/// Searches the gallery for each probe; a person's score is that of their best image. The order is that of the probes.
pub fn identify(probes: &Features, gallery: &Features) -> Result<Searched, EvalError> {
    if probes.dim() != gallery.dim() {
        return Err(EvalError::Lengths { what: "each gallery feature", found: gallery.dim(), wanted: probes.dim() });
    }
    Ok(identify_by(probes.labels(), gallery.labels(), |probe, j| probes.score(probe, gallery, j)))
}

/// The same of people who are compared by any score: that of a probe, by its place, with an image of the gallery, by its place.
///
/// Memory: [`AT_ONCE`] rows of scores with the gallery's people, and twice as many of the largest as are kept.
pub fn identify_by(probes: &[u32], gallery: &[u32], score: impl Fn(usize, usize) -> f64 + Sync) -> Searched {
    let mut places = BTreeMap::new();
    for &label in gallery {
        let next = places.len();
        places.entry(label).or_insert(next);
    }
    let place_of: Vec<usize> = gallery.iter().map(|label| places[label]).collect();
    let search = |probe: usize| {
        let mut best = vec![f64::NEG_INFINITY; places.len()]; // [people]
        for (j, &place) in place_of.iter().enumerate() {
            best[place] = best[place].max(score(probe, j));
        }
        let own = places.get(&probes[probe]).copied();
        let mate = own.map(|own| best[own]);
        if let Some(own) = own {
            best.swap_remove(own); // of the others no order is asked for
        }
        let mate =
            mate.map(|score| Mate { score: Similarity(score), rank: 1 + best.iter().filter(|&&other| other >= score).count() as u32 });
        let best_other = best.iter().copied().max_by(f64::total_cmp).map(Similarity);
        (Outcome { person: probes[probe], mate, best_other }, best)
    };
    let mut largest = Largest::new(probes.iter().filter(|person| places.contains_key(person)).count());
    let mut outcomes = Vec::with_capacity(probes.len());
    let every: Vec<usize> = (0..probes.len()).collect();
    for block in every.chunks(AT_ONCE) {
        let (kept, floor) = (largest.count, largest.floor);
        let searched: Vec<(Outcome, Vec<f64>)> = block
            .par_iter()
            .map(|&probe| {
                let (outcome, mut others) = search(probe);
                others.retain(|&other| outcome.mate.is_some() && other > floor);
                keep_largest(&mut others, kept);
                (outcome, others)
            })
            .collect();
        for (outcome, others) in searched {
            outcomes.push(outcome);
            largest.add(others);
        }
    }
    Searched { outcomes, impostors: largest.falling(), people: places.len() as u64 }
}

/// Probes that are looked for at once.
const AT_ONCE: usize = 64;

/// The largest of many numbers, equal ones each for itself.
struct Largest {
    count: usize,
    kept: Vec<f64>,
    /// What is no larger than this is not among them.
    floor: f64,
}

impl Largest {
    fn new(count: usize) -> Self {
        Largest { count, kept: Vec::new(), floor: f64::NEG_INFINITY }
    }

    fn add(&mut self, more: Vec<f64>) {
        self.kept.extend(more);
        if self.kept.len() > 2 * self.count {
            keep_largest(&mut self.kept, self.count);
            self.floor = self.kept.iter().copied().min_by(f64::total_cmp).unwrap_or(self.floor);
        }
    }

    fn falling(mut self) -> Vec<f64> {
        keep_largest(&mut self.kept, self.count);
        self.kept.sort_by(|a, b| b.total_cmp(a));
        self.kept
    }
}

/// Keeps so many of the largest of some numbers, in any order.
fn keep_largest(all: &mut Vec<f64>, count: usize) {
    if all.len() > count && count > 0 {
        all.select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a));
    }
    all.truncate(count);
}

/// A probe with a mate.
#[derive(Debug, Clone, Copy)]
struct Mated {
    person: u32,
    mate: Mate,
    best_other: Option<Similarity>,
}

impl Mated {
    /// Whether the mate stands first (nobody ties with it) and exceeds a threshold.
    fn found_above(&self, threshold: f64) -> bool {
        self.mate.score.0 > threshold && self.best_other.is_none_or(|other| self.mate.score > other)
    }
}

/// The probes with a mate, and how many have none; refused when none has one.
fn mated(outcomes: &[Outcome]) -> Result<(Vec<Mated>, u64), EvalError> {
    let of = |it: &Outcome| it.mate.map(|mate| Mated { person: it.person, mate, best_other: it.best_other });
    let mated: Vec<Mated> = outcomes.iter().filter_map(of).collect();
    if mated.is_empty() {
        return Err(EvalError::NoMates { probes: outcomes.len() });
    }
    let without = (outcomes.len() - mated.len()) as u64;
    Ok((mated, without))
}

/// Each person's probes and how many of them are hits, in the order of the people's labels.
fn by_person(mated: &[Mated], hit: impl Fn(&Mated) -> bool) -> BTreeMap<u32, (u64, u64)> {
    let mut people: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for probe in mated {
        let (probes, hits) = people.entry(probe.person).or_default();
        *probes += 1;
        *hits += u64::from(hit(probe));
    }
    people
}

/// The share of hits among probes with a mate.
///
/// Interval: Wilson's with as many probes as these are worth. Probes of one person are not independent: the number of hits varies as whole
/// people are exchanged, v = C/(C − 1)·Σ(hᵢ − nᵢp)² over C people, and n probes are worth n·np(1 − p)/v of independent ones (the design
/// effect of a cluster sample, as Korn & Graubard adjust intervals by it), but never more than n. Where all probes are hits, or none is, n
/// stands.
fn share(mated: &[Mated], without: u64, hit: impl Fn(&Mated) -> bool) -> Estimate {
    let people = by_person(mated, hit);
    let (n, hits) = people.values().fold((0, 0), |(n, hits), (probes, of)| (n + probes, hits + of));
    let (count, p) = (people.len() as f64, hits as f64 / n as f64);
    let squares: f64 = people.values().map(|&(probes, of)| (of as f64 - probes as f64 * p).powi(2)).sum();
    let independent = n as f64 * p * (1.0 - p);
    let effect = if count > 1.0 && independent > 0.0 { (squares * count / (count - 1.0) / independent).max(1.0) } else { 1.0 };
    let ci = wilson_of(hits as f64 / effect, n as f64 / effect);
    Estimate { value: p, std: None, ci: Some(ci), folds: None, n_genuine: n, n_impostor: without }
}

/// The cumulative match characteristic: for each k, the share of the probes with a mate whose mate is among the first k people.
///
/// # Errors
/// When no probe has a mate.
pub fn cmc(outcomes: &[Outcome], ks: &[u32]) -> Result<Vec<Estimate>, EvalError> {
    let (mated, without) = mated(outcomes)?;
    Ok(ks.iter().map(|&k| share(&mated, without, |probe| probe.mate.rank <= k)).collect())
}

/// The search without each person who is looked for, and without as large a share of the strangers; many people are left out in groups.
pub fn without_people(searched: &Searched) -> Vec<Searched> {
    let outcomes = &searched.outcomes;
    let groups = groups_of(outcomes.iter().map(|outcome| (outcome.person, outcome.mate.is_some())));
    let without = |left_out| searched.of(outcomes.iter().filter(|outcome| groups[&outcome.person] != left_out).copied().collect());
    (0..groups.values().max().map_or(0, |last| last + 1)).map(without).collect()
}

/// The group of each person of a search, of whom it is told whether they are in its gallery. Those who are make the groups: rates are
/// theirs. Strangers are dealt into these, by which a threshold is left without some of them; groups of their own would tell nothing of a
/// rate and be counted.
pub fn groups_of(people: impl IntoIterator<Item = (u32, bool)>) -> BTreeMap<u32, usize> {
    let people: BTreeMap<u32, bool> = people.into_iter().collect();
    let (sought, strangers): (Vec<_>, Vec<_>) = people.into_iter().partition(|(_, in_gallery)| *in_gallery);
    let groups = parts::groups(sought.len());
    let among = groups.last().map_or(0, |last| last + 1);
    let dealt: Vec<usize> = (0..strangers.len()).map(|at| at * among / strangers.len()).collect();
    sought.into_iter().zip(groups).chain(strangers.into_iter().zip(dealt)).map(|((person, _), group)| (person, group)).collect()
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

/// TPIR at an FPIR in an open set, by the rule of insightface's `ijb_evals.py`: with the N probes without a mate, τ is the ⌊N·FPIR⌋-th
/// largest of their best scores; a probe is found when its mate exceeds τ and everybody else.
///
/// Interval: that of the share, joined with what the threshold's own uncertainty makes of it as
/// [`ScoreSets::tar_at`](super::ScoreSets::tar_at) does.
///
/// # Errors
/// When no probe has a mate, or N·FPIR < 1: fewer than one stranger would decide.
pub fn tpir_at(outcomes: &[Outcome], fpir: Far) -> Result<Tpir, EvalError> {
    let (mated, without) = mated(outcomes)?;
    fpir.supported_by(without, "probes")?;
    let mut strangers: Vec<f64> = outcomes.iter().filter(|o| o.mate.is_none()).filter_map(|o| o.best_other).map(|s| s.0).collect();
    strangers.sort_by(|a, b| b.total_cmp(a));
    let threshold_of = |allowed: u64| strangers.get(allowed.max(1) as usize - 1).or(strangers.last()).copied();
    let Some(threshold) = threshold_of(fpir.allowed(without)) else {
        return Err(EvalError::TooFew { what: "a threshold for strangers", wanted: 1, found: 0 });
    };
    let mut estimate = share(&mated, without, |probe| probe.found_above(threshold));
    let rates = wilson(fpir.expected(without), without);
    let at = |rate: f64| {
        let threshold = threshold_of((rate * without as f64) as u64).unwrap_or(threshold);
        mated.iter().filter(|probe| probe.found_above(threshold)).count() as f64 / mated.len() as f64
    };
    estimate.ci = estimate.ci.map(|own| {
        let p = estimate.value;
        let low = (p - own.low).hypot((p - at(rates.low)).max(0.0));
        let high = (own.high - p).hypot((at(rates.high) - p).max(0.0));
        Ci { low: p - low, high: p + high }.within(0.0, 1.0)
    });
    Ok(Tpir { estimate, fpir, threshold: Similarity(threshold) })
}

/// The share of probes with a mate whose mate exceeds a threshold over all scores with other people, by the rule of insightface's
/// `ijb_1n.py` ("far" and "pr" there): with Q probes and a false-accept rate f, τ is the ⌈Q·f⌉-th largest of all Q·(G − 1) scores of a
/// probe with another person of the gallery. The rate is one of false accepts a probe, not a score. Whether the mate stands first is not
/// asked.
///
/// Counts are the probes, and the scores with other people. It has no interval: each person of the gallery has a part in the threshold of
/// all probes.
///
/// # Errors
/// When no probe has a mate, Q·f < 1, or the gallery shows one person.
pub fn recall_at(searched: &Searched, far: Far) -> Result<Estimate, EvalError> {
    let (mated, _) = mated(&searched.outcomes)?;
    let q = mated.len() as u64;
    far.supported_by_probes(q)?;
    let allowed = far.expected(q).ceil().max(1.0) as usize;
    let Some(&threshold) = searched.impostors.get(allowed - 1).or(searched.impostors.last()) else {
        return Err(EvalError::OnePerson);
    };
    let hits = mated.iter().filter(|probe| probe.mate.score.0 > threshold).count();
    let n_impostor = q * searched.people.saturating_sub(1);
    Ok(Estimate { value: hits as f64 / q as f64, std: None, ci: None, folds: None, n_genuine: q, n_impostor })
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
        let outcomes = outcomes.outcomes;
        let ranks: Vec<Option<u32>> = outcomes.iter().map(|o| o.mate.map(|m| m.rank)).collect();
        assert_eq!(ranks, [Some(1), Some(2), Some(3), None]);
        let rates: Vec<f64> = cmc(&outcomes, &[1, 2, 3]).unwrap().into_iter().map(|e| e.value).collect();
        assert!((rates[0] - 1.0 / 3.0).abs() < 1e-15 && (rates[1] - 2.0 / 3.0).abs() < 1e-15 && rates[2] == 1.0);
    }

    #[test]
    fn open_set_search_by_the_rule() {
        let gallery = at(&[(0.0, 1), (90.0, 2)]);
        let probes = at(&[(5.0, 1), (30.0, 1), (20.0, 8), (40.0, 9)]);
        let outcomes = identify(&probes, &gallery).unwrap().outcomes;
        let half = tpir_at(&outcomes, Far::new(0.5).unwrap()).unwrap();
        assert!((half.threshold.0 - 20f64.to_radians().cos()).abs() < 1e-7);
        assert_eq!(half.estimate.value, 0.5);
        assert_eq!(tpir_at(&outcomes, Far::new(1.0).unwrap()).unwrap().estimate.value, 1.0);
        assert!(matches!(tpir_at(&outcomes, Far::new(0.1).unwrap()), Err(EvalError::FarNotSupported { n_impostor: 2, .. })));
    }

    /// Outcomes of people with so many probes and hits each.
    fn outcomes(people: &[(u32, u32)]) -> Vec<Outcome> {
        let of = |(person, (probes, hits)): (usize, &(u32, u32))| {
            let (hits, person) = (*hits, person as u32);
            (0..*probes).map(move |i| {
                let mate = Mate { score: Similarity(0.5), rank: if i < hits { 1 } else { 3 } };
                Outcome { person, mate: Some(mate), best_other: Some(Similarity(0.4)) }
            })
        };
        people.iter().enumerate().flat_map(of).collect()
    }

    #[test]
    fn probes_of_one_person_count_for_what_they_are_worth() {
        let ci = |people: &[(u32, u32)]| cmc(&outcomes(people), &[1]).unwrap()[0].ci.unwrap();
        // 10 people of 5 probes: all or nothing for each, against hits that are spread evenly
        let together = ci(&[(5, 5), (5, 5), (5, 5), (5, 5), (5, 5), (5, 5), (5, 5), (5, 5), (5, 0), (5, 0)]);
        let apart = ci(&[(5, 4); 10]);
        assert_eq!(apart, wilson(40.0, 50));
        // v = 10/9·(8 + 2·16) = 44.4 hits², np(1 − p) = 8: the probes are worth 9 independent ones
        let nine = wilson_of(40.0 / (50.0 / 9.0), 9.0);
        assert!((together.low - nine.low).abs() < 1e-12 && (together.high - nine.high).abs() < 1e-12, "{together:?} {nine:?}");
        assert_eq!(ci(&[(5, 5), (5, 5)]), wilson(10.0, 10));
        let all = Searched { outcomes: outcomes(&[(2, 1), (4, 4), (1, 0)]), impostors: Vec::new(), people: 4 };
        let without: Vec<usize> = without_people(&all).iter().map(|it| it.outcomes.len()).collect();
        assert_eq!(without, [5, 3, 6]);
    }

    #[test]
    fn who_ties_with_the_mate_stands_before_it() {
        let gallery = at(&[(10.0, 1), (-10.0, 2)]);
        let outcome = identify(&at(&[(0.0, 1)]), &gallery).unwrap().outcomes[0];
        assert_eq!((outcome.mate.unwrap().rank, outcome.mate.unwrap().score), (2, outcome.best_other.unwrap()));
    }

    #[test]
    fn probes_without_mates_have_no_rank() {
        let outcomes = identify(&at(&[(0.0, 1)]), &at(&[(0.0, 2)])).unwrap().outcomes;
        assert_eq!(cmc(&outcomes, &[1]).unwrap_err(), EvalError::NoMates { probes: 1 });
    }

    #[test]
    fn a_threshold_over_all_other_people_lets_through_so_many_a_probe() {
        let gallery = at(&[(0.0, 1), (60.0, 2), (90.0, 3)]);
        let searched = identify(&at(&[(11.0, 1), (52.0, 2), (70.0, 3), (1.0, 9)]), &gallery).unwrap();
        // with other people: 49 and 79 degrees of the first, 52 and 38 of the second, 70 and 10 of the third; strangers don't count
        let degrees: Vec<f64> = searched.impostors.iter().map(|s| s.acos().to_degrees().round()).collect();
        assert_eq!((degrees, searched.people), (vec![10.0, 38.0, 49.0], 3));
        let recall = |f: f64| recall_at(&searched, Far::new(f).unwrap());
        let values = [1.0 / 3.0, 2.0 / 3.0, 1.0].map(|f| recall(f).unwrap().value);
        assert_eq!(values, [1.0 / 3.0, 1.0, 1.0], "mates at 11, 8 and 20 degrees");
        let one = recall(0.5).unwrap();
        assert_eq!((one.n_genuine, one.n_impostor), (3, 6));
        assert!(matches!(recall(0.1), Err(EvalError::TooFewProbes { probes: 3, needed: 10, .. })));
        let alone = identify(&at(&[(10.0, 1)]), &at(&[(0.0, 1)])).unwrap();
        assert_eq!(recall_at(&alone, Far::new(1.0).unwrap()), Err(EvalError::OnePerson));
    }

    #[test]
    fn the_largest_of_many_are_kept_whatever_the_blocks() {
        let numbers: Vec<f64> = (0..500).map(|i| f64::from(i * 37 % 101)).collect();
        let mut sorted = numbers.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        for (count, block) in [(0, 7), (1, 1), (30, 7), (30, 500), (600, 9)] {
            let mut largest = Largest::new(count);
            numbers.chunks(block).for_each(|some| {
                let floor = largest.floor;
                largest.add(some.iter().copied().filter(|it| *it > floor).collect());
            });
            assert_eq!(largest.falling(), sorted[..count.min(500)], "{count} in blocks of {block}");
        }
    }
}
