//! Who needs what of a store: each run notes the recipe and the keys of its plan, and holds the note while it goes on.

use super::{Store, StoreError, write_whole};
use crate::graph::ContentKey;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// A recipe's need of a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// The recipe's file.
    pub recipe: PathBuf,
    /// Where locks of it were written or read.
    pub locks: Vec<PathBuf>,
    /// The plan's digest.
    pub plan: String,
    /// When, in UTC.
    pub at: String,
    /// The keys of the plan's results.
    pub keys: Vec<ContentKey>,
}

/// A note of a need; while it is held, nothing that it names is cleared away.
#[derive(Debug)]
pub struct HeldUse {
    _file: File, // the hold ends with it
}

/// A note as it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundUse {
    /// The need.
    pub what: Use,
    /// Whether a run that noted it goes on.
    pub held: bool,
    /// The note.
    pub file: PathBuf,
}

/// The right to clear a store: no run begins meanwhile.
#[derive(Debug)]
pub struct Gate {
    _file: File, // the right ends with it
}

const AREA: &str = "uses";
/// The file that runs hold together while they note their need, and a cleaning alone.
const GATE: &str = "gate";

impl Store {
    /// Notes what a recipe needs.
    ///
    /// # Errors
    /// When the note can't be written.
    pub fn note_use(&self, what: &Use) -> Result<HeldUse, StoreError> {
        let gate = self.gate_file()?;
        gate.lock_shared().map_err(|error| StoreError::io(&self.place(AREA, GATE), "lock", error))?;
        let recipe = blake3::hash(what.recipe.as_os_str().as_encoded_bytes()).to_hex();
        let path = self.place(AREA, &format!("{}-{}.json", &recipe[..16], what.plan));
        let bytes = serde_json::to_vec(what).map_err(|error| StoreError::io(&path, "write", std::io::Error::other(error)))?;
        write_whole(&path, &bytes)?;
        let file = File::open(&path).map_err(|error| StoreError::io(&path, "lock", error))?;
        file.lock_shared().map_err(|error| StoreError::io(&path, "lock", error))?;
        Ok(HeldUse { _file: file })
    }

    /// Waits until no run is just beginning, and keeps runs from beginning.
    pub(super) fn gate(&self) -> Result<Gate, StoreError> {
        let file = self.gate_file()?;
        file.lock().map_err(|error| StoreError::io(&self.place(AREA, GATE), "lock", error))?;
        Ok(Gate { _file: file })
    }

    fn gate_file(&self) -> Result<File, StoreError> {
        let area = self.root.join(AREA);
        fs::create_dir_all(&area).map_err(|error| StoreError::io(&area, "make", error))?;
        let path = area.join(GATE);
        File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| StoreError::io(&path, "lock", error))
    }

    /// Every note, the newest first; what can't be read is none.
    pub fn uses(&self) -> Result<Vec<FoundUse>, StoreError> {
        let mut found = Vec::new();
        for path in entries(&self.root.join(AREA))? {
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let Ok(file) = File::open(&path) else { continue }; // another cleaning took it away
            let held = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            let read = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            found.extend(read.map(|what| FoundUse { what, held, file: path }));
        }
        found.sort_by(|a, b| (&b.what.at, &a.file).cmp(&(&a.what.at, &b.file)));
        Ok(found)
    }
}

/// What lies in a folder, sorted; nothing where there is none.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io(folder, "read", error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        found.push(entry.map_err(|error| StoreError::io(folder, "read", error))?.path());
    }
    found.sort();
    Ok(found)
}
