//! The numbers of a run: judgements from the store, measured and put into tables.

use super::history::History;
use super::reading::Reading;
use super::{bad_plan, nodes_of};
use crate::cli::outcome::Stop;
use crate::diag::{Code, Diagnostic};
use crate::eval::{Estimate, EvalError, bootstrap_over_folds, deviation_of, mean_folds, mean_of, worst_of};
use crate::lang::value::{Arm, NodeId};
use crate::ops::evals::{Metric, OverPanel, PanelBy};
use crate::ops::outputs::{AnyPublished, Judge, JudgedRef, Table as Lowered, TableColumn, TableRow};
use crate::plan::{Plan, in_arm};
use crate::report::model::{Baseline, Better, Cell, Column, Row, Table, Unit};
use crate::report::{Decided, MetricRow};
use crate::store::Judged;
use std::collections::{BTreeMap, BTreeSet};

/// A number or why there is none, and its numbers by fold.
type Measured = (Result<Estimate, EvalError>, Vec<f64>);

/// Everything that was measured.
pub struct Results {
    judged: BTreeMap<NodeId, Judged>,
    /// One row for each number of a table.
    pub metrics: Vec<MetricRow>,
    /// The tables of the recipe.
    pub tables: Vec<Table>,
    /// Numbers that could not be had.
    pub warnings: Vec<String>,
    /// How all that came to be.
    pub history: History,
}

impl Results {
    /// Reads the judgements of a plan and fills its tables.
    pub fn read(plan: &Plan, reading: &Reading, only: &[String]) -> Result<Self, Stop> {
        let mut results = Results {
            judged: BTreeMap::new(),
            metrics: Vec::new(),
            tables: Vec::new(),
            warnings: Vec::new(),
            history: History::read(plan, reading)?,
        };
        for id in nodes_of(plan, "judge") {
            if let Some(judged) = reading.judged(id)? {
                results.judged.insert(id, judged);
            }
        }
        for &sink in &plan.sinks {
            let node = plan.node(sink);
            if node.op == "table" && (only.is_empty() || only.contains(&node.name)) {
                let lowered: Lowered = plan.parse(sink).map_err(bad_plan)?;
                results.table(plan, &node.name, &lowered)?;
            }
        }
        Ok(results)
    }

    /// The mean of a metric over judgements.
    pub fn mean(&self, judged: &[JudgedRef], metric: &Metric) -> Result<f64, Stop> {
        let mut sum = 0.0;
        for one in judged {
            let missing =
                || Stop::fail(Diagnostic::error(Code::Unmeasurable, format!("`{}` was not measured for this claim", metric.label())));
            let judged = self.judged.get(&one.node).ok_or_else(missing)?;
            sum += judged.measure(metric).map_err(|error| unmeasurable(metric, &error))?.value;
        }
        Ok(sum / judged.len().max(1) as f64)
    }

    fn table(&mut self, plan: &Plan, name: &str, lowered: &Lowered) -> Result<(), Stop> {
        let mut groups: Vec<(String, bool, Vec<&TableRow>)> = Vec::new();
        for row in &lowered.rows {
            let arm: Arm =
                row.arm.iter().filter(|(axis, _)| !lowered.replicates.contains(axis)).map(|(a, v)| (a.clone(), v.clone())).collect();
            let label = in_arm(&row.label, &arm);
            match groups.iter_mut().find(|(known, ..)| *known == label) {
                Some((_, _, rows)) => rows.push(row),
                None => groups.push((label, row.published.is_some(), vec![row])),
            }
        }
        if let Some(baseline) = &lowered.baseline {
            let place = groups.iter().position(|(label, ..)| label == baseline).ok_or_else(|| {
                let labels: Vec<&str> = groups.iter().map(|(label, ..)| label.as_str()).collect();
                let diagnostic =
                    Diagnostic::error(Code::Unmeasurable, format!("the table `{name}` has no row `{baseline}` to compare with"));
                Stop::fail(diagnostic.help(format!("its rows are {}", crate::diag::one_of(labels))))
            })?;
            let row = groups.remove(place);
            groups.insert(0, row);
        }
        let mut rows = Vec::new();
        for (label, published, group) in groups {
            let cells = lowered.columns.iter().map(|column| self.cell(plan, &group, column)).collect::<Result<Vec<_>, _>>()?;
            rows.push(Row { label, published, cells });
        }
        let columns = lowered.columns.iter().map(|column| column_of(plan, column)).collect();
        self.tables.push(Table { name: name.to_owned(), doc: String::new(), baseline: Baseline::First, columns, rows });
        Ok(())
    }

    fn cell(&mut self, plan: &Plan, rows: &[&TableRow], column: &TableColumn) -> Result<Option<Cell>, Stop> {
        let mut cell = Cell::default();
        let mut folds = Vec::new();
        for row in rows {
            if let Some(AnyPublished::Published(published)) = &row.published {
                cell.values.extend(published.values.get(&column.label).map(|value| value.0));
                continue;
            }
            let Some((estimate, of_folds)) = self.measured(plan, row, &column.metric)? else { continue };
            let estimate = match estimate {
                Ok(estimate) => estimate,
                Err(error) => {
                    let warning = format!("{}: {} is not measured: {error}", row.label, column.label);
                    if !self.warnings.contains(&warning) {
                        self.warnings.push(warning);
                    }
                    continue;
                }
            };
            folds = of_folds;
            cell.values.push(estimate.value);
            cell.ci = estimate.ci;
            let decided = self.behind(plan, row, &column.metric)?;
            self.metrics.push(MetricRow { decided, ..metric_row(plan, row, &column.metric, &estimate) });
        }
        if cell.values.len() == 1 {
            cell.folds = folds;
        } else {
            cell.ci = None;
        }
        Ok((!cell.values.is_empty()).then_some(cell))
    }

