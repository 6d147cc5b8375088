//! The networks: backbones, heads, terms, optimisers, and weights in and out.
//!
//! ```text
//! Backbone --describe--> Network (layers as data) --specs--> State (name -> tensor, from a seed or a file)
//! images [n, 3, h, w] --Network::forward(State)--> embeddings [n, d] --Term (Head)--> value with gradient --Optimiser--> State
//! ```
//!
//! This room knows tensors, and neither recipes nor the file formats of data. Everything runs on the device that the state lies on.

pub mod backbone;
pub mod comparator;
pub mod embed;
pub mod error;
pub mod front;
pub mod heads;
pub mod loss;
pub mod margin;
pub mod net;
pub mod noise;
pub mod optim;
pub mod pooling;
pub mod rows;
pub mod state;
pub mod terms;

pub use error::NnError;
pub use net::Network;
pub use state::State;
