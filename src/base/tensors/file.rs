//! A file of weights: what it holds, and the numbers of one tensor at a time.

use super::kind::LOOKED_AT;
use super::pickle::View;
use super::{Dtype, FileKind, TensorError, safetensors, torch};
use crate::pinned::Pinned;
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes that are summed at once.
const PIECE: u64 = 1 << 20;

/// Where numbers lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) start: u64,
    pub(super) bytes: u64,
    /// The CRC-32 of its bytes, where the file says it.
    pub(super) sum: Option<u32>,
}

/// A tensor of a file, without its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// How its numbers are written.
    pub dtype: Dtype,
    /// Its sides.
    pub sides: Vec<i64>,
    pub(super) storage: usize,
    /// The first number.
    offset: i64,
    /// Numbers between neighbours, by side.
    strides: Vec<i64>,
}

impl Described {
    /// A tensor of no file: what can be known from its shape alone.
    pub fn without_numbers(dtype: Dtype, sides: &[i64]) -> Self {
        Described::contiguous(dtype, sides.to_vec(), 0)
    }

    /// A tensor whose numbers fill a storage row by row.
    pub(super) fn contiguous(dtype: Dtype, sides: Vec<i64>, storage: usize) -> Self {
        let strides = row_by_row(&sides);
        Described { dtype, sides, storage, offset: 0, strides }
    }

    /// How many numbers it has; nothing for more than a memory could hold.
    fn count(&self) -> Option<i64> {
        let (_, count) = super::shape(self.sides.iter().map(|side| side.unsigned_abs()))?;
        i64::try_from(count).ok()
    }

    /// The first number that it reads and the one after the last, of a storage of so many; nothing for what lies outside.
    fn extent(&self, there: u64) -> Option<(u64, u64)> {
        if self.sides.len() != self.strides.len() || self.offset < 0 {
            return None;
        }
        let count = self.count()?;
        if count == 0 {
            return Some((0, 0));
        }
        let reach = |at: i64, (side, stride): (&i64, &i64)| (side - 1).checked_mul(*stride).and_then(|step| at.checked_add(step));
        let last = self.sides.iter().zip(&self.strides).try_fold(self.offset, reach)?;
        // a tensor of more numbers than its storage has says the same ones again and again, as large as it likes
        (last.unsigned_abs() < there && count.unsigned_abs() <= there).then(|| (self.offset.unsigned_abs(), last.unsigned_abs() + 1))
    }
}

impl From<&View> for Described {
    fn from(view: &View) -> Self {
        let View { dtype, storage, offset, sides, strides } = view.clone();
        Described { dtype, sides, storage, offset, strides }
    }
}

/// Strides of a tensor whose rows follow each other; they overflow for none whose numbers were counted.
fn row_by_row(sides: &[i64]) -> Vec<i64> {
    let mut strides: Vec<i64> = sides
        .iter()
        .rev()
        .scan(1i64, |step, side| {
            let own = *step;
            *step = step.saturating_mul((*side).max(1));
            Some(own)
        })
        .collect();
    strides.reverse();
    strides
}

/// A dictionary of tensors in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dictionary {
    /// The keys that lead to it, from the outside; none for the file's own.
    pub at: Vec<String>,
    /// Its tensors.
    pub tensors: BTreeMap<String, Described>,
    /// Tensors of kinds that are not read (quantised, sparse), by name: what makes them.
    pub unread: BTreeMap<String, String>,
}

impl Dictionary {
    /// `state_dict`, `model.state_dict`; nothing for the file's own.
    pub fn place(&self) -> String {
        self.at.join(".")
    }
}

/// What a file is read through.
trait Source: Read + Seek {
    /// Whether an error of reading is of a file that changed.
    fn changed(&self) -> bool;
}

impl Source for Pinned {
    fn changed(&self) -> bool {
        Pinned::changed(self)
    }
}

impl Source for Cursor<&[u8]> {
    fn changed(&self) -> bool {
        false
    }
}

/// The dictionaries of a file, where their numbers lie, and what it notes of itself.
type Contents = (Vec<Dictionary>, Vec<Option<Storage>>, BTreeMap<String, String>);

/// A file of weights.
pub struct TensorFile<'a> {
    source: Box<dyn Source + 'a>,
    dictionaries: Vec<Dictionary>,
    storages: Vec<Option<Storage>>,
    notes: BTreeMap<String, String>,
}

impl std::fmt::Debug for TensorFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TensorFile").field("dictionaries", &self.dictionaries).finish_non_exhaustive()
    }
}

impl TensorFile<'static> {
    /// The file at a path.
    ///
    /// # Errors
    /// What holds no tensors, is damaged, or is better not opened.
    pub fn open(path: &Path) -> Result<Self, TensorError> {
        Self::pinned(Pinned::open(path)?)
    }

    /// An open file.
    ///
    /// # Errors
    /// As [`TensorFile::open`]; [`TensorError::Changed`], then and later.
    pub fn pinned(file: Pinned) -> Result<Self, TensorError> {
        let length = file.length();
        Self::read(Box::new(file), length)
    }
}

impl<'a> TensorFile<'a> {
    /// The file that these bytes are.
    ///
    /// # Errors
    /// As [`TensorFile::open`].
    pub fn of(bytes: &'a [u8]) -> Result<Self, TensorError> {
        Self::read(Box::new(Cursor::new(bytes)), bytes.len() as u64)
    }

