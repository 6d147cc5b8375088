//! What a folder holds: every image's length, digest and size, and one digest of all. An unchanged file is not read again: a
//! [`ProbeCache`] knows it by everything that the system says of it without reading ([`Stamp`]).
//!
//! ```text
//! walk    which images lie below a folder, and what was left out
//! saved   what was found, on the disk until the next time
//! sound   which images were decoded well before, by their digests
//! ```

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows, sides and lengths that were held against their limits")]

mod saved;
mod sound;
mod walk;

pub use sound::{Sound, Verdict};
pub use walk::{LEFT_BEHIND, LeftOut};

use super::{At, DataError, decode};
use ddl_base::meter;
use ddl_base::pinned::Pinned;
use ddl_base::regular::{self, Stamp, Whole};
use rayon::prelude::*;
use saved::Saved;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

/// A blake3 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(*blake3::hash(bytes).as_bytes())
    }

    /// The first half: enough to tell files apart.
    fn half(self) -> [u8; 16] {
        std::array::from_fn(|at| self.0[at])
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Self {
        Digest(*hash.as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is known of one image: a file, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFacts {
    /// Its path relative to the root, `/`-separated.
    pub path: Arc<str>,
    /// Where it begins in the file that it lies in: 0 in a file of its own.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Image width and height in pixels, from the header; `None` if it is no readable image.
    pub size: Option<(u32, u32)>,
    /// What its file says of it beside its bytes, where it says anything; equal ones share their text. See [`told`](super::told).
    pub told: Option<Arc<str>>,
}

/// The answer of a probe: images in byte order of their paths, a list's in its own order.
#[derive(Debug, Default)]
pub struct Probe {
    /// The files.
    pub files: Vec<FileFacts>,
    /// What else lies there.
    pub left_out: LeftOut,
    /// The digest of a list that says which files and attributes, if there is one.
    pub list: Option<String>,
    /// The places of the files in byte order of their paths, where they are in another.
    sorted: Option<Vec<u32>>,
    digest: OnceLock<String>,
}

impl Probe {
    fn new(files: Vec<FileFacts>, left_out: LeftOut, list: Option<String>) -> Self {
        let sorted = if files.is_sorted_by(|a, b| a.path <= b.path) { None } else { Some(order(&files, |file| &file.path)) };
        Probe { files, left_out, list, sorted, digest: OnceLock::new() }
    }

    /// Images that nobody looked at.
    #[cfg(test)]
    pub(super) fn of(files: Vec<FileFacts>) -> Self {
        Probe::new(files, LeftOut::default(), None)
    }

    /// One digest of all paths and contents, and of the list: equal when nothing that matters changed, wherever the root lies.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let mut hasher = blake3::Hasher::new();
            let mut put = |part: &str| {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            };
            put("ddl probe 1");
            put(self.list.as_deref().unwrap_or_default());
            for file in &self.files {
                put(&file.path);
                put(&blake3::Hash::from(file.digest.0).to_hex());
                if let Some(told) = &file.told {
                    put(&format!("\0{told}")); // which no path has
                }
            }
            hasher.finalize().to_hex().to_string()
        })
    }

    /// What is known of a file of this path.
    pub fn file(&self, path: &str) -> Option<&FileFacts> {
        let found = match &self.sorted {
            None => self.files.binary_search_by(|file| (*file.path).cmp(path)).ok()?,
            Some(order) => order[order.binary_search_by(|at| (*self.files[*at as usize].path).cmp(path)).ok()?] as usize,
        };
        self.files.get(found)
    }
}

/// The places of these items in byte order of their paths.
fn order<T: Sync>(items: &[T], path: impl Fn(&T) -> &Arc<str> + Sync) -> Vec<u32> {
    let mut order: Vec<u32> = (0..items.len() as u32).collect();
    order.par_sort_unstable_by(|a, b| path(&items[*a as usize]).cmp(path(&items[*b as usize])));
    order
}