    /// The row's number, and its numbers by fold; nothing where it is not judged.
    fn measured(&self, plan: &Plan, row: &TableRow, metric: &Metric) -> Result<Option<Measured>, Stop> {
        let of_one = |metric: &Metric| -> Result<Option<Measured>, Stop> {
            let Some(judged) = self.judgement(plan, row, metric)? else { return Ok(None) };
            let judged = &self.judged[&judged];
            Ok(Some((judged.measure(metric), judged.folds(metric).unwrap_or_default())))
        };
        let Ok(panel) = plan.parse::<OverPanel>(metric.eval().node) else { return of_one(metric) };
        let (mut estimates, mut folds) = (Vec::new(), Vec::new());
        for eval in panel.evals.values() {
            match of_one(&metric.of(*eval))? {
                None => return Ok(None),
                Some((Err(error), _)) => return Ok(Some((Err(error), Vec::new()))),
                Some((Ok(estimate), of_folds)) => {
                    estimates.push(estimate);
                    folds.push(of_folds);
                }
            }
        }
        Ok(Some(match panel.by {
            PanelBy::Mean => {
                let folds = mean_folds(&folds);
                let mut mean = mean_of(&estimates);
                // protocols that judge the same people are not independent: people are drawn anew, not protocols
                if let (Ok(mean), Ok(ci)) = (&mut mean, bootstrap_over_folds(&folds, "panel")) {
                    mean.ci = Some(ci);
                }
                (mean, folds)
            }
            PanelBy::Spread => (deviation_of(&estimates), Vec::new()),
            PanelBy::Worst => (worst_of(&estimates, metric.higher_is_better()), Vec::new()),
        }))
    }

    /// What was decided on the way to the row's number.
    fn behind(&self, plan: &Plan, row: &TableRow, metric: &Metric) -> Result<Vec<Decided>, Stop> {
        let judged = self.judgement(plan, row, metric)?.map_or_else(|| row.judged.iter().map(|it| it.node).collect(), |id| vec![id]);
        let behind = History::behind(plan, judged).into_iter();
        let decided = behind.flat_map(|id| self.history.decided(id).map(move |decision| (id, decision)));
        Ok(decided.map(|(id, decision)| Decided { node: plan.node(id).name.clone(), decision: decision.clone() }).collect())
    }

    /// The row's judgement under the metric's protocol.
    fn judgement(&self, plan: &Plan, row: &TableRow, metric: &Metric) -> Result<Option<NodeId>, Stop> {
        for judged in &row.judged {
            let judge: Judge = plan.parse(judged.node).map_err(bad_plan)?;
            if judge.eval == metric.eval() && self.judged.contains_key(&judged.node) {
                return Ok(Some(judged.node));
            }
        }
        Ok(None)
    }

    /// The protocols that tables measure, each with its judgements by row label: what distributions and ROC curves are drawn of.
    pub fn by_eval(&self, plan: &Plan) -> Result<Vec<(NodeId, Vec<(String, NodeId)>)>, Stop> {
        let mut evals: Vec<(NodeId, Vec<(String, NodeId)>)> = Vec::new();
        let mut seen = BTreeSet::new();
        for id in nodes_of(plan, "table") {
            let lowered: Lowered = plan.parse(id).map_err(bad_plan)?;
            for row in &lowered.rows {
                for judged in &row.judged {
                    if !self.judged.contains_key(&judged.node) || !seen.insert((row.label.clone(), judged.node)) {
                        continue;
                    }
                    let judge: Judge = plan.parse(judged.node).map_err(bad_plan)?;
                    let label = in_arm(&row.label, &row.arm);
                    match evals.iter_mut().find(|(eval, _)| *eval == judge.eval.node) {
                        Some((_, rows)) => rows.push((label, judged.node)),
                        None => evals.push((judge.eval.node, vec![(label, judged.node)])),
                    }
                }
            }
        }
        Ok(evals)
    }

    /// A judgement that was read.
    pub fn of(&self, id: NodeId) -> Option<&Judged> {
        self.judged.get(&id)
    }
}

fn unmeasurable(metric: &Metric, error: &crate::eval::EvalError) -> Stop {
    Stop::fail(Diagnostic::error(Code::Unmeasurable, format!("`{}` can't be measured: {error}", metric.label())))
}

fn metric_row(plan: &Plan, row: &TableRow, metric: &Metric, estimate: &Estimate) -> MetricRow {
    MetricRow::new(&in_arm(&row.label, &row.arm), &plan.node(metric.eval().node).name, &metric.label(), estimate)
}

fn column_of(plan: &Plan, column: &TableColumn) -> Column {
    let unit = match column.metric {
        Metric::Gap(_) => Unit::Number,
        Metric::Accuracy(_) | Metric::Tar(_) | Metric::Eer(_) | Metric::Auc(_) | Metric::Val(_) | Metric::Rank(_) | Metric::Tpir(_) => {
            Unit::Percent
        }
    };
    let spread = plan.parse::<OverPanel>(column.metric.eval().node).is_ok_and(|panel| panel.by == PanelBy::Spread);
    let better = if column.metric.higher_is_better() && !spread { Better::Higher } else { Better::Lower };
    Column { label: column.label.clone(), unit, better }
}
