//! The measures that scores come in.

use super::EvalError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which way a number is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Accuracy, TAR, gap.
    Higher,
    /// EER, loss.
    Lower,
}

impl Better {
    /// Whether a value is better than another. NaN is worse than every number.
    pub fn improves(self, value: f64, than: f64) -> bool {
        match self {
            _ if value.is_nan() || than.is_nan() => than.is_nan() && !value.is_nan(),
            Better::Higher => value > than,
            Better::Lower => value < than,
        }
    }
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A rate in [0, 1], written in percent with two decimals; differences are percentage points.
    Percent,
    /// A plain number, written with decimals that suit the column's size.
    Number,
}

/// A cosine similarity, in [-1, 1]; higher is more alike.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Similarity(pub f64);

/// A squared distance ‖f₁ − f₂‖² of L2-normalised features, in [0, 4]; lower is more alike.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SquaredDistance(pub f64);

impl From<Similarity> for SquaredDistance {
    /// ‖a − b‖² = 2 − 2·cos(a, b) for unit vectors.
    fn from(Similarity(s): Similarity) -> Self {
        SquaredDistance(2.0 - 2.0 * s)
    }
}

impl From<SquaredDistance> for Similarity {
    fn from(SquaredDistance(d): SquaredDistance) -> Self {
        Similarity(1.0 - d / 2.0)
    }
}

/// A false-accept rate, in (0, 1].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Far(f64);

impl Far {
    /// A rate above 0 and at most 1; [`EvalError::NotAFar`] otherwise.
    pub fn new(value: f64) -> Result<Self, EvalError> {
        if value > 0.0 && value <= 1.0 { Ok(Far(value)) } else { Err(EvalError::NotAFar { value }) }
    }

    /// The rate as a number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// How many of `n` impostors are expected to be accepted: n·FAR. A product that misses a whole number only by rounding is that number.
    pub fn expected(self, n: u64) -> f64 {
        whole_if_near(self.0 * n as f64)
    }

    /// How many of `n` impostors may be accepted: ⌊n·FAR⌋.
    pub fn allowed(self, n: u64) -> u64 {
        self.expected(n) as u64
    }

    /// The smallest number of impostors that supports this rate: one false accept is expected among them, so 1/FAR, rounded up.
    pub fn impostors_needed(self) -> u64 {
        whole_if_near(1.0 / self.0).ceil() as u64
    }

    /// Refuses this rate when fewer than [`Far::impostors_needed`] impostors stand behind it.
    pub(crate) fn supported_by(self, n_impostor: u64, unit: &'static str) -> Result<(), EvalError> {
        let needed = self.impostors_needed();
        if n_impostor >= needed { Ok(()) } else { Err(EvalError::FarNotSupported { far: self, n_impostor, needed, unit }) }
    }

    /// The same of false accepts a probe.
    pub(crate) fn supported_by_probes(self, probes: u64) -> Result<(), EvalError> {
        let needed = self.impostors_needed();
        if probes >= needed { Ok(()) } else { Err(EvalError::TooFewProbes { far: self, probes, needed }) }
    }
}

fn whole_if_near(value: f64) -> f64 {
    let whole = value.round();
    if (value - whole).abs() <= whole * 1e-12 { whole } else { value }
}

impl TryFrom<f64> for Far {
    type Error = EvalError;
    fn try_from(value: f64) -> Result<Self, EvalError> {
        Far::new(value)
    }
}

impl From<Far> for f64 {
    fn from(far: Far) -> f64 {
        far.0
    }
}

impl fmt::Display for Far {
    /// As a recipe writes it: `1e-3`, `0.25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scientific = format!("{:e}", self.0);
        let plain = self.0.to_string();
        f.write_str(if self.0 < 0.05 && scientific.len() <= plain.len() { &scientific } else { &plain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_lies_in_its_range_and_reads_as_in_a_recipe() {
        for bad in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Far::new(bad).is_err(), "{bad}");
        }
        let text = |v| Far::new(v).unwrap().to_string();
        assert_eq!([text(1e-3), text(0.01), text(0.1), text(2.5e-6)], ["1e-3", "1e-2", "0.1", "2.5e-6"]);
    }

    #[test]
    fn what_is_better_is_told_of_numbers_and_of_none() {
        for (better, value, than, wanted) in [
            (Better::Higher, 0.9, 0.8, true),
            (Better::Higher, 0.8, 0.8, false),
            (Better::Lower, 0.8, 0.9, true),
            (Better::Lower, 0.9, 0.8, false),
            (Better::Higher, f64::NAN, 0.1, false),
            (Better::Lower, f64::NAN, 0.1, false),
            (Better::Higher, 0.1, f64::NAN, true),
            (Better::Lower, 0.1, f64::NAN, true),
            (Better::Lower, f64::NAN, f64::NAN, false),
        ] {
            assert_eq!(better.improves(value, than), wanted, "{better:?} {value} {than}");
        }
    }

    #[test]
    fn rounding_takes_no_false_accept_away() {
        assert_eq!(Far::new(0.29).unwrap().allowed(100), 29); // 28.999999999999996 in floating point
        assert_eq!(Far::new(0.29).unwrap().allowed(99), 28);
        assert_eq!(Far::new(1e-3).unwrap().impostors_needed(), 1000);
        assert_eq!(Far::new(0.3).unwrap().impostors_needed(), 4);
    }
}
