//! `metrics.json`: every number of a run, one a line, after them those that could not be had, the differences that its tables show, and what became of each
//! `expect`. `docs/metrics.schema.json` is their schema.

use super::model::{Claimed, Table};
use super::table::{Compared, compared};
use crate::eval::{Ci, Estimate};
use crate::events::{Decision, Machine};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One measured number.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    /// The model's name, with its arm where there are several: `distilled[seed = 2]`.
    pub model: String,
    /// The eval's name.
    pub eval: String,
    /// The metric as a recipe writes it: `accuracy`, `tar(1e-3)`.
    pub metric: String,
    /// The number; rates are in [0, 1].
    pub value: f64,
    /// Its standard deviation over folds.
    pub std: Option<f64>,
    /// How many folds.
    pub folds: Option<u32>,
    /// Genuine pairs, or probes with a mate.
    pub n_genuine: u64,
    /// Impostor pairs, or probes without a mate.
    pub n_impostor: u64,
    /// Its 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<tests::Interval>"))]
    pub ci: Option<Ci>,
    /// What was decided on the way to it: by `select`, `average`, `keep` and `stop`, of the model and of all that it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<Decided>,
    /// Where it and all that it is made of were computed, each machine once; a lock tells them.
    #[serde(skip)]
    pub machines: BTreeSet<Machine>,
}

/// A node's own choice.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// The node.
    pub node: String,
    /// What it chose.
    pub decision: Decision,
}

impl MetricRow {
    /// The row of an estimate.
    pub fn new(model: &str, eval: &str, metric: &str, estimate: &Estimate) -> Self {
        MetricRow {
            model: model.to_owned(),
            eval: eval.to_owned(),
            metric: metric.to_owned(),
            value: estimate.value,
            std: estimate.std,
            folds: estimate.folds,
            n_genuine: estimate.n_genuine,
            n_impostor: estimate.n_impostor,
            ci: estimate.ci,
            decided: Vec::new(),
            machines: BTreeSet::new(),
        }
    }
}

/// One paired difference of a table.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DifferenceRow {
    /// The table.
    pub table: String,
    /// The row's label.
    pub model: String,
    /// The label of the row that it is compared with.
    pub against: String,
    /// The column's label.
    pub column: String,
    /// The mean of the row's numbers minus the other's, pair by pair.
    pub difference: f64,
    /// Its standard deviation over replicates.
    pub sd: Option<f64>,
    /// How many replicates, folds or people are paired.
    pub n: u32,
    /// Its 95 % interval, where there is enough to tell one.
    #[cfg_attr(test, schemars(with = "Option<tests::Interval>"))]
    pub ci: Option<Ci>,
    /// The chance of a difference as large where there is none (paired t test), for this one alone.
    pub p: Option<f64>,
    /// Degrees of freedom of that test: of several axes fewer than `n` - 1.
    pub df: Option<u64>,
    /// Whether it is beyond the noise, all differences of the table taken together (Holm).
    pub beyond_noise: bool,
}

impl DifferenceRow {
    /// The differences of a table.
    pub fn of(table: &Table) -> Vec<Self> {
        let row = |it: Compared| DifferenceRow {
            table: table.name.clone(),
            model: table.rows[it.row].label.clone(),
            against: table.rows[it.against].label.clone(),
            column: table.columns[it.column].label.clone(),
            difference: it.difference.mean,
            sd: it.difference.sd,
            n: it.difference.n,
            ci: it.difference.noise.map(|noise| noise.ci),
            p: it.difference.noise.map(|noise| noise.p),
            df: it.difference.noise.map(|noise| noise.df),
            beyond_noise: it.marked,
        };
        compared(table).into_iter().map(row).collect()
    }
}

/// A number that could not be had.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnmeasuredRow {
    /// The model's name, with its arm where there are several.
    pub model: String,
    /// The eval's name.
    pub eval: String,
    /// The metric as a recipe writes it.
    pub metric: String,
    /// Always `null`.
    pub value: Option<f64>,
    /// Why there is none.
    pub why: String,
}

/// One line of `metrics.json`: a program tells them apart by `why`, `difference` and `expect`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MetricsLine {
    /// A number that could not be had.
    Unmeasured(UnmeasuredRow),
    /// A measured number.
    Measured(MetricRow),
    /// A paired difference.
    Difference(DifferenceRow),
    /// What became of a claim.
    Claim(Claimed),
}

/// The text of `metrics.json`: an array, a line each in the order given.
///
/// # Errors
/// A number that JSON does not have.
pub fn metrics_json(lines: &[MetricsLine]) -> Result<String, serde_json::Error> {
    let lines = lines.iter().map(|line| serde_json::to_string(line).map(|line| format!("  {line}"))).collect::<Result<Vec<_>, _>>()?;
    Ok(if lines.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", lines.join(",\n")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_one_a_line_and_read_back() {
        let estimate = |value, ci| Estimate { value, std: Some(0.01), ci, folds: Some(10), n_genuine: 350, n_impostor: 350 };
        let rows = [
            MetricRow::new("net", "pose", "accuracy", &estimate(0.881, Some(Ci { low: 0.87, high: 0.89 }))),
            MetricRow {
                decided: vec![Decided {
                    node: "distilled[seed = 2]".to_owned(),
                    decision: Decision::Kept { step: 300, of: 400, metric: "val.accuracy".to_owned(), value: 0.75 },
                }],
                ..MetricRow::new("distilled[seed = 2]", "pose", "tar(1e-2)", &estimate(0.1 + 0.2, None))
            },
        ];
        let lines: Vec<MetricsLine> = rows.iter().cloned().map(MetricsLine::Measured).collect();
        let text = metrics_json(&lines).unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(serde_json::from_str::<Vec<MetricRow>>(&text).unwrap(), rows);
        assert_eq!(metrics_json(&[]).unwrap(), "[]\n");
    }

    #[test]
    fn every_kind_of_line_reads_back_as_itself() {
        let estimate = Estimate { value: 0.5, std: None, ci: None, folds: None, n_genuine: 1, n_impostor: 2 };
        let lines = [
            MetricsLine::Measured(MetricRow::new("a", "v", "eer", &estimate)),
            MetricsLine::Unmeasured(UnmeasuredRow {
                model: "a".into(),
                eval: "v".into(),
                metric: "val".into(),
                value: None,
                why: "no folds".into(),
            }),
            MetricsLine::Difference(DifferenceRow {
                table: "t".into(),
                model: "b".into(),
                against: "a".into(),
                column: "v.eer".into(),
                difference: -0.1,
                sd: None,
                n: 5,
                ci: None,
                p: Some(0.5),
                df: Some(4),
                beyond_noise: false,
            }),
            MetricsLine::Claim(Claimed { expect: "e".into(), claim: "a > b".into(), holds: None, measured: "no folds".into() }),
        ];
        let text = metrics_json(&lines).unwrap();
        assert_eq!(serde_json::from_str::<Vec<MetricsLine>>(&text).unwrap(), lines);
    }

    /// How a [`Ci`] stands in the schema: a 95 % confidence interval, both ends included.
    #[derive(schemars::JsonSchema)]
    #[schemars(rename = "Ci", description = "A 95 % confidence interval, both ends included.")]
    #[expect(dead_code)] // a schema is made of its declaration
    pub struct Interval {
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    }

    /// The schema in `docs/metrics.schema.json`; `INSTA_UPDATE=always` writes it anew.
    #[test]
    fn the_schema_in_the_docs_is_that_of_the_lines() {
        crate::events::tests::same_schema("metrics", &schemars::schema_for!(Vec<MetricsLine>));
    }
}
