//! Learned poolings of sets of features, as a model has learned them: Multicolumn (Xie and Zisserman, BMVC 2018).
//!
//! Computed in double precision and in one order, with logarithms of qualities in place of qualities: those of bad images may be too small
//! to be numbers, and their shares are still right.

use super::EvalError;
use super::comparator::Comparator;
use super::vector::dot;
use serde::{Deserialize, Serialize};

/// What a model has learned of sets. On disk each is its own fields alone, which tell them apart: results that were stored before there
/// were two stay readable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Learned {
    /// How their features become one.
    Multicolumn(Multicolumn),
    /// How two of them are compared.
    Comparator(Comparator),
}

impl Learned {
    /// Whether it is of features of this width.
    ///
    /// # Errors
    /// Weights of another width.
    pub fn fits(&self, width: usize) -> Result<(), EvalError> {
        match self {
            Learned::Multicolumn(it) => it.fits(width),
            Learned::Comparator(it) => it.fits(width),
        }
    }
}

/// One number of a vector: `weight . x + bias`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// `[inputs]`
    pub weight: Vec<f64>,
    /// The number at 0.
    pub bias: f64,
}

impl Linear {
    fn at(&self, x: &[f64]) -> f64 {
        dot(&self.weight, x) + self.bias
    }
}

/// How good the images of a set are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Multicolumn {
    /// Visual quality of a feature: the logistic function of this.
    pub alpha: Linear,
    /// Content quality of a feature beside the whole set's `[v; v_m]`; none where visual quality weighs alone.
    pub beta: Option<Linear>,
}

/// A medium of a set, pooled.
#[derive(Debug, Clone)]
pub(super) struct Medium {
    /// Its feature as qualities are read from it.
    pub read: Vec<f64>,
    /// Its feature as it is pooled.
    pub pooled: Vec<f64>,
    /// The logarithm of its visual quality.
    pub quality: f64,
}

impl Multicolumn {
    /// Whether it is of features of this width.
    ///
    /// # Errors
    /// Weights of another width.
    pub fn fits(&self, width: usize) -> Result<(), EvalError> {
        let wrong = |found: usize, wanted: usize| EvalError::Lengths { what: "a pooling's weight", found, wanted };
        let beta = self.beta.as_ref().map_or(2 * width, |beta| beta.weight.len());
        match (self.alpha.weight.len(), beta) {
            (found, _) if found != width => Err(wrong(found, width)),
            (_, found) if found != 2 * width => Err(wrong(found, 2 * width)),
            _ => Ok(()),
        }
    }

    /// The logarithm of a feature's visual quality.
    pub(super) fn visual(&self, x: &[f64]) -> f64 {
        log_logistic(self.alpha.at(x))
    }

    /// The feature of a set of media, at least one.
    pub(super) fn pool(&self, media: &[Medium]) -> Vec<f64> {
        let visual: Vec<f64> = media.iter().map(|medium| medium.quality).collect();
        let Some(beta) = &self.beta else { return weighted(media.iter().map(|medium| &medium.pooled), &shares(&visual)) };
        let whole = weighted(media.iter().map(|medium| &medium.read), &shares(&visual));
        let both = |medium: &Medium| medium.quality + log_logistic(beta.at(&[medium.read.as_slice(), &whole].concat()));
        weighted(media.iter().map(|medium| &medium.pooled), &shares(&media.iter().map(both).collect::<Vec<_>>()))
    }
}

/// The sum of vectors, each times its share.
pub(super) fn weighted<'v>(vectors: impl Iterator<Item = &'v Vec<f64>>, shares: &[f64]) -> Vec<f64> {
    let mut sum = Vec::new();
    for (vector, share) in vectors.zip(shares) {
        sum.resize(vector.len(), 0.0);
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x * share);
    }
    sum
}

/// What each of some numbers is of their sum, by their logarithms.
pub(super) fn shares(logs: &[f64]) -> Vec<f64> {
    let whole = log_sum(logs);
    logs.iter().map(|log| libm::exp(log - whole)).collect()
}

/// The logarithm of the mean of some numbers, by their logarithms.
pub(super) fn log_mean(logs: &[f64]) -> f64 {
    log_sum(logs) - libm::log(logs.len() as f64)
}

fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + libm::log(logs.iter().map(|log| libm::exp(log - most)).sum())
}

/// log(1 / (1 + exp(-z)))
fn log_logistic(z: f64) -> f64 {
    z.min(0.0) - libm::log1p(libm::exp(-z.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn medium(x: &[f64], by: &Multicolumn) -> Medium {
        Medium { read: x.to_vec(), pooled: x.to_vec(), quality: by.visual(x) }
    }

    fn logistic(z: f64) -> f64 {
        1.0 / (1.0 + (-z).exp())
    }

    #[test]
    fn a_set_is_pooled_by_the_formula() {
        let by = Multicolumn {
            alpha: Linear { weight: vec![1.0, -2.0], bias: 0.5 },
            beta: Some(Linear { weight: vec![0.3, 0.7, -1.0, 0.2], bias: -0.1 }),
        };
        let set = [[1.0, 0.5], [-0.5, 2.0], [3.0, 1.0]];
        let alpha = set.map(|v| logistic(v[0] - 2.0 * v[1] + 0.5));
        let mean = |weights: [f64; 3]| [0, 1].map(|k| (0..3).map(|i| weights[i] * set[i][k]).sum::<f64>() / weights.iter().sum::<f64>());
        let m = mean(alpha);
        let beta = set.map(|v| logistic(0.3 * v[0] + 0.7 * v[1] - m[0] + 0.2 * m[1] - 0.1));
        let near = |found: Vec<f64>, wanted: [f64; 2]| {
            assert!(found.len() == 2 && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-14), "{found:?} {wanted:?}");
        };
        let media: Vec<Medium> = set.iter().map(|v| medium(v, &by)).collect();
        near(by.pool(&media), mean([0, 1, 2].map(|i| alpha[i] * beta[i])));
        near(Multicolumn { beta: None, ..by.clone() }.pool(&media), mean(alpha));
        near(by.pool(&media[1..2]), set[1]);
    }

    #[test]
    fn qualities_too_small_to_be_numbers_have_shares() {
        let by = Multicolumn { alpha: Linear { weight: vec![1.0], bias: -5000.0 }, beta: None };
        let media = [0.0, (2f64).ln()].map(|x| medium(&[x], &by));
        assert!((by.pool(&media)[0] - 2.0 / 3.0 * (2f64).ln()).abs() < 1e-9);
        assert!((log_mean(&[-5000.0, -5000.0]) + 5000.0).abs() < 1e-9 && log_logistic(800.0) <= 0.0);
    }

    #[test]
    fn weights_of_another_width_are_refused() {
        let linear = |n: usize| Linear { weight: vec![0.0; n], bias: 0.0 };
        let by = |beta: Option<usize>| Multicolumn { alpha: linear(3), beta: beta.map(linear) };
        assert_eq!((by(Some(6)).fits(3), by(None).fits(3)), (Ok(()), Ok(())));
        let lengths = |found, wanted| Err(EvalError::Lengths { what: "a pooling's weight", found, wanted });
        assert_eq!((by(Some(6)).fits(4), by(Some(5)).fits(3)), (lengths(3, 4), lengths(5, 6)));
    }
}
