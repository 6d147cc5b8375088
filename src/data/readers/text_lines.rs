//! Text files that are read line by line, in one buffer.

use super::form::{TextFile, begins_as_text, no_text};
use crate::DataError;
use crate::probe::ProbeCache;
use ddl_base::pinned::Pinned;
use ddl_base::text::{NoText, begin, quoted};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::SplitAsciiWhitespace;

/// Bytes that are read at once.
const BUFFER: usize = 1 << 20;
/// No line of a list is longer (bytes).
const LONGEST_LINE: u64 = 16 << 20;

/// A text file that is read line by line, in one buffer. A byte order mark is passed over; lines end as the first one does.
pub(super) struct TextLines {
    file: PathBuf,
    kind: TextFile,
    reader: BufReader<Pinned>,
    end: u8,
    line: u64,
    buffer: Vec<u8>,
}

impl TextLines {
    /// Opens a file.
    ///
    /// # Errors
    /// As [`ProbeCache::open`]; no text from its beginning.
    pub(super) fn open(file: &Path, kind: TextFile, cache: &ProbeCache) -> Result<Self, DataError> {
        if !cache.expects(file) {
            begins_as_text(file)?;
        }
        let mut reader = BufReader::with_capacity(BUFFER, cache.open(file)?);
        if let Err(error) = reader.fill_buf() {
            return Err(unread(file, &reader, &error));
        }
        let head = reader.buffer();
        let text = begin(head).map_err(|why| no_text(file, why))?;
        let end = if text.contains(&b'\r') && !text.contains(&b'\n') { b'\r' } else { b'\n' };
        let mark = head.len() - text.len();
        reader.consume(mark);
        Ok(TextLines { file: file.to_owned(), kind, reader, end, line: 0, buffer: Vec::new() })
    }

    /// The next line that is not empty, handed to `read` with its number; an error of it is one of the line.
    pub(super) fn next<T>(&mut self, read: impl FnOnce(u64, &str) -> Result<T, String>) -> Option<Result<T, DataError>> {
        loop {
            self.buffer.clear();
            match (&mut self.reader).take(LONGEST_LINE).read_until(self.end, &mut self.buffer) {
                Ok(0) => return None,
                Ok(bytes) if bytes as u64 == LONGEST_LINE && self.buffer.last() != Some(&self.end) => {
                    self.line += 1;
                    let why = format!("it is longer than {LONGEST_LINE} bytes; a line is `{}`", self.kind.form());
                    return Some(Err(DataError::Line { file: self.file.clone(), line: self.line, why }));
                }
                Ok(_) => self.line += 1,
                Err(error) => return Some(Err(unread(&self.file, &self.reader, &error))),
            }
            if self.buffer.contains(&0) {
                return Some(Err(no_text(&self.file, NoText::Zero(self.line))));
            }
            let Ok(text) = std::str::from_utf8(&self.buffer) else {
                return Some(Err(no_text(&self.file, NoText::NotUtf8(self.line))));
            };
            if text.trim_ascii().is_empty() {
                continue;
            }
            let read = read(self.line, text).map_err(|why| self.kind.parted_otherwise(text).unwrap_or(why));
            return Some(read.map_err(|why| DataError::Line { file: self.file.clone(), line: self.line, why }));
        }
    }

    /// The number of the line that was read last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The error of a file that has no line.
    pub(super) fn empty(&self) -> DataError {
        DataError::File { file: self.file.clone(), why: self.kind.lacks().to_owned() }
    }

    /// The fields of a line, exactly `N`.
    pub(super) fn fields<const N: usize>(text: &str, kind: TextFile) -> Result<[&str; N], String> {
        let mut words: SplitAsciiWhitespace = text.split_ascii_whitespace();
        let mut fields = [""; N];
        for (at, field) in fields.iter_mut().enumerate() {
            *field = words.next().ok_or_else(|| format!("{at} fields, where a line is `{}`", kind.form()))?;
        }
        match words.count() {
            0 => Ok(fields),
            more => Err(format!("{} fields, where a line is `{}`", N + more, kind.form())),
        }
    }
}

/// Why nothing more comes of a file.
fn unread(file: &Path, reader: &BufReader<Pinned>, error: &std::io::Error) -> DataError {
    let path = file.to_owned();
    if reader.get_ref().changed() { DataError::Changed { path } } else { DataError::Unreadable { path, why: error.to_string() } }
}

/// A whole number.
pub(super) fn number(field: &str, what: &str) -> Result<u32, String> {
    field.parse().map_err(|_| format!("the {what} {} is not a whole number from 0", quoted(field)))
}
