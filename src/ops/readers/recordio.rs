//! MXNet RecordIO: many images in a `.rec`.
//!
//! ```text
//!  record   magic number, a word, the bytes, zeros up to a multiple of 4
//!  word     3 bits: a whole (0), or the first (1), a middle (2), the last (3) of several parts; 29 bits: how many bytes
//!  parts    they meet where the bytes hold the magic number at a multiple of 4: it is left out there
//!  bytes    flag (u32), label (f32), two numbers (u64); as many labels (f32) as the flag says; the image
//! ```
//!
//! All numbers have their lowest byte first. Sources: dmlc-core's `recordio.h`, MXNet's `recordio.py`, insightface's `face2rec2.py` and its `FaceImageIter`.

use super::images::{has, is_named};
use super::{Reading, Reads, Recognised, There};
use crate::data::held::{Holder, Pack, damaged, numbered, unreadable};
use crate::data::probe::{Digest, FileFacts, Probe, ProbeCache};
use crate::data::readers::{self, IdentityRule, Read};
use crate::data::writers::recordio::{HEADER, LENGTH, MAGIC};
use crate::data::writers::{Container, Written};
use crate::data::{At, DataError, Lies, Look, decode};
use crate::lang::types::Type;
use crate::meter;
use crate::ops::refs::FilePath;
use crate::regular::{self, Whole};
use crate::text::quoted;
use indexmap::IndexMap;
use rayon::prelude::*;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

crate::reader! {
    /// The images of an MXNet RecordIO file (`.rec`), as insightface's training sets are: MS1MV2, MS1MV3, Glint360K.
    ///
    /// An `.idx` of the same name beside it says which records there are, and their numbers; without one all are, numbered from 0. If record 0 holds
    /// no image but two numbers, it is insightface's header: images are the records from 1 up to the first of them, and the records from there up to the second
    /// name the images of each person. Otherwise (`im2rec`) all records are images. The first label of a record is the number of the person.
    ///
    /// A sample is called by person and record: `00000012/00000345`. People are named by their numbers with eight digits, so that their order, and with it
    /// the order of classes, is that of the numbers. A file `property` beside it (`93431,112,112`) must not know of fewer people.
    pub struct RecordIo("recordio", 2, |_| Type::dataset()) {
        /// The `.rec`.
        path: FilePath;
    }
    changes = [(2, crate::data::decode::FOURTH)];
}

impl Reading for RecordIo {
    const WRITTEN: Written = Written::As(&[Container::RecordIo]);

    const READS: Option<Reads> =
        Some(Reads { path: "path", below: None, look: Look { lies: Lies::Anything, probe: |at, cache| probe(at.path, cache) } });

    fn recognises(path: &Path) -> Recognised {
        Recognised::surely(has(path, 0, &MAGIC)).max(Recognised::perhaps(is_named(path, &["rec"])))
    }

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: None, said: self.said() })
    }

    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
        let probe = probe(at.path, cache)?;
        readers::held(Records(Pack::open(at.path)?), probe, &IdentityRule::FirstFolder, &IndexMap::new())
    }
}

/// Bytes of records that are looked at side by side.
const BLOCK: usize = 16 << 20;

/// Bytes of a line of an `.idx`, which holds two numbers.
const LONGEST_LINE: u64 = 200;

/// An open `.rec`.
#[derive(Debug)]
struct Records(Pack);

impl Holder for Records {
    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, image: &FileFacts) -> PathBuf {
        self.0.file(image)
    }

    fn place(&self, image: &FileFacts) -> String {
        let record = image.path.rsplit('/').next().unwrap_or_default().trim_start_matches('0');
        format!("{}, record {}", self.path().display(), if record.is_empty() { "0" } else { record })
    }

    fn bytes(&self, image: &FileFacts) -> Result<Vec<u8>, DataError> {
        let mut parts = Parts { read: |bytes: &mut [u8], at| self.0.fill(bytes, at), at: image.offset, end: self.0.length() };
        let changed = || DataError::Changed { path: self.file(image) }; // it was a whole record when it was probed
        let mut bytes = parts.record().map_err(|wrong| match wrong {
            Wrong::Unread(error) => unreadable(self.path(), &error),
            Wrong::Damaged(_) => changed(),
        })?;
        let start = Header::of(&bytes).map_err(|_| changed())?.end;
        bytes.drain(..start);
        if bytes.len() as u64 == image.bytes { Ok(bytes) } else { Err(changed()) }
    }
}

