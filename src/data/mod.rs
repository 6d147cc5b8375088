//! data
pub mod predicate;
