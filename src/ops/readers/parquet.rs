//! Images in Parquet files, as Hugging Face's data sets are.

use super::images::{first, has};
use super::{Reading, Reads, Recognised, There};
use crate::data::columnar::{Column, File, Holds, Rows, Value};
use crate::data::decode::{self, is_picture};
use crate::data::held::damaged;
use crate::data::probe::{Digest, FileFacts, Probe, ProbeCache};
use crate::data::readers::{Read, Telling, called, told_of};
use crate::data::shards::{Shards, Twins, ends, shards};
use crate::data::writers::{Container, Written};
use crate::data::{At, DataError, Lies, Look, told};
use crate::lang::types::Type;
use crate::meter;
use crate::ops::data::columns_of;
use crate::ops::refs::{Columns, FilePath};
use crate::regular::Whole;
use crate::text::quoted;
use indexmap::IndexMap;
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

crate::reader! {
    /// The images of Parquet files, as Hugging Face's data sets are.
    ///
    /// The image is a column of bytes that holds pictures: such a column, or the part `bytes` of one (`image.bytes`, which is called `image`). Where there are several `image` names one.
    /// The person is the column `identity`, `label` or what else is named so; `identity` names another. A label whose names the file knows (`ClassLabel`) has its name, a text names a person as it is, and
    /// a number has eight digits. Images are called by their column and the number of their row: `image/00000345`. Several files are one data set: a row of them
    /// (`"train-{00000..00007}-of-00008.parquet"`), or a folder of them.
    ///
    /// Other columns of one value (numbers, yes and no, texts of up to 200 bytes) are attributes, with the types that `schema` gives them; of the part `yaw` of `pose` it is enough to say `yaw`. They
    /// stay in memory, equal ones once: what differs from image to image takes room.
    ///
    /// Images are packed together in pages, and a page is decoded for one of its images. The last 64 MiB are kept: rows in their order cost little, rows in any order a page each. Arrow packs up to
    /// 1024 images into a page (or a group of rows) where nobody says otherwise; with `write_batch_size = 16` and `data_page_size = 65536` it makes pages of a few, which are read forty
    /// times as fast in any order. Pages are compressed by Snappy, Zstandard, gzip or LZ4, or not at all.
    pub struct Parquet("parquet", 2, |call| Type::Dataset(columns_of(call))) {
        /// The file, a row of files, or a folder of them.
        path: FilePath;
        /// The column with the image.
        image: Option<String> = None;
        /// The column with the person.
        identity: Option<String> = None;
        /// The types of attributes, which are columns.
        schema: Columns = Columns::default();
    }
    changes = [(2, "a person who is named by a text of digits has that name, and not a number of eight digits")];
}

impl Reading for Parquet {
    const WRITTEN: Written = Written::As(&[Container::Parquet]);

    const READS: Option<Reads> =
        Some(Reads { path: "path", below: None, look: Look { lies: Lies::Anything, probe: |at, cache| probe(at.path, cache) } });

    fn recognises(path: &Path) -> Recognised {
        Recognised::surely(first(path, is_one).is_some_and(|file| has(&file, 0, b"PAR1")))
    }

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: None, said: self.said() })
    }

    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
        let probe = probe(at.path, cache)?;
        let schema = self.schema.types()?;
        let (image, identity) = (self.image.as_deref(), self.identity.as_deref());
        let telling = Telling { reader: "parquet", called: "column", image, identity, schema: &schema };
        let name = telling.image(&probe)?;
        let files = files(at.path)?;
        let shards = Shards::open(at.path, &files)?;
        let mut groups = Vec::new();
        for (number, path) in files.iter().enumerate() {
            let file = File::open(path, shards.pack(number)?)?;
            let columns = file.columns();
            let column = columns.iter().find(|column| column.holds == Holds::Bytes && image_name(column) == name);
            let column = column.ok_or_else(|| DataError::Changed { path: path.clone() })?; // all had it when they were probed
            groups.extend((0..file.groups().count()).map(|group| (number, file.chunk(group, column))));
        }
        told_of(Rows::new(shards, groups), probe, &telling)
    }
}

/// Names of columns that are images whatever they hold.
const IMAGES: [&str; 5] = ["image", "img", "face", "jpg", "picture"];

