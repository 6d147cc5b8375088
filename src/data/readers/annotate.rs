//! Attributes from a csv beside a data set.

use super::form::TextFile;
use super::lines::{ColumnType, Lines};
use crate::data::predicate::MissingPolicy;
use crate::data::table::{Row, completed};
use crate::data::{Cell, DataError, Table};
use crate::text::quoted;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::Path;

/// An annotated table, and what did not fit.
#[derive(Debug, Clone)]
pub struct Annotated {
    /// The samples with their new attributes.
    pub table: Table,
    /// How many samples the csv says nothing of.
    pub without_row: usize,
    /// How many of its rows name no sample of the table.
    pub unused_rows: usize,
    /// The blake3 digest of the csv, in hexadecimal digits.
    pub digest: String,
}

/// Adds the columns of `schema` from a csv whose column `image` or `path` names samples. Samples without a row are an error, are left out,
/// or have missing values, as `missing` says.
/// Errors: as a csv's; a missing column; a field of the wrong type; an image named twice; an attribute that is there already.
pub fn annotate(table: &Table, file: &Path, schema: &IndexMap<String, ColumnType>, missing: MissingPolicy) -> Result<Annotated, DataError> {
    let lines = Lines::read(file, TextFile::Attributes)?;
    let key = lines.column(&["image", "path"])?;
    let columns = schema.iter().map(|(name, kind)| Ok((name, *kind, lines.column(&[name])?))).collect::<Result<Vec<_>, DataError>>()?;
    let mut line_of: Vec<u64> = vec![0; table.set_len()]; // 0: the csv says nothing of it
    let mut unused: HashMap<Box<str>, u64> = HashMap::new();
    let mut cells: Vec<Vec<Cell>> = columns.iter().map(|_| vec![Cell::Missing; table.set_len()]).collect();
    lines.each(|line, row| {
        let place = table.place_of(&row[key]);
        let before = match place {
            Some(place) => std::mem::replace(&mut line_of[place as usize], line),
            None => unused.insert(Box::from(&row[key]), line).unwrap_or(0),
        };
        if before > 0 {
            return Err(lines.wrong(line, format!("{} was annotated in line {before} already", quoted(&row[key]))));
        }
        let Some(place) = place else { return Ok(()) };
        for ((name, kind, at), cells) in columns.iter().zip(&mut cells) {
            cells[place as usize] = kind.cell(&row[*at]).map_err(|why| lines.wrong(line, format!("{why} (column `{name}`)")))?;
        }
        Ok(())
    })?;
    let bare = |row: &Row| line_of[row.index()] == 0;
    let without_row = table.rows().filter(bare).count();
    if let (MissingPolicy::Error, Some(first)) = (missing, table.rows().find(bare)) {
        let (first, file) = (first.path().to_string(), file.to_owned());
        return Err(DataError::NotAnnotated { file, first, count: without_row, total: table.len() });
    }
    let mut annotated = table.clone();
    for ((name, kind, _), cells) in columns.into_iter().zip(cells) {
        let kind = completed(name, &kind.attribute(), &cells)?;
        annotated = annotated.with_column(name, kind, cells)?;
    }
    if missing == MissingPolicy::Drop && without_row > 0 {
        let kept: Vec<u32> = annotated.rows().filter(|row| !bare(row)).map(|row| row.index() as u32).collect();
        if kept.is_empty() {
            return Err(DataError::Empty { view: format!("annotate({})", lines.file().display()), total: table.len() });
        }
        annotated = annotated.with_rows(kept);
    }
    Ok(Annotated { table: annotated, without_row, unused_rows: unused.len(), digest: lines.digest })
}
