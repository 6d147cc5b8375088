//! The header of a safetensors file: names, formats, shapes and where the numbers lie.

use super::file::{Described, Storage};
use super::{Dtype, TensorError, shape};
use crate::text::quoted;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io::{Read, Seek, SeekFrom};

/// Headers longer than this are none (bytes).
const LONGEST_HEADER: u64 = 32 << 20;

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Piece {
    Tensor {
        dtype: String,
        shape: Vec<u64>,
        #[serde(rename = "data_offsets")]
        range: (u64, u64),
    },
    Notes(BTreeMap<String, String>),
}

/// What a header holds by names, and the first name that it has twice.
#[derive(Default)]
struct Pieces {
    pieces: BTreeMap<String, Piece>,
    twice: Option<String>,
}

impl<'de> Deserialize<'de> for Pieces {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Pieces::default())
    }
}

impl<'de> Visitor<'de> for Pieces {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by their names")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut from: A) -> Result<Self, A::Error> {
        while let Some((name, piece)) = from.next_entry::<String, Piece>()? {
            match self.pieces.entry(name) {
                Entry::Occupied(known) => {
                    self.twice.get_or_insert_with(|| known.key().clone());
                }
                Entry::Vacant(place) => {
                    place.insert(piece);
                }
            }
        }
        Ok(self)
    }
}

/// What a header says.
pub(super) struct Header {
    pub(super) tensors: BTreeMap<String, Described>,
    pub(super) storages: Vec<Storage>,
    pub(super) notes: BTreeMap<String, String>,
}

/// Reads the header of a file of so many bytes.
pub(super) fn read(from: &mut (impl Read + Seek), length: u64) -> Result<Header, TensorError> {
    let broken = |why: &str| TensorError::Broken(why.to_owned());
    from.seek(SeekFrom::Start(0))?;
    let mut wide = [0; 8];
    from.read_exact(&mut wide).map_err(|_| TensorError::Truncated)?;
    let long = u64::from_le_bytes(wide);
    let start = long.checked_add(8).filter(|start| *start <= length).ok_or(TensorError::Truncated)?;
    if long > LONGEST_HEADER {
        return Err(broken("its header is longer than any"));
    }
    let mut text = vec![0; long as usize];
    from.read_exact(&mut text).map_err(|_| TensorError::Truncated)?;
    let Pieces { pieces, twice } = serde_json::from_slice(&text)
        .map_err(|_| broken("its header is not that of safetensors: a format, a shape and a range for each name"))?;
    if let Some(name) = twice {
        return Err(TensorError::Broken(format!("its header has the name {} twice", quoted(&name))));
    }
    let mut header = Header { tensors: BTreeMap::new(), storages: Vec::new(), notes: BTreeMap::new() };
    let mut end = 0;
    for (name, piece) in pieces {
        match piece {
            Piece::Notes(notes) => header.notes.extend(notes),
            Piece::Tensor { dtype, shape: sides, range: (from, to) } => {
                let outside = || TensorError::Outside(name.clone());
                let dtype =
                    known(&dtype).ok_or_else(|| TensorError::Dtype { name: name.clone(), dtype: dtype.escape_debug().to_string() })?;
                let (sides, count) = shape(sides).ok_or_else(outside)?;
                let bytes = to.checked_sub(from).ok_or_else(outside)?;
                if count.checked_mul(dtype.width() as u64) != Some(bytes) {
                    return Err(outside());
                }
                if to > length - start {
                    return Err(TensorError::Truncated);
                }
                end = end.max(to);
                let described = Described::contiguous(dtype, sides, header.storages.len());
                header.storages.push(Storage { start: start + from, bytes, sum: None });
                header.tensors.insert(name, described);
            }
        }
    }
    if end < length - start {
        return Err(broken("bytes follow that no tensor has"));
    }
    Ok(header)
}

fn known(name: &str) -> Option<Dtype> {
    Some(match name {
        "BOOL" => Dtype::Bool,
        "U8" => Dtype::U8,
        "I8" => Dtype::I8,
        "I16" => Dtype::I16,
        "I32" => Dtype::I32,
        "I64" => Dtype::I64,
        "F16" => Dtype::F16,
        "BF16" => Dtype::BF16,
        "F32" => Dtype::F32,
        "F64" => Dtype::F64,
        "U16" => Dtype::Other { name: "uint16", width: 2 },
        "U32" => Dtype::Other { name: "uint32", width: 4 },
        "U64" => Dtype::Other { name: "uint64", width: 8 },
        "C64" => Dtype::Other { name: "complex64", width: 8 },
        "F8_E5M2" => Dtype::Other { name: "float8_e5m2", width: 1 },
        "F8_E4M3" => Dtype::Other { name: "float8_e4m3fn", width: 1 },
        "F8_E8M0" => Dtype::Other { name: "float8_e8m0fnu", width: 1 },
        _ => return None,
    })
}
