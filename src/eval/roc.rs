//! What the ROC curve of all pairs tells: TAR at a FAR, EER, AUC, the gap between the means.

use super::estimate::{Ci, Estimate, Z95, wilson};
use super::{EvalError, Far, ScoreSets, Similarity, Threshold};
use serde::{Deserialize, Serialize};

/// Which point of the ROC curve stands for a false-accept rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FarRule {
    /// The most that can be accepted while the measured FAR does not exceed the target. Nothing is interpolated.
    #[default]
    Conservative,
    /// The curve's straight lines between its corners at exactly the target; differs from `Conservative` only where genuine and impostor
    /// scores tie.
    Linear,
    /// The corner whose measured FAR is nearest to the target (of two equally near the higher), which may exceed it: the rule of the IJB
    /// scripts (whose curve keeps a few points more where several impostors tie).
    Nearest,
}

/// A true-accept rate at a false-accept rate, with one threshold for all pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tar {
    /// TAR with its interval: Wilson's for the genuine pairs, widened by what the threshold's own uncertainty makes of TAR.
    pub estimate: Estimate,
    /// The FAR that was asked for.
    pub far: Far,
    /// The rule.
    pub rule: FarRule,
    /// The lowest genuine score that is accepted: "same" means a score of at least this. `None` when nobody can be accepted.
    pub threshold: Option<Similarity>,
    /// Impostors that are accepted at this threshold.
    pub false_accepts: u64,
    /// Fewer than 10 false accepts are expected at this FAR, so the threshold hangs on a handful of pairs.
    pub thin: bool,
}

/// A point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// False-accept rate.
    pub far: f64,
    /// True-accept rate.
    pub tar: f64,
}

impl ScoreSets {
    /// TAR at `far`. Refused below one expected false accept (`n_impostor` · FAR < 1): then even the direction of a threshold is a guess.
    ///
    /// Interval: with p = TAR and [l, u] its Wilson interval over genuine pairs, and TAR taken at both ends of the Wilson interval of the
    /// threshold's own FAR, the two independent half-widths are joined in quadrature on each side (Zou & Donner's MOVER, 2008). A bootstrap
    /// would give the same picture at a thousand times the cost, and nothing at all at FARs where it draws the same few impostors again.
    pub fn tar_at(&self, far: Far, rule: FarRule) -> Result<Tar, EvalError> {
        far.supported_by(self.n_impostor, "pairs")?;
        let (accepted, value) = match rule {
            FarRule::Conservative => self.conservative(far),
            FarRule::Linear => (self.conservative(far).0, self.linear(far.expected(self.n_impostor))),
            FarRule::Nearest => self.nearest(far),
        };
        let expected = far.expected(self.n_impostor);
        let ci = self.tar_interval(value, expected);
        Ok(Tar {
            estimate: self.estimate(value, Some(ci)),
            far,
            rule,
            threshold: accepted.checked_sub(1).map(|last| Similarity(self.levels[last])),
            false_accepts: accepted.checked_sub(1).map_or(0, |last| self.reaching[last]),
            thin: expected < 10.0,
        })
    }

    fn estimate(&self, value: f64, ci: Option<Ci>) -> Estimate {
        Estimate { value, std: None, ci, folds: None, n_genuine: self.n_genuine, n_impostor: self.n_impostor }
    }

    /// The share of genuine scores within the first `levels` levels.
    fn share(&self, levels: usize) -> f64 {
        levels.checked_sub(1).map_or(0.0, |last| self.genuine[last] as f64 / self.n_genuine as f64)
    }

    /// How many levels are accepted, and TAR.
    fn conservative(&self, far: Far) -> (usize, f64) {
        let allowed = far.allowed(self.n_impostor);
        let accepted = self.reaching.partition_point(|&n| n <= allowed);
        (accepted, self.share(accepted))
    }

    /// TAR on the straight lines of the curve where `impostors` (a fractional number) are accepted.
    fn linear(&self, impostors: f64) -> f64 {
        let below = self.reaching.partition_point(|&n| n as f64 <= impostors);
        let Some(&exceeding) = self.exceeding.get(below) else { return 1.0 };
        let start = self.share(below);
        let ties = self.reaching[below] - exceeding;
        let into = impostors - exceeding as f64;
        if ties == 0 || into <= 0.0 { start } else { start + (self.share(below + 1) - start) * into / ties as f64 }
    }

