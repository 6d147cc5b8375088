//! What can go wrong with files, told apart by what a user can do about it.

use crate::diag::Code;
use crate::events::Failure;
use std::io;
use std::path::{Path, PathBuf};

/// An error of the store or of the output folder.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk has no room left, or this user's share of it, or a limit on the size of files is reached.
    #[error("can't write {}: there is no room for it ({why})", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The place can't be written.
    #[error("can't write {}: {why}", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// Anything else that the system refuses.
    #[error("can't {doing} {}: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was to be done.
        doing: &'static str,
        /// What the system says.
        why: String,
    },
    /// A file lies where a folder should be.
    #[error("{} can't be a folder: a file lies there, or on the way to it", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A folder that is no store of this layout.
    #[error("{} is no store of this version: it holds `{found}`", root.display())]
    Format {
        /// The folder.
        root: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// Another process writes to the output folder.
    #[error("another run{} writes to {}", pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), out.display())]
    Busy {
        /// The folder.
        out: PathBuf,
        /// The other process, where it says who it is.
        pid: Option<u32>,
    },
    /// A file of a result is not what was written.
    #[error("{damage}")]
    Damaged {
        /// What is wrong.
        damage: super::Damage,
    },
}

/// Whether the system says that there is no room: the disk is full, this user's share of it, or `ulimit -f` is reached.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

impl StoreError {
    /// The error that an error of the system is.
    #[allow(clippy::needless_pass_by_value)] // it ends here: `map_err(|error| StoreError::io(…, error))` reads best
    pub fn io(path: &Path, doing: &'static str, error: io::Error) -> Self {
        let error = crate::regular::nameless(error);
        let (path, why) = (path.to_owned(), crate::system::said(&error));
        match error.kind() {
            _ if is_full(&error) => StoreError::Full { path, why },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied if doing != "read" => StoreError::ReadOnly { path, why },
            io::ErrorKind::NotADirectory => StoreError::NoFolder { path },
            io::ErrorKind::AlreadyExists if doing == "make" => StoreError::NoFolder { path },
            _ => StoreError::Io { path, doing, why },
        }
    }

    /// Its code.
    pub fn code(&self) -> Code {
        match self {
            StoreError::Full { .. } => Code::DiskFull,
            StoreError::ReadOnly { .. } => Code::ReadOnly,
            StoreError::Io { .. } | StoreError::NoFolder { .. } => Code::Io,
            StoreError::Format { .. } => Code::StoreFormat,
            StoreError::Busy { .. } => Code::OutputBusy,
            StoreError::Damaged { .. } => Code::DamagedArtifact,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::from(&error)
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Failure {
        let help = match error {
            StoreError::Full { .. } => "make room and run the same command again: what is done is kept. `--store DIR` takes another disk",
            StoreError::ReadOnly { .. } => "choose folders that can be written: `--store DIR`, `--out DIR`",
            StoreError::Io { .. } | StoreError::NoFolder { .. } => "`--store DIR` and `--out DIR` take other folders",
            StoreError::Format { .. } => "take another folder: `--store DIR`",
            StoreError::Busy { .. } => "wait for it, or give this run a folder of its own: `--out DIR`",
            StoreError::Damaged { .. } => "run the same command again: it is computed anew",
        };
        Failure::new(error.code(), error.to_string()).help(help)
    }
}
