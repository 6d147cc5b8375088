//! A machine for the little of Python's pickle that a file of tensors needs. It builds plain values and tensors' descriptions; it has
//! nothing that could run. A name of a function or class that is not on its list is refused, whatever the pickle would do with it.
//!
//! Opcodes as in CPython's `pickletools`; tensors as `torch.save` writes them.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

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

enum Slot {
    Mark,
    Value(Value),
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Slot>,
    memo: HashMap<u32, Value>,
    made: Pickle,
}

type Done<T> = Result<T, TorchFileError>;

fn broken(what: &str) -> TorchFileError {
    TorchFileError::Broken(what.to_owned())
}

/// Reads the pickle at the start of `bytes`: its value, what that refers to, and how many bytes it took.
pub fn read(bytes: &[u8]) -> Done<(Value, Pickle, usize)> {
    let mut machine = Machine { bytes, at: 0, stack: Vec::new(), memo: HashMap::new(), made: Pickle::default() };
    while !machine.step()? {}
    let value = machine.pop()?;
    Ok((value, machine.made, machine.at))
}

impl Machine<'_> {
    fn take(&mut self, count: usize) -> Done<&[u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len()).ok_or(TorchFileError::Truncated)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// A whole number of so many bytes (at most 8), lowest first, without a sign.
    fn number(&mut self, width: usize) -> Done<u64> {
        let mut wide = [0u8; 8];
        wide[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(wide))
    }

    fn length(&mut self, width: usize) -> Done<usize> {
        usize::try_from(self.number(width)?).map_err(|_| TorchFileError::Truncated)
    }

    fn line(&mut self) -> Done<String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or(TorchFileError::Truncated)?;
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        self.at += end + 1;
        Ok(line)
    }

    fn text(&mut self, width: usize) -> Done<Value> {
        let count = self.length(width)?;
        let text = std::str::from_utf8(self.take(count)?).map_err(|_| broken("a text is not UTF-8"))?;
        Ok(Value::Text(text.into()))
    }

    fn raw(&mut self, width: usize) -> Done<Value> {
        let count = self.length(width)?;
        Ok(Value::Bytes(self.take(count)?.into()))
    }

    /// A string of Python 2: a text where it is one.
    fn old_text(&mut self, width: usize) -> Done<Value> {
        let count = self.length(width)?;
        let raw = self.take(count)?;
        Ok(std::str::from_utf8(raw).map_or_else(|_| Value::Bytes(raw.into()), |text| Value::Text(text.into())))
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Slot::Value(value));
    }

    fn pop(&mut self) -> Done<Value> {
        match self.stack.pop() {
            Some(Slot::Value(value)) => Ok(value),
            Some(Slot::Mark) | None => Err(broken("a value is missing")),
        }
    }

    fn top(&self) -> Done<&Value> {
        match self.stack.last() {
            Some(Slot::Value(value)) => Ok(value),
            Some(Slot::Mark) | None => Err(broken("a value is missing")),
        }
    }

    fn since_mark(&mut self) -> Done<Vec<Value>> {
        let mark = self.stack.iter().rposition(|slot| matches!(slot, Slot::Mark)).ok_or_else(|| broken("a mark is missing"))?;
        let values = self.stack.drain(mark..).filter_map(|slot| match slot {
            Slot::Value(value) => Some(value),
            Slot::Mark => None,
        });
        Ok(values.collect())
    }

    fn tuple(&mut self, count: usize) -> Done<()> {
        let mut values = (0..count).map(|_| self.pop()).collect::<Done<Vec<_>>>()?;
        values.reverse();
        self.push(Value::Tuple(values.into()));
        Ok(())
    }

    fn remember(&mut self, place: u32) -> Done<()> {
        let value = self.top()?.clone();
        self.memo.insert(place, value);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Done<()> {
        let value = self.memo.get(&place).cloned().ok_or_else(|| broken("it refers to what it never said"))?;
        self.push(value);
        Ok(())
    }

    fn named(&mut self, module: &str, name: &str) -> Done<()> {
        let known = known(module, name).ok_or_else(|| TorchFileError::Refused { name: format!("{module}.{name}") })?;
        self.push(Value::Known(known));
        Ok(())
    }

    fn dict(&mut self) -> Value {
        self.made.dicts.push(Vec::new());
        Value::Dict(self.made.dicts.len() - 1)
    }

    fn set(&mut self, items: Vec<Value>) -> Done<()> {
        let Value::Dict(place) = *self.top()? else { return Err(broken("items for what is no dictionary")) };
        if !items.len().is_multiple_of(2) {
            return Err(broken("a key without a value"));
        }
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            self.made.dicts[place].push((key, value));
        }
        Ok(())
    }

    fn append(&mut self, items: Vec<Value>) -> Done<()> {
        let Value::List(place) = *self.top()? else { return Err(broken("items for what is no list")) };
        self.made.lists[place].extend(items);
        Ok(())
    }

    /// One opcode; true at the end.
    fn step(&mut self) -> Done<bool> {
        let at = self.at;
        let code = self.take(1)?[0];
        match code {
            b'.' => return Ok(true),
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.stack.push(Slot::Mark),
            b'0' => drop(self.stack.pop()),
            b'1' => drop(self.since_mark()?),
            b'2' => self.push(self.top()?.clone()),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' | b'M' => {
                let number = self.number(if code == b'K' { 1 } else { 2 })?;
                self.push(Value::Int(number as i64));
            }
            b'J' => {
                let number = self.number(4)? as u32 as i32;
                self.push(Value::Int(i64::from(number)));
            }
            0x8a => self.long()?,
            b'G' => {
                let bits = self.number(8)?.swap_bytes();
                self.push(Value::Float(f64::from_bits(bits)));
            }
            b'X' | 0x8c | 0x8d => {
                let text = self.text(width(code))?;
                self.push(text);
            }
            b'T' | b'U' => {
                let text = self.old_text(width(code))?;
                self.push(text);
            }
            b'B' | b'C' | 0x8e => {
                let raw = self.raw(width(code))?;
                self.push(raw);
            }
            b')' => self.tuple(0)?,
            0x85..=0x87 => self.tuple(usize::from(code - 0x84))?,
            b't' => {
                let values = self.since_mark()?;
                self.push(Value::Tuple(values.into()));
            }
            b']' => {
                self.made.lists.push(Vec::new());
                self.push(Value::List(self.made.lists.len() - 1));
            }
            b'}' => {
                let dict = self.dict();
                self.push(dict);
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.since_mark()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(vec![key, value])?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set(items)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.named(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else { return Err(broken("a name that is no text")) };
                self.named(&module, &name)?;
            }
            b'R' => self.call()?,
            b'b' => self.build()?,
            b'q' | b'r' => {
                let place = self.number(if code == b'q' { 1 } else { 4 })? as u32;
                self.remember(place)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' | b'j' => {
                let place = self.number(if code == b'h' { 1 } else { 4 })? as u32;
                self.recall(place)?;
            }
            b'Q' => self.storage()?,
            _ => return Err(TorchFileError::Opcode { code, at }),
        }
        Ok(false)
    }

    fn long(&mut self) -> Done<()> {
        let count = self.length(1)?;
        let raw = self.take(count)?;
        let value = if count <= 8 {
            let sign = if raw.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
            let mut wide = [sign; 8];
            wide[..count].copy_from_slice(raw);
            Value::Int(i64::from_le_bytes(wide))
        } else {
            Value::Long(raw.into())
        };
        self.push(value);
        Ok(())
    }

    /// What a known name makes of its arguments.
    fn call(&mut self) -> Done<()> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let Value::Tuple(arguments) = arguments else { return Err(broken("arguments that are no tuple")) };
        let Value::Known(callee) = callee else { return Err(broken("a call of what is no function")) };
        let made = match (callee, &*arguments) {
            (Known::OrderedDict, []) => self.dict(),
            (
                Known::RebuildTensor | Known::RebuildTensorV2,
                [Value::Storage { class, key, offset }, Value::Int(from), size, stride, ..],
            ) => {
                let offset = offset.checked_add(*from).ok_or_else(|| broken("a tensor that starts nowhere"))?;
                let described = Described { storage: class, key: Rc::clone(key), offset, size: sides(size)?, stride: sides(stride)? };
                Value::Tensor(Rc::new(described))
            }
            (Known::RebuildParameter, [tensor @ Value::Tensor(_), ..]) => tensor.clone(),
            (Known::Size, [size]) => size.clone(),
            (
                Known::OrderedDict
                | Known::RebuildTensor
                | Known::RebuildTensorV2
                | Known::RebuildParameter
                | Known::Size
                | Known::Storage(_),
                _,
            ) => return Err(broken("a call with arguments that PyTorch does not write")),
        };
        self.push(made);
        Ok(())
    }

    /// Attributes of a dictionary (a state dict's `_metadata`) say nothing about its tensors.
    fn build(&mut self) -> Done<()> {
        let _attributes = self.pop()?;
        match self.top()? {
            Value::Dict(_) => Ok(()),
            _ => Err(broken("attributes of what is no dictionary")),
        }
    }

    /// `('storage', class, key, device, count[, view])`.
    fn storage(&mut self) -> Done<()> {
        let id = self.pop()?;
        let Value::Tuple(id) = id else { return Err(broken("a storage without a description")) };
        let [Value::Text(kind), Value::Known(Known::Storage(class)), key, _, Value::Int(_), view @ ..] = &*id else {
            return Err(broken("a storage without a description"));
        };
        let key: Rc<str> = match key {
            Value::Text(key) => Rc::clone(key),
            Value::Int(key) => key.to_string().into(),
            _ => return Err(broken("a storage without a key")),
        };
        let offset = match view {
            [Value::Tuple(view)] => match &**view {
                [_, Value::Int(offset), _] => *offset,
                _ => return Err(broken("a view of a storage without a place")),
            },
            _ => 0,
        };
        if &**kind != "storage" {
            return Err(broken("a reference that is no storage"));
        }
        self.made.storages.insert(key.to_string(), class);
        self.push(Value::Storage { class, key, offset });
        Ok(())
    }
}

/// Bytes of the length before a text or bytes.
fn width(code: u8) -> usize {
    match code {
        b'X' | b'T' | b'B' => 4,
        0x8d | 0x8e => 8,
        _ => 1,
    }
}

fn sides(value: &Value) -> Done<Vec<i64>> {
    let Value::Tuple(sides) = value else { return Err(broken("a shape that is no tuple")) };
    let side = |side: &Value| match side {
        Value::Int(side) if *side >= 0 => Ok(*side),
        _ => Err(broken("a shape with a side that is no count")),
    };
    sides.iter().map(side).collect()
}
