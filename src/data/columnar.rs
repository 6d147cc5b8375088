//! Images in a column of Parquet files. What is read of a column is a page: some images that are compressed together.
//!
//! ```text
//!  file      groups of rows, and behind them what they are
//!  group     of each column a chunk: pages, one behind the other
//!  page      its head, and the values of some rows
//! ```
//!
//! Nothing that a page says of itself reaches the decoder unchecked where that would panic, or allocate for it. A page is decoded whole for
//! one of its images, and the last ones are kept ([`KEPT`] bytes): who reads rows in their order decodes each page once, who reads them in
//! any order one for each image.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows, sides and lengths that were held against their limits")]

use super::DataError;
use super::held::{Holder, Pack, damaged};
use super::probe::FileFacts;
use super::shards::Shards;
use ddl_base::text::{quoted, quoted_within};
use parquet::basic::{Compression, ConvertedType, Encoding, LogicalType, Type};
use parquet::column::page::{Page as Packed, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result as Decoded};
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy,
};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescriptor;
use prost::bytes::Bytes;
use std::collections::VecDeque;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Bytes of decoded images that are kept.
pub const KEPT: usize = 64 << 20;

/// Bytes of a page that is kept, beside its images.
const BESIDE: usize = 1 << 10;

/// Values that are taken at once.
const BATCH: usize = 256;

/// A page says that it is no longer than this, or than [`RATIO`] times what it is in the file.
const LONGEST: u64 = 64 << 20;

/// See [`LONGEST`].
const RATIO: u64 = 64;

/// An open file, as the decoder wants it.
#[derive(Debug, Clone)]
struct Open(Arc<Pack>);

/// Reads a file from a place on.
struct Onward {
    pack: Arc<Pack>,
    at: u64,
}

