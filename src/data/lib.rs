//! Samples: what a data set is, how it is read, cut, degraded, drawn and handed to a network.
//!
//! ```text
//!  readers ──▶ Table ──views──▶ Table ──sampler──▶ batch requests ──loader──▶ buffers of pixels
//!  (folder,    (rows: path,     (where, split,     (row, visit)     (decode, resize, augment,
//!   csv,        identity,        merge, …)                           in parallel, ahead)
//!   faces)      attributes,
//!               image of a set)
//! ```
//!
//! A [`table::Table`] holds no pixels and is cheap to clone. This room knows nothing of the language.

pub mod augment;
pub mod cell;
pub mod check;
pub mod columnar;
pub mod decode;
pub mod error;
pub mod example;
pub mod faces;
pub mod held;
pub mod image;
pub mod inspect;
pub mod labels;
pub mod lmdb;
pub mod loader;
pub mod measure;
pub mod predicate;
pub mod probe;
mod prober;
pub mod protocol;
pub mod readers;
pub mod resize;
pub mod sampler;
pub mod schema;
pub mod shards;
pub mod source;
pub mod stream;
pub mod survey;
pub mod table;
#[cfg(test)]
mod testing;
pub mod told;
pub mod views;
pub mod writers;

pub use cell::Cell;
pub use error::DataError;
pub use labels::LabelSpace;
pub use prober::{At, Lies, Look, Prober};
pub use schema::{AttributeType, Schema};
pub use source::{ImageSet, ImageSource, Name};
pub use stream::Stream;
pub use table::{MadeSet, NewRow, Table, TableBuilder};
