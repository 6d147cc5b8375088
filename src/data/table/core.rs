//! What every sample of a set has: a path, a person, a size, a place where its pixels are.

use super::made::MadeSet;
use super::merged::Merged;
use super::names::Names;
use crate::data::{DataError, ImageSource, RenderedSet};
use rayon::prelude::*;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;

/// The samples of a set, told by their places. People are numbered within the set.
#[derive(Debug)]
pub(in crate::data) enum Core {
    /// Samples that are written down.
    Listed(Box<Listed>),
    /// Samples that follow from their places.
    Made(Arc<dyn MadeSet>),
    /// The rows of several tables, one after the other.
    Merged(Merged),
}

/// Samples in columns.
#[derive(Debug)]
pub(in crate::data) struct Listed {
    paths: Names,
    /// All places in the order of their paths' bytes, unless that is their own order.
    order: Option<Box<[u32]>>,
    people: Box<[u32]>,
    sizes: Sizes,
    origins: Origins,
}

/// Width and height in pixels of each sample, where known.
#[derive(Debug)]
pub(in crate::data) enum Sizes {
    /// All are of one.
    All(Option<(u32, u32)>),
    /// Each is of its own.
    Each(Vec<Option<(u32, u32)>>),
}

/// Where the pixels of samples are.
#[derive(Debug, Default)]
pub(in crate::data) struct Origins {
    /// The roots and drawn sets.
    all: Vec<Origin>,
    /// Which of them each sample has; nothing while there is one.
    of: Vec<u32>,
    /// Which image of a drawn set each sample is; nothing while there is no such set.
    index: Vec<u32>,
    /// The files of all samples, where one is not the sample's path.
    files: Option<Names>,
}

#[derive(Debug, Clone)]
enum Origin {
    Root(Arc<Path>),
    Set(Arc<dyn RenderedSet>),
}

impl Core {
    pub fn len(&self) -> usize {
        match self {
            Core::Listed(listed) => listed.paths.len(),
            Core::Made(set) => set.samples() as usize,
            Core::Merged(merged) => merged.len(),
        }
    }

    /// The path of a sample.
    pub fn path(&self, place: u32) -> Cow<'_, str> {
        match self {
            Core::Listed(listed) => Cow::Borrowed(listed.paths.get(place as usize)),
            Core::Made(set) => Cow::Owned(set.path(place)),
            Core::Merged(merged) => merged.path(place),
        }
    }

    /// The sample of a path.
    pub fn place(&self, path: &str) -> Option<u32> {
        match self {
            Core::Listed(listed) => listed.place(path),
            Core::Made(set) => set.sample(path),
            Core::Merged(merged) => merged.place(path),
        }
    }

    /// The order of two samples' paths by their bytes.
    pub fn compare(&self, one: u32, other: u32) -> Ordering {
        match self {
            Core::Made(set) => set.compare(one, other),
            Core::Listed(_) | Core::Merged(_) => self.path(one).cmp(&self.path(other)),
        }
    }

    /// The person on a sample.
    pub fn person(&self, place: u32) -> u32 {
        match self {
            Core::Listed(listed) => listed.people[place as usize],
            Core::Made(set) => set.person(place),
            Core::Merged(merged) => merged.person(place),
        }
    }

    /// Width and height of a sample in pixels, where known.
    pub fn size(&self, place: u32) -> Option<(u32, u32)> {
        match self {
            Core::Listed(listed) => match &listed.sizes {
                Sizes::All(size) => *size,
                Sizes::Each(sizes) => sizes[place as usize],
            },
            Core::Made(set) => Some(set.size()),
            Core::Merged(merged) => {
                let (_, table, own) = merged.at(place);
                table.core.size(own)
            }
        }
    }

    /// Where the pixels of a sample are.
    pub fn source(&self, place: u32) -> ImageSource {
        match self {
            Core::Listed(listed) => listed.origins.source(place as usize, &listed.paths),
            Core::Made(set) => ImageSource::Rendered { set: set.clone(), index: place },
            Core::Merged(merged) => {
                let (_, table, own) = merged.at(place);
                table.core.source(own)
            }
        }
    }

    /// Where samples of the person on `place`, and of the same root or set, end that follow one another; at most `limit`.
    pub fn stretch(&self, place: u32, limit: u32) -> u32 {
        match self {
            Core::Listed(listed) => {
                let alike = |next: u32| {
                    let (a, b) = (place as usize, next as usize);
                    listed.people[a] == listed.people[b] && listed.origins.of.get(a) == listed.origins.of.get(b)
                };
                (place + 1..limit).find(|next| !alike(*next)).unwrap_or(limit)
            }
            Core::Made(set) => set.of_person(set.person(place)).end.min(limit),
            Core::Merged(merged) => merged.stretch(place, limit),
        }
    }
}

