//! Genuine and impostor scores, reduced to what rates over all pairs need.

use super::EvalError;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bins of a score histogram: 0.01 of cosine each.
pub const HISTOGRAM_BINS: usize = 200;

/// The steps from -1 to 1 among which thresholds for other protocols are chosen: 1e-4 of cosine each.
const STEPS: usize = 20_000;

/// A threshold of cosine: a whole number of steps of 1e-4 from -1. Who has at least so many whole steps is accepted. The last accepts nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Threshold(u32);

impl Threshold {
    /// The threshold that is nearest to a cosine.
    pub fn near(cosine: f64) -> Self {
        Threshold(((cosine + 1.0) * (STEPS as f64 / 2.0)).round().clamp(0.0, STEPS as f64) as u32)
    }

    /// The cosine.
    pub fn cosine(self) -> f64 {
        (f64::from(self.0) - STEPS as f64 / 2.0) / (STEPS as f64 / 2.0)
    }
}

/// The step that a score lies in; scores beyond the ends lie in the steps there. A score of 0.019 reaches the threshold 0.019, although
/// 1.019 · 10,000 falls short of 10,190.
fn step(score: f64) -> u32 {
    (((score + 1.0) * (STEPS as f64 / 2.0) + 1e-7).max(0.0) as usize).min(STEPS - 1) as u32
}

/// How many scores lie in each step from -1 to 1: steps with scores, rising.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Steps(Vec<(u32, u64)>);

impl Steps {
    fn of(scores: &[f64]) -> Self {
        let mut steps: Vec<u32> = scores.iter().map(|score| step(*score)).collect();
        steps.sort_unstable();
        Steps(steps.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as u64)).collect())
    }

    /// Scores that a threshold accepts.
    pub(super) fn accepted(&self, at: Threshold) -> u64 {
        self.0.iter().filter(|(step, _)| *step >= at.0).map(|(_, count)| count).sum()
    }

    /// The lowest threshold that accepts no more than so many.
    pub(super) fn lowest(&self, allowed: u64) -> Threshold {
        let mut accepted = 0;
        let first_too_many = self.0.iter().rev().find(|(_, count)| {
            accepted += count;
            accepted > allowed
        });
        Threshold(first_too_many.map_or(0, |(step, _)| step + 1))
    }

    fn histogram(&self) -> Histogram {
        let mut counts = vec![0; HISTOGRAM_BINS];
        for (step, count) in &self.0 {
            counts[(*step as usize / (STEPS / HISTOGRAM_BINS)).min(HISTOGRAM_BINS - 1)] += count;
        }
        Histogram { from: -1.0, to: 1.0, counts }
    }
}

/// Counts scores that are not kept by their steps.
pub(super) struct Counter(Vec<u64>);

impl Counter {
    pub(super) fn new() -> Self {
        Counter(vec![0; STEPS])
    }

    pub(super) fn add(&mut self, score: f64) {
        self.0[step(score) as usize] += 1;
    }

    pub(super) fn merge(&mut self, other: &Counter) {
        self.0.iter_mut().zip(&other.0).for_each(|(to, from)| *to += from);
    }

    /// Adds them to counters that several threads share.
    pub(super) fn add_to(&self, shared: &[AtomicU64]) {
        let counted = self.0.iter().zip(shared).filter(|(count, _)| **count > 0);
        counted.for_each(|(count, shared)| {
            shared.fetch_add(*count, Ordering::Relaxed);
        });
    }

    /// Such counters.
    pub(super) fn shared() -> Vec<AtomicU64> {
        (0..STEPS).map(|_| AtomicU64::new(0)).collect()
    }

    pub(super) fn of_shared(shared: Vec<AtomicU64>) -> Self {
        Counter(shared.into_iter().map(AtomicU64::into_inner).collect())
    }

    pub(super) fn steps(self) -> Steps {
        Steps(self.0.into_iter().zip(0..).filter(|(count, _)| *count > 0).map(|(count, step)| (step, count)).collect())
    }
}

/// How many scores fall into each of equal bins over `[from, to]`; scores beyond the ends count in the end bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The lower end of the first bin.
    pub from: f64,
    /// The upper end of the last bin.
    pub to: f64,
    /// Scores per bin.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// How many scores there are.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// The bin of `score` among `bins` equal ones over [-1, 1]; never falls as the score rises, whatever the score.
fn cosine_bin(score: f64, bins: usize) -> usize {
    (((score + 1.0) * (bins as f64 / 2.0)).max(0.0) as usize).min(bins - 1)
}

/// Mean and standard deviation of a set of scores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// How many.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation (n − 1); 0 of one score.
    pub sd: f64,
}

