//! Sources and places in them, and the [`World`]: the one door through which the compiler sees files.

#![allow(clippy::cast_possible_truncation, reason = "lengths and places in files that were read")]

use crate::regular::{TooLong, Whole};
use crate::text::{NoText, begin};
use indexmap::IndexMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Recipes longer than this are refused (bytes).
pub const LONGEST_SOURCE: usize = Whole::Recipe.most() as usize;

/// The number of a [`Source`] in its [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// A place in a source: bytes `start..end` of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The source.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Bytes `start..end` of `file`.
    pub const fn new(file: FileId, start: u32, end: u32) -> Self {
        Span { file, start, end }
    }

    /// The smallest span that holds both; `self` when they lie in different files.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span at this span's beginning.
    #[must_use]
    pub const fn first(self) -> Span {
        Span { file: self.file, start: self.start, end: self.start }
    }

    /// The empty span right after this one.
    #[must_use]
    pub const fn after(self) -> Span {
        Span { file: self.file, start: self.end, end: self.end }
    }

    /// Whether all of `inner` lies in this span.
    pub fn holds(self, inner: Span) -> bool {
        self.file == inner.file && self.start <= inner.start && inner.end <= self.end
    }

    /// Whether the byte `offset` lies in this span or right after it, where an editor's cursor touches it.
    pub const fn touches(self, offset: u32) -> bool {
        self.start <= offset && offset <= self.end
    }

    /// These bytes as a range that indexes the source's text.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place as a person counts it: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in its line, from 1.
    pub column: usize,
}

/// A recipe's text under the name by which messages call it.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its number, which spans carry.
    pub id: FileId,
    /// The path that messages show.
    pub name: String,
    /// The text.
    pub text: Arc<str>,
    /// Where its lines begin, once somebody asked.
    lines: OnceLock<Arc<[u32]>>,
}

impl Source {
    /// A source of its own, outside of any map.
    pub fn new(id: FileId, name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Source { id, name: name.into(), text: text.into(), lines: OnceLock::new() }
    }

    /// The text of a span, empty where the span doesn't fit this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// Where the byte `offset` is; an offset inside a character counts as that character, one past the end as the end.
    pub fn place(&self, offset: u32) -> Place {
        let mut at = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let lines = self.lines();
        let line = lines.partition_point(|&start| start as usize <= at);
        let start = lines.get(line.wrapping_sub(1)).map_or(0, |&start| start as usize);
        Place { line, column: self.text[start..at].chars().count() + 1 }
    }

    /// The bytes at which lines begin; looked for once.
    pub fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let after = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
            std::iter::once(0).chain(after).collect()
        })
    }
}

/// All sources of one compilation.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// No sources yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the path that messages show.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(self.sources.len() as u32);
        self.sources.push(Source::new(id, name, text));
        id
    }

    /// Reads a recipe from the world and adds it under `shown`; a text that is too long or not UTF-8 is refused.
    pub fn load(&mut self, world: &dyn World, path: &Path, shown: impl Into<String>) -> Result<FileId, ReadError> {
        let shown = shown.into();
        let bytes = world.read(path).map_err(|cause| match cause.get_ref().and_then(|cause| cause.downcast_ref::<TooLong>()) {
            Some(long) => ReadError::TooLong { path: shown.clone(), bytes: long.bytes },
            None => ReadError::Unreadable { path: shown.clone(), cause: crate::system::said(&cause) },
        })?;
        self.add_bytes(shown, bytes)
    }

    /// Adds a recipe's bytes under `shown`; a text that is too long or not UTF-8 is refused.
    pub fn add_bytes(&mut self, shown: String, bytes: Vec<u8>) -> Result<FileId, ReadError> {
        if bytes.len() > LONGEST_SOURCE {
            return Err(ReadError::TooLong { path: shown, bytes: bytes.len() as u64 });
        }
        if let Err(why) = begin(&bytes) {
            return Err(ReadError::NoText { path: shown, why });
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..good].split(|&byte| byte == b'\n').count();
            ReadError::NotUtf8 { path: shown.clone(), line }
        })?;
        Ok(self.add(shown, text))
    }

    /// The source with this number, if it is of this map.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    /// All sources in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }
}

/// Why a recipe could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The file is not there, or may not be read.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// The path as messages show it.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// The file is no text.
    #[error("{path} is not UTF-8 text (line {line})")]
    NotUtf8 {
        /// The path as messages show it.
        path: String,
        /// The line of the first bad byte, from 1.
        line: usize,
    },
    /// The file is text of another kind, or none.
    #[error("cannot read {path}: {why}")]
    NoText {
        /// The path as messages show it.
        path: String,
        /// What it is.
        why: NoText,
    },
    /// The file is longer than [`LONGEST_SOURCE`].
    #[error("{path} has {bytes} bytes; a recipe has at most {LONGEST_SOURCE}")]
    TooLong {
        /// The path as messages show it.
        path: String,
        /// Its length.
        bytes: u64,
    },
}

/// The one door to files for the compiler: a disk, an editor's unsaved buffers, or a test's memory.
pub trait World {
    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The one name of a file that has many: absolute, without `..`, links resolved. An error when there is no such file.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;
}

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl World for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        crate::regular::read(path, Whole::Recipe)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }
}

/// Files held in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: IndexMap<PathBuf, Vec<u8>>,
}

impl Memory {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// This world with one more file (or with other contents of it).
    #[must_use]
    pub fn with(mut self, path: impl AsRef<Path>, contents: impl Into<Vec<u8>>) -> Self {
        self.insert(path, contents);
        self
    }

    /// Adds a file or replaces its contents.
    pub fn insert(&mut self, path: impl AsRef<Path>, contents: impl Into<Vec<u8>>) {
        self.files.insert(tidy(path.as_ref()), contents.into());
    }

    fn missing(path: &Path) -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, format!("no file {} in memory", path.display()))
    }
}

impl World for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(&tidy(path)).cloned().ok_or_else(|| Self::missing(path))
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        let tidied = tidy(path);
        if self.files.contains_key(&tidied) { Ok(tidied) } else { Err(Self::missing(path)) }
    }
}

/// The path without `.` and with `a/..` taken out, by its words alone.
fn tidy(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            Component::ParentDir | Component::Prefix(_) | Component::RootDir | Component::Normal(_) => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_never_fail() {
        let source = Source::new(FileId(0), "a.ddl", "é = 1\nx");
        assert_eq!(source.place(0), Place { line: 1, column: 1 });
        assert_eq!(source.place(1), Place { line: 1, column: 1 });
        assert_eq!(source.place(3), Place { line: 1, column: 3 });
        assert_eq!(source.place(7), Place { line: 2, column: 1 });
        assert_eq!(source.place(99), Place { line: 2, column: 2 });
    }

    #[test]
    fn memory_knows_a_file_by_all_its_names() {
        let world = Memory::new().with("lib/a.ddl", "ddl 1\n");
        assert_eq!(world.read(Path::new("./lib/../lib/a.ddl")).unwrap(), b"ddl 1\n");
        assert_eq!(world.canonical(Path::new("lib/b/../a.ddl")).unwrap(), Path::new("lib/a.ddl"));
        assert_eq!(world.read(Path::new("b.ddl")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_that_is_no_text_is_refused_with_its_line() {
        let world = Memory::new().with("a.ddl", b"ddl 1\n\xff".to_vec());
        let error = SourceMap::new().load(&world, Path::new("a.ddl"), "a.ddl").unwrap_err();
        assert_eq!(error, ReadError::NotUtf8 { path: "a.ddl".into(), line: 2 });
    }
}