/// What lay at a path when a plan was made of it: what the plan's keys stand for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// A file, a folder of images, or a list of images.
    pub path: PathBuf,
    /// Of a list, the folder that its paths are relative to; of a list of pairs, itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// The digest: of a folder and of a list, of all their images too.
    pub digest: String,
}

impl Content {
    /// The same with paths that begin at the root of the file system.
    #[must_use]
    pub fn absolute(&self) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let path = absolute(&self.path);
        let root = self.root.as_ref().map(|root| if *root == beside(&self.path) { beside(&path) } else { absolute(root) });
        Content { path, root, digest: self.digest.clone() }
    }
}

/// Images that are probed together: all below a root, those of them that a list names, or all that a file holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Set {
    /// The folder, or the file.
    root: PathBuf,
    of: Of,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Folder,
    List(PathBuf),
    /// One file, or several under one name, and the folder that it names others in.
    File(Option<PathBuf>),
}

impl Set {
    fn list(&self) -> Option<&PathBuf> {
        if let Of::List(list) = &self.of { Some(list) } else { None }
    }

    /// The file in which an image lies.
    fn file(&self, path: &str) -> PathBuf {
        if let Of::File(_) = self.of { self.root.clone() } else { self.root.join(path) }
    }
}

/// What is known of data on the disk: what former probes found, and what a plan was made from. One file per root or list in a folder of its
/// own. Clones share what they learn.
#[derive(Debug, Clone)]
pub struct ProbeCache {
    folder: Option<PathBuf>,
    seen: Arc<RwLock<BTreeMap<Set, Arc<Probe>>>>,
    expected: Arc<BTreeMap<(PathBuf, Option<PathBuf>), String>>,
    read: Arc<AtomicU64>,
    /// How far the clock is thought to be ahead: tests don't wait for files to settle.
    ahead: Duration,
}

