//! What every sample of a set has: a path, a person, a size, a place where its pixels are.

use super::made::MadeSet;
use super::merged::Merged;
use super::names::Names;
use crate::{DataError, ImageSet, ImageSource, Name};
use rayon::prelude::*;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// The samples of a set, told by their places. People are numbered within the set.
#[derive(Debug)]
pub(crate) enum Core {
    /// Samples that are written down.
    Listed(Box<Listed>),
    /// Samples that follow from their places.
    Made(Arc<dyn MadeSet>),
    /// The rows of several tables, one after the other.
    Merged(Merged),
}

/// Samples in columns.
#[derive(Debug)]
pub(crate) struct Listed {
    paths: Paths,
    /// All places in the order of their paths' bytes, unless that is their own order.
    order: Option<Box<[u32]>>,
    people: Box<[u32]>,
    sizes: Sizes,
    origins: Origins,
}

/// Width and height in pixels of each sample, where known.
#[derive(Debug)]
pub(crate) enum Sizes {
    /// All are of one.
    All(Option<(u32, u32)>),
    /// Each is of its own.
    Each(Vec<Option<(u32, u32)>>),
}

/// Where the pixels of samples are.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    /// The sets of images.
    all: Vec<Arc<dyn ImageSet>>,
    /// Which of them each sample has; nothing while there is one.
    of: Vec<u32>,
    /// Which image of its set each sample is; nothing while samples and images follow one another alike.
    images: Vec<u32>,
}

/// What samples are called.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    len: usize,
    /// Nothing while they are called as their images are.
    own: Option<Names>,
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
            Core::Listed(listed) => Cow::Borrowed(listed.name(place)),
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
            Core::Listed(listed) => listed.origins.source(place as usize),
            Core::Made(set) => ImageSource::new(set.clone(), place),
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
    pub fn new(mut paths: Paths, people: Vec<u32>, mut sizes: Sizes, mut origins: Origins) -> Result<Self, DataError> {
        paths.shrink();
        if let Sizes::Each(each) = &mut sizes {
            each.shrink_to_fit();
        }
        origins.of.shrink_to_fit();
        origins.images.shrink_to_fit();
        let mut listed = Listed { paths, order: None, people: people.into(), sizes, origins };
        let places = 0..listed.paths.len() as u32;
        let rising = places.clone().skip(1).all(|place| listed.name(place - 1) < listed.name(place));
        listed.order = (!rising).then(|| {
            let mut order: Box<[u32]> = places.collect();
            order.par_sort_unstable_by(|a, b| listed.name(*a).cmp(listed.name(*b)).then(a.cmp(b)));
            order
        });
        let twice = listed.order.iter().flat_map(|order| order.windows(2)).filter(|two| listed.name(two[0]) == listed.name(two[1]));
        match twice.map(|two| two[1]).min() {
            None => Ok(listed),
            Some(first) => Err(DataError::PathTwice { path: listed.name(first).to_owned() }),
        }
    }

    fn name(&self, place: u32) -> &str {
        self.paths.get(place as usize, &self.origins)
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
    /// One more source, of sample number `at`.
    pub fn push(&mut self, at: usize, source: &ImageSource) {
        // the last ones are the likely ones
        let known = self.all.iter().rposition(|set| Arc::ptr_eq(set, source.set()));
        let number = known.unwrap_or_else(|| {
            self.all.push(source.set().clone());
            self.all.len() - 1
        });
        if number > 0 && self.of.is_empty() {
            self.of = vec![0; at];
        }
        if self.all.len() > 1 {
            self.of.push(number as u32);
        }
        if source.image() as usize != at && self.images.is_empty() {
            self.images = (0..at as u32).collect();
        }
        if !self.images.is_empty() || source.image() as usize != at {
            self.images.push(source.image());
        }
    }

    fn set(&self, at: usize) -> &Arc<dyn ImageSet> {
        &self.all[self.of.get(at).map_or(0, |of| *of as usize)]
    }

    fn image(&self, at: usize) -> u32 {
        self.images.get(at).copied().unwrap_or(at as u32)
    }

    fn source(&self, at: usize) -> ImageSource {
        ImageSource::new(self.set(at).clone(), self.image(at))
    }
}

impl Paths {
    /// One more sample, which is called so; `before` are the sources of those before it.
    pub fn push(&mut self, path: &str, source: &ImageSource, before: &Origins) {
        if self.own.is_none() && source.name() != Name::Path(path) {
            let mut own = Names::default();
            (0..self.len).for_each(|at| own.push(self.get(at, before)));
            self.own = Some(own);
        }
        if let Some(own) = &mut self.own {
            own.push(path);
        }
        self.len += 1;
    }

    pub fn len(&self) -> usize {
        self.len
    }

    fn get<'a>(&'a self, at: usize, origins: &'a Origins) -> &'a str {
        match &self.own {
            Some(own) => own.get(at),
            None => match origins.set(at).name(origins.image(at)) {
                Name::Path(path) => path,
                Name::Number(_) => "", // not reached: such samples have names of their own
            },
        }
    }

    /// Gives back memory that was taken for more.
    fn shrink(&mut self) {
        self.own.iter_mut().for_each(Names::shrink);
    }
}
