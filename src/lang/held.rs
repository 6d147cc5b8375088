//! Lists, records and operators' values as they are held: shared by everything that names them, and knowing what they come to.
//!
//! A value that names another twice is twice as long when it is written out, and so on: forty lines can say a list of 2^40 numbers. So each
//! knows its [`Extent`] without a walk, and its [`Mark`], by which two are equal.

use super::value::{OpValue, Value};
use indexmap::IndexMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// What a value comes to when it is written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// The values in it, itself among them.
    pub parts: u64,
    /// The bytes of its texts and names.
    pub bytes: u64,
    /// How deep they are nested.
    pub depth: u32,
}

impl Extent {
    /// Of something that holds nothing but `bytes` of text.
    pub(crate) const fn of_text(bytes: usize) -> Self {
        Extent { parts: 1, bytes: bytes as u64, depth: 1 }
    }

    /// Of something that holds these.
    fn around(inside: impl Iterator<Item = Extent>) -> Self {
        let mut whole = Extent { parts: 1, bytes: 0, depth: 0 };
        for it in inside {
            whole.parts = whole.parts.saturating_add(it.parts);
            whole.bytes = whole.bytes.saturating_add(it.bytes);
            whole.depth = whole.depth.max(it.depth);
        }
        Extent { depth: whole.depth.saturating_add(1), ..whole }
    }
}

/// What tells values apart: equal values have equal marks (blake3, 128 bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark([u8; 16]);

impl Mark {
    /// The mark of values in a row.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut marker = Marker::new(b'v');
        values.into_iter().for_each(|value| value.mark(&mut marker));
        marker.done()
    }
}

/// Writes a mark.
pub(super) struct Marker(blake3::Hasher);

impl Marker {
    fn new(kind: u8) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[kind]);
        Marker(hasher)
    }

    /// A kind of value, and what it holds: texts of any length stay apart from what follows.
    pub(super) fn put(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update(&[kind]);
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn done(&self) -> Mark {
        let mut mark = [0; 16];
        mark.copy_from_slice(&self.0.finalize().as_bytes()[..16]);
        Mark(mark)
    }
}

struct Held<T> {
    it: T,
    extent: Extent,
    mark: Mark,
}

macro_rules! held {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $target:ty) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Arc<Held<$inner>>);

        impl $name {
            /// What it comes to.
            pub(crate) fn extent(&self) -> Extent {
                self.0.extent
            }

            /// What tells it apart.
            pub fn mark(&self) -> Mark {
                self.0.mark
            }
        }

        impl Deref for $name {
            type Target = $target;
            fn deref(&self) -> &$target {
                &self.0.it
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.mark == other.0.mark
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0.it, f)
            }
        }

    };
}

held!(
    /// The items of a list.
    List, Vec<Value>, [Value]
);
held!(
    /// The fields of a record, in the order that the recipe says.
    Record, IndexMap<String, Value>, IndexMap<String, Value>
);
held!(
    /// An operator's value.
    Op, OpValue, OpValue
);

impl Op {
    /// The value itself, to be changed.
    pub fn into_inner(self) -> OpValue {
        Arc::try_unwrap(self.0).map_or_else(|shared| shared.it.clone(), |held| held.it)
    }
}

impl Record {
    /// The fields themselves, to be changed.
    pub fn into_inner(self) -> IndexMap<String, Value> {
        Arc::try_unwrap(self.0).map_or_else(|shared| shared.it.clone(), |held| held.it)
    }
}

impl From<Vec<Value>> for List {
    fn from(it: Vec<Value>) -> Self {
        let extent = Extent::around(it.iter().map(Value::extent));
        let mut marker = Marker::new(b'l');
        it.iter().for_each(|item| item.mark(&mut marker));
        List(Arc::new(Held { it, extent, mark: marker.done() }))
    }
}

impl From<IndexMap<String, Value>> for Record {
    fn from(it: IndexMap<String, Value>) -> Self {
        let named = |(name, value): (&String, &Value)| {
            let extent = value.extent();
            Extent { bytes: extent.bytes.saturating_add(name.len() as u64), ..extent }
        };
        let extent = Extent::around(it.iter().map(named));
        let mut marker = Marker::new(b'r');
        for (name, value) in &it {
            marker.put(b'k', name.as_bytes());
            value.mark(&mut marker);
        }
        Record(Arc::new(Held { it, extent, mark: marker.done() }))
    }
}

