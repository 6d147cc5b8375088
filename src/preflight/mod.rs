//! What is known before a run: the facts of every node, what makes it impossible, and what a reader of its numbers should know.
//!
//! ```text
//! facts      walks a plan, inputs first, and asks the others
//! alike      rows and columns of a table that are the same
//! audit      leaks, and choices that are made on what is then reported
//! ends       terms and networks that don't fit each other
//! heads      whose prototypes models have
//! idle       stages that change nothing
//! lengths    spans against the length of their stage
//! pooling    poolings that a judged model has not learned
//! reads      attributes that a network or a term is given
//! sampling   samplers against what the terms of a stage look at
//! sight      sizes and alignments of the images that a network sees
//! teaching   teachers, and what they know
//! weights    files that networks start from
//! unknown    why something is not known
//! ```

mod alike;
pub mod audit;
mod ends;
pub mod facts;
pub mod heads;
mod idle;
mod lengths;
pub mod pooling;
mod reads;
mod sampling;
mod sight;
mod teaching;
mod unknown;
pub mod weights;