impl Read for Onward {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = bytes.len().min(self.pack.length().saturating_sub(self.at) as usize);
        self.pack.fill(&mut bytes[..length], self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

impl Length for Open {
    fn len(&self) -> u64 {
        self.0.length()
    }
}

impl ChunkReader for Open {
    type T = BufReader<Onward>;

    fn get_read(&self, start: u64) -> Decoded<Self::T> {
        Ok(BufReader::with_capacity(1 << 10, Onward { pack: Arc::clone(&self.0), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Decoded<Bytes> {
        let short = || ParquetError::from(Wrong::Damaged(format!("{length} bytes at byte {start} are beyond its end")));
        Ok(self.0.read(start, length as u64).map_err(|_| short())?.into())
    }
}

/// The same where heads of pages are read, whose lengths are held against what is there before anything is allocated for them.
#[derive(Debug, Clone)]
struct Pages(Open);

impl Length for Pages {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Pages {
    type T = BufReader<Onward>;

    fn get_read(&self, start: u64) -> Decoded<Self::T> {
        let mut head = [0; 24];
        let there = self.0.len().saturating_sub(start).min(24) as usize;
        let read = self.0.0.fill(&mut head[..there], start).ok();
        let Some((whole, packed)) = read.and_then(|()| lengths(&head)) else {
            return Err(Wrong::Damaged(format!("no page begins at byte {start}")).into());
        };
        if packed > self.0.len() || whole > LONGEST.max(packed.saturating_mul(RATIO)) {
            return Err(Wrong::Damaged(format!("the page at byte {start} says that it has {whole} bytes, packed in {packed}")).into());
        }
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Decoded<Bytes> {
        self.0.get_bytes(start, length)
    }
}

/// The lengths that the head of a page says, of its bytes and of what they are packed in: its second and third number.
fn lengths(head: &[u8]) -> Option<(u64, u64)> {
    const NUMBER: u8 = 0x15; // of the next field, of 32 bits
    let mut bytes = head.iter().copied();
    let mut numbers = [0; 3];
    for number in &mut numbers {
        if bytes.next()? != NUMBER {
            return None;
        }
        *number = varint(&mut bytes)?;
    }
    let [_, whole, packed] = numbers.map(|number| (number & 1 == 0).then_some(number >> 1)); // signed ones have their sign last
    Some((whole?, packed?))
}

/// A number of up to 35 bits, seven in each byte.
fn varint(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let byte = bytes.next()?;
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(number);
        }
    }
    None
}

/// The pages of a chunk, of which none reaches the decoder that it would panic at, or allocate for what is not there.
struct Checked {
    pages: SerializedPageReader<Pages>,
    has_levels: bool,
    has_dictionary: bool,
}

impl Checked {
    /// What is wrong with a page.
    fn wrong(&mut self, page: &Packed) -> Option<Wrong> {
        let encoding = page.encoding();
        let is_read = match encoding {
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY | Encoding::PLAIN | Encoding::RLE => true,
            Encoding::DELTA_BINARY_PACKED | Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::BYTE_STREAM_SPLIT => true,
            _ => false, // such as DELTA_BYTE_ARRAY
        };
        if is_read {
            return self.damage(page).map(Wrong::Damaged);
        }
        let why = format!(
            "its values are written as {encoding}, which this program does not read: write it with plain values (`use_dictionary = False`)"
        );
        Some(Wrong::NotRead(why))
    }

    /// What a page says that can't be.
    fn damage(&mut self, page: &Packed) -> Option<String> {
        let (values, levels) = match page {
            Packed::DictionaryPage { buf, num_values, .. } => {
                self.has_dictionary = true;
                return (*num_values as usize > buf.len())
                    .then(|| format!("a dictionary says that it has {num_values} values in {} bytes", buf.len()));
            }
            Packed::DataPage { buf, def_level_encoding, .. } if self.has_levels => {
                let length =
                    buf.get(..4).and_then(|length| length.try_into().ok()).map_or(usize::MAX, |length| u32::from_le_bytes(length) as usize);
                (length.checked_add(4).and_then(|at| buf.get(at..)), *def_level_encoding)
            }
            Packed::DataPage { buf, .. } => (Some(&buf[..]), Encoding::RLE),
            Packed::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
                let length = *def_levels_byte_len as usize + *rep_levels_byte_len as usize;
                (buf.get(length..), Encoding::RLE)
            }
        };
        let (Some(values), Encoding::RLE) = (values, levels) else {
            return Some("a page does not say which of its values there are".to_owned());
        };
        match page.encoding() {
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY if !self.has_dictionary => {
                Some("a page needs a dictionary, and there is none".to_owned())
            }
            Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                let mut bytes = values.iter().copied();
                let count = [varint(&mut bytes), varint(&mut bytes), varint(&mut bytes)][2];
                let fits = count.is_some_and(|count| count <= u64::from(page.num_values()));
                (!fits).then(|| "a page has another number of values than it says".to_owned())
            }
            _ => None, // nothing more to be held against
        }
    }
}

impl Iterator for Checked {
    type Item = Decoded<Packed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Checked {
    fn get_next_page(&mut self) -> Decoded<Option<Packed>> {
        let page = self.pages.get_next_page()?;
        match page.as_ref().and_then(|page| self.wrong(page)) {
            Some(wrong) => Err(wrong.into()),
            None => Ok(page),
        }
    }

    fn peek_next_page(&mut self) -> Decoded<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Decoded<()> {
        // a dictionary is passed over, and taken when it is needed
        self.has_dictionary |= self.pages.peek_next_page()?.is_some_and(|page| page.is_dict);
        self.pages.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Decoded<Option<Packed>> {
        let page = self.pages.take_deferred_dictionary()?;
        match page.as_ref().and_then(|page| self.wrong(page)) {
            Some(wrong) => Err(wrong.into()),
            None => Ok(page),
        }
    }
}

/// What a column holds, as far as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Bytes that may be images.
    Bytes,
    /// Short texts.
    Text,
    /// Numbers, or yes and no.
    Numbers,
}

/// A column of one value in each row.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name; of one inside another the names on the way, with `/`.
    pub name: String,
    /// What it holds.
    pub holds: Holds,
    place: usize,
}

fn column(place: usize, column: &ColumnDescriptor) -> Option<Column> {
    let is_text = column.converted_type() == ConvertedType::UTF8 || matches!(column.logical_type_ref(), Some(LogicalType::String));
    let is_whole =
        matches!(column.logical_type_ref(), None | Some(LogicalType::Integer { .. })) && column.converted_type() != ConvertedType::DECIMAL;
    let holds = match column.physical_type() {
        _ if column.max_rep_level() > 0 => return None, // a list
        Type::BYTE_ARRAY if is_text => Holds::Text,
        Type::BYTE_ARRAY if column.logical_type_ref().is_none() && column.converted_type() == ConvertedType::NONE => Holds::Bytes,
        Type::BOOLEAN | Type::FLOAT | Type::DOUBLE => Holds::Numbers,
        Type::INT32 | Type::INT64 if is_whole => Holds::Numbers,
        Type::BYTE_ARRAY | Type::INT32 | Type::INT64 | Type::INT96 | Type::FIXED_LEN_BYTE_ARRAY => return None,
    };
    Some(Column { name: column.path().parts().join("/"), holds, place })
}

/// An open file.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    open: Open,
    meta: ParquetMetaData,
}

impl File {
    /// The file in a pack.
    ///
    /// # Errors
    /// What is no such file, or is damaged.
    pub fn open(path: &Path, pack: Arc<Pack>) -> Result<Self, DataError> {
        if pack.length() < 12 || pack.read(0, 4)? != *b"PAR1" {
            return Err(damaged(path, "it is no Parquet file: it does not begin as one".to_owned()));
        }
        let end = pack.read(pack.length() - 8, 8)?;
        if end[4..] == *b"PARE" {
            return Err(damaged(path, "it is encrypted".to_owned()));
        }
        if end[4..] != *b"PAR1" {
            return Err(damaged(path, "it is cut off: it does not end as a Parquet file does".to_owned()));
        }
        let open = Open(pack);
        let options = ParquetMetaDataOptions::default().with_column_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let meta = ParquetMetaDataReader::new().with_metadata_options(Some(options)).parse_and_finish(&open);
        let meta = meta.map_err(|error| damaged(path, format!("its end does not say what is in it: {}", Wrong::of(&error).why())))?;
        let file = File { path: path.to_owned(), open, meta };
        file.is_sound()?;
        Ok(file)
    }

    /// Whether all that it says lies in it.
    fn is_sound(&self) -> Result<(), DataError> {
        for (number, group) in self.meta.row_groups().iter().enumerate() {
            let wrong = |why: &str| damaged(&self.path, format!("it is damaged: group {number} {why}"));
            if group.num_rows() < 0 || group.num_columns() != self.meta.file_metadata().schema_descr().num_columns() {
                return Err(wrong("has another number of rows or columns than can be"));
            }
            for chunk in group.columns() {
                let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
                let range = u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
                if range.and_then(|(start, length)| start.checked_add(length)).is_none_or(|end| end > self.open.len()) {
                    return Err(wrong("has a column beyond the end of the file"));
                }
            }
        }
        Ok(())
    }

    /// A text that its writer left in it.
    pub fn note(&self, name: &str) -> Option<&str> {
        let notes = self.meta.file_metadata().key_value_metadata()?;
        notes.iter().find(|note| note.key == name)?.value.as_deref()
    }

    /// Its columns that are read.
    pub fn columns(&self) -> Vec<Column> {
        let columns = self.meta.file_metadata().schema_descr().columns();
        columns.iter().enumerate().filter_map(|(place, it)| column(place, it)).collect()
    }

    /// How many rows each group has.
    pub fn groups(&self) -> impl Iterator<Item = u64> + '_ {
        self.meta.row_groups().iter().map(|group| group.num_rows() as u64) // none is negative
    }

    /// The chunk of a column in a group.
    pub fn chunk(&self, group: usize, column: &Column) -> Chunk {
        let group = self.meta.row_group(group);
        Chunk { meta: group.column(column.place).clone(), rows: group.num_rows() as u64, pages: OnceLock::new() }
    }

    /// The first value of a column, if there is one among the first rows.
    ///
    /// # Errors
    /// What can't be read.
    pub fn first(&self, column: &Column) -> Result<Option<Value>, DataError> {
        let Some(group) = self.groups().position(|rows| rows > 0) else { return Ok(None) };
        let chunk = self.chunk(group, column);
        let first = chunk.pages(&self.open).and_then(|pages| {
            let mut reader = get_column_reader(chunk.meta.column_descr_ptr(), pages);
            batch(&mut reader, chunk.meta.column_descr(), BATCH)
        });
        let first = first.map_err(|error| damaged(&self.path, Wrong::of(&error).within(&place(column, group))))?;
        Ok(first.into_iter().find(|value| *value != Value::Null))
    }

    /// Hands on the values of a column in a group by and by.
    ///
    /// # Errors
    /// What can't be read; what `take` says.
    pub fn values(
        &self,
        group: usize,
        column: &Column,
        mut take: impl FnMut(Vec<Value>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let chunk = self.chunk(group, column);
        let wrong = |wrong: Wrong| damaged(&self.path, wrong.within(&place(column, group)));
        let pages = chunk.pages(&self.open).map_err(|error| wrong(Wrong::of(&error)))?;
        let mut reader = get_column_reader(chunk.meta.column_descr_ptr(), pages);
        let mut rows = 0;
        while rows < chunk.rows {
            let values = batch(&mut reader, chunk.meta.column_descr(), BATCH).map_err(|error| wrong(Wrong::of(&error)))?;
            rows += values.len() as u64;
            if values.is_empty() || rows > chunk.rows {
                return Err(wrong(Wrong::Damaged(format!("it has another number of values than the {} of its rows", chunk.rows))));
            }
            take(values)?;
        }
        Ok(())
    }
}

/// What is wrong, in our words: the decoder's own errors are something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Wrong {
    /// It is not what it says that it is.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It may be whole, and is written in a way that is not read.
    #[error("{0}")]
    NotRead(String),
}

impl From<Wrong> for ParquetError {
    fn from(wrong: Wrong) -> Self {
        ParquetError::External(Box::new(wrong))
    }
}

impl Wrong {
    /// What an error says, ours or the decoder's, of whose words the first line is shown.
    fn of(error: &ParquetError) -> Self {
        let words = |text: &str| quoted_within(text.lines().next().unwrap_or_default(), LONGEST_WORDS);
        match error {
            ParquetError::External(own) if own.is::<Wrong>() => {
                own.downcast_ref().cloned().unwrap_or_else(|| Wrong::Damaged(own.to_string()))
            }
            ParquetError::NYI(what) => Wrong::NotRead(format!("it is written in a way that is not read ({})", words(what))),
            ParquetError::EOF(what) => Wrong::Damaged(format!("it ends too early ({})", words(what))),
            ParquetError::General(what) => Wrong::Damaged(format!("its decoder says {}", words(what))),
            other => Wrong::Damaged(format!("its decoder says {}", words(&other.to_string()))),
        }
    }

    /// Why it is so, and nothing more.
    fn why(self) -> String {
        match self {
            Wrong::Damaged(why) | Wrong::NotRead(why) => why,
        }
    }

    /// The same of a part of a file.
    fn within(self, place: &str) -> String {
        match self {
            Wrong::Damaged(why) => format!("it is damaged: {place}: {why}"),
            Wrong::NotRead(why) => format!("{place}: {why}"),
        }
    }
}

/// Characters of the decoder's words that are shown.
const LONGEST_WORDS: usize = 120;

/// A column of a group of rows, for messages.
fn place(column: &Column, group: usize) -> String {
    format!("column {} of group {group}", quoted(&column.name))
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// Bytes, which are a part of their page.
    Bytes(ByteArray),
    /// A number, or yes or no, as a text.
    Text(String),
}

/// The next values, at most so many.
fn batch(reader: &mut ColumnReader, column: &ColumnDescriptor, most: usize) -> Decoded<Vec<Value>> {
    let unsigned =
        matches!(column.converted_type(), ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64);
    let mut levels = Vec::new();
    macro_rules! read {
        ($reader:expr, $value:expr) => {{
            let mut values = Vec::new();
            let (rows, _, _) = $reader.read_records(most, Some(&mut levels), None, &mut values)?;
            (rows, values.into_iter().map($value).collect::<Vec<Value>>())
        }};
    }
    let text = |text: String| Value::Text(text);
    let (rows, values) = match reader {
        ColumnReader::ByteArrayColumnReader(it) => read!(it, |value: ByteArray| Value::Bytes(value)),
        ColumnReader::BoolColumnReader(it) => read!(it, |value: bool| text(u8::from(value).to_string())),
        ColumnReader::Int32ColumnReader(it) if unsigned => read!(it, |value: i32| text((value as u32).to_string())),
        ColumnReader::Int32ColumnReader(it) => read!(it, |value: i32| text(value.to_string())),
        ColumnReader::Int64ColumnReader(it) if unsigned => read!(it, |value: i64| text((value as u64).to_string())),
        ColumnReader::Int64ColumnReader(it) => read!(it, |value: i64| text(value.to_string())),
        ColumnReader::FloatColumnReader(it) => read!(it, |value: f32| text(value.to_string())),
        ColumnReader::DoubleColumnReader(it) => read!(it, |value: f64| text(value.to_string())),
        ColumnReader::Int96ColumnReader(_) | ColumnReader::FixedLenByteArrayColumnReader(_) => (0, Vec::new()),
    };
    let there = column.max_def_level();
    if there == 0 {
        return Ok(values);
    }
    let (mut values, mut all) = (values.into_iter(), Vec::new());
    for level in levels.into_iter().take(rows) {
        all.push(if level == there { values.next().unwrap_or(Value::Null) } else { Value::Null });
    }
    Ok(all)
}

/// The pages of a column in a group of rows.
#[derive(Debug)]
pub struct Chunk {
    meta: ColumnChunkMetaData,
    rows: u64,
    /// The first row of each page, once it was looked at.
    pages: OnceLock<Vec<u64>>,
}

impl Chunk {
    fn pages(&self, open: &Open) -> Decoded<Box<dyn PageReader>> {
        let by = match self.meta.compression() {
            Compression::BROTLI(_) => Some("Brotli"),
            Compression::LZO => Some("LZO"),
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::LZ4 => None,
            Compression::LZ4_RAW | Compression::ZSTD(_) => None,
        };
        if let Some(by) = by {
            let why = format!(
                "it is compressed by {by}, which this program does not read: write it by Snappy, Zstandard, gzip or LZ4, or not compressed"
            );
            return Err(Wrong::NotRead(why).into());
        }
        let pages = SerializedPageReader::new(Arc::new(Pages(open.clone())), &self.meta, self.rows as usize, None)?;
        let has_levels = self.meta.column_descr().max_def_level() > 0;
        Ok(Box::new(Checked { pages, has_levels, has_dictionary: false }))
    }

    /// Where each page begins; their heads alone are read.
    fn begins(&self, open: &Open) -> Decoded<&[u64]> {
        if let Some(known) = self.pages.get() {
            return Ok(known);
        }
        let (mut pages, mut all, mut row) = (self.pages(open)?, Vec::new(), 0);
        while let Some(page) = pages.peek_next_page()? {
            if !page.is_dict {
                all.push(row);
                row += page.num_rows.or(page.num_levels).unwrap_or_default() as u64;
            }
            pages.skip_next_page()?;
        }
        Ok(self.pages.get_or_init(|| all))
    }

    /// The values of a page.
    fn values(&self, open: &Open, page: usize) -> Decoded<Vec<Value>> {
        let begins = self.begins(open)?;
        let (from, to) = (begins[page], begins.get(page + 1).copied().unwrap_or(self.rows));
        let mut reader = get_column_reader(self.meta.column_descr_ptr(), self.pages(open)?);
        if let ColumnReader::ByteArrayColumnReader(reader) = &mut reader {
            reader.skip_records(from as usize)?;
        }
        let (mut all, wanted) = (Vec::new(), to.saturating_sub(from) as usize);
        while all.len() < wanted {
            let values = batch(&mut reader, self.meta.column_descr(), (wanted - all.len()).min(BATCH))?;
            if values.is_empty() {
                break;
            }
            all.extend(values);
        }
        Ok(all)
    }
}

/// The values of a page, and how many bytes they are.
#[derive(Debug)]
struct Values {
    all: Vec<Value>,
    bytes: usize,
}

/// A page that is decoded, or is about to be; nothing of one that can't be.
type Page = Arc<OnceLock<Option<Values>>>;

/// The pages that were decoded last.
#[derive(Debug, Default)]
struct Cache {
    pages: VecDeque<((usize, usize), Page)>,
}

impl Cache {
    /// A page, which is now the last; those that are too many go.
    fn page(&mut self, of: (usize, usize)) -> Page {
        let known = self.pages.iter().position(|(known, _)| *known == of).and_then(|at| self.pages.remove(at));
        let (_, page) = known.unwrap_or_else(|| (of, Page::default()));
        let size = |page: &Page| page.get().and_then(Option::as_ref).map_or(0, |values| values.bytes);
        self.pages.push_front((of, Arc::clone(&page)));
        let mut bytes = 0;
        self.pages.retain(|(_, page)| {
            bytes += size(page) + BESIDE;
            bytes <= KEPT
        });
        page
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::Bytes(bytes) => bytes.len(),
        Value::Text(text) => text.len(),
        Value::Null => 0,
    }
}

/// The images of one column of files, numbered through all their rows.
#[derive(Debug)]
pub struct Rows {
    shards: Shards,
    /// The first row of each group of rows, its file, and its images.
    groups: Vec<(u64, usize, Chunk)>,
    cache: Mutex<Cache>,
}

impl Rows {
    /// The images of a column; `groups` are all of the files in their order, with the numbers of these.
    pub fn new(shards: Shards, groups: impl IntoIterator<Item = (usize, Chunk)>) -> Self {
        let mut row = 0;
        let group = |(file, chunk): (usize, Chunk)| {
            let begins = row;
            row += chunk.rows;
            (begins, file, chunk)
        };
        Rows { shards, groups: groups.into_iter().map(group).collect(), cache: Mutex::default() }
    }

    /// The group of a row, and its number there.
    fn group(&self, row: u64) -> Option<(usize, u64)> {
        let group = self.groups.partition_point(|(begins, ..)| *begins <= row).checked_sub(1)?;
        let (begins, _, chunk) = &self.groups[group];
        (row - begins < chunk.rows).then_some((group, row - begins))
    }
}

impl Holder for Rows {
    fn path(&self) -> &Path {
        self.shards.path()
    }

    fn file(&self, image: &FileFacts) -> PathBuf {
        let file = self.group(image.offset).and_then(|(group, _)| self.shards.files().nth(self.groups[group].1));
        file.map_or_else(|| self.path().to_owned(), |(_, path)| path.to_owned())
    }

    fn place(&self, image: &FileFacts) -> String {
        format!("{}, {}", self.file(image).display(), image.path)
    }

    fn bytes(&self, image: &FileFacts) -> Result<Vec<u8>, DataError> {
        let changed = || DataError::Changed { path: self.file(image) }; // it was whole when it was probed
        let (group, row) = self.group(image.offset).ok_or_else(changed)?;
        let (_, file, chunk) = &self.groups[group];
        let open = Open(self.shards.pack(*file)?);
        let begins = chunk.begins(&open).map_err(|_| changed())?;
        let number = begins.partition_point(|begins| *begins <= row).checked_sub(1).ok_or_else(changed)?;
        let page = self.cache.lock().unwrap_or_else(PoisonError::into_inner).page((group, number));
        let decoded = || chunk.values(&open, number).ok().map(|all| Values { bytes: all.iter().map(length).sum(), all });
        let values = page.get_or_init(decoded); // who wants the same page meanwhile waits
        match values.as_ref().and_then(|values| values.all.get((row - begins[number]) as usize)) {
            Some(Value::Bytes(bytes)) if bytes.len() as u64 == image.bytes => Ok(bytes.data().to_vec()),
            _ => Err(changed()),
        }
    }
}
