//! Files that `torch.save` wrote: state dicts and checkpoints around them, in the zip format and in the one before it.

mod pickle;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use pickle::{Described, Pickle, Value};
use tch::{Kind, Tensor};

use super::file::role_by_name;
use super::{State, StateError};

/// A file of PyTorch that can't be read, or must not.
#[derive(Debug, thiserror::Error)]
pub enum TorchFileError {
    /// It says a function or class that tensors don't need: reading it as Python does could run code.
    #[error("the pickle names `{name}`, which no tensor needs; nothing of it was run")]
    Refused {
        /// The function or class.
        name: String,
    },
    /// It has an instruction that tensors don't need.
    #[error("the pickle has the instruction {code:#04x} at byte {at}, which no tensor needs; nothing of it was run")]
    Opcode {
        /// The instruction.
        code: u8,
        /// Where.
        at: usize,
    },
    /// It ends too early.
    #[error("the file is cut short")]
    Truncated,
    /// Something in it makes no sense.
    #[error("the file is no whole PyTorch file: {0}")]
    Broken(String),
    /// The zip container is damaged.
    #[error("the file is no whole PyTorch file: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// A pickle, but none that `torch.save` wrote.
    #[error("this is a pickle, but not one of PyTorch")]
    NotTorch,
    /// It holds no state dict where they are looked for.
    #[error("there is no state dict in the file; it has {}", .has.join(", "))]
    NoTensors {
        /// What it has instead.
        has: Vec<String>,
    },
}

/// How a file of the old format begins: the pickled number 0x1950a86a20f9469cfc6c.
const LEGACY: [u8; 12] = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// The place of [`LEGACY`], after two bytes that say the pickle's protocol.
const AFTER_PROTOCOL: usize = 2;
/// The version that PyTorch wrote.
const LEGACY_VERSION: i64 = 1001;
/// Where training code puts the network's state dict in a checkpoint, in the order in which they are looked for.
const PLACES: [&str; 9] =
    ["state_dict", "state_dict_backbone", "model_state_dict", "model_state", "model", "backbone", "network", "net", "weights"];

/// Whether these bytes are meant to be a file of PyTorch's.
pub fn is_torch(bytes: &[u8]) -> bool {
    let pickle =
        bytes.first() == Some(&0x80) && bytes.get(1).is_some_and(|protocol| (1..=5).contains(protocol)) && bytes.get(8) != Some(&b'{');
    bytes.starts_with(b"PK\x03\x04") || pickle
}

/// The tensors of a file of PyTorch's.
pub fn read(bytes: &[u8]) -> Result<State, StateError> {
    if bytes.starts_with(b"PK\x03\x04") { zipped(bytes) } else { legacy(bytes) }
}

type Storages = BTreeMap<String, Vec<u8>>;

fn zipped(bytes: &[u8]) -> Result<State, StateError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(TorchFileError::from)?;
    let names: Vec<String> = archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned).collect();
    let Some(root) = names.iter().find_map(|name| name.strip_suffix("data.pkl")) else {
        return Err(TorchFileError::Broken("the archive has no data.pkl".into()).into());
    };
    let mut entry = |name: &str| -> Result<Vec<u8>, TorchFileError> {
        let mut raw = Vec::new();
        let mut file = archive.by_name(name)?;
        file.read_to_end(&mut raw).map_err(|error| TorchFileError::Broken(format!("{name}: {error}")))?;
        Ok(raw)
    };
    let order = format!("{root}byteorder");
    if names.contains(&order) && entry(&order)? != b"little" {
        return Err(TorchFileError::Broken("its numbers have their highest byte first".into()).into());
    }
    let (value, made, _) = pickle::read(&entry(&format!("{root}data.pkl"))?)?;
    let tensors = tensors(&value, &made)?;
    let mut storages = Storages::new();
    for (_, tensor) in &tensors {
        if !storages.contains_key(&*tensor.key) {
            let raw = entry(&format!("{root}data/{}", tensor.key))?;
            storages.insert(tensor.key.to_string(), raw);
        }
    }
    state(&tensors, &storages)
}

/// Five pickles (a magic number, a version, a description of the machine, the value, the keys of its storages), then the storages.
fn legacy(bytes: &[u8]) -> Result<State, StateError> {
    if !bytes.get(AFTER_PROTOCOL..).is_some_and(|rest| rest.starts_with(&LEGACY)) {
        // what it names is worth more to know than that it is of no known make
        let named = pickle::read(bytes).err().filter(|error| matches!(error, TorchFileError::Refused { .. }));
        return Err(named.unwrap_or(TorchFileError::NotTorch).into());
    }
    let mut at = 0;
    let mut next = || -> Result<(Value, Pickle), TorchFileError> {
        let (value, made, taken) = pickle::read(&bytes[at..])?;
        at += taken;
        Ok((value, made))
    };
    next()?;
    if next()?.0 != Value::Int(LEGACY_VERSION) {
        return Err(TorchFileError::NotTorch.into());
    }
    next()?;
    let (value, made) = next()?;
    let (keys, lists) = next()?;
    let tensors = tensors(&value, &made)?;
    let keys = match keys {
        Value::List(place) => lists.lists[place].clone(),
        _ => return Err(TorchFileError::Broken("it lists no storages".into()).into()),
    };
    let mut storages = Storages::new();
    for key in keys {
        let Value::Text(key) = key else { return Err(TorchFileError::Broken("a storage without a key".into()).into()) };
        let count = bytes.get(at..at + 8).and_then(|raw| raw.try_into().ok()).map(u64::from_le_bytes).ok_or(TorchFileError::Truncated)?;
        at += 8;
        let Some(class) = made.storages.get(&*key) else {
            return Err(TorchFileError::Broken(format!("no tensor lies in the storage {key}")).into());
        };
        let width = kind(class).elt_size_in_bytes();
        let end = usize::try_from(count).ok().and_then(|count| count.checked_mul(width)).and_then(|size| at.checked_add(size));
        let raw = end.and_then(|end| bytes.get(at..end)).ok_or(TorchFileError::Truncated)?;
        at += raw.len();
        storages.insert(key.to_string(), raw.to_vec());
    }
    state(&tensors, &storages)
}