/// What is wrong with a record.
enum Wrong {
    /// The system does not give its bytes.
    Unread(io::Error),
    /// It is no record.
    Damaged(String),
}

/// The parts of records, from a place of a file on.
struct Parts<R> {
    read: R,
    at: u64,
    end: u64,
}

impl<R: FnMut(&mut [u8], u64) -> io::Result<()>> Parts<R> {
    fn take(&mut self, bytes: &mut [u8]) -> Result<(), Wrong> {
        (self.read)(bytes, self.at).map_err(Wrong::Unread)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// The bytes of the record that begins here, of which no more is allocated than the file has.
    fn record(&mut self) -> Result<Vec<u8>, Wrong> {
        let begins = self.at;
        let mut bytes = Vec::new();
        loop {
            let (at, mut magic, mut word) = (self.at, [0; 4], [0; 4]);
            if self.end.saturating_sub(at) < 8 {
                return Err(Wrong::Damaged(format!("it ends in the middle of the record that begins at byte {begins}")));
            }
            self.take(&mut magic)?;
            self.take(&mut word)?;
            let word = u32::from_le_bytes(word);
            let (part, length) = (word >> LENGTH, word & ((1 << LENGTH) - 1));
            let is_first = at == begins;
            if magic != MAGIC || part > 3 || is_first != (part < 2) {
                return Err(Wrong::Damaged(format!(
                    "no {} begins at byte {at}",
                    if is_first { "record" } else { "next part of a record" }
                )));
            }
            let (padded, left) = (u64::from(length).next_multiple_of(4), self.end - self.at);
            if padded > left {
                return Err(Wrong::Damaged(format!(
                    "the record at byte {at} says that it has {length} bytes, and the file has {left} more"
                )));
            }
            if !is_first {
                bytes.extend(MAGIC);
            }
            let (from, to) = (bytes.len(), bytes.len() + length as usize);
            Whole::Image.takes(to as u64).map_err(|error| Wrong::Damaged(format!("the record at byte {begins}: {error}")))?;
            bytes.resize(to, 0);
            self.take(&mut bytes[from..])?;
            self.take(&mut [0; 3][..(padded - u64::from(length)) as usize])?;
            if part == 0 || part == 3 {
                return Ok(bytes);
            }
        }
    }
}

/// What a record says before its image.
struct Header {
    flag: u32,
    /// The first two labels.
    labels: [f32; 2],
    /// Where the image begins.
    end: usize,
}

impl Header {
    fn of(record: &[u8]) -> Result<Self, String> {
        let word = |at: usize| record.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
        let short = || format!("it has {} bytes, fewer than a header", record.len());
        let (Some(flag), Some(label), true) = (word(0), word(4), record.len() >= HEADER) else { return Err(short()) };
        if u64::from(flag) * 4 > (record.len() - HEADER) as u64 {
            return Err(format!("its header says that {flag} labels follow, and {} bytes do", record.len() - HEADER));
        }
        let vector = [HEADER, HEADER + 4].map(|at| f32::from_bits(word(at).unwrap_or_default()));
        let labels = match flag {
            0 => [f32::from_bits(label), 0.0],
            1 => [vector[0], 0.0],
            _ => vector,
        };
        Ok(Header { flag, labels, end: HEADER + flag as usize * 4 })
    }
}

/// A label as the whole number that it is.
fn whole(label: f32) -> Option<u64> {
    (label >= 0.0 && label.fract() == 0.0 && label < u32::MAX as f32).then_some(label as u64)
}

/// A record as it was found.
struct Found {
    number: u64,
    at: u64,
    flag: u32,
    labels: [f32; 2],
    bytes: u64,
    digest: Digest,
    size: Option<(u32, u32)>,
}

/// A line of an `.idx`.
struct Indexed {
    at: u64,
    number: u64,
    line: u64,
}

/// The images of a `.rec`.
fn probe(rec: &Path, cache: &ProbeCache) -> Result<Arc<Probe>, DataError> {
    let there = |file: PathBuf| std::fs::symlink_metadata(&file).is_ok().then_some(file);
    let (idx, property) = (there(rec.with_extension("idx")).filter(|idx| idx != rec), there(rec.with_file_name("property")));
    let files: Vec<PathBuf> = std::iter::once(rec.to_owned()).chain(idx.iter().chain(&property).cloned()).collect();
    cache.inside(At { path: rec, below: None }, &files, || {
        let listed = idx.as_deref().map(|idx| Ok((idx, index(idx)?))).transpose()?;
        let images = images(rec, found(rec, listed)?)?;
        if let Some(property) = property {
            knows_all(&property, &images)?;
        }
        Ok(images.into_iter().map(|(person, it)| facts(person, it)).collect())
    })
}

fn facts(person: u64, it: Found) -> FileFacts {
    let path = format!("{}/{}", numbered(person), numbered(it.number));
    FileFacts { path: Arc::from(path), offset: it.at, bytes: it.bytes, digest: it.digest, size: it.size, told: None }
}

/// The lines of an `.idx` in the order of their places.
fn index(file: &Path) -> Result<Vec<Indexed>, DataError> {
    let wrong = |line, why: String| DataError::Line { file: file.to_owned(), line, why };
    let unreadable = |error: io::Error| unreadable(file, &error);
    let open = regular::open(file).and_then(|open| Whole::List.takes(open.metadata()?.len()).map(|()| open)).map_err(unreadable)?;
    let (mut lines, mut bytes, mut all) = (BufReader::new(open), Vec::new(), Vec::new());
    for line in 1.. {
        bytes.clear();
        if lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(unreadable)? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&bytes);
        let mut numbers = text.split_ascii_whitespace().map(str::parse);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (None, ..) => {}
            (Some(Ok(number)), Some(Ok(at)), None) => all.push(Indexed { at, number, line }),
            _ => return Err(wrong(line, format!("{} is not the number of a record and the byte at which it begins", quoted(text.trim())))),
        }
    }
    if all.is_empty() {
        return Err(DataError::File { file: file.to_owned(), why: "it names no record".to_owned() });
    }
    for (what, key) in [("number", (|it| it.number) as fn(&Indexed) -> u64), ("byte", |it| it.at)] {
        all.par_sort_unstable_by_key(|it| (key(it), it.line));
        let twice = all.windows(2).filter(|two| key(&two[0]) == key(&two[1])).min_by_key(|two| two[1].line);
        if let Some(two) = twice {
            return Err(wrong(two[1].line, format!("the {what} {} stands in line {} already", key(&two[1]), two[0].line)));
        }
    }
    Ok(all)
}

