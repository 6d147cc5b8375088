//! Which row of a table is compared with which.

use super::{Plan, PlanError, in_arm};
use crate::lang::value::{Arm, NodeId};
use crate::ops::evals::{Metric, OverPanel, PanelBy};
use crate::ops::outputs::{Judge, Table, TableColumn, TableRow};
use crate::ops::refs::EvalRef;
use indexmap::IndexMap;
use std::collections::{BTreeSet, HashMap};

/// A row as a table shows it: all replicates of a model, in one arm of the sweeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The label that all its arms share.
    pub label: String,
    /// Its arm of the sweeps.
    pub arm: Arm,
    /// Whether its numbers are published.
    pub published: bool,
}

impl Shown {
    /// The label with the arm.
    pub fn name(&self) -> String {
        in_arm(&self.label, &self.arm)
    }

    /// Whether both stand at one value of each axis that both have.
    fn agrees(&self, other: &Shown) -> bool {
        self.arm.iter().all(|(axis, value)| other.arm.get(axis).is_none_or(|it| it == value))
    }

    /// The same on some axes alone.
    fn agrees_on(&self, other: &Shown, axes: &BTreeSet<String>) -> bool {
        axes.iter().all(|axis| self.arm.get(axis) == other.arm.get(axis))
    }
}

/// A lowered table as it is shown: its rows and columns, each in all arms, and what each row is compared with.
#[derive(Debug)]
pub struct Laid<'t> {
    /// The rows; the baseline comes first.
    pub rows: Vec<(Shown, Vec<&'t TableRow>)>,
    /// For each row the place of the one that it is compared with.
    pub against: Vec<Option<usize>>,
    /// The columns.
    pub columns: Vec<Vec<&'t TableColumn>>,
    /// The axes that are replicates.
    pub replicates: &'t [String],
}

/// A number of a row in a column: the arm of replicates in which both meet, and the judgements that it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The arm.
    pub arm: Arm,
    /// The judgements: of a panel those of all its protocols.
    pub judged: Vec<NodeId>,
}

impl<'t> Laid<'t> {
    /// Of what was lowered.
    ///
    /// # Errors
    /// Rows that can't be compared as it says.
    pub fn of(lowered: &'t Table) -> Result<Self, Misnamed> {
        let mut rows: Vec<(Shown, Vec<&TableRow>)> = Vec::new();
        let mut known: HashMap<Shown, usize> = HashMap::new();
        for row in &lowered.rows {
            let group = Shown { label: row.label.clone(), arm: apart(&row.arm, &lowered.replicates), published: row.published.is_some() };
            let at = *known.entry(group.clone()).or_insert(rows.len());
            if at == rows.len() {
                rows.push((group, Vec::new()));
            }
            rows[at].1.push(row);
        }
        let shown = |rows: &[(Shown, Vec<&TableRow>)]| rows.iter().map(|(group, _)| group.clone()).collect::<Vec<_>>();
        if let Some(baseline) = &lowered.baseline {
            let names = shown(&rows);
            let base = Names::new(&names).named(baseline)?.to_vec();
            let mut placed: Vec<_> = rows.into_iter().enumerate().map(|(at, group)| (!base.contains(&at), at, group)).collect();
            placed.sort_by_key(|(after, at, _)| (*after, *at));
            rows = placed.into_iter().map(|(_, _, group)| group).collect();
        }
        let columns = by_label(&lowered.columns);
        let apart = |column: &&TableColumn| apart(&column.arm, &lowered.replicates);
        let aligned = columns.iter().flatten().flat_map(|column| apart(column).into_iter().map(|(axis, _)| axis)).collect();
        let against = Against { baseline: lowered.baseline.as_deref(), said: &lowered.against, aligned: &aligned };
        let against = pairs(&shown(&rows), against)?;
        Ok(Laid { rows, against, columns, replicates: &lowered.replicates })
    }

    /// The arm of replicates in which a row and a column meet; nothing where they stand at two values of one axis.
    pub fn met(&self, row: &TableRow, column: &TableColumn) -> Option<Arm> {
        let agree = row.arm.iter().all(|(axis, value)| column.arm.get(axis).is_none_or(|it| it == value));
        let both = row.arm.iter().chain(&column.arm).filter(|(axis, _)| self.replicates.contains(axis));
        agree.then(|| both.map(|(axis, value)| (axis.clone(), value.clone())).collect())
    }

