//! The networks: backbones, heads, terms, optimisers, and weights in and out.
//!
//! ```text
//! Backbone --describe--> Network (layers as data) --specs--> State (name -> tensor, from a seed or a file)
//! images [n, 3, h, w] --Network::forward(State)--> embeddings [n, d] --Term (Head)--> value with gradient --Optimiser--> State
//! ```
//!
//! This room knows tensors, and neither recipes nor the file formats of data. Everything runs on the device that the state lies on.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sizes of tensors, which libtorch counts in i64"
)]

pub(crate) mod backbone;
pub(crate) mod comparator;
pub(crate) mod embed;
pub(crate) mod error;
pub(crate) mod front;
pub(crate) mod heads;
pub(crate) mod loss;
pub(crate) mod margin;
pub mod net;
pub(crate) mod noise;
pub(crate) mod optim;
pub(crate) mod pooling;
pub(crate) mod rows;
pub mod state;
pub(crate) mod terms;

pub use error::NnError;
