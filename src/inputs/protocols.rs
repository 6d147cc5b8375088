//! The data of a plan's protocols: pairs of images, galleries and probes.

use super::tables::{TableError, Tables};
use crate::data::protocol::{Pair, PairCounts, Search, Strangers, TemplateSearch, Templates, Verification as Pairs, random_pairs};
use crate::data::{DataError, Table};
use crate::lang::value::NodeId;
use crate::ops::evals::{self, Bucket, Buckets, MadePairs, PairSource, Protocol};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

impl Tables<'_> {
    /// The pairs of a protocol node, over its data and the other set's (`with`).
    ///
    /// # Errors
    /// A file that can't be read or names absent images, people who can't fill the folds; all pairs of a set are no list of pairs.
    pub fn protocol(&self, id: NodeId) -> Result<Pairs, TableError> {
        let it: &evals::Verification = self.plan().get(id)?;
        let table = self.table(it.data.node)?;
        let within = it.within.map(|within| self.table(within.node)).transpose()?;
        let named = |source| self.data_error(id, source);
        let pairs = match &it.pairs {
            PairSource::File(file) => {
                let path = self.path(id, file)?;
                Pairs::from_file(&path, &table, within.as_ref(), &it.counts, self.cache()).map_err(named)
            }
            PairSource::Made(MadePairs::RandomPairs(made)) => {
                let other = made.with.map(|with| self.table(with.node)).transpose()?;
                let among = |table: Table| match &within {
                    Some(people) => among(&table, people).map_err(named),
                    None => Ok(table),
                };
                let (table, other) = (among(table)?, other.map(among).transpose()?);
                random_pairs(&table, other.as_ref(), made.folds as usize, made.per_fold as usize, made.seed).map_err(named)
            }
            PairSource::Made(MadePairs::AllPairs(_)) => {
                let why = "all pairs of a set are not listed".to_owned();
                Err(self.data_error(id, DataError::Argument { what: "all_pairs", why }))
            }
        }?;
        let Some(Buckets::Bucket(by)) = it.by.as_ref().filter(|_| self.bucket_waits_for(it).is_empty()) else { return Ok(pairs) };
        in_bucket(pairs, by, it.bucket as usize).map_err(named)
    }

    /// Who must have said first which pairs are in a protocol's bucket: until then these are all of them.
    pub(crate) fn bucket_waits_for(&self, it: &evals::Verification) -> BTreeSet<NodeId> {
        let Some(Buckets::Bucket(by)) = &it.by else { return BTreeSet::new() };
        let with = if let PairSource::Made(MadePairs::RandomPairs(made)) = &it.pairs { made.with } else { None };
        let both = [Some(it.data), with].into_iter().flatten().map(|data| self.foreseen(data.node));
        both.filter(|seen| seen.is_read_by(&by.of.row)).flat_map(|seen| seen.until).collect()
    }

    /// The gallery and the probes of an identification.
    ///
    /// # Errors
    /// A closed set with strangers, an image that would find itself, names of which none agree.
    pub fn search(&self, id: NodeId) -> Result<Search, TableError> {
        let it: &evals::Identification = self.plan().get(id)?;
        let (gallery, probe) = self.sides(id)?;
        Search::new(gallery, probe, strangers(it.strangers)).map_err(|source| self.data_error(id, source))
    }

    /// The templates of a protocol, over its data.
    ///
    /// # Errors
    /// Files that can't be read, with the line; images that are not there.
    pub fn templates(&self, id: NodeId) -> Result<Templates, TableError> {
        let it: &evals::TemplateVerification = self.plan().get(id)?;
        let table = self.table(it.data.node)?;
        let scores = it.scores.as_ref().map(|scores| self.path(id, scores)).transpose()?;
        let (list, pairs) = (self.path(id, &it.templates)?, self.path(id, &it.pairs)?);
        Templates::read(&list, scores.as_deref(), &pairs, &table, self.cache()).map_err(|source| self.data_error(id, source))
    }

    /// The gallery and the probes of an identification of templates.
    ///
    /// # Errors
    /// As [`Tables::templates`]; templates that the lists know otherwise, and what makes no search.
    pub fn template_search(&self, id: NodeId) -> Result<TemplateSearch, TableError> {
        let it: &evals::TemplateIdentification = self.plan().get(id)?;
        let table = self.table(it.data.node)?;
        let scores = it.scores.as_ref().map(|scores| self.path(id, scores)).transpose()?;
        let (list, probe) = (self.path(id, &it.templates)?, self.path(id, &it.probe)?);
        let galleries = std::iter::once(&it.gallery).chain(&it.with).map(|file| self.path(id, file)).collect::<Result<Vec<_>, _>>()?;
        let galleries: Vec<&Path> = galleries.iter().map(PathBuf::as_path).collect();
        TemplateSearch::of_files(&list, scores.as_deref(), (&galleries, &probe), strangers(it.strangers), &table, self.cache())
            .map_err(|source| self.data_error(id, source))
    }

    /// The images of a protocol's two sides: those of the first and of the second pictures of its pairs, or the gallery and the probes.
    ///
    /// # Errors
    /// As [`Tables::table`].
    pub fn sides(&self, id: NodeId) -> Result<(Table, Table), TableError> {
        let (first, second, within) = match self.plan().get::<Protocol>(id)? {
            Protocol::Verification(it) => {
                let with = match &it.pairs {
                    PairSource::File(_) => None,
                    PairSource::Made(MadePairs::RandomPairs(made)) => made.with,
                    PairSource::Made(MadePairs::AllPairs(all)) => all.with,
                };
                (it.data, with.unwrap_or(it.data), it.within)
            }
            Protocol::Identification(it) => (it.gallery, it.probe, it.within),
            Protocol::TemplateVerification(it) => (it.data, it.data, None),
            Protocol::TemplateIdentification(it) => (it.data, it.data, None),
        };
        let (first, second) = (self.table(first.node)?, self.table(second.node)?);
        let Some(people) = within else { return Ok((first, second)) };
        let people = self.table(people.node)?;
        let at = |result: Result<Table, DataError>| result.map_err(|source| self.data_error(id, source));
        Ok((at(among(&first, &people))?, at(among(&second, &people))?))
    }
}

