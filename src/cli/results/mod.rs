//! The numbers of a run: judgements from the store, measured and put into tables.

#![allow(clippy::cast_precision_loss, reason = "counts that are shown, and numbers of nodes")]

pub mod history;
pub mod reading;

use super::outcome::{Stop, bad_plan};
use crate::eval::{self, Estimate, EvalError, Parted, deviation_of, mean_of, pooled_of, ratio_of, worst_of};
use crate::events::Machine;
use crate::lang::value::{Arm, NodeId};
use crate::ops::evals::{Counts, Metric, OverPanel, PanelBy};
use crate::ops::node::Node;
use crate::ops::outputs::{AnyPublished, Expect, Judge, JudgedRef, Table as Lowered, TableColumn, TableRow};
use crate::ops::stages::Chosen;
use crate::plan::chance::Chances;
use crate::plan::rows::{Laid, apart, by_label};
use crate::plan::{Plan, in_arm};
use crate::report::model::{Cell, Column, Row, Table};
use crate::report::{Decided, MetricRow, UnmeasuredRow};
use crate::store::Judged;
use history::History;
use indexmap::{IndexMap, IndexSet};
use reading::Reading;
use std::collections::{BTreeMap, BTreeSet};

/// A number or why there is none, and what it is without each of its parts.
type Measured = (Result<Estimate, EvalError>, Vec<f64>);

/// Everything that was measured.
pub(crate) struct Results {
    judged: BTreeMap<NodeId, Judged>,
    /// By protocol: one of its judgements, which knows who stands where in it.
    by_protocol: BTreeMap<NodeId, NodeId>,
    /// The numbers that have a row: judgements with metrics.
    told: BTreeSet<(NodeId, String)>,
    /// One row for each number of a table, then for those that only claims and choices are made by.
    pub metrics: Vec<MetricRow>,
    /// One row for each number of a table that could not be had.
    pub unmeasured: Vec<UnmeasuredRow>,
    /// The tables of the recipe.
    pub tables: Vec<Table>,
    /// Numbers that could not be had.
    pub warnings: Vec<String>,
    /// How all that came to be.
    pub history: History,
}

impl Results {
    /// Reads the judgements of a plan and fills its tables.
    pub(crate) fn read(plan: &Plan, reading: &Reading) -> Result<Self, Stop> {
        let mut results = Results {
            judged: BTreeMap::new(),
            by_protocol: BTreeMap::new(),
            told: BTreeSet::new(),
            metrics: Vec::new(),
            unmeasured: Vec::new(),
            tables: Vec::new(),
            warnings: Vec::new(),
            history: History::read(plan, reading)?,
        };
        for (id, judge) in plan.all::<Judge>() {
            if let Some(judged) = reading.judged(id)? {
                results.judged.insert(id, judged);
                results.by_protocol.entry(judge.eval.node).or_insert(id);
            }
        }
        for &sink in &plan.sinks {
            let node = plan.node(sink);
            if let Node::Table(lowered) = plan.work(sink).map_err(bad_plan)?
                && reading.is_asked_for(sink)
            {
                results.table(plan, &node.name, lowered)?;
            }
        }
        results.beside_tables(plan, reading)?;
        Ok(results)
    }

    /// Rows for the numbers that claims are about and by which models were chosen, where no table has them.
    fn beside_tables(&mut self, plan: &Plan, reading: &Reading) -> Result<(), Stop> {
        let claims = plan.all::<Expect>().filter(|(id, _)| reading.is_asked_for(*id)).flat_map(|(_, it)| it.claim.scores());
        let choices = plan.all::<Chosen>().filter(|(id, _)| reading.is_asked_for(*id)).map(|(_, it)| (it.judged.as_slice(), &it.metric));
        for (judged, metric) in claims.chain(choices) {
            for id in judged.iter().map(|judged| judged.node) {
                let judge: &Judge = plan.get(id).map_err(bad_plan)?;
                let metric = metric.of(judge.eval);
                if !self.judged.contains_key(&id) || self.told.contains(&(id, metric.label())) {
                    continue;
                }
                let Ok(measured) = self.number(plan, id, &metric)? else { continue }; // who asks for it says why
                let name = |node: NodeId| plan.node(node).name.as_str();
                let row = MetricRow::new(name(judge.model.node), name(judge.eval.node), &metric.label(), &measured.estimate);
                let (decided, machines) = self.came_of(plan, [id]);
                self.metrics.push(MetricRow { decided, machines, ..row });
                self.told.insert((id, metric.label()));
            }
        }
        Ok(())
    }

