//! A list of images.

use super::{Reading, Reads, There};
use crate::data::probe::{ProbeCache, beside};
use crate::data::readers::{self, Read};
use crate::data::{At, DataError, Lies, Look};
use crate::lang::types::Type;
use crate::ops::data::columns_of;
use crate::ops::refs::{Columns, FilePath};
use indexmap::IndexMap;

crate::reader! {
    /// The images that a csv lists: columns `path`, `identity`, and attributes.
    pub struct ImageList("image_list", 2, |call| Type::Dataset(columns_of(call))) {
        /// The csv.
        path: FilePath;
        /// The folder that its paths are relative to; without one the csv's own.
        root: Option<FilePath> = None;
        /// The types of its attributes.
        schema: Columns = Columns::default();
    }
    changes = [(2, crate::data::decode::FOURTH)];
}

/// The images of a list with these attributes.
fn read(at: At<'_>, schema: &Columns, cache: &ProbeCache) -> Result<Read, DataError> {
    let root = at.below.map_or_else(|| beside(at.path), ToOwned::to_owned);
    readers::image_list(at.path, &root, &schema.types()?, cache)
}

impl Reading for ImageList {
    const READS: Option<Reads> = Some(Reads {
        path: "path",
        below: Some("root"),
        look: Look { lies: Lies::Text, probe: |at, cache| Ok(read(at, &Columns(IndexMap::new()), cache)?.probe) },
    });

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: self.root.as_ref(), said: self.said() })
    }

    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
        read(at, &self.schema, cache)
    }
}
