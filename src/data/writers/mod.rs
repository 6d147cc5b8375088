//! Data sets written in another form: containers, lists, folders. The bytes of images are copied and never encoded again; images that are
//! drawn, and so have none, are written as PNG.
//!
//! ```text
//!  Table ── rows in the order that a container wants ──▶ Item ──▶ Write ──▶ Draft (a folder beside) ──renamed when whole──▶ files
//! ```
//!
//! What is written is what the reader of the same name reads: the same images, people and, where a container holds them, names and
//! attributes ([`Container::keeps`]).

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "lengths of images and fields, which were held against the limits of their container"
)]

mod bin;
mod draft;
pub mod embeddings;
mod folder;
mod list;
mod lmdb;
mod names;
mod parquet;
pub mod recordio;
mod tar;
mod tfrecord;

pub use draft::Draft;

use super::held::numbered;
use super::readers::PairLine;
use super::table::Row;
use super::{AttributeType, Cell, DataError, Table};
use ddl_base::meter;
use rayon::prelude::*;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Images whose bytes are read side by side.
const CHUNK: usize = 256;

/// What images are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Container {
    /// A folder with a folder for each person.
    Folder,
    /// A csv that names files.
    List,
    /// MXNet's `.rec` with `.idx`, `.lst` and `property`, as insightface writes them.
    RecordIo,
    /// A tar archive with a folder for each person.
    Tar,
    /// A tar archive with a number for each image and each person, as WebDataset's loaders want it.
    WebDataset,
    /// A TFRecord file of `tf.train.Example` messages.
    TfRecord,
    /// TFace's index and the TFRecord files that it names.
    Tface,
    /// A Parquet file, as Hugging Face's data sets are.
    Parquet,
    /// An LMDB database.
    Lmdb,
    /// A pack of pairs, as insightface hands out LFW.
    Bin,
}

/// What a container tells of images beside their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeps {
    /// Whether people keep their names; otherwise they are numbered.
    pub people: bool,
    /// Whether images keep their names, below the folder of their person.
    pub names: bool,
    /// Whether it holds attributes.
    pub attributes: bool,
}

impl Container {
    /// All of them.
    pub const ALL: [Container; 10] = [
        Container::Folder,
        Container::List,
        Container::RecordIo,
        Container::Tar,
        Container::WebDataset,
        Container::TfRecord,
        Container::Tface,
        Container::Parquet,
        Container::Lmdb,
        Container::Bin,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Container::Folder => "folder",
            Container::List => "list",
            Container::RecordIo => "recordio",
            Container::Tar => "tar",
            Container::WebDataset => "webdataset",
            Container::TfRecord => "tfrecord",
            Container::Tface => "tface",
            Container::Parquet => "parquet",
            Container::Lmdb => "lmdb",
            Container::Bin => "bin",
        }
    }

    /// The one that a path means by its ending; of a name without one it is a folder.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        Some(match ending.as_deref() {
            None => Container::Folder,
            Some("csv") => Container::List,
            Some("rec") => Container::RecordIo,
            Some("tar") => Container::Tar,
            Some("tfrecord" | "tfrecords") => Container::TfRecord,
            Some("index") => Container::Tface,
            Some("parquet") => Container::Parquet,
            Some("lmdb" | "mdb") => Container::Lmdb,
            Some("bin") => Container::Bin,
            Some(_) => return None,
        })
    }

    /// What it tells beside the bytes.
    pub const fn keeps(self) -> Keeps {
        let (people, names, attributes) = match self {
            Container::Folder | Container::Lmdb | Container::Tar => (true, true, false),
            Container::List => (true, true, true),
            Container::RecordIo | Container::Bin | Container::WebDataset => (false, false, false),
            Container::TfRecord | Container::Parquet | Container::Tface => (true, false, true),
        };
        Keeps { people, names, attributes }
    }
}

impl Container {
    /// Whether several files of a row (`train-{000..007}.tar`) are one data set.
    pub const fn takes_rows(self) -> bool {
        matches!(self, Container::Tar | Container::WebDataset | Container::TfRecord | Container::Parquet)
    }
}

