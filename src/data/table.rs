//! A lazy table of samples: names, people, attributes and where the pixels are; no pixel.

use super::augment::Treatment;
use super::readers::tidy;
use super::{AttributeType, Cell, DataError, ImageSource, LabelSpace, Schema, Stream};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// The values of one attribute, one per sample of the whole set.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: Arc<str>,
    pub(super) kind: AttributeType,
    pub(super) cells: Arc<[Cell]>,
}

/// What every sample of a set has, one entry per sample of the whole set.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) paths: Arc<[Arc<str>]>,
    pub(super) sources: Arc<[ImageSource]>,
    /// Width and height in pixels, where known.
    pub(super) sizes: Arc<[Option<(u32, u32)>]>,
    places: HashMap<Arc<str>, u32>,
}

impl Core {
    /// A core whose paths are all different.
    pub(super) fn new(paths: Vec<Arc<str>>, sources: Vec<ImageSource>, sizes: Vec<Option<(u32, u32)>>) -> Result<Self, DataError> {
        let mut places = HashMap::with_capacity(paths.len());
        for (place, path) in paths.iter().enumerate() {
            if places.insert(path.clone(), place as u32).is_some() {
                return Err(DataError::PathTwice { path: path.to_string() });
            }
        }
        Ok(Core { paths: paths.into(), sources: sources.into(), sizes: sizes.into(), places })
    }

    /// The place of a path in the whole set.
    fn place(&self, path: &str) -> Option<u32> {
        self.places.get(path).copied()
    }
}

/// A table of samples, cheap to clone. Rows are numbered from 0; views give new tables and leave this one as it is.
#[derive(Debug, Clone)]
pub struct Table {
    pub(super) core: Arc<Core>,
    pub(super) columns: Arc<[Column]>,
    /// Class of each sample of the whole set; samples of people outside the label space hold [`NOBODY`] and are in no row.
    pub(super) classes: Arc<[u32]>,
    pub(super) labels: LabelSpace,
    /// Which samples of the whole set are rows, rising.
    pub(super) rows: Arc<[u32]>,
    /// What each sample goes through before anything else, by number; one entry per sample of the whole set, or none at all.
    pub(super) treated: Option<Arc<[u16]>>,
    pub(super) treatments: Arc<[Treatment]>,
    pub(super) stream: Stream,
}

/// The class of samples whose person is not in the label space.
pub(super) const NOBODY: u32 = u32::MAX;

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    place: usize,
}

