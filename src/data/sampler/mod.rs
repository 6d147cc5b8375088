//! Samplers: which samples a step sees. Each batch is a pure function of (seed, sampler, table, epoch, place in the epoch).
//!
//! A sample's place in epoch `k` comes from the rank of a draw named by (seed, sampler, sample, k), so a filter takes samples out and
//! leaves the others in their order. The last incomplete batch of a pass is left out; after the last batch of an epoch comes the first of
//! the next one, without end.
//!
//! A *visit* numbers the times that a sample was drawn by this sampler, from 0; augments draw by it.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

mod balanced;
mod pairs;
mod pk;
mod shuffled;

use super::table::Groups;
use super::{DataError, Table};
use ddl_base::random::Draw;
use rayon::prelude::*;
use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

/// Which sampler.
#[derive(Debug, Clone)]
pub enum Sampling {
    /// Every sample once per pass, in random order.
    Shuffled,
    /// One image of each person per round, people in random order, as many rounds as the person with most images has; people with fewer
    /// images start again. (spec/method.md 1.1; `DistributedIDBalanceSampler(person_num = 1)` of `TFace`.)
    Balanced,
    /// So many people with so many images each; a person is met `images / n` times per pass (at least once, its images repeated if few).
    Pk {
        /// People in a batch.
        identities: usize,
        /// Images of each.
        images: usize,
    },
    /// Two different images of one person; every image is the first of one pair per pass, and its partner the next in the person's
    /// order of the epoch. With another table, the partner comes from there (the person of the same name), its images in turn.
    Pairs {
        /// The table of the second images.
        with: Option<Table>,
    },
    /// Every image once per pass, in random order, each twice: as it is drawn, and (as one of table 1, which is the same) in another version.
    Versions,
    /// These pairs (row, row), every one once per pass, in random order.
    PairList {
        /// The pairs, for example of [`pair_list`](super::readers::pair_list).
        pairs: Vec<(u32, u32)>,
    },
}

/// One drawn image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pick {
    /// The table: 0 is the sampler's own, 1 that of `pairs(with = …)`, or the own one again, for second versions of its images.
    pub table: u8,
    /// The row in that table.
    pub row: u32,
    /// How often the sampler drew this image before.
    pub visit: u64,
}

/// What a sampler does to a table, for the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassFacts {
    /// What is counted: `images` or `pairs`.
    pub unit: &'static str,
    /// Units in a whole pass, before incomplete batches are left out.
    pub units: usize,
    /// Batches in an epoch.
    pub batches: usize,
    /// Images in a batch.
    pub images_per_batch: usize,
    /// People that this sampler can't draw (a single image, or none in the other set).
    pub people_left_out: usize,
    /// The images of those people.
    pub images_left_out: usize,
    /// People with fewer images than a batch shows of a person: some images are drawn again for the same batch.
    pub people_repeated: usize,
}

/// An order of units, anew in each epoch.
trait Sampler: Debug + Send + Sync {
    /// The units of an epoch one after the other, each of as many picks as [`Shape::picks`] says; the same number in every epoch.
    fn pass(&self, epoch: u64) -> Vec<Pick>;
}

/// What does not change from epoch to epoch.
#[derive(Debug, Clone, Copy)]
struct Shape {
    unit: &'static str,
    /// Images in a unit.
    picks: usize,
    /// Units in a pass.
    units: usize,
    people_left_out: usize,
    images_left_out: usize,
    people_repeated: usize,
}

/// Batches of a table by a sampler.
#[derive(Debug)]
pub struct Batches {
    tables: Vec<Table>,
    sampler: Box<dyn Sampler>,
    shape: Shape,
    size: usize,
    last: Mutex<Option<(u64, Arc<[Pick]>)>>,
}

impl Batches {
    /// Batches of `size` units (images; pairs for samplers of pairs). Errors: a sampler that can't work on this table, a batch bigger than
    /// a pass, a batch of nothing.
    pub fn new(table: &Table, sampling: &Sampling, size: usize, seed: i64) -> Result<Self, DataError> {
        let mut tables = vec![table.clone()];
        let (name, shape, sampler): (_, Shape, Box<dyn Sampler>) = match sampling {
            Sampling::Shuffled => boxed("shuffled", shuffled::Shuffled::new(table, seed)),
            Sampling::Balanced => boxed("balanced", balanced::Balanced::new(table, seed)),
            Sampling::Pk { identities, images } => boxed("pk", pk::Pk::new(table, *identities, *images, size, seed)?),
            Sampling::Pairs { with: None } => boxed("pairs", pairs::OwnPairs::new(table, seed)?),
            Sampling::Pairs { with: Some(other) } => {
                tables.push(other.clone());
                boxed("pairs", pairs::CrossPairs::new(table, other, seed)?)
            }
            Sampling::Versions => {
                tables.push(table.clone());
                boxed("pairs", pairs::Versions::new(table, seed))
            }
            Sampling::PairList { pairs } => boxed("pair_list", pairs::Listed::new(table, pairs, seed)?),
        };
        if size == 0 || shape.units < size {
            let why = format!("a batch of {size} {} does not fit into a pass of {}", shape.unit, shape.units);
            return Err(DataError::Sampler { sampler: name, why });
        }
        Ok(Batches { tables, sampler, shape, size, last: Mutex::new(None) })
    }

