//! What every other room of ddl stands on: files of others and how they are opened, text made safe to show, sources and diagnostics, units,
//! draws, tensors in files. Knows nothing of samples, of the language or of plans.

pub mod diag;
pub mod meter;
pub mod misread;
pub mod pattern;
pub mod pinned;
pub mod quantity;
pub mod random;
pub mod regular;
pub mod source;
pub mod stack;
pub mod system;
pub mod tensors;
pub mod text;
