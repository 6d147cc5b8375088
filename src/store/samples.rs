//! Which images a stage saw, step by step: so that a training run can be replayed elsewhere.
//!
//! `samples.json` lists the draws of the stage; each has a file `samples.N.npy` of NumPy's format, `[batches, images]`, in little-endian
//! whole numbers of 2 or 4 bytes. A number counts rows of the draw's tables, one table after the other, from 0: images in the order of the
//! data set after its filters (folders are sorted by path, lists keep their order). Row i of the file is batch i of the stage; a step takes
//! `accumulate` of them. Batches of pairs hold all first images, then all second ones.
//!
//! What a number stands for is told by `paths.N.json`, one for each table: a list of folders, each with the names of images that follow one
//! another in it, as `["ann/", ["1.png", "2.png"]]`. Folder and name together are the path that the data set knows the image by; all of
//! them, in order, are the rows of the table.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

use super::{Artifact, Draft, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The list's name in the artifact of a stage.
pub const SAMPLES: &str = "samples.json";

/// What a stage saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    /// Batches that a step takes.
    pub accumulate: u64,
    /// The draws, in the order in which terms first name them.
    pub draws: Vec<Drawn>,
}

/// What a draw showed at a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// What the plan calls the draw.
    pub draw: String,
    /// The paths of the images as the data set names them, batch by batch.
    pub batches: Vec<Vec<String>>,
}

impl Samples {
    /// The steps that the stage took.
    pub fn steps(&self) -> u64 {
        let batches = self.draws.iter().map(|draw| draw.batches).max().unwrap_or(0);
        batches / self.accumulate.max(1)
    }

    /// What the result of a stage says that it saw.
    ///
    /// # Errors
    /// A result that does not say it.
    pub fn read(of: &Artifact) -> Result<Self, StoreError> {
        let wrong = |error: crate::misread::Misread| StoreError::io(Path::new(SAMPLES), "read", std::io::Error::other(error));
        crate::misread::json(&of.read(SAMPLES)?).map_err(wrong)
    }

    /// Which images a step of the stage saw, counted from 0.
    ///
    /// # Errors
    /// Files that are not those of these draws, or of a version that did not yet list paths.
    pub fn of_step(&self, step: u64, of: &Artifact) -> Result<Vec<Shown>, StoreError> {
        let shown = |draw: &Drawn| {
            let wrong = |why: &str| StoreError::io(Path::new(&draw.file), "read", std::io::Error::other(why.to_owned()));
            let mut paths = Vec::new();
            for table in &draw.tables {
                let name =
                    table.paths.as_ref().ok_or_else(|| wrong("the paths of its images are not listed: an earlier version wrote it"))?;
                paths.extend(read_paths(name, &of.read(name)?)?);
            }
            let rows = draw.read(&of.read(&draw.file)?)?;
            let taken = rows.iter().skip((step * self.accumulate) as usize).take(self.accumulate as usize);
            let path = |number: &u32| paths.get(*number as usize).cloned().ok_or_else(|| wrong("it numbers images that are not listed"));
            let batches = taken.map(|row| row.iter().map(path).collect()).collect::<Result<_, _>>()?;
            Ok(Shown { draw: draw.name.clone(), batches })
        };
        self.draws.iter().map(shown).collect()
    }
}

/// A draw of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// What the plan calls it.
    pub name: String,
    /// The file of its rows.
    pub file: String,
    /// Its batches.
    pub batches: u64,
    /// Images of a batch.
    pub images: usize,
    /// The tables that its numbers count through.
    pub tables: Vec<Counted>,
}

/// A table that numbers count through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// Its digest.
    pub digest: String,
    /// Its rows.
    pub rows: u64,
    /// The file of their paths; none in results of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<String>,
}

