//! Expressions over one sample's attributes: what `where(abs(.yaw) < 10deg)` asks of each row.
//!
//! Quantities are numbers in the unit of their attribute's type (angles in radians, fractions as parts of one).
//! A missing value makes what is computed from it missing; `and`, `or` and `not` know three values, so that
//! `a and b` is `b and a`: false and missing is false, true or missing is true.

use super::table::Row;
use super::{AttributeType, Cell, DataError, Schema, Table};
use crate::quantity::{Angle, Fraction};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// The same.
    #[serde(rename = "==")]
    Equal,
    /// Not the same.
    #[serde(rename = "!=")]
    Different,
    /// Smaller.
    #[serde(rename = "<")]
    Less,
    /// Smaller or the same.
    #[serde(rename = "<=")]
    AtMost,
    /// Greater.
    #[serde(rename = ">")]
    Greater,
    /// Greater or the same.
    #[serde(rename = ">=")]
    AtLeast,
}

/// How two numbers are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arithmetic {
    /// `a + b`
    #[serde(rename = "+")]
    Add,
    /// `a - b`
    #[serde(rename = "-")]
    Subtract,
    /// `a * b`
    #[serde(rename = "*")]
    Multiply,
    /// `a / b`; by zero it is an error.
    #[serde(rename = "/")]
    Divide,
}

/// What a value may be in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// Numbers from the first to the second, both included.
    Range(f64, f64),
    /// One of these.
    List(Vec<Cell>),
}

/// An expression over one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "expr", rename_all = "snake_case")]
pub enum Expr {
    /// The value of an attribute (`.yaw`).
    Attribute {
        /// Its name.
        name: String,
    },
    /// A fixed value.
    Const {
        /// The value.
        value: Cell,
    },
    /// `not x`
    Not {
        /// x
        of: Box<Expr>,
    },
    /// `x and y and …`
    And {
        /// x, y, …
        of: Vec<Expr>,
    },
    /// `x or y or …`
    Or {
        /// x, y, …
        of: Vec<Expr>,
    },
    /// `x < y` and its like.
    Compare {
        /// How.
        op: Comparison,
        /// x
        left: Box<Expr>,
        /// y
        right: Box<Expr>,
    },
    /// `x in a..b`, `x in [a, b]`
    In {
        /// x
        of: Box<Expr>,
        /// a and b
        members: Members,
    },
    /// `abs(x)`
    Abs {
        /// x
        of: Box<Expr>,
    },
    /// `-x`
    Neg {
        /// x
        of: Box<Expr>,
    },
    /// `min(x, y, …)`
    Min {
        /// x, y, …
        of: Vec<Expr>,
    },
    /// `max(x, y, …)`
    Max {
        /// x, y, …
        of: Vec<Expr>,
    },
    /// `x + y` and its like.
    Arithmetic {
        /// How.
        op: Arithmetic,
        /// x
        left: Box<Expr>,
        /// y
        right: Box<Expr>,
    },
}

/// What to do with samples for which a filter can't be decided because a value is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingPolicy {
    /// It is an error.
    #[default]
    Error,
    /// They are left out.
    Drop,
    /// They stay.
    Keep,
}

/// A filter: an expression that gives yes or no, and what to do when it can't.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predicate {
    /// The condition.
    pub keep_if: Expr,
    /// What becomes of samples with a missing value.
    #[serde(default)]
    pub missing: MissingPolicy,
}

impl Expr {
    /// `.name`
    pub fn attribute(name: &str) -> Self {
        Expr::Attribute { name: name.to_owned() }
    }

    /// A fixed value.
    pub fn constant(value: Cell) -> Self {
        Expr::Const { value }
    }

    /// `abs(self)`
    #[must_use]
    pub fn abs(self) -> Self {
        Expr::Abs { of: Box::new(self) }
    }

    /// `self op right`
    #[must_use]
    pub fn compared(self, op: Comparison, right: Expr) -> Self {
        Expr::Compare { op, left: Box::new(self), right: Box::new(right) }
    }

