//! Lists of pairs: a protocol's `fold,same,a,b`, a sampler's `a,b`.

use super::lines::Lines;
use crate::data::{DataError, Table};
use std::path::Path;
use std::sync::Arc;

/// One pair of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairLine {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Its fold.
    pub fold: u32,
    /// Whether both images are said to be of one person.
    pub same: bool,
    /// The first image's path.
    pub a: Arc<str>,
    /// The second image's path.
    pub b: Arc<str>,
}

/// A protocol's pairs, in the file's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairFile {
    /// The pairs.
    pub pairs: Vec<PairLine>,
    /// The blake3 digest of the file, in hexadecimal digits.
    pub digest: String,
}

/// Reads a csv of columns `fold` (a whole number), `same` (0/1, true/false), `a`, `b` (paths of the set of `table`; its other rows are allowed).
/// Errors: as a csv's; a missing column; a wrong field; images that are not in the set, with the first one's line and their number.
pub fn pair_file(file: &Path, table: &Table) -> Result<PairFile, DataError> {
    let lines = Lines::read(file)?;
    let [fold, same, a, b] = [lines.column(&["fold"])?, lines.column(&["same"])?, lines.column(&["a"])?, lines.column(&["b"])?];
    let mut pairs = Vec::with_capacity(lines.rows().len());
    for (line, row) in lines.rows() {
        let same = match &row[same] {
            "1" | "true" | "True" => true,
            "0" | "false" | "False" => false,
            other => return Err(lines.wrong(line, format!("`same` is 1 or 0, not `{other}`"))),
        };
        let fold = row[fold].parse().map_err(|_| lines.wrong(line, format!("`fold` is a whole number, not `{}`", &row[fold])))?;
        pairs.push(PairLine { line, fold, same, a: Arc::from(&row[a]), b: Arc::from(&row[b]) });
    }
    known_images(&lines, table, pairs.iter().flat_map(|pair| [(pair.line, &pair.a), (pair.line, &pair.b)]))?;
    Ok(PairFile { pairs, digest: lines.digest })
}

/// Reads a csv of columns `a`, `b`: positive pairs, as (line, row of `a`, row of `b`) of `table`.
/// Errors: as [`pair_file`]; an image that is in the set but not a row of `table`; two people in one pair; an image paired with itself.
pub fn pair_list(file: &Path, table: &Table) -> Result<Vec<(usize, usize)>, DataError> {
    let lines = Lines::read(file)?;
    let (a, b) = (lines.column(&["a"])?, lines.column(&["b"])?);
    let names: Vec<(u64, Arc<str>, Arc<str>)> = lines.rows().map(|(line, row)| (line, Arc::from(&row[a]), Arc::from(&row[b]))).collect();
    known_images(&lines, table, names.iter().flat_map(|(line, a, b)| [(*line, a), (*line, b)]))?;
    let places = table.row_of_path();
    let row_of = |line: u64, path: &Arc<str>| {
        places.get(path).copied().ok_or_else(|| lines.wrong(line, format!("`{path}` is in the data set, but not among these samples")))
    };
    let mut pairs = Vec::with_capacity(names.len());
    for (line, a, b) in &names {
        let (a, b) = (row_of(*line, a)?, row_of(*line, b)?);
        let person = |row: usize| table.row(row).map(|row| row.identity());
        if a == b || person(a) != person(b) {
            let why = if a == b { "an image paired with itself".to_owned() } else { "the images are of two people".to_owned() };
            return Err(lines.wrong(*line, why));
        }
        pairs.push((a, b));
    }
    Ok(pairs)
}

/// An error if an image is not in the table's set.
fn known_images<'a>(lines: &Lines, table: &Table, names: impl Iterator<Item = (u64, &'a Arc<str>)>) -> Result<(), DataError> {
    let unknown: Vec<_> = names.filter(|(_, path)| !table.set_has(path)).collect();
    match unknown.first() {
        None => Ok(()),
        Some((line, first)) => {
            let file = lines.file().to_owned();
            Err(DataError::UnknownImages { file, first: first.to_string(), line: *line, count: unknown.len() })
        }
    }
}
