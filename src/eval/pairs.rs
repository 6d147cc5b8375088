//! Scored pairs of a verification protocol.

use super::{EvalError, Kinds, ScoreSets, Similarity, SquaredDistance, parts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The scores of pairs, in the measure that they were taken in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PairScores {
    /// Cosine similarities, in [-1, 1].
    Cosine(Vec<f64>),
    /// Squared distances of L2-normalised features, in [0, 4].
    SquaredDistance(Vec<f64>),
}

impl PairScores {
    fn values(&self) -> &[f64] {
        match self {
            PairScores::Cosine(values) | PairScores::SquaredDistance(values) => values,
        }
    }

    /// All scores are numbers of their measure's range, up to rounding.
    fn check(&self) -> Result<(), EvalError> {
        let (measure, from, to) = match self {
            PairScores::Cosine(_) => ("cosine similarity", -1.0, 1.0),
            PairScores::SquaredDistance(_) => ("squared distance of unit vectors", 0.0, 4.0),
        };
        for (index, &value) in self.values().iter().enumerate() {
            if !value.is_finite() {
                return Err(EvalError::NotFinite { what: "score", index, value });
            }
            if value < from - 1e-6 || value > to + 1e-6 {
                return Err(EvalError::OutOfRange { index, value, measure, from, to });
            }
        }
        Ok(())
    }
}

/// How pairs are dealt into folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Folding {
    /// As the protocol's file says.
    AsGiven,
    /// So many contiguous blocks in the order of the pairs, as scikit-learn's `KFold` without shuffling (the first n mod k have one more).
    Contiguous(u32),
    /// So many contiguous blocks of the genuine pairs, and as many of the impostor pairs, one of each a fold: for a part of a protocol
    /// that has too few folds of its own. People may then stand in several folds.
    Stratified(u32),
}

/// Pairs of a verification protocol with their scores. The columns have one length, at least one pair of each kind, and finite scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pairs {
    fold: Vec<u32>,
    same: Vec<bool>,
    score: PairScores,
}

impl Pairs {
    /// Pairs by columns: the fold each stands in (any numbers), whether it shows one person, and its score.
    pub fn new(fold: Vec<u32>, same: Vec<bool>, score: PairScores) -> Result<Self, EvalError> {
        let wanted = score.values().len();
        for (what, found) in [("fold", fold.len()), ("same", same.len())] {
            if found != wanted {
                return Err(EvalError::Lengths { what, found, wanted });
            }
        }
        score.check()?;
        let pairs = Pairs { fold, same, score };
        let (n_genuine, n_impostor) = pairs.counts();
        if n_genuine == 0 || n_impostor == 0 {
            return Err(EvalError::OneSided { place: "all folds".to_owned(), n_genuine, n_impostor });
        }
        Ok(pairs)
    }

    /// The same pairs dealt into folds by a rule.
    #[must_use]
    pub fn refold(mut self, folding: Folding) -> Self {
        match folding {
            Folding::AsGiven => {}
            Folding::Contiguous(k) => {
                let n = self.same.len();
                self.fold = (0..n).map(|i| block_of(i, n, k)).collect();
            }
            Folding::Stratified(k) => {
                let (n_genuine, n_impostor) = self.counts();
                let mut seen = [0, 0];
                for (fold, &same) in self.fold.iter_mut().zip(&self.same) {
                    let n = if same { n_genuine } else { n_impostor };
                    *fold = block_of(seen[usize::from(same)], n as usize, k);
                    seen[usize::from(same)] += 1;
                }
            }
        }
        self
    }

    /// The fold of each pair.
    pub fn fold(&self) -> &[u32] {
        &self.fold
    }

    /// Whether each pair shows one person.
    pub fn same(&self) -> &[bool] {
        &self.same
    }

    /// The scores as squared distances.
    pub fn distances(&self) -> Vec<f64> {
        match &self.score {
            PairScores::SquaredDistance(values) => values.clone(),
            PairScores::Cosine(values) => values.iter().map(|&s| SquaredDistance::from(Similarity(s)).0).collect(),
        }
    }