    fn read(mut source: Box<dyn Source + 'a>, length: u64) -> Result<Self, TensorError> {
        match Self::contents(&mut source, length) {
            Ok((dictionaries, storages, notes)) => Ok(TensorFile { source, dictionaries, storages, notes }),
            Err(_) if source.changed() => Err(TensorError::Changed),
            Err(error) => Err(error),
        }
    }

    fn contents(mut source: &mut (impl Read + Seek), length: u64) -> Result<Contents, TensorError> {
        let mut start = Vec::with_capacity(LOOKED_AT);
        (&mut source).take(LOOKED_AT as u64).read_to_end(&mut start)?;
        source.seek(SeekFrom::Start(0))?;
        let contents = match FileKind::of(&start, length) {
            FileKind::Safetensors => {
                let safetensors::Header { tensors, storages, notes } = safetensors::read(&mut source, length)?;
                let dictionaries = vec![Dictionary { tensors, ..Dictionary::default() }];
                return Ok((dictionaries, storages.into_iter().map(Some).collect(), notes));
            }
            FileKind::TorchZip => torch::zipped(&mut source, length)?,
            FileKind::Pickle => torch::legacy(&mut source, length)?,
            other => return Err(TensorError::Kind(other)),
        };
        let torch::Contents { dictionaries, storages } = contents;
        Ok((dictionaries, storages, BTreeMap::new()))
    }

    /// Its dictionaries of tensors, the outer ones first; at least one.
    pub fn dictionaries(&self) -> &[Dictionary] {
        &self.dictionaries
    }

    /// Where its numbers lie.
    #[cfg(test)]
    pub(super) fn storages(&self) -> impl Iterator<Item = Storage> + '_ {
        self.storages.iter().copied().flatten()
    }

    /// What a safetensors file notes of itself.
    pub fn notes(&self) -> &BTreeMap<String, String> {
        &self.notes
    }

    /// Where the numbers of a tensor lie, called so in errors.
    ///
    /// # Errors
    /// [`TensorError::Outside`] where the file does not have them.
    pub fn check(&self, name: &str, tensor: &Described) -> Result<(), TensorError> {
        self.range(name, tensor).map(|_| ())
    }

    /// Bytes of the file, and the place of the tensor's first number in them.
    fn range(&self, name: &str, tensor: &Described) -> Result<(u64, usize), TensorError> {
        let outside = || TensorError::Outside(name.to_owned());
        let width = tensor.dtype.width() as u64;
        let storage = self.storages.get(tensor.storage).copied().flatten().unwrap_or(Storage { start: 0, bytes: 0, sum: None });
        let there = storage.bytes / width;
        if tensor.count().is_some_and(|count| count.unsigned_abs() > there) && tensor.strides.contains(&0) && there > 0 {
            return Err(TensorError::Repeated(name.to_owned()));
        }
        let (from, to) = tensor.extent(there).ok_or_else(outside)?;
        Ok((storage.start + from * width, ((to - from) * width) as usize))
    }

    fn bytes(&mut self, start: u64, bytes: usize) -> Result<Vec<u8>, TensorError> {
        self.source.seek(SeekFrom::Start(start))?;
        let mut raw = vec![0; bytes];
        if self.source.read_exact(&mut raw).is_err() {
            return Err(if self.source.changed() { TensorError::Changed } else { TensorError::Truncated });
        }
        Ok(raw)
    }

    /// Holds the storage of a tensor against its sum, once.
    fn is_as_written(&mut self, name: &str, tensor: &Described) -> Result<(), TensorError> {
        let Some(Some(storage)) = self.storages.get(tensor.storage).copied() else { return Ok(()) };
        let Some(sum) = storage.sum else { return Ok(()) };
        let (mut hasher, mut done) = (crc32fast::Hasher::new(), 0);
        while done < storage.bytes {
            let piece = PIECE.min(storage.bytes - done);
            hasher.update(&self.bytes(storage.start + done, piece as usize)?);
            done += piece;
        }
        if hasher.finalize() != sum {
            let why = format!("the numbers of `{}` are not those that were written: their sum is another", name.escape_debug());
            return Err(TensorError::Broken(why));
        }
        if let Some(Some(storage)) = self.storages.get_mut(tensor.storage) {
            storage.sum = None; // it was looked at
        }
        Ok(())
    }

    /// The numbers of a tensor, row by row, each with its lowest byte first.
    ///
    /// # Errors
    /// [`TensorError::Outside`] where the file does not have them, an error of the system.
    pub fn numbers(&mut self, name: &str, tensor: &Described) -> Result<Vec<u8>, TensorError> {
        let (start, bytes) = self.range(name, tensor)?;
        self.is_as_written(name, tensor)?;
        let raw = self.bytes(start, bytes)?;
        if tensor.strides == row_by_row(&tensor.sides) {
            return Ok(raw);
        }
        Ok(gathered(&raw, tensor))
    }
}

/// The numbers of a tensor row by row, out of those that it lies among.
fn gathered(raw: &[u8], tensor: &Described) -> Vec<u8> {
    let width = tensor.dtype.width();
    let count = tensor.count().unwrap_or(0) as usize;
    let mut numbers = Vec::with_capacity(count * width);
    let mut places = vec![0i64; tensor.sides.len()];
    let mut at = 0i64;
    for _ in 0..count {
        let from = at as usize * width;
        numbers.extend_from_slice(&raw[from..from + width]);
        // the next one: the last side counts fastest
        for side in (0..places.len()).rev() {
            places[side] += 1;
            at += tensor.strides[side];
            if places[side] < tensor.sides[side] {
                break;
            }
            at -= tensor.strides[side] * places[side];
            places[side] = 0;
        }
    }
    numbers
}