    /// The numbers of a row in a column.
    ///
    /// # Errors
    /// Judgements whose arguments don't fit.
    pub fn seen(&self, plan: &Plan, row: usize, column: usize) -> Result<Vec<Seen>, PlanError> {
        let mut seen = Vec::new();
        for row in &self.rows[row].1 {
            let mut by_eval: HashMap<EvalRef, NodeId> = HashMap::new();
            for judged in &row.judged {
                by_eval.insert(plan.get::<Judge>(judged.node)?.eval, judged.node);
            }
            for column in &self.columns[column] {
                let judged: Vec<NodeId> = evals_of(plan, &column.metric).iter().filter_map(|eval| by_eval.get(eval).copied()).collect();
                if let (Some(arm), false) = (self.met(row, column), judged.is_empty()) {
                    seen.push(Seen { arm, judged });
                }
            }
        }
        Ok(seen)
    }

    /// What a row measures in a column, by whatever names: equal for equal numbers.
    ///
    /// # Errors
    /// As [`Laid::seen`].
    pub fn measures(&self, plan: &Plan, row: usize, column: usize) -> Result<String, PlanError> {
        let Some(first) = self.columns[column].first() else { return Ok(String::new()) };
        let (by, metric) = without_protocols(plan, &first.metric);
        Ok(format!("{by:?} {metric:?} {:?}", self.seen(plan, row, column)?))
    }
}

/// What a metric measures, whatever its protocols are, and what is made of those of a panel.
pub(crate) fn without_protocols(plan: &Plan, metric: &Metric) -> (Option<PanelBy>, Metric) {
    let by = plan.get::<OverPanel>(metric.eval().node).map(|panel| panel.by).ok();
    (by, metric.of(EvalRef { node: NodeId(0) }))
}

/// The protocols of a metric: of a panel all of its own.
pub(crate) fn evals_of(plan: &Plan, metric: &Metric) -> Vec<EvalRef> {
    plan.get::<OverPanel>(metric.eval().node).map_or_else(|_| vec![metric.eval()], |panel| panel.evals.values().copied().collect())
}

/// The columns of a table, each in all its arms.
pub(crate) fn by_label(columns: &[TableColumn]) -> Vec<Vec<&TableColumn>> {
    let mut grouped: Vec<Vec<&TableColumn>> = Vec::new();
    let mut arms: BTreeSet<&Arm> = BTreeSet::new(); // of the last column
    for column in columns {
        match grouped.last_mut() {
            Some(group) if !column.arm.is_empty() && group[0].label == column.label && arms.insert(&column.arm) => group.push(column),
            _ => {
                arms = [&column.arm].into_iter().collect();
                grouped.push(vec![column]);
            }
        }
    }
    grouped
}

/// An arm without the axes of replicates: what tells rows apart.
pub fn apart(arm: &Arm, replicates: &[String]) -> Arm {
    arm.iter().filter(|(axis, _)| !replicates.contains(axis)).map(|(axis, value)| (axis.clone(), value.clone())).collect()
}

/// What the rows of a table are compared with.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// The row that the others are compared with; the first one without it.
    pub baseline: Option<&'a str>,
    /// Rows that are compared with others than that.
    pub said: &'a IndexMap<String, String>,
    /// Axes that protocols depend on too: numbers of two of their arms are of two protocols, and are not compared.
    pub aligned: &'a BTreeSet<String>,
}

/// Why rows can't be compared as a recipe says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misnamed {
    /// No row has this name.
    Unknown(String),
    /// This row is published.
    Published(String),
    /// A row would be compared with itself.
    Itself(String),
    /// Several arms would do: the row, and their names.
    Several(String, Vec<String>),
}

/// The rows of a table by their names.
pub struct Names<'r> {
    rows: &'r [Shown],
    exactly: HashMap<String, Vec<usize>>,
    labels: HashMap<&'r str, Vec<usize>>,
}