/// All records that an `.idx` names, or all there are.
fn found(rec: &Path, listed: Option<(&Path, Vec<Indexed>)>) -> Result<Vec<Found>, DataError> {
    let pack = Pack::open(rec)?;
    let (mut records, length) = (pack.reader(), pack.length());
    let mut parts = Parts { read: |bytes: &mut [u8], _| records.read_exact(bytes), at: 0, end: length };
    let (mut all, mut count) = (Vec::new(), 0);
    let (idx, lines) = listed.map_or((None, Vec::new()), |(idx, lines)| (Some(idx), lines));
    let mut lines = lines.into_iter().peekable();
    let beyond = |idx: &Path, it: Indexed| {
        let why = format!("no record begins at byte {} of {}, which has {length} bytes", it.at, rec.display());
        DataError::Line { file: idx.to_owned(), line: it.line, why }
    };
    let work = meter::begin("reading records", "MiB", length >> 20);
    while parts.at < length {
        let (begun, mut block, mut bytes) = (parts.at, Vec::new(), 0);
        while parts.at < length && bytes < BLOCK {
            let at = parts.at;
            let record = parts.record().map_err(|wrong| match wrong {
                Wrong::Unread(error) => unreadable(rec, &error),
                Wrong::Damaged(why) => damaged(rec, format!("{why} (whole records before that: {count})")),
            })?;
            bytes += record.len();
            match idx {
                None => block.push((count, at, record)),
                Some(idx) => match lines.next_if(|line| line.at <= at) {
                    Some(line) if line.at < at => return Err(beyond(idx, line)),
                    Some(line) => block.push((line.number, at, record)),
                    None => {} // nobody names it
                },
            }
            count += 1;
        }
        let looked: Vec<Result<Found, DataError>> =
            block.into_par_iter().map(|(number, at, record)| look(rec, number, at, &record)).collect();
        for record in looked {
            all.push(record?);
        }
        work.add((parts.at >> 20) - (begun >> 20));
    }
    match (idx, lines.next()) {
        (Some(idx), Some(line)) => Err(beyond(idx, line)),
        _ => Ok(all),
    }
}

