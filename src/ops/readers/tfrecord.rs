//! TensorFlow's TFRecord: images in `tf.train.Example` messages.
//!
//! ```text
//!  record    the length of the bytes (u64), its sum (u32), the bytes, their sum (u32)
//!  sum       crc32c, turned right by 15 bits, and a constant added
//!  bytes     tf.train.Example: features by name, each a list of bytes, of floats or of whole numbers
//!  index     of TFace: lines of name, number of the file, place of the record, label, parted by tabulators; lines of pairs have two such
//! ```
//!
//! All numbers have their lowest byte first. Sources: TensorFlow's `record_writer.cc` and `example.proto`, TFace's `torchkit/data`.

use super::images::first;
use super::{Reading, Reads, Recognised, There};
use crate::data::decode::{self, is_picture};
use crate::data::example::{Example, Feature, masked};
use crate::data::held::{damaged, numbered, unreadable};
use crate::data::probe::{Digest, FileFacts, Probe, ProbeCache, beside};
use crate::data::readers::{Read, Telling, begins_as_text, called, told_of};
use crate::data::shards::{Shards, Twins, shards};
use crate::data::writers::{Container, Written};
use crate::data::{At, DataError, Lies, Look, told};
use crate::lang::types::Type;
use crate::meter;
use crate::ops::data::columns_of;
use crate::ops::refs::{Columns, FilePath};
use crate::regular::{self, Whole};
use crate::text::quoted;
use prost::Message;
use prost::bytes::Bytes;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

crate::reader! {
    /// The images of TFRecord files with `tf.train.Example` messages, and TFace's training sets.
    ///
    /// The image is the feature of one value that holds a picture, or has the name of one (`image/encoded`, `image`, `image_raw`, `img`, `encoded`, `jpeg`); where there
    /// are several `image` names it. The person is the feature `identity`, `label`, `image/class/label` or what else is named so; `identity` names another. Both sums of every record are
    /// compared. Images are called by their feature and the number of their record: `image/00000345`. A text names a person as it is, and a number has eight digits.
    ///
    /// Several files are one data set: a row of them (`"train-{00000..00143}-of-00144.tfrecord"`), or a folder of files with `.tfrecord` in their names. Of TFace the index is named
    /// (lines of name, file, place and label, or two such of a pair), and its records lie in `root`, the folder of the index where nothing is said: `NAME/NAME-00000.tfrecord`.
    ///
    /// Other features of one value (a whole number, a number, a text of up to 200 bytes) are attributes, with the types that `schema` gives them; of `face/yaw` it is enough to say `yaw`.
    /// One that an image does not have is a missing value. They stay in memory, equal ones once: what differs from image to image takes room.
    pub struct TfRecord("tfrecord", 2, |call| Type::Dataset(columns_of(call))) {
        /// The file, a row of files, a folder of them, or TFace's index.
        path: FilePath;
        /// The folder of the records that an index names; without one the index's own.
        root: Option<FilePath> = None;
        /// The feature with the image.
        image: Option<String> = None;
        /// The feature with the person.
        identity: Option<String> = None;
        /// The types of attributes, which are features.
        schema: Columns = Columns::default();
    }
    changes = [(2, "a person who is named by a text of digits has that name, and not a number of eight digits")];
}

/// Whether a file is one of these, by its name: they begin as nothing else can be told by.
fn is_one(name: &str) -> bool {
    name.contains(".tfrecord") && ![".idx", ".index", ".json", ".txt"].iter().any(|other| name.ends_with(other))
}

impl Reading for TfRecord {
    const WRITTEN: Written = Written::As(&[Container::TfRecord, Container::Tface]);

    const READS: Option<Reads> = Some(Reads { path: "path", below: Some("root"), look: Look { lies: Lies::Anything, probe } });

    fn recognises(path: &Path) -> Recognised {
        let is_named = |file: PathBuf| file.file_name().and_then(|name| name.to_str()).is_some_and(is_one);
        let records = |line: &str| matches!(line.split('\t').collect::<Vec<_>>()[..], [name, shard, ..] if record(&beside(path), name, shard).is_file());
        Recognised::surely(first(path, is_one).is_some_and(is_named) || index_line(path).is_some_and(|line| records(&line)))
    }

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: self.root.as_ref(), said: self.said() })
    }

    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
        let probe = probe(at, cache)?;
        let schema = self.schema.types()?;
        let (image, identity) = (self.image.as_deref(), self.identity.as_deref());
        let telling = Telling { reader: "tfrecord", called: "feature", image, identity, schema: &schema };
        told_of(Shards::open(at.path, &Sources::of(at)?.records)?, probe, &telling)
    }
}

