//! Who needs what of a store: each run notes the recipe and the keys of its plan, and holds the note while it goes on.

use super::{Store, StoreError, write_whole};
use crate::graph::ContentKey;
use crate::regular::{self, Whole};
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
    /// When, in UTC: for people, since clocks are set back.
    pub at: String,
    /// The place among all that was noted, which the store gives: the greater, the later.
    #[serde(default)]
    pub turn: u64,
    /// The keys of the plan's results.
    pub keys: Vec<ContentKey>,
}

impl Use {
    /// What tells earlier from later; equal where neither is known to be the later one.
    pub fn order(&self) -> (u64, &str) {
        (self.turn, &self.at)
    }
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

/// The right to note a need or to clear a store: no other run begins meanwhile.
#[derive(Debug)]
pub struct Gate {
    _file: File, // the right ends with it
}

const AREA: &str = "uses";
/// The file that a run holds while it notes its need, and a cleaning as long as it goes on.
const GATE: &str = "gate";

impl Store {
    /// Notes what a recipe needs.
    ///
    /// # Errors
    /// When the note can't be written.
    pub fn note_use(&self, what: &Use) -> Result<HeldUse, StoreError> {
        let _gate = self.gate()?; // alone: no two have one turn
        let turn = self.notes()?.into_iter().map(|(_, note)| note.turn).max().unwrap_or(0).saturating_add(1);
        let what = Use { turn, ..what.clone() };
        let recipe = blake3::hash(what.recipe.as_os_str().as_encoded_bytes()).to_hex();
        let path = self.place(AREA, &format!("{}-{}.json", &recipe[..16], what.plan));
        let bytes = serde_json::to_vec(&what).map_err(|error| StoreError::io(&path, "write", std::io::Error::other(error)))?;
        write_whole(&path, &bytes)?;
        let file = regular::open(&path).map_err(|error| StoreError::io(&path, "lock", error))?;
        file.lock_shared().map_err(|error| StoreError::io(&path, "lock", error))?;
        Ok(HeldUse { _file: file })
    }

    /// Waits until nobody notes or clears, and keeps others from it.
    pub(super) fn gate(&self) -> Result<Gate, StoreError> {
        let area = self.root.join(AREA);
        fs::create_dir_all(&area).map_err(|error| StoreError::io(&area, "make", error))?;
        let path = area.join(GATE);
        let file = regular::to_lock(&path).and_then(|file| file.lock().map(|()| file));
        Ok(Gate { _file: file.map_err(|error| StoreError::io(&path, "lock", error))? })
    }

    /// Every note that can be read, with its file.
    fn notes(&self) -> Result<Vec<(PathBuf, Use)>, StoreError> {
        let mut files = entries(&self.root.join(AREA))?;
        files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
        let read = |path: PathBuf| {
            let note = serde_json::from_slice(&regular::read(&path, Whole::Own).ok()?).ok()?; // another cleaning took it away
            Some((path, note))
        };
        Ok(files.into_iter().filter_map(read).collect())
    }

    /// Every note, the newest first; what can't be read is none.
    pub fn uses(&self) -> Result<Vec<FoundUse>, StoreError> {
        let mut found = Vec::new();
        for (path, what) in self.notes()? {
            let Ok(file) = regular::open(&path) else { continue }; // another cleaning took it away
            let held = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            found.push(FoundUse { what, held, file: path });
        }
        found.sort_by(|a, b| (b.what.order(), &a.file).cmp(&(a.what.order(), &b.file)));
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
