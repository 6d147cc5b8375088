//! Several tables as one.

use crate::augment::Treatment;
use crate::table::{BARE, Cells, Column, Core, Merged, Table, Treated};
use crate::{AttributeType, DataError, LabelSpace, Stream};
use indexmap::IndexMap;
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
    let columns = joined_columns(tables)?;
    let core = Core::Merged(Merged::new(tables)?);
    Ok(Table { treated, treatments, ..Table::of_core(core, columns, classes.into(), labels, stream) })
}

/// The label space, and the class of each person of each table.
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
        classes.extend(new);
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
    let mut kinds: IndexMap<Arc<str>, AttributeType> = IndexMap::new();
    for column in tables.iter().flat_map(|table| table.columns.iter()) {
        let kind = match kinds.get(&column.name) {
            None => column.kind.clone(),
            Some(known) => known.joined(&column.kind).ok_or_else(|| DataError::TypesDiffer {
                attribute: column.name.to_string(),
                left: known.to_string(),
                right: column.kind.to_string(),
            })?,
        };
        kinds.insert(column.name.clone(), kind);
    }
    let column = |(name, kind): (Arc<str>, AttributeType)| {
        let places = tables.iter().map(|table| table.columns.iter().position(|own| own.name == name)).collect();
        Column { name, kind, cells: Cells::Parts(places) }
    };
    Ok(kinds.into_iter().map(column).collect())
}

/// All treatments, and the number of each row's by its table.
fn joined_treatments(tables: &[Table]) -> Result<(Arc<[Treatment]>, Treated), DataError> {
    if tables.iter().all(|table| matches!(table.treated, Treated::None)) {
        return Ok((Arc::from([]), Treated::None));
    }
    let mut treatments: Vec<Treatment> = Vec::new();
    let mut parts = Vec::with_capacity(tables.len());
    for table in tables {
        let mut numbers = vec![BARE];
        for treatment in table.treatments.iter() {
            let number = treatments.iter().position(|known| known == treatment).unwrap_or(treatments.len());
            if number == treatments.len() {
                treatments.push(treatment.clone());
            }
            if number >= usize::from(BARE) - 1 {
                return Err(DataError::Argument { what: "merge", why: format!("more than {number} different treatments") });
            }
            numbers.push(number as u16);
        }
        parts.push(numbers);
    }
    Ok((treatments.into(), Treated::Parts(parts.into())))
}