/// Names of features that are images whatever they hold.
const IMAGES: [&str; 6] = ["image/encoded", "image", "image_raw", "img", "encoded", "jpeg"];

/// Bytes of records that are looked at side by side.
const BLOCK: usize = 16 << 20;

/// Bytes of a line of an index.
const LONGEST_LINE: u64 = 2000;

/// Which records there are.
struct Sources {
    /// The files with records.
    records: Vec<PathBuf>,
    /// The index that names them.
    index: Option<Index>,
}

/// What an index says.
struct Index {
    file: PathBuf,
    /// Of each file, in the order of their places.
    named: Vec<Vec<Named>>,
}

/// A record that an index names.
struct Named {
    at: u64,
    label: u64,
    line: u64,
}

impl Sources {
    fn of(At { path, below }: At<'_>) -> Result<Self, DataError> {
        if !path.is_file() || !is_index(path) {
            return Ok(Sources { records: shards(path, is_one)?, index: None });
        }
        begins_as_text(path)?;
        let (records, named) = index(path, &below.map_or_else(|| beside(path), Path::to_owned))?;
        Ok(Sources { records, index: Some(Index { file: path.to_owned(), named }) })
    }
}

/// Whether a file is an index: it has a line of at least four fields.
fn is_index(path: &Path) -> bool {
    index_line(path).is_some()
}

/// The first line of a file that may be an index.
fn index_line(path: &Path) -> Option<String> {
    let mut line = Vec::new();
    let file = regular::open(path).ok()?;
    BufReader::new(file.take(LONGEST_LINE)).read_until(b'\n', &mut line).ok()?;
    String::from_utf8(line).ok().filter(|line| !line.contains('\0') && line.split('\t').count() >= 4)
}

/// Where the records of a name and a number lie.
fn record(root: &Path, name: &str, shard: impl std::fmt::Display) -> PathBuf {
    root.join(name).join(format!("{name}-{shard:0>5}.tfrecord"))
}

/// The files that an index names, and the records of each.
fn index(file: &Path, root: &Path) -> Result<(Vec<PathBuf>, Vec<Vec<Named>>), DataError> {
    let wrong = |line, why: String| DataError::Line { file: file.to_owned(), line, why };
    let unreadable = |error: io::Error| unreadable(file, &error);
    let open = regular::open(file).and_then(|open| Whole::List.takes(open.metadata()?.len()).map(|()| open)).map_err(unreadable)?;
    let (mut lines, mut bytes) = (BufReader::new(open), Vec::new());
    let mut all: BTreeMap<(String, u32), Vec<Named>> = BTreeMap::new();
    for line in 1.. {
        bytes.clear();
        if lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(unreadable)? == 0 {
            break;
        }
        let text = std::str::from_utf8(&bytes).unwrap_or("\u{fffd}").trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            continue;
        }
        let fields: Vec<&str> = text.split('\t').collect();
        if fields.len() != 4 && fields.len() != 8 {
            return Err(wrong(line, format!("{} is not name, file, place and label of an image, nor of a pair of them", quoted(text))));
        }
        for four in fields.chunks(4) {
            let number =
                |at: usize| four[at].parse::<u64>().map_err(|_| wrong(line, format!("{} is no whole number from 0 on", quoted(four[at]))));
            let (at, label) = (number(2)?, number(3)?);
            let shard = u32::try_from(number(1)?).map_err(|_| wrong(line, format!("{} is no number of a file", quoted(four[1]))))?;
            if four[0].is_empty() || four[0].contains(['/', '\\', '\0', '\u{fffd}']) || four[0].starts_with('.') {
                return Err(wrong(line, format!("{} is no name of a folder", quoted(four[0]))));
            }
            all.entry((four[0].to_owned(), shard)).or_default().push(Named { at, label, line });
        }
    }
    let mut named = Vec::with_capacity(all.len());
    let mut records = Vec::with_capacity(all.len());
    for ((name, shard), mut of) in all {
        of.par_sort_unstable_by_key(|it| (it.at, it.line));
        if let Some(two) = of.windows(2).find(|two| two[0].at == two[1].at && two[0].label != two[1].label) {
            return Err(wrong(
                two[1].line,
                format!("the record has label {}, and in line {} it has {}", two[1].label, two[0].line, two[0].label),
            ));
        }
        of.dedup_by_key(|it| it.at); // an image of several pairs
        records.push(record(root, &name, shard));
        named.push(of);
    }
    if records.is_empty() { Err(damaged(file, "it names no record".to_owned())) } else { Ok((records, named)) }
}

