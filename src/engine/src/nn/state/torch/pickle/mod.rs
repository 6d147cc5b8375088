//! A machine for the little of Python's pickle that a file of tensors needs. It builds plain values and tensors' descriptions; it has
//! nothing that could run. A name of a function or class that is not on its list is refused, whatever the pickle would do with it.
//!
//! Opcodes as in CPython's `pickletools`; tensors as `torch.save` writes them.

mod machine;
mod opcodes;

use std::collections::BTreeMap;
use std::rc::Rc;

use machine::Machine;

use super::TorchFileError;

/// The names that a pickle may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    OrderedDict,
    RebuildTensor,
    RebuildTensorV2,
    RebuildParameter,
    Size,
    /// A typed storage, by the name of its class.
    Storage(&'static str),
}

/// Typed storages.
const STORAGES: [&str; 10] = [
    "FloatStorage",
    "DoubleStorage",
    "HalfStorage",
    "BFloat16Storage",
    "LongStorage",
    "IntStorage",
    "ShortStorage",
    "CharStorage",
    "ByteStorage",
    "BoolStorage",
];

fn known(module: &str, name: &str) -> Option<Known> {
    match (module, name) {
        ("collections", "OrderedDict") => Some(Known::OrderedDict),
        ("torch._utils", "_rebuild_tensor") => Some(Known::RebuildTensor),
        ("torch._utils", "_rebuild_tensor_v2") => Some(Known::RebuildTensorV2),
        ("torch._utils", "_rebuild_parameter") => Some(Known::RebuildParameter),
        ("torch", "Size") => Some(Known::Size),
        ("torch", storage) => STORAGES.iter().find(|known| **known == storage).map(|known| Known::Storage(known)),
        _ => None,
    }
}

/// A tensor: where its numbers lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The storage's type, by the name of its class.
    pub storage: &'static str,
    /// The storage's key in the file.
    pub key: Rc<str>,
    /// The first number.
    pub offset: i64,
    /// Its sides.
    pub size: Vec<i64>,
    /// Numbers between neighbours, by side.
    pub stride: Vec<i64>,
}

/// A value. Lists and dictionaries lie in the machine, for pickles change them after they are named.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// A whole number of more than 64 bits, lowest byte first.
    Long(Rc<[u8]>),
    Float(f64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    Tuple(Rc<[Value]>),
    List(usize),
    Dict(usize),
    Known(Known),
    Storage {
        class: &'static str,
        key: Rc<str>,
        offset: i64,
    },
    Tensor(Rc<Described>),
}

/// A pickle, read.
#[derive(Debug, Default)]
pub struct Pickle {
    /// The lists.
    pub lists: Vec<Vec<Value>>,
    /// The dictionaries, in the order of their items.
    pub dicts: Vec<Vec<(Value, Value)>>,
    /// Every storage that it refers to: the class by the key.
    pub storages: BTreeMap<String, &'static str>,
}

type Done<T> = Result<T, TorchFileError>;

fn broken(what: &str) -> TorchFileError {
    TorchFileError::Broken(what.to_owned())
}

/// Reads the pickle at the start of `bytes`: its value, what that refers to, and how many bytes it took.
pub fn read(bytes: &[u8]) -> Done<(Value, Pickle, usize)> {
    let mut machine = Machine::new(bytes);
    while !machine.step()? {}
    let value = machine.pop()?;
    Ok((value, machine.made, machine.at))
}
