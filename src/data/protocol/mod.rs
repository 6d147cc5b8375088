//! Protocols: which pairs of images are judged, in which fold, and whether they are of one person; whom of a gallery probes show; or which
//! images make a template, and which templates are paired.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "rows are numbered by 32 bits")]

mod doubt;
mod made;
mod search;
mod template_search;
mod templates;

pub use doubt::{Doubt, Oddity, doubled, on_both_sides};
pub use made::random_pairs;
pub use search::{Search, Strangers};
pub use template_search::{SEARCH_COUNTS, TemplateOf, TemplateSearch};
pub use templates::{COUNTS, TemplateFace, TemplateFaces, TemplatePair, Templates};

use super::probe::ProbeCache;
use super::readers::pair_file;
use super::{DataError, Table};
use ddl_base::text::quoted;
use doubt::{Seen, Tally};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use templates::{Counted, whole};

/// One pair to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Its fold.
    pub fold: u32,
    /// Whether both are of one person.
    pub same: bool,
    /// The row of the first image, in the protocol's first table.
    pub a: u32,
    /// The row of the second image, in the second table if there is one.
    pub b: u32,
}

/// How many pairs there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PairCounts {
    /// Of one person.
    pub same: u64,
    /// Of two people.
    pub different: u64,
}

impl PairCounts {
    /// Of pairs, of each whether it shows one person.
    pub fn of(same: impl Iterator<Item = bool>) -> Self {
        same.fold(PairCounts::default(), |counts, same| {
            if same { PairCounts { same: counts.same + 1, ..counts } } else { PairCounts { different: counts.different + 1, ..counts } }
        })
    }

    /// All pairs.
    pub fn total(self) -> u64 {
        self.same + self.different
    }

    /// Whether these pairs' share of same or of different ones is off by more than a fifth of what it was.
    fn shifted_from(self, before: Self) -> bool {
        let share = |part: u64, all: u64| part as f64 / all as f64;
        let off = |now: f64, before: f64| (now - before).abs() > 0.2 * before;
        off(share(self.same, self.total()), share(before.same, before.total()))
            || off(share(self.different, self.total()), share(before.different, before.total()))
    }
}

/// What is counted of a list of pairs.
pub const PAIRS_COUNTED: [&str; 4] = ["pairs", "genuine", "impostor", "folds"];

/// Pairs of images of one table, or of two.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The table of the first images.
    pub first: Table,
    /// The table of the second images; without one they are of the first table too.
    pub second: Option<Table>,
    /// The pairs, in the file's order (or fold by fold).
    pub pairs: Vec<Pair>,
    /// How many pairs the file has.
    pub in_file: PairCounts,
    /// How many of them are judged.
    pub kept: PairCounts,
    /// What is odd about the judged ones: they contradict the people of the table, stand twice, or are of an image with itself.
    pub doubts: Vec<Doubt>,
}

impl Verification {
    /// The pairs of a csv `fold,same,a,b` over the samples of `table`. With `within`, pairs are kept whose people both have rows there; the
    /// file's folds stay.
    ///
    /// Errors: as [`pair_file`]; a pair of samples that a view took out of `table`; no pair left; a border that shifts the balance of same
    /// and different pairs by more than a fifth; pairs that all say `same` otherwise than the people of their images.
    pub fn from_file(
        file: &Path,
        table: &Table,
        within: Option<&Table>,
        counts: &IndexMap<String, u64>,
        cache: &ProbeCache,
    ) -> Result<Self, DataError> {
        let listed = pair_file(file, table, cache)?;
        let in_file = PairCounts::of(listed.iter().map(|pair| pair.same));
        let folds = listed.iter().map(|pair| pair.fold).collect::<HashSet<_>>().len() as u64;
        let found = [in_file.total(), in_file.same, in_file.different, folds];
        let counted: Vec<_> = PAIRS_COUNTED.into_iter().zip(found).map(|(what, found)| Counted { what, file, found }).collect();
        whole(&counted, counts)?;
        let people: Option<HashSet<&str>> = within.map(|within| within.stretches().map(|stretch| stretch.first.identity()).collect());
        let outside = |line: u64, place: u32| {
            let why = format!(
                "{} is in the data set, but not among these samples; judge the whole set, `within` some people",
                quoted(&table.path_at(place))
            );
            DataError::Line { file: file.to_owned(), line, why }
        };
        let person = |row: usize| table.row(row).map_or("", |row| row.identity()); // rows of the table itself
        let name = |row: u32| table.row(row as usize).map_or_else(String::new, |row| quoted(&row.path()));
        let mut pairs = Vec::with_capacity(listed.len());
        let (mut contradicting, mut seen) = (Tally::new(Oddity::Contradiction), Seen::new());
        for pair in &listed {
            let row = |place: u32| table.row_at(place).ok_or_else(|| outside(pair.line, place));
            let (a, b) = (row(pair.a)?, row(pair.b)?);
            if people.as_ref().is_some_and(|people| !people.contains(person(a)) || !people.contains(person(b))) {
                continue;
            }
            let kept = Pair { fold: pair.fold, same: pair.same, a: a as u32, b: b as u32 };
            if pair.same != (person(a) == person(b)) {
                let are = if pair.same { "two people" } else { "one person" };
                contradicting.add(pair.line, || format!("{} and {} are of {are}", name(kept.a), name(kept.b)));
            }
            seen.pair(pair.line, (kept.a, kept.b), name);
            pairs.push(kept);
        }
        let kept = PairCounts::of(pairs.iter().map(|pair| pair.same));
        let wrong = |why: String| Err(DataError::Protocol { file: file.to_owned(), why });
        if pairs.is_empty() {
            return wrong(format!("none of its {} pairs is within these people", in_file.total()));
        }
        if kept.shifted_from(in_file) {
            return wrong(format!(
                "within these people {} same and {} different pairs are left of {} and {}: the balance shifts by more than a fifth; \
                 split the people so that whole folds stay together (order = \"sorted\", and shares at which a fold ends), or list pairs of these people alone",
                kept.same, kept.different, in_file.same, in_file.different
            ));
        }
        let all = pairs.len();
        if contradicting.count() == all {
            return Err(DataError::Contradiction { file: file.to_owned(), count: all });
        }
        let doubts = contradicting.doubt(file, "pairs", all).into_iter().chain(seen.doubts(file, all)).collect();
        Ok(Verification { first: table.clone(), second: None, pairs, in_file, kept, doubts })
    }

    /// The folds, in order.
    pub fn folds(&self) -> Vec<u32> {
        self.pairs.iter().map(|pair| pair.fold).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The rows of the first table that must be embedded, each once, in order.
    pub fn first_rows(&self) -> Vec<u32> {
        let both = self.pairs.iter().flat_map(|pair| [Some(pair.a), if self.second.is_none() { Some(pair.b) } else { None }]);
        both.flatten().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The rows of the second table that must be embedded, each once, in order; none without a second table.
    pub fn second_rows(&self) -> Vec<u32> {
        let second = self.pairs.iter().filter(|_| self.second.is_some()).map(|pair| pair.b);
        second.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
