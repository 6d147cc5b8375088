//! Tables as they are made.

use super::columns::{Cells, Column, ColumnBuilder};
use super::core::{Core, Listed, Origins, Paths, Sizes};
use super::made::MadeSet;
use super::rows::Rows;
use super::{NOBODY, Table, Treated};
use crate::{AttributeType, Cell, DataError, ImageSource, LabelSpace, Schema, Stream};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

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
    paths: Paths,
    /// The people in the order in which they were met, and the number of each.
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    people: Vec<u32>,
    sizes: Sizes,
    origins: Origins,
    columns: Vec<ColumnBuilder>,
    /// What is wrong with the rows so far.
    wrong: Option<DataError>,
}

impl TableBuilder {
    /// A builder of tables with these added attributes.
    pub fn new(schema: Schema) -> Self {
        TableBuilder {
            paths: Paths::default(),
            names: Vec::new(),
            numbers: HashMap::new(),
            people: Vec::new(),
            sizes: Sizes::All(None),
            origins: Origins::default(),
            columns: schema.added().map(|(name, kind)| ColumnBuilder::new(name, kind)).collect(),
            wrong: None,
        }
    }

    /// Adds a sample.
    pub fn push(&mut self, row: NewRow) {
        let at = self.paths.len();
        if row.cells.len() != self.columns.len() {
            let why = format!("`{}` has {} values for {} attributes", row.path, row.cells.len(), self.columns.len());
            self.wrong.get_or_insert(DataError::Argument { what: "table", why });
        }
        for (column, cell) in self.columns.iter_mut().zip(&row.cells) {
            if let Err(error) = column.push(cell) {
                self.wrong.get_or_insert(error);
            }
        }
        let next = self.names.len() as u32;
        let person = *self.numbers.entry(row.identity.clone()).or_insert(next);
        if person == next {
            self.names.push(row.identity);
        }
        self.people.push(person);
        self.sizes.push(at, row.size);
        self.paths.push(&row.path, &row.source, &self.origins);
        self.origins.push(at, &row.source);
    }

    /// The table. `origin` names where the people come from (see [`LabelSpace::new`]). Categories' values are completed from the cells.
    /// Fails on a path that stands twice, on a cell of the wrong kind, or a row with too few or too many cells.
    pub fn build(self, origin: &str, stream: Stream) -> Result<Table, DataError> {
        drop(self.numbers);
        let (labels, classes) = sorted(origin, self.names)?;
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let size = if let Sizes::All(size) = self.sizes { size } else { None };
        let core = Listed::new(self.paths, self.people, self.sizes, self.origins)?;
        let columns = self.columns.into_iter().map(ColumnBuilder::finish).collect();
        Ok(Table::of_core(Core::Listed(Box::new(core)), columns, classes, labels, Stream { size: stream.size.or(size), ..stream }))
    }
}

impl Table {
    /// All samples of a made set, with the numbers that it knows of them; only its people are written down.
    ///
    /// # Errors
    /// Two people of one name.
    pub fn made(set: Arc<dyn MadeSet>, attributes: &[(&str, AttributeType)], stream: Stream) -> Result<Table, DataError> {
        let names = (0..set.people()).map(|person| Arc::from(set.identity(person))).collect();
        let (labels, classes) = sorted(&String::from_utf8_lossy(set.id()), names)?;
        let column = |(attribute, (name, kind)): (usize, &(&str, AttributeType))| {
            let cells = Cells::Made { attribute, known: Arc::new(OnceLock::new()) };
            Column { name: Arc::from(*name), kind: kind.clone(), cells }
        };
        let columns = attributes.iter().enumerate().map(column).collect();
        let stream = Stream { size: stream.size.or(Some(set.size())), ..stream };
        Ok(Table::of_core(Core::Made(set), columns, classes, labels, stream))
    }

    /// All samples of a core.
    pub(crate) fn of_core(core: Core, columns: Arc<[Column]>, classes: Arc<[u32]>, labels: LabelSpace, stream: Stream) -> Self {
        let rows = Rows::all(core.len());
        Table { core: Arc::new(core), columns, classes, labels, rows, treated: Treated::None, treatments: Arc::from([]), stream }
    }
}

/// A label space of names that were numbered as they came, sorted by their bytes, and the class of each.
fn sorted(origin: &str, names: Vec<Arc<str>>) -> Result<(LabelSpace, Arc<[u32]>), DataError> {
    let mut order: Vec<u32> = (0..names.len() as u32).collect();
    order.sort_unstable_by(|a, b| names[*a as usize].cmp(&names[*b as usize]));
    let mut classes = vec![NOBODY; names.len()];
    order.iter().zip(0..).for_each(|(person, class)| classes[*person as usize] = class);
    let labels = LabelSpace::new(origin, order.into_iter().map(|person| names[person as usize].clone()))?;
    Ok((labels, classes.into()))
}
