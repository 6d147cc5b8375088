//! Every pair of a set of features, for false-accept rates that no pair list reaches. No score of two people is stored.

use super::scores::{Counter, Ranking, Sums, both_needed};
use super::vector::{clamped, dot, normalised_rows};
use super::{EvalError, ScoreSets};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// L2-normalised features of images with the people they show.
#[derive(Debug, Clone)]
pub struct Features {
    rows: Vec<f64>, // [n, d], unit rows
    d: usize,
    labels: Vec<u32>, // [n]
}

impl Features {
    /// `values` is `[n, d]` row by row, `labels` has the person of each row. Refused when the lengths disagree, or a row is not finite or
    /// all zero.
    pub fn new(values: &[f32], d: usize, labels: Vec<u32>) -> Result<Self, EvalError> {
        let wanted = labels.len() * d;
        if d == 0 || values.len() != wanted {
            return Err(EvalError::Lengths { what: "the feature matrix", found: values.len(), wanted });
        }
        Ok(Features { rows: normalised_rows(values, d)?, d, labels })
    }

    /// The same of rows that are unit vectors already.
    pub(super) fn of_unit_rows(rows: Vec<f64>, d: usize, labels: Vec<u32>) -> Self {
        Features { rows, d, labels }
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The numbers of each feature.
    pub fn dim(&self) -> usize {
        self.d
    }

    /// The person of each image.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.d..(i + 1) * self.d]
    }

    /// The cosine of two images, which may be of two sets.
    pub(super) fn score(&self, i: usize, other: &Features, j: usize) -> f64 {
        clamped(dot(self.row(i), other.row(j)))
    }

    fn by_person(&self) -> BTreeMap<u32, Vec<usize>> {
        let mut people: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (i, &label) in self.labels.iter().enumerate() {
            people.entry(label).or_default().push(i);
        }
        people
    }
}

/// Genuine and impostor scores of all n(n − 1)/2 pairs within one set.
///
/// Time is n²·d/2 multiply-adds on all threads; memory the genuine scores and a counter for each. The result has the same bits whatever
/// the number of threads: counts are whole numbers, every score is summed in one order, and the impostors' moments are summed row by row.
pub fn all_pairs(features: &Features) -> Result<ScoreSets, EvalError> {
    let people: Vec<Vec<usize>> = features.by_person().into_values().collect();
    let genuine = people
        .par_iter()
        .flat_map_iter(|images| {
            images.iter().enumerate().flat_map(move |(at, &i)| images[at + 1..].iter().map(move |&j| features.score(i, features, j)))
        })
        .collect();
    count_impostors(features, features, true, genuine)
}

/// Genuine and impostor scores of every probe with every gallery image: two sets without common images, such as degraded probes and clean
/// ones.
pub fn cross_pairs(probes: &Features, gallery: &Features) -> Result<ScoreSets, EvalError> {
    if probes.d != gallery.d {
        return Err(EvalError::Lengths { what: "each gallery feature", found: gallery.d, wanted: probes.d });
    }
    let people = gallery.by_person();
    let genuine = (0..probes.len())
        .into_par_iter()
        .flat_map_iter(|i| people.get(&probes.labels[i]).into_iter().flatten().map(move |&j| probes.score(i, gallery, j)))
        .collect();
    count_impostors(probes, gallery, false, genuine)
}

/// Rows that one task works on, and columns that it takes at once to keep them in its cache. They change no bit of the result.
const ROWS: usize = 32;
const COLUMNS: usize = 64;

/// Counts the impostors of `left` × `right` (only j > i when both are one set) among the genuine scores.
fn count_impostors(left: &Features, right: &Features, one_set: bool, genuine: Vec<f64>) -> Result<ScoreSets, EvalError> {
    let pairs = if one_set { left.len() * left.len().saturating_sub(1) / 2 } else { left.len() * right.len() };
    both_needed(genuine.len() as u64, (pairs - genuine.len()) as u64)?;
    let ranking = Ranking::new(genuine);
    let slots: Vec<AtomicU64> = (0..ranking.slots()).map(|_| AtomicU64::new(0)).collect();
    let steps = Counter::shared();
    let blocks: Vec<Block> = (0..left.len())
        .into_par_iter()
        .step_by(ROWS)
        .map(|first| {
            let mut block = Block::new(first, (left.len() - first).min(ROWS));
            block.count(left, right, one_set, &ranking, &slots).add_to(&steps);
            block
        })
        .collect();
    let mut sums = Sums::default();
    blocks.iter().flat_map(|block| &block.sums).for_each(|row| sums.merge(row));
    let slots: Vec<u64> = slots.into_iter().map(AtomicU64::into_inner).collect();
    Ok(ranking.finish(&slots, Counter::of_shared(steps).steps(), sums.moments()))
}

