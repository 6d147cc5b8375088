//! What a run leaves to be read: `metrics.json`, a table on the terminal, and one self-contained web page.
//!
//! ```text
//!  eval::Estimate ──▶ metrics::MetricRow ──▶ metrics.json
//!  model::Report ──┬─ table::TableView ──▶ text on the terminal
//!                  └─ html ─┬─ table::TableView ──▶ tables
//!                           ├─ plot ──▶ distributions, ROC and loss curves (inline SVG)
//!                           └─ graph ──▶ the experiment's graph (inline SVG)
//! ```
//!
//! The page loads nothing: styles, pictures and drawings are in the file, and its own security policy forbids the rest. It follows the
//! reader's light or dark setting. Equal input gives equal bytes.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "places in drawings"
)]

mod graph;
mod html;
mod metrics;
pub mod model;
mod plot;
mod table;

pub use html::page;
pub use metrics::{Decided, DifferenceRow, MetricRow, MetricsLine, UnmeasuredRow, metrics_json};
pub use model::Report;
pub use table::{CellView, Compared, DifferenceView, RowView, TableView, Verdict, compared};