/// How the data of a reader is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// As one of these.
    As(&'static [Container]),
    /// It is not, and why.
    Not(&'static str),
}

/// Why data was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Data that can't be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file that can't be written.
    #[error("cannot write {}: {}", path.display(), ddl_base::system::said(error))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Something lies there already.
    #[error("{} is there already, and nothing is overwritten", .0.display())]
    There(PathBuf),
    /// Somebody wanted it to end.
    #[error("it was ended before all was written")]
    Ended,
    /// This data can't be in such a container.
    #[error("{0}")]
    Misfit(String),
}

/// The error of a file that can't be written.
fn at(path: &Path) -> impl Fn(io::Error) -> WriteError {
    move |error| WriteError::Io { path: path.to_owned(), error }
}

/// One image as it is written.
struct Item<'a> {
    row: Row<'a>,
    /// The number of its person.
    label: u64,
    /// Its bytes.
    bytes: Vec<u8>,
}

impl Item<'_> {
    /// The ending that its bytes ask for.
    fn ending(&self) -> &'static str {
        use ::image::ImageFormat as Format;
        match ::image::guess_format(&self.bytes) {
            Ok(Format::Png) => "png",
            Ok(Format::WebP) => "webp",
            Ok(Format::Bmp) => "bmp",
            Ok(Format::Gif) => "gif",
            Ok(Format::Tiff) => "tif",
            Ok(Format::Pnm) => "pnm",
            Ok(_) | Err(_) => "jpg", // what is none stays what it was
        }
    }
}

/// What writes a container, image by image.
trait Write {
    /// One more image.
    fn add(&mut self, item: &Item) -> Result<(), WriteError>;

    /// The end of all images.
    fn finish(self: Box<Self>) -> Result<(), WriteError>;
}

/// What is known of all images before the first is written.
struct Whole<'a> {
    table: &'a Table,
    /// The rows in the order in which they are written.
    rows: &'a [u32],
    /// The number of each class's person.
    labels: &'a [u64],
    /// Whether these are their names.
    are_numbers: bool,
    columns: &'a [Column],
    /// Where it goes.
    to: &'a Path,
}

/// An attribute as it is written.
struct Column {
    name: String,
    holds: Holds,
}

/// What the values of an attribute are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Whole,
    /// Numbers of so few digits that 32 bits tell them.
    Short,
    Numbers,
    Texts,
}