    /// The accepted levels and TAR of the corner that is nearest to `far`.
    fn nearest(&self, far: Far) -> (usize, f64) {
        let distance = |impostors: u64| (impostors as f64 / self.n_impostor as f64 - far.get()).abs();
        let mut best = (distance(0), 0);
        let mut consider = |impostors: u64, levels: usize| {
            let d = distance(impostors);
            if d <= best.0 {
                best = (d, levels);
            }
        };
        for level in 0..self.levels.len() {
            consider(self.exceeding[level], level);
            consider(self.reaching[level], level + 1);
        }
        consider(self.n_impostor, self.levels.len());
        (best.1, self.share(best.1))
    }

    fn tar_interval(&self, tar: f64, expected: f64) -> Ci {
        let genuine = wilson(tar * self.n_genuine as f64, self.n_genuine);
        let rates = wilson(expected, self.n_impostor);
        let at = |rate: f64| self.linear(rate * self.n_impostor as f64);
        let low = (tar - genuine.low).hypot((tar - at(rates.low)).max(0.0));
        let high = (genuine.high - tar).hypot((at(rates.high) - tar).max(0.0));
        Ci { low: tar - low, high: tar + high }.within(0.0, 1.0)
    }

    /// The equal error rate: where FAR = FRR on the straight lines of the ROC curve.
    ///
    /// Interval: EER is a weighted mean of FRR and FAR at one threshold, so its variance is at most the larger of theirs; this is Wilson's
    /// interval for the smaller kind of pairs, which can only be too wide.
    pub fn eer(&self) -> Estimate {
        let eer = self.equal_error();
        let n = self.n_genuine.min(self.n_impostor);
        self.estimate(eer, Some(wilson(eer * n as f64, n)))
    }

    fn equal_error(&self) -> f64 {
        let corner = |impostors: u64, levels: usize| (impostors as f64 / self.n_impostor as f64, 1.0 - self.share(levels));
        let corners = (0..self.levels.len()).flat_map(|l| [corner(self.exceeding[l], l), corner(self.reaching[l], l + 1)]);
        let mut last = (0.0, 1.0);
        for (far, frr) in corners.chain([(1.0, 0.0)]) {
            if far >= frr {
                let (before, after) = (last.1 - last.0, far - frr); // the first is positive, the second not negative
                return last.0 + (far - last.0) * before / (before + after);
            }
            last = (far, frr);
        }
        0.0 // not reached: the last corner has FAR 1 and FRR 0
    }

    /// The area under the ROC curve: the Mann-Whitney probability that a genuine score exceeds an impostor's, ties counting half, from
    /// whole numbers. Its interval is that of `DeLong` (1988).
    pub fn auc(&self) -> Estimate {
        let (n_genuine, n_impostor) = (self.n_genuine as f64, self.n_impostor as f64);
        let (mut wins, mut before) = (0u128, 0); // twice the pairs won, genuine scores above this level
        let (mut genuine_squares, mut impostor_squares, mut counted) = (0.0, 0.0, 0);
        for level in 0..self.levels.len() {
            let here = self.genuine[level] - before;
            let (exceeding, reaching) = (self.exceeding[level], self.reaching[level]);
            let won = 2 * self.n_impostor - reaching - exceeding;
            wins += u128::from(here) * u128::from(won);
            genuine_squares += here as f64 * (won as f64 / (2.0 * n_impostor)).powi(2);
            let above = (exceeding - counted) as f64 * (before as f64 / n_genuine).powi(2);
            let tied = (reaching - exceeding) as f64 * ((before as f64 + here as f64 / 2.0) / n_genuine).powi(2);
            impostor_squares += above + tied;
            (before, counted) = (self.genuine[level], reaching);
        }
        impostor_squares += (self.n_impostor - counted) as f64; // those below every genuine score lose to all
        let auc = wins as f64 / (2.0 * n_genuine * n_impostor);
        // DeLong: each score's own chance to win is one value; their variances add.
        let variance = |squares: f64, n: f64| if n > 1.0 { (squares - n * auc * auc).max(0.0) / (n - 1.0) / n } else { 0.0 };
        let se = (variance(genuine_squares, n_genuine) + variance(impostor_squares, n_impostor)).sqrt();
        self.estimate(auc, Some(Ci::around(auc, Z95 * se).within(0.0, 1.0)))
    }