impl<'r> Names<'r> {
    /// Of these rows.
    pub fn new(rows: &'r [Shown]) -> Self {
        let (mut exactly, mut labels): (HashMap<String, Vec<usize>>, HashMap<&str, Vec<usize>>) = (HashMap::new(), HashMap::new());
        for (at, row) in rows.iter().enumerate() {
            exactly.entry(row.name()).or_default().push(at);
            labels.entry(&row.label).or_default().push(at);
        }
        Names { rows, exactly, labels }
    }

    /// The rows that a name stands for: one in its arm, or all arms of a label.
    ///
    /// # Errors
    /// A name of no row, or of a published one.
    pub fn named(&self, name: &str) -> Result<&[usize], Misnamed> {
        let found = self.exactly.get(name).or_else(|| self.labels.get(name));
        match found.and_then(|found| found.first()) {
            None => Err(Misnamed::Unknown(name.to_owned())),
            Some(&first) if self.rows[first].published => Err(Misnamed::Published(name.to_owned())),
            Some(_) => Ok(found.map_or(&[], Vec::as_slice)),
        }
    }
}

/// For each row the place of the one that it is compared with.
///
/// A row is compared with the arm of the other that is its own: on every axis that both have they stand at one value. Of one label the arms
/// are compared with the first, or with the one that the recipe names.
///
/// # Errors
/// Names of no row, of published ones, of a row beside itself, and of several that would all do.
pub fn pairs(rows: &[Shown], against: Against) -> Result<Vec<Option<usize>>, Misnamed> {
    let mut pairs: Vec<Option<usize>> = vec![None; rows.len()];
    let measured = || (0..rows.len()).filter(|at| !rows[*at].published);
    let names = Names::new(rows);
    let base = match against.baseline {
        Some(name) => names.named(name)?.to_vec(),
        None => measured().take(1).collect(),
    };
    let places: HashMap<&Shown, usize> = rows.iter().enumerate().map(|(at, row)| (row, at)).collect();
    for at in measured() {
        pairs[at] = of_base(rows, &places, at, &base, against);
    }
    for (row, other) in against.said {
        let (those, others) = (names.named(row)?, names.named(other)?);
        for &at in those {
            pairs[at] = Some(said(rows, at, others, against.aligned)?);
        }
    }
    Ok(pairs)
}

/// What a row is compared with where the recipe says nothing of it.
fn of_base(rows: &[Shown], places: &HashMap<&Shown, usize>, at: usize, base: &[usize], against: Against) -> Option<usize> {
    let (row, &first) = (&rows[at], base.first()?);
    if base.contains(&at) {
        return None;
    }
    let label = &rows[first].label;
    if base.len() == 1 && (row.label == *label || against.baseline.is_some()) {
        // that row, as far as both are judged by the same protocols
        let here = |other: &&usize| rows[**other].agrees_on(row, against.aligned);
        let same_elsewhere = |other: usize| {
            let rest = |arm: &Arm| {
                arm.iter().filter(|(axis, _)| !against.aligned.contains(*axis)).map(|(a, v)| (a.clone(), v.clone())).collect::<Arm>()
            };
            rows[other].label == *label && rest(&rows[other].arm) == rest(&rows[first].arm)
        };
        let found = base.iter().find(here).copied();
        return found
            .or_else(|| (0..rows.len()).find(|other| same_elsewhere(*other) && rows[*other].agrees_on(row, against.aligned)))
            .filter(|other| *other != at);
    }
    let equal = Shown { label: label.clone(), ..row.clone() };
    let equal = places.get(&equal).copied();
    equal.or_else(|| {
        (0..rows.len()).find(|other| rows[*other].label == *label && !rows[*other].published && rows[*other].agrees(row) && *other != at)
    })
}

