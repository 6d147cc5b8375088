//! An estimate: a number with its spread, its interval and the counts behind it.

use serde::{Deserialize, Serialize};

/// 1.96: the 97.5 % point of the normal distribution.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

/// A 95 % confidence interval, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ci {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Ci {
    /// `value ± half`.
    pub(crate) fn around(value: f64, half: f64) -> Self {
        Ci { low: value - half, high: value + half }
    }

    /// The same interval cut to `[from, to]`.
    #[must_use]
    pub(crate) fn within(self, from: f64, to: f64) -> Self {
        Ci { low: self.low.clamp(from, to), high: self.high.clamp(from, to) }
    }

    /// Whether `value` lies inside.
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// A number that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number; rates are in [0, 1].
    pub value: f64,
    /// Its standard deviation over folds (population, as the field reports it), where there are folds.
    pub std: Option<f64>,
    /// Its 95 % confidence interval, where there is enough to tell one (see [`super::parts`]).
    pub ci: Option<Ci>,
    /// How many folds stand behind it.
    pub folds: Option<u32>,
    /// Genuine pairs, or probes with a mate.
    pub n_genuine: u64,
    /// Impostor pairs, or probes without a mate.
    pub n_impostor: u64,
}

/// The 95 % Wilson interval of `hits` in `n` trials (`hits` may be fractional); (0, 1) when `n` is 0.
pub fn wilson(hits: f64, n: u64) -> Ci {
    wilson_of(hits, n as f64)
}

/// The same of a number of trials that may be fractional: what dependent trials are worth.
pub(crate) fn wilson_of(hits: f64, n: f64) -> Ci {
    if n <= 0.0 {
        return Ci { low: 0.0, high: 1.0 };
    }
    let (p, z2) = (hits / n, Z95 * Z95);
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
    // At the ends the interval reaches the value itself; rounding must not leave it out.
    Ci { low: (centre - half).min(p), high: (centre + half).max(p) }.within(0.0, 1.0)
}

/// The point that a t variable of `df` degrees of freedom stays below with probability `p`, for `p` in [0.5, 1) and `df` ≥ 1.
///
/// Bisection of the closed form of the distribution for whole `df` (Abramowitz & Stegun 26.7.3, 26.7.4); exact to about 1e-10.
pub fn t_quantile(p: f64, df: u64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while t_distribution(high, df) < p && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if t_distribution(middle, df) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The degrees of freedom of a sum of squared standard errors, each with its own (Satterthwaite, 1946), rounded down; at least 1.
pub(crate) fn satterthwaite(squares: &[(f64, u64)]) -> u64 {
    let sum: f64 = squares.iter().map(|(square, _)| square).sum();
    let parts: f64 = squares.iter().map(|(square, df)| square.powi(2) / *df as f64).sum();
    if parts > 0.0 { ((sum.powi(2) / parts + 1e-9).floor() as u64).max(1) } else { 1 }
}

/// The chance that a t variable of `df` degrees of freedom lies as far from zero as `t`, on either side.
pub fn t_tails(t: f64, df: u64) -> f64 {
    2.0 * (1.0 - t_distribution(t.abs(), df))
}

/// P(T ≤ t) for t ≥ 0.
fn t_distribution(t: f64, df: u64) -> f64 {
    let nu = df as f64;
    let cos2 = nu / (nu + t * t);
    let sin = t / (nu + t * t).sqrt();
    // The sum 1 + c₁cos²θ + c₁c₂cos⁴θ + … with cₖ = k/(k+1), over every second k from `first` on.
    let series = |first: u64, terms: u64| {
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 1..terms {
            let j = (first + 2 * (k - 1)) as f64;
            term *= j / (j + 1.0) * cos2;
            sum += term;
        }
        sum
    };
    let inside = if df.is_multiple_of(2) {
        sin * series(1, df / 2)
    } else {
        let theta = (t / nu.sqrt()).atan();
        let tail = if df == 1 { 0.0 } else { sin * cos2.sqrt() * series(2, df / 2) };
        std::f64::consts::FRAC_2_PI * (theta + tail)
    };
    f64::midpoint(1.0, inside)
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // the compared values are exact
mod tests {
    use super::*;

    #[test]
    fn wilson_of_the_textbook() {
        // Newcombe (1998), table I: 81 of 263, and 0 of 20.
        let ci = wilson(81.0, 263);
        assert!((ci.low - 0.2553).abs() < 5e-5 && (ci.high - 0.3662).abs() < 5e-5, "{ci:?}");
        let none = wilson(0.0, 20);
        assert!(none.low == 0.0 && (none.high - 0.1611).abs() < 5e-5, "{none:?}");
        assert_eq!(wilson(20.0, 20).high, 1.0);
    }

    #[test]
    fn t_points_of_the_tables() {
        for (df, wanted) in [(1, 12.706_204_736), (2, 4.302_652_730), (3, 3.182_446_305), (9, 2.262_157_163), (30, 2.042_272_456)] {
            assert!((t_quantile(0.975, df) - wanted).abs() < 1e-8, "{df}: {}", t_quantile(0.975, df));
        }
        assert!((t_quantile(0.975, 100_000) - Z95).abs() < 1e-4);
    }

    #[test]
    fn degrees_of_freedom_of_a_sum_lie_between_the_fewest_and_all() {
        assert_eq!(satterthwaite(&[(2.0, 4), (2.0, 4)]), 8);
        assert_eq!(satterthwaite(&[(2.0, 4), (0.0, 9)]), 4);
        assert_eq!(satterthwaite(&[(1.0, 2), (3.0, 9)]), 10); // 16 / (1/2 + 9/9) = 10.67
        assert_eq!((satterthwaite(&[]), satterthwaite(&[(0.0, 3)])), (1, 1));
    }

    #[test]
    fn both_tails_hold_what_the_quantile_leaves() {
        for df in [1, 2, 9, 30] {
            assert!((t_tails(-t_quantile(0.975, df), df) - 0.05).abs() < 1e-9, "{df}");
        }
        assert!((t_tails(0.0, 4) - 1.0).abs() < 1e-12);
    }
}
