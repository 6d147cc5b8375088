//! Rows and columns of a table that show the same numbers twice: mostly a name that was copied and not changed, or stages that differ in
//! nothing.

use super::audit::Finding;
use crate::diag::{Code, Severity, one_of};
use crate::events::Failure;
use crate::lang::value::NodeId;
use crate::ops::evals::Metric;
use crate::ops::outputs::{Table, TableRow};
use crate::ops::refs::ModelRef;
use crate::plan::rows::{Laid, evals_of, without_protocols};
use crate::plan::{Plan, in_arm};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::hash::Hash;

/// What a row shows in an arm: a model with its judgements.
type Numbers = (Option<ModelRef>, Vec<NodeId>);

fn numbers(row: &TableRow) -> Numbers {
    (row.model, row.judged.iter().map(|judged| judged.node).collect())
}

/// The tables with such rows or columns, a finding for each kind.
pub(super) fn findings(plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, table) in plan.all::<Table>() {
        let Ok(laid) = Laid::of(table) else { continue };
        let name = plan.node(id).bare_name();
        let mut say = |twice: Vec<Vec<String>>, what: &str, help: &str| {
            let more = twice.len().saturating_sub(1);
            let Some(first) = twice.first() else { return };
            let names = one_of(first.iter().map(String::as_str)).replace(" or ", " and ");
            let more = match more {
                0 => String::new(),
                1 => ", and so do others once more".to_owned(),
                more => format!(", and so do others {more} times more"),
            };
            let failure = Failure::new(Code::SameNumbers, format!("{what} {names} of `{name}` show the same numbers{more}")).help(help);
            let label = "shown twice".to_owned();
            found.push(Finding { at: id.into(), label, also: None, severity: Severity::Warning, failure });
        };
        let rows = laid.rows.iter().filter(|(shown, _)| !shown.published).map(|(shown, rows)| {
            let mut key: Vec<Numbers> = rows.iter().map(|row| numbers(row)).collect();
            key.sort(); // the same arms in another order have the same mean
            (shown.name(), key)
        });
        let help = "models that mean the same are one model: let them differ in a seed or in what is tried, or leave one row out";
        say(together(rows), "the rows", help);
        let arms = laid
            .rows
            .iter()
            .filter(|(shown, _)| !shown.published)
            .flat_map(|(shown, rows)| together(rows.iter().map(|row| (in_arm(&shown.label, &row.arm), numbers(row)))));
        say(
            arms.collect(),
            "the arms",
            "a mean over arms that are one model counts it several times: let the replicate's value reach the seed, or the data",
        );
        let columns = laid.columns.iter().filter_map(|columns| {
            // of a panel the numbers of its protocols, in any order
            let evals = |metric: &Metric| evals_of(plan, metric).into_iter().map(|eval| eval.node).collect::<BTreeSet<_>>();
            let number = |metric: &Metric| (without_protocols(plan, metric), evals(metric));
            let key: Vec<_> = columns.iter().map(|column| (number(&column.metric), &column.arm)).collect();
            Some((columns.first()?.label.clone(), format!("{key:?}")))
        });
        say(together(columns), "the columns", "a metric of a protocol is one number, whatever it is called: leave one column out");
    }
    found
}

/// Names that share what they stand for, where several do.
fn together<K: Hash + Eq>(all: impl Iterator<Item = (String, K)>) -> Vec<Vec<String>> {
    let mut alike: IndexMap<K, Vec<String>> = IndexMap::new();
    all.for_each(|(name, key)| alike.entry(key).or_default().push(name));
    alike.into_values().filter(|names| names.len() > 1).collect()
}
