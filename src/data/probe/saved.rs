//! What a probe found, on the disk until the next time.
//!
//! A file is `ddl probe 4\n`, the number of records (u64), the records in byte order of their paths, and a digest of all that. A record is
//! the length of what its path shares with the one before (u16), the length of the rest (u16), the rest, the file's stamp (five numbers of
//! 64 bits), the image's digest (32 bytes), its width and height (u32; 0 for what is no image), where it begins in its file and its length
//! (u64), the length of what its file says of it (u32; 0 where it says nothing, all bits where it says the same as of the one before) and
//! that. All numbers have their lowest byte first. What is damaged or of another make is as if it were not there.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "rows, sides and lengths that were held against their limits"
)]

use super::{Digest, FileFacts, LeftOut, Probe};
use crate::told::Shared;
use ddl_base::regular::Stamp;
use rayon::prelude::*;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

const MAGIC: &[u8; 12] = b"ddl probe 4\n";
/// Bytes before the records.
const HEAD: usize = MAGIC.len() + 8;
/// Bytes of a record after its path.
const FIXED: usize = 5 * 8 + 32 + 2 * 4 + 2 * 8 + 4;
/// The length that stands for what was said before.
const AGAIN: u32 = u32::MAX;
/// Bytes that are hashed at once, on a thread.
const BLOCK: usize = 1 << 20;

/// What was saved.
#[derive(Debug, Default)]
pub struct Saved {
    bytes: Vec<u8>,
    len: usize,
}

/// What was saved of a file. The stamp of one that had not settled fits nothing.
#[derive(Debug, Clone)]
pub struct Record {
    pub path: String,
    pub stamp: Stamp,
    pub digest: Digest,
    pub size: Option<(u32, u32)>,
    pub offset: u64,
    pub bytes: u64,
    pub told: Option<Arc<str>>,
}

impl Saved {
    /// What lies at this place; nothing where it is damaged or not there.
    pub fn load(place: &Path) -> Self {
        let read = || {
            let mut bytes = ddl_base::regular::read(place, ddl_base::regular::Whole::Own).ok()?;
            let body = bytes.len().checked_sub(32).filter(|body| *body >= HEAD)?;
            if !bytes.starts_with(MAGIC) || bytes[body..] != sum(&bytes[..body]) {
                return None;
            }
            bytes.truncate(body);
            let len = u64::from_le_bytes(bytes[MAGIC.len()..HEAD].try_into().ok()?);
            Some(Saved { bytes, len: usize::try_from(len).ok()? })
        };
        read().unwrap_or_default()
    }

    /// What was found, if that is what a plan was made from; a probe of a folder.
    pub fn probe(&self, expected: &str) -> Option<Probe> {
        let probe = self.all();
        (probe.digest() == expected).then_some(probe)
    }

    /// All that was found.
    pub fn all(&self) -> Probe {
        let mut shared = Shared::default();
        let facts = |record: Record| FileFacts {
            path: Arc::from(record.path),
            offset: record.offset,
            bytes: record.bytes,
            digest: record.digest,
            size: record.size,
            told: record.told.map(|told| shared.of(&told)),
        };
        Probe::new(self.records().map(facts).collect(), LeftOut::default(), None)
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The files, in byte order of their paths.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let mut rest = self.bytes.get(HEAD..).unwrap_or_default();
        let mut path = Vec::new();
        let mut told: Option<Arc<str>> = None;
        std::iter::from_fn(move || {
            let (lengths, after) = rest.split_at_checked(4)?;
            let [a, b, c, d] = lengths.try_into().ok()?;
            path.truncate(usize::from(u16::from_le_bytes([a, b])));
            let (more, after) = after.split_at_checked(usize::from(u16::from_le_bytes([c, d])))?;
            path.extend_from_slice(more);
            let (fixed, after) = after.split_at_checked(FIXED)?;
            let length = u32::from_le_bytes(fixed[FIXED - 4..].try_into().ok()?);
            rest = after;
            if length != AGAIN {
                let (text, after) = after.split_at_checked(length as usize)?;
                told = if text.is_empty() { None } else { Some(Arc::from(std::str::from_utf8(text).ok()?)) };
                rest = after;
            }
            let long = |at: usize| fixed[8 * at..8 * at + 8].try_into().map_or(0, u64::from_le_bytes);
            let side = |at: usize| fixed[72 + 4 * at..76 + 4 * at].try_into().map_or(0, u32::from_le_bytes);
            Some(Record {
                path: String::from_utf8(path.clone()).ok()?,
                stamp: Stamp { bytes: long(0), modified: long(1) as i64, changed: long(2) as i64, inode: long(3), device: long(4) },
                digest: Digest(fixed[40..72].try_into().ok()?),
                size: Some((side(0), side(1))).filter(|(width, _)| *width > 0),
                offset: long(10),
                bytes: long(11),
                told: told.clone(),
            })
        })
    }
}

/// Writes what was found of these files, which are sorted, to a temporary file, which then takes the place of the old one.
pub fn save<'a>(
    place: &Path,
    files: impl ExactSizeIterator<Item = (&'a FileFacts, &'a Stamp)>,
    now: SystemTime,
) -> Result<(), std::io::Error> {
    let folder = place.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend((files.len() as u64).to_le_bytes());
    let (mut last, mut told): (&[u8], Option<&str>) = (&[], None);
    for (file, stamp) in files {
        let path = file.path.as_bytes();
        let shared = path.iter().zip(last).take_while(|(a, b)| a == b).count().min(usize::from(u16::MAX));
        let more = u16::try_from(path.len() - shared).map_err(std::io::Error::other)?;
        let stamp = if stamp.settled(now) { *stamp } else { Stamp { changed: i64::MIN, ..*stamp } };
        let (width, height) = file.size.unwrap_or_default();
        bytes.extend((shared as u16).to_le_bytes());
        bytes.extend(more.to_le_bytes());
        bytes.extend(&path[shared..]);
        for number in [stamp.bytes, stamp.modified as u64, stamp.changed as u64, stamp.inode, stamp.device] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(file.digest.0);
        bytes.extend(width.to_le_bytes());
        bytes.extend(height.to_le_bytes());
        bytes.extend(file.offset.to_le_bytes());
        bytes.extend(file.bytes.to_le_bytes());
        let text = file.told.as_deref();
        if text.is_some() && text == told {
            bytes.extend(AGAIN.to_le_bytes());
        } else {
            let text = text.unwrap_or_default();
            bytes.extend(u32::try_from(text.len()).map_err(std::io::Error::other)?.to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        (last, told) = (path, text);
    }
    whole(place, bytes)
}

/// Writes these bytes and their digest, whole or not at all.
pub fn whole(place: &Path, mut bytes: Vec<u8>) -> Result<(), std::io::Error> {
    let folder = place.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    bytes.extend(sum(&bytes));
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(&bytes)?;
    temporary.persist(place)?;
    Ok(())
}

/// A digest of bytes whose blocks are hashed side by side.
pub fn sum(bytes: &[u8]) -> [u8; 32] {
    let blocks: Vec<[u8; 32]> = bytes.par_chunks(BLOCK).map(|block| *blake3::hash(block).as_bytes()).collect();
    *blake3::hash(blocks.as_flattened()).as_bytes()
}
