//! What a run knows of banks: open ones, and digests of the images of tables. Shared by all stages.

use super::error::TrainError;
use ddl::data::sampler::Pick;
use ddl::graph::ContentKey;
use ddl::store::{Artifact, StoreError};
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The digest of an image's bytes.
pub type Digest = [u8; 16];

/// Where the rows of a bank lie, as little-endian f32.
pub const FEATURES: &str = "features.f32";
/// Where the digests of its images lie, in the order of the rows.
pub const INDEX: &str = "index.bin";

/// Open banks, and digests of images.
#[derive(Debug, Default)]
pub struct Banks {
    open: Mutex<HashMap<ContentKey, Arc<OpenBank>>>,
    digests: Mutex<HashMap<[u8; 32], Arc<[Digest]>>>,
}

impl Banks {
    /// The bank of this key, if it is open.
    pub fn opened(&self, key: ContentKey) -> Option<Arc<OpenBank>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone)
    }

    /// Opens a bank of so many numbers a row.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn open(&self, artifact: &Artifact, key: ContentKey, numbers: usize) -> Result<Arc<OpenBank>, TrainError> {
        let index = artifact.read(INDEX)?;
        let (digests, _) = index.as_chunks::<16>();
        let path = artifact.path(FEATURES).unwrap_or_default();
        let file = ddl::regular::open(&path).map_err(|error| StoreError::io(&path, "read", error))?;
        let places = digests.iter().enumerate().map(|(place, digest)| (*digest, place as u32)).collect();
        let bank = Arc::new(OpenBank { key, file, numbers, places });
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&bank));
        Ok(bank)
    }

    /// The digests that are known by this name, or those that are computed now.
    ///
    /// # Errors
    /// Those of `compute`.
    pub fn digests(&self, name: [u8; 32], compute: impl FnOnce() -> Result<Vec<Digest>, TrainError>) -> Result<Arc<[Digest]>, TrainError> {
        if let Some(known) = self.digests.lock().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return Ok(Arc::clone(known));
        }
        let all: Arc<[Digest]> = compute()?.into();
        self.digests.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::clone(&all));
        Ok(all)
    }
}

/// An open bank: rows of numbers, one for each image.
#[derive(Debug)]
pub struct OpenBank {
    /// Its key.
    pub key: ContentKey,
    file: File,
    /// Numbers of a row.
    numbers: usize,
    places: HashMap<Digest, u32>,
}

impl OpenBank {
    /// The row of an image.
    pub fn place(&self, digest: &Digest) -> Option<u32> {
        self.places.get(digest).copied()
    }

    /// Appends the rows of these picks, whose places `place` tells.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn read(&self, picks: &[Pick], place: impl Fn(&Pick) -> u32, to: &mut Vec<f32>) -> Result<(), TrainError> {
        let size = self.numbers * 4;
        let mut bytes = vec![0; picks.len() * size];
        for (pick, row) in picks.iter().zip(bytes.chunks_exact_mut(size)) {
            let offset = u64::from(place(pick)) * size as u64;
            self.file.read_exact_at(row, offset).map_err(|error| StoreError::io(Path::new(FEATURES), "read", error))?;
        }
        let (numbers, _) = bytes.as_chunks::<4>();
        to.extend(numbers.iter().map(|number| f32::from_le_bytes(*number)));
        Ok(())
    }
}
