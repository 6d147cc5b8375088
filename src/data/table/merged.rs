//! The rows of several tables as one set.

use super::core::Core;
use super::{Row, Table};
use crate::DataError;
use rayon::prelude::*;
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Merges of merges go no deeper.
const DEEPEST: usize = 64;

/// The rows of several tables, one after the other. Nothing of them is copied.
#[derive(Debug)]
pub(crate) struct Merged {
    parts: Vec<Part>,
    depth: usize,
    len: usize,
}

#[derive(Debug)]
struct Part {
    table: Table,
    /// The place of its first row.
    start: u32,
    /// The number of its first person.
    first_person: u32,
    /// One bit a row: whether its path stood in a table before, and bears the table's place in front.
    renamed: Option<Box<[u64]>>,
}

impl Merged {
    /// The rows of these tables.
    ///
    /// # Errors
    /// Too many of them; merges too deep in one another; the same image of the same treatment twice; two samples of one path.
    pub fn new(tables: &[Table]) -> Result<Self, DataError> {
        let wrong = |why: String| DataError::Argument { what: "merge", why };
        let inner = |table: &Table| if let Core::Merged(merged) = &*table.core { merged.depth } else { 0 };
        let depth = 1 + tables.iter().map(inner).max().unwrap_or(0);
        if depth > DEEPEST {
            return Err(wrong(format!("more than {DEEPEST} merges in one another; merge all at once: merge([a, b, c])")));
        }
        let mut merged = Merged { parts: Vec::with_capacity(tables.len()), depth, len: 0 };
        let mut people = 0;
        for table in tables {
            merged.parts.push(Part { table: table.clone(), start: merged.len as u32, first_person: people, renamed: None });
            merged.len += table.len();
            people += table.labels().len() as u32;
            if merged.len >= u32::MAX as usize {
                return Err(wrong(format!("{} images are too many", merged.len)));
            }
        }
        merged.rename()?;
        Ok(merged)
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// The part that holds a place, and the row there.
    fn part(&self, place: u32) -> (usize, usize) {
        let part = self.parts.partition_point(|part| part.start <= place) - 1; // the first part starts with place 0; empty ones come before
        (part, (place - self.parts[part].start) as usize)
    }

    /// The number of the part that holds a place, its table, and the place in the set of that table.
    pub fn at(&self, place: u32) -> (usize, &Table, u32) {
        let (part, row) = self.part(place);
        let table = &self.parts[part].table;
        (part, table, table.rows.place(row).unwrap_or_default()) // it is a row of it
    }

    pub fn path(&self, place: u32) -> Cow<'_, str> {
        let (part, table, own) = self.at(place);
        let path = table.core.path(own);
        if self.parts[part].is_renamed((place - self.parts[part].start) as usize) { Cow::Owned(format!("{part}:{path}")) } else { path }
    }

    pub fn place(&self, path: &str) -> Option<u32> {
        let own = |at: usize, path: &str, renamed: bool| {
            let part = &self.parts[at];
            let row = part.table.row_of(path)?;
            (part.is_renamed(row) == renamed).then_some(part.start + row as u32)
        };
        let prefixed = || {
            let (part, path) = path.split_once(':')?;
            let at = part.parse().ok().filter(|at: &usize| *at < self.parts.len() && at.to_string() == part)?;
            own(at, path, true)
        };
        (0..self.parts.len()).find_map(|at| own(at, path, false)).or_else(prefixed)
    }

    pub fn person(&self, place: u32) -> u32 {
        let (part, table, own) = self.at(place);
        self.parts[part].first_person + table.classes[table.core.person(own) as usize]
    }

    pub fn stretch(&self, place: u32, limit: u32) -> u32 {
        let (part, row) = self.part(place);
        let table = &self.parts[part].table;
        let Some(run) = table.rows.after(row) else { return place + 1 }; // not reached: it is a row of it
        let end = table.core.stretch(run.start, run.end.min(run.start + (limit - place)));
        place + (end - run.start)
    }

    /// Finds the rows whose paths stood in a table before.
    fn rename(&mut self) -> Result<(), DataError> {
        let mut paths: Vec<(u64, u32)> = Vec::with_capacity(self.len);
        for Part { table, start, .. } in &self.parts {
            let hashed = |row: usize| {
                let place = table.rows.place(row).unwrap_or_default(); // it is a row of it
                let mut hasher = DefaultHasher::new();
                table.core.path(place).hash(&mut hasher);
                (hasher.finish(), start + row as u32)
            };
            paths.par_extend((0..table.len()).into_par_iter().map(hashed));
        }
        paths.par_sort_unstable();
        let (mut again, mut twice) = (Vec::new(), None);
        for group in paths.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            named_alike(group.iter().filter_map(|(_, place)| Some((*place, self.row(*place)?))), &mut again, &mut twice);
        }
        drop(paths);
        if let Some(row) = twice.and_then(|place| self.row(place)) {
            return Err(DataError::MergedTwice { path: row.path().into_owned() });
        }
        again.sort_unstable();
        for place in &again {
            let (at, row) = self.part(*place);
            let part = &mut self.parts[at];
            let bits = part.renamed.get_or_insert_with(|| vec![0; part.table.len().div_ceil(64)].into());
            bits[row / 64] |= 1 << (row % 64);
        }
        // a new name may be one that stands there already
        match again.iter().find(|place| self.place(&self.path(**place)) != Some(**place)) {
            None => Ok(()),
            Some(place) => Err(DataError::PathTwice { path: self.path(*place).into_owned() }),
        }
    }

    fn row(&self, place: u32) -> Option<Row<'_>> {
        let (part, row) = self.part(place);
        self.parts[part].table.row(row)
    }
}

/// Of rows whose paths may be equal: those whose path stands before go to `again`, the first whose image does to `twice`.
fn named_alike<'a>(rows: impl Iterator<Item = (u32, Row<'a>)>, again: &mut Vec<u32>, twice: &mut Option<u32>) {
    let mut named: Vec<(Cow<'_, str>, u32, Row<'_>)> = rows.map(|(place, row)| (row.path(), place, row)).collect();
    named.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    for alike in named.chunk_by(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1) {
        again.extend(alike[1..].iter().map(|(_, place, _)| *place));
        let mut images: Vec<(u64, u32, Row<'_>)> = alike.iter().map(|(_, place, row)| (row.source().hashed(), *place, *row)).collect();
        images.sort_unstable_by_key(|(hashed, place, _)| (*hashed, *place));
        for same in images.chunk_by(|a, b| a.0 == b.0) {
            let known = |at: usize| same[..at].iter().any(|before| before.2.is_image_of(&same[at].2));
            let first = (1..same.len()).find(|at| known(*at)).map(|at| same[at].1);
            *twice = [*twice, first].into_iter().flatten().min();
        }
    }
}

impl Part {
    fn is_renamed(&self, row: usize) -> bool {
        self.renamed.as_ref().is_some_and(|bits| bits[row / 64] >> (row % 64) & 1 == 1)
    }
}
