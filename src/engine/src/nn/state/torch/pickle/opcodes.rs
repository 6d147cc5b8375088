//! What each opcode does.

use std::rc::Rc;

use super::machine::{Machine, Slot};
use super::{Described, Done, Known, TorchFileError, Value, broken};

impl Machine<'_> {
    /// One opcode; true at the end.
    pub fn step(&mut self) -> Done<bool> {
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