impl Moments {
    fn of(scores: &[f64]) -> Self {
        Sums { n: scores.len() as u64, sum: scores.iter().sum(), squares: scores.iter().map(|s| s * s).sum() }.moments()
    }
}

/// What moments are made of, for scores that are not kept. Joined in one order, they have the same bits whoever summed the parts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    n: u64,
    sum: f64,
    squares: f64,
}

impl Sums {
    pub(super) fn add(&mut self, score: f64) {
        self.n += 1;
        self.sum += score;
        self.squares += score * score;
    }

    pub(super) fn merge(&mut self, other: &Sums) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    pub(super) fn moments(self) -> Moments {
        let mean = self.sum / self.n as f64;
        let variance = if self.n < 2 { 0.0 } else { (self.squares - self.sum * mean) / (self.n - 1) as f64 };
        Moments { n: self.n, mean, sd: variance.max(0.0).sqrt() }
    }
}

/// All genuine and impostor scores of a protocol, higher meaning more alike, as the exact steps of their ROC curve.
///
/// Whoever is accepted has a score of at least the threshold. TAR changes only at genuine scores, so for each of these it is enough to know
/// how many impostors reach it and how many exceed it: the curve is exact however many impostors there are, and none needs storing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreSets {
    /// The distinct genuine scores, falling.
    pub(super) levels: Vec<f64>,
    /// Genuine scores that reach each level.
    pub(super) genuine: Vec<u64>,
    /// Impostor scores that exceed each level.
    pub(super) exceeding: Vec<u64>,
    /// Impostor scores that reach each level.
    pub(super) reaching: Vec<u64>,
    pub(super) n_genuine: u64,
    pub(super) n_impostor: u64,
    pub(super) genuine_steps: Steps,
    pub(super) impostor_steps: Steps,
    genuine_moments: Moments,
    impostor_moments: Moments,
}

impl ScoreSets {
    /// Two sets of finite scores, neither empty.
    pub fn new(genuine: Vec<f64>, impostor: Vec<f64>) -> Result<Self, EvalError> {
        for (index, &value) in genuine.iter().chain(&impostor).enumerate() {
            if !value.is_finite() {
                return Err(EvalError::NotFinite { what: "score", index, value });
            }
        }
        both_needed(genuine.len() as u64, impostor.len() as u64)?;
        Ok(ScoreSets::from_checked(genuine, impostor))
    }

    /// As [`ScoreSets::new`] for scores that are known to be finite and not empty.
    pub(super) fn from_checked(genuine: Vec<f64>, mut impostor: Vec<f64>) -> Self {
        impostor.sort_by(f64::total_cmp);
        let ranking = Ranking::new(genuine);
        let mut slots = vec![0; ranking.slots()];
        for &score in &impostor {
            slots[ranking.slot(score)] += 1;
        }
        ranking.finish(&slots, Steps::of(&impostor), Moments::of(&impostor))
    }

    /// How many genuine and impostor scores there are.
    pub fn counts(&self) -> (u64, u64) {
        (self.n_genuine, self.n_impostor)
    }

    /// Genuine and impostor scores in [`HISTOGRAM_BINS`] bins over [-1, 1].
    pub fn histograms(&self) -> (Histogram, Histogram) {
        (self.genuine_steps.histogram(), self.impostor_steps.histogram())
    }

    /// Mean and standard deviation of the genuine and of the impostor scores.
    pub fn moments(&self) -> (Moments, Moments) {
        (self.genuine_moments, self.impostor_moments)
    }
}

/// Refuses to go on when a kind of pair is missing.
pub(super) fn both_needed(n_genuine: u64, n_impostor: u64) -> Result<(), EvalError> {
    if n_genuine > 0 && n_impostor > 0 { Ok(()) } else { Err(EvalError::OneSided { place: "all pairs".to_owned(), n_genuine, n_impostor }) }
}

/// Bins that narrow the search for a score's place among the genuine ones.
const INDEX_BINS: usize = 4096;

/// The places that an impostor score can take among the distinct genuine scores.
///
/// Slot 2j lies above level j (and below level j − 1), slot 2j + 1 at level j, the last slot below all levels.
pub(super) struct Ranking {
    sorted: Vec<f64>, // all genuine scores, rising
    levels: Vec<f64>, // the distinct ones, falling
    /// Levels in bins above the b-th, for every b, and one more entry for all.
    before: Vec<usize>,
}

impl Ranking {
    /// A ranking by genuine scores, which must be finite and at least one.
    pub(super) fn new(mut genuine: Vec<f64>) -> Self {
        genuine.sort_by(f64::total_cmp);
        let mut levels: Vec<f64> = genuine.iter().rev().copied().collect();
        levels.dedup();
        // before[b] = levels in bins ≥ b, so that those of bin b are before[b + 1] .. before[b].
        let mut before = vec![0; INDEX_BINS + 1];
        for &level in &levels {
            before[cosine_bin(level, INDEX_BINS)] += 1;
        }
        for bin in (0..INDEX_BINS).rev() {
            before[bin] += before[bin + 1];
        }
        Ranking { sorted: genuine, levels, before }
    }

