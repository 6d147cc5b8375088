//! Views by sample: what a condition keeps, a random part.

use crate::data::predicate::{Expr, MissingPolicy, Predicate};
use crate::data::views::Amount;
use crate::data::{Cell, DataError, Table};
use crate::random::Draw;

impl Table {
    /// The rows that `predicate` keeps, in order. Errors: [`DataError::EmptyFilter`] when none is left, [`DataError::Missing`] when a
    /// value is missing and the policy says error, unknown attributes, values of the wrong kind.
    pub fn filter(&self, predicate: &Predicate) -> Result<Table, DataError> {
        let condition = &predicate.keep_if;
        let mut kept = Vec::new();
        let mut undecided = Vec::new();
        for row in self.rows() {
            match condition.eval_row(&row)? {
                Cell::Bool(true) => kept.push(row.index() as u32),
                Cell::Bool(false) => {}
                Cell::Missing => match predicate.missing {
                    MissingPolicy::Error => undecided.push(row.path()),
                    MissingPolicy::Drop => {}
                    MissingPolicy::Keep => kept.push(row.index() as u32),
                },
                other @ (Cell::Number(_) | Cell::Text(_)) => {
                    let what = format!("`{}`", condition.text(&self.schema()));
                    return Err(DataError::WrongKind { what, wanted: "to give a yes or no", found: other.to_string() });
                }
            }
        }
        if let Some(first) = undecided.first() {
            return Err(condition.missing(self, first, undecided.len()));
        }
        if kept.is_empty() { Err(self.empty_filter(predicate)) } else { Ok(self.with_rows(kept)) }
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
        DataError::EmptyFilter { filter: format!("`{}`", predicate.keep_if.text(&schema)), total: self.len(), conjuncts }
    }

    /// So many rows, or such a part of them (rounded to the nearest), chosen by the ranks of `Draw(seed, "sample", path)` and kept in table
    /// order. A smaller amount is a subset of a larger one. Errors: more rows than there are, or none.
    pub fn sample(&self, amount: Amount, seed: i64) -> Result<Table, DataError> {
        let count = amount.of(self.len(), "sample")?;
        if count == 0 {
            return Err(DataError::Empty { view: format!("sample({amount})"), total: self.len() });
        }
        let ranked = self.ranked_rows(seed, "sample");
        let mut kept: Vec<usize> = ranked.into_iter().take(count).collect();
        kept.sort_unstable();
        Ok(self.with_rows(kept.into_iter().map(|row| self.place(row)).collect()))
    }

    /// All row numbers, ordered by the ranks of `Draw(seed, what, path)`.
    pub(super) fn ranked_rows(&self, seed: i64, what: &str) -> Vec<usize> {
        let draw = Draw::new(seed, what);
        let mut ranked: Vec<_> = self.rows().enumerate().map(|(at, row)| (draw.clone().text(row.path()).rank(), row.path(), at)).collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, _, at)| at).collect()
    }
}