/// What a row is compared with where the recipe says it.
fn said(rows: &[Shown], at: usize, others: &[usize], aligned: &BTreeSet<String>) -> Result<usize, Misnamed> {
    let row = &rows[at];
    let found: Vec<usize> = match others {
        [one] if rows[*one].agrees_on(row, aligned) => vec![*one],
        _ => others.iter().copied().filter(|other| rows[*other].agrees(row)).collect(),
    };
    match found.as_slice() {
        [one] if *one == at => Err(Misnamed::Itself(row.name())),
        [one] => Ok(*one),
        [] => Err(Misnamed::Several(row.name(), others.iter().map(|other| rows[*other].name()).collect())),
        several => Err(Misnamed::Several(row.name(), several.iter().map(|other| rows[*other].name()).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(label: &str, arm: &[(&str, &str)]) -> Shown {
        let arm = arm.iter().map(|(axis, value)| ((*axis).to_owned(), (*value).to_owned())).collect();
        Shown { label: label.to_owned(), arm, published: label.starts_with("paper") }
    }

    fn paired(rows: &[Shown], baseline: Option<&str>, said: &[(&str, &str)], aligned: &[&str]) -> Result<Vec<Option<usize>>, Misnamed> {
        let said = said.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let aligned = aligned.iter().map(|axis| (*axis).to_owned()).collect();
        pairs(rows, Against { baseline, said: &said, aligned: &aligned })
    }

    #[test]
    fn rows_are_compared_with_the_first_or_with_what_is_said() {
        let rows = ["net", "a", "b", "paper"].map(|label| shown(label, &[]));
        assert_eq!(paired(&rows, None, &[], &[]).unwrap(), [None, Some(0), Some(0), None]);
        assert_eq!(paired(&rows, Some("a"), &[], &[]).unwrap(), [Some(1), None, Some(1), None]);
        assert_eq!(paired(&rows, None, &[("b", "a")], &[]).unwrap(), [None, Some(0), Some(1), None]);
        let wrong = |said| paired(&rows, None, &[said], &[]).unwrap_err();
        assert_eq!(wrong(("c", "a")), Misnamed::Unknown("c".to_owned()));
        assert_eq!(wrong(("b", "paper")), Misnamed::Published("paper".to_owned()));
        assert_eq!(wrong(("b", "b")), Misnamed::Itself("b".to_owned()));
        assert_eq!(paired(&rows, Some("x"), &[], &[]).unwrap_err(), Misnamed::Unknown("x".to_owned()));
    }

    #[test]
    fn equal_arms_are_compared() {
        let arms = |label: &str| ["1", "2"].map(|order| shown(label, &[("order", order)]));
        let one = [vec![shown("net", &[])], arms("a").to_vec()].concat();
        assert_eq!(paired(&one, None, &[], &[]).unwrap(), [None, Some(0), Some(0)]);
        assert_eq!(paired(&one, Some("a[order = 2]"), &[], &[]).unwrap(), [Some(2), Some(2), None]);
        // arms of one label: with the first of them
        assert_eq!(paired(&arms("a"), None, &[], &[]).unwrap(), [None, Some(0)]);
        // of two labels: each with its own arm
        let two = [arms("a"), arms("b")].concat();
        assert_eq!(paired(&two, None, &[], &[]).unwrap(), [None, Some(0), Some(0), Some(1)]);
        assert_eq!(paired(&two, Some("b"), &[], &[]).unwrap(), [Some(2), Some(3), None, None]);
        assert_eq!(paired(&two, None, &[("b", "a")], &[]).unwrap(), [None, Some(0), Some(0), Some(1)]);
        assert_eq!(paired(&two, None, &[("b", "a[order = 2]")], &[]).unwrap(), [None, Some(0), Some(1), Some(1)]);
        let several = [vec![shown("net", &[])], arms("a").to_vec()].concat();
        assert!(matches!(paired(&several, None, &[("net", "a")], &[]), Err(Misnamed::Several(..))));
    }

    #[test]
    fn numbers_of_two_protocols_are_not_compared() {
        let arms = |label: &str| ["x", "y"].map(|camera| shown(label, &[("camera", camera)]));
        assert_eq!(paired(&arms("a"), None, &[], &["camera"]).unwrap(), [None, None]);
        let two = [arms("a"), arms("b")].concat();
        assert_eq!(paired(&two, None, &[], &["camera"]).unwrap(), [None, None, Some(0), Some(1)]);
        assert_eq!(paired(&two, Some("b[camera = y]"), &[], &["camera"]).unwrap(), [Some(2), Some(3), None, None]);
        assert!(matches!(paired(&two, None, &[("b[camera = x]", "a[camera = y]")], &["camera"]), Err(Misnamed::Several(..))));
    }
}
