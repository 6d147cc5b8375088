//! From folders and lists to tables. Everything is in byte order of relative paths, or in the order of a list.

mod annotate;
mod benchmarks;
mod embedded;
mod faces;
mod folder;
mod form;
mod lines;
mod list;
mod names;
pub mod packed;
mod pairs;
mod plain;
pub mod splits;
mod templates;
mod text_lines;
mod told;

pub use annotate::{Annotated, annotate};
pub use embedded::{ArrayRows, array_rows};
pub use faces::{ARCFACE_TEMPLATE, FACE_ATTRIBUTES, synthetic_faces};
pub use folder::{IdentityRule, held, image_folder, image_folder_with};
pub use form::{TextFile, begins_as_text};
pub use lines::ColumnType;
pub(super) use list::tidy;
pub use list::{fields, image_list};
pub use names::names;
pub use pairs::{ListedPair, PairLine, pair_file, pair_list};
pub use plain::PlainList;
pub use templates::{FaceLine, SubjectLine, TemplatePairs, detector_scores, face_list, subject_list};
pub use told::{Telling, called, named, told_of};

use super::Table;
use super::probe::Probe;
use std::sync::Arc;

/// A table and what the probe of its files found.
#[derive(Debug, Clone)]
pub struct Read {
    /// The samples.
    pub table: Table,
    /// The files.
    pub probe: Arc<Probe>,
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod broken;
