//! Meaning is hashed (promise 4 of the language): what a recipe's author may change freely keeps every content key, and what changes the
//! meaning changes exactly the keys of what depends on it.

#![allow(clippy::cast_possible_truncation, reason = "small numbers of a test")]

#[path = "keys/edits.rs"]
mod edits;
#[path = "keys/free.rs"]
mod free;
#[path = "keys/made.rs"]
mod made;
#[path = "keys/meaning.rs"]
mod meaning;
#[path = "keys/same.rs"]
mod same;
#[path = "keys/support.rs"]
mod support;
#[path = "keys/walk.rs"]
mod walk;
