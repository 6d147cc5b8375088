//! The vocabulary of the language: types, values, and what it knows of an operator.

pub mod decl;
pub mod types;
pub mod value;
