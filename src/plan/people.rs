//! Who is on images: people of one set are told apart by name; people of two sets may share a name and are not the same.

use crate::data::{ImageSource, Table};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// A person of a set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    /// The name.
    pub name: Arc<str>,
    /// The set: a folder, or the parameters of drawn faces.
    set: String,
}

/// People, sorted by name.
pub type People = BTreeSet<Person>;

/// The people on all rows of a table.
pub fn of_table(table: &Table) -> People {
    of_rows(table, 0..table.len())
}

/// The people on some rows of a table.
pub fn of_rows(table: &Table, rows: impl IntoIterator<Item = usize>) -> People {
    // a set is shared by its images: its place in memory tells it apart for as long as the table lives
    let mut seen: HashSet<(u32, usize)> = HashSet::new();
    let mut people = People::new();
    for row in rows.into_iter().filter_map(|row| table.row(row)) {
        let place = match row.source() {
            ImageSource::File { root, .. } => root.as_os_str().as_encoded_bytes().as_ptr().addr(),
            ImageSource::Rendered { set, .. } => set.id().as_ptr().addr(),
        };
        if seen.insert((row.class(), place)) {
            let set = match row.source() {
                ImageSource::File { root, .. } => root.to_string_lossy().into_owned(),
                ImageSource::Rendered { set, .. } => set.id().to_owned(),
            };
            people.insert(Person { name: Arc::from(unmerged(row.identity())), set });
        }
    }
    people
}

/// The name before a merge told it apart from an equal one: `1:anna` is `anna` of the second set.
fn unmerged(name: &str) -> &str {
    match name.split_once(':') {
        Some((place, rest)) if !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => name,
    }
}
