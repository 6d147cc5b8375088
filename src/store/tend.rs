//! Looking after a store: what lies in it, who needs it, what can go.
//!
//! A cleaning is safe beside runs: it keeps runs from beginning while it goes on, leaves everything that a run which goes on has noted or
//! holds the lock of, and moves a result out of the way whole before it removes it.

use super::artifact::Artifact;
use super::uses::{FoundUse, entries};
use super::{Damage, Store, StoreError};
use crate::graph::ContentKey;
use crate::meter;
use crate::ops::node;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What something in a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A result.
    Result,
    /// The state of an unfinished stage.
    Checkpoint,
    /// What a process was writing.
    Unfinished,
    /// What was found damaged and moved aside.
    Damaged,
}

/// Something in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its key; what was moved aside has none.
    pub key: Option<ContentKey>,
    /// The operator that made it; empty where its manifest can't be read.
    pub op: String,
    /// What it was called when it was made.
    pub name: String,
    /// Bytes on the disk.
    pub bytes: u64,
    /// How long ago it was written.
    pub age: Duration,
    /// Where it lies.
    pub folder: PathBuf,
    /// Who needs it: `the lock of pose.ddl`.
    pub needed_by: BTreeSet<String>,
}

/// What recipes need, by key.
pub type Needs = BTreeMap<ContentKey, BTreeSet<String>>;

/// What a cleaning comes to.
#[derive(Debug, Default)]
pub struct Cleaning {
    /// What goes, or went.
    pub gone: Vec<Entry>,
    /// What nobody needs and a process works on.
    pub busy: Vec<Entry>,
    /// What stays.
    pub kept: usize,
}

impl Store {
    /// Everything that lies in the store, what is largest first. `needs` says who needs what.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn list(&self, needs: &Needs) -> Result<Vec<Entry>, StoreError> {
        let mut found = Vec::new();
        for area in entries(&self.root.join("artifacts"))? {
            for folder in entries(&area)? {
                let Some(key) = key_of(&folder) else { continue };
                found.extend(entry(Kind::Result, Some(key), folder, needs));
            }
        }
        for (kind, area) in [(Kind::Checkpoint, "checkpoints"), (Kind::Unfinished, "tmp"), (Kind::Damaged, "damaged")] {
            for folder in entries(&self.root.join(area))? {
                found.extend(entry(kind, key_of(&folder), folder, needs));
            }
        }
        found.sort_by(|a, b| (a.kind, b.bytes, &a.name, &a.folder).cmp(&(b.kind, a.bytes, &b.name, &b.folder)));
        Ok(found)
    }

    /// Checks every digest of every result and checkpoint. What is damaged stays where it is.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn verify(&self, all: &[Entry]) -> Result<Vec<Damage>, StoreError> {
        let work = meter::begin("checking the digests of the store", "entries", all.len() as u64);
        let mut damages = Vec::new();
        for it in all {
            work.add(1);
            let folders = match it.kind {
                Kind::Result => vec![it.folder.clone()],
                Kind::Checkpoint => entries(&it.folder)?.into_iter().filter(|folder| step_of(folder)).collect(),
                Kind::Unfinished | Kind::Damaged => continue,
            };
            let Some(key) = it.key else { continue };
            for folder in folders {
                let checked = Artifact::open(folder, key).and_then(|artifact| artifact.map_or(Ok(()), |artifact| artifact.check()));
                damages.extend(checked.err());
            }
        }
        Ok(damages)
    }

    /// Clears away what nobody needs: results, checkpoints of stages that are done or needed no more, what killed processes left, what is
    /// damaged, and notes that newer ones replaced. `needs` is asked for once no run can begin any more. Without `delete` nothing is
    /// changed.
    ///
    /// # Errors
    /// What `needs` says is wrong, before anything is changed; when the store can't be read or changed.
    pub fn clean<E: From<StoreError>>(&self, delete: bool, needs: impl FnOnce(&[FoundUse]) -> Result<Needs, E>) -> Result<Cleaning, E> {
        let _gate = self.gate()?;
        let uses = self.uses()?;
        let needs = needs(&uses)?;
        let running = uses.iter().any(|it| it.held);
        let mut cleaning = Cleaning::default();
        for it in self.list(&needs)? {
            let needed = match it.kind {
                // outputs of frozen layers are in no plan: whoever trains on them has them open
                Kind::Result => {
                    !it.needed_by.is_empty()
                        || (running && !it.op.is_empty() && !node::Kind::of(&it.op).is_some_and(|kind| kind.keeps.is_stored()))
                }
                Kind::Checkpoint => !it.needed_by.is_empty() && it.key.is_some_and(|key| self.peek(key).is_none()),
                Kind::Unfinished | Kind::Damaged => false,
            };
            if needed {
                cleaning.kept += 1;
            } else if self.clear(&it, delete)? {
                cleaning.gone.push(it);
            } else {
                cleaning.busy.push(it);
            }
        }
        if delete {
            forget(&uses)?;
        }
        Ok(cleaning)
    }

    /// Removes something unless a process works on it; says whether it could (and, without `delete`, whether it would).
    fn clear(&self, it: &Entry, delete: bool) -> Result<bool, StoreError> {
        let lock = match it.key {
            Some(key) => match self.lock(key, || false)? {
                Some(lock) => Some(lock),
                None => return Ok(false),
            },
            None => None,
        };
        if delete {
            let removed = |folder: &Path| match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(folder, "clear", error)),
                Ok(()) | Err(_) => Ok(()), // another was quicker
            };
            // half a result must not lie under its name
            let aside = lock.as_ref().map(|lock| self.place("tmp", &lock.key().to_string())).filter(|aside| *aside != it.folder);
            match aside {
                Some(aside) => {
                    removed(&aside)?;
                    fs::rename(&it.folder, &aside).map_err(|error| StoreError::io(&it.folder, "clear", error))?;
                    removed(&aside)?;
                }
                None => removed(&it.folder)?,
            }
        }
        Ok(true)
    }
}