impl Listed {
    /// Samples whose paths are all different.
    ///
    /// # Errors
    /// [`DataError::PathTwice`].
    pub fn new(mut paths: Names, people: Vec<u32>, mut sizes: Sizes, mut origins: Origins) -> Result<Self, DataError> {
        paths.shrink();
        if let Sizes::Each(each) = &mut sizes {
            each.shrink_to_fit();
        }
        origins.of.shrink_to_fit();
        origins.index.shrink_to_fit();
        let rising = (1..paths.len()).all(|at| paths.get(at - 1) < paths.get(at));
        let order = (!rising).then(|| {
            let mut order: Box<[u32]> = (0..paths.len() as u32).collect();
            order.par_sort_unstable_by(|a, b| paths.get(*a as usize).cmp(paths.get(*b as usize)).then(a.cmp(b)));
            order
        });
        let listed = Listed { paths, order, people: people.into(), sizes, origins };
        let twice = listed.order.iter().flat_map(|order| order.windows(2)).filter(|two| listed.name(two[0]) == listed.name(two[1]));
        match twice.map(|two| two[1]).min() {
            None => Ok(listed),
            Some(first) => Err(DataError::PathTwice { path: listed.name(first).to_owned() }),
        }
    }

    fn name(&self, place: u32) -> &str {
        self.paths.get(place as usize)
    }

    fn place(&self, path: &str) -> Option<u32> {
        let at = |place: usize| self.order.as_ref().map_or(place as u32, |order| order[place]);
        let (mut from, mut to) = (0, self.paths.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            match self.name(at(middle)).cmp(path) {
                Ordering::Equal => return Some(at(middle)),
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
            }
        }
        None
    }
}

impl Sizes {
    /// One more size, of sample number `at`.
    pub fn push(&mut self, at: usize, size: Option<(u32, u32)>) {
        match self {
            Sizes::All(all) if at == 0 => *all = size,
            Sizes::All(all) if *all == size => {}
            Sizes::All(all) => {
                let mut each = vec![*all; at];
                each.push(size);
                *self = Sizes::Each(each);
            }
            Sizes::Each(each) => each.push(size),
        }
    }
}

impl Origins {
    /// One more source, of sample number `at`, whose path is that one; `before` are the paths of those before it.
    pub fn push(&mut self, at: usize, source: &ImageSource, path: &str, before: &Names) {
        let (number, index, file) = match source {
            ImageSource::File { root, file } => {
                let same = |origin: &Origin| matches!(origin, Origin::Root(known) if known == root);
                (self.number(same, || Origin::Root(root.clone())), 0, &**file)
            }
            ImageSource::Rendered { set, index } => {
                let same = |origin: &Origin| matches!(origin, Origin::Set(known) if known.id() == set.id());
                (self.number(same, || Origin::Set(set.clone())), *index, path)
            }
        };
        if number > 0 && self.of.is_empty() {
            self.of = vec![0; at];
        }
        if self.all.len() > 1 {
            self.of.push(number);
        }
        if self.index.is_empty() && matches!(source, ImageSource::Rendered { .. }) {
            self.index = vec![0; at];
        }
        if self.all.iter().any(|origin| matches!(origin, Origin::Set(_))) {
            self.index.push(index);
        }
        if file != path && self.files.is_none() {
            let mut files = Names::default();
            (0..at).for_each(|at| files.push(before.get(at)));
            self.files = Some(files);
        }
        if let Some(files) = &mut self.files {
            files.push(file);
        }
    }

    /// The number of a known origin, or of a new one. The last ones are the likely ones.
    fn number(&mut self, same: impl Fn(&Origin) -> bool, new: impl FnOnce() -> Origin) -> u32 {
        match self.all.iter().rposition(same) {
            Some(known) => known as u32,
            None => {
                self.all.push(new());
                self.all.len() as u32 - 1
            }
        }
    }

    fn source(&self, at: usize, paths: &Names) -> ImageSource {
        match &self.all[self.of.get(at).map_or(0, |of| *of as usize)] {
            Origin::Root(root) => {
                let file = self.files.as_ref().unwrap_or(paths).get(at);
                ImageSource::File { root: root.clone(), file: Arc::from(file) }
            }
            Origin::Set(set) => ImageSource::Rendered { set: set.clone(), index: self.index[at] },
        }
    }
}