impl Table {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Row `row`, counted from 0; `None` beyond the end.
    pub fn row(&self, row: usize) -> Option<Row<'_>> {
        self.rows.get(row).map(|place| Row { table: self, place: *place as usize })
    }

    /// All rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> + Clone {
        self.rows.iter().map(|place| Row { table: self, place: *place as usize })
    }

    /// The row of the sample of this path.
    pub fn row_of(&self, path: &str) -> Option<usize> {
        self.row_at(self.core.place(path)?)
    }

    /// The number of samples of the whole set.
    pub fn set_len(&self) -> usize {
        self.core.paths.len()
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
        self.rows.binary_search(&place).ok()
    }

    /// The path of the sample at a place of the whole set.
    pub fn path_at(&self, place: u32) -> Cow<'_, str> {
        Cow::Borrowed(&self.core.paths[place as usize])
    }

    /// How many rows are images that `other` has too, seen in the same way, and the path of the first.
    pub fn shared_with(&self, other: &Table) -> Option<(usize, String)> {
        let one_set = Arc::ptr_eq(&self.core, &other.core);
        let mut theirs: Vec<(u64, usize)> =
            if one_set { Vec::new() } else { other.rows().enumerate().map(|(at, row)| (row.source().hashed(), at)).collect() };
        theirs.sort_unstable();
        let twin = |row: &Row| {
            let same = |at: usize| other.row(at).is_some_and(|twin| twin.source() == row.source() && twin.treatment() == row.treatment());
            if one_set {
                return other.row_at(row.place as u32).is_some_and(same);
            }
            let hashed = row.source().hashed();
            let from = theirs.partition_point(|(key, _)| *key < hashed);
            theirs[from..].iter().take_while(|(key, _)| *key == hashed).any(|(_, at)| same(*at))
        };
        let mut shared = self.rows().filter(twin);
        let first = shared.next()?.path().to_owned();
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

    /// The same table with other facts about its images (a recipe said so).
    #[must_use]
    pub fn with_stream(&self, stream: Stream) -> Self {
        Table { stream, ..self.clone() }
    }

    /// How many rows each class has, by class.
    pub fn images_per_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        for row in self.rows() {
            counts[row.class() as usize] += 1;
        }
        counts
    }

    /// The rows of each class, by class, each in table order.
    pub fn rows_by_class(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.labels.len()];
        for (at, row) in self.rows().enumerate() {
            rows[row.class() as usize].push(at);
        }
        rows
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
        for row in self.rows() {
            put(row.path().as_bytes());
            put(&row.class().to_le_bytes());
            match row.source() {
                ImageSource::File { file, .. } => put(file.as_bytes()),
                ImageSource::Rendered { set, index } => put(format!("{}#{index}", set.id()).as_bytes()),
            }
            for column in self.columns.iter() {
                put(column.name.as_bytes());
                put(column.cells[row.place].to_string().as_bytes());
            }
            put(row.treatment().map(|treatment| format!("{treatment:?}")).unwrap_or_default().as_bytes());
        }
        hasher.finalize()
    }

    /// The same samples, fewer or reordered rows (places in the whole set).
    pub(super) fn with_rows(&self, rows: Vec<u32>) -> Self {
        Table { rows: rows.into(), ..self.clone() }
    }

    /// The place in the whole set of row `row`.
    pub(super) fn place(&self, row: usize) -> u32 {
        self.rows[row]
    }
}

