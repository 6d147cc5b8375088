//! Backbones with their first tensors. What each network is, [`ddl::nets::backbone`] says.

pub(crate) mod build;

pub use build::build;
pub use ddl::nets::Backbone;

#[cfg(test)]
pub(crate) mod tests;