/// Writes the paths of a table's rows, in order: nothing is held in memory.
///
/// # Errors
/// What the disk refuses.
pub fn write_paths<'p>(draft: &mut Draft, name: &str, paths: impl Iterator<Item = Cow<'p, str>>) -> Result<(), StoreError> {
    let path = draft.path(name);
    let written = File::create(&path).map(BufWriter::new).and_then(|mut file| {
        let mut open: Option<String> = None;
        file.write_all(b"[")?;
        for path in paths {
            let (folder, image) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
            let before: &[u8] = match &open {
                Some(same) if same == folder => b",",
                Some(_) => b"]],\n",
                None => b"\n",
            };
            file.write_all(before)?;
            if open.as_deref() != Some(folder) {
                write!(file, "[{},[", Json::from(folder))?;
                open = Some(folder.to_owned());
            }
            write!(file, "{}", Json::from(image))?;
        }
        file.write_all(if open.is_some() { b"]]\n]\n" } else { b"]\n" })?;
        file.flush()
    });
    written.map_err(|error| StoreError::io(&path, "write", error))?;
    draft.adopt(name)
}

/// The paths of a table's rows, as [`write_paths`] wrote them.
///
/// # Errors
/// Bytes that it did not write.
pub fn read_paths(name: &str, bytes: &[u8]) -> Result<Vec<String>, StoreError> {
    let wrong = |error: crate::misread::Misread| StoreError::io(Path::new(name), "read", std::io::Error::other(error));
    let folders: Vec<(String, Vec<String>)> = crate::misread::json(bytes).map_err(wrong)?;
    Ok(folders.iter().flat_map(|(folder, images)| images.iter().map(move |image| format!("{folder}{image}"))).collect())
}

impl Drawn {
    /// The draw at a place of the list.
    pub fn new(place: usize, name: &str, images: usize, batches: u64, tables: Vec<Counted>) -> Self {
        Drawn { name: name.to_owned(), file: format!("samples.{place}.npy"), batches, images, tables }
    }

    /// The number of a row of one of its tables.
    pub fn number(&self, table: usize, row: u32) -> u32 {
        let before: u64 = self.tables.iter().take(table).map(|table| table.rows).sum();
        u32::try_from(before + u64::from(row)).unwrap_or(u32::MAX) // data sets have fewer rows
    }

    /// Bytes of a number.
    fn width(&self) -> usize {
        let rows: u64 = self.tables.iter().map(|table| table.rows).sum();
        if rows <= 1 << 16 { 2 } else { 4 }
    }

    /// Writes its file, batch by batch: nothing is held in memory.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn write(&self, draft: &mut Draft, batches: impl Iterator<Item = Vec<u32>>) -> Result<(), StoreError> {
        let path = draft.path(&self.file);
        let written = File::create(&path).map(BufWriter::new).and_then(|mut file| {
            file.write_all(&self.header())?;
            for batch in batches {
                for number in batch {
                    file.write_all(&number.to_le_bytes()[..self.width()])?;
                }
            }
            file.flush()
        });
        written.map_err(|error| StoreError::io(&path, "write", error))?;
        draft.adopt(&self.file)
    }

    /// NumPy's header, version 1.0, padded to a multiple of 64 bytes.
    fn header(&self) -> Vec<u8> {
        let mut text = format!("{{'descr': '<u{}', 'fortran_order': False, 'shape': ({}, {}), }}", self.width(), self.batches, self.images);
        let whole = (10 + text.len() + 1).next_multiple_of(64);
        text.push_str(&" ".repeat(whole - 10 - text.len() - 1));
        text.push('\n');
        let mut header = b"\x93NUMPY\x01\x00".to_vec();
        header.extend((text.len() as u16).to_le_bytes());
        header.extend(text.as_bytes());
        header
    }

    /// The numbers of its file, batch by batch.
    ///
    /// # Errors
    /// Bytes that are not what [`Drawn::write`] wrote.
    pub fn read(&self, bytes: &[u8]) -> Result<Vec<Vec<u32>>, StoreError> {
        let wrong = || StoreError::io(Path::new(&self.file), "read", std::io::Error::other("it is not the file of these draws"));
        let numbers = bytes.strip_prefix(self.header().as_slice()).ok_or_else(wrong)?;
        let (width, batch) = (self.width(), self.images * self.width());
        if numbers.len() as u64 != self.batches * batch as u64 {
            return Err(wrong());
        }
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
        Ok(numbers.chunks(batch.max(1)).map(|batch| batch.chunks(width).map(number).collect()).collect())
    }
}
