//! What an expression gives for a row.

use super::super::table::Row;
use super::super::{Cell, DataError, Table};
use super::choices::rising;
use super::words::symbol;
use super::{Arithmetic, Comparison, Expr, Members};
use std::cmp::Ordering;

impl Expr {
    /// The value for row `row` of `table`. Errors: an unknown attribute, a value of the wrong kind, a division by zero, no such row.
    pub fn eval(&self, table: &Table, row: usize) -> Result<Cell, DataError> {
        let row = table.row(row).ok_or_else(|| DataError::Argument {
            what: "expression",
            why: format!("there is no row {row} in a table of {} rows", table.len()),
        })?;
        self.eval_row(&row)
    }

    /// The number that it gives for each row of `table`. Errors: those of [`Expr::eval`], a row without a value, something that is no
    /// number.
    pub fn numbers(&self, table: &Table) -> Result<Vec<f64>, DataError> {
        table.prepare(&self.attributes());
        let numbers = table.rows().map(|row| number("an expression", &self.eval_row(&row)?)).collect::<Result<Vec<_>, _>>()?;
        let all: Option<Vec<f64>> = numbers.iter().copied().collect();
        all.ok_or_else(|| {
            let missing = || numbers.iter().zip(table.rows()).filter(|(number, _)| number.is_none());
            let first = missing().next().map_or_else(Default::default, |(_, row)| row.path()); // there is one
            self.missing(table, &first, missing().count())
        })
    }

    /// The error of so many rows of `table` without a value, `first` among them.
    pub(crate) fn missing(&self, table: &Table, first: &str, count: usize) -> DataError {
        let names: Vec<_> = self.attributes().iter().map(|name| format!("`.{name}`")).collect();
        DataError::Missing { attributes: names.join(", "), path: first.to_owned(), count, total: table.len() }
    }

    /// The value for a row.
    pub fn eval_row(&self, row: &Row<'_>) -> Result<Cell, DataError> {
        Ok(match self {
            Expr::Attribute { name } => row.cell(name)?,
            Expr::Const { value } => value.clone(),
            Expr::Not { of } => three_cell(truth("not", &of.eval_row(row)?)?.map(|yes| !yes)),
            Expr::And { of } => three_cell(all_of(of, row, "and", false)?),
            Expr::Or { of } => three_cell(all_of(of, row, "or", true)?),
            Expr::Compare { op, left, right } => compare(*op, &left.eval_row(row)?, &right.eval_row(row)?)?,
            Expr::In { of, members } => member(&of.eval_row(row)?, members)?,
            Expr::Missing { of } => Cell::Bool(of.eval_row(row)? == Cell::Missing),
            Expr::Else { of, or } => match (of.eval_row(row)?, or.eval_row(row)?) {
                (Cell::Missing, or) => or,
                (value, _) => value, // both are evaluated, so that its errors show on whatever row
            },
            Expr::Abs { of } => number_cell(number("abs", &of.eval_row(row)?)?.map(f64::abs)),
            Expr::Neg { of } => number_cell(number("-", &of.eval_row(row)?)?.map(|x| -x)),
            Expr::Min { of } => extreme(of, row, "min", f64::min)?,
            Expr::Max { of } => extreme(of, row, "max", f64::max)?,
            Expr::Arithmetic { op, left, right } => arithmetic(*op, &left.eval_row(row)?, &right.eval_row(row)?)?,
        })
    }
}

fn three_cell(truth: Option<bool>) -> Cell {
    truth.map_or(Cell::Missing, Cell::Bool)
}

fn number_cell(number: Option<f64>) -> Cell {
    number.map_or(Cell::Missing, Cell::Number)
}

/// Yes, no, or missing.
fn truth(what: &str, cell: &Cell) -> Result<Option<bool>, DataError> {
    match cell {
        Cell::Bool(yes) => Ok(Some(*yes)),
        Cell::Missing => Ok(None),
        Cell::Number(_) | Cell::Text(_) => Err(wrong(what, "a yes or no", cell)),
    }
}

