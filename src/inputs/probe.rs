//! Digests of what lies at paths on this machine. What was read once is known by its stamp, and not read again.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

use crate::data::probe::ProbeCache;
use crate::data::readers::begins_as_text;
use crate::data::readers::packed::is_pack;
use crate::data::readers::splits::{self, is_splits};
use crate::data::{At, DataError, Lies, Look, Prober};
use crate::regular::{self, Stamp, Whole};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files shorter than this are read each time (bytes).
const SHORT: u64 = 64 << 10;

/// Looks at files and folders of images.
#[derive(Debug)]
pub struct DiskProber {
    folder: Option<PathBuf>,
    folders: ProbeCache,
    files: RefCell<Option<BTreeMap<PathBuf, Known>>>,
}

/// What is known of a file that was read before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    digest: String,
}

impl DiskProber {
    /// A prober that keeps what it learns in `folder` (made when first needed).
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        DiskProber::sharing(ProbeCache::in_folder(&folder), folder)
    }

    /// The same with what `folders` knows of folders of images, and what it learns here.
    pub fn sharing(folders: ProbeCache, folder: impl Into<PathBuf>) -> Self {
        DiskProber { folders, folder: Some(folder.into()), files: RefCell::new(None) }
    }

    /// A prober that remembers nothing.
    pub fn forgetful() -> Self {
        DiskProber { folder: None, folders: ProbeCache::none(), files: RefCell::new(None) }
    }

    fn file(&self, path: &Path, stamp: Stamp) -> std::io::Result<String> {
        if stamp.bytes < SHORT {
            return hash(path);
        }
        let now = SystemTime::now();
        let place = path.canonicalize()?;
        let mut files = self.files.borrow_mut();
        let files = files.get_or_insert_with(|| self.load());
        if let Some(known) = files.get(&place).filter(|known| known.stamp == stamp) {
            return Ok(known.digest.clone());
        }
        let digest = hash(path)?;
        if stamp.settled(now) {
            files.insert(place, Known { stamp, digest: digest.clone() });
            let _ = self.save(files); // the next probe reads the file again, nothing else is lost
        }
        Ok(digest)
    }

    fn place(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join("files.json"))
    }

    /// What former probes found; nothing where the file is not there or not whole.
    fn load(&self) -> BTreeMap<PathBuf, Known> {
        let read = || serde_json::from_slice(&crate::regular::read(&self.place()?, Whole::Own).ok()?).ok();
        read().unwrap_or_default()
    }

    fn save(&self, files: &BTreeMap<PathBuf, Known>) -> std::io::Result<()> {
        let Some(place) = self.place() else { return Ok(()) };
        let folder = place.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(&serde_json::to_vec(files)?)?;
        temporary.persist(place)?;
        Ok(())
    }
}

impl Prober for DiskProber {
    fn digest(&self, path: &Path, lies: Lies) -> Result<String, DataError> {
        let unreadable = |error: std::io::Error| DataError::Unreadable { path: path.to_owned(), why: error.to_string() };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        match lies {
            Lies::Folder => regular::is_folder(&metadata).map_err(unreadable)?,
            Lies::Text => begins_as_text(path)?,
            Lies::Pairs if is_splits(path) => return splits::digest(path),
            Lies::Pairs if is_pack(path) => {}
            Lies::Pairs => begins_as_text(path)?,
            Lies::Anything => {}
        }
        if metadata.is_dir() {
            return Ok(self.folders.images(path)?.digest().to_owned());
        }
        regular::is_regular(&metadata).and_then(|()| self.file(path, Stamp::of(&metadata))).map_err(unreadable)
    }

    fn known(&self, path: &Path, known: fn(&Path) -> Result<&'static str, DataError>) -> Result<Option<&'static str>, DataError> {
        known(path).map(Some)
    }

    fn images(&self, at: At<'_>, look: Look) -> Result<String, DataError> {
        Ok((look.probe)(at, &self.folders)?.digest().to_owned())
    }
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(crate::regular::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_known_by_all_that_the_system_says_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        let write = |value: u8| {
            std::fs::write(&path, vec![value; SHORT as usize]).unwrap();
            let old = SystemTime::UNIX_EPOCH;
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        };
        let prober = || DiskProber::in_folder(folder.path().join("probes"));
        let remember = |digest: &str| {
            let stamp = Stamp::of(&std::fs::metadata(&path).unwrap());
            let known = Known { stamp, digest: digest.to_owned() };
            prober().save(&[(path.canonicalize().unwrap(), known)].into()).unwrap();
        };
        write(7);
        remember("what it was");
        assert_eq!(prober().digest(&path, Lies::Anything).unwrap(), "what it was", "it is not read again");
        // the same length and time of change, and other bytes
        write(8);
        assert_eq!(prober().digest(&path, Lies::Anything).unwrap(), DiskProber::forgetful().digest(&path, Lies::Anything).unwrap());
        #[cfg(unix)]
        {
            remember("what it was");
            let other = folder.path().join("other");
            std::fs::rename(&path, &other).unwrap();
            std::os::unix::fs::symlink(&other, &path).unwrap();
            assert_eq!(prober().digest(&path, Lies::Anything).unwrap(), DiskProber::forgetful().digest(&path, Lies::Anything).unwrap());
        }
    }

    #[test]
    fn what_is_something_else_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let sparse = |name: &str, bytes: u64| std::fs::File::create(at(name)).unwrap().set_len(bytes).unwrap();
        sparse("huge.csv", 1 << 42);
        sparse("zeros.csv", 1 << 32);
        std::fs::write(at("sheet.csv"), b"PK\x03\x04").unwrap();
        std::fs::write(at("good.csv"), "a,b\n").unwrap();
        let said = |name: &str, lies| match DiskProber::forgetful().digest(&at(name), lies) {
            Ok(_) => "read".to_owned(),
            Err(error) => error.to_string().replace(&folder.path().display().to_string(), "."),
        };
        assert_eq!(said("huge.csv", Lies::Text), "cannot read ./huge.csv: it has 4398046511104 bytes; a list has at most 8589934592");
        assert_eq!(said("zeros.csv", Lies::Text), "./zeros.csv:1: a zero byte: this is no text");
        assert_eq!(said("sheet.csv", Lies::Text), "./sheet.csv: it is a zip archive, as spreadsheets are; save it as text");
        assert_eq!(said("good.csv", Lies::Text), "read");
        assert_eq!(said("", Lies::Text), "cannot read ./: it is a folder, not a regular file");
        assert_eq!(said("huge.csv", Lies::Folder), "cannot read ./huge.csv: it is a file, not a folder");
    }

    #[test]
    fn what_is_not_there_says_so() {
        assert!(
            DiskProber::forgetful()
                .digest(Path::new("/no/such/file"), Lies::Anything)
                .unwrap_err()
                .to_string()
                .contains("there is no such file or folder")
        );
        assert_eq!(
            DiskProber::forgetful().digest(Path::new("/dev/zero"), Lies::Anything).unwrap_err().to_string(),
            "cannot read /dev/zero: it is a device, not a regular file"
        );
    }
}