impl ProbeCache {
    /// A cache that keeps its files in `folder` (made when first needed).
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        ProbeCache { folder: Some(folder.into()), ..ProbeCache::none() }
    }

    /// No cache: every file is read.
    pub fn none() -> Self {
        ProbeCache { folder: None, seen: Arc::default(), expected: Arc::default(), read: Arc::default(), ahead: Duration::ZERO }
    }

    /// How many files it and its clones have read.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The same, where a plan was made from these contents: whatever differs from them is an error ([`DataError::Changed`]).
    #[must_use]
    pub fn expecting(&self, contents: &[Content]) -> Self {
        let known = contents.iter().map(|it| ((it.path.clone(), it.root.clone()), it.digest.clone()));
        ProbeCache { expected: Arc::new(known.collect()), ..self.clone() }
    }

    /// Whether a plan was made from a file: it could be read, then.
    pub(crate) fn expects(&self, file: &Path) -> bool {
        self.expected_of(file).is_some()
    }

    /// Whether a plan was made from what has this digest, where one was made from what lies there.
    ///
    /// # Errors
    /// [`DataError::Changed`].
    pub fn is_as_planned(&self, path: &Path, digest: &str) -> Result<(), DataError> {
        match self.expected_of(path) {
            Some(expected) if expected != digest => Err(DataError::Changed { path: path.to_owned() }),
            Some(_) | None => Ok(()),
        }
    }

    /// Opens a file that is read in pieces. Where a plan was made from it, it gives the bytes that the plan was made from, or none.
    ///
    /// # Errors
    /// [`DataError::Changed`]; a file that can't be read.
    pub fn open(&self, file: &Path) -> Result<Pinned, DataError> {
        let unreadable = |error: std::io::Error| DataError::Unreadable { path: file.to_owned(), why: error.to_string() };
        let Some(expected) = self.expected_of(file) else { return Pinned::open(file).map_err(unreadable) };
        let (open, digest) = Pinned::hashed(file).map_err(unreadable)?;
        if digest == *expected { Ok(open) } else { Err(DataError::Changed { path: file.to_owned() }) }
    }

    /// All bytes of a file; where a plan was made from it, those that it was made from.
    ///
    /// # Errors
    /// As [`ProbeCache::open`].
    pub fn bytes(&self, file: &Path) -> Result<Vec<u8>, DataError> {
        let bytes = regular::read(file, Whole::List);
        let bytes = bytes.map_err(|error| DataError::Unreadable { path: file.to_owned(), why: error.to_string() })?;
        match self.expected_of(file) {
            Some(expected) if *expected != Digest::of(&bytes).to_string() => Err(DataError::Changed { path: file.to_owned() }),
            Some(_) | None => Ok(bytes),
        }
    }

    /// What a list says, if it can be read: one that a plan was made from could be, then.
    pub(super) fn as_listed<T>(&self, list: &Path, root: &Path, read: Result<T, DataError>) -> Result<T, DataError> {
        let planned = self.expected(&Set { root: root.to_owned(), of: Of::List(list.to_owned()) }).is_some();
        read.map_err(|error| if planned { DataError::Changed { path: list.to_owned() } } else { error })
    }

    /// All images below a folder with their facts. A cache and its clones look at a folder once: a command that learned something of it
    /// holds to that until its end.
    ///
    /// # Errors
    /// What can't be read; a link that leads back; an image that is no regular file; another content than a plan was made from.
    pub fn images(&self, root: &Path) -> Result<Arc<Probe>, DataError> {
        let set = Set { root: root.to_owned(), of: Of::Folder };
        self.once(&set, |known| {
            if let Some(probe) = self.expected(&set).and_then(|expected| known.probe(expected)) {
                return Ok(probe); // what changed since shows when it is read
            }
            let (found, left_out) = walk::below(root)?;
            Ok(Probe::new(self.facts(&set, found, known)?, left_out, None))
        })
    }

    /// The images that a list names, in its order, with their facts. `digest` is the list's own, and its paths are relative to `root`.
    ///
    /// # Errors
    /// As [`ProbeCache::images`].
    pub fn listed(&self, list: &Path, root: &Path, digest: &str, paths: &[Arc<str>]) -> Result<Arc<Probe>, DataError> {
        let set = Set { root: root.to_owned(), of: Of::List(list.to_owned()) };
        self.once(&set, |known| {
            let stamped = paths.par_iter().map(|path| Ok((Arc::clone(path), stamp(&set.root.join(path.as_ref()))?)));
            let stamped = stamped.collect::<Result<Vec<_>, DataError>>()?;
            let order = order(&stamped, |(path, _)| path);
            let facts = self.facts(&set, order.iter().map(|at| stamped[*at as usize].clone()).collect(), known)?;
            let mut files: Vec<Option<FileFacts>> = vec![None; facts.len()];
            for (at, file) in order.iter().zip(facts) {
                files[*at as usize] = Some(file);
            }
            Ok(Probe::new(files.into_iter().flatten().collect(), LeftOut::default(), Some(digest.to_owned())))
        })
    }

    /// The images that one file holds, or several under one name, with their facts. `files` are all that are looked at, those that only say
    /// more of the images too; `look` finds the images, unless nothing of all that has changed since they were found.
    ///
    /// # Errors
    /// As [`ProbeCache::images`]; what `look` says.
    pub fn inside(
        &self,
        at: At<'_>,
        files: &[PathBuf],
        look: impl FnOnce() -> Result<Vec<FileFacts>, DataError>,
    ) -> Result<Arc<Probe>, DataError> {
        let set = Set { root: at.path.to_owned(), of: Of::File(at.below.map(Path::to_owned)) };
        self.once(&set, |known| Ok(Probe { left_out: walk::beside(at.path, files)?, ..self.held(&set, files, known, look)? }))
    }

    /// The images of files, unless they are known.
    fn held(
        &self,
        set: &Set,
        files: &[PathBuf],
        known: &Saved,
        look: impl FnOnce() -> Result<Vec<FileFacts>, DataError>,
    ) -> Result<Probe, DataError> {
        let expected = self.expected(set);
        if let Some(probe) = expected.and_then(|expected| known.probe(expected)) {
            return Ok(probe); // what changed since shows when it is read
        }
        let stamp = stamp_of_all(files)?;
        if known.len() > 0 && known.records().all(|record| record.stamp == stamp) {
            return Ok(known.all());
        }
        self.read.fetch_add(1, Ordering::Relaxed);
        // what could be read when the plan was made is something else where it can't
        let found = look().map_err(|error| if expected.is_some() { DataError::Changed { path: set.root.clone() } } else { error });
        let mut files = found?;
        files.par_sort_unstable_by(|a, b| a.path.cmp(&b.path));
        if let Some(place) = self.place(set) {
            let now = SystemTime::now() + self.ahead;
            let _ = saved::save(&place, files.iter().map(|file| (file, &stamp)), now); // or the next probe reads the file again
        }
        Ok(Probe::new(files, LeftOut::default(), None))
    }

    /// Which images were decoded well before.
    pub fn sound(&self) -> Sound {
        Sound::load(self.folder.as_deref())
    }

    /// What `look` finds, unless it is known; it is told what was saved.
    fn once(&self, set: &Set, look: impl FnOnce(&Saved) -> Result<Probe, DataError>) -> Result<Arc<Probe>, DataError> {
        let known = self.seen.read().unwrap_or_else(PoisonError::into_inner).get(set).cloned();
        if let Some(known) = known {
            return if self.fits(set, &known) { Ok(known) } else { Err(changed(set, &Saved::default(), &known)) };
        }
        let saved = self.place(set).map(|place| Saved::load(&place)).unwrap_or_default();
        let probe = Arc::new(look(&saved)?);
        if !self.fits(set, &probe) {
            return Err(changed(set, &saved, &probe));
        }
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        // a folder and a list that name one file know it as the same
        let others = seen.iter().filter(|(other, _)| other.root == set.root).map(|(_, other)| other);
        let differs =
            |file: &&FileFacts| others.clone().filter_map(|other| other.file(&file.path)).any(|other| other.digest != file.digest);
        if let Some(file) = probe.files.iter().find(differs) {
            return Err(DataError::Changed { path: set.file(&file.path) });
        }
        seen.insert(set.clone(), Arc::clone(&probe));
        Ok(probe)
    }

    /// The digest that a plan was made with.
    /// The digest that a file had when a plan was made from all of it: that of a list of pairs stands apart, since a pack of them holds
    /// images, too.
    fn expected_of(&self, file: &Path) -> Option<&String> {
        let apart = self.expected.get(&(file.to_owned(), Some(file.to_owned())));
        apart.or_else(|| self.expected.get(&(file.to_owned(), None)))
    }

    fn expected(&self, set: &Set) -> Option<&str> {
        let name = match &set.of {
            Of::List(list) => (list.clone(), Some(set.root.clone())),
            Of::File(below) => (set.root.clone(), below.clone()),
            Of::Folder => (set.root.clone(), None),
        };
        self.expected.get(&name).map(String::as_str)
    }

    fn fits(&self, set: &Set, probe: &Probe) -> bool {
        self.expected(set).is_none_or(|expected| expected == probe.digest())
    }

    /// The facts of these files, which are sorted by path. Those of whom nothing says that they changed are not opened. A cache that can't
    /// be read or written is no error: the files are then read.
    fn facts(&self, set: &Set, files: Vec<(Arc<str>, Stamp)>, known: &Saved) -> Result<Vec<FileFacts>, DataError> {
        let now = SystemTime::now() + self.ahead;
        let mut stamps = Vec::with_capacity(files.len());
        let mut facts: Vec<(Arc<str>, Option<FileFacts>)> = Vec::with_capacity(files.len());
        let (mut records, mut same) = (known.records().peekable(), 0);
        for (path, stamp) in files {
            while records.next_if(|record| record.path.as_str() < &*path).is_some() {}
            let record = records.next_if(|record| record.path.as_str() == &*path).filter(|record| record.stamp == stamp);
            same += usize::from(record.is_some());
            let file = record.map(|record| FileFacts {
                path: path.clone(),
                offset: 0,
                bytes: stamp.bytes,
                digest: record.digest,
                size: record.size,
                told: None,
            });
            stamps.push(stamp);
            facts.push((path, file));
        }
        let work = meter::begin("reading files of data sets", "files", (facts.len() - same) as u64);
        let read = |((path, file), stamp): ((Arc<str>, Option<FileFacts>), &mut Stamp)| match file {
            Some(file) => Ok(file),
            None => {
                work.add(1);
                self.read.fetch_add(1, Ordering::Relaxed);
                let (file, found) = look_into(&set.root, path)?;
                *stamp = found;
                Ok(file)
            }
        };
        let facts: Vec<FileFacts> = facts.into_par_iter().zip(stamps.par_iter_mut()).map(read).collect::<Result<_, DataError>>()?;
        let fresh = same < facts.len() || facts.len() != known.len();
        if let Some(place) = self.place(set).filter(|_| fresh) {
            let _ = saved::save(&place, facts.iter().zip(&stamps), now); // the next probe reads the files again, nothing else is lost
        }
        Ok(facts)
    }

    /// Where the facts of a set are kept.
    fn place(&self, set: &Set) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let root = canonical(&set.root)?;
        let list = match &set.of {
            Of::Folder => None,
            Of::List(other) => Some(other),
            Of::File(other) => other.as_ref(),
        };
        let list = list.map(|other| other.canonicalize()).transpose().ok()?;
        let mut hasher = blake3::Hasher::new();
        for part in std::iter::once(root).chain(list) {
            hasher.update(part.as_os_str().as_encoded_bytes()).update(b"\0");
        }
        Some(folder.join(format!("{}.probe", &hasher.finalize().to_hex()[..32])))
    }
}