/// What one task counted.
struct Block {
    first: usize,
    /// Of each row.
    sums: Vec<Sums>,
}

impl Block {
    fn new(first: usize, rows: usize) -> Self {
        Block { first, sums: vec![Sums::default(); rows] }
    }

    /// Counts the scores of its rows in the slots, and gives their steps.
    fn count(&mut self, left: &Features, right: &Features, one_set: bool, ranking: &Ranking, slots: &[AtomicU64]) -> Counter {
        let mut steps = Counter::new();
        let begin = if one_set { self.first } else { 0 };
        for tile in (begin..right.len()).step_by(COLUMNS) {
            let end = (tile + COLUMNS).min(right.len());
            for (offset, sums) in self.sums.iter_mut().enumerate() {
                let i = self.first + offset;
                let from = if one_set { tile.max(i + 1) } else { tile };
                for j in (from..end).filter(|&j| left.labels[i] != right.labels[j]) {
                    let score = left.score(i, right, j);
                    slots[ranking.slot(score)].fetch_add(1, Ordering::Relaxed);
                    steps.add(score);
                    sums.add(score);
                }
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PairScores, Pairs, cosine};
    use ddl_base::random::Draw;

    fn noise(n: usize, d: usize, people: u32, seed: i64) -> (Vec<f32>, Vec<u32>) {
        let name = Draw::new(seed, "test features");
        let labels: Vec<u32> = (0..n).map(|i| i as u32 % people).collect();
        let values = (0..n * d).map(|k| {
            let own = name.clone().text("own").number(k as u64).unit();
            let shared = name.clone().text("person").number(u64::from(labels[k / d]) * d as u64 + (k % d) as u64).unit();
            (own + shared - 1.0) as f32
        });
        (values.collect(), labels)
    }

    #[test]
    fn all_pairs_equal_the_listed_pairs() {
        let (n, d) = (150, 19);
        let (values, labels) = noise(n, d, 40, 1);
        let counted = all_pairs(&Features::new(&values, d, labels.clone()).unwrap()).unwrap();
        let (mut same, mut score) = (Vec::new(), Vec::new());
        for i in 0..n {
            for j in i + 1..n {
                same.push(labels[i] == labels[j]);
                score.push(cosine(&values[i * d..(i + 1) * d], &values[j * d..(j + 1) * d]).unwrap());
            }
        }
        let listed = Pairs::new(vec![0; same.len()], same, PairScores::Cosine(score)).unwrap().score_sets();
        assert_eq!(counted.histograms(), listed.histograms());
        assert_eq!((counted.auc(), counted.eer(), counted.roc(100)), (listed.auc(), listed.eer(), listed.roc(100)));
        assert!((counted.gap().value - listed.gap().value).abs() < 1e-13);
    }

    #[test]
    fn threads_change_no_bit() {
        let (values, labels) = noise(200, 32, 30, 2);
        let features = Features::new(&values, 32, labels).unwrap();
        let with =
            |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| all_pairs(&features).unwrap());
        assert_eq!(with(1), with(5));
    }

    #[test]
    fn probes_against_a_gallery_cover_every_pair_once() {
        let (values, labels) = noise(60, 8, 10, 3);
        let (probe, gallery) = (&values[..25 * 8], &values[25 * 8..]);
        let sets = cross_pairs(
            &Features::new(probe, 8, labels[..25].to_vec()).unwrap(),
            &Features::new(gallery, 8, labels[25..].to_vec()).unwrap(),
        )
        .unwrap();
        let genuine = labels[..25].iter().map(|l| labels[25..].iter().filter(|m| *m == l).count()).sum::<usize>();
        assert_eq!(sets.counts(), (genuine as u64, (25 * 35 - genuine) as u64));
    }

    #[test]
    fn bad_features_are_refused() {
        assert!(matches!(Features::new(&[1.0, 2.0, 3.0], 2, vec![0]), Err(EvalError::Lengths { .. })));
        assert!(matches!(Features::new(&[1.0, 0.0, 0.0, 0.0], 2, vec![0, 1]), Err(EvalError::NoDirection { index: 1 })));
        assert!(matches!(Features::new(&[1.0, f32::INFINITY], 2, vec![0]), Err(EvalError::NotFinite { index: 0, .. })));
        let lonely = Features::new(&[1.0, 0.0, 0.0, 1.0], 2, vec![0, 1]).unwrap();
        assert!(matches!(all_pairs(&lonely), Err(EvalError::OneSided { n_genuine: 0, n_impostor: 1, .. })));
        let empty = Features::new(&[], 2, vec![]).unwrap();
        assert!(matches!(all_pairs(&empty), Err(EvalError::OneSided { .. })));
    }
}
