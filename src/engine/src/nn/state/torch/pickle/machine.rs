//! Bytes, the stack and the memory of the machine that reads a pickle.

use std::collections::HashMap;

use super::{Done, Pickle, TorchFileError, Value, broken, known};

/// A place on the stack.
pub enum Slot {
    Mark,
    Value(Value),
}

/// What a pickle is read with: the bytes that are left, the stack, what was remembered, what was made.
pub struct Machine<'a> {
    bytes: &'a [u8],
    /// How many bytes were read.
    pub at: usize,
    pub stack: Vec<Slot>,
    pub memo: HashMap<u32, Value>,
    /// What came of it.
    pub made: Pickle,
}

impl<'a> Machine<'a> {
    /// At the first byte, with nothing on the stack.
    pub fn new(bytes: &'a [u8]) -> Self {
        Machine { bytes, at: 0, stack: Vec::new(), memo: HashMap::new(), made: Pickle::default() }
    }

    pub fn take(&mut self, count: usize) -> Done<&[u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len()).ok_or(TorchFileError::Truncated)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// A whole number of so many bytes (at most 8), lowest first, without a sign.
    pub fn number(&mut self, width: usize) -> Done<u64> {
        let mut wide = [0u8; 8];
        wide[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(wide))
    }

    pub fn length(&mut self, width: usize) -> Done<usize> {
        usize::try_from(self.number(width)?).map_err(|_| TorchFileError::Truncated)
    }

    pub fn line(&mut self) -> Done<String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or(TorchFileError::Truncated)?;
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        self.at += end + 1;
        Ok(line)
    }

    pub fn text(&mut self, width: usize) -> Done<Value> {
        let count = self.length(width)?;
        let text = std::str::from_utf8(self.take(count)?).map_err(|_| broken("a text is not UTF-8"))?;
        Ok(Value::Text(text.into()))
    }

    pub fn raw(&mut self, width: usize) -> Done<Value> {
        let count = self.length(width)?;
        Ok(Value::Bytes(self.take(count)?.into()))
    }

    /// A string of Python 2: a text where it is one.
    pub fn old_text(&mut self, width: usize) -> Done<Value> {
        let count = self.length(width)?;
        let raw = self.take(count)?;
        Ok(std::str::from_utf8(raw).map_or_else(|_| Value::Bytes(raw.into()), |text| Value::Text(text.into())))
    }

    pub fn push(&mut self, value: Value) {
        self.stack.push(Slot::Value(value));
    }

    pub fn pop(&mut self) -> Done<Value> {
        match self.stack.pop() {
            Some(Slot::Value(value)) => Ok(value),
            Some(Slot::Mark) | None => Err(broken("a value is missing")),
        }
    }

    pub fn top(&self) -> Done<&Value> {
        match self.stack.last() {
            Some(Slot::Value(value)) => Ok(value),
            Some(Slot::Mark) | None => Err(broken("a value is missing")),
        }
    }

    pub fn since_mark(&mut self) -> Done<Vec<Value>> {
        let mark = self.stack.iter().rposition(|slot| matches!(slot, Slot::Mark)).ok_or_else(|| broken("a mark is missing"))?;
        let values = self.stack.drain(mark..).filter_map(|slot| match slot {
            Slot::Value(value) => Some(value),
            Slot::Mark => None,
        });
        Ok(values.collect())
    }

    pub fn tuple(&mut self, count: usize) -> Done<()> {
        let mut values = (0..count).map(|_| self.pop()).collect::<Done<Vec<_>>>()?;
        values.reverse();
        self.push(Value::Tuple(values.into()));
        Ok(())
    }

    pub fn remember(&mut self, place: u32) -> Done<()> {
        let value = self.top()?.clone();
        self.memo.insert(place, value);
        Ok(())
    }

    pub fn recall(&mut self, place: u32) -> Done<()> {
        let value = self.memo.get(&place).cloned().ok_or_else(|| broken("it refers to what it never said"))?;
        self.push(value);
        Ok(())
    }

    pub fn named(&mut self, module: &str, name: &str) -> Done<()> {
        let known = known(module, name).ok_or_else(|| TorchFileError::Refused { name: format!("{module}.{name}") })?;
        self.push(Value::Known(known));
        Ok(())
    }

    pub fn dict(&mut self) -> Value {
        self.made.dicts.push(Vec::new());
        Value::Dict(self.made.dicts.len() - 1)
    }

    pub fn set(&mut self, items: Vec<Value>) -> Done<()> {
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

    pub fn append(&mut self, items: Vec<Value>) -> Done<()> {
        let Value::List(place) = *self.top()? else { return Err(broken("items for what is no list")) };
        self.made.lists[place].extend(items);
        Ok(())
    }
}
