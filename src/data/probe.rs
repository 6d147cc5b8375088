//! What a folder holds: every file's length, time of change, digest and image size, and one digest of all. An unchanged folder is not
//! read again: a [`ProbeCache`] knows each file by (length, time of change).

use super::readers::images_below;
use super::{DataError, decode};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is known of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its path relative to the root, `/`-separated.
    pub path: Arc<str>,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was changed, in nanoseconds since 1970.
    pub changed: i64,
    /// The blake3 digest of its bytes, in hexadecimal digits.
    pub digest: Arc<str>,
    /// Image width in pixels, from the header; `None` if it is no readable image.
    pub width: Option<u32>,
    /// Image height in pixels.
    pub height: Option<u32>,
}

impl FileFacts {
    /// Width and height in pixels, where known.
    pub fn size(&self) -> Option<(u32, u32)> {
        self.width.zip(self.height)
    }
}

/// The answer of a probe: files in byte order of their paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// The files.
    pub files: Vec<FileFacts>,
    /// How many files were passed over because they are no images by their names.
    pub ignored: usize,
    /// The digest of a list that says which files and attributes, if there is one.
    pub list: Option<String>,
}

impl Probe {
    /// One digest of all paths and contents, and of the list: equal when nothing that matters changed, wherever the root lies.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let lines = self.files.iter().flat_map(|file| [file.path.as_ref(), file.digest.as_ref()]);
        for part in ["ddl probe 1", self.list.as_deref().unwrap_or_default()].into_iter().chain(lines) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Files changed less than this before they were probed are not remembered: another change might bear the same time.
const SETTLED: Duration = Duration::from_secs(2);

/// What former probes found, by root folder. Saved as one csv per root in a folder of its own. Clones share what they learn.
#[derive(Debug, Clone)]
pub struct ProbeCache {
    folder: Option<PathBuf>,
    seen: Arc<Mutex<BTreeMap<PathBuf, Probe>>>,
}

impl ProbeCache {
    /// A cache that keeps its files in `folder` (made when first needed).
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        ProbeCache { folder: Some(folder.into()), seen: Arc::default() }
    }

    /// No cache: every file is read.
    pub fn none() -> Self {
        ProbeCache { folder: None, seen: Arc::default() }
    }

    /// All images below a folder with their facts. A cache and its clones look at a folder once: a command that learned something of it
    /// holds to that until its end.
    pub fn images(&self, root: &Path) -> Result<Probe, DataError> {
        if let Some(known) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(root) {
            return Ok(known.clone());
        }
        let (files, ignored) = images_below(root)?;
        let probe = Probe { files: self.probe(root, &files)?, ignored, list: None };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(root.to_owned(), probe.clone());
        Ok(probe)
    }

    /// The facts of these files (relative to `root`, in the order given), in parallel. Files whose length and time of change are those
    /// of the last probe of this root are not opened. A cache that can't be read or written is no error: the files are then read.
    pub fn probe(&self, root: &Path, files: &[Arc<str>]) -> Result<Vec<FileFacts>, DataError> {
        let known = self.load(root);
        let now = SystemTime::now();
        let facts: Vec<FileFacts> = files.par_iter().map(|file| facts(root, file, known.get(file))).collect::<Result<_, _>>()?;
        let fresh = facts.iter().any(|file| known.get(&file.path) != Some(file));
        if fresh || facts.len() != known.len() {
            let _ = self.save(root, &facts, now); // the next probe reads the files again, nothing else is lost
        }
        Ok(facts)
    }

    /// The digest of one file, read each time (lists and pair files are small).
    pub fn digest(path: &Path) -> Result<String, DataError> {
        Ok(blake3::hash(&decode::read(path)?).to_hex().to_string())
    }

    /// Where the facts of a root are kept.
    fn place(&self, root: &Path) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let root = root.canonicalize().ok()?;
        let name = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
        Some(folder.join(format!("{}.csv", &name[..32])))
    }

    fn load(&self, root: &Path) -> BTreeMap<Arc<str>, FileFacts> {
        let read = || -> Option<BTreeMap<Arc<str>, FileFacts>> {
            let bytes = std::fs::read(self.place(root)?).ok()?;
            let (sum, rows) = bytes.split_at_checked(65)?;
            if sum[..64] != *blake3::hash(rows).to_hex().as_bytes() {
                return None; // damaged: as if it were not there
            }
            csv::Reader::from_reader(rows).deserialize().map(|row| row.ok().map(|file: FileFacts| (file.path.clone(), file))).collect()
        };
        read().unwrap_or_default()
    }

    /// Writes the facts of settled files to a temporary file, which then takes the place of the old one.
    fn save(&self, root: &Path, facts: &[FileFacts], now: SystemTime) -> Result<(), std::io::Error> {
        let Some(place) = self.place(root) else { return Ok(()) };
        let folder = place.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let settled = nanoseconds(now.checked_sub(SETTLED).unwrap_or(UNIX_EPOCH));
        let mut rows = csv::Writer::from_writer(Vec::new());
        for file in facts.iter().filter(|file| file.changed < settled) {
            rows.serialize(file)?;
        }
        let rows = rows.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(temporary, "{}", blake3::hash(&rows).to_hex())?;
        temporary.write_all(&rows)?;
        temporary.persist(place)?;
        Ok(())
    }
}

/// The facts of one file; those known if nothing shows that it changed.
fn facts(root: &Path, file: &Arc<str>, known: Option<&FileFacts>) -> Result<FileFacts, DataError> {
    let path = root.join(file.as_ref());
    let unreadable = |error: std::io::Error| DataError::Unreadable { path: path.clone(), why: error.to_string() };
    let metadata = std::fs::metadata(&path).map_err(unreadable)?;
    let changed = changed(&metadata);
    if let Some(known) = known.filter(|known| known.bytes == metadata.len() && known.changed == changed) {
        return Ok(known.clone());
    }
    if !metadata.is_file() {
        return Err(DataError::Unreadable { path, why: "not a file".to_owned() });
    }
    let bytes = decode::read(&path)?;
    let (width, height) = decode::dimensions(&bytes).unzip();
    let digest = Arc::from(blake3::hash(&bytes).to_hex().as_str());
    Ok(FileFacts { path: file.clone(), bytes: bytes.len() as u64, changed, digest, width, height })
}

fn changed(metadata: &Metadata) -> i64 {
    metadata.modified().map_or(i64::MAX, nanoseconds) // a system without times of change remembers nothing
}

fn nanoseconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