    /// The scores as cosine similarities.
    pub fn similarities(&self) -> Vec<f64> {
        match &self.score {
            PairScores::Cosine(values) => values.clone(),
            PairScores::SquaredDistance(values) => values.iter().map(|&d| Similarity::from(SquaredDistance(d)).0).collect(),
        }
    }

    /// How many pairs show one person, and how many two.
    pub fn counts(&self) -> (u64, u64) {
        let genuine = self.same.iter().filter(|&&same| same).count();
        (genuine as u64, (self.same.len() - genuine) as u64)
    }

    /// How many pairs of each kind every fold has, by the folds' numbers.
    pub fn by_fold(&self) -> Vec<(u32, Kinds)> {
        let mut folds: BTreeMap<u32, Kinds> = BTreeMap::new();
        for (fold, &same) in self.fold.iter().zip(&self.same) {
            let kinds = folds.entry(*fold).or_default();
            *(if same { &mut kinds.genuine } else { &mut kinds.impostor }) += 1;
        }
        folds.into_iter().collect()
    }

    /// The pairs without each fold; many folds are left out in groups.
    ///
    /// # Errors
    /// What is left is of one kind.
    pub fn without_each(&self) -> Result<Vec<Pairs>, EvalError> {
        let folds: Vec<u32> = self.by_fold().into_iter().map(|(fold, _)| fold).collect();
        let groups = parts::groups(folds.len());
        let group = |fold: &u32| groups[folds.partition_point(|it| it < fold)];
        let scores = self.similarities();
        (0..=groups.last().copied().unwrap_or(0))
            .map(|left_out| {
                let kept: Vec<usize> = (0..self.fold.len()).filter(|at| group(&self.fold[*at]) != left_out).collect();
                let (fold, same) = kept.iter().map(|at| (self.fold[*at], self.same[*at])).unzip();
                Pairs::new(fold, same, PairScores::Cosine(kept.iter().map(|at| scores[*at]).collect()))
            })
            .collect()
    }

    /// All pairs as two sets of similarities, for what needs no folds.
    pub fn score_sets(&self) -> ScoreSets {
        let scores = self.similarities();
        let of = |same: bool| scores.iter().zip(&self.same).filter(move |(_, s)| **s == same).map(|(&score, _)| score).collect();
        ScoreSets::from_checked(of(true), of(false))
    }
}

/// Which of `k` contiguous blocks of `n` things the `i`-th falls into; the first n mod k blocks have one more. 0 when `k` is 0.
fn block_of(i: usize, n: usize, k: u32) -> u32 {
    let k = (k as usize).clamp(1, n.max(1));
    let (size, longer) = (n / k, n % k);
    let in_longer = longer * (size + 1);
    (if i < in_longer { i / (size + 1) } else { longer + (i - in_longer) / size }) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contiguous_folds_are_those_of_scikit_learn() {
        let folds: Vec<u32> = (0..11).map(|i| block_of(i, 11, 4)).collect();
        assert_eq!(folds, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3]);
    }

    #[test]
    fn stratified_folds_have_both_kinds() {
        let same = [[true; 6], [false; 6]].concat();
        let pairs = Pairs::new(vec![8; 12], same, PairScores::Cosine(vec![0.5; 12])).unwrap().refold(Folding::Stratified(3));
        assert_eq!(pairs.fold(), [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn bad_columns_are_refused() {
        let cosine = |v: &[f64]| PairScores::Cosine(v.to_vec());
        let of = |same: &[bool], score| Pairs::new(vec![0; same.len()], same.to_vec(), score).unwrap_err();
        assert!(matches!(of(&[true], cosine(&[0.1, 0.2])), EvalError::Lengths { .. }));
        assert!(matches!(of(&[true, false], cosine(&[0.1, f64::NAN])), EvalError::NotFinite { index: 1, .. }));
        assert!(matches!(of(&[true, false], cosine(&[1.5, 0.0])), EvalError::OutOfRange { index: 0, .. }));
        assert!(matches!(of(&[true, true], cosine(&[0.1, 0.2])), EvalError::OneSided { n_impostor: 0, .. }));
        assert!(matches!(of(&[], cosine(&[])), EvalError::OneSided { .. }));
    }
}