/// Whether a file of a folder is one of these, by its name.
fn is_one(name: &str) -> bool {
    ends(name, "parquet")
}

fn files(path: &Path) -> Result<Vec<std::path::PathBuf>, DataError> {
    shards(path, is_one)
}

/// What the images of a column are called by: the part with the bytes goes without saying.
fn image_name(column: &Column) -> &str {
    column.name.strip_suffix("/bytes").unwrap_or(&column.name)
}

/// The images of files.
fn probe(path: &Path, cache: &ProbeCache) -> Result<Arc<Probe>, DataError> {
    let files = files(path)?;
    cache.inside(At { path, below: None }, &files, || {
        let shards = Shards::open(path, &files)?;
        let (mut all, mut rows, mut images, mut shared): (Vec<FileFacts>, _, _, _) = (Vec::new(), 0, None, told::Shared::default());
        let mut twins = Twins::default();
        let mut labels: Option<Vec<Vec<String>>> = None;
        for (number, path) in files.iter().enumerate() {
            let file = File::open(path, shards.pack(number)?)?;
            let of = Looking::of(path, &file)?;
            let names: Vec<String> = of.images.iter().map(|column| image_name(column).to_owned()).collect();
            match &images {
                None => images = Some(names),
                Some(first) if *first == names => {}
                Some(first) => {
                    return Err(damaged(
                        path,
                        format!("its images are in {}, and those of the first file in {}", listed(&names), listed(first)),
                    ));
                }
            }
            let named: Vec<Vec<String>> = of.others.iter().map(|(_, names)| names.clone()).collect();
            if labels.get_or_insert_with(|| named.clone()).iter().flatten().ne(named.iter().flatten()) {
                return Err(damaged(path, "its labels have other names than those of the first file".to_owned()));
            }
            let begins = rows;
            let mut groups = Vec::new();
            for (group, count) in file.groups().enumerate() {
                groups.push((group, rows));
                rows += count;
            }
            let work = meter::begin("reading groups of rows", "images", rows - begins);
            let found: Vec<Vec<(FileFacts, String)>> = groups
                .into_par_iter()
                .map(|(group, row)| of.group(group, row).inspect(|found| work.add(found.len() as u64)))
                .collect::<Result<_, _>>()?;
            let with =
                |(facts, told): (FileFacts, String)| FileFacts { told: Some(shared.of(&told)).filter(|told| !told.is_empty()), ..facts };
            let before = all.len();
            all.extend(found.into_iter().flatten().map(with));
            twins.meet(path, &all[before..])?;
        }
        if all.is_empty() { Err(damaged(path, "it holds no image".to_owned())) } else { Ok(all) }
    })
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// What is read of a file.
struct Looking<'a> {
    path: &'a Path,
    file: &'a File,
    images: Vec<Column>,
    /// Other columns, with the names of the labels in them.
    others: Vec<(Column, Vec<String>)>,
}

impl<'a> Looking<'a> {
    fn of(path: &'a Path, file: &'a File) -> Result<Self, DataError> {
        let columns = file.columns();
        let mut images = Vec::new();
        for column in columns.iter().filter(|column| column.holds == Holds::Bytes) {
            if column.name.ends_with("/bytes") || IMAGES.contains(&&*column.name) || begins_as_picture(file, column)? {
                images.push(column.clone());
            }
        }
        if images.is_empty() {
            let known: Vec<String> = columns.into_iter().map(|column| column.name).collect();
            return Err(damaged(
                path,
                format!("no column of it holds images ({})", if known.is_empty() { "it has none".to_owned() } else { listed(&known) }),
            ));
        }
        let labels = labels(path, file)?;
        let is_path = |name: &str| name.strip_suffix("/path").is_some_and(|of| images.iter().any(|image| image_name(image) == of));
        let others = columns.into_iter().filter(|column| column.holds != Holds::Bytes && !is_path(&column.name));
        let others = others
            .map(|column| (labels.get(&column.name).cloned().unwrap_or_default(), column))
            .map(|(names, column)| (column, names))
            .collect();
        Ok(Looking { path, file, images, others })
    }

