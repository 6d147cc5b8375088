//! 1:N identification: which images are searched, and whose people are looked for.

use crate::{DataError, Table};
use ddl_base::text::quoted;
use std::collections::{BTreeSet, HashSet};

/// What happens to probes of people who have no image in the gallery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strangers {
    /// They are an error.
    Refuse,
    /// They are not judged.
    Drop,
    /// They are judged without a mate.
    Keep,
}

/// A gallery and probes. People of the two tables are the same when they have one name.
#[derive(Debug, Clone)]
pub struct Search {
    /// The images that are searched.
    pub gallery: Table,
    /// The images whose people are looked for.
    pub probe: Table,
    /// What happens to strangers.
    pub strangers: Strangers,
    /// Probes whose people are in the gallery.
    pub mated: u64,
    /// Probes whose people are not.
    pub unmated: u64,
}

impl Search {
    /// A gallery and probes, neither empty.
    ///
    /// # Errors
    /// A closed set ([`Strangers::Refuse`]) with strangers; no name that both have; an image, seen in one way, that is in both.
    pub fn new(gallery: Table, probe: Table, strangers: Strangers) -> Result<Self, DataError> {
        let known: HashSet<&str> = gallery.rows().map(|row| row.identity()).collect();
        let unmated: Vec<_> = probe.rows().filter(|row| !known.contains(row.identity())).collect();
        if unmated.len() == probe.len() {
            let first = |table: &Table| table.rows().next().map_or_else(|| "nobody".to_owned(), |row| format!("`{}`", row.identity()));
            let why = format!(
                "none of {} probes shows somebody of the gallery; are people named alike? the first is {} there and {} among the probes",
                probe.len(),
                first(&gallery),
                first(&probe)
            );
            return Err(DataError::Search { why });
        }
        if let (Strangers::Refuse, Some(first)) = (strangers, unmated.first()) {
            let people: BTreeSet<&str> = unmated.iter().map(crate::table::Row::identity).collect();
            let why = format!(
                "{} of {} probes show people who are not in the gallery ({} people, first `{}` on `{}`); leave them out with strangers = \"drop\", \
                 or keep them for open-set rates with \"keep\"",
                unmated.len(),
                probe.len(),
                people.len(),
                first.identity(),
                first.path()
            );
            return Err(DataError::Search { why });
        }
        let unmated = unmated.len() as u64;
        itself(&gallery, &probe)?;
        let mated = probe.len() as u64 - unmated;
        Ok(Search { gallery, probe, strangers, mated, unmated })
    }

    /// How many probes are judged.
    pub fn judged(&self) -> u64 {
        self.mated + if self.strangers == Strangers::Keep { self.unmated } else { 0 }
    }
}

/// An error if an image, seen in one way, is in both tables: it would find itself.
fn itself(gallery: &Table, probe: &Table) -> Result<(), DataError> {
    match probe.shared_with(gallery) {
        None => Ok(()),
        Some((count, first)) => {
            let why = format!(
                "{count} images are in the gallery and among the probes, first {}: each would find itself; part them, for example by an attribute",
                quoted(&first)
            );
            Err(DataError::Search { why })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::{Comparison, Expr, MissingPolicy, Predicate};
    use crate::{Cell, testing::people};

    /// The first image of each person, and the others.
    fn parted(table: &Table) -> (Table, Table) {
        let yaw = |op| Predicate {
            keep_if: Expr::Compare {
                op,
                left: Box::new(Expr::attribute("yaw")),
                right: Box::new(Expr::Const { value: Cell::Number(0.001) }),
            },
            missing: MissingPolicy::Error,
        };
        (table.filter(&yaw(Comparison::Less)).unwrap(), table.filter(&yaw(Comparison::Greater)).unwrap())
    }

    #[test]
    fn strangers_are_refused_dropped_or_kept() {
        let (gallery, probe) = parted(&people([("ann", 3), ("bob", 2), ("cid", 4)]));
        let whole = Search::new(gallery.clone(), probe.clone(), Strangers::Refuse).unwrap();
        assert_eq!((whole.mated, whole.unmated, whole.judged()), (6, 0, 6));
        let some = gallery.identities(&["ann", "bob"]).unwrap();
        let with = |strangers| Search::new(some.clone(), probe.clone(), strangers);
        assert_eq!([Strangers::Drop, Strangers::Keep].map(|it| with(it).unwrap().judged()), [3, 6]);
        let said = with(Strangers::Refuse).unwrap_err().to_string();
        assert!(said.starts_with("3 of 6 probes show people who are not in the gallery (1 people, first `cid` on `cid/1`)"), "{said}");
    }

    #[test]
    fn an_image_that_would_find_itself_is_refused() {
        let table = people([("ann", 2), ("bob", 2)]);
        let (gallery, _) = parted(&table);
        let said = Search::new(gallery.clone(), table.clone(), Strangers::Refuse).unwrap_err().to_string();
        assert!(said.starts_with("2 images are in the gallery and among the probes, first `ann/0`"), "{said}");
        // seen in another way it is another image
        let flip = crate::augment::Augment::Flip(crate::augment::Flip { p: ddl_base::quantity::Fraction(1.0) });
        let mirrored = table.apply(flip, Some(1), 0).unwrap();
        assert_eq!(Search::new(gallery, mirrored, Strangers::Refuse).unwrap().mated, 4);
    }

    #[test]
    fn names_that_never_agree_are_told() {
        let (gallery, _) = parted(&people([("ann", 2)]));
        let (_, probe) = parted(&people([("s001", 2)]));
        let said = Search::new(gallery, probe, Strangers::Keep).unwrap_err().to_string();
        assert!(said.contains("are people named alike? the first is `ann` there and `s001` among the probes"), "{said}");
    }
}
