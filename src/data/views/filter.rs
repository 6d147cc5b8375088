//! Views by sample: what a condition keeps, a random part.

use crate::predicate::{Expr, Members, MissingPolicy, Predicate};
use crate::table::{Row, Rows, RowsBuilder};
use crate::views::Amount;
use crate::{Cell, DataError, Table};
use ddl_base::random::Draw;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Rows that one thread decides at once.
const BLOCK: usize = 1 << 13;

impl Table {
    /// The rows that `predicate` keeps, in order. Errors: [`DataError::EmptyFilter`] when none is left, [`DataError::Missing`] when a
    /// value is missing and the policy says error, unknown attributes, values of the wrong kind.
    pub fn filter(&self, predicate: &Predicate) -> Result<Table, DataError> {
        let condition = &predicate.keep_if;
        self.prepare(&condition.attributes());
        let decided = |block: usize| {
            let mut decided = Decided::default();
            for row in (block * BLOCK..self.len().min((block + 1) * BLOCK)).filter_map(|row| self.row(row)) {
                let keep = match condition.eval_row(&row)? {
                    Cell::Bool(yes) => yes,
                    Cell::Missing => predicate.missing == MissingPolicy::Keep || decided.undecided(&row, predicate.missing),
                    other @ (Cell::Number(_) | Cell::Text(_)) => {
                        let what = format!("`{}`", condition.text(&self.schema()));
                        return Err(DataError::WrongKind { what, wanted: "to give a yes or no", found: other.to_string() });
                    }
                };
                if keep {
                    decided.kept.push(row.index() as u32);
                }
            }
            Ok(decided)
        };
        let blocks: Vec<Result<Decided, DataError>> = (0..self.len().div_ceil(BLOCK)).into_par_iter().map(decided).collect();
        let (mut kept, mut undecided, mut first) = (RowsBuilder::default(), 0, None);
        for block in blocks {
            let block = block?;
            block.kept.into_iter().for_each(|place| kept.push_all(place..place + 1));
            undecided += block.undecided;
            first = first.or(block.first);
        }
        if let Some(first) = first {
            return Err(condition.missing(self, &first, undecided));
        }
        let kept = kept.finish();
        if kept.len() == 0 { Err(self.empty_filter(predicate)) } else { Ok(self.with_rows(kept)) }
    }

    /// The error of a filter that leaves nothing: what each part of it alone would leave.
    fn empty_filter(&self, predicate: &Predicate) -> DataError {
        let schema = self.schema();
        let keeps_missing = predicate.missing == MissingPolicy::Keep;
        let left = |part: &Expr| {
            let kept = |cell: &Result<Cell, DataError>| match cell {
                Ok(Cell::Bool(yes)) => *yes,
                Ok(Cell::Missing) => keeps_missing,
                Ok(Cell::Number(_) | Cell::Text(_)) | Err(_) => false,
            };
            self.rows().filter(|row| kept(&part.eval_row(row))).count()
        };
        let conjuncts = predicate.keep_if.conjuncts().into_iter().map(|part| (part.text(&schema), left(part))).collect();
        let meant = predicate.keep_if.conjuncts().into_iter().find_map(as_range).map(|range| range.text(&schema));
        DataError::EmptyFilter { filter: format!("`{}`", predicate.keep_if.text(&schema)), total: self.len(), conjuncts, meant }
    }

    /// So many rows, or such a part of them (rounded to the nearest), chosen by the ranks of `Draw(seed, "sample", path)` and kept in table
    /// order. A smaller amount is a subset of a larger one. Errors: more rows than there are, or none.
    pub fn sample(&self, amount: Amount, seed: i64) -> Result<Table, DataError> {
        let count = amount.of(self.len(), "sample")?;
        if count == 0 {
            return Err(DataError::Empty { view: format!("sample({amount})"), total: self.len() });
        }
        let mut kept = self.ranked_rows(seed, "sample");
        kept.truncate(count);
        kept.sort_unstable();
        Ok(self.with_rows(Rows::rising(kept.into_iter().filter_map(|row| Some(self.row(row as usize)?.index() as u32)))))
    }

    /// All row numbers, ordered by the ranks of `Draw(seed, what, path)`.
    pub(super) fn ranked_rows(&self, seed: i64, what: &str) -> Vec<u32> {
        let draw = Draw::new(seed, what);
        let rank = |row: usize| (draw.clone().text(&self.row(row).map_or_else(Default::default, |row| row.path())).rank(), row as u32);
        let mut ranked: Vec<(u64, u32)> = (0..self.len()).into_par_iter().map(rank).collect();
        ranked.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.compare_paths(a.1, b.1)));
        ranked.into_iter().map(|(_, row)| row).collect()
    }

    /// The order of two rows' paths by their bytes.
    pub(crate) fn compare_paths(&self, one: u32, other: u32) -> Ordering {
        let place = |row: u32| self.rows.place(row as usize);
        match (place(one), place(other)) {
            (Some(one), Some(other)) => self.core.compare(one, other),
            (one, other) => one.cmp(&other), // not reached: both are rows
        }
    }
}

/// What a condition decides of a block of rows.
#[derive(Default)]
struct Decided {
    /// The places of those that stay.
    kept: Vec<u32>,
    /// How many rows can't be decided, and must be.
    undecided: usize,
    /// The first of them.
    first: Option<String>,
}

impl Decided {
    /// A row that can't be decided is not kept.
    fn undecided(&mut self, row: &Row<'_>, missing: MissingPolicy) -> bool {
        if missing == MissingPolicy::Error {
            self.undecided += 1;
            self.first.get_or_insert_with(|| row.path().into_owned());
        }
        false
    }
}

/// `x in a..b` for `x in [a, b]`.
fn as_range(part: &Expr) -> Option<Expr> {
    let Expr::In { of, members: Members::List(cells) } = part else { return None };
    match cells.as_slice() {
        [Cell::Number(from), Cell::Number(to)] if from < to => Some(Expr::In { of: of.clone(), members: Members::Range(*from, *to) }),
        _ => None, // not two rising numbers
    }
}
