//! One image of each person per round.

use super::{People, Pick, Sampler, Shape};
use crate::Table;
use ddl_base::random::Draw;
use rayon::prelude::*;

#[derive(Debug)]
pub(super) struct Balanced {
    people: People,
    /// Rounds in a pass: the images of the person with most.
    rounds: usize,
    seed: i64,
}

impl Balanced {
    pub(super) fn new(table: &Table, seed: i64) -> (Shape, Self) {
        let people = People::new(table);
        let rounds = people.groups.iter().map(<[u32]>::len).max().unwrap_or(0);
        let units = rounds * people.groups.len();
        (
            Shape { unit: "images", picks: 1, units, people_left_out: 0, images_left_out: 0, people_repeated: 0 },
            Balanced { people, rounds, seed },
        )
    }
}

impl Sampler for Balanced {
    fn pass(&self, epoch: u64) -> Vec<Pick> {
        let rows = self.people.rows(&Draw::new(self.seed, "balanced"), epoch);
        let draw = Draw::new(self.seed, "balanced people");
        let round = |round: usize| {
            let pick = |person: u32| {
                let rows = &rows[person as usize];
                let turns = self.rounds.div_ceil(rows.len()) as u64;
                Pick { table: 0, row: rows[round % rows.len()], visit: epoch * turns + (round / rows.len()) as u64 }
            };
            self.people.order(&draw, &[epoch, round as u64]).into_iter().map(pick).collect::<Vec<_>>()
        };
        (0..self.rounds).into_par_iter().flat_map_iter(round).collect()
    }
}
