//! A lazy table of samples: names, people, attributes and where the pixels are; no pixel.
//!
//! ```text
//!  Table ── rows ────▶ places of the set (runs, or a list)
//!    │  └─ classes ──▶ person of the set ─▶ class of the label space
//!    └──── core ─────▶ what samples have: columns, or a set that is made, or the rows of several tables
//! ```
//!
//! What is the same for many samples is written down once: people and texts are interned, a drawn set has no column at all, a view is the
//! rows and classes that it leaves.

#![allow(clippy::cast_possible_truncation, reason = "rows are numbered by 32 bits; a table of more is refused")]

mod builder;
mod columns;
mod core;
mod groups;
mod made;
mod merged;
mod names;
mod rows;
mod said;

pub(super) use self::core::Core;
pub use builder::{NewRow, TableBuilder};
pub(super) use columns::{Cells, Column, ColumnBuilder};
pub use groups::Groups;
pub use made::MadeSet;
pub(super) use merged::Merged;
pub(super) use rows::{Rows, RowsBuilder};
pub use said::NewAttribute;

use super::augment::Treatment;
use super::readers::tidy;
use super::stream::Sizing;
use super::{Cell, DataError, ImageSource, LabelSpace, Name, Schema, Stream};
use std::borrow::Cow;
use std::sync::Arc;

/// A table of samples, cheap to clone. Rows are numbered from 0; views give new tables and leave this one as it is.
#[derive(Debug, Clone)]
pub struct Table {
    pub(super) core: Arc<Core>,
    pub(super) columns: Arc<[Column]>,
    /// Class of each person of the set; people outside the label space hold [`NOBODY`], and no row shows them.
    pub(super) classes: Arc<[u32]>,
    pub(super) labels: LabelSpace,
    /// Which samples of the whole set are rows, rising.
    pub(super) rows: Rows,
    /// What each sample goes through before anything else, by number.
    pub(super) treated: Treated,
    pub(super) treatments: Arc<[Treatment]>,
    pub(super) stream: Stream,
}

/// The numbers of samples' treatments.
#[derive(Debug, Clone)]
pub(super) enum Treated {
    /// None has one.
    None,
    /// All have this one.
    All(u16),
    /// Those of the parts of a merge: for each part, the number of what has none there, and then of each of its own.
    Parts(Arc<[Vec<u16>]>),
}

/// The class of samples whose person is not in the label space.
pub(super) const NOBODY: u32 = u32::MAX;

/// The number of no treatment.
pub(super) const BARE: u16 = u16::MAX;

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    place: u32,
}

/// Rows that follow one another, of one person and of one root or drawn set.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'a> {
    /// The first row.
    pub first: Row<'a>,
    /// Its number.
    pub start: usize,
    /// How many rows.
    pub len: usize,
}

