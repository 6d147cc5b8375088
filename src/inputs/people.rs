//! Who is on images: people of one set are told apart by name; people of two sets may share a name and are not the same.

use crate::data::Table;
use crate::data::protocol::{Strangers, TemplateSearch, Verification};
use crate::data::table::Row;
use crate::eval::{Parted, groups_of};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// A person of a set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    /// The name.
    pub name: Arc<str>,
    /// The set: a folder, or the parameters of drawn faces.
    set: Arc<str>,
}

/// People, sorted by name.
pub type People = BTreeSet<Person>;

/// The people on all rows of a table.
pub fn of_table(table: &Table) -> People {
    of(table.stretches().map(|stretch| stretch.first))
}

/// The people on some rows of a table.
pub(crate) fn of_rows(table: &Table, rows: impl IntoIterator<Item = usize>) -> People {
    of(rows.into_iter().filter_map(|row| table.row(row)))
}

fn of<'a>(rows: impl Iterator<Item = Row<'a>>) -> People {
    // a set is shared by its images: its place in memory tells it apart for as long as the table lives
    let mut sets: HashMap<usize, Arc<str>> = HashMap::new();
    let mut seen: HashSet<(u32, usize)> = HashSet::new();
    let mut people = People::new();
    for row in rows {
        let source = row.source();
        let place = source.set().id().as_ptr().addr();
        if seen.insert((row.class(), place)) {
            let set = sets.entry(place).or_insert_with(|| Arc::from(String::from_utf8_lossy(source.set().id())));
            let name = row.shared_identity();
            let bare = unmerged(name);
            let name = if bare.len() == name.len() { name.clone() } else { Arc::from(bare) };
            people.insert(Person { name, set: set.clone() });
        }
    }
    people
}

/// Who stands in which fold of pairs that are in these folds. Equal names of two sets are one person here: that is what a protocol across
/// them takes them for.
pub fn of_folds(protocol: &Verification, folds: &[u32]) -> Parted {
    let second = protocol.second.as_ref().unwrap_or(&protocol.first);
    let mut people: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    for (pair, fold) in protocol.pairs.iter().zip(folds) {
        let both = [protocol.first.row(pair.a as usize), second.row(pair.b as usize)];
        people.entry(*fold).or_default().extend(both.into_iter().flatten().map(|row| row.identity()));
    }
    Parted::of(people.into_values(), unmerged)
}

/// Whom the probes of a search show, in the groups that are left out. Strangers of whom the gallery's labels know nothing are one person.
pub fn of_probes(probe: &Table, gallery: &Table, strangers: Strangers) -> Parted {
    let known: HashSet<&str> = gallery.stretches().map(|stretch| stretch.first.identity()).collect();
    let names = probe.stretches().map(|stretch| stretch.first.identity()).collect::<BTreeSet<_>>().into_iter();
    of_sought(names.map(|name| (gallery.labels().class(name).unwrap_or(u32::MAX), name, known.contains(name))), strangers, unmerged)
}

/// Whom the probes of a search of templates show, in the groups that are left out.
pub fn of_templates(search: &TemplateSearch) -> Parted {
    let known: HashSet<u32> = search.gallery.iter().map(|it| it.person).collect();
    let people = search.probe.iter().map(|it| it.person).collect::<BTreeSet<_>>().into_iter();
    let named = people.filter_map(|person| Some((person, &**search.names.get(person as usize)?, known.contains(&person))));
    of_sought(named, search.strangers, |name| name)
}

/// People by number and name, and whether they are in the gallery, in the groups that are left out.
fn of_sought<'n>(people: impl Iterator<Item = (u32, &'n str, bool)>, strangers: Strangers, bare: impl Fn(&'n str) -> &'n str) -> Parted {
    let people: Vec<(u32, &str, bool)> = people.filter(|(.., in_gallery)| *in_gallery || strangers != Strangers::Drop).collect();
    let groups = groups_of(people.iter().map(|(person, _, in_gallery)| (*person, *in_gallery)));
    let mut names: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (person, name, _) in people {
        names.entry(groups[&person]).or_default().insert(name);
    }
    Parted::of(names.into_values(), bare)
}

/// The name before a merge told it apart from an equal one: `1:anna` is `anna` of the second set.
fn unmerged(name: &str) -> &str {
    match name.split_once(':') {
        Some((place, rest)) if !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => name,
    }
}
