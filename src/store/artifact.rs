//! One result: its files and a manifest that says what they are.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

use super::log::TRAINING_LOG;
use super::{NodeLock, StoreError, sync_folder};
use crate::events::record::RECORD;
use crate::graph::ContentKey;
use crate::meter;
use crate::misread::{self, Misread};
use crate::regular::{self, Whole};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const MANIFEST: &str = "manifest.json";

/// The name of features in their artifact: rows of little-endian f32.
pub const FEATURES: &str = "features.f32";

/// The name of a model's tensors in its artifact.
pub const TENSORS: &str = "model.safetensors";

/// Bytes that are written at once.
const PIECE: usize = 1 << 24;

/// What a result is: the content of its `manifest.json`, which is sealed with its own digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The key.
    pub key: ContentKey,
    /// The operator that made it.
    pub op: String,
    /// What the recipe called it when it was made.
    pub name: String,
    /// The version of ddl that made it.
    pub ddl: String,
    /// What the operator has to say of it.
    pub meta: Json,
    /// What it was made of; not there where it was written before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_of: Option<Origins>,
    /// Its files.
    pub files: BTreeMap<String, FileFacts>,
}

/// The results that a result was made of, those too that these were made of, with what each said then ([`Artifact::says`]). Keys are of
/// recipes: the same one computed elsewhere, or anew, may say something else in its last bits.
pub type Origins = BTreeMap<ContentKey, String>;

/// A file as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its blake3 digest, in hexadecimal digits.
    pub blake3: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    seal: String,
    body: Json,
}

/// A result that is not what was written.
#[derive(Debug)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// An error of the system that says nothing about the file's content.
    pub(super) io: Option<io::Error>,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is damaged: {}", self.path.display(), self.why)
    }
}

impl Damage {
    fn of(path: &Path, why: impl Into<String>) -> Self {
        Damage { path: path.to_owned(), why: why.into(), io: None }
    }

    fn io(path: &Path, error: io::Error) -> Self {
        let gone = error.kind() == io::ErrorKind::NotFound;
        Damage { path: path.to_owned(), why: crate::system::said(&error), io: (!gone).then_some(error) }
    }
}

/// A whole result in the store.
#[derive(Debug, Clone)]
pub struct Artifact {
    folder: PathBuf,
    manifest: Manifest,
}

impl Artifact {
    /// The result in a folder; `None` when there is no folder.
    pub(super) fn open(folder: PathBuf, key: ContentKey) -> Result<Option<Self>, Damage> {
        let path = folder.join(MANIFEST);
        let bytes = match regular::read(&path, Whole::Own) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => return Ok(None),
            Err(error) => return Err(Damage::io(&path, error)),
        };
        let sealed: Sealed = misread::json(&bytes).map_err(|error| Damage::of(&path, error.to_string()))?;
        if blake3::hash(sealed.body.to_string().as_bytes()).to_hex().as_str() != sealed.seal {
            return Err(Damage::of(&path, "its digest differs"));
        }
        let manifest: Manifest =
            serde_json::from_value(sealed.body).map_err(|error| Damage::of(&path, Misread::from(&error).to_string()))?;
        if manifest.key != key {
            return Err(Damage::of(&path, format!("it is of the key {}", manifest.key)));
        }
        Ok(Some(Artifact { folder, manifest }))
    }

    /// What it is.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the operator has to say of it.
    ///
    /// # Errors
    /// When that is of another make, which the key's operator version should have told.
    pub fn meta<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        let wrong = |error: serde_json::Error| {
            Damage::of(&self.folder.join(MANIFEST), format!("its `meta` is of another make: {}", Misread::from(&error)))
        };
        serde_json::from_value(self.manifest.meta.clone()).map_err(|error| StoreError::Damaged { damage: wrong(error) })
    }

    /// The digest of what it says: of its files without those that tell of the run that made it.
    pub fn says(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, facts) in self.manifest.files.iter().filter(|(name, _)| ![RECORD, TRAINING_LOG].contains(&name.as_str())) {
            hasher.update(format!("{name} {}\n", facts.blake3).as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Where a file of it lies; `None` if it has no such file.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.manifest.files.contains_key(name).then(|| self.folder.join(name))
    }

    /// The content of a file, whose digest is checked.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        let path = self.folder.join(name);
        let damaged = |why: String| StoreError::Damaged { damage: Damage::of(&path, why) };
        let facts = self.manifest.files.get(name).ok_or_else(|| damaged("it is no file of this result".to_owned()))?;
        let mut bytes = Vec::with_capacity(fs::metadata(&path).map_or(0, |found| found.len() as usize));
        let read = pieces(&path, |piece| bytes.extend_from_slice(piece)).map_err(|error| StoreError::io(&path, "read", error))?;
        if read.blake3 != facts.blake3 {
            return Err(damaged("its digest differs".to_owned()));
        }
        Ok(bytes)
    }

    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.manifest.files.values().map(|file| file.bytes).sum()
    }

    pub(super) fn check_lengths(&self) -> Result<(), Damage> {
        for (name, facts) in &self.manifest.files {
            let path = self.folder.join(name);
            let found = fs::metadata(&path).map_err(|error| Damage::io(&path, error))?.len();
            if found != facts.bytes {
                return Err(Damage::of(&path, format!("it has {found} bytes and should have {}", facts.bytes)));
            }
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), Damage> {
        self.check_lengths()?;
        for (name, facts) in &self.manifest.files {
            let path = self.folder.join(name);
            let found = digest(&path).map_err(|error| Damage::io(&path, error))?;
            if found.blake3 != facts.blake3 {
                return Err(Damage::of(&path, "its digest differs"));
            }
        }
        Ok(())
    }
}

