//! Views by identity: chosen people, people with enough images, people who are not in another table, new labels.

use super::{MergeLabels, merge};
use crate::predicate::Expr;
use crate::table::{NOBODY, Rows, RowsBuilder};
use crate::{Cell, DataError, LabelSpace, Table};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

impl Table {
    /// The people named, and their rows; the label space keeps this table's order. Errors: a name that is not there, no row left.
    pub fn identities(&self, names: &[impl AsRef<str>]) -> Result<Table, DataError> {
        let mut wanted = HashSet::new();
        for name in names {
            let name = name.as_ref();
            let near = || {
                let closest = self.labels.names().iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
                closest.filter(|known| strsim::damerau_levenshtein(known, name) <= 2).cloned()
            };
            wanted.insert(self.labels.class(name).ok_or_else(|| DataError::NoSuchIdentity { name: name.to_owned(), near: near() })?);
        }
        self.narrowed("identities", |class| wanted.contains(&class))
    }

    /// The people from place `from` to place `to` of the names sorted by their bytes, both included, from 0. Errors: beyond the end, no
    /// row.
    pub fn identity_range(&self, from: usize, to: usize) -> Result<Table, DataError> {
        if from > to || to >= self.labels.len() {
            let why = format!("{from}..{to} is not within the {} people, 0..{}", self.labels.len(), self.labels.len().saturating_sub(1));
            return Err(DataError::Argument { what: "identities", why });
        }
        let wanted: HashSet<u32> = self.labels.by_name()[from..=to].iter().copied().collect();
        self.narrowed("identities", |class| wanted.contains(&class))
    }

    /// The people with at least `least` rows, and their rows. Errors: no row left.
    pub fn min_images(&self, least: usize) -> Result<Table, DataError> {
        let counts = self.images_per_class();
        self.narrowed(&format!("min_images({least})"), |class| counts[class as usize] >= least.max(1))
    }

    /// The people whose name is not among the people of `other` who have rows there. Errors: no row left.
    pub fn without(&self, other: &Table) -> Result<Table, DataError> {
        let theirs: HashSet<&str> = other.stretches().map(|stretch| stretch.first.identity()).collect();
        self.narrowed("without", |class| !theirs.contains(&*self.labels.names()[class as usize]))
    }

    /// A new label space of the people who have rows here, sorted by the bytes of their names.
    pub fn relabel(&self) -> Result<Table, DataError> {
        let counts = self.images_per_class();
        let shown = self.labels.by_name().into_iter().filter(|class| counts[*class as usize] > 0);
        let names: Vec<Arc<str>> = shown.map(|class| self.labels.names()[class as usize].clone()).collect();
        Ok(self.relabelled(LabelSpace::new(&format!("relabel {}", self.labels.id()), names)?))
    }

    /// The values of an attribute as people, sorted by their bytes, and the rows of each, one after the other; rows without a value are left
    /// out. Errors: an attribute that is no text, no row left.
    pub fn relabel_by(&self, by: &Expr) -> Result<Table, DataError> {
        self.prepare(&by.attributes());
        let mut rows: BTreeMap<Arc<str>, Vec<u32>> = BTreeMap::new();
        for row in self.rows() {
            match by.eval_row(&row)? {
                Cell::Text(value) => rows.entry(value).or_default().push(row.index() as u32),
                Cell::Missing => {}
                other @ (Cell::Bool(_) | Cell::Number(_)) => {
                    let what = format!("relabel by `{}`", by.text(&self.schema()));
                    return Err(DataError::WrongKind { what, wanted: "a text or a category", found: other.to_string() });
                }
            }
        }
        if rows.is_empty() {
            return Err(DataError::Empty { view: format!("relabel(by = {})", by.text(&self.schema())), total: self.len() });
        }
        // the same names for other images are other people
        let mut whose = blake3::Hasher::new();
        for (value, rows) in &rows {
            whose.update(&(value.len() as u64).to_le_bytes()).update(value.as_bytes()).update(&(rows.len() as u64).to_le_bytes());
            for row in rows {
                whose.update(&row.to_le_bytes());
            }
        }
        let origin = format!("relabel {} by {}: {}", self.labels.id(), by.text(&self.schema()), whose.finalize().to_hex());
        let labels = LabelSpace::new(&origin, rows.keys().cloned())?;
        // one person each, whoever else they were
        let classes: Arc<[u32]> = vec![0; self.classes.len()].into();
        let part = |(value, rows): (Arc<str>, Vec<u32>)| {
            let labels = LabelSpace::new(&origin, [value])?;
            Ok(Table { classes: classes.clone(), labels, rows: Rows::rising(rows), ..self.clone() })
        };
        let parts = rows.into_iter().map(part).collect::<Result<Vec<_>, DataError>>()?;
        Ok(Table { labels, ..merge(&parts, MergeLabels::Disjoint)? })
    }

    /// The classes that `keep` keeps, in order, and their rows. `view` names the view in the error when no row is left.
    pub(super) fn narrowed(&self, view: &str, keep: impl Fn(u32) -> bool) -> Result<Table, DataError> {
        let names: Vec<_> =
            self.labels.names().iter().enumerate().filter(|(class, _)| keep(*class as u32)).map(|(_, n)| n.clone()).collect();
        if names.len() == self.labels.len() {
            return Ok(self.clone()); // the same people are the same label space
        }
        let narrowed = self.relabelled(LabelSpace::new(&format!("narrow {}", self.labels.id()), names)?);
        if narrowed.is_empty() { Err(DataError::Empty { view: view.to_owned(), total: self.len() }) } else { Ok(narrowed) }
    }

    /// The rows of people of another label space (matched by name), with its classes.
    fn relabelled(&self, labels: LabelSpace) -> Table {
        let new: Vec<u32> = self.labels.names().iter().map(|name| labels.class(name).unwrap_or(NOBODY)).collect();
        let classes: Arc<[u32]> = self.classes.iter().map(|class| new.get(*class as usize).copied().unwrap_or(NOBODY)).collect();
        let mut rows = RowsBuilder::default();
        for stretch in self.stretches().filter(|stretch| new[stretch.first.class() as usize] != NOBODY) {
            let place = stretch.first.index() as u32;
            rows.push_all(place..place + stretch.len as u32);
        }
        Table { classes, labels, rows: rows.finish(), ..self.clone() }
    }
}