impl<'a> Row<'a> {
    /// The sample's name: its path relative to its set's root, `/`-separated. Random draws go by it.
    pub fn path(&self) -> &'a str {
        &self.table.core.paths[self.place]
    }

    /// The same, shared.
    pub fn shared_path(&self) -> &'a Arc<str> {
        &self.table.core.paths[self.place]
    }

    /// The class: an index into the label space's names.
    pub fn class(&self) -> u32 {
        self.table.classes[self.place]
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
        self.place
    }

    /// Width and height in pixels, where known.
    pub fn size(&self) -> Option<(u32, u32)> {
        self.table.core.sizes[self.place]
    }

    /// Whether the table's images of another size than the network's are refused.
    pub fn refuses_resize(&self) -> bool {
        self.table.stream.refuse_resize
    }

    /// Where the pixels are.
    pub fn source(&self) -> &'a ImageSource {
        &self.table.core.sources[self.place]
    }

    /// What the image goes through before anything else (`apply`), if anything.
    pub fn treatment(&self) -> Option<&'a Treatment> {
        let treated = self.table.treated.as_ref()?;
        self.table.treatments.get(treated[self.place] as usize)
    }

    /// The value of an attribute, those that are always there included.
    pub fn cell(&self, name: &str) -> Result<Cell, DataError> {
        let side = |side: Option<u32>| side.map_or(Cell::Missing, |side| Cell::Number(f64::from(side)));
        Ok(match name {
            "identity" => Cell::Text(self.shared_identity().clone()),
            "path" => Cell::Text(self.shared_path().clone()),
            "index" => Cell::Number(self.place as f64),
            "width" => side(self.size().map(|size| size.0)),
            "height" => side(self.size().map(|size| size.1)),
            added => self.table.column(added)?.cells[self.place].clone(),
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

    /// This table with one more attribute: `cells[place]` for every sample of the whole set.
    pub(super) fn with_column(&self, name: &str, kind: AttributeType, cells: Vec<Cell>) -> Result<Self, DataError> {
        if self.schema().get(name).is_some() {
            return Err(DataError::AttributeTwice { name: name.to_owned() });
        }
        let column = Column { name: Arc::from(name), kind, cells: cells.into() };
        Ok(Table { columns: self.columns.iter().cloned().chain([column]).collect(), ..self.clone() })
    }
}

/// One sample, for [`TableBuilder::push`].
#[derive(Debug, Clone)]
pub struct NewRow {
    /// Its name, unique in the table.
    pub path: Arc<str>,
    /// Who it is.
    pub identity: Arc<str>,
    /// Width and height in pixels, where known.
    pub size: Option<(u32, u32)>,
    /// Where the pixels are.
    pub source: ImageSource,
    /// One cell per attribute of the builder's schema, in its order.
    pub cells: Vec<Cell>,
}

/// Collects samples into a table. The order of rows is the order of pushes; classes are the identities sorted by their bytes.
#[derive(Debug)]
pub struct TableBuilder {
    schema: Schema,
    rows: Vec<NewRow>,
}

impl TableBuilder {
    /// A builder of tables with these added attributes.
    pub fn new(schema: Schema) -> Self {
        TableBuilder { schema, rows: Vec::new() }
    }

    /// Adds a sample.
    pub fn push(&mut self, row: NewRow) {
        self.rows.push(row);
    }

    /// The table. `origin` names where the people come from (see [`LabelSpace::new`]). Categories' values are completed from the cells.
    /// Fails on a path that stands twice, on a cell of the wrong kind, or a row with too few or too many cells.
    pub fn build(self, origin: &str, stream: Stream) -> Result<Table, DataError> {
        let mut names: Vec<Arc<str>> = self.rows.iter().map(|row| row.identity.clone()).collect();
        names.sort();
        names.dedup();
        let labels = LabelSpace::new(origin, names)?;
        let classes = self.rows.iter().map(|row| labels.class(&row.identity).unwrap_or(NOBODY)).collect();
        let columns = columns(&self.schema, &self.rows)?;
        let sizes: Vec<_> = self.rows.iter().map(|row| row.size).collect();
        let rows = (0..self.rows.len() as u32).collect();
        let (paths, sources) = self.rows.into_iter().map(|row| (row.path, row.source)).unzip();
        let size = sizes.first().copied().flatten().filter(|first| sizes.iter().all(|size| size.as_ref() == Some(first)));
        Ok(Table {
            core: Arc::new(Core::new(paths, sources, sizes)?),
            columns,
            classes,
            labels,
            rows,
            treated: None,
            treatments: Arc::from([]),
            stream: Stream { size: stream.size.or(size), ..stream },
        })
    }
}

/// The columns of a schema from the cells of rows.
fn columns(schema: &Schema, rows: &[NewRow]) -> Result<Arc<[Column]>, DataError> {
    let wanted = schema.added().count();
    if let Some(row) = rows.iter().find(|row| row.cells.len() != wanted) {
        let why = format!("`{}` has {} values for {wanted} attributes", row.path, row.cells.len());
        return Err(DataError::Argument { what: "table", why });
    }
    let column = |(at, (name, kind)): (usize, (&str, &AttributeType))| {
        let cells: Arc<[Cell]> = rows.iter().map(|row| row.cells[at].clone()).collect();
        Ok(Column { name: Arc::from(name), kind: completed(name, kind, &cells)?, cells })
    };
    schema.added().enumerate().map(column).collect()
}

/// A type with a category's values completed from `cells`; an error if a cell is of another kind.
pub(super) fn completed(name: &str, kind: &AttributeType, cells: &[Cell]) -> Result<AttributeType, DataError> {
    let right = |cell: &Cell| match cell {
        Cell::Missing => true,
        Cell::Bool(_) => false,
        Cell::Number(number) => !kind.is_text() && number.is_finite(),
        Cell::Text(_) => kind.is_text(),
    };
    if let Some(wrong) = cells.iter().find(|cell| !right(cell)) {
        let wanted = if kind.is_text() { "a text" } else { "a finite number" };
        return Err(DataError::WrongKind { what: format!("`.{name}`"), wanted, found: wrong.to_string() });
    }
    let AttributeType::Category(known) = kind else { return Ok(kind.clone()) };
    let found = cells.iter().filter_map(|cell| if let Cell::Text(text) = cell { Some(text.clone()) } else { None });
    let mut values: Vec<Arc<str>> = known.iter().cloned().chain(found).collect();
    values.sort();
    values.dedup();
    Ok(AttributeType::Category(values.into()))
}
