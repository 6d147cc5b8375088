//! Views: pure functions from tables to tables. None copies an image.
//!
//! By sample (`filter`, `sample`, `apply`) they keep the label space; by identity (`split_by_identity`, `identities`, `min_images`,
//! `without`) they narrow it, in the parent's order; `relabel` makes a new one of the people who have images; `merge` joins.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "rows are numbered by 32 bits, and shares of them are rounded"
)]

mod filter;
mod identities;
mod merge;
mod split;

pub use merge::{MergeLabels, merge};
pub use split::{Amount, Order, Split, SplitPart};

use super::augment::{Augment, Treatment, Version};
use super::table::Treated;
use super::{DataError, Table};

impl Table {
    /// Every sample goes through `augment` before it is used. With `versions = n` each sample has `n` fixed draws (visit `v` gives draw
    /// `v mod n`), so that what follows can be cached; without, each visit draws anew. Applied to a table that has treatments, it comes
    /// last.
    pub fn apply(&self, augment: Augment, versions: Option<u32>, seed: i64) -> Result<Table, DataError> {
        if versions == Some(0) {
            return Err(DataError::Argument { what: "apply", why: "versions must be at least 1".to_owned() });
        }
        augment.check()?;
        let step = Version { augment, versions, seed };
        let mut treatments: Vec<Treatment> = self.treatments.iter().map(|before| before.then(&step)).collect();
        let bare = treatments.len() as u16; // merge refuses more than u16::MAX - 1 treatments
        treatments.push(Treatment::default().then(&step));
        let treated = match &self.treated {
            Treated::None => Treated::All(bare),
            Treated::All(before) => Treated::All(*before),
            Treated::Parts(parts) => {
                Treated::Parts(parts.iter().map(|numbers| numbers.iter().map(|number| (*number).min(bare)).collect()).collect())
            }
        };
        Ok(Table { treated, treatments: treatments.into(), ..self.clone() })
    }
}

#[cfg(test)]
mod tests;
