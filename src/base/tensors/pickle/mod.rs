//! A machine for Python's pickles. It builds plain values and tensors' descriptions; it has nothing that could run. Whatever else a pickle
//! names (a scheduler's counter, a device, a class of somebody's code) becomes a value of which the name alone is known. Names that exist
//! to run something are refused: who meets one should not open the file elsewhere either.
//!
//! Values lie in lists, by their places, so that neither nesting nor repetition costs more than the bytes that say it. Opcodes as in
//! CPython's `pickletools`; tensors as `torch.save` writes them.

mod globals;
mod machine;
mod opcodes;

pub use opcodes::{ARRAY, FROM_BUFFER, SCALAR};

use super::{Dtype, TensorError};
use globals::Global;
use machine::Machine;
use std::io::BufRead;
use std::rc::Rc;

/// Values that one pickle may make, each of some tens of bytes.
const MOST_VALUES: usize = 6_000_000;
/// Bytes of memory that any pickle may take, and how many for each of its own: a sampler's order of five million images, as a list, takes
/// ten for each.
const MEMORY: (u64, u64) = (64 << 20, 16);
/// Bytes of the longest pickle that is read: it describes tensors, their numbers lie elsewhere.
pub const LONGEST: u64 = 64 << 20;

/// A tensor: where its numbers lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// How its numbers are written.
    pub dtype: Dtype,
    /// Its storage, by place in [`Pickle::storages`].
    pub storage: usize,
    /// The first number.
    pub offset: i64,
    /// Its sides.
    pub sides: Vec<i64>,
    /// Numbers between neighbours, by side.
    pub strides: Vec<i64>,
}

/// A storage that a pickle refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageRef {
    /// Its key in the file.
    pub key: Rc<str>,
    /// How its numbers are written.
    pub dtype: Dtype,
}

/// Something that a class of Python made, of which its items are kept, and what arrays and numbers of NumPy are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The class or function, by its whole name.
    pub class: Rc<str>,
    /// What was put into it by keys, as into a dictionary; under `None` what makes an array or a number of NumPy.
    pub items: Vec<(Value, Value)>,
}

/// A value. What holds others lies in the pickle, by its place.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// A number with a fraction, or a whole one of more than 64 bits.
    Number,
    Text(Rc<str>),
    /// Where raw bytes begin in what is read, and how many there are: they stay there.
    Bytes(u64, u64),
    Tuple(usize),
    List(usize),
    Dict(usize),
    Global(Global),
    /// The storage, and where in it a view begins.
    Storage(usize, i64),
    Tensor(usize),
    Object(usize),
}

/// A pickle, read.
#[derive(Debug, Default)]
pub struct Pickle {
    /// The tuples and the lists.
    pub lists: Vec<Vec<Value>>,
    /// The dictionaries, in the order of their items.
    pub dicts: Vec<Vec<(Value, Value)>>,
    /// The tensors.
    pub tensors: Vec<View>,
    /// The storages, each once.
    pub storages: Vec<StorageRef>,
    /// What classes made.
    pub objects: Vec<Object>,
}

impl Pickle {
    /// What a value holds by keys.
    pub fn items(&self, value: &Value) -> &[(Value, Value)] {
        match value {
            Value::Dict(place) => &self.dicts[*place],
            Value::Object(place) => &self.objects[*place].items,
            _ => &[], // no other value has keys
        }
    }
}

type Done<T> = Result<T, TensorError>;

fn broken(what: &str) -> TensorError {
    TensorError::Broken(what.to_owned())
}

/// Reads a pickle of at most `left` bytes: its value, what that refers to, and how many bytes it took.
pub fn read(from: &mut dyn BufRead, left: u64) -> Done<(Value, Pickle, u64)> {
    read_long(from, left.min(LONGEST))
}

/// The same of one that may be longer, since the bytes that it holds are passed over.
pub fn read_long(from: &mut dyn BufRead, left: u64) -> Done<(Value, Pickle, u64)> {
    let mut machine = Machine::new(from, left);
    while !machine.step()? {}
    let value = machine.pop()?;
    Ok((value, machine.made, machine.at))
}
