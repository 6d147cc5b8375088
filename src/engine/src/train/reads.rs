//! What the networks of a stage read of the samples that they see.

use super::draws::{BatchLayout, Draws};
use super::error::TrainError;
use crate::nn::net::Network;
use crate::readings::{Readings, stacked};
use ddl::data::sampler::Pick;
use tch::{Device, Tensor};

/// What a network reads, draw by draw.
#[derive(Debug)]
pub struct Reads {
    columns: usize,
    /// By place of a draw among all, and table of the draw; empty where the network reads nothing.
    draws: Vec<(usize, Vec<Readings>)>,
}

impl Reads {
    /// Of the samples of these draws.
    ///
    /// # Errors
    /// Samples that do not have what the network reads.
    pub fn new(network: &Network, draws: &Draws, layout: &BatchLayout) -> Result<Self, TrainError> {
        let columns = network.reads.len();
        let read = |place: &usize| {
            let draw = &draws.all()[*place];
            let tables = draw.batches.tables().iter().map(|table| Readings::of(network, table));
            Ok((*place, tables.collect::<Result<_, _>>().map_err(TrainError::data(&draw.name))?))
        };
        let draws = if columns == 0 { Vec::new() } else { layout.draws.iter().map(read).collect::<Result<_, TrainError>>()? };
        Ok(Reads { columns, draws })
    }

    /// Of a step's picks, one draw that the network sees after the other.
    ///
    /// # Errors
    /// When libtorch has no memory for them.
    pub fn of(&self, picks: &[Vec<Pick>], device: Device) -> Result<Option<Tensor>, TrainError> {
        let rows = self.draws.iter().flat_map(|(place, tables)| picks[*place].iter().map(|pick| row(tables, pick)));
        Ok(stacked(rows, self.columns, device)?)
    }
}

/// What is read of a pick.
pub fn row<'r>(tables: &'r [Readings], pick: &Pick) -> &'r [f32] {
    tables.get(usize::from(pick.table)).map_or(&[], |table| table.row(pick.row as usize)) // picks are rows of their draw's tables
}
