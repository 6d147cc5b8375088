//! The surface: text to tree and back. One file for each idea under `tests/syntax/`.

#![allow(clippy::cast_precision_loss, reason = "small numbers of a test")]

#[path = "syntax/support.rs"]
mod support;

#[path = "syntax/errors.rs"]
mod errors;
#[path = "syntax/format.rs"]
mod format;
#[path = "syntax/programs.rs"]
mod programs;
#[path = "syntax/recipes.rs"]
mod recipes;
#[path = "syntax/recovery.rs"]
mod recovery;
#[path = "syntax/soup.rs"]
mod soup;
#[path = "syntax/speed.rs"]
mod speed;
#[path = "syntax/trees.rs"]
mod trees;
