//! Who the classes are: a named, ordered list of identities.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::DataError;
use std::sync::Arc;

/// The people of a table: class `k` is `names[k]`. Two tables with equal `id` mean the same classes in the same order.
#[derive(Debug, Clone)]
pub struct LabelSpace {
    id: Arc<str>,
    names: Arc<[Arc<str>]>,
    /// The classes in the order of their names' bytes, unless that is their own order.
    order: Option<Arc<[u32]>>,
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
        let rising = names.windows(2).all(|two| two[0] < two[1]);
        let order = (!rising).then(|| {
            let mut order: Vec<u32> = (0..names.len() as u32).collect();
            order.sort_unstable_by(|a, b| (&names[*a as usize], a).cmp(&(&names[*b as usize], b)));
            Arc::from(order)
        });
        let labels = LabelSpace { id: Arc::from(hasher.finalize().to_hex().as_str()), names, order };
        let twice = labels.order.iter().flat_map(|order| order.windows(2)).filter(|two| labels.name(two[0]) == labels.name(two[1]));
        match twice.map(|two| two[1]).min() {
            None => Ok(labels),
            Some(first) => Err(DataError::IdentityTwice { identity: labels.name(first).to_owned() }),
        }
    }

    /// The digest of its origin and names, 64 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The names; the place of each is its class.
    pub fn names(&self) -> &Arc<[Arc<str>]> {
        &self.names
    }

    fn name(&self, class: u32) -> &str {
        &self.names[class as usize]
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
        match &self.order {
            None => self.names.binary_search_by(|known| (**known).cmp(name)).ok().map(|class| class as u32),
            Some(order) => order.binary_search_by(|class| self.name(*class).cmp(name)).ok().map(|at| order[at]),
        }
    }

    /// The classes in the order of their names' bytes.
    pub fn by_name(&self) -> Vec<u32> {
        self.order.as_ref().map_or_else(|| (0..self.len() as u32).collect(), |order| order.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_found_by_name_in_any_order() {
        for names in [["ann", "bob", "cid"], ["cid", "ann", "bob"]] {
            let labels = LabelSpace::new("test", names.map(Arc::from)).unwrap();
            assert!(names.iter().zip(0..).all(|(name, class)| labels.class(name) == Some(class)));
            assert_eq!(labels.class("dan"), None);
            assert_eq!(labels.by_name().iter().map(|class| labels.name(*class)).collect::<Vec<_>>(), ["ann", "bob", "cid"]);
        }
        let twice = LabelSpace::new("test", ["b", "a", "b", "a"].map(Arc::from)).unwrap_err();
        assert_eq!(twice, DataError::IdentityTwice { identity: "b".to_owned() });
    }
}
