//! The data of a plan: its data set nodes become [`Table`]s, its draws [`Batches`]. Shared by the planner and the engine.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts that are shown, and numbers of nodes")]

use super::augments::{Changes, augment};
use super::foreseen::Foreseen;
use crate::data::predicate::{Expr, MissingPolicy, Predicate};
use crate::data::probe::{LeftOut, ProbeCache};
use crate::data::protocol::{self, Doubt};
use crate::data::readers::{self, Annotated};
use crate::data::sampler::{Batches, Sampling};
use crate::data::table::NewAttribute;
use crate::data::views::{self, Amount, MergeLabels, Order, Split, SplitPart};
use crate::data::{At, DataError, Table};
use crate::lang::value::NodeId;
use crate::ops::node::Node;
use crate::ops::outputs::Heard;
use crate::ops::readers::Reader;
use crate::ops::refs::FilePath;
use crate::ops::{data, samplers};
use crate::pinned::Pinned;
use crate::plan::{Paths, Plan, PlanError};
use crate::random::apart;
use crate::store::Store;
use crate::store::said::Attributes;
use crate::text::quoted;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Data that a plan names and that can't be had.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// What the data room says.
    #[error("{node}: {source}")]
    Data {
        /// The node's name in the plan.
        node: String,
        /// What is wrong.
        source: Box<DataError>,
    },
    /// A node that is no data set, or whose arguments don't fit.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What an observer has not said yet.
    #[error("{node}: it is known when `{by}` has run")]
    Unsaid {
        /// The node's name in the plan.
        node: String,
        /// The name of the node that says it.
        by: String,
        /// That node.
        said: NodeId,
    },
    /// A path that only a parameter knows.
    #[error("{node}: where `{path}` lies is not known: a parameter has no value")]
    Path {
        /// The node's name in the plan.
        node: String,
        /// What the recipe says.
        path: String,
    },
}

/// The tables of a plan, each made once.
#[derive(Debug)]
pub struct Tables<'p> {
    plan: &'p Plan,
    paths: &'p Paths,
    cache: ProbeCache,
    made: Mutex<BTreeMap<NodeId, Table>>,
    replaced: Mutex<BTreeMap<NodeId, Table>>,
    left_out: Mutex<BTreeMap<NodeId, LeftOut>>,
    notes: Mutex<BTreeMap<NodeId, Vec<String>>>,
    /// What observers said, by the node that keeps it.
    said: Mutex<BTreeMap<NodeId, Vec<NewAttribute>>>,
    /// Whether tables are made as far as they are known where observers have said nothing yet.
    foresees: bool,
    pub(super) foreseen: Mutex<BTreeMap<NodeId, Foreseen>>,
}

impl<'p> Tables<'p> {
    /// The tables of a plan whose paths lie there. Folders that were probed before are not read again.
    pub fn new(plan: &'p Plan, paths: &'p Paths, cache: ProbeCache) -> Self {
        Tables {
            plan,
            paths,
            cache,
            made: Mutex::default(),
            replaced: Mutex::default(),
            left_out: Mutex::default(),
            notes: Mutex::default(),
            said: Mutex::default(),
            foresees: false,
            foreseen: Mutex::default(),
        }
    }

    /// The same, for who plans: what observers will say is not known, and tables are made as far as they are ([`Tables::foreseen`]).
    #[must_use]
    pub(crate) fn foreseeing(self) -> Self {
        Tables { foresees: true, ..self }
    }

    /// Takes what an observer said of its data's images. What was made without it is forgotten.
    ///
    /// # Errors
    /// Attributes of another number of images than its data has.
    pub fn hear(&self, said: NodeId, attributes: Vec<NewAttribute>) -> Result<(), TableError> {
        let Some(it) = Heard::of(self.plan.work(said)?) else { return Err(self.plan.no(said, "what an observer says").into()) };
        let images = self.table(it.data.node)?.len();
        if let Some(wrong) = attributes.iter().find(|it| it.cells.as_ref().is_some_and(|cells| cells.len() != images)) {
            let why = format!("`.{}` is not said of as many images as there are", wrong.name);
            return Err(self.data_error(said, DataError::Argument { what: "annotate", why }));
        }
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(said, attributes);
        Ok(())
    }