    /// The tables that picks point into.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// What a pass is.
    pub fn facts(&self) -> PassFacts {
        let Shape { unit, picks, units, people_left_out, images_left_out, people_repeated } = self.shape;
        let images_per_batch = self.size * picks;
        PassFacts { unit, units, batches: units / self.size, images_per_batch, people_left_out, images_left_out, people_repeated }
    }

    /// Batches in an epoch, at least 1.
    pub fn per_epoch(&self) -> u64 {
        (self.shape.units / self.size) as u64
    }

    /// Batch `index` of an epoch (`index` counts on into the next epochs). Batches of pairs hold all first images, then all second ones.
    pub fn batch(&self, epoch: u64, index: u64) -> Vec<Pick> {
        let (epoch, index) = (epoch + index / self.per_epoch(), (index % self.per_epoch()) as usize);
        let pass = self.pass(epoch);
        let per_batch = self.size * self.shape.picks;
        let batch = &pass[index * per_batch..(index + 1) * per_batch];
        (0..self.shape.picks).flat_map(|place| batch.iter().skip(place).step_by(self.shape.picks).copied()).collect()
    }

    /// The batch of a step, counted from 0 through all epochs.
    pub fn at_step(&self, step: u64) -> Vec<Pick> {
        self.batch(0, step)
    }

    /// The classes of a batch, one per pick, by the own table's label space (samplers of pairs match people by name).
    pub fn classes(&self, batch: &[Pick]) -> Vec<u32> {
        let class = |pick: &Pick| {
            let row = self.tables[usize::from(pick.table)].row(pick.row as usize);
            row.and_then(|row| self.tables[0].labels().class(row.identity())).unwrap_or(u32::MAX) // not reached: picks are rows, of people of the own table
        };
        batch.iter().map(class).collect()
    }

    /// The order of an epoch; the last one asked for is kept.
    fn pass(&self, epoch: u64) -> Arc<[Pick]> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, pass)) if *known == epoch => pass.clone(),
            Some(_) | None => {
                let pass: Arc<[Pick]> = self.sampler.pass(epoch).into();
                *last = Some((epoch, pass.clone()));
                pass
            }
        }
    }
}

/// A sampler with its name and shape.
fn boxed<S: Sampler + 'static>(name: &'static str, (shape, sampler): (Shape, S)) -> (&'static str, Shape, Box<dyn Sampler>) {
    (name, shape, Box::new(sampler))
}

/// The path of a row.
fn path(table: &Table, row: u32) -> Cow<'_, str> {
    table.row(row as usize).map_or_else(Cow::default, |row| row.path()) // picks are rows
}

/// Items in the order of the ranks of `draw` narrowed by each one's name and `numbers`.
fn shuffle<'n, T: Copy + Send + Sync>(draw: &Draw, numbers: &[u64], items: &[T], name: impl Fn(&T) -> Cow<'n, str> + Sync) -> Vec<T> {
    let ranked = |item: &T| (numbers.iter().fold(draw.clone().text(&name(item)), |draw, number| draw.number(*number)).rank(), *item);
    let mut order: Vec<(u64, T)> = if items.len() > 4096 {
        items.par_iter().map(ranked).collect()
    } else {
        items.iter().map(ranked).collect() // not worth waking the pool
    };
    order.par_sort_by(|a, b| a.0.cmp(&b.0).then_with(|| name(&a.1).cmp(&name(&b.1))));
    order.into_iter().map(|(_, item)| item).collect()
}

/// The people of a table who have rows, and their rows.
#[derive(Debug)]
struct People {
    table: Table,
    /// One group per person with rows, by class.
    groups: Groups,
}

impl People {
    fn new(table: &Table) -> Self {
        People { table: table.clone(), groups: table.rows_by_class().kept(|rows| !rows.is_empty()) }
    }

    /// The name of person `person`.
    fn name(&self, person: usize) -> &str {
        self.table.row(self.groups.get(person)[0] as usize).map_or("", |row| row.identity()) // groups are never empty, and hold rows
    }

    /// All people in a random order.
    fn order(&self, draw: &Draw, numbers: &[u64]) -> Vec<u32> {
        let people: Vec<u32> = (0..self.groups.len() as u32).collect();
        shuffle(draw, numbers, &people, |person| Cow::Borrowed(self.name(*person as usize)))
    }

    /// Each person's rows in a random order of the epoch.
    fn rows(&self, draw: &Draw, epoch: u64) -> Vec<Vec<u32>> {
        let shuffled = |person: usize| shuffle(draw, &[epoch], self.groups.get(person), |row| path(&self.table, *row));
        (0..self.groups.len()).into_par_iter().map(shuffled).collect()
    }
}

#[cfg(test)]
mod tests;
