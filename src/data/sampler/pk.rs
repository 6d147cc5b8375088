//! So many people with so many images each.

use super::{People, Pick, Sampler, Shape};
use crate::{DataError, Table};
use ddl_base::random::Draw;

#[derive(Debug)]
pub(super) struct Pk {
    people: People,
    identities: usize,
    images: usize,
    /// Batches in a pass.
    batches: usize,
    seed: i64,
}

impl Pk {
    pub(super) fn new(table: &Table, identities: usize, images: usize, size: usize, seed: i64) -> Result<(Shape, Self), DataError> {
        let people = People::new(table);
        let wrong = |why: String| Err(DataError::Sampler { sampler: "pk", why });
        if identities < 2 || images == 0 {
            return wrong(format!("{identities} people with {images} images each: it takes two people and one image"));
        }
        if size != identities * images {
            return wrong(format!("{identities} people with {images} images each make a batch of {}, not of {size}", identities * images));
        }
        if people.groups.len() < identities {
            return wrong(format!("{identities} people are wanted in a batch, there are {}", people.groups.len()));
        }
        let meetings: Vec<usize> = people.groups.iter().map(|rows: &[u32]| (rows.len() / images).max(1)).collect();
        let batches = most_batches(&meetings, identities);
        let people_repeated = people.groups.iter().filter(|rows: &&[u32]| rows.len() < images).count();
        let shape = Shape { unit: "images", picks: 1, units: batches * size, people_left_out: 0, images_left_out: 0, people_repeated };
        Ok((shape, Pk { people, identities, images, batches, seed }))
    }

    /// How often a person of so many rows is met in a pass.
    fn meetings(&self, rows: usize) -> usize {
        (rows / self.images).max(1).min(self.batches)
    }
}

/// The largest number of batches of `identities` different people, when each person may be met so often.
fn most_batches(meetings: &[usize], identities: usize) -> usize {
    let fits = |batches: usize| meetings.iter().map(|times| (*times).min(batches)).sum::<usize>() >= batches * identities;
    let (mut good, mut bad) = (1, meetings.iter().sum::<usize>() / identities + 1); // fits(1): there are enough people
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        if fits(middle) { good = middle } else { bad = middle }
    }
    good
}

impl Sampler for Pk {
    /// People stand in a line in random order, each as often as they are met; the `t`-th place goes to batch `t mod batches`. A person's
    /// places follow one another and are at most as many as the batches, so no batch has a person twice.
    fn pass(&self, epoch: u64) -> Vec<Pick> {
        let rows = self.people.rows(&Draw::new(self.seed, "pk"), epoch);
        let order = self.people.order(&Draw::new(self.seed, "pk people"), &[epoch]);
        let line = order.into_iter().flat_map(|person| (0..self.meetings(rows[person as usize].len())).map(move |time| (person, time)));
        let mut batches: Vec<Vec<Pick>> = vec![Vec::with_capacity(self.identities * self.images); self.batches];
        for (place, (person, time)) in line.take(self.batches * self.identities).enumerate() {
            let rows = &rows[person as usize];
            let turns = (self.meetings(rows.len()) * self.images).div_ceil(rows.len()) as u64;
            let image = |image: usize| {
                let at = time * self.images + image;
                Pick { table: 0, row: rows[at % rows.len()], visit: epoch * turns + (at / rows.len()) as u64 }
            };
            batches[place % self.batches].extend((0..self.images).map(image));
        }
        batches.concat()
    }
}