fn look(rec: &Path, number: u64, at: u64, record: &[u8]) -> Result<Found, DataError> {
    let Header { flag, labels, end } = Header::of(record).map_err(|why| damaged(rec, format!("record {number}, at byte {at}: {why}")))?;
    let image = &record[end..];
    let size = decode::dimensions(image);
    Ok(Found { number, at, flag, labels, bytes: image.len() as u64, digest: Digest::of(image), size })
}

/// The records that are images, each with the number of its person.
fn images(rec: &Path, mut all: Vec<Found>) -> Result<Vec<(u64, Found)>, DataError> {
    let wrong = |why: String| damaged(rec, why);
    all.par_sort_unstable_by_key(|it| it.number);
    let is_header = |it: &Found| it.number == 0 && it.flag > 0 && it.bytes == 0;
    if all.first().is_some_and(is_header) {
        let header = all.remove(0);
        let ends = header.labels.map(whole);
        let ([Some(images), Some(people)], true) = (ends, header.flag >= 2) else {
            return Err(wrong("record 0 holds neither an image nor where images and people end".to_owned()));
        };
        if images < 1 || people < images {
            return Err(wrong(format!("record 0 says that images end before record {images} and people before record {people}")));
        }
        let last = all.partition_point(|it| it.number < people);
        if let Some(absent) = (1..people).zip(0..).find(|(number, at)| all[..last].get(*at).is_none_or(|it| it.number != *number)) {
            return Err(wrong(format!("record 0 says that there are records 1 to {}, and record {} is not there", people - 1, absent.0)));
        }
        let (first, behind) = (images as usize - 1, all.drain(..last).collect::<Vec<_>>());
        all = behind;
        for person in all.drain(first..) {
            let range = person.labels.map(whole);
            if person.flag < 2 || !matches!(range, [Some(from), Some(to)] if 1 <= from && from <= to && to <= images) {
                return Err(wrong(format!(
                    "record {} should name the images of a person, which are among records 1 to {}",
                    person.number,
                    images - 1
                )));
            }
        }
    }
    let person = |it: Found| match whole(it.labels[0]) {
        Some(person) => Ok((person, it)),
        None => Err(wrong(format!("the label of record {} is {}, which is no person's number", it.number, it.labels[0]))),
    };
    let images = all.into_iter().map(person).collect::<Result<Vec<_>, _>>()?;
    if images.is_empty() { Err(wrong("it holds no image".to_owned())) } else { Ok(images) }
}

/// What a file `property` says of the people, held against the images. What is not of its form says nothing.
fn knows_all(property: &Path, images: &[(u64, Found)]) -> Result<(), DataError> {
    let text = regular::text(property, Whole::Params).map_err(|error| unreadable(property, &error))?;
    let numbers: Vec<u64> = text.trim().split(',').map_while(|number| number.trim().parse().ok()).collect();
    let &[people, _, _] = &numbers[..] else { return Ok(()) };
    match images.iter().find(|(person, _)| *person >= people) {
        None => Ok(()),
        Some((person, it)) => {
            let why = format!("it says that people are numbered below {people}, and record {} shows number {person}", it.number);
            Err(DataError::File { file: property.to_owned(), why })
        }
    }
}