/// The images of records.
fn probe(at: At<'_>, cache: &ProbeCache) -> Result<Arc<Probe>, DataError> {
    let below = at.below.map_or_else(|| beside(at.path), Path::to_owned);
    let at = At { below: Some(&below), ..at };
    let Sources { records, index } = Sources::of(at)?;
    let files: Vec<PathBuf> = index.iter().map(|index| index.file.clone()).chain(records.iter().cloned()).collect();
    cache.inside(at, &files, || {
        let shards = Shards::open(at.path, &records)?;
        let (mut found, mut twins) = (Found::default(), Twins::default());
        for (number, (begins, path)) in shards.files().enumerate() {
            let pack = shards.pack(number)?;
            let named = index.as_ref().and_then(|index| Some((&*index.file, index.named.get(number)?.as_slice())));
            let before = found.all.len();
            found.add(path, begins, pack.reader(), pack.length(), named)?;
            twins.meet(path, &found.all[before..])?;
        }
        if found.all.is_empty() { Err(damaged(at.path, "it holds no image".to_owned())) } else { Ok(found.all) }
    })
}

/// Images that were found.
#[derive(Default)]
struct Found {
    all: Vec<FileFacts>,
    /// The features that are images, as the first record tells.
    images: Vec<String>,
    told: told::Shared,
    /// How many records there were.
    count: u64,
}

/// A record: its number, the place of its bytes, these, and what an index calls the person.
struct Record {
    number: u64,
    at: u64,
    bytes: Bytes,
    label: Option<u64>,
}

impl Found {
    /// The images of one file, whose bytes are counted from a place on; those that an index names, if there is one.
    fn add(
        &mut self,
        path: &Path,
        begins: u64,
        reader: impl io::Read,
        length: u64,
        named: Option<(&Path, &[Named])>,
    ) -> Result<(), DataError> {
        let mut frames = Frames { path, reader, at: 0, length };
        let mut lines = named.map(|(_, named)| named.iter().peekable());
        let beyond = |it: &Named| {
            let why = format!("no record begins at byte {} of {}, which has {length} bytes", it.at, path.display());
            DataError::Line { file: named.map_or(path, |(file, _)| file).to_owned(), line: it.line, why }
        };
        let work = meter::begin("reading records", "MiB", length >> 20);
        while frames.at < length {
            let (begun, mut block, mut bytes) = (frames.at, Vec::new(), 0);
            while frames.at < length && bytes < BLOCK {
                let at = frames.at;
                let record = frames.record()?;
                bytes += record.len();
                let record = Record { number: self.count, at: begins + at + 12, bytes: record.into(), label: None };
                self.count += 1;
                match lines.as_mut().map(|lines| lines.next_if(|line| line.at <= at)) {
                    None => block.push(record),
                    Some(Some(line)) if line.at < at => return Err(beyond(line)),
                    Some(Some(line)) => block.push(Record { label: Some(line.label), ..record }),
                    Some(None) => {} // nobody names it
                }
            }
            if self.images.is_empty()
                && let Some(first) = block.first()
            {
                self.images = images(path, first)?;
            }
            let looked: Vec<Vec<Image>> =
                block.into_par_iter().map(|record| look(path, &self.images, &record)).collect::<Result<_, _>>()?;
            for Image { facts, told } in looked.into_iter().flatten() {
                self.all.push(FileFacts { told: Some(self.told.of(&told)).filter(|told| !told.is_empty()), ..facts });
            }
            work.add((frames.at >> 20) - (begun >> 20));
        }
        lines.and_then(|mut lines| lines.next()).map_or(Ok(()), |line| Err(beyond(line)))
    }
}

