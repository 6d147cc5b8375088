//! Why a number is refused.

use super::measure::Far;

/// A number that these scores cannot give.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// Columns of one table that differ in length.
    #[error("{what} has {found} entries where {wanted} were expected")]
    Lengths {
        /// The column that differs.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length of the others.
        wanted: usize,
    },
    /// A score or feature that is NaN or infinite.
    #[error("{what} {index} is {value}, not a finite number")]
    NotFinite {
        /// "score" or "feature of image".
        what: &'static str,
        /// Its place, counted from 0.
        index: usize,
        /// What stands there.
        value: f64,
    },
    /// A score outside of its measure's range.
    #[error("score {index} is {value}, outside of {from}..{to}, the range of a {measure}")]
    OutOfRange {
        /// Its place, counted from 0.
        index: usize,
        /// What stands there.
        value: f64,
        /// The measure.
        measure: &'static str,
        /// The lowest possible value.
        from: f64,
        /// The highest possible value.
        to: f64,
    },
    /// A feature vector of length 0, which has no direction.
    #[error("the features of image {index} are all zero, so they have no direction")]
    NoDirection {
        /// Its place, counted from 0.
        index: usize,
    },
    /// A template whose faces cancel out.
    #[error("the features of template {number} sum to zero, so it has no direction")]
    EmptyTemplate {
        /// Its number in the list of faces.
        number: u32,
    },
    /// No genuine or no impostor pair.
    #[error("there are {n_genuine} genuine and {n_impostor} impostor pairs in {place}; both are needed")]
    OneSided {
        /// "all folds" or the fold.
        place: String,
        /// Genuine pairs there.
        n_genuine: u64,
        /// Impostor pairs there.
        n_impostor: u64,
    },
    /// Fewer than two folds.
    #[error(
        "a threshold that is learnt on the other folds needs at least 2 folds, and the pairs are in {found}; `folds = 10` in the protocol deals them anew"
    )]
    TooFewFolds {
        /// How many there are.
        found: usize,
    },
    /// Pairs that are in no folds.
    #[error(
        "a threshold that is learnt on the other folds needs folds, and these pairs have none; `random_pairs()` and files of pairs have them"
    )]
    NoFolds,
    /// A false-accept rate below what the impostors can show.
    #[error(
        "a FAR of {far} cannot be measured with {n_impostor} impostor {unit}: less than one false accept would be expected, and at least {needed} are needed"
    )]
    FarNotSupported {
        /// The rate that was asked for.
        far: Far,
        /// Impostor pairs, or probes without a mate.
        n_impostor: u64,
        /// The smallest number that supports it: 1/FAR, rounded up.
        needed: u64,
        /// "pairs" or "probes".
        unit: &'static str,
    },
    /// Scores of which each kind is one number.
    #[error("the scores of each kind are all one number, so their distance has no measure")]
    NoSpread,
    /// Fewer probes than a rate of false accepts a probe needs.
    #[error(
        "{far} false accepts a probe cannot be measured with {probes} probes: less than one would be expected in all, and at least {needed} \
         are needed"
    )]
    TooFewProbes {
        /// False accepts a probe.
        far: Far,
        /// How many probes have a mate.
        probes: u64,
        /// The smallest number that supports it: 1/FAR, rounded up.
        needed: u64,
    },
    /// A gallery of one person, whom nobody can be taken for.
    #[error("the gallery shows one person, and there are no scores with others")]
    OnePerson,
    /// A decision without a threshold.
    #[error("nothing tells the threshold of this protocol")]
    NoThreshold,
    /// A smallest number of several that is 0.
    #[error("the smallest of these numbers is 0, and nothing is a multiple of that")]
    NoRatio,
    /// A false-accept rate that is no rate.
    #[error("{value} is no false-accept rate: it lies above 0 and at most at 1")]
    NotAFar {
        /// What was given.
        value: f64,
    },
    /// No probe has a mate in the gallery.
    #[error("none of the {probes} probes has a mate in the gallery")]
    NoMates {
        /// How many probes there are.
        probes: usize,
    },
    /// Too few values for a statistic.
    #[error("{what} needs at least {wanted} values, and there are {found}")]
    TooFew {
        /// The statistic.
        what: &'static str,
        /// How many it needs.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
}
