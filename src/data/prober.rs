//! What lies at a path, asked by whoever keys a node by content and not by place.

use super::DataError;
use std::path::Path;

/// What should lie at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lies {
    /// A folder of images.
    Folder,
    /// A list: a text.
    Text,
    /// A file that says itself what it is.
    Anything,
}

/// Tells what lies at a path, so that a node is keyed by content and not by place.
pub trait Prober {
    /// The digest of a file, or of the sorted listing of a folder.
    ///
    /// # Errors
    /// Why there is none; that something else lies there, at once.
    fn digest(&self, path: &Path, lies: Lies) -> Result<String, DataError>;

    /// The digest of a list of images below `root` and of these images. Who can't tell which they are says it of the list and of the folder.
    ///
    /// # Errors
    /// As [`Prober::digest`].
    fn listed(&self, list: &Path, root: &Path) -> Result<String, DataError> {
        Ok(format!("{} {}", self.digest(list, Lies::Text)?, self.digest(root, Lies::Folder)?))
    }
}
