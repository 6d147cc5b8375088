//! Lists of pairs: a protocol's `fold,same,a,b`, a sampler's `a,b`.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::form::TextFile;
use super::lines::{Lines, truth};
use super::{benchmarks, splits};
use crate::probe::ProbeCache;
use crate::{DataError, Table};
use ddl_base::text::quoted;
use std::path::Path;

/// One pair of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairLine {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Its fold.
    pub fold: u32,
    /// Whether both images are said to be of one person.
    pub same: bool,
    /// The place of the first image in the whole set.
    pub a: u32,
    /// The place of the second image.
    pub b: u32,
}

/// Reads a protocol's pairs, in the file's order: a csv of columns `fold` (a whole number), `same` (0/1, true/false), `a`, `b` (paths of
/// the set of `table`; its other rows are allowed). Or a pack of pairs (`lfw.bin`), of which `table` is ([`packed`](super::packed)); or a
/// benchmark's own list ([`benchmarks`]).
/// Errors: as a csv's; a missing column; a wrong field; images that are not in the set, with the first one's line and their number.
pub fn pair_file(file: &Path, table: &Table, cache: &ProbeCache) -> Result<Vec<PairLine>, DataError> {
    if super::packed::is_pack(file) {
        return super::packed::pairs(file, table, cache);
    }
    if splits::is_splits(file) {
        return splits::pairs(file, table, cache);
    }
    if let Some(layout) = benchmarks::layout(file, cache)? {
        return benchmarks::pairs(layout, file, table, cache);
    }
    let lines = Lines::read(file, TextFile::Pairs, cache)?;
    let [fold, same, a, b] = [lines.column(&["fold"])?, lines.column(&["same"])?, lines.column(&["a"])?, lines.column(&["b"])?];
    let mut pairs = Vec::new();
    let mut unknown = Unknown::default();
    lines.each(|line, row| {
        let said = truth(&row[same]).ok_or_else(|| lines.wrong(line, format!("`same` is 1 or 0, not {}", quoted(&row[same]))))?;
        let number = || lines.wrong(line, format!("`fold` is a whole number, not {}", quoted(&row[fold])));
        let fold = row[fold].parse().map_err(|_| number())?;
        let of = |name| table.place_of(name);
        pairs.extend(unknown.both(line, (&row[a], of(&row[a])), (&row[b], of(&row[b]))).map(|(a, b)| PairLine {
            line,
            fold,
            same: said,
            a,
            b,
        }));
        Ok(())
    })?;
    unknown.none(lines.file())?;
    Ok(pairs)
}

/// One positive pair of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedPair {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The rows of both images.
    pub rows: (u32, u32),
}

/// Reads a csv of columns `a`, `b`: positive pairs of rows of `table`, in the file's order.
/// Errors: as [`pair_file`]; an image that is in the set but not a row of `table`; two people in one pair; an image paired with itself.
pub fn pair_list(file: &Path, table: &Table, cache: &ProbeCache) -> Result<Vec<ListedPair>, DataError> {
    let lines = Lines::read(file, TextFile::PairList, cache)?;
    let (a, b) = (lines.column(&["a"])?, lines.column(&["b"])?);
    let mut places = Vec::new();
    let mut unknown = Unknown::default();
    lines.each(|line, row| {
        let of = |name| table.place_of(name);
        places.extend(unknown.both(line, (&row[a], of(&row[a])), (&row[b], of(&row[b]))).map(|pair| (line, pair)));
        Ok(())
    })?;
    unknown.none(lines.file())?;
    let row_of = |line: u64, place: u32| {
        let outside = || {
            let path = table.path_at(place);
            lines.wrong(line, format!("{} is in the data set, but not among these samples", quoted(&path)))
        };
        table.row_at(place).ok_or_else(outside)
    };
    let mut pairs = Vec::with_capacity(places.len());
    for (line, (a, b)) in places {
        let (a, b) = (row_of(line, a)?, row_of(line, b)?);
        let person = |row: usize| table.row(row).map(|row| row.class());
        if a == b || person(a) != person(b) {
            let why = if a == b { "an image paired with itself".to_owned() } else { "the images are of two people".to_owned() };
            return Err(lines.wrong(line, why));
        }
        pairs.push(ListedPair { line, rows: (a as u32, b as u32) });
    }
    Ok(pairs)
}

/// Rows that name images which are not in a set.
#[derive(Default)]
pub(super) struct Unknown {
    rows: usize,
    first: Option<(u64, String)>,
}

/// What a row calls an image, and its place in the set.
type Called<'a> = (&'a str, Option<u32>);

impl Unknown {
    /// The places of both images of a row; the row is counted where one of them is not there.
    pub(super) fn both(&mut self, line: u64, a: Called, b: Called) -> Option<(u32, u32)> {
        if let Some((name, _)) = [a, b].into_iter().find(|(_, place)| place.is_none()) {
            self.rows += 1;
            self.first.get_or_insert_with(|| (line, name.to_owned()));
        }
        a.1.zip(b.1)
    }

    /// An error if there are such rows.
    pub(super) fn none(self, file: &Path) -> Result<(), DataError> {
        match self.first {
            None => Ok(()),
            Some((line, first)) => Err(DataError::UnknownImages { file: file.to_owned(), first, line, count: self.rows }),
        }
    }
}
