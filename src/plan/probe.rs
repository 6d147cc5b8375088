//! Digests of what lies at paths on this machine. What was read once is known by its length and time of change, and not read again.

use crate::compile::Prober;
use crate::data::probe::ProbeCache;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Files shorter than this are read each time (bytes).
const SHORT: u64 = 64 << 10;

/// Files changed less than this before are not remembered: another change might bear the same time.
const SETTLED: Duration = Duration::from_secs(2);

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
    bytes: u64,
    changed: u64,
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

    fn file(&self, path: &Path, metadata: &Metadata) -> Result<String, String> {
        if metadata.len() < SHORT {
            return hash(path);
        }
        let changed = nanoseconds(metadata);
        let place = path.canonicalize().map_err(|error| error.to_string())?;
        let mut files = self.files.borrow_mut();
        let files = files.get_or_insert_with(|| self.load());
        if let Some(known) = files.get(&place).filter(|known| known.bytes == metadata.len() && known.changed == changed) {
            return Ok(known.digest.clone());
        }
        let digest = hash(path)?;
        if settled(metadata) {
            files.insert(place, Known { bytes: metadata.len(), changed, digest: digest.clone() });
            let _ = self.save(files); // the next probe reads the file again, nothing else is lost
        }
        Ok(digest)
    }

    fn place(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join("files.json"))
    }

    /// What former probes found; nothing where the file is not there or not whole.
    fn load(&self) -> BTreeMap<PathBuf, Known> {
        let read = || serde_json::from_slice(&std::fs::read(self.place()?).ok()?).ok();
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
    fn digest(&self, path: &Path) -> Result<String, String> {
        let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
        if metadata.is_file() {
            return self.file(path, &metadata);
        }
        Ok(self.folders.images(path).map_err(|error| error.to_string())?.digest())
    }
}

fn hash(path: &Path) -> Result<String, String> {
    let mut hasher = blake3::Hasher::new();
    std::fs::File::open(path).and_then(|file| hasher.update_reader(file).map(|_| ())).map_err(|error| error.to_string())?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// The time of change in nanoseconds since 1970; 0 where the system has none.
fn nanoseconds(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

fn settled(metadata: &Metadata) -> bool {
    let age = metadata.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    age.is_some_and(|age| age >= SETTLED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        std::fs::write(&path, vec![7; SHORT as usize]).unwrap();
        let old = SystemTime::now() - Duration::from_secs(60);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        let probe = || DiskProber::in_folder(folder.path().join("probes")).digest(&path).unwrap();
        let first = probe();
        // the same length and time: what is remembered is taken
        std::fs::write(&path, vec![8; SHORT as usize]).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        assert_eq!(probe(), first);
        assert_ne!(DiskProber::forgetful().digest(&path).unwrap(), first);
    }

    #[test]
    fn what_is_not_there_says_so() {
        assert!(DiskProber::forgetful().digest(Path::new("/no/such/file")).unwrap_err().contains("No such file"));
    }
}
