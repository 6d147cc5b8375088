//! Attributes that somebody says of the rows of a table.

use super::{ColumnBuilder, Table};
use crate::{AttributeType, Cell, DataError};

/// An attribute that is said of the rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAttribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: AttributeType,
    /// One value for each row, in order; nothing while none is known: then no row has a value.
    pub cells: Option<Vec<Cell>>,
}

impl Table {
    /// This table with attributes that are said of its rows; what is no row has no value.
    ///
    /// # Errors
    /// A name that is there already, values of another kind, another number of them than there are rows.
    pub fn with_attributes(&self, new: &[NewAttribute]) -> Result<Table, DataError> {
        let mut table = self.clone();
        for attribute in new {
            let mut column = ColumnBuilder::missing(&attribute.name, &attribute.kind, self.set_len());
            if let Some(cells) = &attribute.cells {
                if cells.len() != self.len() {
                    let why = format!("`.{}` is said of {} images, and there are {}", attribute.name, cells.len(), self.len());
                    return Err(DataError::Argument { what: "annotate", why });
                }
                for (row, cell) in self.rows().zip(cells) {
                    column.set(row.index(), cell)?;
                }
            }
            table = table.with_column(column)?;
        }
        Ok(table)
    }
}