    /// The images of a group, whose first row has this number, and what is said of them.
    fn group(&self, group: usize, first: u64) -> Result<Vec<(FileFacts, String)>, DataError> {
        let mut told: Vec<Vec<(&str, String)>> = Vec::new();
        for (column, names) in &self.others {
            let mut row = 0;
            self.file.values(group, column, |values| {
                for value in values {
                    if told.len() == row {
                        told.push(Vec::new());
                    }
                    let wrong = |label| {
                        let row = first + row as u64;
                        let why = format!(
                            "row {row} has the label {label} in its column {}, which has names of {}",
                            quoted(&column.name),
                            names.len()
                        );
                        damaged(self.path, why)
                    };
                    if let Some(value) = text(value, names).map_err(wrong)? {
                        told[row].push((&column.name, value));
                    }
                    row += 1;
                }
                Ok(())
            })?;
        }
        let told: Vec<String> = told.into_iter().map(told::join).collect();
        let mut all = Vec::new();
        for column in &self.images {
            let (name, mut row) = (image_name(column), 0);
            self.file.values(group, column, |values| {
                let look = |(value, at): (Value, usize)| {
                    let number = first + at as u64;
                    let bytes = match value {
                        Value::Bytes(bytes) => bytes,
                        Value::Text(_) | Value::Null => {
                            let why = "whose bytes must be in the file, and not only where they lie";
                            return Err(damaged(self.path, format!("row {number} has no image in its column {}, {why}", quoted(name))));
                        }
                    };
                    Whole::Image.takes(bytes.len() as u64).map_err(|error| damaged(self.path, format!("row {number}: {error}")))?;
                    let (digest, size) = (Digest::of(bytes.data()), decode::dimensions(bytes.data()));
                    let facts =
                        FileFacts { path: called(name, number), offset: number, bytes: bytes.len() as u64, digest, size, told: None };
                    Ok((facts, told.get(at).cloned().unwrap_or_default()))
                };
                let count = values.len();
                let found: Vec<(FileFacts, String)> = values.into_par_iter().zip(row..row + count).map(look).collect::<Result<_, _>>()?;
                all.extend(found);
                row += count;
                Ok(())
            })?;
        }
        Ok(all)
    }
}

/// Whether the first bytes of a column are a picture.
fn begins_as_picture(file: &File, column: &Column) -> Result<bool, DataError> {
    Ok(matches!(file.first(column)?, Some(Value::Bytes(bytes)) if is_picture(bytes.data())))
}

/// A value as a text; a label by its name, if labels have names.
///
/// # Errors
/// A label that has none among them. One below 0 says that there is no label.
fn text(value: Value, names: &[String]) -> Result<Option<String>, usize> {
    Ok(match value {
        Value::Null => None,
        Value::Bytes(bytes) if bytes.len() <= told::LONGEST => String::from_utf8(bytes.data().to_vec()).ok().map(told::text),
        Value::Bytes(_) => None,
        Value::Text(text) => match text.parse::<usize>().ok().filter(|_| !names.is_empty()) {
            Some(label) => Some(told::text(names.get(label).cloned().ok_or(label)?)),
            None => Some(text),
        },
    })
}

/// The names of labels by their columns, as Hugging Face leaves them in a file.
///
/// # Errors
/// Names that are no texts, or two labels of one name.
fn labels(path: &Path, file: &File) -> Result<IndexMap<String, Vec<String>>, DataError> {
    let note = file.note("huggingface").and_then(|note| serde_json::from_str::<serde_json::Value>(note).ok()).unwrap_or_default();
    let Some(features) = note["info"]["features"].as_object() else { return Ok(IndexMap::new()) };
    let mut labels = IndexMap::new();
    for (column, feature) in features.iter().filter(|(_, feature)| feature["_type"] == "ClassLabel") {
        let wrong = |what: String| damaged(path, format!("the labels of its column {} {what}", quoted(column)));
        let all = feature["names"].as_array().map_or(&[][..], Vec::as_slice);
        let names: Option<Vec<String>> = all.iter().map(|name| name.as_str().map(str::to_owned)).collect();
        let names = names.ok_or_else(|| wrong("have names that are no texts".to_owned()))?;
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(wrong(format!("have the name {} twice", quoted(twice))));
        }
        labels.insert(column.clone(), names);
    }
    Ok(labels)
}
