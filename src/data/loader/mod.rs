//! From picks to pixels: decode, resize, degrade, augment and lay out, in parallel and ahead of the consumer.
//!
//! Each image is first brought to the network's size (by the kernel of its set), then goes through the table's treatments (`apply`), then
//! through the augments of the draw; so `side = 12px` means the same whatever the files' sizes. Every image fills its own slot of the
//! block, and all draws are named: the bits don't depend on the number of threads.

mod block;
mod cache;
mod prefetch;

pub use block::{Block, Element, Layout, Normalisation, Numbers, PixelFormat};
pub use cache::ImageCache;
pub use prefetch::Prefetch;

use super::augment::{Augment, Dice, Seen};
use super::image::Image;
use super::resize::resize;
use super::sampler::Pick;
use super::table::Row;
use super::{DataError, Table};
use ddl_base::random::apart;
use rayon::prelude::*;
use std::sync::Arc;

/// What a network wants to see.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Order and type of the numbers.
    pub format: PixelFormat,
}

/// Loads images of some tables. Cheap to clone; clones share the cache and the threads.
#[derive(Debug, Clone)]
pub struct Loader {
    tables: Arc<[Table]>,
    wanted: Wanted,
    seen: Seen,
    cache: Arc<ImageCache>,
    threads: Threads,
}

/// Threads that decode, shared by all loaders of a run.
#[derive(Debug, Clone)]
pub struct Threads(Arc<rayon::ThreadPool>);

impl Threads {
    /// So many.
    ///
    /// # Errors
    /// Threads that can't be started.
    pub fn new(threads: usize) -> Result<Self, DataError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|at| format!("loader {at}")).build();
        let wrong = |error: rayon::ThreadPoolBuildError| DataError::Argument {
            what: "loader",
            why: ddl_base::system::in_words(&error.to_string()).into_owned(),
        };
        pool.map(|pool| Threads(Arc::new(pool))).map_err(wrong)
    }
}

impl Loader {
    /// A loader of picks from `tables`. `augment` is the draw's, with its seed; treatments of the tables come before it.
    /// Errors: an augment out of range, a size of 0.
    pub fn new(
        tables: &[Table],
        wanted: Wanted,
        augment: Option<(Augment, i64)>,
        cache: Arc<ImageCache>,
        threads: Threads,
    ) -> Result<Self, DataError> {
        if wanted.width == 0 || wanted.height == 0 {
            return Err(DataError::Argument { what: "loader", why: "images must be at least 1 pixel wide and high".to_owned() });
        }
        let (augment, seed) = augment.map_or((None, 0), |(augment, seed)| (Some(augment), seed));
        Loader { tables: tables.into(), wanted, seen: Seen::default(), cache, threads }.through(Seen { augment, second: None, seed })
    }

    /// The same images through other augments.
    ///
    /// # Errors
    /// An augment out of range.
    pub fn through(&self, seen: Seen) -> Result<Self, DataError> {
        seen.augment.iter().chain(&seen.second).try_for_each(Augment::check)?;
        Ok(Loader { seen, ..self.clone() })
    }

    /// What this loader makes.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The images of these picks, in order. The first error in that order is given.
    pub fn load(&self, picks: &[Pick]) -> Result<Block, DataError> {
        let mut block = Block::blank(picks.len(), &self.wanted);
        let errors: Vec<Option<DataError>> =
            self.threads.0.install(|| picks.par_iter().zip(block.slots()).map(|(pick, slot)| self.load_one(pick, slot).err()).collect());
        match errors.into_iter().flatten().next() {
            Some(error) => Err(error),
            None => Ok(block),
        }
    }

    /// The image of a pick as the network will see it, before it is laid out (for a grid of a batch in the report).
    pub fn image(&self, pick: &Pick) -> Result<Image, DataError> {
        let sample = self.tables.get(usize::from(pick.table)).and_then(|table| table.row(pick.row as usize));
        let sample = sample.ok_or_else(|| DataError::Argument { what: "loader", why: format!("there is no row for {pick:?}") })?;
        let image = self.cache.get_or_load(&sample, self.wanted.size(), || self.open(&sample))?;
        let path = sample.path();
        // two sides of a pair may have images of one name; two versions of an image have what is drawn for it in common
        let versions = self.seen.second.as_ref();
        let seed = apart(self.seen.seed, "table of a draw", if versions.is_some() { 0 } else { u64::from(pick.table) });
        let mut dice = Dice::new(seed, &path, pick.visit);
        let image = match sample.treatment() {
            Some(treatment) => treatment.apply(image, &mut dice, pick.visit),
            None => image,
        };
        let image = match &self.seen.augment {
            Some(augment) => {
                dice.set(seed, pick.visit);
                augment.apply(image, &mut dice)
            }
            None => image,
        };
        Ok(match versions.filter(|_| pick.table > 0) {
            Some(second) => second.apply(image, &mut Dice::new(apart(seed, "second version", 1), &path, pick.visit)),
            None => image,
        })
    }

    /// Blocks of a stream of batches, made by a thread of their own, at most `ahead` of them (at least 1) waiting to be taken.
    pub fn prefetch<I>(&self, batches: I, ahead: usize) -> Prefetch
    where
        I: IntoIterator<Item = Vec<Pick>>,
        I::IntoIter: Send + 'static,
    {
        Prefetch::start(self.clone(), batches.into_iter(), ahead)
    }

    fn load_one(&self, pick: &Pick, slot: block::Slot<'_>) -> Result<(), DataError> {
        slot.fill(&self.image(pick)?, &self.wanted.format);
        Ok(())
    }

    /// Decodes (or draws) and resizes.
    fn open(&self, sample: &Row<'_>) -> Result<Image, DataError> {
        let wanted = self.wanted.size();
        let image = self.cache.open_for(sample, wanted)?;
        if image.size() == wanted {
            Ok(image)
        } else if sample.refuses_resize() {
            Err(DataError::Size { image: sample.source().to_string(), found: image.size(), wanted })
        } else {
            Ok(resize(&image, wanted.0, wanted.1, sample.sizing().kernel))
        }
    }
}

impl Wanted {
    /// Width and height.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}

#[cfg(test)]
mod tests;