/// Length and digest of a file.
fn digest(path: &Path) -> io::Result<FileFacts> {
    pieces(path, |_| {})
}

/// Hands a file on piece by piece; its length and digest.
fn pieces(path: &Path, mut to: impl FnMut(&[u8])) -> io::Result<FileFacts> {
    let mut file = regular::open(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let work = meter::begin(format!("reading {name}"), "MiB", file.metadata()?.len() >> 20);
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(FileFacts { bytes, blake3: hasher.finalize().to_hex().to_string() });
        }
        hasher.update(&buffer[..n]);
        to(&buffer[..n]);
        work.add(((bytes + n as u64) >> 20) - (bytes >> 20));
        bytes += n as u64;
    }
}

/// A result that is being written, beside the others; dropped, it leaves nothing.
#[derive(Debug)]
pub struct Draft {
    folder: PathBuf,
    made_of: Option<Origins>,
    files: BTreeMap<String, FileFacts>,
}

impl Draft {
    pub(super) fn new(folder: PathBuf) -> Result<Self, StoreError> {
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| StoreError::io(&folder, "clear", error))?;
        }
        fs::create_dir_all(&folder).map_err(|error| StoreError::io(&folder, "make", error))?;
        Ok(Draft { folder, made_of: None, files: BTreeMap::new() })
    }

    /// Notes what it is made of.
    pub fn made_of(&mut self, origins: Origins) {
        self.made_of = Some(origins);
    }

    /// Writes a file of it.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.folder.join(name);
        let work = meter::begin(format!("writing {name}"), "MiB", bytes.len() as u64 >> 20);
        let mut hasher = blake3::Hasher::new();
        let written = File::create(&path).and_then(|mut file| {
            for piece in bytes.chunks(PIECE) {
                file.write_all(piece)?;
                hasher.update(piece);
                work.add(piece.len() as u64 >> 20);
            }
            file.sync_all()
        });
        written.map_err(|error| StoreError::io(&path, "write", error))?;
        let facts = FileFacts { bytes: bytes.len() as u64, blake3: hasher.finalize().to_hex().to_string() };
        self.files.insert(name.to_owned(), facts);
        Ok(())
    }

    /// Writes a file of it as JSON.
    pub fn write_json(&mut self, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(value);
        let bytes = bytes.map_err(|error| StoreError::io(&self.folder.join(name), "write", io::Error::other(error)))?;
        self.write(name, &bytes)
    }

    /// Where a file lies that the caller writes itself; [`Draft::adopt`] must follow.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Takes a file that the caller wrote at [`Draft::path`].
    pub fn adopt(&mut self, name: &str) -> Result<(), StoreError> {
        let path = self.folder.join(name);
        let facts = regular::open(&path).and_then(|file| file.sync_all()).and_then(|()| digest(&path));
        self.files.insert(name.to_owned(), facts.map_err(|error| StoreError::io(&path, "write", error))?);
        Ok(())
    }

    /// Makes it the result at `folder`, taking the place of an older one.
    pub(super) fn commit(mut self, folder: &Path, mut manifest: Manifest) -> Result<Artifact, StoreError> {
        manifest.files = std::mem::take(&mut self.files);
        manifest.made_of = self.made_of.take();
        let body = serde_json::to_value(&manifest);
        let body = body.map_err(|error| StoreError::io(folder, "write", io::Error::other(error)))?;
        let seal = blake3::hash(body.to_string().as_bytes()).to_hex().to_string();
        self.write_json(MANIFEST, &Sealed { seal, body })?;
        sync_folder(&self.folder)?;
        let area = folder.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(area).map_err(|error| StoreError::io(area, "make", error))?;
        let old = self.folder.with_extension("old");
        if folder.exists() {
            if old.exists() {
                // a kill came between the renames and the clearing of an earlier commit
                fs::remove_dir_all(&old).map_err(|error| StoreError::io(&old, "clear", error))?;
            }
            fs::rename(folder, &old).map_err(|error| StoreError::io(folder, "replace", error))?;
        }
        fs::rename(&self.folder, folder).map_err(|error| StoreError::io(folder, "write", error))?;
        sync_folder(area)?;
        if old.exists() {
            fs::remove_dir_all(&old).map_err(|error| StoreError::io(&old, "clear", error))?;
        }
        Ok(Artifact { folder: folder.to_owned(), manifest })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder); // renamed away, or no longer wanted; what stays the next lock holder removes
    }
}

impl NodeLock {
    /// A result to be written under this key.
    pub fn draft(&self) -> Result<Draft, StoreError> {
        Draft::new(self.store().place("tmp", &self.key().to_string()))
    }

    /// Makes a draft the result of this key, in place of an older one.
    pub fn commit(&self, draft: Draft, op: &str, name: &str, meta: Json) -> Result<Artifact, StoreError> {
        let manifest = Manifest {
            key: self.key(),
            op: op.to_owned(),
            name: name.to_owned(),
            ddl: env!("CARGO_PKG_VERSION").to_owned(),
            meta,
            made_of: None,
            files: BTreeMap::new(),
        };
        draft.commit(&self.store().artifact_folder(self.key()), manifest)
    }
}