/// The pairs of a bucket. What is odd about the list is said of the first one.
fn in_bucket(pairs: Pairs, by: &Bucket, place: usize) -> Result<Pairs, DataError> {
    let first = by.of.row.numbers(&pairs.first)?;
    let second = pairs.second.as_ref().map(|second| by.of.row.numbers(second)).transpose()?;
    let second = second.as_ref().unwrap_or(&first);
    let holds = |pair: &Pair| {
        let numbers = [first.get(pair.a as usize), second.get(pair.b as usize)];
        matches!(numbers, [Some(a), Some(b)] if by.holds(place, [*a, *b]))
    };
    let in_bucket: Vec<Pair> = pairs.pairs.iter().filter(|pair| holds(pair)).copied().collect();
    if in_bucket.is_empty() {
        let why = format!("none of the {} pairs is in this bucket", pairs.pairs.len());
        return Err(DataError::Argument { what: "bucket", why });
    }
    let kept = PairCounts::of(in_bucket.iter().map(|pair| pair.same));
    let doubts = if place == 0 { pairs.doubts } else { Vec::new() };
    Ok(Pairs { pairs: in_bucket, kept, doubts, ..pairs })
}

fn strangers(said: evals::Strangers) -> Strangers {
    match said {
        evals::Strangers::Refuse => Strangers::Refuse,
        evals::Strangers::Drop => Strangers::Drop,
        evals::Strangers::Keep => Strangers::Keep,
    }
}

/// The samples whose people, by name, are in another table. The label space stays.
pub(super) fn among(table: &Table, people: &Table) -> Result<Table, DataError> {
    let mut names: Vec<&str> = people.stretches().map(|stretch| stretch.first.identity()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| table.labels().class(name).is_some());
    table.identities(&names)
}
