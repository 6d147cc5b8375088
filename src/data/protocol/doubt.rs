//! What is odd about the lists of a protocol: they can be judged, and the numbers may not mean what their reader thinks.

use crate::Table;
use ddl_base::text::quoted;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::path::{Path, PathBuf};

/// How a list can be odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// It says that two are of one person, or of two, and the people of the data set say otherwise.
    Contradiction,
    /// A pair stands in it more than once.
    Doubled,
    /// Something is compared with itself.
    Itself,
    /// A template has faces of several people.
    Mixed,
}

/// Something odd, counted, with the first example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What it is.
    pub oddity: Oddity,
    /// How often.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// What is counted: `pairs`, `templates`, `images`.
    pub what: &'static str,
    /// Where the first example stands, if in a file: the file, and the line from 1.
    pub at: Option<(PathBuf, u64)>,
    /// The first example.
    pub example: String,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Doubt { oddity, count, of, what, at, example } = self;
        write!(f, "{count} of {of} {what} ")?;
        f.write_str(match (oddity, *what) {
            (Oddity::Contradiction, "pairs") => "say `same` otherwise than the people of their images",
            (Oddity::Contradiction, _) => "show somebody else than their images",
            (Oddity::Doubled, _) => "stand in the list before",
            (Oddity::Itself, "pairs") => "compare something with itself",
            (Oddity::Itself, _) => "are on both sides, where each meets itself",
            (Oddity::Mixed, _) => "have faces of several people",
        })?;
        f.write_str(", first ")?;
        if let Some((file, line)) = at {
            write!(f, "{}:{line}: ", file.display())?;
        }
        f.write_str(example)
    }
}

/// Counts one kind of oddity as a list is read.
#[derive(Debug)]
pub(super) struct Tally {
    oddity: Oddity,
    count: usize,
    first: Option<(u64, String)>,
}

impl Tally {
    pub(super) fn new(oddity: Oddity) -> Self {
        Tally { oddity, count: 0, first: None }
    }

    /// One more, at a line; the example is only made for the first.
    pub(super) fn add(&mut self, line: u64, example: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(|| (line, example()));
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What was counted; nothing where there was none.
    pub(super) fn doubt(self, file: &Path, what: &'static str, of: usize) -> Option<Doubt> {
        let (line, example) = self.first?;
        Some(Doubt { oddity: self.oddity, count: self.count, of, what, at: Some((file.to_owned(), line)), example })
    }
}

/// Pairs as they are read: those that stand twice, in one order or the other, and those of something with itself.
#[derive(Debug)]
pub(super) struct Seen<T> {
    lines: HashMap<(T, T), u64>,
    doubled: Tally,
    itself: Tally,
}

impl<T: Copy + Ord + Hash> Seen<T> {
    pub(super) fn new() -> Self {
        Seen { lines: HashMap::new(), doubled: Tally::new(Oddity::Doubled), itself: Tally::new(Oddity::Itself) }
    }

    /// One more pair.
    pub(super) fn pair(&mut self, line: u64, (a, b): (T, T), name: impl Fn(T) -> String) {
        if a == b {
            self.itself.add(line, || name(a));
        }
        match self.lines.insert((a.min(b), a.max(b)), line) {
            None => {}
            Some(before) => self.doubled.add(line, || format!("{} and {}, as in line {before}", name(a), name(b))),
        }
    }

    /// What was odd.
    pub(super) fn doubts(self, file: &Path, of: usize) -> impl Iterator<Item = Doubt> {
        [self.doubled, self.itself].into_iter().filter_map(move |tally| tally.doubt(file, "pairs", of)).collect::<Vec<_>>().into_iter()
    }
}

/// Images that are rows of both tables, however each side sees them; the first of them is named.
pub fn on_both_sides(first: &Table, second: &Table) -> Option<Doubt> {
    let (count, example) = first.pictured_in(second)?;
    let at = None;
    Some(Doubt { oddity: Oddity::Itself, count, of: second.len(), what: "images", at, example: quoted(&example) })
}

/// Pairs of a list that stand in it before.
pub fn doubled(file: &Path, pairs: &[crate::readers::ListedPair], table: &Table) -> Vec<Doubt> {
    let mut seen = Seen::new();
    let name = |row: u32| table.row(row as usize).map_or_else(String::new, |row| quoted(&row.path()));
    pairs.iter().for_each(|pair| seen.pair(pair.line, pair.rows, name));
    seen.doubts(file, pairs.len()).collect()
}
