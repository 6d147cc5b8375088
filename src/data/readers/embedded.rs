//! Which row of an array of embeddings each image has: a csv with a column `image` (or `path`), a line for each row.

use super::TextFile;
use super::lines::Lines;
use crate::probe::ProbeCache;
use crate::{DataError, Table};
use ddl_base::text::quoted;
use std::path::Path;

/// The rows of images in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayRows {
    /// Rows that the index lists.
    pub listed: usize,
    /// The row of each of the table's images, in order; nothing of an image that is not listed.
    pub of: Vec<Option<usize>>,
}

impl ArrayRows {
    /// The rows of all images of the table.
    ///
    /// # Errors
    /// An image that the index does not list.
    pub fn all(&self, table: &Table, index: &Path) -> Result<Vec<usize>, DataError> {
        let all: Option<Vec<usize>> = self.of.iter().copied().collect();
        all.ok_or_else(|| {
            let lacks: Vec<usize> = (0..self.of.len()).filter(|at| self.of[*at].is_none()).collect();
            let first = lacks.first().and_then(|at| table.row(*at)).map_or_else(String::new, |row| row.path().into_owned());
            DataError::NotAnnotated { file: index.to_owned(), first, count: lacks.len(), total: table.len() }
        })
    }
}

/// Reads an index. Images that the table does not have are passed over.
///
/// # Errors
/// As [`Lines::read`]; an image that stands twice.
pub fn array_rows(index: &Path, table: &Table, cache: &ProbeCache) -> Result<ArrayRows, DataError> {
    let lines = Lines::read(index, TextFile::Attributes, cache)?;
    let image = lines.column(&["image", "path"])?;
    let mut rows: Vec<Option<(usize, u64)>> = vec![None; table.set_len()];
    let mut listed = 0;
    lines.each(|line, row| {
        let known = table.place_of(&row[image]);
        if let Some((_, before)) = known.and_then(|place| rows[place as usize].replace((listed, line))) {
            return Err(lines.wrong(line, format!("{} stands in line {before} already", quoted(&row[image]))));
        }
        listed += 1;
        Ok(())
    })?;
    let of = table.rows().map(|row| rows[row.index()].map(|(at, _)| at)).collect();
    Ok(ArrayRows { listed, of })
}
