//! Results by content key: written beside and renamed when whole, with the digest of each file, checked when read.
//!
//! ```text
//! STORE/format                      one line: which layout this is
//!       artifacts/3f/3f…/           manifest.json and the files of one result
//!       checkpoints/3f…/000000000120/   the state of an unfinished stage after step 120, and the one before it
//!       tmp/3f…/                    what is being written; left over after a kill, removed by the next who takes the lock
//!       locks/3f…                   held by the one process that computes this result
//!       damaged/3f…-1/              what was found damaged
//!       uses/…                      which recipe needs which keys, held by the run that noted it
//! ```
//!
//! Half a result can't exist: a folder appears under its name only when all its files are on the disk.

mod artifact;
mod checkpoint;
pub mod due;
mod error;
pub mod judged;
mod lock;
mod log;
pub mod said;
pub mod samples;
pub mod tend;
pub mod uses;

pub use artifact::{Artifact, Damage, Draft, FEATURES, FileFacts, Manifest, Origins, TENSORS};
pub use checkpoint::{Checkpoint, Checkpoints};
pub use error::{StoreError, is_full};
pub use judged::{Judged, Scores};
pub use lock::{NodeLock, OutputFile, OutputLock};
pub use log::{Kept, Spent, TRAINING_LOG, TrainingLog};

use crate::graph::ContentKey;
use std::fs;
use std::path::{Path, PathBuf};

/// The layout that this version reads and writes.
const FORMAT: &str = "ddl store 1\n";

/// A store on a disk. Cheap to clone; all that is shared lies in the files.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// What the store has under a key.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Absent,
    /// A whole result.
    Whole(Artifact),
    /// A damaged one, which was moved aside: as if there were nothing, but the user should know.
    Damaged(Damage),
}

impl Store {
    /// Refuses a folder that holds other things and no store: nothing is ever put beside them.
    ///
    /// # Errors
    /// [`StoreError::Format`] for such a folder.
    pub(crate) fn hold_apart(root: &Path) -> Result<(), StoreError> {
        // what is known of data may be there before the first result
        let foreign = |entry: std::io::Result<fs::DirEntry>| entry.is_ok_and(|entry| entry.file_name() != "probes");
        let is_store = root.join("artifacts").is_dir() || root.join("format").exists();
        if !is_store && fs::read_dir(root).is_ok_and(|mut entries| entries.any(foreign)) {
            let found = "a folder with other things in it".to_owned();
            return Err(StoreError::Format { root: root.to_owned(), found });
        }
        Ok(())
    }

    /// The store in this folder, which is made when it is not there.
    ///
    /// # Errors
    /// When the folder can't be made or read, or holds something else than a store of this layout.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        let format = root.join("format");
        match crate::regular::text(&format, crate::regular::Whole::Own) {
            Ok(text) if text == FORMAT => {}
            Ok(text) => return Err(StoreError::Format { root, found: text.trim().chars().take(80).collect() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::hold_apart(&root)?;
                for folder in ["artifacts", "checkpoints", "tmp", "locks", "damaged"] {
                    let folder = root.join(folder);
                    fs::create_dir_all(&folder).map_err(|error| StoreError::io(&folder, "make", error))?;
                }
                write_whole(&format, FORMAT.as_bytes())?;
            }
            Err(error) => return Err(StoreError::io(&format, "read", error)),
        }
        Ok(Store { root })
    }

    /// The store in this folder to look into: nothing is made, and where there is no store nothing is in it.
    ///
    /// # Errors
    /// When the folder holds something else than a store of this layout.
    pub fn look(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        if root.join("format").exists() { Self::open(root) } else { Ok(Store { root }) }
    }

    /// The store's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What lies under a key, with every file's length checked but no digest: quick, for asking what is due and for reading small files
    /// (which [`Artifact::read`] checks).
    pub fn peek(&self, key: ContentKey) -> Option<Artifact> {
        let artifact = Artifact::open(self.artifact_folder(key), key).ok().flatten()?;
        artifact.check_lengths().ok()?;
        Some(artifact)
    }

    /// What lies under a key, with every digest checked. A damaged result is moved aside.
    ///
    /// # Errors
    /// When the store can't be read at all.
    pub fn get(&self, key: ContentKey) -> Result<Found, StoreError> {
        let found = self.check(key)?;
        if matches!(found, Found::Damaged(_)) {
            self.move_aside(&self.artifact_folder(key), &key.to_string())?;
        }
        Ok(found)
    }

    /// Moves a result that was found damaged while it was read out of the way: as if there were none.
    pub fn set_aside(&self, key: ContentKey) -> Result<(), StoreError> {
        self.move_aside(&self.artifact_folder(key), &key.to_string())
    }

    /// As [`Store::get`], but a damaged result stays where it is.
    ///
    /// # Errors
    /// When the store can't be read at all.
    pub fn check(&self, key: ContentKey) -> Result<Found, StoreError> {
        let damage = match Artifact::open(self.artifact_folder(key), key) {
            Ok(None) => return Ok(Found::Absent),
            Ok(Some(artifact)) => match artifact.check() {
                Ok(()) => return Ok(Found::Whole(artifact)),
                Err(damage) => damage,
            },
            Err(damage) => damage,
        };
        match damage {
            Damage { io: Some(error), path, .. } => Err(StoreError::io(&path, "read", error)),
            damage => Ok(Found::Damaged(damage)),
        }
    }

    /// Takes the lock of a key. While another process holds it, `wait` is asked again and again whether to go on waiting; `None` when it
    /// says no.
    pub fn lock(&self, key: ContentKey, wait: impl FnMut() -> bool) -> Result<Option<NodeLock>, StoreError> {
        NodeLock::take(self, key, wait)
    }

    /// The checkpoints of an unfinished stage.
    pub fn checkpoints(&self, key: ContentKey) -> Checkpoints {
        Checkpoints::of(self, key)
    }

    fn artifact_folder(&self, key: ContentKey) -> PathBuf {
        let name = key.to_string();
        self.root.join("artifacts").join(&name[..2]).join(name)
    }

    fn place(&self, area: &str, name: &str) -> PathBuf {
        self.root.join(area).join(name)
    }

    /// Moves a damaged folder out of the way, under a name of its own.
    fn move_aside(&self, folder: &Path, name: &str) -> Result<(), StoreError> {
        let area = self.root.join("damaged");
        fs::create_dir_all(&area).map_err(|error| StoreError::io(&area, "make", error))?;
        let free = (1..u32::MAX).map(|n| area.join(format!("{name}-{n}"))).find(|path| !path.exists());
        let Some(aside) = free else { return Ok(()) };
        match fs::rename(folder, &aside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(folder, "move aside", error)),
            Ok(()) | Err(_) => Ok(()), // not there: another process was quicker
        }
    }
}

/// Writes a file so that it is there whole or not at all, and on the disk.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    use std::io::Write;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |error| StoreError::io(path, "write", error);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync_folder(folder)
}

/// Makes what was renamed into a folder last.
fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| StoreError::io(folder, "write", error))
}

#[cfg(test)]
mod tests;
