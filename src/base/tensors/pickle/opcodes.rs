//! What each opcode does.

use super::globals::{Global, global};
use super::machine::{Machine, Slot};
use super::{Done, StorageRef, TensorError, Value, View, broken};
use std::rc::Rc;

/// Sides of a tensor: as many as PyTorch lets one have.
const MOST_SIDES: usize = 64;

/// What makes an array of NumPy, in whatever module of it.
pub const ARRAY: &str = "multiarray._reconstruct";
/// The same since protocol 5.
pub const FROM_BUFFER: &str = "numeric._frombuffer";
/// What makes a number of NumPy.
pub const SCALAR: &str = "multiarray.scalar";

/// What a name stands for, if it is harmless.
fn named(module: &str, name: &str) -> Done<Global> {
    global(module, name).ok_or_else(|| TensorError::Refused { name: format!("{module}.{name}") })
}

impl Machine<'_> {
    /// One opcode; true at the end.
    pub fn step(&mut self) -> Done<bool> {
        let at = self.at;
        let code = self.byte()?;
        match code {
            b'.' => return Ok(true),
            0x80 => drop(self.byte()?),
            0x95 => drop(self.number(8)?),
            b'(' => self.slot(Slot::Mark)?,
            b'0' => drop(self.stack.pop()),
            b'1' => drop(self.since_mark()?),
            b'2' => self.push(self.top()?.clone())?,
            b'q' | b'r' => {
                let place = self.number(if code == b'q' { 1 } else { 4 })? as u32;
                self.remember(place)?;
            }
            0x94 => self.remember(u32::try_from(self.memo.len()).unwrap_or(u32::MAX))?,
            b'h' | b'j' => {
                let place = self.number(if code == b'h' { 1 } else { 4 })? as u32;
                self.recall(place)?;
            }
            b'p' | b'g' => {
                let place = self.line()?.parse().map_err(|_| broken("a place that is no number"))?;
                if code == b'p' { self.remember(place)? } else { self.recall(place)? }
            }
            b'N' | 0x88 | 0x89 | b'K' | b'M' | b'J' | b'I' | b'L' | 0x8a | 0x8b | b'G' | b'F' => self.numbers(code)?,
            b'X' | 0x8c | 0x8d | b'T' | b'U' | b'B' | b'C' | 0x8e | 0x96 | b'V' | b'S' => self.texts(code)?,
            b')' | 0x85..=0x87 | b't' | b']' | b'l' | b'}' | b'd' | 0x8f | 0x91 => self.containers(code)?,
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' | 0x90 => {
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
            b'c' | 0x93 | b'i' | b'o' | b'R' | 0x81 | 0x92 => self.calls(code)?,
            b'b' => {
                // attributes (a state dict's `_metadata`) say nothing about tensors
                let state = self.pop()?;
                match self.top()? {
                    Value::Object(place) if self.made.objects[*place].class.ends_with(ARRAY) => self.set(vec![Value::None, state])?,
                    _ => {}
                }
            }
            b'Q' => self.storage()?,
            _ => return Err(TensorError::Opcode { code, at }),
        }
        Ok(false)
    }

    fn numbers(&mut self, code: u8) -> Done<()> {
        let value = match code {
            b'N' => Value::None,
            0x88 | 0x89 => Value::Bool(code == 0x88),
            b'K' => Value::Int(self.number(1)? as i64),
            b'M' => Value::Int(self.number(2)? as i64),
            b'J' => Value::Int(i64::from(self.number(4)? as u32 as i32)),
            b'I' | b'L' => match self.line()?.trim_end_matches('L') {
                "00" => Value::Bool(false),
                "01" => Value::Bool(true),
                text => text.parse().map_or(Value::Number, Value::Int),
            },
            0x8a | 0x8b => {
                let count = self.number(if code == 0x8a { 1 } else { 4 })?;
                let raw = self.take(count)?;
                whole(&raw).map_or(Value::Number, Value::Int)
            }
            b'G' => {
                self.number(8)?;
                Value::Number
            }
            _ => {
                self.line()?;
                Value::Number
            }
        };
        self.push(value)
    }

    fn texts(&mut self, code: u8) -> Done<()> {
        let value = match code {
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            0x8d => self.text(8)?,
            b'T' => self.old_text(4)?,
            b'U' => self.old_text(1)?,
            b'B' => self.raw(4)?,
            b'C' => self.raw(1)?,
            b'V' => Value::Text(self.line()?.into()),
            b'S' => Value::Text(self.line()?.trim_matches(['\'', '"']).into()),
            _ => self.raw(8)?,
        };
        self.push(value)
    }

    fn containers(&mut self, code: u8) -> Done<()> {
        let value = match code {
            b')' => return self.tuple(0),
            0x85..=0x87 => return self.tuple(usize::from(code - 0x84)),
            b']' => Value::List(self.list(Vec::new())?),
            b'}' => self.dict()?,
            0x8f => self.object("builtins.set")?,
            b't' | b'l' => {
                let values = self.since_mark()?;
                let place = self.list(values)?;
                if code == b't' { Value::Tuple(place) } else { Value::List(place) }
            }
            b'd' => {
                let items = self.since_mark()?;
                let dict = self.dict()?;
                self.push(dict)?;
                return self.set(items);
            }
            _ => {
                self.since_mark()?;
                self.object("builtins.frozenset")?
            }
        };
        self.push(value)
    }

    fn calls(&mut self, code: u8) -> Done<()> {
        let made = match code {
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                Value::Global(named(&module, &name)?)
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else { return Err(broken("a name that is no text")) };
                Value::Global(named(&module, &name)?)
            }
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                let callee = named(&module, &name)?;
                let arguments = self.since_mark()?;
                self.call(&callee, &arguments)?
            }
            b'o' => {
                let mut values = self.since_mark()?.into_iter();
                let Some(Value::Global(callee)) = values.next() else { return Err(broken("an object of no class")) };
                self.call(&callee, &values.collect::<Vec<_>>())?
            }
            _ => {
                if code == 0x92 {
                    self.pop()?; // arguments by name
                }
                let (arguments, callee) = (self.pop()?, self.pop()?);
                let Value::Tuple(arguments) = arguments else { return Err(broken("arguments that are no tuple")) };
                match callee {
                    Value::Global(callee) => {
                        // lent, not copied: a pickle may name one tuple a million times
                        let lent = std::mem::take(&mut self.made.lists[arguments]);
                        let made = self.call(&callee, &lent);
                        self.made.lists[arguments] = lent;
                        made?
                    }
                    // what a class made may be callable; it is not called
                    Value::Object(_) => callee,
                    _ => return Err(broken("a call of what is no function")),
                }
            }
        };
        self.push(made)
    }

    /// What a name makes of its arguments.
    fn call(&mut self, callee: &Global, arguments: &[Value]) -> Done<Value> {
        Ok(match (callee, arguments) {
            (Global::Dict, [.., Value::List(pairs)]) => {
                self.charge(self.made.lists[*pairs].len())?;
                let pair = |pair: &Value| match pair {
                    Value::List(pair) | Value::Tuple(pair) => match &self.made.lists[*pair][..] {
                        [key, value] => Some((key.clone(), value.clone())),
                        _ => None,
                    },
                    _ => None,
                };
                let items: Vec<(Value, Value)> = self.made.lists[*pairs].iter().filter_map(pair).collect();
                let bytes = (items.capacity() + 2) * size_of::<(Value, Value)>();
                self.keep(bytes as u64)?;
                self.made.dicts.push(items);
                Value::Dict(self.made.dicts.len() - 1)
            }
            (Global::Dict, [.., dict @ Value::Dict(_)]) => dict.clone(),
            (Global::Dict, _) => self.dict()?,
            (Global::Tensor, [Value::Storage(storage, first), Value::Int(offset), sides, strides, rest @ ..]) => {
                let said = rest.iter().find_map(|it| if let Value::Global(Global::Format(dtype)) = it { Some(*dtype) } else { None });
                let dtype = said.unwrap_or(self.made.storages[*storage].dtype);
                let offset = first.checked_add(*offset).ok_or_else(|| broken("a tensor that starts nowhere"))?;
                let view = View { dtype, storage: *storage, offset, sides: self.sides(sides)?, strides: self.sides(strides)? };
                self.keep((2 * size_of::<View>() + (view.sides.len() + view.strides.len()) * size_of::<i64>()) as u64)?;
                self.made.tensors.push(view);
                Value::Tensor(self.made.tensors.len() - 1)
            }
            (Global::Parameter, [tensor @ Value::Tensor(_), ..]) => tensor.clone(),
            (Global::FromType, [Value::Global(inner @ (Global::Tensor | Global::Parameter)), _, Value::Tuple(arguments), ..]) => {
                let lent = std::mem::take(&mut self.made.lists[*arguments]);
                let made = self.call(inner, &lent);
                self.made.lists[*arguments] = lent;
                made?
            }
            (Global::Size, [size]) => size.clone(),
            (Global::Tensor, _) => self.object("torch._utils._rebuild_tensor")?,
            (Global::Parameter, _) => self.object("torch.nn.Parameter")?,
            (Global::FromType, _) => self.object("torch.Tensor")?,
            (Global::Size, _) => self.object("torch.Size")?,
            (Global::Storage(_), _) => self.object("torch.Storage")?,
            (Global::Format(_), _) => self.object("torch.dtype")?,
            (Global::Other(class), [.., bytes]) if class.ends_with(SCALAR) => self.numpy(class, bytes, &Value::None)?,
            (Global::Other(class), [bytes, _, sides, ..]) if class.ends_with(FROM_BUFFER) => self.numpy(class, bytes, sides)?,
            (Global::Other(class), _) => self.object(class)?,
        })
    }

    /// An array or a number of NumPy's, made of these bytes, and of these sides where it has some.
    fn numpy(&mut self, class: &str, bytes: &Value, sides: &Value) -> Done<Value> {
        let (made, items) = (self.object(class)?, vec![(Value::None, bytes.clone()), (Value::None, sides.clone())]);
        self.keep(2 * size_of::<(Value, Value)>() as u64)?;
        if let Value::Object(place) = made {
            self.made.objects[place].items = items;
        }
        Ok(made)
    }

    /// `('storage', class, key, device, count[, view])`; before PyTorch 1.6 also `('module', class, file, source)` in place of the class of
    /// a whole model.
    fn storage(&mut self) -> Done<()> {
        const UNKNOWN: &str = "a storage without a description";
        let id = self.pop()?;
        let Value::Tuple(id) = id else { return Err(broken(UNKNOWN)) };
        if let [Value::Text(kind), class @ Value::Global(_), ..] = &self.made.lists[id][..]
            && &**kind == "module"
        {
            let class = class.clone();
            return self.push(class);
        }
        let [Value::Text(kind), Value::Global(Global::Storage(dtype)), key, _, Value::Int(_), view @ ..] = &self.made.lists[id][..] else {
            return Err(broken(UNKNOWN));
        };
        let key: Rc<str> = match key {
            Value::Text(key) => Rc::clone(key),
            Value::Int(key) => key.to_string().into(),
            _ => return Err(broken("a storage without a key")),
        };
        let offset = match view {
            [Value::Tuple(view)] => match &self.made.lists[*view][..] {
                [_, Value::Int(offset), _] => *offset,
                _ => return Err(broken("a view of a storage without a place")),
            },
            _ => 0,
        };
        if &**kind != "storage" {
            return Err(broken("a reference that is no storage"));
        }
        let place = *self.keys.entry(Rc::clone(&key)).or_insert(self.made.storages.len());
        if place == self.made.storages.len() {
            self.made.storages.push(StorageRef { key, dtype: *dtype });
        }
        self.push(Value::Storage(place, offset))
    }

    fn sides(&self, value: &Value) -> Done<Vec<i64>> {
        let Value::Tuple(sides) = value else { return Err(broken("a shape that is no tuple")) };
        let side = |side: &Value| match side {
            Value::Int(side) if *side >= 0 => Ok(*side),
            _ => Err(broken("a shape with a side that is no count")),
        };
        let sides = &self.made.lists[*sides];
        if sides.len() > MOST_SIDES {
            return Err(broken("a tensor of more sides than any has"));
        }
        sides.iter().map(side).collect()
    }
}

/// A whole number of two's complement, lowest byte first, where it has at most 64 bits.
fn whole(raw: &[u8]) -> Option<i64> {
    let sign = if raw.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut wide = [sign; 8];
    wide.get_mut(..raw.len())?.copy_from_slice(raw);
    Some(i64::from_le_bytes(wide))
}