/// A number, or missing.
fn number(what: &str, cell: &Cell) -> Result<Option<f64>, DataError> {
    match cell {
        Cell::Number(number) => Ok(Some(*number)),
        Cell::Missing => Ok(None),
        Cell::Bool(_) | Cell::Text(_) => Err(wrong(what, "a number", cell)),
    }
}

fn wrong(what: &str, wanted: &'static str, found: &Cell) -> DataError {
    DataError::WrongKind { what: format!("`{what}`"), wanted, found: format!("{} ({found})", found.kind()) }
}

/// `and` (decided by a false) or `or` (decided by a true). Every part is evaluated, so that its errors show whatever the order.
fn all_of(parts: &[Expr], row: &Row<'_>, what: &str, decisive: bool) -> Result<Option<bool>, DataError> {
    let truths = parts.iter().map(|part| truth(what, &part.eval_row(row)?)).collect::<Result<Vec<_>, _>>()?;
    Ok(if truths.contains(&Some(decisive)) {
        Some(decisive)
    } else if truths.contains(&None) {
        None
    } else {
        Some(!decisive)
    })
}

fn extreme(parts: &[Expr], row: &Row<'_>, what: &'static str, pick: fn(f64, f64) -> f64) -> Result<Cell, DataError> {
    let numbers = parts.iter().map(|part| number(what, &part.eval_row(row)?)).collect::<Result<Option<Vec<_>>, _>>()?;
    let Some(numbers) = numbers else { return Ok(Cell::Missing) };
    let none = || DataError::Argument { what, why: "needs at least one value".to_owned() };
    numbers.into_iter().reduce(pick).map(Cell::Number).ok_or_else(none)
}

fn arithmetic(op: Arithmetic, left: &Cell, right: &Cell) -> Result<Cell, DataError> {
    let what = match op {
        Arithmetic::Add => "+",
        Arithmetic::Subtract => "-",
        Arithmetic::Multiply => "*",
        Arithmetic::Divide => "/",
    };
    let (Some(a), Some(b)) = (number(what, left)?, number(what, right)?) else { return Ok(Cell::Missing) };
    let value = match op {
        Arithmetic::Add => a + b,
        Arithmetic::Subtract => a - b,
        Arithmetic::Multiply => a * b,
        Arithmetic::Divide => a / b,
    };
    if value.is_finite() {
        Ok(Cell::Number(value))
    } else {
        Err(DataError::Argument { what: "expression", why: format!("{a} {what} {b} is not a finite number") })
    }
}

/// The order of two values of one kind; `None` if one is missing.
fn ordering(what: &str, left: &Cell, right: &Cell) -> Result<Option<Ordering>, DataError> {
    match (left, right) {
        (Cell::Missing, _) | (_, Cell::Missing) => Ok(None),
        (Cell::Number(_), Cell::Number(_)) | (Cell::Text(_), Cell::Text(_)) | (Cell::Bool(_), Cell::Bool(_)) => Ok(rising(left, right)),
        (Cell::Number(_), other) => Err(wrong(what, "two numbers", other)),
        (Cell::Text(_), other) => Err(wrong(what, "two texts", other)),
        (Cell::Bool(_), other) => Err(wrong(what, "two yes or no", other)),
    }
}

fn compare(op: Comparison, left: &Cell, right: &Cell) -> Result<Cell, DataError> {
    Ok(three_cell(ordering(symbol(op), left, right)?.map(|order| match op {
        Comparison::Equal => order.is_eq(),
        Comparison::Different => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::AtMost => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::AtLeast => order.is_ge(),
    })))
}

fn member(value: &Cell, members: &Members) -> Result<Cell, DataError> {
    match members {
        Members::Range(from, to) => Ok(three_cell(number("in", value)?.map(|x| *from <= x && x <= *to))),
        Members::List(choices) => {
            if let Some(found) = choices.hold(value) {
                return Ok(Cell::Bool(found));
            }
            let orders = choices.as_slice().iter().map(|cell| ordering("in", value, cell)).collect::<Result<Vec<_>, _>>()?;
            let found = orders.iter().any(|order| order.is_some_and(Ordering::is_eq));
            Ok(if !found && (value.is_missing() || orders.contains(&None)) { Cell::Missing } else { Cell::Bool(found) })
        }
    }
}