    /// The mean of a metric over judgements.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn mean(&self, judged: &[JudgedRef], metric: &Metric) -> Result<f64, String> {
        let mut sum = 0.0;
        for one in judged {
            let judged = self.judged.get(&one.node).ok_or_else(|| format!("`{}` was not measured for this claim", metric.label()))?;
            sum += judged.measure(metric).map_err(|error| format!("`{}` can't be measured: {error}", metric.label()))?.value;
        }
        Ok(sum / judged.len().max(1) as f64)
    }

    fn table(&mut self, plan: &Plan, name: &str, lowered: &Lowered) -> Result<(), Stop> {
        let laid = Laid::of(lowered).map_err(|wrong| bad_plan(format!("the rows of `{name}` can't be compared: {wrong:?}")))?;
        let silent = Chances::new(plan, |eval| self.parted_of(eval)).of_table(&laid).map_err(bad_plan)?;
        let mut rows = Vec::new();
        for (at, ((group, arms), &against)) in laid.rows.iter().zip(&laid.against).enumerate() {
            let mut cells = laid.columns.iter().map(|column| self.cell(plan, &laid, (arms, column))).collect::<Result<Vec<_>, _>>()?;
            for (column, cell) in cells.iter_mut().enumerate().filter_map(|(column, cell)| Some((column, cell.as_mut()?))) {
                cell.measures = laid.measures(plan, at, column).map_err(bad_plan)?;
                cell.silent = silent.get(&(at, column)).map(|it| it.axes.clone()).unwrap_or_default();
            }
            let published = |row: &&TableRow| row.published.as_ref().and_then(|AnyPublished::Published(it)| it.source.clone());
            let source = arms.iter().find_map(published);
            rows.push(Row { label: group.name(), published: group.published, source, against, cells });
        }
        let columns = laid.columns.iter().filter_map(|column| column.first()).map(|column| column_of(plan, column)).collect();
        self.tables.push(Table { name: name.to_owned(), doc: String::new(), columns, rows });
        Ok(())
    }

    /// The numbers of a row in a column: one for each of its arms with each arm of the column that it meets.
    fn cell(&mut self, plan: &Plan, laid: &Laid, (rows, column): (&[&TableRow], &[&TableColumn])) -> Result<Option<Cell>, Stop> {
        let mut cell = Cell::default();
        let mut without = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            for column in column {
                if let Some(AnyPublished::Published(published)) = &row.published {
                    let first = at == 0 && cell.values.is_empty();
                    cell.values.extend(published.values.get(&column.label).filter(|_| first).map(|value| value.0));
                    continue;
                }
                let Some(arm) = laid.met(row, column) else { continue };
                let Some((estimate, of_parts)) = self.measured(plan, row, &column.metric)? else { continue };
                let estimate = match estimate {
                    Ok(estimate) => estimate,
                    Err(error) => {
                        let warning = format!("{}: {} is not measured: {error}", row.label, column.label);
                        if !self.warnings.contains(&warning) {
                            self.warnings.push(warning);
                        }
                        let (model, eval) = (in_arm(&row.label, &row.arm), protocol_of(plan, column).to_owned());
                        let (metric, why) = (column.metric.label(), error.to_string());
                        self.unmeasured.push(UnmeasuredRow { model, eval, metric, value: None, why });
                        continue;
                    }
                };
                without = of_parts;
                cell.values.push(estimate.value);
                cell.arms.push(arm);
                cell.ci = estimate.ci;
                let (decided, machines) = self.behind(plan, row, &column.metric)?;
                self.metrics.push(MetricRow { decided, machines, ..metric_row(plan, row, column, &estimate) });
                self.told.extend(self.judgement(plan, row, &column.metric)?.map(|id| (id, column.metric.label())));
            }
        }
        if cell.values.len() == 1 {
            cell.without = without;
        } else {
            cell.ci = None;
        }
        Ok((!cell.values.is_empty()).then_some(cell))
    }

    /// The row's number, and what it is without each of its parts; nothing where it is not judged.
    fn measured(&self, plan: &Plan, row: &TableRow, metric: &Metric) -> Result<Option<Measured>, Stop> {
        let of_one = |metric: &Metric| -> Result<Option<Result<eval::Measured, EvalError>>, Stop> {
            let Some(id) = self.judgement(plan, row, metric)? else { return Ok(None) };
            self.number(plan, id, metric).map(Some)
        };
        let Ok(panel) = plan.get::<OverPanel>(metric.eval().node) else {
            return Ok(of_one(metric)?.map(|it| match it {
                Ok(it) => (Ok(it.estimate), it.without),
                Err(error) => (Err(error), Vec::new()),
            }));
        };
        let mut numbers = Vec::new();
        for eval in panel.evals.values() {
            match of_one(&metric.of(*eval))? {
                None => return Ok(None),
                Some(Err(error)) => return Ok(Some((Err(error), Vec::new()))),
                Some(Ok(number)) => numbers.push(number),
            }
        }
        let estimates: Vec<Estimate> = numbers.iter().map(|it| it.estimate.clone()).collect();
        Ok(Some(match panel.by {
            PanelBy::Mean | PanelBy::Pooled => {
                let joined = match Metric::kind(metric.name()) {
                    Some(Counts(Some(trials))) if panel.by == PanelBy::Pooled => pooled_of(&numbers, trials, metric.unit()),
                    _ => mean_of(&numbers, metric.unit()),
                };
                match joined {
                    Ok((joined, without)) => (Ok(joined), without),
                    Err(error) => (Err(error), Vec::new()),
                }
            }
            PanelBy::Spread => (deviation_of(&estimates), Vec::new()),
            PanelBy::Ratio => (ratio_of(&estimates), Vec::new()),
            PanelBy::Worst => (worst_of(&estimates, metric.better()), Vec::new()),
        }))
    }

    /// Who stands where in a protocol that was judged.
    fn parted_of(&self, eval: NodeId) -> Option<&Parted> {
        Some(&self.judged[self.by_protocol.get(&eval)?].parted)
    }

    /// The number of a judgement that was read; without an interval where its people decided on the model.
    fn number(&self, plan: &Plan, id: NodeId, metric: &Metric) -> Result<Result<eval::Measured, EvalError>, Stop> {
        let chosen = Chances::new(plan, |eval| self.parted_of(eval)).chosen(id).map_err(bad_plan)?;
        Ok(self.judged[&id].measured(metric).map(|it| if chosen { it.without_interval() } else { it }))
    }

    /// What was decided on the way to the row's number, and where it was computed.
    fn behind(&self, plan: &Plan, row: &TableRow, metric: &Metric) -> Result<(Vec<Decided>, BTreeSet<Machine>), Stop> {
        let judged = self.judgement(plan, row, metric)?.map_or_else(|| row.judged.iter().map(|it| it.node).collect(), |id| vec![id]);
        Ok(self.came_of(plan, judged))
    }

    /// What was decided on the way to these nodes, and where they and all that they are made of were computed.
    fn came_of(&self, plan: &Plan, of: impl IntoIterator<Item = NodeId>) -> (Vec<Decided>, BTreeSet<Machine>) {
        let behind = plan.behind(of);
        let machines = self.history.machines(&behind);
        let decided = behind.into_iter().flat_map(|id| self.history.decided(id).map(move |decision| (id, decision)));
        let decided = decided.map(|(id, decision)| Decided { node: plan.node(id).name.clone(), decision: decision.clone() });
        (decided.collect(), machines)
    }

    /// The row's judgement under the metric's protocol.
    fn judgement(&self, plan: &Plan, row: &TableRow, metric: &Metric) -> Result<Option<NodeId>, Stop> {
        for judged in &row.judged {
            let judge: &Judge = plan.get(judged.node).map_err(bad_plan)?;
            if judge.eval == metric.eval() && self.judged.contains_key(&judged.node) {
                return Ok(Some(judged.node));
            }
        }
        Ok(None)
    }

    /// The protocols that tables measure, each by all names that it has there, with its judgements by row label: what distributions and ROC
    /// curves are drawn of. Of the replicates of a protocol the first stands for all.
    pub(crate) fn by_eval(&self, plan: &Plan) -> Result<Vec<(String, Vec<(String, NodeId)>)>, Stop> {
        let mut evals: IndexMap<NodeId, (IndexSet<String>, Vec<(String, NodeId)>)> = IndexMap::new();
        let mut seen = BTreeSet::new();
        for (_, lowered) in plan.all::<Lowered>() {
            let drawn = drawn(plan, lowered);
            for row in &lowered.rows {
                for judged in row.judged.iter().filter(|judged| self.judged.contains_key(&judged.node)) {
                    let judge: &Judge = plan.get(judged.node).map_err(bad_plan)?;
                    let Some(names) = drawn.get(&judge.eval.node) else { continue };
                    let (known, rows) = evals.entry(judge.eval.node).or_default();
                    known.extend(names.iter().map(|name| (*name).to_owned()));
                    if seen.insert((row.label.clone(), judged.node)) {
                        rows.push((in_arm(&row.label, &apart(&row.arm, &lowered.replicates)), judged.node));
                    }
                }
            }
        }
        Ok(evals.into_values().map(|(names, rows)| (names.into_iter().collect::<Vec<_>>().join(", "), rows)).collect())
    }

    /// A judgement that was read.
    pub(crate) fn of(&self, id: NodeId) -> Option<&Judged> {
        self.judged.get(&id)
    }
}

