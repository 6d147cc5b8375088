//! `ddl`: a language in which a face-recognition experiment is written down once, checked, run and reproduced.
//!
//! ```text
//!  text ──syntax──▶ tree ──compile──▶ DAG of content keys ──plan──▶ typed nodes in order ──preflight──▶ what is known before a run
//!                                                                            │
//!        report ◀──eval── judgements ◀──store── ddl-engine (libtorch) ◀──job─┘
//! ```
//!
//! docs/dev/architecture.md lists the rooms in the order in which they use each other.
//! Everything up to the plan is pure: what it needs from outside comes through [`source::World`].
//! [`data`] and [`eval`] are libraries that know nothing of the language. Nothing here links libtorch.

pub use ddl_base::{diag, meter, misread, pattern, pinned, quantity, random, regular, source, stack, system, tensors, text};
pub use ddl_data as data;
pub use ddl_eval as eval;
pub use ddl_syntax as syntax;

pub mod number;
pub mod signals;

pub mod compile;
pub mod events;
pub mod graph;
pub mod inputs;
pub mod job;
pub mod lang;
pub mod nets;
pub mod ops;
pub mod plan;
pub mod preflight;
pub mod report;
pub mod store;

pub mod cli;
