//! Parquet files as Hugging Face's data sets are: `image` (bytes and path), `label` (with the names of people), and attributes.
//!
//! Pages hold a few images each, so that one is read without many others.

use super::{Column, Draft, Holds, Item, Rows, Whole, Write, WriteError, at, names, text};
use crate::Cell;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};
use serde_json::{Map, Value as Json, json};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Columns that are no attributes.
const OWN: [&str; 2] = ["image", "label"];

/// Bytes of images in a group of rows.
const GROUP: usize = 64 << 20;

/// Rows in a group.
const ROWS: usize = 1 << 14;

/// Bytes of a page, beside its last image.
const PAGE: usize = 1 << 16;

/// Values that are written before it is asked whether a page is full.
const BATCH: usize = 8;

/// Files that are written, one behind the other.
pub struct Table {
    rows: Rows,
    schema: TypePtr,
    columns: Vec<(String, Holds)>,
    properties: Arc<WriterProperties>,
    /// Files that are not begun, the last first.
    waiting: Vec<(PathBuf, File)>,
    open: Option<(PathBuf, SerializedFileWriter<File>)>,
    group: Group,
    next: usize,
    file: usize,
}

/// Rows that are not written yet.
#[derive(Default)]
struct Group {
    bytes: usize,
    images: Vec<ByteArray>,
    paths: Vec<ByteArray>,
    labels: Vec<i64>,
    cells: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(whole: &Whole, draft: &Draft) -> Result<Self, WriteError> {
        names::can_be_told(whole.table)?;
        names::not_taken(whole.columns, &OWN)?;
        let rows = Rows::of(whole)?;
        let plain = |path: &PathBuf| {
            let (shown, file) = draft.file(path)?;
            Ok((shown.clone(), file.into_inner().map_err(|error| at(&shown)(error.into_error()))?))
        };
        let mut waiting: Vec<(PathBuf, File)> = rows.files.iter().map(plain).collect::<Result<_, WriteError>>()?;
        waiting.reverse();
        let columns: Vec<(String, Holds)> = whole.columns.iter().map(|Column { name, holds }| (name.clone(), *holds)).collect();
        let schema = schema(&columns).map_err(|error| wrong(whole.to, error))?;
        let note = KeyValue { key: "huggingface".to_owned(), value: Some(features(whole, &columns).to_string()) };
        let properties = WriterProperties::builder()
            .set_created_by("ddl".to_owned())
            .set_key_value_metadata(Some(vec![note]))
            .set_compression(Compression::UNCOMPRESSED) // images are compressed already
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_data_page_size_limit(PAGE)
            .set_write_batch_size(BATCH)
            .build();
        let group = Group { cells: vec![Vec::new(); columns.len()], ..Group::default() };
        let mut table = Table { rows, schema, columns, properties: Arc::new(properties), waiting, open: None, group, next: 0, file: 0 };
        table.turn()?;
        Ok(table)
    }

    /// Ends a file and begins the next.
    fn turn(&mut self) -> Result<(), WriteError> {
        self.flush()?;
        if let Some((shown, file)) = self.open.take() {
            file.close().map_err(|error| wrong(&shown, error))?;
        }
        if let Some((shown, file)) = self.waiting.pop() {
            let writer = SerializedFileWriter::new(file, Arc::clone(&self.schema), Arc::clone(&self.properties));
            let writer = writer.map_err(|error| wrong(&shown, error))?;
            self.open = Some((shown, writer));
        }
        Ok(())
    }

    /// Writes a group of rows.
    fn flush(&mut self) -> Result<(), WriteError> {
        let empty = Group { cells: vec![Vec::new(); self.columns.len()], ..Group::default() };
        let group = std::mem::replace(&mut self.group, empty);
        let Some((shown, file)) = self.open.as_mut().filter(|_| !group.labels.is_empty()) else { return Ok(()) };
        group.write(file, &self.columns).map_err(|error| wrong(shown, error))
    }
}

