//! Images in an LMDB database.

use super::folder::{pattern_complaints, rule};
use super::images::has;
use super::{Reading, Reads, Recognised, There};
use crate::data::decode::{self, is_picture};
use crate::data::held::{Pack, damaged, numbered, unreadable};
use crate::data::lmdb::{Entry, MAGIC, entries};
use crate::data::probe::{Digest, FileFacts, Probe, ProbeCache};
use crate::data::readers::{self, Read};
use crate::data::writers::{Container, Written};
use crate::data::{At, DataError, Lies, Look};
use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::meter;
use crate::ops::data::columns_of;
use crate::ops::refs::{Columns, FilePath};
use crate::pattern::Patterns;
use crate::regular::{self, Whole};
use crate::text::quoted;
use prost::Message;
use prost::bytes::Bytes;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

crate::reader! {
    /// The images of an LMDB database: values that are encoded images, or Caffe's `Datum` with such.
    ///
    /// The key is the name of the image, and tells the person as the path in an `image_folder` does: without a pattern by its first component (`ann/0001.jpg`). What else tells the person
    /// stands in front of the key, a number with eight digits (`00000042/0001`): the label of a `Datum`; the value of `label-000000001` for the key `image-000000001`; and, for all
    /// that they name, the lines of a text `labels.txt` in the folder of the database, each a key and a person with a space or a tabulator between; a line names a key that is there.
    ///
    /// `__keys__`, `__len__` and what else begins so, `num-samples` and `length` are no images; where they say how many there are, so many must be there. Values that hold more than an image (pickles, raw pixels) are refused, and so
    /// are databases within the database. It is read without a lock from its places; if another program writes to it meanwhile, that is an error.
    pub struct Lmdb("lmdb", 1, |call| Type::Dataset(columns_of(call))) {
        /// The folder with `data.mdb`, or the file.
        path: FilePath;
        /// A regular expression over the key, with what stands in front of it, whose group `identity` is the person.
        identity: Option<String> = None;
        /// The types of attributes that other groups of the pattern give; a group that takes no part in a match is a missing value.
        schema: Columns = Columns::default();
    }
}

impl Reading for Lmdb {
    const WRITTEN: Written = Written::As(&[Container::Lmdb]);

    const READS: Option<Reads> =
        Some(Reads { path: "path", below: None, look: Look { lies: Lies::Anything, probe: |at, cache| probe(at.path, cache) } });

    fn complaints(call: &Call, patterns: &mut Patterns) -> Vec<Complaint> {
        pattern_complaints(call, patterns)
    }

    fn recognises(path: &Path) -> Recognised {
        // the mark stands behind the head of the first page
        Recognised::surely(has(&database(path), 16, &MAGIC.to_le_bytes()))
    }

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: None, said: self.said() })
    }

    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
        let probe = probe(at.path, cache)?;
        readers::held(Pack::open(&database(at.path))?, probe, &rule(self.identity.as_deref())?, &self.schema.types()?)
    }
}

/// How Caffe keeps an image.
#[derive(Clone, PartialEq, Message)]
struct Datum {
    #[prost(bytes = "bytes", optional, tag = "4")]
    data: Option<Bytes>,
    #[prost(int32, optional, tag = "5")]
    label: Option<i32>,
    #[prost(bool, tag = "7")]
    encoded: bool,
}

/// The file of a database.
fn database(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("data.mdb") } else { path.to_owned() }
}

