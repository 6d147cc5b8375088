//! What networks read of samples beside their images.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "sizes of tensors, which libtorch counts in i64")]

use crate::nn::net::Network;
use ddl::data::predicate::Expr;
use ddl::data::{DataError, Table};
use tch::{Device, TchError, Tensor};

/// Numbers of the rows of a table, in the order of [`Network::reads`].
#[derive(Debug)]
pub struct Readings {
    columns: usize,
    numbers: Vec<f32>,
}

impl Readings {
    /// What a network reads of the rows of a table; nothing for most networks.
    ///
    /// # Errors
    /// An attribute that the table does not have, or that a row has no value of.
    pub fn of(network: &Network, table: &Table) -> Result<Self, DataError> {
        Readings::new(&network.reads, table)
    }

    /// What these expressions give for the rows of a table.
    ///
    /// # Errors
    /// As [`Readings::of`].
    pub fn new(reads: &[Expr], table: &Table) -> Result<Self, DataError> {
        let columns = reads.iter().map(|read| read.numbers(table)).collect::<Result<Vec<_>, _>>()?;
        let numbers = (0..table.len()).flat_map(|row| columns.iter().map(move |column| column[row] as f32));
        Ok(Readings { columns: columns.len(), numbers: numbers.collect() })
    }

    /// The numbers of a row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.numbers[row * self.columns..(row + 1) * self.columns]
    }

    /// The numbers of these rows, `[rows, numbers]`; nothing where the network reads nothing.
    ///
    /// # Errors
    /// When libtorch has no memory for them.
    pub fn tensor(&self, rows: std::ops::Range<usize>, device: Device) -> Result<Option<Tensor>, TchError> {
        stacked(rows.map(|row| self.row(row)), self.columns, device)
    }
}

/// Rows of so many numbers as a tensor; nothing of rows without numbers.
///
/// # Errors
/// When libtorch has no memory for it.
pub fn stacked<'r>(rows: impl Iterator<Item = &'r [f32]>, columns: usize, device: Device) -> Result<Option<Tensor>, TchError> {
    if columns == 0 {
        return Ok(None);
    }
    let numbers: Vec<f32> = rows.flatten().copied().collect();
    Ok(Some(Tensor::f_from_slice(&numbers)?.f_view([-1, columns as i64])?.f_to_device(device)?))
}
