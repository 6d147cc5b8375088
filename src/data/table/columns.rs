//! Attributes as columns, each of one type.

use super::core::Core;
use crate::{AttributeType, Cell, DataError};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// No text.
const NONE: u32 = u32::MAX;

/// The values of one attribute, one per sample of the whole set.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub name: Arc<str>,
    pub kind: AttributeType,
    pub cells: Cells,
}

/// How the values of a column are kept.
#[derive(Debug, Clone)]
pub(crate) enum Cells {
    /// Numbers; one that is missing is no number.
    Numbers(Arc<[f64]>),
    /// Texts, each kept once, and which of them each sample has; [`NONE`] is missing.
    Texts { values: Arc<[Arc<str>]>, of: Arc<[u32]> },
    /// The numbers of a set that is made, by the attribute's place there: kept from when all are asked for.
    Made { attribute: usize, known: Arc<OnceLock<Box<[f64]>>> },
    /// Those of the parts of a merge: the place of the column in each, if it is there.
    Parts(Arc<[Option<usize>]>),
}

impl Column {
    /// The value of a sample of the set that `core` holds.
    pub fn cell(&self, core: &Core, place: u32) -> Cell {
        match &self.cells {
            Cells::Numbers(numbers) => {
                let number = numbers[place as usize];
                if number.is_nan() { Cell::Missing } else { Cell::Number(number) }
            }
            Cells::Texts { values, of } => match of[place as usize] {
                NONE => Cell::Missing,
                at => Cell::Text(values[at as usize].clone()),
            },
            Cells::Made { attribute, known } => match (known.get(), core) {
                (Some(known), _) => Cell::Number(known[place as usize]),
                (None, Core::Made(set)) => Cell::Number(set.number(*attribute, place)),
                (None, Core::Listed(_) | Core::Merged(_)) => Cell::Missing, // not reached: such a column is of a made set
            },
            Cells::Parts(columns) => {
                let Core::Merged(merged) = core else { return Cell::Missing }; // not reached: such a column is of a merge
                let (part, table, own) = merged.at(place);
                columns[part].map_or(Cell::Missing, |at| table.columns[at].cell(&table.core, own))
            }
        }
    }

    /// Makes all values of a made set, which will be asked for.
    pub fn prepare(&self, core: &Core) {
        if let (Cells::Made { attribute, known }, Core::Made(set)) = (&self.cells, core) {
            known.get_or_init(|| (0..set.samples()).into_par_iter().map(|sample| set.number(*attribute, sample)).collect());
        }
    }
}

/// Collects the values of an attribute.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    name: Arc<str>,
    kind: AttributeType,
    numbers: Vec<f64>,
    values: Vec<Arc<str>>,
    places: HashMap<Arc<str>, u32>,
    of: Vec<u32>,
}

impl ColumnBuilder {
    /// No values yet.
    pub fn new(name: &str, kind: &AttributeType) -> Self {
        let (name, kind) = (Arc::from(name), kind.clone());
        ColumnBuilder { name, kind, numbers: Vec::new(), values: Vec::new(), places: HashMap::new(), of: Vec::new() }
    }

    /// So many missing values.
    pub fn missing(name: &str, kind: &AttributeType, len: usize) -> Self {
        let mut builder = Self::new(name, kind);
        if kind.is_text() {
            builder.of = vec![NONE; len];
        } else {
            builder.numbers = vec![f64::NAN; len];
        }
        builder
    }

    /// One more value; an error if it is of another kind.
    pub fn push(&mut self, cell: &Cell) -> Result<(), DataError> {
        if self.kind.is_text() {
            self.of.push(NONE);
        } else {
            self.numbers.push(f64::NAN);
        }
        let last = self.of.len().max(self.numbers.len()) - 1;
        self.set(last, cell)
    }

    /// Another value in the place of one that is there; an error if it is of another kind.
    pub fn set(&mut self, at: usize, cell: &Cell) -> Result<(), DataError> {
        let is_text = self.kind.is_text();
        match cell {
            Cell::Missing if is_text => self.of[at] = NONE,
            Cell::Missing => self.numbers[at] = f64::NAN,
            Cell::Number(number) if !is_text && number.is_finite() => self.numbers[at] = *number,
            Cell::Text(text) if is_text => {
                let next = self.values.len() as u32;
                let value = *self.places.entry(text.clone()).or_insert(next);
                if value == next {
                    self.values.push(text.clone());
                }
                self.of[at] = value;
            }
            wrong @ (Cell::Bool(_) | Cell::Number(_) | Cell::Text(_)) => {
                let wanted = if is_text { "a text" } else { "a finite number" };
                return Err(DataError::WrongKind { what: format!("`.{}`", self.name), wanted, found: wrong.to_string() });
            }
        }
        Ok(())
    }

    /// The column; the values of a category are completed.
    pub fn finish(self) -> Column {
        let kind = match self.kind {
            AttributeType::Category(known) => {
                let mut values: Vec<Arc<str>> = known.iter().chain(&self.values).cloned().collect();
                values.sort();
                values.dedup();
                AttributeType::Category(values.into())
            }
            kind @ (AttributeType::Angle
            | AttributeType::Pixels
            | AttributeType::Fraction
            | AttributeType::Number
            | AttributeType::Integer
            | AttributeType::Text) => kind,
        };
        let cells = if kind.is_text() {
            Cells::Texts { values: self.values.into(), of: self.of.into() }
        } else {
            Cells::Numbers(self.numbers.into())
        };
        Column { name: self.name, kind, cells }
    }
}
