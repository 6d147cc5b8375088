//! Splits: named parts of the people, or of the samples.

use crate::table::Rows;
use crate::{Cell, DataError, Table};
use ddl_base::quantity::Fraction;
use ddl_base::random::Draw;
use indexmap::IndexMap;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// A number of things, or a part of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// So many.
    Count(u64),
    /// A part of all, from 0 to 1.
    Part(Fraction),
}

impl Amount {
    /// How many of `total` (a part is rounded to the nearest). Errors: more than there are; a part outside 0..1.
    pub fn of(self, total: usize, what: &'static str) -> Result<usize, DataError> {
        match self {
            Amount::Count(count) if count > total as u64 => {
                Err(DataError::Argument { what, why: format!("wants {count}, there are {total}") })
            }
            Amount::Count(count) => Ok(count as usize),
            Amount::Part(part) if !(0.0..=1.0).contains(&part.0) => {
                Err(DataError::Argument { what, why: format!("{part} is not within 0%..100%") })
            }
            Amount::Part(part) => Ok((part.0 * total as f64).round() as usize),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Count(count) => write!(f, "{count}"),
            Amount::Part(part) => write!(f, "{part}"),
        }
    }
}

/// One part of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitPart {
    /// Its name.
    pub name: String,
    /// Its size: people or samples.
    pub amount: Amount,
}

/// In which order people (or samples) are dealt to the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By the rank of `Draw(seed, "split", name)`: adding a person moves few others.
    Random {
        /// The seed.
        seed: i64,
    },
    /// By the bytes of their names: keeps a protocol's whole folds together.
    Sorted,
}

/// How to split. The first part takes the first in the order, and so on. Percentages are of all; their running sums are rounded to the
/// nearest, so that parts of 100% together take everyone. Parts of less than everyone leave the rest out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// The parts in order.
    pub parts: Vec<SplitPart>,
    /// The order in which they are filled.
    pub order: Order,
    /// Deal the people of each value of this attribute apart, so that every part has its share of each. A person must have one value.
    #[serde(default)]
    pub stratify: Option<String>,
}

impl Table {
    /// Parts by people: every row of a person goes to one part, and each part's label space holds its people (all of this table's label
    /// space are dealt, those without rows too, so that filtering before moves nobody).
    /// Errors: parts that don't fit or are empty, a stratum attribute that is unknown or that differs within a person.
    pub fn split_by_identity(&self, split: &Split) -> Result<IndexMap<String, Table>, DataError> {
        let order = self.people_in_order(split)?;
        let people = ranges(&split.parts, order.len())?.into_iter().map(|range| order[range].iter().copied().collect());
        let people: Vec<HashSet<u32>> = people.collect();
        let dealt = split.parts.iter().zip(people);
        dealt
            .map(|(part, people)| {
                Ok((part.name.clone(), self.part(part, people.len(), |t| t.narrowed(&part.name, |c| people.contains(&c)))?))
            })
            .collect()
    }

    /// Parts by sample, dealt like people in [`Table::split_by_identity`]; the label space stays.
    /// Errors: parts that don't fit or are empty, `stratify` (by sample it is not meant).
    pub fn split_by_sample(&self, split: &Split) -> Result<IndexMap<String, Table>, DataError> {
        if split.stratify.is_some() {
            return Err(DataError::Split { why: "stratify works on people; split by .identity".to_owned() });
        }
        let order = match split.order {
            Order::Random { seed } => self.ranked_rows(seed, "split"),
            Order::Sorted => {
                let mut order: Vec<u32> = (0..self.len() as u32).collect();
                order.par_sort_unstable_by(|a, b| self.compare_paths(*a, *b));
                order
            }
        };
        let dealt = split.parts.iter().zip(ranges(&split.parts, order.len())?);
        let table = |rows: &[u32]| {
            let mut rows = rows.to_vec();
            rows.sort_unstable();
            self.with_rows(Rows::rising(rows.into_iter().filter_map(|row| Some(self.row(row as usize)?.index() as u32))))
        };
        dealt.map(|(part, range)| Ok((part.name.clone(), self.part(part, range.len(), |_| Ok(table(&order[range])))?))).collect()
    }

