//! Attributes from a csv beside a data set.

use super::lines::{ColumnType, Lines};
use crate::data::predicate::MissingPolicy;
use crate::data::table::completed;
use crate::data::{Cell, DataError, Table};
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
    let lines = Lines::read(file)?;
    let key = lines.column(&["image", "path"])?;
    let mut rows = HashMap::with_capacity(lines.rows().len());
    let mut unused_rows = 0;
    for (line, row) in lines.rows() {
        if let Some((before, _)) = rows.insert(&row[key], (line, row)) {
            return Err(lines.wrong(line, format!("`{}` was annotated in line {before} already", &row[key])));
        }
        unused_rows += usize::from(!table.set_has(&row[key]));
    }
    let bare: Vec<&str> = table.rows().map(|sample| sample.path()).filter(|path| !rows.contains_key(path)).collect();
    if let (MissingPolicy::Error, Some(first)) = (missing, bare.first()) {
        let (first, file) = ((*first).to_owned(), file.to_owned());
        return Err(DataError::NotAnnotated { file, first, count: bare.len(), total: table.len() });
    }
    let mut annotated = table.clone();
    for (name, kind) in schema {
        let column = lines.column(&[name])?;
        let cell = |path: &str| match rows.get(path) {
            None => Ok(Cell::Missing),
            Some((line, row)) => kind.cell(&row[column]).map_err(|why| lines.wrong(*line, format!("{why} (column `{name}`)"))),
        };
        let cells = table.core.paths.iter().map(|path| cell(path)).collect::<Result<Vec<_>, _>>()?;
        let kind = completed(name, &kind.attribute(), &cells)?;
        annotated = annotated.with_column(name, kind, cells)?;
    }
    if missing == MissingPolicy::Drop && !bare.is_empty() {
        let kept: Vec<u32> = annotated.rows().filter(|row| rows.contains_key(row.path())).map(|row| row.index() as u32).collect();
        if kept.is_empty() {
            return Err(DataError::Empty { view: format!("annotate({})", lines.file().display()), total: table.len() });
        }
        annotated = annotated.with_rows(kept);
    }
    Ok(Annotated { table: annotated, without_row: bare.len(), unused_rows, digest: lines.digest.clone() })
}