    /// The value for row `row` of `table`. Errors: an unknown attribute, a value of the wrong kind, a division by zero, no such row.
    pub fn eval(&self, table: &Table, row: usize) -> Result<Cell, DataError> {
        let row = table.row(row).ok_or_else(|| DataError::Argument {
            what: "expression",
            why: format!("there is no row {row} in a table of {} rows", table.len()),
        })?;
        self.eval_row(&row)
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
            Expr::Abs { of } => number_cell(number("abs", &of.eval_row(row)?)?.map(f64::abs)),
            Expr::Neg { of } => number_cell(number("-", &of.eval_row(row)?)?.map(|x| -x)),
            Expr::Min { of } => extreme(of, row, "min", f64::min)?,
            Expr::Max { of } => extreme(of, row, "max", f64::max)?,
            Expr::Arithmetic { op, left, right } => arithmetic(*op, &left.eval_row(row)?, &right.eval_row(row)?)?,
        })
    }

    /// The attributes that are looked at, each once, in order of appearance.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.collect_attributes(&mut names);
        names
    }

    fn collect_attributes<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Expr::Attribute { name } => {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            Expr::Const { .. } => {}
            Expr::Not { of } | Expr::Abs { of } | Expr::Neg { of } | Expr::In { of, .. } => of.collect_attributes(names),
            Expr::And { of } | Expr::Or { of } | Expr::Min { of } | Expr::Max { of } => {
                for part in of {
                    part.collect_attributes(names);
                }
            }
            Expr::Compare { left, right, .. } | Expr::Arithmetic { left, right, .. } => {
                left.collect_attributes(names);
                right.collect_attributes(names);
            }
        }
    }

    /// The parts of an `and` chain; of anything else, itself.
    pub fn conjuncts(&self) -> Vec<&Expr> {
        match self {
            Expr::And { of } => of.iter().flat_map(Expr::conjuncts).collect(),
            _ => vec![self], // every other expression is one condition
        }
    }

    /// The expression as a recipe writes it, with the units of `schema`.
    pub fn text(&self, schema: &Schema) -> String {
        self.text_in(schema, None)
    }

    fn text_in(&self, schema: &Schema, unit: Option<&AttributeType>) -> String {
        let list = |of: &[Expr], between: &str| of.iter().map(|part| part.text_in(schema, unit)).collect::<Vec<_>>().join(between);
        match self {
            Expr::Attribute { name } => format!(".{name}"),
            Expr::Const { value } => cell_text(value, unit),
            Expr::Not { of } => format!("not ({})", of.text(schema)),
            Expr::And { of } => of.iter().map(|part| part.grouped(schema)).collect::<Vec<_>>().join(" and "),
            Expr::Or { of } => of.iter().map(|part| part.grouped(schema)).collect::<Vec<_>>().join(" or "),
            Expr::Compare { op, left, right } => {
                let unit = left.unit(schema).or_else(|| right.unit(schema));
                format!("{} {} {}", left.text_in(schema, unit.as_ref()), symbol(*op), right.text_in(schema, unit.as_ref()))
            }
            Expr::In { of, members } => {
                let unit = of.unit(schema);
                let cell = |cell: &Cell| cell_text(cell, unit.as_ref());
                let members = match members {
                    Members::Range(from, to) => format!("{}..{}", cell(&Cell::Number(*from)), cell(&Cell::Number(*to))),
                    Members::List(cells) => format!("[{}]", cells.iter().map(cell).collect::<Vec<_>>().join(", ")),
                };
                format!("{} in {members}", of.text_in(schema, unit.as_ref()))
            }
            Expr::Abs { of } => format!("abs({})", of.text_in(schema, unit)),
            Expr::Neg { of } => format!("-{}", of.text_in(schema, unit)),
            Expr::Min { of } => format!("min({})", list(of, ", ")),
            Expr::Max { of } => format!("max({})", list(of, ", ")),
            Expr::Arithmetic { op, left, right } => {
                let sign = match op {
                    Arithmetic::Add => "+",
                    Arithmetic::Subtract => "-",
                    Arithmetic::Multiply => "*",
                    Arithmetic::Divide => "/",
                };
                format!("({} {sign} {})", left.text_in(schema, unit), right.text_in(schema, unit))
            }
        }
    }

    /// As a part of a chain: a chain inside a chain stands in brackets.
    fn grouped(&self, schema: &Schema) -> String {
        let text = self.text(schema);
        if matches!(self, Expr::And { .. } | Expr::Or { .. }) { format!("({text})") } else { text }
    }

    /// The type whose unit its numbers have, where an attribute tells.
    fn unit(&self, schema: &Schema) -> Option<AttributeType> {
        match self {
            Expr::Attribute { name } => schema.get(name),
            Expr::Abs { of } | Expr::Neg { of } => of.unit(schema),
            Expr::Min { of } | Expr::Max { of } => of.iter().find_map(|part| part.unit(schema)),
            Expr::Arithmetic { op: Arithmetic::Add | Arithmetic::Subtract, left, right } => {
                left.unit(schema).or_else(|| right.unit(schema))
            }
            Expr::Arithmetic { op: Arithmetic::Multiply | Arithmetic::Divide, .. }
            | Expr::Const { .. }
            | Expr::Not { .. }
            | Expr::And { .. }
            | Expr::Or { .. }
            | Expr::Compare { .. }
            | Expr::In { .. } => None,
        }
    }
}

impl std::fmt::Display for Expr {
    /// The expression with plain numbers: radians, pixels, parts of one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text(&Schema::default()))
    }
}

/// A cell as a recipe writes it.
fn cell_text(cell: &Cell, unit: Option<&AttributeType>) -> String {
    match (cell, unit) {
        (Cell::Number(number), Some(AttributeType::Angle)) => Angle::radians(*number).to_string(),
        (Cell::Number(number), Some(AttributeType::Pixels)) => format!("{number}px"),
        (Cell::Number(number), Some(AttributeType::Fraction)) => Fraction(*number).to_string(),
        (cell, _) => cell.to_string(),
    }
}

fn symbol(op: Comparison) -> &'static str {
    match op {
        Comparison::Equal => "==",
        Comparison::Different => "!=",
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Greater => ">",
        Comparison::AtLeast => ">=",
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
        (Cell::Number(a), Cell::Number(b)) => Ok(a.partial_cmp(b)),
        (Cell::Text(a), Cell::Text(b)) => Ok(Some(a.cmp(b))),
        (Cell::Bool(a), Cell::Bool(b)) => Ok(Some(a.cmp(b))),
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
        Members::List(cells) => {
            let orders = cells.iter().map(|cell| ordering("in", value, cell)).collect::<Result<Vec<_>, _>>()?;
            let found = orders.iter().any(|order| order.is_some_and(Ordering::is_eq));
            Ok(if !found && (value.is_missing() || orders.contains(&None)) { Cell::Missing } else { Cell::Bool(found) })
        }
    }
}
