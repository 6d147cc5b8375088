//! Several tables as one.

use crate::data::augment::Treatment;
use crate::data::table::{Column, Core, NOBODY, Table};
use crate::data::{Cell, DataError, ImageSource, LabelSpace, Stream};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// What equal names in two tables mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeLabels {
    /// Different people.
    Disjoint,
    /// The same person.
    ByName,
}

/// The rows of all tables, in order.
///
/// Attributes are joined by name; a table that lacks one has missing values there. A path (or with [`MergeLabels::Disjoint`] an identity)
/// that stood in an earlier table already becomes `k:path`, `k` being the table's place from 0: names stay unique, and the rows of the
/// first table keep theirs. Tables that share one label space keep it under [`MergeLabels::ByName`].
///
/// Errors: no table; the same image of the same treatment twice; attributes of different types; streams whose known facts differ.
pub fn merge(tables: &[Table], labels: MergeLabels) -> Result<Table, DataError> {
    let [first, rest @ ..] = tables else {
        return Err(DataError::Argument { what: "merge", why: "needs at least one table".to_owned() });
    };
    let stream = rest.iter().try_fold(first.stream.clone(), |known: Stream, table| known.meet(&table.stream))?;
    let (labels, classes) = joined_labels(tables, labels)?;
    let (treatments, treated) = joined_treatments(tables)?;
    let rows = || tables.iter().enumerate().flat_map(|(at, table)| table.rows().map(move |row| (at, row)));
    let total = rows().count();
    Ok(Table {
        core: Arc::new(Core::new(
            unique_paths(tables)?,
            rows().map(|(_, row)| row.source().clone()).collect(),
            rows().map(|(_, row)| row.size()).collect(),
        )?),
        columns: joined_columns(tables)?,
        classes: classes.into(),
        labels,
        rows: (0..total as u32).collect(),
        treated,
        treatments,
        stream,
    })
}

/// Each row's path, told apart from those of earlier tables.
fn unique_paths(tables: &[Table]) -> Result<Vec<Arc<str>>, DataError> {
    let mut seen: HashMap<Arc<str>, Vec<(&ImageSource, Option<&Treatment>)>> = HashMap::new();
    let mut paths = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        for row in table.rows() {
            let image = (row.source(), row.treatment());
            let others = seen.entry(row.shared_path().clone()).or_default();
            if others.contains(&image) {
                return Err(DataError::MergedTwice { path: row.path().to_owned() });
            }
            paths.push(if others.is_empty() { row.shared_path().clone() } else { Arc::from(format!("{at}:{}", row.path())) });
            others.push(image);
        }
    }
    Ok(paths)
}

/// The label space, and the class of each row.
fn joined_labels(tables: &[Table], how: MergeLabels) -> Result<(LabelSpace, Vec<u32>), DataError> {
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut places: HashMap<Arc<str>, u32> = HashMap::new();
    let mut classes = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let mut new = Vec::with_capacity(table.labels.len());
        for name in table.labels.names().iter() {
            let name = match (how, places.contains_key(name)) {
                (MergeLabels::Disjoint, true) => Arc::from(format!("{at}:{name}")),
                (MergeLabels::Disjoint, false) | (MergeLabels::ByName, _) => name.clone(),
            };
            new.push(*places.entry(name.clone()).or_insert_with(|| {
                names.push(name);
                names.len() as u32 - 1
            }));
        }
        classes.extend(table.rows().map(|row| new.get(row.class() as usize).copied().unwrap_or(NOBODY)));
    }
    let shared = tables.iter().all(|table| table.labels == tables[0].labels);
    let labels = match how {
        MergeLabels::ByName if shared => tables[0].labels.clone(),
        MergeLabels::ByName | MergeLabels::Disjoint => {
            let ids: Vec<_> = tables.iter().map(|table| table.labels.id()).collect();
            LabelSpace::new(&format!("merge {how:?} {}", ids.join(" ")), names)?
        }
    };
    Ok((labels, classes))
}

/// All attributes, with missing values where a table lacks one.
fn joined_columns(tables: &[Table]) -> Result<Arc<[Column]>, DataError> {
    let mut columns: Vec<Column> = Vec::new();
    for column in tables.iter().flat_map(|table| table.columns.iter()) {
        match columns.iter_mut().find(|known| known.name == column.name) {
            None => columns.push(Column { cells: Arc::from([]), ..column.clone() }),
            Some(known) => {
                known.kind = known.kind.joined(&column.kind).ok_or_else(|| DataError::TypesDiffer {
                    attribute: column.name.to_string(),
                    left: known.kind.to_string(),
                    right: column.kind.to_string(),
                })?;
            }
        }
    }
    for column in &mut columns {
        let cell = |place: usize, table: &Table| {
            let own = table.columns.iter().find(|own| own.name == column.name);
            own.map_or(Cell::Missing, |own| own.cells[place].clone())
        };
        column.cells = tables.iter().flat_map(|table| table.rows.iter().map(|place| cell(*place as usize, table))).collect();
    }
    Ok(columns.into())
}

/// Treatments, and the number of each row's (none at all if no row has one).
type Numbered = (Arc<[Treatment]>, Option<Arc<[u16]>>);

/// All treatments, and the number of each row's; `u16::MAX` is no treatment.
fn joined_treatments(tables: &[Table]) -> Result<Numbered, DataError> {
    if tables.iter().all(|table| table.treated.is_none()) {
        return Ok((Arc::from([]), None));
    }
    let mut treatments: Vec<Treatment> = Vec::new();
    let mut treated = Vec::new();
    for row in tables.iter().flat_map(Table::rows) {
        let Some(treatment) = row.treatment() else {
            treated.push(u16::MAX);
            continue;
        };
        let number = treatments.iter().position(|known| known == treatment).unwrap_or(treatments.len());
        if number == treatments.len() {
            treatments.push(treatment.clone());
        }
        if number >= usize::from(u16::MAX) - 1 {
            return Err(DataError::Argument { what: "merge", why: format!("more than {number} different treatments") });
        }
        treated.push(number as u16);
    }
    Ok((treatments.into(), Some(treated.into())))
}
