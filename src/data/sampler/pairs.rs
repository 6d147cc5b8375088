//! Positive pairs.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::shuffled::Shuffled;
use super::{People, Pick, Sampler, Shape, path, shuffle};
use crate::table::Groups;
use crate::{DataError, Table};
use ddl_base::random::Draw;
use std::borrow::Cow;
use std::collections::HashMap;

fn shape(units: usize, people_left_out: usize, images_left_out: usize) -> Shape {
    Shape { unit: "pairs", picks: 2, units, people_left_out, images_left_out, people_repeated: 0 }
}

/// Pairs in a random order of the epoch, told apart by their first images.
fn in_order(seed: i64, epoch: u64, table: &Table, pairs: &[[Pick; 2]]) -> Vec<Pick> {
    let places: Vec<u32> = (0..pairs.len() as u32).collect();
    let order = shuffle(&Draw::new(seed, "pairs order"), &[epoch], &places, |at| path(table, pairs[*at as usize][0].row));
    order.into_iter().flat_map(|at| pairs[at as usize]).collect()
}

/// Two images of one person, both of one table.
#[derive(Debug)]
pub(super) struct OwnPairs {
    people: People,
    seed: i64,
}

impl OwnPairs {
    pub(super) fn new(table: &Table, seed: i64) -> Result<(Shape, Self), DataError> {
        let mut people = People::new(table);
        let before = people.groups.len();
        people.groups = people.groups.kept(|rows| rows.len() > 1);
        let left_out = before - people.groups.len(); // of one image each
        if people.groups.is_empty() {
            return Err(DataError::Sampler { sampler: "pairs", why: format!("none of {before} people has two images") });
        }
        let units = people.groups.rows();
        Ok((shape(units, left_out, left_out), OwnPairs { people, seed }))
    }
}

impl Sampler for OwnPairs {
    fn pass(&self, epoch: u64) -> Vec<Pick> {
        let rows = self.people.rows(&Draw::new(self.seed, "pairs"), epoch);
        let pick = |row: u32, second: u64| Pick { table: 0, row, visit: 2 * epoch + second };
        let pair = |rows: &[u32], at: usize| [pick(rows[at], 0), pick(rows[(at + 1) % rows.len()], 1)];
        let pairs: Vec<[Pick; 2]> = rows.iter().flat_map(|rows| (0..rows.len()).map(move |at| pair(rows, at))).collect();
        in_order(self.seed, epoch, &self.people.table, &pairs)
    }
}

/// The same image twice, as one of table 0 and as one of table 1.
#[derive(Debug)]
pub(super) struct Versions(Shuffled);

impl Versions {
    pub(super) fn new(table: &Table, seed: i64) -> (Shape, Self) {
        (shape(table.len(), 0, 0), Versions(Shuffled::new(table, seed).1))
    }
}

impl Sampler for Versions {
    fn pass(&self, epoch: u64) -> Vec<Pick> {
        self.0.pass(epoch).into_iter().flat_map(|pick| [pick, Pick { table: 1, ..pick }]).collect()
    }
}

/// The first image from one table, the second from another.
#[derive(Debug)]
pub(super) struct CrossPairs {
    own: People,
    other: People,
    /// For each person of `own`, the same person in `other`.
    partners: Vec<usize>,
    seed: i64,
}

impl CrossPairs {
    pub(super) fn new(table: &Table, with: &Table, seed: i64) -> Result<(Shape, Self), DataError> {
        let (mut own, other) = (People::new(table), People::new(with));
        let places: HashMap<&str, usize> = (0..other.groups.len()).map(|person| (other.name(person), person)).collect();
        let (people, images) = (own.groups.len(), table.len());
        let mut partners = Vec::new();
        let mut groups = Groups::default();
        for person in 0..people {
            let Some(partner) = places.get(own.name(person)).copied() else { continue };
            let mut rows = own.groups.get(person).to_vec();
            if let [only] = *other.groups.get(partner) {
                rows.retain(|row| !same_image(table, *row, with, only)); // it would be paired with itself
            }
            if !rows.is_empty() {
                groups.push(rows);
                partners.push(partner);
            }
        }
        own.groups = groups;
        if own.groups.is_empty() {
            let why = format!("none of {people} people has another image in the other set");
            return Err(DataError::Sampler { sampler: "pairs", why });
        }
        let units = own.groups.rows();
        let facts = shape(units, people - own.groups.len(), images - units);
        Ok((facts, CrossPairs { own, other, partners, seed }))
    }
}