/// The records of a file, one after the other.
struct Frames<'a, R> {
    path: &'a Path,
    reader: R,
    at: u64,
    length: u64,
}

impl<R: io::Read> Frames<'_, R> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), DataError> {
        self.reader.read_exact(bytes).map_err(|error| unreadable(self.path, &error))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// The bytes of the record that begins here, of which no more is allocated than the file has.
    fn record(&mut self) -> Result<Vec<u8>, DataError> {
        let (at, path) = (self.at, self.path);
        let wrong = |why: String| damaged(path, why);
        let cut = || wrong(format!("it ends in the middle of the record that begins at byte {at}"));
        if self.length - at < 16 {
            return Err(cut());
        }
        let (mut length, mut sum) = ([0; 8], [0; 4]);
        self.fill(&mut length)?;
        self.fill(&mut sum)?;
        if masked(&length) != u32::from_le_bytes(sum) {
            return Err(wrong(match length {
                [0x1f, 0x8b, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] if at == 0 => {
                    "it is compressed; images are read from their places, so write it without".to_owned()
                }
                _ if at == 0 => "it is no TFRecord file, or is damaged: the sum of the first length is another".to_owned(),
                _ => format!("the sum of the length of the record at byte {at} is another: it is damaged"),
            }));
        }
        let length = u64::from_le_bytes(length);
        if length > self.length - self.at - 4 {
            return Err(cut());
        }
        Whole::Image.takes(length).map_err(|error| wrong(format!("the record at byte {at}: {error}")))?;
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        self.fill(&mut sum)?;
        if masked(&bytes) == u32::from_le_bytes(sum) {
            Ok(bytes)
        } else {
            Err(wrong(format!("the sum of the record at byte {at} is another: it is damaged")))
        }
    }
}

fn features(path: &Path, record: &Record) -> Result<BTreeMap<String, Feature>, DataError> {
    let example = Example::decode(record.bytes.clone());
    let example = example.map_err(|_| damaged(path, format!("record {} is no tf.train.Example", record.number)))?;
    Ok(example.features.unwrap_or_default().feature)
}

/// Whether a feature is an image, as the first record tells.
fn is_image(feature: &Feature, name: &str) -> bool {
    feature.bytes().is_some_and(|bytes| IMAGES.contains(&name) || is_picture(bytes))
}

/// The features of the first record that are images.
fn images(path: &Path, record: &Record) -> Result<Vec<String>, DataError> {
    let features = features(path, record)?;
    let names: Vec<String> = features.iter().filter(|(name, feature)| is_image(feature, name)).map(|(name, _)| name.clone()).collect();
    if names.is_empty() {
        let known: Vec<String> = features.keys().take(12).map(|name| quoted(name)).collect();
        let known = if known.is_empty() { "it has none".to_owned() } else { known.join(", ") };
        return Err(damaged(path, format!("no feature of record {} is an image ({known})", record.number)));
    }
    Ok(names)
}

/// An image, and what its record says of it.
struct Image {
    facts: FileFacts,
    told: String,
}

/// The images of a record.
fn look(path: &Path, images: &[String], record: &Record) -> Result<Vec<Image>, DataError> {
    let features = features(path, record)?;
    let others =
        features.iter().filter(|(name, _)| !images.contains(name)).filter_map(|(name, feature)| Some((name.as_str(), feature.text()?)));
    let label = record.label.map(|label| ("label", numbered(label)));
    let told = told::join(others.filter(|(name, _)| label.is_none() || *name != "label").chain(label.clone()));
    let image = |name: &String| {
        let bytes = features.get(name).and_then(Feature::bytes);
        let bytes = bytes.ok_or_else(|| damaged(path, format!("record {} has no image in its feature {}", record.number, quoted(name))))?;
        let within = bytes.as_ptr().addr().wrapping_sub(record.bytes.as_ptr().addr());
        if record.bytes.get(within..).is_none_or(|rest| !rest.starts_with(bytes)) {
            return Err(damaged(path, format!("record {} has its image in several pieces", record.number)));
        }
        let facts = FileFacts {
            path: called(name, record.number),
            offset: record.at + within as u64,
            bytes: bytes.len() as u64,
            digest: Digest::of(bytes),
            size: decode::dimensions(bytes),
            told: None,
        };
        Ok(Image { facts, told: told.clone() })
    };
    images.iter().map(image).collect()
}
