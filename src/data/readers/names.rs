//! Names of people, one a line.

use super::form::TextFile;
use super::text_lines::TextLines;
use crate::DataError;
use crate::probe::ProbeCache;
use std::collections::BTreeSet;
use std::path::Path;

/// The names in a text file of one a line; blank lines are none.
///
/// # Errors
/// As [`ProbeCache::open`]; no text, no name.
pub fn names(file: &Path, cache: &ProbeCache) -> Result<BTreeSet<String>, DataError> {
    let mut lines = TextLines::open(file, TextFile::Names, cache)?;
    let mut names = BTreeSet::new();
    while let Some(name) = lines.next(|_, text| Ok(text.trim().to_owned())) {
        names.insert(name?);
    }
    if names.is_empty() { Err(lines.empty()) } else { Ok(names) }
}