/// The protocols of a table's columns, each with its names there; of the replicates of one the first.
fn drawn<'a>(plan: &'a Plan, lowered: &'a Lowered) -> BTreeMap<NodeId, IndexSet<&'a str>> {
    let mut evals: BTreeMap<NodeId, IndexSet<&str>> = BTreeMap::new();
    for group in by_label(&lowered.columns) {
        let mut seen: Vec<Arm> = Vec::new();
        for column in group {
            let arm = apart(&column.arm, &lowered.replicates);
            if seen.contains(&arm) {
                continue;
            }
            seen.push(arm);
            match plan.get::<OverPanel>(column.metric.eval().node) {
                Ok(panel) => panel.evals.values().for_each(|eval| {
                    evals.entry(eval.node).or_default().insert(&plan.node(eval.node).name);
                }),
                Err(_) => {
                    evals.entry(column.metric.eval().node).or_default().insert(protocol_of(plan, column)); // no panel
                }
            }
        }
    }
    evals
}

fn metric_row(plan: &Plan, row: &TableRow, column: &TableColumn, estimate: &Estimate) -> MetricRow {
    MetricRow::new(&in_arm(&row.label, &row.arm), protocol_of(plan, column), &column.metric.label(), estimate)
}

/// What the protocol of a column is called there.
fn protocol_of<'a>(plan: &'a Plan, column: &'a TableColumn) -> &'a str {
    column.called.as_deref().unwrap_or(&plan.node(column.metric.eval().node).name)
}

fn column_of(plan: &Plan, column: &TableColumn) -> Column {
    let (better, unit) = (column.metric.better(), column.metric.unit());
    let (better, unit) = match plan.get::<OverPanel>(column.metric.eval().node) {
        Ok(panel) => (panel.by.better(better), panel.by.unit(unit)),
        Err(_) => (better, unit), // no panel
    };
    Column { label: column.label.clone(), unit, better }
}

#[cfg(test)]
mod tests;
