//! Locks that a process holds until it ends, however it ends.

use super::{Store, StoreError};
use crate::graph::ContentKey;
use crate::regular;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a lock that another process holds is tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// The right to compute the result of one key.
#[derive(Debug)]
pub struct NodeLock {
    store: Store,
    key: ContentKey,
    _file: File, // the lock ends with it
}

impl NodeLock {
    pub(super) fn take(store: &Store, key: ContentKey, mut wait: impl FnMut() -> bool) -> Result<Option<Self>, StoreError> {
        let path = store.place("locks", &key.to_string());
        let failed = |error| StoreError::io(&path, "lock", error);
        // The file stays: removing it would let two processes lock two files of one name.
        let file = regular::to_lock(&path).map_err(failed)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(NodeLock { store: store.clone(), key, _file: file })),
                Err(TryLockError::WouldBlock) if wait() => std::thread::sleep(AGAIN),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The key.
    pub fn key(&self) -> ContentKey {
        self.key
    }
}

/// The right to write to an output folder.
#[derive(Debug)]
pub struct OutputLock {
    _file: File,
}

/// What a run itself writes into its output folder. Who writes there asks [`OutputFile::within`] where to, and no export lies at
/// one of these names or below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFile {
    /// What was run.
    Plan,
    /// Every number of every table.
    Metrics,
    /// The page to look at.
    Report,
    /// What a run holds while it writes.
    Lock,
    /// The folder of the pictures that the events name.
    Pictures,
}

impl OutputFile {
    /// All of them.
    pub const ALL: [OutputFile; 5] = [OutputFile::Plan, OutputFile::Metrics, OutputFile::Report, OutputFile::Lock, OutputFile::Pictures];

    /// Its name, in small letters.
    pub const fn name(self) -> &'static str {
        match self {
            OutputFile::Plan => "plan.yaml",
            OutputFile::Metrics => "metrics.json",
            OutputFile::Report => "report.html",
            OutputFile::Lock => ".ddl-run",
            OutputFile::Pictures => "first_batch",
        }
    }

    /// Where it lies in an output folder.
    pub fn within(self, out: &Path) -> PathBuf {
        out.join(self.name())
    }
}

impl OutputLock {
    /// Makes the folder and takes its lock.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another run holds it, without waiting.
    pub fn take(out: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(out).map_err(|error| StoreError::io(out, "make", error))?;
        let path = OutputFile::Lock.within(out);
        let failed = |error| StoreError::io(&path, "lock", error);
        let mut file = regular::to_lock(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid); // who it is helps, and is not needed
                return Err(StoreError::Busy { out: out.to_owned(), pid: pid.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
        Ok(OutputLock { _file: file })
    }
}