    /// The expectation gap: mean genuine minus mean impostor score; Welch's normal interval.
    pub fn gap(&self) -> Estimate {
        let (genuine, impostor) = self.moments();
        let se = (genuine.sd.powi(2) / genuine.n as f64 + impostor.sd.powi(2) / impostor.n as f64).sqrt();
        let gap = genuine.mean - impostor.mean;
        self.estimate(gap, Some(Ci::around(gap, Z95 * se)))
    }

    /// The threshold for other protocols at a false-accept rate: the lowest, in steps of 1e-4 of cosine, at which no more than this share
    /// of the impostors is accepted. Genuine scores have no part in it.
    ///
    /// # Errors
    /// Fewer impostors than the rate needs, as [`ScoreSets::tar_at`].
    pub fn threshold_at(&self, far: Far) -> Result<Threshold, EvalError> {
        far.supported_by(self.n_impostor, "pairs")?;
        Ok(self.impostor_steps.lowest(far.allowed(self.n_impostor)))
    }

    /// The share of impostors that a threshold accepts: the false match rate (ISO/IEC 19795-1). Wilson's interval, of the threshold as given.
    pub fn fmr(&self, at: Threshold) -> Estimate {
        let accepted = self.impostor_steps.accepted(at);
        self.estimate(accepted as f64 / self.n_impostor as f64, Some(wilson(accepted as f64, self.n_impostor)))
    }

    /// The share of genuine scores that a threshold refuses: the false non-match rate (ISO/IEC 19795-1). Wilson's interval, of the threshold
    /// as given.
    pub fn fnmr(&self, at: Threshold) -> Estimate {
        let refused = self.n_genuine - self.genuine_steps.accepted(at);
        self.estimate(refused as f64 / self.n_genuine as f64, Some(wilson(refused as f64, self.n_genuine)))
    }

    /// d′ = (mean genuine − mean impostor) / √((sd² + sd²)/2) (Daugman, 2000).
    ///
    /// # Errors
    /// When neither set has any spread.
    pub fn d_prime(&self) -> Result<Estimate, EvalError> {
        let (genuine, impostor) = self.moments();
        let sd = f64::midpoint(genuine.sd.powi(2), impostor.sd.powi(2)).sqrt();
        if sd > 0.0 { Ok(self.estimate((genuine.mean - impostor.mean) / sd, None)) } else { Err(EvalError::NoSpread) }
    }