impl Column {
    /// The attributes of a table.
    fn of(table: &Table) -> Result<Vec<Self>, DataError> {
        let mut all = Vec::new();
        for (name, kind) in table.schema().added() {
            let mut holds = if kind.is_text() { Holds::Texts } else { Holds::Whole };
            if holds == Holds::Whole {
                for row in table.rows() {
                    let Cell::Number(number) = row.cell(name)? else { continue };
                    holds = match holds {
                        Holds::Whole if number.fract() == 0.0 && number.abs() < 9e15 => Holds::Whole,
                        Holds::Whole | Holds::Short if (number as f32).to_string().parse() == Ok(number) => Holds::Short,
                        _ => Holds::Numbers,
                    };
                }
            }
            all.push(Column { name: name.to_owned(), holds });
        }
        Ok(all)
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The files and folders that are there now.
    pub made: Vec<PathBuf>,
    /// How many images.
    pub images: usize,
    /// How many bytes they are.
    pub bytes: u64,
    /// Attributes that the container does not hold.
    pub lost: Vec<String>,
    /// Whether people are numbered who had names.
    pub numbered: bool,
    /// The folder that the paths of a list are relative to, where it is not the list's own.
    pub root: Option<PathBuf>,
}

/// Pairs of images: which, and whether they are of one person.
pub struct Pairs {
    /// In the order of their folds.
    pub lines: Vec<PairLine>,
}

/// Writes the images of a table. What is there already is not overwritten; what is not whole is not there.
///
/// # Errors
/// Data that can't be read; what can't be written; what can't be said in such a container.
pub fn write(table: &Table, to: &Path, container: Container, pairs: Option<&Pairs>) -> Result<Done, WriteError> {
    write_until(table, to, container, pairs, &|| false)
}

/// The same, unless it is ended before all is written.
///
/// # Errors
/// As [`write`]; [`WriteError::Ended`].
pub fn write_until(
    table: &Table,
    to: &Path,
    container: Container,
    pairs: Option<&Pairs>,
    is_ended: &dyn Fn() -> bool,
) -> Result<Done, WriteError> {
    if let Some(row) = table.rows().find(|row| row.treatment().is_some()) {
        let why = format!(
            "{} goes through `apply` before it is seen, and what is written is the bytes that lie there: leave `apply` out",
            row.path()
        );
        return Err(WriteError::Misfit(why));
    }
    let columns = if container.keeps().attributes { Column::of(table)? } else { Vec::new() };
    let (labels, were_numbers) = labels(table);
    let rows = order(table, container, pairs);
    let whole = Whole { table, rows: &rows, labels: &labels, are_numbers: were_numbers, columns: &columns, to };
    let draft = Draft::beside(to)?;
    let mut root = None;
    let writer: Box<dyn Write> = match container {
        Container::Folder => Box::new(folder::Folder::new(&whole, &draft)?),
        Container::List => {
            let list = list::List::new(&whole, &draft)?;
            root = list.root();
            Box::new(list)
        }
        Container::RecordIo => Box::new(recordio::Records::new(&whole, &draft)?),
        Container::Tar => Box::new(tar::Tar::new(&whole, &draft, tar::Names::Paths)?),
        Container::WebDataset => Box::new(tar::Tar::new(&whole, &draft, tar::Names::Numbers)?),
        Container::TfRecord => Box::new(tfrecord::Examples::new(&whole, &draft)?),
        Container::Tface => Box::new(tfrecord::Tface::new(&whole, &draft)?),
        Container::Parquet => Box::new(parquet::Table::new(&whole, &draft)?),
        Container::Lmdb => Box::new(lmdb::Database::new(&whole, &draft)?),
        Container::Bin => Box::new(bin::Pack::new(&whole, &draft, pairs)?),
    };
    let bytes = feed(&whole, writer, container, is_ended)?;
    if !container.keeps().people && !were_numbers && container != Container::Bin {
        names::people(&whole, &draft)?;
    }
    let lost = if container.keeps().attributes { Vec::new() } else { table.schema().added().map(|(name, _)| name.to_owned()).collect() };
    let numbered = !container.keeps().people && !were_numbers;
    Ok(Done { made: draft.publish()?, images: rows.len(), bytes, lost, numbered, root })
}

/// Hands all images to a writer.
fn feed(whole: &Whole, mut writer: Box<dyn Write>, container: Container, is_ended: &dyn Fn() -> bool) -> Result<u64, WriteError> {
    let work = meter::begin("writing images", "images", whole.rows.len() as u64);
    let mut all = 0;
    for chunk in whole.rows.chunks(CHUNK) {
        if is_ended() {
            return Err(WriteError::Ended);
        }
        let one = |row: &u32| item(whole, *row, container).inspect(|_| work.add(1));
        let read: Vec<Item> = chunk.par_iter().map(one).collect::<Result<_, DataError>>()?;
        for item in &read {
            writer.add(item)?;
            all += item.bytes.len() as u64;
        }
    }
    writer.finish()?;
    Ok(all)
}

fn item<'t>(whole: &Whole<'t>, row: u32, container: Container) -> Result<Item<'t>, DataError> {
    let row =
        whole.table.row(row as usize).ok_or_else(|| DataError::Argument { what: "convert", why: format!("there is no row {row}") })?;
    let source = row.source();
    let bytes = match container {
        Container::List => Vec::new(), // it names files
        _ => match source.encoded(source.digest())? {
            Some(bytes) => bytes,
            None => png(&source.open(None)?),
        },
    };
    Ok(Item { row, label: whole.labels[row.class() as usize], bytes })
}

/// The bytes of an image that has none of its own, as PNG.
pub fn png(image: &super::image::Image) -> Vec<u8> {
    let mut png = Vec::new();
    let encoder = ::image::codecs::png::PngEncoder::new(&mut png);
    // into memory, from pixels of the right number: nothing that could fail
    let _ = ::image::ImageEncoder::write_image(encoder, image.pixels(), image.width(), image.height(), ::image::ExtendedColorType::Rgb8);
    png
}

