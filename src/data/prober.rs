//! What lies at a path, asked by whoever keys a node by content and not by place.

use super::DataError;
use super::probe::{Probe, ProbeCache};
use std::path::Path;
use std::sync::Arc;

/// What should lie at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lies {
    /// A folder of images.
    Folder,
    /// A list: a text.
    Text,
    /// A list of pairs: a text, or a pack of them.
    Pairs,
    /// A file that says itself what it is.
    Anything,
}

/// Where a set of images lies.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The folder, the file that holds them, or the list that names them.
    pub path: &'a Path,
    /// The folder that the paths of a list are relative to.
    pub below: Option<&'a Path>,
}

/// How a set of images is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// What should lie at its path.
    pub lies: Lies,
    /// Finds the images.
    pub probe: fn(At<'_>, &ProbeCache) -> Result<Arc<Probe>, DataError>,
}

/// Tells what lies at a path, so that a node is keyed by content and not by place.
pub trait Prober {
    /// The digest of a file, or of the sorted listing of a folder.
    ///
    /// # Errors
    /// Why there is none; that something else lies there, at once.
    fn digest(&self, path: &Path, lies: Lies) -> Result<String, DataError>;

    /// Whose own lies at a path, as `known` tells by a look at it; nothing from who can't look.
    ///
    /// # Errors
    /// What `known` says.
    fn known(&self, _: &Path, _: fn(&Path) -> Result<&'static str, DataError>) -> Result<Option<&'static str>, DataError> {
        Ok(None)
    }

    /// The digest of a set of images. Who can't tell which they are says it of what lies at its paths.
    ///
    /// # Errors
    /// As [`Prober::digest`].
    fn images(&self, at: At<'_>, look: Look) -> Result<String, DataError> {
        let path = self.digest(at.path, look.lies)?;
        match at.below {
            None => Ok(path),
            Some(root) => Ok(format!("{path} {}", self.digest(root, Lies::Folder)?)),
        }
    }
}
