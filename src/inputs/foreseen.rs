//! What is known of tables before an observer was asked: their attributes have no values yet, and a filter by one leaves at most what its
//! other conditions leave.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts that are shown, and numbers of nodes")]

use super::tables::{TableError, Tables};
use crate::data::predicate::Expr;
use crate::data::{DataError, Table};
use crate::lang::decl::Operator as _;
use crate::lang::value::NodeId;
use crate::ops::data;
use crate::ops::node::Node;
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// What of a table is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Foreseen {
    /// Who says it.
    pub until: BTreeSet<NodeId>,
    /// The attributes that have no values yet.
    pub blank: BTreeSet<String>,
    /// Whether its rows are at most these: which of them stay is not known. Its people have their classes either way.
    pub at_most: bool,
}

impl Foreseen {
    fn and(mut self, other: Foreseen) -> Self {
        self.until.extend(other.until);
        self.blank.extend(other.blank);
        self.at_most |= other.at_most;
        self
    }

    /// Whether an expression reads what has no value yet.
    pub(crate) fn is_read_by(&self, row: &Expr) -> bool {
        row.attributes().into_iter().any(|name| self.blank.contains(name))
    }
}

impl Tables<'_> {
    /// What of a data set's table is not known yet; of one that was not asked for, and of all that is read on the disk, nothing.
    pub(crate) fn foreseen(&self, data: NodeId) -> Foreseen {
        self.foreseen.lock().unwrap_or_else(PoisonError::into_inner).get(&data).cloned().unwrap_or_default()
    }

    /// The relabelling whose groups the people of a data set are; nothing where they are people.
    pub(crate) fn groups(&self, mut data: NodeId) -> Option<NodeId> {
        loop {
            data = match self.plan().work(data).ok()? {
                Node::Relabel(it) if it.by.is_some() => return Some(data),
                Node::Relabel(it) => it.data.node,
                Node::Annotate(it) => it.data.node,
                Node::Where(it) => it.data.node,
                Node::Split(it) => it.data.node,
                Node::Identities(it) => it.data.node,
                Node::Sample(it) => it.data.node,
                Node::MinImages(it) => it.data.node,
                Node::Without(it) => it.data.node,
                Node::Among(it) => it.data.node,
                Node::Apply(it) => it.data.node,
                _ => return None, // a reader, or several sets
            };
        }
    }

    /// Refuses to compare the groups of one set with the people of another: no name of one is among those of the other.
    ///
    /// # Errors
    /// That, of a node which does.
    pub(crate) fn compares_people(&self, id: NodeId) -> Result<(), TableError> {
        let (what, both) = match self.plan().work(id)? {
            Node::Without(it) => (data::Without::NAME, [it.data.node, it.people.node]),
            Node::Among(it) => ("within", [it.data.node, it.people.node]),
            _ => return Ok(()), // it compares none
        };
        let [groups, people] = both.map(|data| self.groups(data).map(|by| self.plan().node(by).key));
        if groups == people {
            return Ok(());
        }
        let why = "one of both sets has groups of `relabel(by = …)` in the place of people; take people out before they are relabelled";
        Err(self.data_error(id, DataError::Argument { what, why: why.to_owned() }))
    }

    /// The table of a data set as far as it is known.
    pub(super) fn foresee(&self, id: NodeId) -> Result<Table, TableError> {
        let mut seen = Foreseen::default();
        let plan = self.plan();
        let work = plan.work(id)?;
        for input in plan.node(id).inputs.iter().filter(|input| plan.node(**input).is_data()) {
            self.table(*input)?;
            seen = seen.and(self.foreseen(*input));
        }
        let asked = if let Node::Annotate(it) = work { it.by.as_ref().zip(it.said).map(|(by, said)| (it.data, by, said)) } else { None };
        let made = match (work, asked) {
            (_, Some((data, by, said))) => {
                seen.until.insert(said.node);
                seen.blank.extend(by.attributes().into_iter().map(|(name, _)| name.to_owned()));
                let table = self.table(data.node)?;
                table.with_attributes(&crate::store::said::unsaid(by)).map_err(|source| self.data_error(id, source))
            }
            _ if seen.until.is_empty() => return self.view(id),
            (Node::Where(it), _) if seen.is_read_by(&it.test.row) => {
                seen.at_most = true;
                self.known_part(id, it, &seen)
            }
            (Node::Merge(it), _) if seen.at_most && self.share_names(it)? => Err(self.untold(id, &seen)),
            _ if self.is_open(work, &seen) => Err(self.untold(id, &seen)),
            _ => self.view(id).map_err(|error| match error {
                // what is wrong with a row is wrong with none, where the row does not stay
                TableError::Data { source, .. } if seen.at_most && is_of_rows(&source) => self.untold(id, &seen),
                error => error,
            }),
        }?;
        self.foreseen.lock().unwrap_or_else(PoisonError::into_inner).insert(id, seen);
        Ok(made)
    }

    /// What is left by those conditions of a filter that read nothing unknown.
    fn known_part(&self, id: NodeId, it: &data::Where, seen: &Foreseen) -> Result<Table, TableError> {
        let mut table = self.table(it.data.node)?;
        for part in it.test.row.conjuncts().into_iter().filter(|part| !seen.is_read_by(part)) {
            let part = data::Where { test: crate::ops::refs::Predicate { row: part.clone() }, ..it.clone() };
            table = match super::tables::filtered(&table, &part) {
                Err(source) if is_of_rows(&source) => return Err(self.untold(id, seen)),
                filtered => filtered.map_err(|source| self.data_error(id, source))?,
            };
        }
        Ok(table)
    }

    /// Whether people's classes, or which samples are taken, hang on what is not known.
    fn is_open(&self, work: &Node, seen: &Foreseen) -> bool {
        let counted_people = |people: NodeId| self.foreseen(people).at_most;
        match work {
            Node::MinImages(_) | Node::Sample(_) => seen.at_most,
            Node::Relabel(it) => seen.at_most || it.by.as_ref().is_some_and(|by| seen.is_read_by(&by.row)),
            Node::Split(it) => {
                let by_sample = it.by.as_ref().is_some_and(|by| by.row == Expr::attribute("path"));
                let strata = it.stratify.as_ref();
                seen.at_most && (by_sample || strata.is_some()) || strata.is_some_and(|of| seen.is_read_by(&of.row))
            }
            Node::Without(it) => counted_people(it.people.node),
            Node::Among(it) => counted_people(it.people.node),
            _ => false, // it leaves out samples, or changes them, one by one
        }
    }

    /// Whether tables that are merged may have samples of one name: what these are called then, and whether they are one image twice, hangs on
    /// which of them stay.
    fn share_names(&self, it: &data::Merge) -> Result<bool, TableError> {
        let mut names = BTreeSet::new();
        for table in it.data.iter().map(|data| self.table(data.node)) {
            if table?.rows().any(|row| !names.insert(row.path().into_owned())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The error of what is not known until somebody was asked.
    fn untold(&self, id: NodeId, seen: &Foreseen) -> TableError {
        let by = seen.until.first().copied().unwrap_or(id); // there is one where anything is not known
        self.unsaid(id, by)
    }
}

/// Whether an error is one of rows that may not stay.
fn is_of_rows(error: &DataError) -> bool {
    matches!(error, DataError::Missing { .. } | DataError::NotAnnotated { .. } | DataError::NoneAnnotated { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::data::table::NewAttribute;
    use crate::data::{AttributeType, Cell};
    use crate::ops::outputs::Said;
    use crate::plan::plan_of;
    use crate::random::Draw;
    use crate::source::Memory;
    use indexmap::IndexMap;
    use std::path::Path;

    /// What is foreseen of a table.
    #[derive(Debug, PartialEq)]
    enum Known {
        /// All of it but values.
        Rows,
        /// At most these rows, and whose classes they have.
        AtMost,
        /// Nothing.
        Nothing,
    }

    /// Every view over what a model says: what is foreseen holds, whatever the model says.
    #[test]
    fn what_is_foreseen_holds_whatever_is_said() {
        for (made, wanted) in [
            ("seen", Known::Rows),
            ("seen |> where(.yaw > 0deg)", Known::Rows),
            ("seen |> min_images(2)", Known::Rows),
            ("seen |> apply(flip())", Known::Rows),
            ("(seen |> split({a = 50%, b = 50%})).a", Known::Rows),
            ("faces |> without(seen |> identities(0..2))", Known::Rows),
            ("seen |> where(.q > 0.5)", Known::AtMost),
            ("seen |> where(.q > 0.5 and .yaw > 0deg)", Known::AtMost),
            ("seen |> where(.q > 0.5 or .yaw > 0deg)", Known::AtMost),
            ("seen |> where(.q == none)", Known::AtMost),
            ("seen |> where((.q ?? 0.6) > 0.5)", Known::AtMost),
            ("seen |> where(not (.g in [\"c0\", \"c1\"]), missing = \"keep\")", Known::AtMost),
            ("seen |> where(.q > 0.5, missing = \"drop\") |> where(.yaw > 0deg)", Known::AtMost),
            ("seen |> where(.q > 0.5, missing = \"drop\") |> identities(0..3)", Known::AtMost),
            ("seen |> where(.q > 0.5, missing = \"drop\") |> apply(flip(), versions = 2)", Known::AtMost),
            ("(seen |> where(.q > 0.5, missing = \"drop\") |> split({a = 50%, b = 50%})).a", Known::AtMost),
            (
                "merge([seen |> where(.q > 0.5, missing = \"drop\"), seen |> where(.q <= 0.5, missing = \"drop\")], labels = \"by_name\")",
                Known::Nothing, // of a sample that stays in both one would be called otherwise, or be refused
            ),
            (
                "merge([seen |> identities(0..3) |> where(.q > 0.5, missing = \"drop\"), seen |> identities(4..11)], labels = \"by_name\")",
                Known::AtMost,
            ),
            ("seen |> where(.q > 0.5, missing = \"drop\") |> without(faces |> identities(0..1))", Known::AtMost),
            ("seen |> where(.q > 0.5, missing = \"drop\") |> annotate(by = predict(tiny(seed = 1), {r = norm()}))", Known::AtMost),
            ("seen |> where(.q > 0.5, missing = \"drop\") |> min_images(2)", Known::Nothing),
            ("seen |> where(.q > 0.5, missing = \"drop\") |> relabel()", Known::Nothing),
            ("seen |> where(.q > 0.5, missing = \"drop\") |> sample(5)", Known::Nothing),
            ("(seen |> where(.q > 0.5, missing = \"drop\") |> split({a = 50%, b = 50%}, by = .path)).a", Known::Nothing),
            ("faces |> without(seen |> where(.q > 0.9, missing = \"drop\"))", Known::Nothing),
            ("seen |> relabel(by = .g)", Known::Nothing),
        ] {
            let text = format!(
                "ddl 1
                 dataset faces = synthetic_faces(identities = 12, images = 4, size = 32px, yaw = -60deg..60deg)
                 dataset seen = faces |> annotate(by = predict(tiny(), {{q = norm(), g = kmeans(k = 3)}}))
                 dataset d = {made}"
            );
            let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
            assert!(!compiled.has_errors(), "{made}: {:?}", compiled.diagnostics);
            let all: Vec<NodeId> = compiled.graph.nodes().map(|(id, _)| id).collect();
            let plan = plan_of(&compiled.graph, &all, "recipe.ddl", "", IndexMap::default());
            // what has a name already keeps it
            let d = compiled.graph.nodes().find(|(_, node)| node.names.iter().any(|(name, _)| name == "d")).unwrap().0;
            let ahead = Tables::new(&plan, &compiled.paths, ProbeCache::none()).foreseeing();
            let foreseen = ahead.table(d);
            let found = match (&foreseen, ahead.foreseen(d).at_most) {
                (Ok(_), false) => Known::Rows,
                (Ok(_), true) => Known::AtMost,
                (Err(TableError::Unsaid { .. }), _) => Known::Nothing,
                (Err(error), _) => panic!("{made}: {error}"),
            };
            assert_eq!(found, wanted, "{made}");
            let Ok(foreseen) = foreseen else { continue };
            let may_lack = ["missing", "none", "??"].iter().any(|word| made.contains(word));
            for seed in 0..8 {
                let known = Tables::new(&plan, &compiled.paths, ProbeCache::none());
                for (said, it) in plan.all::<Said>() {
                    let images = known.table(it.data.node).unwrap().len();
                    let draw = |what: &str, row: usize| Draw::new(seed, what).number(row as u64).unit();
                    let attribute = |(name, kind): (&str, AttributeType)| {
                        let cell = |row: usize| match draw(name, row) {
                            number if may_lack && number < 0.1 => Cell::Missing,
                            number if kind.is_text() => Cell::Text(format!("c{}", (3.0 * number) as usize).into()),
                            number => Cell::Number(number),
                        };
                        NewAttribute { name: name.to_owned(), cells: Some((0..images).map(cell).collect()), kind: kind.clone() }
                    };
                    known.hear(said, it.by.attributes().into_iter().map(attribute).collect()).unwrap();
                }
                let table = known.table(d).unwrap();
                let rows = |table: &Table| table.rows().map(|row| (row.path().into_owned(), row.class())).collect::<BTreeSet<_>>();
                assert!(rows(&table).is_subset(&rows(&foreseen)), "{made}");
                assert_eq!(table.labels().id(), foreseen.labels().id(), "{made}");
                if wanted == Known::Rows {
                    assert_eq!(table.len(), foreseen.len(), "{made}");
                }
            }
        }
    }
}
