//! Decoded images in memory, up to a budget.

use crate::image::Image;
use crate::probe::Digest;
use crate::stream::Sizing;
use crate::table::Row;
use crate::{DataError, ImageSource, Name};
use ddl_base::quantity::Bytes;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A key: the digest of a source, of a size and of how it is brought to that.
type Key = [u8; 16];

/// Decoded and resized images, shared by all loaders that are given it. Images stay until it is dropped, and when the budget is spent no
/// more are taken in: training goes round and round a set, so throwing out old ones would only make room for what comes next time too.
#[derive(Debug)]
pub struct ImageCache {
    images: RwLock<HashMap<Key, Arc<[u8]>>>,
    used: AtomicU64,
    budget: u64,
    probed: bool,
    decoded: AtomicU64,
}

impl ImageCache {
    /// A cache of at most so many bytes of pixels (0 caches nothing).
    pub fn new(budget: Bytes) -> Self {
        ImageCache { images: RwLock::default(), used: AtomicU64::new(0), budget: budget.0, probed: false, decoded: AtomicU64::new(0) }
    }

    /// The same, where every file must still hold what a probe found in it: results are computed from what their keys stand for.
    #[must_use]
    pub fn as_probed(self) -> Self {
        ImageCache { probed: true, ..self }
    }

    /// The image of a source, read and decoded or drawn now.
    ///
    /// # Errors
    /// What can't be read or decoded; a file that changed since it was probed ([`DataError::Changed`]).
    pub fn open(&self, source: &ImageSource) -> Result<Image, DataError> {
        if !source.is_drawn() {
            self.decoded.fetch_add(1, Ordering::Relaxed);
        }
        source.open(self.digest_of(source))
    }

    /// The image of a sample for a size: a JPEG at a part of its own, where its set says so and that is no smaller.
    pub(super) fn open_for(&self, sample: &Row<'_>, size: (u32, u32)) -> Result<Image, DataError> {
        let source = sample.source();
        if !sample.sizing().draft || source.is_drawn() {
            return self.open(&source);
        }
        self.decoded.fetch_add(1, Ordering::Relaxed);
        source.open_for(self.digest_of(&source), size)
    }

    /// The digest of a source's bytes that a probe found, where they must still be these.
    pub fn digest_of(&self, source: &ImageSource) -> Option<Digest> {
        source.digest().filter(|_| self.probed)
    }

    /// How many files were decoded.
    pub fn decoded(&self) -> u64 {
        self.decoded.load(Ordering::Relaxed)
    }

    /// Bytes of pixels held.
    pub fn used(&self) -> Bytes {
        Bytes(self.used.load(Ordering::Relaxed).min(self.budget))
    }

    /// The image of a sample at a size, kept if there is room.
    pub(super) fn get_or_load(
        &self,
        sample: &Row<'_>,
        size: (u32, u32),
        load: impl FnOnce() -> Result<Image, DataError>,
    ) -> Result<Image, DataError> {
        if self.budget == 0 {
            return load();
        }
        let key = key(&sample.source(), size, sample.sizing());
        let known = self.images.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(image) = known.and_then(|pixels| Image::new(size.0, size.1, pixels.to_vec())) {
            return Ok(image);
        }
        let image = load()?;
        let bytes = image.pixels().len() as u64;
        if self.used.fetch_add(bytes, Ordering::Relaxed) + bytes > self.budget {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return Ok(image);
        }
        let mut images = self.images.write().unwrap_or_else(PoisonError::into_inner);
        if images.insert(key, Arc::from(image.pixels())).is_some() {
            self.used.fetch_sub(bytes, Ordering::Relaxed); // two threads loaded the same image
        }
        Ok(image)
    }
}

fn key(source: &ImageSource, size: (u32, u32), sizing: Sizing) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&size.0.to_le_bytes()).update(&size.1.to_le_bytes());
    hasher.update(&[sizing.kernel as u8, u8::from(sizing.draft)]);
    hasher.update(source.set().id()).update(b"\0");
    match source.name() {
        Name::Path(path) => hasher.update(b"path").update(path.as_bytes()),
        Name::Number(number) => hasher.update(b"number").update(&number.to_le_bytes()),
    };
    let mut key = Key::default();
    hasher.finalize_xof().fill(&mut key);
    key
}
