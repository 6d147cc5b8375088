//! Images, whatever they lie in.

use super::{Reader, Reading, Reads, There};
use crate::data::probe::{Probe, ProbeCache};
use crate::data::readers::Read;
use crate::data::writers::Written;
use crate::data::{At, DataError, Lies, Look, shards};
use crate::lang::decl::Operator as _;
use crate::lang::types::Type;
use crate::ops::refs::FilePath;
use crate::regular;
use crate::text::several;
use std::path::{Path, PathBuf};
use std::sync::Arc;

crate::reader! {
    /// The images at a path, by the reader that knows what lies there: a folder of people, a list, a `.rec`, a tar archive, a pack of pairs and so on.
    ///
    /// What lies there is told by its first bytes, and by its name where these say nothing. The call means that reader with these arguments and nothing else:
    /// results stay what they are when a recipe names the reader instead, and the plan shows it. What only one reader is told (`identity`, `schema`, `root`)
    /// is said to that reader by its name.
    pub struct Images("images", 1, |_| Type::dataset()) {
        /// What holds the images.
        path: FilePath;
    }
}

impl Reading for Images {
    const WRITTEN: Written = Written::Not("it stands for the reader that knows what lies there");

    const READS: Option<Reads> = Some(Reads { path: "path", below: None, look: Look { lies: Lies::Anything, probe } });

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: None, said: self.said() })
    }

    fn read(&self, at: At<'_>, _: &ProbeCache) -> Result<Read, DataError> {
        // a plan that was made of what lies there has the reader itself
        let reader = known(at.path)?;
        let why = format!("the plan was made without a look at {}; name the reader: {reader}(…)", at.path.display());
        Err(DataError::Argument { what: Images::NAME, why })
    }
}

/// The images at a path, as the reader that knows it finds them.
fn probe(at: At<'_>, cache: &ProbeCache) -> Result<Arc<Probe>, DataError> {
    let reader = known(at.path)?;
    match Reader::reads(reader) {
        Some(reads) => (reads.look.probe)(at, cache),
        None => Err(unknown(at.path)),
    }
}

/// Whether what lies at a path is a reader's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recognised {
    /// It is not.
    No,
    /// It may be, if no other reader is sure.
    Perhaps,
    /// It begins, or is named, as nothing else.
    Surely,
}

impl Recognised {
    /// Perhaps, if so.
    pub(super) fn perhaps(it_is: bool) -> Self {
        if it_is { Recognised::Perhaps } else { Recognised::No }
    }

    /// Surely, if so.
    pub(super) fn surely(it_is: bool) -> Self {
        if it_is { Recognised::Surely } else { Recognised::No }
    }
}

/// Whether a regular file has these bytes at a place.
pub(super) fn has(file: &Path, at: u64, bytes: &[u8]) -> bool {
    let mut found = vec![0; bytes.len()];
    let read = regular::open(file).and_then(|open| regular::read_at(&open, &mut found, at));
    read.is_ok() && found == bytes
}

/// Whether a path has one of these endings, in capitals or not.
pub(super) fn is_named(path: &Path, endings: &[&str]) -> bool {
    path.to_str().is_some_and(|path| endings.iter().any(|ending| shards::ends(path, ending)))
}

/// The file at a path, or the first of a folder that is one of a reader's own by its name.
pub(super) fn first(path: &Path, is_one: fn(&str) -> bool) -> Option<PathBuf> {
    shards::shards(path, is_one).ok()?.into_iter().next()
}

/// The name of the reader whose own lies at a path.
///
/// # Errors
/// Nothing lies there; nobody's, or that of several.
pub fn known(path: &Path) -> Result<&'static str, DataError> {
    // of a row of files the first that is there
    let first = shards::named(path).into_iter().find(|file| file.exists());
    let there = first.as_deref().unwrap_or(path);
    // a pipe or a device is nobody's, and nobody looks into it
    let is_data = |metadata: std::fs::Metadata| if metadata.is_dir() { Ok(()) } else { regular::is_regular(&metadata) };
    let looked = std::fs::metadata(there).and_then(is_data);
    looked.map_err(|error| DataError::Unreadable { path: there.to_owned(), why: crate::system::said(&error) })?;
    let all = Reader::recognised(there);
    let best = all.iter().map(|(_, recognised)| *recognised).max().filter(|best| *best > Recognised::No);
    let found: Vec<&'static str> = all.into_iter().filter(|(_, it)| Some(*it) == best).map(|(name, _)| name).collect();
    match found[..] {
        [reader] => Ok(reader),
        [] => Err(unknown(path)),
        _ => {
            let why = format!("it may be read by {}: name the one that is meant", several(found.iter().copied()));
            Err(DataError::File { file: path.to_owned(), why })
        }
    }
}

fn unknown(path: &Path) -> DataError {
    let others = Reader::decls().into_iter().map(|decl| decl.name).filter(|name| *name != Images::NAME && Reader::reads(name).is_some());
    let others: Vec<&str> = others.collect();
    let why = format!("no reader knows what this is ({}); if it is for one of them, name that one", several(others.into_iter()));
    DataError::File { file: path.to_owned(), why }
}
