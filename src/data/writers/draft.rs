//! What is written half: a folder beside its place, of which all is moved there when it is whole.

use super::{WriteError, at};
use ddl_base::regular;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

/// Files and folders that are not there yet.
#[derive(Debug)]
pub struct Draft {
    folder: TempDir,
    /// The folder that they go to.
    home: PathBuf,
    names: Mutex<BTreeSet<String>>,
}

impl Draft {
    /// What goes to a path and beside it. The folder that it lies in is made.
    ///
    /// # Errors
    /// What can't be made.
    pub fn beside(to: &Path) -> Result<Self, WriteError> {
        let home = to.parent().unwrap_or(Path::new("")).to_owned();
        let here = if home.as_os_str().is_empty() { Path::new(".") } else { &home };
        std::fs::create_dir_all(here).map_err(at(here))?;
        let folder = tempfile::Builder::new().prefix(".ddl-").tempdir_in(here).map_err(regular::nameless).map_err(at(here))?;
        Ok(Draft { folder, home, names: Mutex::default() })
    }

    /// Where something of this name is written; nothing of the name may be there.
    ///
    /// # Errors
    /// [`WriteError::There`].
    pub fn place(&self, name: &Path) -> Result<PathBuf, WriteError> {
        let name = name
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| WriteError::Misfit(format!("{} is no name for what is written", name.display())))?;
        let there = self.home.join(name);
        if std::fs::symlink_metadata(&there).is_ok() {
            return Err(WriteError::There(there));
        }
        self.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name.to_owned());
        Ok(self.folder.path().join(name))
    }

    /// A file of this name.
    ///
    /// # Errors
    /// As [`Draft::place`]; what the system says.
    pub fn file(&self, name: &Path) -> Result<(PathBuf, BufWriter<File>), WriteError> {
        let place = self.place(name)?;
        let file = File::create_new(&place).map_err(at(&self.home.join(name)))?;
        Ok((self.shown(&place), BufWriter::with_capacity(1 << 20, file)))
    }

    /// Where something that is written will be.
    pub fn shown(&self, place: &Path) -> PathBuf {
        place.strip_prefix(self.folder.path()).map_or_else(|_| place.to_owned(), |name| self.home.join(name))
    }

    /// Moves all of it to where it goes, or nothing.
    ///
    /// # Errors
    /// [`WriteError::There`], if something has come there meanwhile; what the system says.
    pub fn publish(self) -> Result<Vec<PathBuf>, WriteError> {
        let names = std::mem::take(&mut *self.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let mut done: Vec<PathBuf> = Vec::new();
        for name in &names {
            let (from, to) = (self.folder.path().join(name), self.home.join(name));
            if let Err(error) = moved(&from, &to) {
                // what was moved goes with the draft
                for back in &done {
                    let _ = std::fs::rename(back, self.folder.path().join(back.file_name().unwrap_or_default()));
                }
                return Err(if error.kind() == io::ErrorKind::AlreadyExists { WriteError::There(to) } else { at(&to)(error) });
            }
            done.push(to);
        }
        Ok(done)
    }
}

/// Moves a file or folder to where nothing is.
fn moved(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        if std::fs::symlink_metadata(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        return std::fs::rename(from, to);
    }
    File::open(from)?.sync_all()?;
    tempfile::TempPath::try_from_path(from)?.persist_noclobber(to).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn all_of_it_is_moved_or_nothing_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let listed = || {
            let mut all: Vec<String> =
                std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
            all.sort();
            all
        };
        let draft = |names: [&str; 2]| {
            let draft = Draft::beside(&folder.path().join("x")).unwrap();
            for name in names {
                draft.file(Path::new(name)).unwrap().1.write_all(name.as_bytes()).unwrap();
            }
            draft
        };
        let kept = draft(["a", "b"]);
        assert_eq!(listed().len(), 1, "only the draft is there");
        assert_eq!(kept.publish().unwrap(), [folder.path().join("a"), folder.path().join("b")]);
        assert_eq!(listed(), ["a", "b"]);
        drop(draft(["c", "d"]));
        let late = draft(["c", "d"]);
        std::fs::write(folder.path().join("d"), "somebody's").unwrap();
        assert!(matches!(late.publish(), Err(WriteError::There(path)) if path.ends_with("d")));
        assert_eq!(listed(), ["a", "b", "d"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("d")).unwrap(), "somebody's");
        let draft = Draft::beside(&folder.path().join("a")).unwrap();
        assert!(matches!(draft.file(Path::new("a")), Err(WriteError::There(_))));
    }
}