impl Table {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row `row`, counted from 0; `None` beyond the end.
    pub fn row(&self, row: usize) -> Option<Row<'_>> {
        self.rows.place(row).map(|place| Row { table: self, place })
    }

    /// All rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> + Clone {
        self.rows.iter().map(|place| Row { table: self, place })
    }

    /// All rows, as few stretches as there are changes of person: for what is counted by person.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch<'_>> {
        self.rows.runs().flat_map(move |(start, places)| {
            let mut next = places.start;
            std::iter::from_fn(move || {
                let place = (next < places.end).then_some(next)?;
                next = self.core.stretch(place, places.end);
                Some(Stretch {
                    first: Row { table: self, place },
                    start: start + (place - places.start) as usize,
                    len: (next - place) as usize,
                })
            })
        })
    }

    /// The row of the sample of this path.
    pub fn row_of(&self, path: &str) -> Option<usize> {
        self.row_at(self.core.place(path)?)
    }

    /// The number of samples of the whole set.
    pub fn set_len(&self) -> usize {
        self.core.len()
    }

    /// The place in the whole set (not only these rows) of the sample that a list names so; `\` parts folders too.
    pub fn place_of(&self, name: &str) -> Option<u32> {
        self.core.place(name).or_else(|| match tidy(name) {
            Cow::Borrowed(_) => None,
            Cow::Owned(tidied) => self.core.place(&tidied),
        })
    }

    /// The row of the sample at a place of the whole set.
    pub fn row_at(&self, place: u32) -> Option<usize> {
        self.rows.row(place)
    }

    /// The path of the sample at a place of the whole set.
    pub fn path_at(&self, place: u32) -> Cow<'_, str> {
        self.core.path(place)
    }

    /// How many rows are images that `other` has too, seen in the same way, and the path of the first.
    pub fn shared_with(&self, other: &Table) -> Option<(usize, String)> {
        self.alike(other, |a, b| b.is_image_of(a))
    }

    /// The same for images that `other` sees in any way.
    pub fn pictured_in(&self, other: &Table) -> Option<(usize, String)> {
        self.alike(other, |a, b| a.source() == b.source())
    }

    fn alike(&self, other: &Table, alike: impl Fn(&Row, &Row) -> bool) -> Option<(usize, String)> {
        let one_set = Arc::ptr_eq(&self.core, &other.core);
        let mut theirs: Vec<(u64, u32)> =
            if one_set { Vec::new() } else { other.rows().map(|row| (row.source().hashed(), row.place)).collect() };
        theirs.sort_unstable();
        let twin = |row: &Row| {
            let same = |place: u32| alike(&Row { table: other, place }, row);
            if one_set {
                return other.row_at(row.place).is_some() && same(row.place);
            }
            let hashed = row.source().hashed();
            let from = theirs.partition_point(|(key, _)| *key < hashed);
            theirs[from..].iter().take_while(|(key, _)| *key == hashed).any(|(_, place)| same(*place))
        };
        let mut shared = self.rows().filter(twin);
        let first = shared.next()?.path().into_owned();
        Some((1 + shared.count(), first))
    }

    /// The classes of the rows.
    pub fn labels(&self) -> &LabelSpace {
        &self.labels
    }

    /// Attribute names and types.
    pub fn schema(&self) -> Schema {
        Schema::new(self.columns.iter().map(|column| (column.name.to_string(), column.kind.clone())))
    }

    /// What is known of every image.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// How the image at a place of the whole set is brought to another size: as the set says that it is from.
    fn sizing(&self, place: u32) -> Sizing {
        match &*self.core {
            Core::Merged(merged) => {
                let (_, table, own) = merged.at(place);
                table.sizing(own)
            }
            Core::Listed(_) | Core::Made(_) => self.stream.sizing,
        }
    }

    /// The same table with other facts about its images (a recipe said so).
    #[must_use]
    pub fn with_stream(&self, stream: Stream) -> Self {
        Table { stream, ..self.clone() }
    }

    /// How many rows each class has, by class.
    pub fn images_per_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        self.stretches().for_each(|stretch| counts[stretch.first.class() as usize] += stretch.len);
        counts
    }

    /// The rows of each class, by class, each in table order.
    pub fn rows_by_class(&self) -> Groups {
        let counts = self.images_per_class();
        Groups::filled(&counts, self.stretches().map(|it| (it.first.class() as usize, it.start as u32..(it.start + it.len) as u32)))
    }

    /// How many classes have at least one row.
    pub fn people(&self) -> usize {
        self.images_per_class().iter().filter(|count| **count > 0).count()
    }

    /// The digest of what the rows are: paths, people, sources' names, attributes, treatments. It does not look into files
    /// (see [`probe`](super::probe)), nor at where a root lies.
    pub fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let mut put = |part: &[u8]| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        };
        put(b"ddl table 1");
        put(self.labels.id().as_bytes());
        let treatments: Vec<String> = self.treatments.iter().map(|treatment| format!("{treatment:?}")).collect();
        for row in self.rows() {
            put(row.path().as_bytes());
            put(&row.class().to_le_bytes());
            let source = row.source();
            match source.name() {
                Name::Path(path) => put(path.as_bytes()),
                Name::Number(number) => put(&[source.set().id(), format!("#{number}").as_bytes()].concat()),
            }
            for column in self.columns.iter() {
                put(column.name.as_bytes());
                put(column.cell(&self.core, row.place).to_string().as_bytes());
            }
            put(row.treated().map_or("", |treated| &treatments[treated as usize]).as_bytes());
        }
        hasher.finalize()
    }

    /// The same samples, of which these are rows.
    pub(super) fn with_rows(&self, rows: Rows) -> Self {
        Table { rows, ..self.clone() }
    }

    /// The number of the treatment of a sample.
    fn treated(&self, place: u32) -> Option<u16> {
        match (&self.treated, &*self.core) {
            (Treated::None, _) => None,
            (Treated::All(number), _) => Some(*number),
            (Treated::Parts(parts), Core::Merged(merged)) => {
                let (part, table, own) = merged.at(place);
                let number = parts[part][table.treated(own).map_or(0, |own| 1 + usize::from(own))];
                (number != BARE).then_some(number)
            }
            (Treated::Parts(_), Core::Listed(_) | Core::Made(_)) => None, // not reached: parts are of a merge
        }
    }
}