    /// One part, unless it is empty.
    fn part(&self, part: &SplitPart, size: usize, make: impl FnOnce(&Table) -> Result<Table, DataError>) -> Result<Table, DataError> {
        if size == 0 {
            return Err(DataError::Split { why: format!("the part `{}` ({}) is empty", part.name, part.amount) });
        }
        make(self)
    }

    /// All classes in the order of a split. With strata, the `r`-th of a stratum of `n` stands at `(r + 1/2) / n` of the way, so that any
    /// run of the order has its share of every stratum, give or take one.
    fn people_in_order(&self, split: &Split) -> Result<Vec<u32>, DataError> {
        let names = self.labels.names();
        let mut placed = Vec::with_capacity(names.len());
        for (number, stratum) in self.strata(split.stratify.as_deref())?.into_iter().enumerate() {
            let texts: Vec<&str> = stratum.iter().map(|class| &*names[*class as usize]).collect();
            let size = stratum.len() as f64;
            let order = ordered(&texts, split.order).into_iter().enumerate();
            placed.extend(order.map(|(rank, at)| ((rank as f64 + 0.5) / size, number, stratum[at])));
        }
        placed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Ok(placed.into_iter().map(|(_, _, class)| class).collect())
    }

    /// The classes, grouped by an attribute's value if one is named (people without rows are a group of their own).
    fn strata(&self, attribute: Option<&str>) -> Result<Vec<Vec<u32>>, DataError> {
        let everyone = 0..self.labels.len() as u32;
        let Some(attribute) = attribute else { return Ok(vec![everyone.collect()]) };
        let mut values: Vec<Option<String>> = vec![None; self.labels.len()];
        for row in self.rows() {
            let cell: Cell = row.cell(attribute)?;
            let value = &mut values[row.class() as usize];
            match value {
                Some(known) if *known != cell.to_string() => {
                    let why = format!("`{}` has more than one value of `.{attribute}` ({known} and {cell})", row.identity());
                    return Err(DataError::Split { why });
                }
                Some(_) => {}
                None => *value = Some(cell.to_string()),
            }
        }
        let mut strata: BTreeMap<Option<String>, Vec<u32>> = BTreeMap::new();
        for class in everyone {
            strata.entry(values[class as usize].clone()).or_default().push(class);
        }
        Ok(strata.into_values().collect())
    }
}

/// The places of `names` in the order of a split.
fn ordered(names: &[&str], order: Order) -> Vec<usize> {
    let mut places: Vec<usize> = (0..names.len()).collect();
    match order {
        Order::Sorted => places.sort_by_key(|at| names[*at]),
        Order::Random { seed } => {
            let draw = Draw::new(seed, "split");
            places.sort_by_cached_key(|at| (draw.clone().text(names[*at]).rank(), names[*at].to_owned()));
        }
    }
    places
}

/// The range of places that each part takes of `total`.
fn ranges(parts: &[SplitPart], total: usize) -> Result<Vec<std::ops::Range<usize>>, DataError> {
    let mut ranges = Vec::with_capacity(parts.len());
    let (mut counted, mut share) = (0usize, 0.0);
    for part in parts {
        let start = ranges.last().map_or(0, |range: &std::ops::Range<usize>| range.end);
        match part.amount {
            Amount::Count(count) => counted = counted.saturating_add(count as usize),
            Amount::Part(part) => share += part.0,
        }
        let end = counted.saturating_add(((share * total as f64) + 1e-9).round() as usize);
        if end > total || end < start || share > 1.0 + 1e-9 {
            let sizes: Vec<_> = parts.iter().map(|part| format!("{} = {}", part.name, part.amount)).collect();
            return Err(DataError::Split { why: format!("{{{}}} does not fit into {total}", sizes.join(", ")) });
        }
        ranges.push(start..end);
    }
    Ok(ranges)
}
