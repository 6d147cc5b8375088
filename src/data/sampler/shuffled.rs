//! Every sample once per pass.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::{Pick, Sampler, Shape, path, shuffle};
use crate::Table;
use ddl_base::random::Draw;

#[derive(Debug)]
pub(super) struct Shuffled {
    table: Table,
    seed: i64,
}

impl Shuffled {
    pub(super) fn new(table: &Table, seed: i64) -> (Shape, Self) {
        let shape = Shape { unit: "images", picks: 1, units: table.len(), people_left_out: 0, images_left_out: 0, people_repeated: 0 };
        (shape, Shuffled { table: table.clone(), seed })
    }
}

impl Sampler for Shuffled {
    fn pass(&self, epoch: u64) -> Vec<Pick> {
        let rows: Vec<u32> = (0..self.table.len() as u32).collect();
        let order = shuffle(&Draw::new(self.seed, "shuffled"), &[epoch], &rows, |row| path(&self.table, *row));
        order.into_iter().map(|row| Pick { table: 0, row, visit: epoch }).collect()
    }
}