    pub(super) fn slots(&self) -> usize {
        2 * self.levels.len() + 1
    }

    /// The slot of an impostor's score.
    pub(super) fn slot(&self, score: f64) -> usize {
        let bin = cosine_bin(score, INDEX_BINS);
        let (first, last) = (self.before[bin + 1], self.before[bin]);
        let place = first + self.levels[first..last].partition_point(|&level| level > score);
        let tie = place < self.levels.len() && self.levels[place] >= score;
        2 * place + usize::from(tie)
    }

    /// The score sets, once every impostor has been counted in its slot.
    pub(super) fn finish(self, slots: &[u64], impostor_steps: Steps, impostor_moments: Moments) -> ScoreSets {
        let n_genuine = self.sorted.len() as u64;
        let genuine_steps = Steps::of(&self.sorted);
        let genuine = self.levels.iter().map(|&level| n_genuine - self.sorted.partition_point(|&s| s < level) as u64).collect();
        let (mut exceeding, mut reaching, mut sum) = (Vec::new(), Vec::new(), 0);
        for slot in slots[..2 * self.levels.len()].chunks_exact(2) {
            exceeding.push(sum + slot[0]);
            sum += slot[0] + slot[1];
            reaching.push(sum);
        }
        ScoreSets {
            genuine_moments: Moments::of(&self.sorted),
            levels: self.levels,
            genuine,
            exceeding,
            reaching,
            n_genuine,
            n_impostor: impostor_moments.n,
            genuine_steps,
            impostor_steps,
            impostor_moments,
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // the compared values are exact
mod tests {
    use super::*;

    #[test]
    fn impostors_find_their_place_among_genuine_scores() {
        let sets = ScoreSets::new(vec![0.9, 0.5, 0.5, 0.1], vec![0.95, 0.9, 0.6, 0.5, 0.2, 0.1, 0.0, -1.0]).unwrap();
        assert_eq!(sets.levels, [0.9, 0.5, 0.1]);
        assert_eq!(sets.genuine, [1, 3, 4]);
        assert_eq!(sets.exceeding, [1, 3, 5]);
        assert_eq!(sets.reaching, [2, 4, 6]);
        assert_eq!(sets.counts(), (4, 8));
    }

    #[test]
    fn scores_beyond_the_cosine_keep_their_order() {
        let sets = ScoreSets::new(vec![30.0, 20.0], vec![25.0, 35.0, -7.0]).unwrap();
        assert_eq!((sets.exceeding.clone(), sets.reaching.clone()), (vec![1, 2], vec![1, 2]));
        assert_eq!(sets.histograms().1.counts[HISTOGRAM_BINS - 1], 2);
    }

    #[test]
    fn steps_are_counted_alike_by_both_and_summed_up() {
        let scores = [-1.0, -0.9999, 0.019, 0.35, 0.35004, 1.0, 7.0];
        let (steps, mut counter) = (Steps::of(&scores), Counter::new());
        scores.into_iter().for_each(|score| counter.add(score));
        assert_eq!((steps.clone(), steps.0.as_slice()), (counter.steps(), &[(0, 1), (1, 1), (10_190, 1), (13_500, 2), (19_999, 2)][..]));
        let lowest = [0, 1, 2, 4, 5, 6, 9].map(|allowed| steps.lowest(allowed).cosine());
        assert_eq!(lowest, [1.0, 1.0, 0.3501, 0.0191, -0.9998, -0.9999, -1.0]);
        let accepted = [-1.0, 0.35, 0.3501, 1.0].map(|cosine| steps.accepted(Threshold::near(cosine)));
        assert_eq!(accepted, [7, 4, 2, 0]);
        assert_eq!([Threshold::near(-3.0).cosine(), Threshold::near(0.12344).cosine()], [-1.0, 0.1234]);
    }

    #[test]
    fn moments_of_a_few_scores() {
        let (genuine, impostor) = ScoreSets::new(vec![0.5], vec![0.1, 0.3]).unwrap().moments();
        assert_eq!((genuine.n, genuine.sd), (1, 0.0));
        assert!((impostor.mean - 0.2).abs() < 1e-15 && (impostor.sd - 0.02f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_missing_kind_is_refused() {
        assert!(matches!(ScoreSets::new(vec![], vec![0.1]), Err(EvalError::OneSided { .. })));
        assert!(matches!(ScoreSets::new(vec![0.1], vec![f64::NAN]), Err(EvalError::NotFinite { index: 1, .. })));
    }
}
