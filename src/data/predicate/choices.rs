//! Lists that are asked of every row.

use crate::Cell;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The values of `x in [a, b]`, in the order in which they were written; found in the logarithm of their number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Cell>", into = "Vec<Cell>")]
pub struct Choices {
    written: Vec<Cell>,
    /// The same by rising value, where all are values of one kind.
    sorted: Option<Vec<Cell>>,
}

impl Choices {
    /// The values as they were written.
    pub fn as_slice(&self) -> &[Cell] {
        &self.written
    }

    /// Whether a value is among them. `None` where values are not of one kind with it, or one is missing: they must be looked at each.
    pub(super) fn hold(&self, value: &Cell) -> Option<bool> {
        let sorted = self.sorted.as_ref()?;
        rising(sorted.first()?, value)?;
        let found = sorted.binary_search_by(|cell| rising(cell, value).unwrap_or(Ordering::Less)); // of one kind each can be compared
        Some(found.is_ok())
    }
}

impl From<Vec<Cell>> for Choices {
    fn from(written: Vec<Cell>) -> Self {
        let alike = written.windows(2).all(|two| rising(&two[0], &two[1]).is_some());
        let sorted = alike.then(|| {
            let mut sorted = written.clone();
            sorted.sort_by(|a, b| rising(a, b).unwrap_or(Ordering::Equal)); // each two can be compared
            sorted
        });
        Choices { written, sorted }
    }
}

impl From<Choices> for Vec<Cell> {
    fn from(choices: Choices) -> Self {
        choices.written
    }
}

/// The order of two values of one kind.
pub(super) fn rising(a: &Cell, b: &Cell) -> Option<Ordering> {
    match (a, b) {
        (Cell::Number(a), Cell::Number(b)) => a.partial_cmp(b),
        (Cell::Text(a), Cell::Text(b)) => Some(a.cmp(b)),
        (Cell::Bool(a), Cell::Bool(b)) => Some(a.cmp(b)),
        _ => None, // values of two kinds, or one that is missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_where_a_look_at_each_would_find_it() {
        let number = Cell::Number;
        let lists = [
            vec![],
            vec![number(3.0), number(1.0), number(2.0), number(1.0)],
            vec![Cell::text("b"), Cell::text("a")],
            vec![number(1.0), Cell::Missing],
            vec![number(1.0), Cell::text("a")],
            vec![Cell::Bool(true)],
        ];
        for cells in lists {
            let choices = Choices::from(cells.clone());
            assert_eq!(choices.as_slice(), cells);
            for value in [number(1.0), number(2.5), number(-0.0), Cell::text("a"), Cell::text("c"), Cell::Bool(false), Cell::Missing] {
                let known = !cells.is_empty() && cells.iter().chain([&value]).all(|cell| rising(cell, &cells[0]).is_some());
                assert_eq!(choices.hold(&value), known.then(|| cells.contains(&value)), "{value} in {cells:?}");
            }
        }
    }
}
