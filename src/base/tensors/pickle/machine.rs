//! Bytes, the stack and the memory of the machine that reads a pickle.

use super::{Done, LONGEST, MEMORY, MOST_VALUES, Object, Pickle, TensorError, Value, broken};
use std::collections::HashMap;
use std::io::{self, BufRead};

/// A string of Python 2 that is longer is no text.
const LONGEST_TEXT: u64 = 1 << 16;

/// A place on the stack.
pub enum Slot {
    Mark,
    Value(Value),
}

/// What a pickle is read with: the bytes that are left, the stack, what was remembered, what was made.
pub struct Machine<'a> {
    from: &'a mut dyn BufRead,
    /// How many bytes there still may be.
    left: u64,
    /// How many bytes were read.
    pub at: u64,
    pub stack: Vec<Slot>,
    pub memo: HashMap<u32, Value>,
    /// Storages by their keys.
    pub keys: HashMap<std::rc::Rc<str>, usize>,
    /// What came of it.
    pub made: Pickle,
    /// How many values were made.
    values: usize,
    /// Bytes that may still be taken for what is kept.
    memory: u64,
    /// The most that ever lay on the stack.
    highest: usize,
}

/// What a vector's items take, and as much again: vectors grow by doubling.
fn room<T>(items: usize) -> u64 {
    (items as u64).saturating_mul(2 * size_of::<T>() as u64)
}

impl<'a> Machine<'a> {
    /// At the first byte, with nothing on the stack.
    pub fn new(from: &'a mut dyn BufRead, left: u64) -> Self {
        let memory = MEMORY.0.max(left.min(LONGEST).saturating_mul(MEMORY.1));
        Machine {
            from,
            left,
            at: 0,
            stack: Vec::new(),
            memo: HashMap::new(),
            keys: HashMap::new(),
            made: Pickle::default(),
            values: 0,
            memory,
            highest: 0,
        }
    }

    /// So many bytes, of which there are as many.
    pub fn take(&mut self, count: u64) -> Done<Vec<u8>> {
        if count > LONGEST {
            return Err(broken("a text or a number that is longer than any"));
        }
        self.count(count)?;
        let mut taken = vec![0; count as usize];
        self.from.read_exact(&mut taken).map_err(|_| TensorError::Truncated)?;
        Ok(taken)
    }

    fn count(&mut self, count: u64) -> Done<()> {
        self.left = self.left.checked_sub(count).ok_or(TensorError::Truncated)?;
        self.at += count;
        Ok(())
    }

    pub fn byte(&mut self) -> Done<u8> {
        Ok(self.number(1)? as u8)
    }

    /// A whole number of so many bytes (at most 8), lowest first, without a sign.
    pub fn number(&mut self, width: usize) -> Done<u64> {
        self.count(width as u64)?;
        let mut wide = [0u8; 8];
        self.from.read_exact(&mut wide[..width]).map_err(|_| TensorError::Truncated)?;
        Ok(u64::from_le_bytes(wide))
    }

    pub fn line(&mut self) -> Done<String> {
        let mut line = Vec::new();
        let mut within = std::io::Read::take(&mut *self.from, self.left.min(LONGEST));
        within.read_until(b'\n', &mut line).map_err(|_| TensorError::Truncated)?;
        self.count(line.len() as u64)?;
        match line.pop() {
            Some(b'\n') => Ok(String::from_utf8_lossy(&line).into_owned()),
            Some(_) | None => Err(TensorError::Truncated),
        }
    }

    pub fn text(&mut self, width: usize) -> Done<Value> {
        let count = self.number(width)?;
        let text = String::from_utf8(self.take(count)?).map_err(|_| broken("a text is not UTF-8"))?;
        Ok(Value::Text(text.into()))
    }

    pub fn raw(&mut self, width: usize) -> Done<Value> {
        let count = self.number(width)?;
        self.pass(count)
    }