/// The images of a database.
fn probe(path: &Path, cache: &ProbeCache) -> Result<Arc<Probe>, DataError> {
    let file = database(path);
    let labels = file.with_file_name("labels.txt");
    let labels = std::fs::symlink_metadata(&labels).is_ok().then_some(labels);
    let files: Vec<PathBuf> = std::iter::once(file.clone()).chain(labels.clone()).collect();
    cache.inside(At { path, below: None }, &files, || {
        let pack = Pack::open(&file)?;
        let mut all = Vec::new();
        for entry in entries(&file, &pack)? {
            all.push((key(&file, &entry)?, entry));
        }
        let known = labels.as_deref().map(|labels| listed(labels, &all)).transpose()?;
        let people = people(&file, &pack, &all, known.unwrap_or_default())?;
        let counts = counted(&file, &pack, &all)?;
        all.retain(|(key, _)| is_image(key));
        let Some((first, entry)) = all.first() else { return Err(damaged(path, "it holds no image".to_owned())) };
        if let Some((key, said)) = counts.into_iter().find(|(_, said)| *said != all.len() as u64) {
            return Err(damaged(&file, format!("{} says that it holds {said} images, and {} are there", quoted(&key), all.len())));
        }
        let work = meter::begin("reading databases", "images", all.len() as u64);
        let of = Looking { file: &file, pack: &pack, people: &people, is_datum: is_datum(&file, &pack, first, entry)? };
        all.par_iter().map(|(key, entry)| of.look(key, entry).inspect(|_| work.add(1))).collect()
    })
}

/// The key of an entry, as a text.
fn key(file: &Path, entry: &Entry) -> Result<String, DataError> {
    let key = std::str::from_utf8(&entry.key).ok().filter(|key| !key.is_empty() && !key.contains('\0'));
    let key = key.ok_or_else(|| damaged(file, format!("a key is no text ({:02x?})", &entry.key[..entry.key.len().min(8)])))?;
    if entry.is_tree {
        return Err(damaged(file, format!("{} is a database within it, or has several values; neither is read", quoted(key))));
    }
    if key.starts_with('/') || key.split('/').any(|part| part == "..") {
        return Err(damaged(file, format!("the key {} leads out of the database: a key is the name of an image", quoted(key))));
    }
    Ok(key.to_owned())
}

/// Whether what a key names is an image.
fn is_image(key: &str) -> bool {
    !(key.starts_with("__") || key.starts_with("label-") || ["num-samples", "length"].contains(&key))
}

/// Keys whose values say how many images there are.
const COUNTS: [&str; 3] = ["num-samples", "length", "__len__"];

/// What a database says of how many images it holds, where that is a number in digits.
fn counted(file: &Path, pack: &Pack, all: &[(String, Entry)]) -> Result<Vec<(String, u64)>, DataError> {
    let mut said = Vec::new();
    for (key, entry) in all.iter().filter(|(key, entry)| COUNTS.contains(&&**key) && entry.bytes <= LONGEST_LABEL) {
        let text = String::from_utf8(pack.read(entry.at, entry.bytes)?).ok();
        let number = text.as_deref().map(str::trim).and_then(|text| text.parse().ok());
        match number {
            Some(number) => said.push((key.clone(), number)),
            None if key.starts_with("__") => {} // a pickle, as loaders of PyTorch have it
            None => return Err(damaged(file, format!("{} should say in digits how many images there are", quoted(key)))),
        }
    }
    Ok(said)
}

/// What names the person of an image, by its key; a number has eight digits.
fn people(file: &Path, pack: &Pack, all: &[(String, Entry)], known: HashMap<String, String>) -> Result<HashMap<String, String>, DataError> {
    let mut people = known;
    for (key, entry) in all {
        let Some(number) = key.strip_prefix("label-") else { continue };
        let value = if entry.bytes <= LONGEST_LABEL { String::from_utf8(pack.read(entry.at, entry.bytes)?).ok() } else { None };
        let person = value.as_deref().and_then(person);
        let wrong = || damaged(file, format!("{} should hold the name or the number of a person", quoted(key)));
        people.entry(format!("image-{number}")).or_insert(person.ok_or_else(wrong)?);
    }
    Ok(people)
}

/// A label has at most so many bytes.
const LONGEST_LABEL: u64 = 200;

/// A person as a text calls them.
fn person(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.contains(['/', '\n', '\0'])).then(|| text.parse().map_or_else(|_| text.to_owned(), numbered))
}

