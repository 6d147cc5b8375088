//! The vocabulary of the language: types, values, and what it knows of an operator.

pub mod compare;
pub mod decl;
mod held;
pub mod types;
pub mod value;
