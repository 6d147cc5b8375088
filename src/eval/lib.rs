//! Scores become numbers: the protocols and statistics of face verification and identification. Knows nothing of the language.
//!
//! ```text
//!  features ──vector──▶ scores of pairs ──pairs──▶ folds::accuracy, folds::val_at_far      (thresholds learnt on other folds)
//!     │                                    └────▶ ScoreSets ──▶ tar_at, eer, auc, roc, gap (thresholds over all pairs), threshold_at ──▶ fmr, fnmr (of others)
//!     ├────all_pairs────────────────────────────▶ ScoreSets                               (every pair of a set, none stored)
//!     ├────templates───────────────────────────▶ ScoreSets                               (pooled faces, pairs as a stream; `pooling`: by learned qualities, `comparator`: by learned comparisons)
//!     ├────near, cluster────▶ what is said of single images: neighbours, means, clusters
//!     └────identify────▶ outcomes of probes ──▶ cmc, tpir_at, recall_at                   (1:N)
//!  numbers of several seeds ──spread──▶ mean ± sd, paired differences, what is beyond the noise
//!  numbers without each fold, or person ──parts──▶ intervals
//! ```
//!
//! Every number is an [`Estimate`]: value, spread, interval and the counts of pairs behind it. All sums run in an order that is fixed by
//! the data alone, so neither threads nor block or batch sizes change a bit.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts of pairs are far below 2^52, and ranks are places in lists"
)]

mod all_pairs;
mod cluster;
mod comparator;
mod counted;
mod error;
mod estimate;
mod facex_zoo;
mod folds;
mod identify;
mod measure;
mod near;
mod pairs;
mod panel;
mod parted;
pub mod parts;
mod pooling;
mod roc;
mod scores;
mod spread;
mod templates;
mod vector;

pub use all_pairs::{Features, all_pairs, cross_pairs};
pub use cluster::{by_density, by_means};
pub use comparator::{Comparator, Compared};
pub use counted::{Counted, Kinds};
pub use error::EvalError;
pub use estimate::{Ci, Estimate, t_quantile, t_tails, wilson};
pub use folds::{Accuracy, AccuracyRule, Fold, ValAtFar, accuracy, accuracy_without_each, val_at_far};
pub use identify::{Mate, Outcome, Searched, Tpir, cmc, groups_of, identify, identify_by, recall_at, tpir_at, without_people};
pub use measure::{Better, Far, Similarity, SquaredDistance, Unit};
pub use near::{Among, Faces};
pub use pairs::{Folding, PairScores, Pairs};
pub use panel::{Measured, Trials, deviation_of, mean_of, pooled_of, ratio_of, worst_of};
pub use parted::{Joint, Parted};
pub use pooling::{Learned, Linear, Multicolumn};
pub use roc::{FarRule, RocPoint, Tar};
pub use scores::{HISTOGRAM_BINS, Histogram, Moments, ScoreSets, Threshold};
pub use spread::{Difference, FEWEST_REPLICATES, Noise, Place, Spread, Untold, holm, over_parts, paired};
pub use templates::{FaceNorm, Scored, pool_templates, streamed_pairs};
pub use vector::{cosine, l2_normalised, squared_distance};
