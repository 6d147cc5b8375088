//! Embeddings of a file in the place of a model's features.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "counts that are shown, and numbers of nodes"
)]

use super::tables::{TableError, Tables};
use crate::data::readers::{ArrayRows, array_rows};
use crate::diag::Code;
use crate::events::Failure;
use crate::lang::value::NodeId;
use crate::ops::nets::Embedded;
use crate::ops::outputs::Features;
use crate::ops::refs::FilePath;
use crate::tensors::Dtype;
use crate::tensors::npy::{self, Header};
use std::path::Path;

/// Features of a data set's images that lie in a file.
#[derive(Debug)]
pub struct InFile<'p> {
    /// The array.
    pub array: &'p FilePath,
    /// The row of each image.
    pub rows: Vec<usize>,
}

/// Why features of a file can't be had.
#[derive(Debug)]
pub enum NotInFile {
    /// Data, or a path.
    Table(TableError),
    /// What is asked of the file.
    Failure(Failure),
}

impl From<TableError> for NotInFile {
    fn from(error: TableError) -> Self {
        NotInFile::Table(error)
    }
}

impl Tables<'_> {
    /// The rows of features that a file has, by its header and its index; no number is read. Of data that is not wholly known, those that are.
    ///
    /// # Errors
    /// Images that are changed before they are seen, or mirrored where no file has them so; an array that is none, or of another number of rows than
    /// its index; images that the index does not list.
    pub fn in_file<'p>(&self, it: &Features, model: NodeId, file: &'p Embedded) -> Result<InFile<'p>, NotInFile> {
        let name = &self.plan().node(model).name;
        let wrong = |message: String, help: &str| Err(NotInFile::Failure(Failure::new(Code::Outputs, message).help(help)));
        if it.augment.is_some() {
            let message = format!("`{name}` has embeddings of images as they are, and these are changed before they are seen");
            return wrong(message, "write embeddings of the changed images into a file, and judge these");
        }
        let table = self.table(it.data.node)?;
        if table.rows().any(|row| row.treatment().is_some()) {
            let message = format!("`{name}` has embeddings of images as they are, and those of this data set are changed by `apply`");
            return wrong(message, "write embeddings of the changed images into a file, and judge these");
        }
        let Some(array) = (if it.flip { file.mirrored.as_ref() } else { Some(&file.path) }) else {
            let message = format!("`{name}` has no embeddings of mirrored images, and the protocol sums an image and its flip");
            return wrong(message, "say embed = plain() in the protocol, or where they are: embedded(…, mirrored = \"flipped.npy\")");
        };
        let (path, index) = (self.path(model, array)?, self.path(model, &file.index)?);
        let known: ArrayRows = array_rows(&index, &table, self.cache()).map_err(|error| self.data_error(model, error))?;
        let header = npy::header(&path).map_err(|error| NotInFile::Failure(unread(&path, &error.to_string())))?;
        fits(&path, &header, known.listed).map_err(NotInFile::Failure)?;
        if it.flip {
            let plain = self.path(model, &file.path)?;
            let beside = npy::header(&plain).map_err(|error| NotInFile::Failure(unread(&plain, &error.to_string())))?;
            if beside.sides.get(1) != header.sides.get(1) {
                let why = format!("its embeddings have another width than those of {}", plain.display());
                return Err(NotInFile::Failure(unread(&path, &why)));
            }
        }
        let rows = if self.foreseen(it.data.node).at_most {
            known.of.into_iter().flatten().collect() // which images stay, the run knows
        } else {
            known.all(&table, &index).map_err(|error| self.data_error(model, error))?
        };
        Ok(InFile { array, rows })
    }

    /// Reads these rows: `[images, width]` and the width.
    ///
    /// # Errors
    /// A file that is not what the plan was made from; what [`Tables::in_file`] refuses.
    pub fn read_rows(&self, model: NodeId, of: &InFile) -> Result<(Vec<f32>, usize), NotInFile> {
        let (pinned, path) = self.open(model, of.array)?;
        let length = pinned.length();
        let array = npy::read_from(pinned, length).map_err(|error| NotInFile::Failure(unread(&path, &error.to_string())))?;
        let listed = array.header.sides.first().map_or(0, |rows| *rows as usize);
        fits(&path, &array.header, listed).map_err(NotInFile::Failure)?;
        let width = array.header.sides[1] as usize;
        let numbers = array.floats().unwrap_or_default(); // of a header that fits
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            let why = format!("row {} has a number that is not finite, or none of 32 bits", at / width.max(1));
            return Err(NotInFile::Failure(unread(&path, &why)));
        }
        let rows = of.rows.iter().flat_map(|row| numbers.get(row * width..(row + 1) * width).unwrap_or_default()).copied();
        Ok((rows.collect(), width))
    }
}

/// Refuses what is no array of embeddings, a row for each line of its index.
fn fits(path: &Path, header: &Header, listed: usize) -> Result<(), Failure> {
    let (rows, width) = match header.sides[..] {
        [rows, width] if width > 0 => (rows, width),
        _ => return Err(unread(path, &format!("it has the shape {:?}, and embeddings are [images, width]", header.sides))),
    };
    if !matches!(header.dtype, Dtype::F16 | Dtype::F32 | Dtype::F64) {
        return Err(unread(path, &format!("it holds {}, and embeddings are numbers with a point (of width {width})", header.dtype)));
    }
    if rows != listed as i64 {
        return Err(unread(path, &format!("it has {rows} rows, and its index lists {listed}")));
    }
    Ok(())
}

fn unread(path: &Path, why: &str) -> Failure {
    let failure = Failure::new(Code::BadTable, format!("{}: {why}", path.display()));
    failure.help("write it by numpy.save, with a line of the index for each row: embeddings(net, data, to = \"x.npy\") writes both")
}