    /// Passes over so many raw bytes.
    fn pass(&mut self, count: u64) -> Done<Value> {
        let at = self.at;
        self.count(count)?;
        let passed = io::copy(&mut io::Read::take(&mut *self.from, count), &mut io::sink()).map_err(|_| TensorError::Truncated)?;
        if passed == count { Ok(Value::Bytes(at, count)) } else { Err(TensorError::Truncated) }
    }

    /// A string of Python 2: a text where it is one.
    pub fn old_text(&mut self, width: usize) -> Done<Value> {
        let count = self.number(width)?;
        if count > LONGEST_TEXT {
            return self.pass(count);
        }
        let at = self.at;
        Ok(String::from_utf8(self.take(count)?).map_or(Value::Bytes(at, count), |text| Value::Text(text.into())))
    }

    pub fn push(&mut self, value: Value) -> Done<()> {
        self.slot(Slot::Value(value))
    }

    pub fn slot(&mut self, slot: Slot) -> Done<()> {
        self.charge(1)?;
        if self.stack.len() == self.highest {
            self.keep(room::<Slot>(1))?;
            self.highest += 1;
        }
        self.stack.push(slot);
        Ok(())
    }

    /// Counts bytes that are kept to the end.
    pub fn keep(&mut self, bytes: u64) -> Done<()> {
        self.memory = self.memory.checked_sub(bytes).ok_or_else(|| broken("its pickle takes more memory than that of any checkpoint"))?;
        Ok(())
    }

    /// Counts values that are made.
    pub fn charge(&mut self, count: usize) -> Done<()> {
        self.values = self.values.saturating_add(count);
        if self.values > MOST_VALUES { Err(broken("its pickle makes more values than any checkpoint has")) } else { Ok(()) }
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
        let made = self.list(values)?;
        self.push(Value::Tuple(made))
    }

    /// The place of a new list.
    pub fn list(&mut self, mut values: Vec<Value>) -> Done<usize> {
        values.shrink_to_fit();
        self.keep(room::<Vec<Value>>(1) + (values.len() * size_of::<Value>()) as u64)?;
        self.made.lists.push(values);
        Ok(self.made.lists.len() - 1)
    }

    pub fn remember(&mut self, place: u32) -> Done<()> {
        let value = self.top()?.clone();
        self.charge(1)?;
        if !self.memo.contains_key(&place) {
            self.keep(room::<(u32, Value)>(1))?;
        }
        self.memo.insert(place, value);
        Ok(())
    }

    pub fn recall(&mut self, place: u32) -> Done<()> {
        let value = self.memo.get(&place).cloned().ok_or_else(|| broken("it refers to what it never said"))?;
        self.push(value)
    }

    pub fn dict(&mut self) -> Done<Value> {
        self.keep(room::<Vec<(Value, Value)>>(1))?;
        self.made.dicts.push(Vec::new());
        Ok(Value::Dict(self.made.dicts.len() - 1))
    }

    pub fn object(&mut self, class: &str) -> Done<Value> {
        self.keep(room::<Object>(1) + class.len() as u64)?;
        self.made.objects.push(Object { class: class.into(), items: Vec::new() });
        Ok(Value::Object(self.made.objects.len() - 1))
    }

    pub fn set(&mut self, items: Vec<Value>) -> Done<()> {
        if !items.len().is_multiple_of(2) {
            return Err(broken("a key without a value"));
        }
        let into = match *self.top()? {
            Value::Dict(place) => &mut self.made.dicts[place],
            Value::Object(place) => &mut self.made.objects[place].items,
            _ => return Err(broken("items for what is no dictionary")),
        };
        let before = into.capacity();
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            into.push((key, value));
        }
        let more = into.capacity() - before;
        self.keep((more * size_of::<(Value, Value)>()) as u64)
    }

    pub fn append(&mut self, items: Vec<Value>) -> Done<()> {
        match *self.top()? {
            Value::List(place) => {
                let list = &mut self.made.lists[place];
                let before = list.capacity();
                list.extend(items);
                let more = list.capacity() - before;
                self.keep((more * size_of::<Value>()) as u64)
            }
            Value::Object(_) => Ok(()), // a class of its own: what it does with them is not known
            _ => Err(broken("items for what is no list")),
        }
    }
}
