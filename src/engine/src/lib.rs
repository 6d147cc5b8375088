//! The engine: executes a plan with libtorch.
//!
//! ```text
//! exec    walks the plan: what is in the store is skipped, the rest is computed
//! train   the one trainer
//! nn      backbones, heads, terms, optimisers, weights in and out
//! readings  what networks read of samples beside their images
//! term    a head or term on given arrays
//! bench   the same work as a `PyTorch` twin, to be timed beside it
//! ```

pub mod bench;
pub mod exec;
pub mod failures;
pub mod model;
pub mod nn;
pub(crate) mod readings;
pub mod term;
pub(crate) mod train;

/// The version of libtorch that this program was built with.
pub const LIBTORCH: &str = env!("DDL_LIBTORCH_VERSION");

/// The allocator of every program that runs libtorch, and of libtorch itself: a step's tensors are as large as the last one's, and glibc
/// would give each back to the system and fault it in again (docs/performance.md). `.cargo/config.toml` sets it up.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