fn same_image(a: &Table, row_a: u32, b: &Table, row_b: u32) -> bool {
    a.row(row_a as usize).zip(b.row(row_b as usize)).is_some_and(|(a, b)| a.is_image_of(&b))
}

impl Sampler for CrossPairs {
    fn pass(&self, epoch: u64) -> Vec<Pick> {
        let firsts = self.own.rows(&Draw::new(self.seed, "pairs"), epoch);
        let seconds = self.other.rows(&Draw::new(self.seed, "pairs with"), epoch);
        let mut pairs = Vec::new();
        for (rows, partner) in firsts.iter().zip(&self.partners) {
            let others = &seconds[*partner];
            // where a partner would be the image itself, it changes places with the next one: at most one visit more
            let turns = rows.len().div_ceil(others.len()) as u64 + 1;
            for (at, row) in rows.iter().enumerate() {
                let itself = same_image(&self.own.table, *row, &self.other.table, others[at % others.len()]);
                let place = at + usize::from(itself);
                let second = Pick {
                    table: 1,
                    row: others[place % others.len()],
                    visit: 2 * epoch * turns + 2 * (at / others.len()) as u64 + u64::from(itself),
                };
                pairs.push([Pick { table: 0, row: *row, visit: epoch }, second]);
            }
        }
        in_order(self.seed, epoch, &self.own.table, &pairs)
    }
}

/// Listed pairs.
#[derive(Debug)]
pub(super) struct Listed {
    table: Table,
    /// Each row with how often it stood in the list before, and how often it stands there in all.
    pairs: Vec<[(u32, u64, u64); 2]>,
    seed: i64,
}

impl Listed {
    pub(super) fn new(table: &Table, pairs: &[(u32, u32)], seed: i64) -> Result<(Shape, Self), DataError> {
        if let Some((a, b)) = pairs.iter().find(|(a, b)| (*a).max(*b) as usize >= table.len()) {
            let why = format!("the pair ({a}, {b}) is not of the {} samples", table.len());
            return Err(DataError::Sampler { sampler: "pair_list", why });
        }
        let mut times: HashMap<u32, u64> = HashMap::new();
        let mut before = |row: u32| {
            let times = times.entry(row).or_insert(0);
            *times += 1;
            (row, *times - 1)
        };
        let counted: Vec<_> = pairs.iter().map(|(a, b)| [before(*a), before(*b)]).collect();
        let entry = |(row, before): (u32, u64)| (row, before, times[&row]);
        let pairs: Vec<_> = counted.into_iter().map(|pair| pair.map(entry)).collect();
        Ok((shape(pairs.len(), 0, 0), Listed { table: table.clone(), pairs, seed }))
    }
}

impl Sampler for Listed {
    fn pass(&self, epoch: u64) -> Vec<Pick> {
        let pick = |(row, before, times): (u32, u64, u64)| Pick { table: 0, row, visit: epoch * times + before };
        let name = |at: &u32| {
            let [a, b] = &self.pairs[*at as usize];
            Cow::Owned(format!("{}\0{}", path(&self.table, a.0), path(&self.table, b.0)))
        };
        let places: Vec<u32> = (0..self.pairs.len() as u32).collect();
        let order = shuffle(&Draw::new(self.seed, "pair_list"), &[epoch], &places, name);
        order.into_iter().flat_map(|at| self.pairs[at as usize].map(pick)).collect()
    }
}
