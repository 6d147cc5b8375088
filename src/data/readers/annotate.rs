//! Attributes from a csv beside a data set.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::form::TextFile;
use super::lines::{ColumnType, Lines};
use crate::predicate::MissingPolicy;
use crate::probe::ProbeCache;
use crate::table::{ColumnBuilder, Row, Rows};
use crate::{DataError, Table};
use ddl_base::text::quoted;
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
    /// How many of its rows name no sample of the set.
    pub unused_rows: usize,
    /// The first such name.
    pub first_unused: Option<String>,
}

/// Adds the columns of `schema` from a csv whose column `image` or `path` names samples. Samples without a row are an error, are left out,
/// or have missing values, as `missing` says.
/// Errors: as a csv's; a missing column; a field of the wrong type; an image named twice; an attribute that is there already.
pub fn annotate(
    table: &Table,
    file: &Path,
    schema: &IndexMap<String, ColumnType>,
    missing: MissingPolicy,
    cache: &ProbeCache,
) -> Result<Annotated, DataError> {
    let lines = Lines::read(file, TextFile::Attributes, cache)?;
    let key = lines.column(&["image", "path"])?;
    let columns = schema.iter().map(|(name, kind)| Ok((name, *kind, lines.column(&[name])?))).collect::<Result<Vec<_>, DataError>>()?;
    let mut line_of: Vec<u64> = vec![0; table.set_len()]; // 0: the csv says nothing of it
    let mut unused: HashMap<Box<str>, u64> = HashMap::new();
    let mut first_unused = None;
    let new = |(name, kind, _): &(&String, ColumnType, usize)| ColumnBuilder::missing(name, &kind.attribute(), table.set_len());
    let mut added: Vec<ColumnBuilder> = columns.iter().map(new).collect();
    lines.each(|line, row| {
        let place = table.place_of(&row[key]);
        let before = match place {
            Some(place) => std::mem::replace(&mut line_of[place as usize], line),
            None => {
                first_unused.get_or_insert_with(|| row[key].to_owned());
                unused.insert(Box::from(&row[key]), line).unwrap_or(0)
            }
        };
        if before > 0 {
            return Err(lines.wrong(line, format!("{} was annotated in line {before} already", quoted(&row[key]))));
        }
        let Some(place) = place else { return Ok(()) };
        for ((name, kind, at), column) in columns.iter().zip(&mut added) {
            let cell = kind.cell(&row[*at]).map_err(|why| lines.wrong(line, format!("{why} (column `{name}`)")))?;
            column.set(place as usize, &cell)?;
        }
        Ok(())
    })?;
    let bare = |row: &Row| line_of[row.index()] == 0;
    if let (Some(named), Some(image), true) = (&first_unused, table.rows().next(), line_of.iter().all(|line| *line == 0)) {
        let (file, named, image) = (file.to_owned(), named.clone(), image.path().to_string());
        return Err(DataError::NoneAnnotated { file, named, image, total: table.len() });
    }
    let without_row = table.rows().filter(bare).count();
    if let (MissingPolicy::Error, Some(first)) = (missing, table.rows().find(bare)) {
        let (first, file) = (first.path().to_string(), file.to_owned());
        return Err(DataError::NotAnnotated { file, first, count: without_row, total: table.len() });
    }
    let mut annotated = table.clone();
    for column in added {
        annotated = annotated.with_column(column)?;
    }
    if missing == MissingPolicy::Drop && without_row > 0 {
        let kept = Rows::rising(annotated.rows().filter(|row| !bare(row)).map(|row| row.index() as u32));
        if kept.len() == 0 {
            return Err(DataError::Empty { view: format!("annotate({})", lines.file().display()), total: table.len() });
        }
        annotated = annotated.with_rows(kept);
    }
    Ok(Annotated { table: annotated, without_row, unused_rows: unused.len(), first_unused })
}
