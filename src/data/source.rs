//! Where a sample's pixels come from: one image of a set, whatever holds it.

use super::probe::Digest;
use super::{DataError, image::Image};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

/// A set of images: below a folder, in a file that holds many, or drawn by a function. Images are numbered from 0.
pub trait ImageSet: fmt::Debug + Send + Sync {
    /// What tells the set apart: where it lies, or all that it is drawn from. Images of equal names in sets of equal ids are the same.
    fn id(&self) -> &[u8];

    /// What an image is called in the set.
    fn name(&self, image: u32) -> Name<'_>;

    /// Where an image is, for people.
    fn place(&self, image: u32) -> String;

    /// The digest of an image's bytes, as a probe found them. Nothing of what is drawn: that can't be corrupt, and can't change.
    fn digest(&self, image: u32) -> Option<Digest>;

    /// How many bytes an image has where it lies. Nothing of what is drawn.
    fn length(&self, _: u32) -> Option<u64> {
        None
    }

    /// The file that an image alone is.
    fn file(&self, _: u32) -> Option<PathBuf> {
        None
    }

    /// The bytes of an image as they lie there, before they are decoded. One whose digest is given must have it. Nothing of what is drawn.
    ///
    /// # Errors
    /// What can't be read; [`DataError::Changed`].
    fn encoded(&self, _: u32, _: Option<Digest>) -> Result<Option<Vec<u8>>, DataError> {
        Ok(None)
    }

    /// Reads and decodes, or draws an image. One whose digest is given must have it.
    ///
    /// # Errors
    /// What can't be read or decoded; [`DataError::Changed`].
    fn open(&self, image: u32, known: Option<Digest>) -> Result<Image, DataError>;

    /// The same for somebody who wants it at a size: it may come at a part of its own that is no smaller.
    ///
    /// # Errors
    /// As there.
    fn open_for(&self, image: u32, known: Option<Digest>, _: (u32, u32)) -> Result<Image, DataError> {
        self.open(image, known)
    }
}

/// What an image is called in its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Name<'a> {
    /// By its number.
    Number(u32),
    /// By a path, `/`-separated.
    Path(&'a str),
}

/// Where the pixels of one sample are.
#[derive(Debug, Clone)]
pub struct ImageSource {
    set: Arc<dyn ImageSet>,
    image: u32,
}

impl ImageSource {
    /// An image of a set.
    pub fn new(set: Arc<dyn ImageSet>, image: u32) -> Self {
        ImageSource { set, image }
    }

    /// The set.
    pub fn set(&self) -> &Arc<dyn ImageSet> {
        &self.set
    }

    /// Which of its images.
    pub fn image(&self) -> u32 {
        self.image
    }

    /// What it is called in the set.
    pub fn name(&self) -> Name<'_> {
        self.set.name(self.image)
    }

    /// See [`ImageSet::digest`].
    pub fn digest(&self) -> Option<Digest> {
        self.set.digest(self.image)
    }

    /// Whether it is drawn, and so can't be corrupt.
    pub fn is_drawn(&self) -> bool {
        self.digest().is_none()
    }

    /// See [`ImageSet::length`].
    pub fn length(&self) -> Option<u64> {
        self.set.length(self.image)
    }

    /// See [`ImageSet::file`].
    pub fn file(&self) -> Option<PathBuf> {
        self.set.file(self.image)
    }

    /// See [`ImageSet::encoded`].
    ///
    /// # Errors
    /// As there.
    pub fn encoded(&self, known: Option<Digest>) -> Result<Option<Vec<u8>>, DataError> {
        self.set.encoded(self.image, known)
    }

    /// See [`ImageSet::open`].
    ///
    /// # Errors
    /// As there.
    pub fn open(&self, known: Option<Digest>) -> Result<Image, DataError> {
        self.set.open(self.image, known)
    }

    /// See [`ImageSet::open_for`].
    ///
    /// # Errors
    /// As there.
    pub fn open_for(&self, known: Option<Digest>, size: (u32, u32)) -> Result<Image, DataError> {
        self.set.open_for(self.image, known, size)
    }

    /// A number that equal sources share.
    pub(super) fn hashed(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.set.id(), self.name()).hash(&mut hasher);
        hasher.finish()
    }
}

impl PartialEq for ImageSource {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.set.id() == other.set.id()
    }
}

impl fmt::Display for ImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.set.place(self.image))
    }
}
