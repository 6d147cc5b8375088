//! Images that lie on the disk, as a probe found them.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::probe::{Digest, FileFacts, Probe};
use super::{DataError, ImageSet, Name, decode, image::Image};
use ddl_base::regular;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What holds images on the disk. Once a probe has found what is there, folders and files of many images differ in how the bytes of one are
/// had.
pub trait Holder: fmt::Debug + Send + Sync {
    /// Where it lies.
    fn path(&self) -> &Path;

    /// The file in which an image lies.
    fn file(&self, image: &FileFacts) -> PathBuf;

    /// Whether each image is a file of its own.
    fn has_files(&self) -> bool {
        false
    }

    /// Where an image is, for people.
    fn place(&self, image: &FileFacts) -> String;

    /// The bytes of an image, of which no more is read than they are.
    ///
    /// # Errors
    /// What can't be read, or is no longer there.
    fn bytes(&self, image: &FileFacts) -> Result<Vec<u8>, DataError>;
}

/// The images that a probe found, in its order.
#[derive(Debug)]
pub struct Held<H> {
    holder: H,
    probe: Arc<Probe>,
}

impl<H: Holder> Held<H> {
    /// What a holder holds.
    pub fn new(holder: H, probe: Arc<Probe>) -> Self {
        Held { holder, probe }
    }

    fn facts(&self, image: u32) -> &FileFacts {
        &self.probe.files[image as usize]
    }

    /// The bytes of an image, which have the digest that is known, if one is.
    fn bytes(&self, image: u32, known: Option<Digest>) -> Result<Vec<u8>, DataError> {
        let facts = self.facts(image);
        let bytes = self.holder.bytes(facts)?;
        if known.is_some_and(|known| known != Digest::of(&bytes)) {
            return Err(DataError::Changed { path: self.holder.file(facts) });
        }
        Ok(bytes)
    }
}

impl<H: Holder> ImageSet for Held<H> {
    fn id(&self) -> &[u8] {
        self.holder.path().as_os_str().as_encoded_bytes()
    }

    fn name(&self, image: u32) -> Name<'_> {
        Name::Path(&self.facts(image).path)
    }

    fn place(&self, image: u32) -> String {
        self.holder.place(self.facts(image))
    }

    fn digest(&self, image: u32) -> Option<Digest> {
        Some(self.facts(image).digest)
    }

    fn length(&self, image: u32) -> Option<u64> {
        Some(self.facts(image).bytes)
    }

    fn file(&self, image: u32) -> Option<PathBuf> {
        self.holder.has_files().then(|| self.holder.file(self.facts(image)))
    }

    fn encoded(&self, image: u32, known: Option<Digest>) -> Result<Option<Vec<u8>>, DataError> {
        self.bytes(image, known).map(Some)
    }

    fn open(&self, image: u32, known: Option<Digest>) -> Result<Image, DataError> {
        decode::decode(&self.bytes(image, known)?, &self.place(image))
    }

    fn open_for(&self, image: u32, known: Option<Digest>, size: (u32, u32)) -> Result<Image, DataError> {
        decode::decode_for(&self.bytes(image, known)?, &self.place(image), size)
    }
}

/// A folder, in which each image is a file of its own.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder that lies there.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Folder { root: root.into() }
    }
}

impl Holder for Folder {
    fn path(&self) -> &Path {
        &self.root
    }

    fn file(&self, image: &FileFacts) -> PathBuf {
        self.root.join(&*image.path)
    }

    fn has_files(&self) -> bool {
        true
    }

    fn place(&self, image: &FileFacts) -> String {
        self.file(image).display().to_string()
    }

    fn bytes(&self, image: &FileFacts) -> Result<Vec<u8>, DataError> {
        decode::read(&self.file(image))
    }
}

/// An open file in which images lie as they are, one behind the other.
#[derive(Debug)]
pub struct Pack {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Pack {
    /// The file that lies there.
    ///
    /// # Errors
    /// What can't be read.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let open = || {
            let file = regular::open(path)?;
            let length = file.metadata()?.len();
            Ok(Pack { path: path.to_owned(), file, length })
        };
        open().map_err(|error| unreadable(path, &error))
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// All of it from its beginning, for one who reads it alone.
    pub fn reader(&self) -> BufReader<&File> {
        BufReader::with_capacity(1 << 20, &self.file)
    }

    /// The same for one who passes over most of it: little is read of what is passed over.
    pub fn skipping_reader(&self) -> BufReader<&File> {
        BufReader::with_capacity(1 << 12, &self.file)
    }

    /// Fills a buffer with what lies at a place.
    ///
    /// # Errors
    /// What the system says; a place beyond the end.
    pub fn fill(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        regular::read_at(&self.file, bytes, at)
    }

    /// So many bytes from a place on. Nothing is allocated for what is not there.
    ///
    /// # Errors
    /// What can't be read; fewer bytes than that.
    pub fn read(&self, at: u64, length: u64) -> Result<Vec<u8>, DataError> {
        if length > self.length.saturating_sub(at) {
            return Err(unreadable(&self.path, &io::ErrorKind::UnexpectedEof.into()));
        }
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes, at).map_err(|error| unreadable(&self.path, &error))?;
        Ok(bytes)
    }
}

impl Holder for Pack {
    fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, _: &FileFacts) -> PathBuf {
        self.path.clone()
    }

    fn place(&self, image: &FileFacts) -> String {
        format!("{}, {}", self.path.display(), image.path)
    }

    fn bytes(&self, image: &FileFacts) -> Result<Vec<u8>, DataError> {
        if image.bytes > self.length.saturating_sub(image.offset) {
            return Err(DataError::Changed { path: self.path.clone() });
        }
        self.read(image.offset, image.bytes)
    }
}

/// The error of a file that can't be read.
pub fn unreadable(path: &Path, error: &io::Error) -> DataError {
    DataError::Unreadable { path: path.to_owned(), why: ddl_base::system::said(error) }
}

/// The error of a file that is not what it should be.
pub fn damaged(path: &Path, why: String) -> DataError {
    DataError::File { file: path.to_owned(), why }
}

/// What is called by a number, so that the order of names is that of numbers.
pub fn numbered(number: u64) -> String {
    format!("{number:08}")
}