    /// About `points` points of the ROC curve for a plot: FAR 0, and numbers of impostors from one to all in equal ratios.
    pub fn roc(&self, points: usize) -> Vec<RocPoint> {
        let steps = points.max(2) - 1;
        let mut impostors: Vec<u64> = (0..=steps)
            .map(|i| (self.n_impostor as f64).powf(i as f64 / steps as f64).round() as u64)
            .chain([0, self.n_impostor])
            .collect();
        impostors.sort_unstable();
        impostors.dedup();
        let point =
            |n: u64| RocPoint { far: n as f64 / self.n_impostor as f64, tar: self.share(self.reaching.partition_point(|&r| r <= n)) };
        impostors.into_iter().map(point).collect()
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // the compared values are exact
mod tests {
    use super::*;

    fn sets(genuine: &[f64], impostor: &[f64]) -> ScoreSets {
        ScoreSets::new(genuine.to_vec(), impostor.to_vec()).unwrap()
    }

    fn far(value: f64) -> Far {
        Far::new(value).unwrap()
    }

    #[test]
    fn tar_by_each_rule() {
        // Falling: genuine .9 .8, impostor .7, genuine .6 tied with one impostor, impostors .5 .4
        let s = sets(&[0.9, 0.8, 0.6, 0.1], &[0.7, 0.6, 0.5, 0.4]);
        let tar = |f, rule| s.tar_at(far(f), rule).unwrap();
        let at = tar(0.25, FarRule::Conservative);
        assert_eq!((at.estimate.value, at.threshold, at.false_accepts), (0.5, Some(Similarity(0.8)), 0));
        let at = tar(0.5, FarRule::Conservative);
        assert_eq!((at.estimate.value, at.threshold, at.false_accepts), (0.75, Some(Similarity(0.6)), 2));
        assert_eq!(tar(0.375, FarRule::Linear).estimate.value, 0.625);
        assert_eq!(tar(0.4, FarRule::Nearest).estimate.value, 0.75);
        assert_eq!(tar(0.3, FarRule::Nearest).estimate.value, 0.5);
        assert!(at.thin);
    }

    #[test]
    fn a_rate_without_impostors_behind_it_is_refused() {
        let s = sets(&[0.9, 0.8], &[0.1; 999]);
        let error = s.tar_at(far(1e-3), FarRule::Conservative).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a FAR of 1e-3 cannot be measured with 999 impostor pairs: less than one false accept would be expected, and at least 1000 are needed"
        );
        assert!(s.tar_at(far(1e-2), FarRule::Conservative).is_ok());
    }

    #[test]
    fn nobody_is_accepted_when_impostors_lead() {
        let at = sets(&[0.1], &[0.9, 0.8]).tar_at(far(0.5), FarRule::Conservative).unwrap();
        assert_eq!((at.estimate.value, at.threshold), (0.0, None));
        assert!(at.estimate.ci.unwrap().high > 0.5);
    }

    #[test]
    fn errors_are_equal_where_the_lines_cross() {
        assert_eq!(sets(&[0.9, 0.8], &[0.1, 0.2]).eer().value, 0.0);
        assert_eq!(sets(&[0.1, 0.2], &[0.9, 0.8]).eer().value, 1.0);
        assert_eq!(sets(&[0.9, 0.2], &[0.8, 0.1]).eer().value, 0.5);
        assert_eq!(sets(&[0.5], &[0.5]).eer().value, 0.5);
    }

    #[test]
    fn a_threshold_is_told_by_impostors_alone_and_rates_at_it_by_both() {
        let impostor: Vec<f64> = (0..1000).map(|i| f64::from(i) / 2000.0).collect(); // 0 to 0.4995
        let all = sets(&[0.9, 0.47, 0.46999, 0.1], &impostor);
        let at = all.threshold_at(far(0.06)).unwrap();
        assert_eq!(at.cosine(), 0.4696, "sixty impostors have 0.47 or more, the next one has 0.4695");
        assert_eq!((all.fmr(at).value, all.fnmr(at).value), (0.06, 0.25));
        let others = sets(&[0.5, 0.4], &[0.46, 0.4696, 0.48]);
        assert_eq!((others.fmr(at).value, others.fnmr(at).value), (2.0 / 3.0, 0.5));
        assert!(matches!(all.threshold_at(far(1e-4)), Err(EvalError::FarNotSupported { .. })));
        assert_eq!(all.threshold_at(far(1.0)).unwrap().cosine(), -1.0);
        assert!(matches!(sets(&[0.5, 0.5], &[0.1]).d_prime(), Err(EvalError::NoSpread)));
    }

    #[test]
    fn ties_count_half_in_the_area() {
        assert_eq!(sets(&[0.5], &[0.5]).auc().value, 0.5);
        assert_eq!(sets(&[0.9, 0.5], &[0.5, 0.1]).auc().value, 0.875);
    }

    #[test]
    fn a_plotted_curve_rises_from_zero_to_one() {
        let s = sets(&[0.9, 0.5, 0.3], &(0..1000).map(|i| f64::from(i) / 2000.0).collect::<Vec<_>>());
        let points = s.roc(50);
        assert!(points.windows(2).all(|w| w[0].far < w[1].far && w[0].tar <= w[1].tar));
        assert_eq!((points[0].far, points.last().unwrap().tar), (0.0, 1.0));
        assert!(points.len() <= 52);
    }
}
