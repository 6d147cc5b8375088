//! What a plan names on this machine: digests of files and folders, the tables of data sets, the lists of protocols.
//!
//! ```text
//! probe       what lies at a path, by its content
//! tables      data set nodes as tables, draws as batches
//! embedded    embeddings of a file in the place of a model's features
//! foreseen    what is known of tables whose attributes nobody has said yet
//! protocols   pairs, galleries and templates
//! people      who is trained on, judged, and in which fold
//! augments    augments of a recipe as what is done to pixels
//! data_codes  errors of data as diagnostics
//! ```

pub mod augments;
pub mod data_codes;
pub mod embedded;
pub mod foreseen;
pub mod people;
pub mod probe;
mod protocols;
pub mod tables;
