//! Which samples of a set are rows.

use std::ops::Range;
use std::sync::Arc;

/// Rising places of a set: as runs where they follow one another, else one by one.
#[derive(Debug, Clone)]
pub(crate) enum Rows {
    /// Runs of places that follow one another, and how many places there are.
    Runs(Arc<[Run]>, usize),
    /// The places.
    Listed(Arc<[u32]>),
}

/// Rows whose places follow one another, up to the next run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// The first row.
    row: u32,
    /// Its place.
    place: u32,
}

impl Rows {
    /// All places below `len`.
    pub fn all(len: usize) -> Self {
        let mut rows = RowsBuilder::default();
        rows.push_all(0..len as u32);
        rows.finish()
    }

    /// These places, which rise.
    pub fn rising(places: impl IntoIterator<Item = u32>) -> Self {
        let mut rows = RowsBuilder::default();
        places.into_iter().for_each(|place| rows.push_all(place..place + 1));
        rows.finish()
    }

    pub fn len(&self) -> usize {
        match self {
            Rows::Runs(_, len) => *len,
            Rows::Listed(places) => places.len(),
        }
    }

    /// The place of a row; `None` beyond the end.
    pub fn place(&self, row: usize) -> Option<u32> {
        self.after(row).map(|places| places.start)
    }

    /// The places from a row to the end of its run.
    pub fn after(&self, row: usize) -> Option<Range<u32>> {
        match self {
            Rows::Runs(runs, len) if row < *len => {
                let at = runs.partition_point(|run| run.row as usize <= row) - 1; // the first run begins with row 0
                let place = runs[at].place + (row as u32 - runs[at].row);
                let end = runs.get(at + 1).map_or(*len, |next| next.row as usize);
                Some(place..place + (end - row) as u32)
            }
            Rows::Runs(..) => None,
            Rows::Listed(places) => places.get(row).map(|place| *place..*place + 1),
        }
    }

    /// The row of a place.
    pub fn row(&self, place: u32) -> Option<usize> {
        match self {
            Rows::Runs(runs, len) => {
                let at = runs.partition_point(|run| run.place <= place).checked_sub(1)?;
                let row = (runs[at].row + (place - runs[at].place)) as usize;
                (row < runs.get(at + 1).map_or(*len, |next| next.row as usize)).then_some(row)
            }
            Rows::Listed(places) => places.binary_search(&place).ok(),
        }
    }

    /// All places with their rows, run by run.
    pub fn runs(&self) -> impl Iterator<Item = (usize, Range<u32>)> + '_ {
        let mut row = 0;
        std::iter::from_fn(move || {
            let places = self.after(row)?;
            let first = row;
            row += places.len();
            Some((first, places))
        })
    }

    /// All places.
    pub fn iter(&self) -> Places<'_> {
        Places { rows: self, row: 0, run: 0..0 }
    }
}

/// All places in order.
#[derive(Debug, Clone)]
pub(crate) struct Places<'a> {
    rows: &'a Rows,
    /// The row after this run.
    row: usize,
    run: Range<u32>,
}

impl Iterator for Places<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.run.is_empty() {
            self.run = self.rows.after(self.row)?;
            self.row += self.run.len();
        }
        self.run.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.run.len() + self.rows.len() - self.row;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Places<'_> {}

/// Collects rising places.
#[derive(Debug, Default)]
pub(crate) struct RowsBuilder {
    runs: Vec<Run>,
    len: u32,
    next: u32,
}

impl RowsBuilder {
    /// Places that follow one another, behind all that were pushed before.
    pub fn push_all(&mut self, places: Range<u32>) {
        if places.is_empty() {
            return;
        }
        if self.len == 0 || places.start != self.next {
            self.runs.push(Run { row: self.len, place: places.start });
        }
        self.len += places.len() as u32;
        self.next = places.end;
    }

    pub fn finish(self) -> Rows {
        let scattered = 2 * self.runs.len() > self.len as usize; // two numbers a run against one a place
        let rows = Rows::Runs(self.runs.into(), self.len as usize);
        if scattered { Rows::Listed(rows.iter().collect()) } else { rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_and_lists_are_the_same_rows(chosen in proptest::collection::btree_set(0u32..60, 0..60)) {
            let places: Vec<u32> = chosen.into_iter().collect();
            let rows = Rows::rising(places.iter().copied());
            prop_assert_eq!(rows.len(), places.len());
            prop_assert_eq!(rows.iter().len(), places.len());
            prop_assert_eq!(rows.iter().collect::<Vec<_>>(), places.clone());
            prop_assert_eq!(rows.runs().flat_map(|(_, places)| places).collect::<Vec<_>>(), places.clone());
            prop_assert!(rows.runs().all(|(row, run)| rows.place(row) == Some(run.start)));
            for at in 0..70 {
                prop_assert_eq!(rows.row(at), places.iter().position(|place| *place == at));
                prop_assert_eq!(rows.place(at as usize), places.get(at as usize).copied());
            }
        }
    }
}
