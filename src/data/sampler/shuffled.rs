//! Every sample once per pass.

use super::{Pick, Sampler, Shape, shuffle};
use crate::data::Table;
use crate::random::Draw;

#[derive(Debug)]
pub(super) struct Shuffled {
    table: Table,
    seed: i64,
}

impl Shuffled {
    pub(super) fn new(table: &Table, seed: i64) -> (Shape, Self) {
        let shape = Shape { unit: "images", picks: 1, units: table.len(), people_left_out: 0, images_left_out: 0 };
        (shape, Shuffled { table: table.clone(), seed })
    }
}

impl Sampler for Shuffled {
    fn pass(&self, epoch: u64) -> Vec<Pick> {
        let named: Vec<(&str, u32)> = self.table.rows().enumerate().map(|(at, row)| (row.path(), at as u32)).collect();
        let order = shuffle(&Draw::new(self.seed, "shuffled"), &[epoch], &named);
        order.into_iter().map(|row| Pick { table: 0, row, visit: epoch }).collect()
    }
}