/// The rows in the order in which a container wants them.
fn order(table: &Table, container: Container, pairs: Option<&Pairs>) -> Vec<u32> {
    match (container, pairs) {
        (Container::Bin, Some(pairs)) => {
            let row = |place: u32| table.row_at(place).map(|row| row as u32);
            pairs.lines.iter().flat_map(|pair| [row(pair.a), row(pair.b)]).flatten().collect()
        }
        // the images of a person are one range
        (Container::RecordIo, _) => table.rows_by_class().iter().flatten().copied().collect(),
        _ => (0..table.len() as u32).collect(),
    }
}

/// The numbers of people by class, and whether they are their names: otherwise those with an image are counted in the order of classes.
fn labels(table: &Table) -> (Vec<u64>, bool) {
    /// Records hold labels as numbers of 32 bits, which are whole up to this.
    const MOST: u64 = 1 << 24;
    let names = table.labels().names();
    let numbers: Option<Vec<u64>> =
        names.iter().map(|name| name.parse().ok().filter(|number| *number < MOST && numbered(*number) == **name)).collect();
    if let Some(numbers) = numbers {
        return (numbers, true);
    }
    let mut next = 0;
    let counted = table.images_per_class().into_iter().map(|images| {
        let label = next;
        next += u64::from(images > 0);
        label
    });
    (counted.collect(), false)
}

/// What a recipe calls the types of attributes.
pub fn schema(table: &Table) -> Vec<(String, &'static str)> {
    let word = |kind: &AttributeType| match kind {
        AttributeType::Angle => "rad",
        AttributeType::Pixels => "px",
        AttributeType::Fraction => "fraction",
        AttributeType::Number => "float",
        AttributeType::Integer => "int",
        AttributeType::Text => "text",
        AttributeType::Category(_) => "category",
    };
    table.schema().added().map(|(name, kind)| (name.to_owned(), word(kind))).collect()
}

/// A number as a text from which the same number is read.
fn digits(number: f64) -> String {
    number.to_string()
}

/// A value as a text; nothing where it is missing.
fn text(cell: &Cell) -> Option<Arc<str>> {
    match cell {
        Cell::Missing => None,
        Cell::Bool(value) => Some(Arc::from(if *value { "1" } else { "0" })),
        Cell::Number(number) => Some(Arc::from(digits(*number))),
        Cell::Text(text) => Some(text.clone()),
    }
}

/// The files of a row (`a-{0..3}.tar`) and how many images each takes, evenly.
struct Rows {
    files: Vec<PathBuf>,
    images: usize,
}

impl Rows {
    fn of(whole: &Whole) -> Result<Self, WriteError> {
        let files = match super::shards::named(whole.to) {
            mut all if all.len() > 1 => all.split_off(1),
            all => all,
        };
        if files.len() > whole.rows.len().max(1) {
            return Err(WriteError::Misfit(format!("{} files are more than the {} images", files.len(), whole.rows.len())));
        }
        Ok(Rows { files, images: whole.rows.len() })
    }

    /// The place of the file that takes an image.
    fn place(&self, image: usize) -> usize {
        // each begins at the first image of its share
        ((image + 1) * self.files.len()).div_ceil(self.images.max(1)).saturating_sub(1).min(self.files.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_dealt_evenly_and_in_their_order() {
        for (files, images) in [(1, 0), (1, 5), (3, 3), (3, 10), (4, 11)] {
            let rows = Rows { files: vec![PathBuf::new(); files], images };
            let places: Vec<usize> = (0..images).map(|image| rows.place(image)).collect();
            assert!(places.is_sorted(), "{places:?}");
            let counts: Vec<usize> = (0..files).map(|file| places.iter().filter(|place| **place == file).count()).collect();
            assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
        }
    }

    #[test]
    fn a_path_says_by_its_ending_what_it_is_to_be() {
        let named = |path: &str| Container::of(Path::new(path)).map(Container::name);
        assert_eq!(
            ["faces", "a.csv", "a.REC", "x-{0..3}.tar", "a.tfrecord", "a.index", "a.parquet", "a.lmdb", "a.bin", "a.zip"].map(named),
            [
                Some("folder"),
                Some("list"),
                Some("recordio"),
                Some("tar"),
                Some("tfrecord"),
                Some("tface"),
                Some("parquet"),
                Some("lmdb"),
                Some("bin"),
                None
            ]
        );
    }
}
