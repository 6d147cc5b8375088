//! The engine: executes a plan with libtorch.
//!
//! ```text
//! nn      backbones, heads, terms, optimisers, weights in and out
//! bench   the same work as a `PyTorch` twin, to be timed beside it
//! ```

pub mod bench;
pub mod model;
pub mod nn;