/// The one name of a path; of a name that stands for several files, by that of their folder.
fn canonical(path: &Path) -> Option<PathBuf> {
    let of_folder = |folder: &Path| Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(|| of_folder(path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))))
}

/// The folder that a file lies in.
pub fn beside(file: &Path) -> PathBuf {
    file.parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// What the system says of several files as one.
fn stamp_of_all(files: &[PathBuf]) -> Result<Stamp, DataError> {
    let Some((file, beside)) = files.split_first() else { return Ok(Stamp::default()) };
    let (mut whole, mut hasher) = (stamp(file)?, blake3::Hasher::new());
    for path in beside {
        let other = stamp(path)?;
        hasher.update(path.as_os_str().as_encoded_bytes()).update(b"\0");
        for number in [other.bytes, other.modified as u64, other.changed as u64, other.inode, other.device] {
            hasher.update(&number.to_le_bytes());
        }
        (whole.modified, whole.changed) = (whole.modified.max(other.modified), whole.changed.max(other.changed));
    }
    if !beside.is_empty() {
        hasher.update(&whole.inode.to_le_bytes());
        let mut name = [0; 8];
        hasher.finalize_xof().fill(&mut name);
        whole.inode = u64::from_le_bytes(name);
    }
    Ok(whole)
}

/// What the system says of a file that should be an image, or hold some.
fn stamp(path: &Path) -> Result<Stamp, DataError> {
    let unreadable = |error: std::io::Error| DataError::Unreadable { path: path.to_owned(), why: error.to_string() };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    regular::is_regular(&metadata).map_err(unreadable)?;
    Ok(Stamp::of(&metadata))
}

/// Reads a file; with what the system said of it before.
fn look_into(root: &Path, path: Arc<str>) -> Result<(FileFacts, Stamp), DataError> {
    let place = root.join(path.as_ref());
    let stamp = stamp(&place)?;
    let bytes = decode::read(&place)?;
    let facts =
        FileFacts { path, offset: 0, bytes: bytes.len() as u64, digest: Digest::of(&bytes), size: decode::dimensions(&bytes), told: None };
    Ok((facts, stamp))
}

/// The error of a set that is not what it was: with the first file that differs from what was saved, where that tells.
fn changed(set: &Set, saved: &Saved, now: &Probe) -> DataError {
    let before = saved.records().find(|record| now.file(&record.path).is_none_or(|file| file.digest != record.digest));
    let path = match before {
        Some(record) => set.file(&record.path),
        None => set.list().unwrap_or(&set.root).clone(),
    };
    DataError::Changed { path }
}

#[cfg(test)]
mod tests;