/// The people of a text with keys, each of which is one of the database's.
fn listed(file: &Path, entries: &[(String, Entry)]) -> Result<HashMap<String, String>, DataError> {
    let text = regular::text(file, Whole::List).map_err(|error| unreadable(file, &error))?;
    let keys: HashSet<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
    let mut all = HashMap::new();
    for (line, at) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let wrong = |why: String| DataError::Line { file: file.to_owned(), line: at, why };
        let line = line.trim();
        let pair = line.split_once('\t').or_else(|| line.rsplit_once(' ')).and_then(|(key, who)| Some((key.trim(), person(who)?)));
        let (key, who) = pair.ok_or_else(|| wrong(format!("{} is not a key and a person", quoted(line))))?;
        if !keys.contains(key) {
            return Err(wrong(format!("{} is no key of the database", quoted(key))));
        }
        if all.insert(key.to_owned(), who).is_some() {
            return Err(wrong(format!("{} stands there twice", quoted(key))));
        }
    }
    Ok(all)
}

/// Whether values are Caffe's, as the first tells.
fn is_datum(file: &Path, pack: &Pack, key: &str, entry: &Entry) -> Result<bool, DataError> {
    let bytes = value(file, pack, key, entry)?;
    let refused =
        |what: &str| Err(damaged(file, format!("the value of {} is {what}; only encoded images are read (JPEG, PNG, …)", quoted(key))));
    if is_picture(&bytes) {
        return Ok(false);
    }
    match Datum::decode(Bytes::from(bytes.clone())) {
        Ok(datum) if datum.data.as_ref().is_some_and(|data| datum.encoded || is_picture(data)) => Ok(true),
        Ok(datum) if datum.data.is_some() && datum.label.is_some() => refused("a Datum with raw pixels"),
        _ if bytes.first() == Some(&0x80) && bytes.last() == Some(&b'.') => refused("a pickle"),
        _ => Ok(false), // an image that can't be decoded
    }
}

/// The bytes of a value.
fn value(file: &Path, pack: &Pack, key: &str, entry: &Entry) -> Result<Vec<u8>, DataError> {
    Whole::Image.takes(entry.bytes).map_err(|error| damaged(file, format!("{}: {error}", quoted(key))))?;
    pack.read(entry.at, entry.bytes)
}

/// How values are looked at.
struct Looking<'a> {
    file: &'a Path,
    pack: &'a Pack,
    people: &'a HashMap<String, String>,
    is_datum: bool,
}

impl Looking<'_> {
    fn look(&self, key: &str, entry: &Entry) -> Result<FileFacts, DataError> {
        let bytes = Bytes::from(value(self.file, self.pack, key, entry)?);
        let (image, label) = if self.is_datum { self.datum(key, &bytes)? } else { (bytes.clone(), None) };
        let within = image.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr()) as u64;
        let who = self.people.get(key).cloned().or(label);
        let path = who.map_or_else(|| key.to_owned(), |who| format!("{who}/{key}"));
        let (digest, size) = (Digest::of(&image), decode::dimensions(&image));
        Ok(FileFacts { path: path.into(), offset: entry.at + within, bytes: image.len() as u64, digest, size, told: None })
    }

    /// The image in a value of Caffe's, and its person.
    fn datum(&self, key: &str, bytes: &Bytes) -> Result<(Bytes, Option<String>), DataError> {
        let datum = Datum::decode(bytes.clone()).ok();
        let label =
            datum.as_ref().and_then(|datum| datum.label).map(|label| u64::try_from(label).map_or_else(|_| label.to_string(), numbered));
        match datum.and_then(|datum| datum.data) {
            Some(data) if !data.is_empty() => Ok((data, label)),
            _ => Err(damaged(self.file, format!("the value of {} is no Datum with an image, as that of the first key is", quoted(key)))),
        }
    }
}
