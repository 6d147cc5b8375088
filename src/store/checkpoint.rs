//! States of an unfinished stage: the last one, and the one before it until the last is known to be whole.

use super::artifact::{Artifact, Draft, Manifest};
use super::{Damage, Store, StoreError, sync_folder};
use crate::graph::ContentKey;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// The checkpoints of one stage. Only the holder of the key's lock may write or read them.
#[derive(Debug)]
pub struct Checkpoints {
    store: Store,
    key: ContentKey,
    folder: PathBuf,
}

/// A whole checkpoint: a result like any other, of a step.
#[derive(Debug)]
pub struct Checkpoint {
    /// Steps that are done.
    pub step: u64,
    /// Its files, checked.
    pub artifact: Artifact,
}

/// How many are kept.
const KEPT: usize = 2;

impl Checkpoints {
    pub(super) fn of(store: &Store, key: ContentKey) -> Self {
        Checkpoints { store: store.clone(), key, folder: store.place("checkpoints", &key.to_string()) }
    }

    /// The folder that they lie in.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// The last whole checkpoint. Damaged ones are moved aside and named.
    pub fn latest(&self) -> Result<(Option<Checkpoint>, Vec<Damage>), StoreError> {
        let mut damages = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            let folder = self.folder_of(step);
            let damage = match Artifact::open(folder.clone(), self.key) {
                Ok(None) => continue,
                Ok(Some(artifact)) => match artifact.check() {
                    Ok(()) => return Ok((Some(Checkpoint { step, artifact }), damages)),
                    Err(damage) => damage,
                },
                Err(damage) => damage,
            };
            if let Some(error) = damage.io {
                return Err(StoreError::io(&damage.path, "read", error));
            }
            self.move_aside(step)?;
            damages.push(damage);
        }
        Ok((None, damages))
    }

    /// Moves a checkpoint out of the way.
    pub fn move_aside(&self, step: u64) -> Result<(), StoreError> {
        self.store.move_aside(&self.folder_of(step), &format!("{}-checkpoint-{step}", self.key))
    }

    /// Writes a checkpoint after `step` steps: `fill` writes its files. It exists whole or not at all; afterwards older ones than the one
    /// before it are removed.
    pub fn write(
        &self,
        step: u64,
        name: &str,
        meta: Json,
        fill: impl FnOnce(&mut Draft) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        fs::create_dir_all(&self.folder).map_err(|error| StoreError::io(&self.folder, "make", error))?;
        let mut draft = Draft::new(self.folder.join("new"))?;
        fill(&mut draft)?;
        let manifest = Manifest {
            key: self.key,
            op: "checkpoint".to_owned(),
            name: name.to_owned(),
            ddl: env!("CARGO_PKG_VERSION").to_owned(),
            meta,
            made_of: None,
            files: BTreeMap::new(),
        };
        draft.commit(&self.folder_of(step), manifest)?;
        let steps = self.steps()?;
        for old in steps.iter().rev().skip(KEPT) {
            let folder = self.folder_of(*old);
            fs::remove_dir_all(&folder).map_err(|error| StoreError::io(&folder, "clear", error))?;
        }
        sync_folder(&self.folder)
    }

    /// Removes all of them: the stage is done.
    pub fn clear(&self) -> Result<(), StoreError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(&self.folder, "clear", error)),
            Ok(()) | Err(_) => Ok(()), // there was none
        }
    }

    pub(super) fn folder_of(&self, step: u64) -> PathBuf {
        self.folder.join(format!("{step:012}"))
    }

    /// The steps that there are checkpoints of, rising.
    pub(super) fn steps(&self) -> Result<Vec<u64>, StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io(&self.folder, "read", error)),
        };
        let mut steps = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| StoreError::io(&self.folder, "read", error))?;
            steps.extend(entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        steps.sort_unstable();
        Ok(steps)
    }
}
