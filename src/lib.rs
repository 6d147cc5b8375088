//! `ddl`: a language in which a face-recognition experiment is written down once, checked, run and reproduced.
//!
//! ```text
//!  text ──syntax──▶ tree ──lang──▶ program ──graph──▶ DAG of content keys ──plan──▶ ordered, costed plan
//!                                                                                        │
//!        report ◀──eval── artifacts ◀──store── ddl-engine (libtorch: nets, terms, trainer)◀┘
//! ```
//!
//! Everything up to the plan is pure: what it needs from outside comes through [`source::World`].
//! [`data`] and [`eval`] are libraries that know nothing of the language. Nothing here links libtorch.

pub mod meter;
pub mod misread;
pub mod number;
pub mod pattern;
pub mod pinned;
pub mod quantity;
pub mod random;
pub mod regular;
pub mod signals;
pub mod source;
pub mod stack;
pub mod system;
pub mod text;

pub mod compile;
pub mod data;
pub mod diag;
pub mod eval;
pub mod events;
pub mod graph;
pub mod job;
pub mod lang;
pub mod nets;
pub mod ops;
pub mod plan;
pub mod report;
pub mod store;
pub mod syntax;
pub mod tensors;

pub mod cli;
