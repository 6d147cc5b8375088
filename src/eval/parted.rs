//! Who stands in each of the parts that are left out one by one: what makes parts of one protocol, or of several, independent or not.

use super::parts;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The people of each part: of each fold of pairs, or one person of a search; many parts are joined as they are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parted {
    /// Digests of their names.
    parts: Vec<BTreeSet<u64>>,
    /// People who stand in several parts.
    shared: u64,
}

/// How the parts of several protocols go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// Whoever stands in several protocols stands at one place in all of them: people are left out of all protocols at once.
    Together,
    /// Nobody stands in two protocols.
    Apart,
    /// People stand at one place in a protocol and at another place in another one.
    Tangled {
        /// The protocols, by their places.
        between: [usize; 2],
        /// How many people.
        people: u64,
    },
}

impl Parted {
    /// The parts of one protocol, by the names of their people. `bare` is what a name is in other protocols: a person of merged sets has
    /// another one there.
    pub fn of<'n>(parts: impl IntoIterator<Item = BTreeSet<&'n str>>, bare: impl Fn(&'n str) -> &'n str) -> Self {
        let parts: Vec<BTreeSet<&str>> = parts.into_iter().collect();
        let groups = parts::groups(parts.len());
        let mut joined: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); groups.last().map_or(0, |last| last + 1)];
        for (group, people) in groups.into_iter().zip(parts) {
            joined[group].extend(people);
        }
        let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
        joined.iter().flatten().for_each(|name| *seen.entry(name).or_default() += 1);
        let shared = seen.into_values().filter(|parts| *parts > 1).count() as u64;
        let digests = |names: BTreeSet<&'n str>| names.into_iter().map(|name| digest(bare(name))).collect();
        Parted { parts: joined.into_iter().map(digests).collect(), shared }
    }

    /// How many parts are left out, one by one.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are no parts: of pairs that are in no folds.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// How many people stand in several parts.
    pub fn shared(&self) -> u64 {
        self.shared
    }

    /// Everybody who stands in a part, as a number that stands for the name; once for each part.
    pub fn people(&self) -> impl Iterator<Item = u64> {
        self.parts.iter().flatten().copied()
    }

    /// Whether somebody stands in both.
    pub fn meets(&self, other: &Parted) -> bool {
        let here: BTreeSet<u64> = self.people().collect();
        other.people().any(|person| here.contains(&person))
    }

    /// How the parts of several protocols go together.
    pub fn joint(of: &[&Parted]) -> Joint {
        let lengths: BTreeSet<usize> = of.iter().map(|it| it.len()).collect();
        let places = |it: &Parted| -> BTreeMap<u64, BTreeSet<usize>> {
            let mut places: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
            for (place, person) in it.parts.iter().enumerate().flat_map(|(place, people)| people.iter().map(move |it| (place, *it))) {
                places.entry(person).or_default().insert(place);
            }
            places
        };
        let places: Vec<_> = of.iter().map(|it| places(it)).collect();
        let misplaced = |[a, b]: [usize; 2]| {
            let (here, there) = (&places[a], &places[b]);
            here.iter().filter(|(person, at)| there.get(person).is_some_and(|other| lengths.len() > 1 || other != *at)).count() as u64
        };
        // a person stands everywhere as where it stands first, or the first pair that differs is one with that
        let mut first: BTreeMap<u64, usize> = BTreeMap::new();
        let mut tangled: Option<[usize; 2]> = None;
        for (b, here) in places.iter().enumerate() {
            for (person, at) in here {
                let a = *first.entry(*person).or_insert(b);
                if a != b && (lengths.len() > 1 || places[a][person] != *at) && tangled.is_none_or(|known| [a, b] < known) {
                    tangled = Some([a, b]);
                }
            }
        }
        match tangled.map(|between| (between, misplaced(between))) {
            Some((between, people)) => Joint::Tangled { between, people },
            None if lengths.len() > 1 => Joint::Apart,
            None => Joint::Together,
        }
    }
}

/// A number that stands for a name: equal names of two protocols are one person.
fn digest(name: &str) -> u64 {
    let bytes = blake3::hash(name.as_bytes());
    bytes.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[&[&'static str]]) -> Parted {
        Parted::of(parts.iter().map(|people| people.iter().copied().collect()), |name| name.trim_start_matches("1:"))
    }

    #[test]
    fn people_of_several_parts_are_counted() {
        assert_eq!(of(&[&["a", "b"], &["c"]]).shared(), 0);
        assert_eq!(of(&[&["a", "b"], &["b", "a"], &["a"]]).shared(), 2);
        assert_eq!(of(&[&["a"], &["1:a"]]).shared(), 0, "a merge says that they are two");
        let names: Vec<String> = (0..40).map(|at| format!("p{}", at / 2)).collect();
        let pairs = Parted::of(names.iter().map(|name| BTreeSet::from([name.as_str()])), |name| name);
        assert_eq!((pairs.len(), pairs.shared()), (20, 0), "who stands in two folds that are left out together is in one part");
        assert!(of(&[&["a"]]).meets(&of(&[&["b"], &["1:a"]])) && !of(&[&["a"]]).meets(&of(&[&["b"]])));
        assert!(Parted::default().is_empty() && Parted::default().shared() == 0);
    }

    #[test]
    fn protocols_go_together_by_place_or_are_apart() {
        let (ab, ba, cd) = (of(&[&["a"], &["b"]]), of(&[&["b"], &["a"]]), of(&[&["c"], &["d"]]));
        assert_eq!(Parted::joint(&[&ab, &ab]), Joint::Together);
        assert_eq!(Parted::joint(&[&ab, &cd]), Joint::Together);
        assert_eq!(Parted::joint(&[&ab, &of(&[&["a", "x"], &["c"]])]), Joint::Together);
        assert_eq!(Parted::joint(&[&cd, &ab, &ba]), Joint::Tangled { between: [1, 2], people: 2 });
        assert_eq!(Parted::joint(&[&ab, &of(&[&["c"], &["d"], &["e"]])]), Joint::Apart);
        assert_eq!(Parted::joint(&[&ab, &of(&[&["a"], &["b"], &["e"]])]), Joint::Tangled { between: [0, 1], people: 2 });
        assert_eq!(Parted::joint(&[&ab, &of(&[&["c"], &["1:a"]])]), Joint::Tangled { between: [0, 1], people: 1 });
    }
}