impl From<OpValue> for Op {
    fn from(it: OpValue) -> Self {
        let extent = Extent::around(it.args.values().map(Value::extent));
        let mut marker = Marker::new(b'o');
        marker.put(b'n', it.op().as_bytes());
        for (name, value) in &it.args {
            marker.put(b'k', name.as_bytes());
            value.mark(&mut marker);
        }
        Op(Arc::new(Held { it, extent, mark: marker.done() }))
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        items.into_iter().collect::<Vec<_>>().into()
    }
}

impl FromIterator<(String, Value)> for Record {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        fields.into_iter().collect::<IndexMap<_, _>>().into()
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.it.iter()
    }
}

impl<'a> IntoIterator for &'a Record {
    type Item = (&'a String, &'a Value);
    type IntoIter = indexmap::map::Iter<'a, String, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.it.iter()
    }
}

impl Value {
    /// What this value comes to when it is written out; told without a walk.
    pub(crate) fn extent(&self) -> Extent {
        match self {
            Value::Text(text) => Extent::of_text(text.len()),
            Value::Path(path) => Extent::of_text(path.shown.len()),
            Value::Hole(name) => Extent::of_text(name.len()),
            Value::List(items) => items.extent(),
            Value::Record(fields) => fields.extent(),
            Value::Op(op) => op.extent(),
            Value::Schema(columns) => Extent { parts: columns.len() as u64 + 1, bytes: 16 * columns.len() as u64, depth: 1 },
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Angle(_)
            | Value::Pixels(_)
            | Value::Span(_)
            | Value::Fraction(_)
            | Value::Images(_)
            | Value::Checks(_)
            | Value::Bytes(_)
            | Value::Range(_)
            | Value::Row(_)
            | Value::Node(_)
            | Value::Poison => Extent::of_text(0),
        }
    }

    /// Writes what tells this value apart.
    pub(super) fn mark(&self, marker: &mut Marker) {
        // of a zero there are two that are equal
        let number = |marker: &mut Marker, kind: u8, x: f64| marker.put(kind, &(x + 0.0).to_bits().to_le_bytes());
        match self {
            Value::None => marker.put(0, &[]),
            Value::Bool(truth) => marker.put(1, &[u8::from(*truth)]),
            Value::Int(n) => marker.put(2, &n.to_le_bytes()),
            Value::Float(x) => number(marker, 3, *x),
            Value::Text(text) => marker.put(4, text.as_bytes()),
            Value::Path(path) => {
                marker.put(5, path.shown.as_bytes());
                marker.put(5, path.real.as_deref().map(|real| real.as_os_str().as_encoded_bytes()).unwrap_or_default());
                marker.put(5, path.within.as_deref().map(|within| within.as_os_str().as_encoded_bytes()).unwrap_or_default());
                marker.put(5, path.digest.as_deref().unwrap_or_default().as_bytes());
                marker.put(5, &[path.real.is_some(), path.within.is_some(), path.digest.is_some()].map(u8::from));
            }
            Value::Angle(x) => number(marker, 6, x.as_radians()),
            Value::Pixels(x) => marker.put(7, &x.0.to_le_bytes()),
            Value::Span(crate::quantity::Span::Epochs(x)) => number(marker, 8, *x),
            Value::Span(crate::quantity::Span::Steps(n)) => marker.put(9, &n.to_le_bytes()),
            Value::Span(crate::quantity::Span::Part(x)) => number(marker, 10, *x),
            Value::Fraction(x) => number(marker, 11, x.0),
            Value::Images(x) => marker.put(12, &x.0.to_le_bytes()),
            Value::Checks(x) => marker.put(13, &x.0.to_le_bytes()),
            Value::Bytes(x) => marker.put(14, &x.0.to_le_bytes()),
            Value::Range(ends) => {
                marker.put(15, &[]);
                ends.0.mark(marker);
                ends.1.mark(marker);
            }
            Value::List(items) => marker.put(16, &items.mark().0),
            Value::Record(fields) => marker.put(17, &fields.mark().0),
            Value::Row(expr) => marker.put(18, format!("{expr:?}").as_bytes()),
            Value::Schema(columns) => marker.put(19, format!("{columns:?}").as_bytes()),
            Value::Op(op) => marker.put(20, &op.mark().0),
            Value::Node(node) => marker.put(21, &node.0.to_le_bytes()),
            Value::Hole(name) => marker.put(22, name.as_bytes()),
            Value::Poison => marker.put(23, &[]),
        }
    }
}
