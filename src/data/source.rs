//! Where a sample's pixels come from.

use super::{DataError, image::Image};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A set of images that are drawn rather than read: a pure function from an index to an image.
pub trait RenderedSet: fmt::Debug + Send + Sync {
    /// The digest of all its parameters: equal ids draw equal images.
    fn id(&self) -> &str;

    /// Draws image `index`.
    fn render(&self, index: usize) -> Result<Image, DataError>;
}

/// Where the pixels of one sample are.
#[derive(Debug, Clone)]
pub enum ImageSource {
    /// An encoded file below a root.
    File {
        /// The set's root folder.
        root: Arc<Path>,
        /// The file, relative to the root, `/`-separated.
        file: Arc<str>,
    },
    /// An image of a drawn set.
    Rendered {
        /// The set.
        set: Arc<dyn RenderedSet>,
        /// Which of its images.
        index: u32,
    },
}

impl ImageSource {
    /// The file on disk, if it is one.
    pub fn file_path(&self) -> Option<PathBuf> {
        match self {
            ImageSource::File { root, file } => Some(root.join(file.as_ref())),
            ImageSource::Rendered { .. } => None,
        }
    }

    /// A number that equal sources share.
    pub(super) fn hashed(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        match self {
            ImageSource::File { root, file } => (root, file).hash(&mut hasher),
            ImageSource::Rendered { set, index } => (set.id(), index).hash(&mut hasher),
        }
        hasher.finish()
    }
}

impl PartialEq for ImageSource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (ImageSource::File { root: a, file: x }, ImageSource::File { root: b, file: y }) => x == y && a == b,
            (ImageSource::Rendered { set: a, index: x }, ImageSource::Rendered { set: b, index: y }) => x == y && a.id() == b.id(),
            (ImageSource::File { .. }, ImageSource::Rendered { .. }) | (ImageSource::Rendered { .. }, ImageSource::File { .. }) => false,
        }
    }
}

impl fmt::Display for ImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImageSource::File { root, file } => write!(f, "{}", root.join(file.as_ref()).display()),
            ImageSource::Rendered { index, .. } => write!(f, "drawn image {index}"),
        }
    }
}
