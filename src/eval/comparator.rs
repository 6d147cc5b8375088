//! Comparisons of two sets of features, landmark by landmark, as a model has learned them: comparator networks (Xie, Shen and Zisserman,
//! ECCV 2018).
//!
//! Computed in double precision and in one order. What a set gives to the first layer does not depend on the set that it is compared with,
//! so it is computed once for each set.

use super::templates::{Scored, unit};
use super::vector::dot;
use super::{EvalError, Features};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What says how alike two sets' descriptors of a landmark are: `u . max(W [a; b; e] + c, 0) + d`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparator {
    /// Landmarks in a feature, their descriptors side by side.
    pub landmarks: usize,
    /// W: for each hidden number, `[2 width + landmarks]`.
    pub weight: Vec<Vec<f64>>,
    /// c: `[hidden]`.
    pub bias: Vec<f64>,
    /// u: `[hidden]`.
    pub score: Vec<f64>,
    /// d.
    pub offset: f64,
}

/// Sets of features as they are compared.
#[derive(Debug)]
pub struct Compared<'c> {
    by: &'c Comparator,
    sets: usize,
    /// For each set, landmark and hidden number: what the set adds where it comes first, with the bias and the landmark's own part.
    first: Vec<f64>,
    /// The same where it comes second.
    second: Vec<f64>,
}

impl Comparator {
    /// Whether it is of features of this width.
    ///
    /// # Errors
    /// Weights of another width.
    pub fn fits(&self, width: usize) -> Result<(), EvalError> {
        let local = width / self.landmarks.max(1);
        let wrong = |found: usize, wanted: usize| Err(EvalError::Lengths { what: "a comparison's weight", found, wanted });
        if local * self.landmarks != width || width == 0 || self.weight.is_empty() {
            return Err(EvalError::Lengths { what: "the landmarks of a feature", found: width, wanted: self.landmarks });
        }
        let (inputs, hidden) = (2 * local + self.landmarks, self.weight.len());
        match self.weight.iter().find(|row| row.len() != inputs) {
            Some(row) => wrong(row.len(), inputs),
            None if self.bias.len() != hidden => wrong(self.bias.len(), hidden),
            None if self.score.len() != hidden => wrong(self.score.len(), hidden),
            None => Ok(()),
        }
    }

    /// These sets' features, ready to be compared with each other.
    ///
    /// # Errors
    /// Features of another width.
    pub fn compared(&self, sets: &Features) -> Result<Compared<'_>, EvalError> {
        self.fits(sets.dim())?;
        let local = sets.dim() / self.landmarks;
        let sides = |set: usize| {
            let (mut first, mut second) = (Vec::new(), Vec::new());
            for (k, descriptor) in sets.row(set).chunks_exact(local).enumerate() {
                // a landmark that no image of the set shows says nothing
                let unit = unit(descriptor.to_vec()).unwrap_or_else(|| vec![0.0; local]);
                for (row, bias) in self.weight.iter().zip(&self.bias) {
                    let (own, other) = (&row[..local], &row[local..2 * local]);
                    first.push(dot(own, &unit) + row[2 * local + k] + bias);
                    second.push(dot(other, &unit));
                }
            }
            (first, second)
        };
        let all: Vec<(Vec<f64>, Vec<f64>)> = (0..sets.len()).into_par_iter().map(sides).collect();
        let (first, second): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        Ok(Compared { by: self, sets: sets.len(), first: first.concat(), second: second.concat() })
    }
}

impl Scored for Compared<'_> {
    fn count(&self) -> usize {
        self.sets
    }

    /// Twice the probability that two sets show one person, less 1.
    fn score_of(&self, a: usize, b: usize) -> f64 {
        libm::tanh(f64::midpoint(self.logit(a, b), self.logit(b, a)) / 2.0)
    }
}

impl Compared<'_> {
    fn logit(&self, a: usize, b: usize) -> f64 {
        let (hidden, landmarks) = (self.by.weight.len(), self.by.landmarks);
        let of = |set: usize| set * landmarks * hidden..(set + 1) * landmarks * hidden;
        let (first, second) = (&self.first[of(a)], &self.second[of(b)]);
        let mut sum = 0.0;
        for (first, second) in first.chunks_exact(hidden).zip(second.chunks_exact(hidden)) {
            sum += first.iter().zip(second).zip(&self.by.score).map(|((a, b), u)| (a + b).max(0.0) * u).sum::<f64>();
        }
        sum / landmarks as f64 + self.by.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(i: usize) -> f64 {
        (i as f64 * 1.7 + 0.3).sin()
    }

    /// Of two landmarks of three numbers, through four hidden ones.
    fn comparator() -> Comparator {
        let weight = (0..4).map(|h| (0..8).map(|i| wave(8 * h + i)).collect()).collect();
        let some = |from: usize| (from..from + 4).map(wave).collect();
        Comparator { landmarks: 2, weight, bias: some(40), score: some(50), offset: 0.2 }
    }

    fn features(rows: &[f32], count: u32) -> Features {
        Features::new(rows, 6, (0..count).collect()).unwrap()
    }

    #[test]
    fn two_sets_score_by_the_formula() {
        let by = comparator();
        let (a, b) = ([3.0f32, 0.0, 4.0, 0.0, 0.5, 0.0], [1.0f32, 2.0, 2.0, -6.0, 0.0, 8.0]);
        let (a_units, b_units) = ([[0.6, 0.0, 0.8], [0.0, 1.0, 0.0]], [[1.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0], [-0.6, 0.0, 0.8]]);
        let s = |a: [f64; 3], b: [f64; 3], k: usize| {
            let input: Vec<f64> = a.into_iter().chain(b).chain((0..2).map(|j| f64::from(u8::from(j == k)))).collect();
            let hidden = |h: usize| (by.weight[h].iter().zip(&input).map(|(w, x)| w * x).sum::<f64>() + by.bias[h]).max(0.0);
            (0..4).map(|h| by.score[h] * hidden(h)).sum::<f64>() + by.offset
        };
        let logit = (0..2).map(|k| f64::midpoint(s(a_units[k], b_units[k], k), s(b_units[k], a_units[k], k))).sum::<f64>() / 2.0;
        let sets = features(&[a, b].concat(), 2);
        let compared = by.compared(&sets).unwrap();
        let wanted = 2.0 / (1.0 + (-logit).exp()) - 1.0;
        assert!((compared.score_of(0, 1) - wanted).abs() < 1e-12, "{} {wanted}", compared.score_of(0, 1));
        assert_eq!(compared.score_of(0, 1).to_bits(), compared.score_of(1, 0).to_bits());
    }

    #[test]
    fn a_landmark_that_nothing_shows_counts_as_nothing() {
        let by = comparator();
        let sets = features(&[[0.0f32, 0.0, 0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]].concat(), 2);
        assert!(by.compared(&sets).unwrap().score_of(0, 1).is_finite());
    }

    #[test]
    fn weights_of_another_width_are_refused() {
        assert_eq!(comparator().fits(6), Ok(()));
        let lengths = |what, found, wanted| Err(EvalError::Lengths { what, found, wanted });
        assert_eq!(comparator().fits(7), lengths("the landmarks of a feature", 7, 2));
        assert_eq!(comparator().fits(8), lengths("a comparison's weight", 8, 10));
        let short = Comparator { score: vec![0.0; 3], ..comparator() };
        assert_eq!(short.fits(6), lengths("a comparison's weight", 3, 4));
    }
}