impl Group {
    fn write(self, file: &mut SerializedFileWriter<File>, columns: &[(String, Holds)]) -> Result<(), ParquetError> {
        let Group { images, paths, labels, cells, .. } = self;
        let mut group = file.next_row_group()?;
        let none = || ParquetError::General("a column is missing".to_owned());
        let all = |level: i16, count: usize| vec![level; count];
        for values in [images, paths] {
            let mut column = group.next_column()?.ok_or_else(none)?;
            column.typed::<ByteArrayType>().write_batch(&values, Some(&all(2, values.len())), None)?;
            column.close()?;
        }
        let mut column = group.next_column()?.ok_or_else(none)?;
        column.typed::<Int64Type>().write_batch(&labels, Some(&all(1, labels.len())), None)?;
        column.close()?;
        for ((_, holds), cells) in columns.iter().zip(cells) {
            let levels: Vec<i16> = cells.iter().map(|cell| i16::from(!cell.is_missing())).collect();
            let numbers = || cells.iter().filter_map(Cell::as_number);
            let mut column = group.next_column()?.ok_or_else(none)?;
            match holds {
                Holds::Whole => {
                    let values: Vec<i64> = numbers().map(|number| number as i64).collect();
                    column.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?
                }
                Holds::Short | Holds::Numbers => {
                    column.typed::<DoubleType>().write_batch(&numbers().collect::<Vec<f64>>(), Some(&levels), None)?
                }
                Holds::Texts => {
                    let values: Vec<ByteArray> = cells.iter().filter_map(text).map(|text| text.as_bytes().to_vec().into()).collect();
                    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?
                }
            };
            column.close()?;
        }
        group.close()?;
        Ok(())
    }
}

/// What the file says of its columns.
fn schema(columns: &[(String, Holds)]) -> Result<TypePtr, ParquetError> {
    let one = |name: &str, physical: Physical, logical: Option<LogicalType>| {
        let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        builder.with_logical_type(logical).build().map(Arc::new)
    };
    let parts = vec![one("bytes", Physical::BYTE_ARRAY, None)?, one("path", Physical::BYTE_ARRAY, Some(LogicalType::String))?];
    let image = Type::group_type_builder("image").with_repetition(Repetition::OPTIONAL).with_fields(parts).build()?;
    let mut fields = vec![Arc::new(image), one("label", Physical::INT64, None)?];
    for (name, holds) in columns {
        fields.push(match holds {
            Holds::Whole => one(name, Physical::INT64, None)?,
            Holds::Short | Holds::Numbers => one(name, Physical::DOUBLE, None)?,
            Holds::Texts => one(name, Physical::BYTE_ARRAY, Some(LogicalType::String))?,
        });
    }
    Ok(Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?))
}

/// The same as `datasets` says it, with the names of people where they are not their numbers.
fn features(whole: &Whole, columns: &[(String, Holds)]) -> Json {
    let mut features = Map::new();
    features.insert("image".to_owned(), json!({ "_type": "Image" }));
    let value = |dtype: &str| json!({ "dtype": dtype, "_type": "Value" });
    let label = if whole.are_numbers { value("int64") } else { json!({ "names": people(whole), "_type": "ClassLabel" }) };
    features.insert("label".to_owned(), label);
    for (name, holds) in columns {
        let dtype = match holds {
            Holds::Whole => "int64",
            Holds::Short | Holds::Numbers => "float64",
            Holds::Texts => "string",
        };
        features.insert(name.clone(), value(dtype));
    }
    json!({ "info": { "features": features } })
}

/// The names of people by their numbers.
fn people<'a>(whole: &'a Whole) -> Vec<&'a str> {
    let counts = whole.table.images_per_class();
    whole.table.labels().names().iter().zip(counts).filter(|(_, count)| *count > 0).map(|(name, _)| &**name).collect()
}

fn wrong(path: &Path, error: ParquetError) -> WriteError {
    at(path)(match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    })
}

impl Write for Table {
    fn add(&mut self, item: &Item) -> Result<(), WriteError> {
        let file = self.rows.place(self.next);
        while self.file < file {
            self.turn()?;
            self.file += 1;
        }
        self.next += 1;
        let group = &mut self.group;
        group.bytes += item.bytes.len();
        group.images.push(item.bytes.clone().into());
        group.paths.push(item.row.path().as_bytes().to_vec().into());
        group.labels.push(i64::try_from(item.label).unwrap_or(i64::MAX)); // below 2^32
        for ((name, _), cells) in self.columns.iter().zip(&mut group.cells) {
            cells.push(item.row.cell(name)?);
        }
        if self.group.bytes >= GROUP || self.group.labels.len() >= ROWS { self.flush() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        while self.open.is_some() {
            self.turn()?;
        }
        Ok(())
    }
}