/// The tensors of the state dict in a checkpoint, by name.
fn tensors<'a>(value: &'a Value, made: &'a Pickle) -> Result<Vec<(String, &'a Described)>, TorchFileError> {
    let named = |value: &'a Value| -> Vec<(String, &'a Described)> {
        let tensor = |(key, value): &'a (Value, Value)| match (key, value) {
            (Value::Text(key), Value::Tensor(tensor)) => Some((key.to_string(), &**tensor)),
            _ => None,
        };
        items(value, made).iter().filter_map(tensor).collect()
    };
    let own = named(value);
    if !own.is_empty() {
        return Ok(own);
    }
    let at = |place: &str| items(value, made).iter().find(|(key, _)| matches!(key, Value::Text(key) if &**key == place));
    let found = PLACES.iter().filter_map(|place| at(place)).map(|(_, value)| named(value)).find(|found| !found.is_empty());
    found.ok_or_else(|| {
        let said = items(value, made).iter().filter_map(|(key, _)| match key {
            Value::Text(key) => Some(format!("`{key}`")),
            _ => None,
        });
        let has: Vec<String> = said.collect();
        TorchFileError::NoTensors { has: if has.is_empty() { vec!["no names".to_owned()] } else { has } }
    })
}

fn items<'a>(value: &Value, made: &'a Pickle) -> &'a [(Value, Value)] {
    match value {
        Value::Dict(place) => &made.dicts[*place],
        Value::None
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Tuple(_)
        | Value::List(_)
        | Value::Known(_)
        | Value::Storage { .. }
        | Value::Tensor(_) => &[],
    }
}

fn state(tensors: &[(String, &Described)], storages: &Storages) -> Result<State, StateError> {
    let mut state = State::new();
    for (name, tensor) in tensors {
        let storage = storages.get(&*tensor.key).ok_or(TorchFileError::Truncated)?;
        state.insert(name, build(name, tensor, storage)?, role_by_name(name))?;
    }
    Ok(state)
}

/// Copies a tensor out of its storage.
fn build(name: &str, tensor: &Described, storage: &[u8]) -> Result<Tensor, StateError> {
    let kind = kind(tensor.storage);
    let there = (storage.len() / kind.elt_size_in_bytes()) as i64;
    let outside = || TorchFileError::Broken(format!("tensor `{name}` lies outside of its storage"));
    let count = tensor.size.iter().try_fold(1i64, |count, side| count.checked_mul(*side)).ok_or_else(outside)?;
    if tensor.size.len() != tensor.stride.len() || tensor.offset < 0 {
        return Err(outside().into());
    }
    // the last number that it reads
    let reach = tensor
        .size
        .iter()
        .zip(&tensor.stride)
        .try_fold(tensor.offset, |at, (side, stride)| (side - 1).max(0).checked_mul(*stride).and_then(|step| at.checked_add(step)));
    if count > there || count > 0 && reach.is_none_or(|reach| reach >= there) {
        return Err(outside().into());
    }
    if count == 0 {
        return Ok(Tensor::f_zeros(&tensor.size, (kind, tch::Device::Cpu))?);
    }
    let flat = Tensor::f_from_data_size(storage, &[there], kind)?;
    let view = flat.f_as_strided(&tensor.size, &tensor.stride, Some(tensor.offset))?;
    let mut own = Tensor::f_empty(&tensor.size, (kind, tch::Device::Cpu))?;
    own.f_copy_(&view)?;
    Ok(own)
}

/// The numbers of a typed storage. The machine makes no other class than these.
fn kind(class: &str) -> Kind {
    match class {
        "DoubleStorage" => Kind::Double,
        "HalfStorage" => Kind::Half,
        "BFloat16Storage" => Kind::BFloat16,
        "LongStorage" => Kind::Int64,
        "IntStorage" => Kind::Int,
        "ShortStorage" => Kind::Int16,
        "CharStorage" => Kind::Int8,
        "ByteStorage" => Kind::Uint8,
        "BoolStorage" => Kind::Bool,
        _ => Kind::Float,
    }
}

#[cfg(test)]
mod tests;