/// The last plan of each recipe that is still there (several, where it is not known which came last), and whatever a run that goes on works
/// on.
pub(crate) fn last_plans(uses: &[FoundUse]) -> Vec<&FoundUse> {
    let mut last = BTreeMap::new();
    for it in uses {
        let order = last.entry(&it.what.recipe).or_insert_with(|| it.what.order());
        *order = (*order).max(it.what.order());
    }
    uses.iter().filter(|it| (last[&it.what.recipe] == it.what.order() && it.what.recipe.exists()) || it.held).collect()
}

/// Whether something lies at a path, be it a link that leads nowhere or what can't be looked at.
pub(crate) fn lies_at(path: &Path) -> bool {
    let nothing = [std::io::ErrorKind::NotFound, std::io::ErrorKind::NotADirectory];
    !fs::symlink_metadata(path).is_err_and(|error| nothing.contains(&error.kind()))
}

/// Removes notes that say nothing any more.
fn forget(uses: &[FoundUse]) -> Result<(), StoreError> {
    let last: BTreeSet<&PathBuf> = last_plans(uses).into_iter().map(|it| &it.file).collect();
    for it in uses.iter().filter(|it| !last.contains(&it.file) && !it.what.locks.iter().any(|lock| lies_at(lock))) {
        match fs::remove_file(&it.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::io(&it.file, "clear", error)),
            Ok(()) | Err(_) => {} // another was quicker
        }
    }
    Ok(())
}

fn entry(kind: Kind, key: Option<ContentKey>, folder: PathBuf, needs: &Needs) -> Option<Entry> {
    let (bytes, written) = size(&folder)?;
    let manifest_in = match kind {
        Kind::Result => Some(folder.clone()),
        Kind::Checkpoint => entries(&folder).ok()?.into_iter().rfind(|folder| step_of(folder)),
        Kind::Unfinished | Kind::Damaged => None,
    };
    let manifest = manifest_in.zip(key).and_then(|(folder, key)| Artifact::open(folder, key).ok().flatten());
    let (op, name) = manifest.map(|it| (it.manifest().op.clone(), it.manifest().name.clone())).unwrap_or_default();
    let age = SystemTime::now().duration_since(written).unwrap_or_default();
    let needed_by = key.and_then(|key| needs.get(&key)).cloned().unwrap_or_default();
    Some(Entry { kind, key, op, name, bytes, age, folder, needed_by })
}

/// The key that a folder's name is, without an ending.
fn key_of(folder: &Path) -> Option<ContentKey> {
    folder.file_stem()?.to_str()?.parse().ok()
}

/// Whether a folder is a checkpoint of some step.
fn step_of(folder: &Path) -> bool {
    folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<u64>().is_ok())
}

/// Bytes of all files in a folder, and when the newest was written; nothing where it is gone.
fn size(folder: &Path) -> Option<(u64, SystemTime)> {
    let mut bytes = 0;
    let mut written = fs::metadata(folder).ok()?.modified().ok()?;
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() {
            bytes += metadata.len();
            written = metadata.modified().map_or(written, |time| written.max(time));
        }
    }
    Some((bytes, written))
}