impl<'a> Row<'a> {
    /// The sample's name: its path relative to its set's root, `/`-separated. Random draws go by it.
    pub fn path(&self) -> Cow<'a, str> {
        self.table.core.path(self.place)
    }

    /// The class: an index into the label space's names.
    pub fn class(&self) -> u32 {
        self.table.classes[self.table.core.person(self.place) as usize]
    }

    /// The name of the identity.
    pub fn identity(&self) -> &'a str {
        self.shared_identity()
    }

    /// The same, shared.
    pub fn shared_identity(&self) -> &'a Arc<str> {
        &self.table.labels.names()[self.class() as usize]
    }

    /// The place in the whole set, from 0: filters don't change it.
    pub fn index(&self) -> usize {
        self.place as usize
    }

    /// Width and height in pixels, where known.
    pub fn size(&self) -> Option<(u32, u32)> {
        self.table.core.size(self.place)
    }

    /// Whether the table's images of another size than the network's are refused.
    pub fn refuses_resize(&self) -> bool {
        self.table.stream.refuse_resize
    }

    /// How the image is brought to another size.
    pub fn sizing(&self) -> Sizing {
        self.table.sizing(self.place)
    }

    /// Where the pixels are.
    pub fn source(&self) -> ImageSource {
        self.table.core.source(self.place)
    }

    /// What the image goes through before anything else (`apply`), if anything.
    pub fn treatment(&self) -> Option<&'a Treatment> {
        self.table.treatments.get(usize::from(self.treated()?))
    }

    fn treated(&self) -> Option<u16> {
        self.table.treated(self.place)
    }

    /// Whether the other row is the same image, seen in the same way.
    pub fn is_image_of(&self, other: &Row<'_>) -> bool {
        self.source() == other.source() && self.treatment() == other.treatment()
    }

    /// The value of an attribute, those that are always there included.
    pub fn cell(&self, name: &str) -> Result<Cell, DataError> {
        let side = |side: Option<u32>| side.map_or(Cell::Missing, |side| Cell::Number(f64::from(side)));
        Ok(match name {
            "identity" => Cell::Text(self.shared_identity().clone()),
            "path" => Cell::Text(Arc::from(self.path())),
            "index" => Cell::Number(f64::from(self.place)),
            "width" => side(self.size().map(|size| size.0)),
            "height" => side(self.size().map(|size| size.1)),
            added => self.table.column(added)?.cell(&self.table.core, self.place),
        })
    }
}

impl Table {
    /// The column of an added attribute.
    pub(super) fn column(&self, name: &str) -> Result<&Column, DataError> {
        self.columns
            .iter()
            .find(|column| &*column.name == name)
            .ok_or_else(|| DataError::NoAttribute { name: name.to_owned(), known: self.schema().names().map(str::to_owned).collect() })
    }

    /// Makes the values of these attributes that are made only when they are asked for; they will be, for most samples.
    pub(super) fn prepare(&self, names: &[&str]) {
        if 4 * self.len() < self.set_len() {
            return;
        }
        for column in self.columns.iter().filter(|column| names.contains(&&*column.name)) {
            column.prepare(&self.core);
        }
    }

    /// This table with one more attribute: a value for every sample of the whole set.
    pub(super) fn with_column(&self, column: ColumnBuilder) -> Result<Self, DataError> {
        let column = column.finish();
        if self.schema().get(&column.name).is_some() {
            return Err(DataError::AttributeTwice { name: column.name.to_string() });
        }
        Ok(Table { columns: self.columns.iter().cloned().chain([column]).collect(), ..self.clone() })
    }
}

#[cfg(test)]
mod tests;
