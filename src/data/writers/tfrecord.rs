//! TFRecord files of `tf.train.Example` messages: `image`, `label` (a number), `identity` (the person's name), `path`, and attributes.

use super::{Column, Draft, Holds, Item, Rows, Whole, Write, WriteError, at, names, text};
use crate::Cell;
use crate::example::{Example, Feature, Features, framed};
use ddl_base::text::quoted;
use prost::Message;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// Features that are no attributes.
const OWN: [&str; 4] = ["image", "label", "identity", "path"];

/// Bytes of a file that an index names, beside its last record.
const LARGE: u64 = 1 << 30;

/// What is known of every record.
struct Form {
    columns: Vec<(String, Holds)>,
}

impl Form {
    fn of(whole: &Whole) -> Result<Self, WriteError> {
        names::can_be_told(whole.table)?;
        names::not_taken(whole.columns, &OWN)?;
        Ok(Form { columns: whole.columns.iter().map(|Column { name, holds }| (name.clone(), *holds)).collect() })
    }

    /// The record of an image.
    fn record(&self, item: &Item) -> Result<Vec<u8>, WriteError> {
        let label = i64::try_from(item.label).unwrap_or(i64::MAX); // below 2^32
        let mut feature = std::collections::BTreeMap::from([
            ("image".to_owned(), Feature::of_bytes(item.bytes.clone())),
            ("label".to_owned(), Feature::of_int(label)),
            ("identity".to_owned(), Feature::of_bytes(item.row.identity().as_bytes().to_vec())),
            ("path".to_owned(), Feature::of_bytes(item.row.path().as_bytes().to_vec())),
        ]);
        for (name, holds) in &self.columns {
            let cell = item.row.cell(name)?;
            let value = match (holds, &cell) {
                (_, Cell::Missing) => continue,
                (Holds::Whole, Cell::Number(number)) => Feature::of_int(*number as i64),
                (Holds::Short, Cell::Number(number)) => Feature::of_float(*number as f32),
                _ => Feature::of_bytes(text(&cell).unwrap_or_default().as_bytes().to_vec()),
            };
            feature.insert(name.clone(), value);
        }
        Ok(framed(&Example { features: Some(Features { feature }) }.encode_to_vec()))
    }
}

/// Files that are written, one behind the other.
pub struct Examples {
    form: Form,
    rows: Rows,
    files: Vec<(PathBuf, BufWriter<File>)>,
    next: usize,
}

impl Examples {
    pub fn new(whole: &Whole, draft: &Draft) -> Result<Self, WriteError> {
        let rows = Rows::of(whole)?;
        let files = rows.files.iter().map(|file| draft.file(file)).collect::<Result<_, _>>()?;
        Ok(Examples { form: Form::of(whole)?, rows, files, next: 0 })
    }
}

impl Write for Examples {
    fn add(&mut self, item: &Item) -> Result<(), WriteError> {
        let (shown, file) = &mut self.files[self.rows.place(self.next)];
        self.next += 1;
        file.write_all(&self.form.record(item)?).map_err(at(shown))
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        self.files.iter_mut().try_for_each(|(shown, file)| file.flush().map_err(at(shown)))
    }
}

/// TFace's index, and the files that it names: `NAME.index` and `NAME/NAME-00000.tfrecord`.
pub struct Tface {
    form: Form,
    name: String,
    index: (PathBuf, BufWriter<File>),
    folder: PathBuf,
    shown: PathBuf,
    file: BufWriter<File>,
    number: u32,
    at: u64,
}

impl Tface {
    pub fn new(whole: &Whole, draft: &Draft) -> Result<Self, WriteError> {
        let name =
            whole.to.file_stem().and_then(|name| name.to_str()).filter(|name| !name.contains(['\t', '\n', '\\'])).unwrap_or_default();
        if name.is_empty() || name.starts_with('.') {
            return Err(WriteError::Misfit(format!("{} is no name for an index", quoted(&whole.to.to_string_lossy()))));
        }
        let folder = draft.place(Path::new(name))?;
        let shown = draft.shown(&folder);
        std::fs::create_dir(&folder).map_err(at(&shown))?;
        let file = begin(&folder, &shown, name, 0)?;
        Ok(Tface { form: Form::of(whole)?, name: name.to_owned(), index: draft.file(whole.to)?, folder, shown, file, number: 0, at: 0 })
    }
}

fn begin(folder: &Path, shown: &Path, name: &str, number: u32) -> Result<BufWriter<File>, WriteError> {
    let name = format!("{name}-{number:05}.tfrecord");
    let file = File::create_new(folder.join(&name)).map_err(at(&shown.join(&name)))?;
    Ok(BufWriter::with_capacity(1 << 20, file))
}

impl Write for Tface {
    fn add(&mut self, item: &Item) -> Result<(), WriteError> {
        if self.at >= LARGE {
            self.file.flush().map_err(at(&self.shown))?;
            self.number += 1;
            self.file = begin(&self.folder, &self.shown, &self.name, self.number)?;
            self.at = 0;
        }
        let record = self.form.record(item)?;
        writeln!(self.index.1, "{}\t{}\t{}\t{}", self.name, self.number, self.at, item.label).map_err(at(&self.index.0))?;
        self.file.write_all(&record).map_err(at(&self.shown))?;
        self.at += record.len() as u64;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        self.file.flush().map_err(at(&self.shown))?;
        self.index.1.flush().map_err(at(&self.index.0))
    }
}
