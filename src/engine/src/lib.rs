//! The engine: executes a plan with libtorch.
//!
//! ```text
//! exec    walks the plan: what is in the store is skipped, the rest is computed
//! train   the one trainer
//! nn      backbones, heads, terms, optimisers, weights in and out
//! bench   the same work as a `PyTorch` twin, to be timed beside it
//! ```

pub mod bench;
pub mod exec;
mod failures;
pub mod model;
pub mod nn;
pub mod train;

/// The version of libtorch that this program was built with.
pub const LIBTORCH: &str = env!("DDL_LIBTORCH_VERSION");
