//! Who the classes are: a named, ordered list of identities.

use super::DataError;
use std::collections::HashMap;
use std::sync::Arc;

/// The people of a table: class `k` is `names[k]`. Two tables with equal `id` mean the same classes in the same order.
#[derive(Debug, Clone)]
pub struct LabelSpace {
    id: Arc<str>,
    names: Arc<[Arc<str>]>,
    places: Arc<HashMap<Arc<str>, u32>>,
}

impl PartialEq for LabelSpace {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for LabelSpace {}

impl LabelSpace {
    /// A label space whose id is the digest of where it comes from (`origin`: a probe's digest, how a view made it) and of its names
    /// in order. Fails when a name stands twice.
    pub fn new(origin: &str, names: impl IntoIterator<Item = Arc<str>>) -> Result<Self, DataError> {
        let names: Arc<[Arc<str>]> = names.into_iter().collect();
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"ddl labels 1\0");
        for part in std::iter::once(origin).chain(names.iter().map(AsRef::as_ref)) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut places = HashMap::with_capacity(names.len());
        for (place, name) in names.iter().enumerate() {
            if places.insert(name.clone(), place as u32).is_some() {
                return Err(DataError::IdentityTwice { identity: name.to_string() });
            }
        }
        Ok(LabelSpace { id: Arc::from(hasher.finalize().to_hex().as_str()), names, places: Arc::new(places) })
    }

    /// The digest of its origin and names, 64 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The names; the place of each is its class.
    pub fn names(&self) -> &Arc<[Arc<str>]> {
        &self.names
    }

    /// The number of classes.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no class.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The class of a name.
    pub fn class(&self, name: &str) -> Option<u32> {
        self.places.get(name).copied()
    }
}