    /// Takes all that a store has of what observers said, for who looks at data beside a run; what does not fit its data is left alone.
    pub fn hear_what_is_stored(&self, store: &Store) {
        for (id, it) in self.plan.iter().filter_map(|(id, node)| Some((id, Heard::of(node.work()?)?))) {
            let known = store.peek(self.plan.node(id).key).and_then(|artifact| Attributes::read(&artifact).ok().flatten());
            if let Some(known) = known {
                let _ = self.hear(id, known.of(it.by)); // what it is of is not there either: whoever asks is told so
            }
        }
    }

    /// Whether it is known what an observer said.
    pub fn has_heard(&self, said: NodeId) -> bool {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&said)
    }

    pub(super) fn unsaid(&self, id: NodeId, said: NodeId) -> TableError {
        TableError::Unsaid { node: self.plan.node(id).name.clone(), by: self.plan.node(said).name.clone(), said }
    }

    /// What is known of the data on the disk.
    pub fn cache(&self) -> &ProbeCache {
        &self.cache
    }

    /// What lies in the folder of a data set and is no part of it.
    pub fn left_out(&self, id: NodeId) -> LeftOut {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned().unwrap_or_default()
    }

    /// What was met when a table was made and is no mistake.
    pub fn notes(&self, id: NodeId) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned().unwrap_or_default()
    }

    /// The table of attributes from a csv; images without a row, and rows without an image, are noted.
    fn note_annotated(&self, id: NodeId, policy: data::Missing, annotated: Annotated) -> Table {
        let mut notes = Vec::new();
        if annotated.without_row > 0 {
            let then = if policy == data::Missing::Drop { "are left out" } else { "have no value" };
            notes.push(format!("{} images have no row in the csv and {then}", annotated.without_row));
        }
        if let Some(first) = &annotated.first_unused {
            notes.push(format!("{} rows of the csv name no image, first {}", annotated.unused_rows, quoted(first)));
        }
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).insert(id, notes);
        annotated.table
    }

    /// The plan.
    pub fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// The table of a data set node.
    ///
    /// # Errors
    /// Files that are not there or not what they should be, filters that leave nothing, people that don't exist.
    pub fn table(&self, id: NodeId) -> Result<Table, TableError> {
        if let Some(table) = self.replaced.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(table.clone());
        }
        if let Some(table) = self.made.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(table.clone());
        }
        let table = if self.foresees { self.foresee(id) } else { self.view(id) }?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(id, table.clone());
        Ok(table)
    }

    pub(super) fn view(&self, id: NodeId) -> Result<Table, TableError> {
        let at = |result: Result<Table, DataError>| result.map_err(|source| self.data_error(id, source));
        match self.plan.work(id)? {
            Node::Reader(it) => at(self.read(id, it)?),
            Node::Annotate(it) => {
                let table = self.table(it.data.node)?;
                if let Some(said) = it.said {
                    let known = self.said.lock().unwrap_or_else(PoisonError::into_inner).get(&said.node).cloned();
                    let attributes = known.ok_or_else(|| self.unsaid(id, said.node))?;
                    return at(table.with_attributes(&attributes));
                }
                let Some(path) = &it.path else { return Err(self.plan.no(id, "a csv, or an observer").into()) };
                let path = self.path(id, path)?;
                let schema = it.schema.types();
                let annotated = schema.and_then(|schema| readers::annotate(&table, &path, &schema, missing(it.missing), &self.cache));
                at(annotated.map(|annotated| self.note_annotated(id, it.missing, annotated)))
            }
            Node::Where(it) => at(filtered(&self.table(it.data.node)?, it)),
            Node::Split(it) => at(self.split(it)?),
            Node::Identities(it) => {
                let table = self.table(it.data.node)?;
                at(match &it.these {
                    data::People::Named(names) => table.identities(names),
                    data::People::Places(places) => table.identity_range(places.from.max(0) as usize, places.to.max(0) as usize),
                })
            }
            Node::Relabel(it) => {
                let table = self.table(it.data.node)?;
                at(match &it.by {
                    None => table.relabel(),
                    Some(by) => table.relabel_by(&by.row),
                })
            }
            Node::Sample(it) => at(self.table(it.data.node)?.sample(amount(it.amount), it.seed)),
            Node::Merge(it) => {
                let tables = it.data.iter().map(|data| self.table(data.node)).collect::<Result<Vec<_>, _>>()?;
                let labels = match it.labels {
                    data::MergeLabels::Disjoint => MergeLabels::Disjoint,
                    data::MergeLabels::ByName => MergeLabels::ByName,
                };
                at(views::merge(&tables, labels))
            }
            Node::MinImages(it) => at(self.table(it.data.node)?.min_images(it.count as usize)),
            Node::Without(it) => at(self.table(it.data.node)?.without(&self.table(it.people.node)?)),
            Node::Among(it) => at(super::protocols::among(&self.table(it.data.node)?, &self.table(it.people.node)?)),
            Node::Apply(it) => {
                let table = self.table(it.data.node);
                match (augment(&it.augment), table) {
                    (Ok(augment), Ok(table)) => at(table.apply(augment, it.versions, it.seed)),
                    (Err(wrong), _) => at(Err(wrong)),
                    // an input's own error is told in its words
                    (Ok(_), Err(TableError::Data { source, .. })) => at(Err(*source)),
                    (Ok(_), Err(other)) => Err(other),
                }
            }
            _ => Err(self.plan.no(id, "a data set").into()),
        }
    }

    pub(crate) fn data_error(&self, id: NodeId, source: DataError) -> TableError {
        TableError::Data { node: self.plan.node(id).name.clone(), source: Box::new(source) }
    }

    /// Where a path of a node lies.
    ///
    /// # Errors
    /// When no parameter says so.
    pub fn path(&self, id: NodeId, path: &FilePath) -> Result<PathBuf, TableError> {
        self.paths.get(&path.0).cloned().ok_or_else(|| TableError::Path { node: self.plan.node(id).name.clone(), path: path.0.clone() })
    }

    /// The samples of a reader.
    fn read(&self, id: NodeId, it: &Reader) -> Result<Result<Table, DataError>, TableError> {
        let there = it.there();
        let path = |path: Option<&FilePath>| path.map(|path| self.path(id, path)).transpose();
        let (path, below) = (path(there.map(|there| there.path))?, path(there.and_then(|there| there.below))?);
        let at = At { path: path.as_deref().unwrap_or(Path::new("")), below: below.as_deref() };
        Ok(it.read(at, &self.cache).map(|read| {
            self.left_out.lock().unwrap_or_else(PoisonError::into_inner).insert(id, read.probe.left_out.clone());
            there.map_or(read.table.clone(), |there| there.said.of(&read.table))
        }))
    }

    fn split(&self, it: &data::Split) -> Result<Result<Table, DataError>, TableError> {
        let table = self.table(it.data.node)?;
        let parts = it.parts.iter().map(|(name, part)| SplitPart { name: name.clone(), amount: amount(*part) }).collect();
        let order = match it.order {
            data::Order::Hashed => Order::Random { seed: it.seed },
            data::Order::Sorted => Order::Sorted,
        };
        let attribute = |it: &Option<crate::ops::refs::Attribute>| {
            it.as_ref().and_then(|it| if let Expr::Attribute { name } = &it.row { Some(name.clone()) } else { None })
        };
        let split = Split { parts, order, stratify: attribute(&it.stratify) };
        let by_sample = attribute(&it.by).is_some_and(|by| by == "path");
        let parted = if by_sample { table.split_by_sample(&split) } else { table.split_by_identity(&split) };
        Ok(parted.and_then(|mut parts| {
            let missing = || DataError::Argument { what: "split", why: format!("there is no part `{}`", it.part) };
            parts.swap_remove(&it.part).ok_or_else(missing)
        }))
    }

    /// The names in a text file of one a line that a node names.
    ///
    /// # Errors
    /// As [`readers::names`]; where no parameter says where it lies.
    pub fn names(&self, id: NodeId, file: &FilePath) -> Result<BTreeSet<String>, TableError> {
        readers::names(&self.path(id, file)?, &self.cache).map_err(|source| self.data_error(id, source))
    }

    /// A file that a node names: it gives what the plan was made from, or nothing.
    ///
    /// # Errors
    /// As [`Tables::path`] and [`ProbeCache::open`].
    pub fn open(&self, id: NodeId, path: &FilePath) -> Result<(Pinned, PathBuf), TableError> {
        let path = self.path(id, path)?;
        let open = self.cache.open(&path).map_err(|source| self.data_error(id, source))?;
        Ok((open, path))
    }

    /// The batches that a draw node gives, as the one at `place` of its stage's ([`places`](crate::plan::schedule::places)): what they are
    /// made of is the same at every place, their order is not.
    ///
    /// # Errors
    /// A sampler that can't work on its data, a pair list that names absent images.
    pub fn batches(&self, id: NodeId, place: u64) -> Result<Batches, TableError> {
        let it: &data::Draw = self.plan.get(id)?;
        let table = self.table(it.data.node)?;
        let at = |source| self.data_error(id, source);
        let sampling = match &it.by {
            None | Some(samplers::Sampler::Shuffled(_)) => Sampling::Shuffled,
            Some(samplers::Sampler::Balanced(_)) => Sampling::Balanced,
            Some(samplers::Sampler::Pk(pk)) => Sampling::Pk { identities: pk.identities as usize, images: pk.images as usize },
            Some(samplers::Sampler::PairsSampler(pairs)) if pairs.same == samplers::Same::Image => Sampling::Versions,
            Some(samplers::Sampler::PairsSampler(pairs)) => {
                Sampling::Pairs { with: pairs.with.map(|with| self.table(with.node)).transpose()? }
            }
            Some(samplers::Sampler::PairList(list)) => {
                let listed = readers::pair_list(&self.path(id, &list.path)?, &table, &self.cache).map_err(at)?;
                Sampling::PairList { pairs: listed.into_iter().map(|pair| pair.rows).collect() }
            }
        };
        let composed = if let Sampling::Pk { identities, images } = sampling { Some(identities * images) } else { None };
        let size = composed.or(it.size.map(|size| size as usize)).unwrap_or(0);
        Batches::new(&table, &sampling, size, seed(it, place)).map_err(at)
    }

    /// What is odd about the list that a draw draws from.
    ///
    /// # Errors
    /// As [`Tables::batches`].
    pub(crate) fn draw_doubts(&self, id: NodeId) -> Result<Vec<Doubt>, TableError> {
        let it: &data::Draw = self.plan.get(id)?;
        let Some(samplers::Sampler::PairList(list)) = &it.by else { return Ok(Vec::new()) };
        let (file, table) = (self.path(id, &list.path)?, self.table(it.data.node)?);
        let pairs = readers::pair_list(&file, &table, &self.cache).map_err(|source| self.data_error(id, source))?;
        Ok(protocol::doubled(&file, &pairs, &table))
    }

    /// Takes this table for a node from now on: without images that can't be decoded. What was made of it before is forgotten.
    pub fn replace(&self, id: NodeId, table: Table) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.clear();
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner).insert(id, table);
    }

    /// What a draw's images go through, with its seed as the one at `place` of its stage's.
    ///
    /// # Errors
    /// A node that is no draw.
    pub fn changes(&self, id: NodeId, place: u64) -> Result<Changes, TableError> {
        let it: &data::Draw = self.plan.get(id)?;
        Ok(Changes::new(it, seed(it, place)))
    }
}

fn seed(draw: &data::Draw, place: u64) -> i64 {
    apart(draw.seed.unwrap_or(0), "draw of a stage", place)
}

/// The samples that a filter keeps.
pub(super) fn filtered(table: &Table, it: &data::Where) -> Result<Table, DataError> {
    table.filter(&Predicate { keep_if: it.test.row.clone(), missing: missing(it.missing) })
}

fn missing(policy: data::Missing) -> MissingPolicy {
    match policy {
        data::Missing::Error => MissingPolicy::Error,
        data::Missing::Drop => MissingPolicy::Drop,
        data::Missing::Keep => MissingPolicy::Keep,
    }
}

fn amount(amount: data::Amount) -> Amount {
    match amount {
        data::Amount::Count(count) => Amount::Count(count),
        data::Amount::Share(share) => Amount::Part(share),
    }
}
