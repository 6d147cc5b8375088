//! What a report shows: plain values that the runner fills in.

use crate::data::image::Image;
pub use crate::eval::{Better, Unit};
use crate::eval::{Ci, Histogram, Outcome, RocPoint, ScoreSets, Untold, cmc};
use crate::events::Picture;
use crate::lang::value::Arm;
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A report of one run. Empty parts are left out of the page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The recipe's name, or the first line of its documentation.
    pub title: String,
    /// The recipe's documentation (`//!`); blank lines part paragraphs.
    pub doc: String,
    /// The recipe's text.
    pub recipe: String,
    /// What the reader must know before believing a number: leaks, thin FARs, skipped images.
    pub warnings: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
    /// What became of each `expect`.
    pub claims: Vec<Claimed>,
    /// What `select`, `average`, `keep` and `stop` chose, by node.
    pub decisions: Vec<Fact>,
    /// One for each `report`.
    pub tables: Vec<Table>,
    /// Similarity distributions.
    pub distributions: Vec<Distribution>,
    /// ROC curves.
    pub rocs: Vec<RocPlot>,
    /// Cumulative match characteristics.
    pub cmcs: Vec<CmcPlot>,
    /// Losses and watched metrics over steps.
    pub curves: Vec<CurvePlot>,
    /// First training batches, as the network saw them.
    pub batches: Vec<Batch>,
    /// Images of data, for a look at them.
    pub sheets: Vec<Batch>,
    /// The experiment's graph.
    pub graph: GraphDrawing,
    /// Date, versions, device, threads, parameters, keys: in the order given.
    pub facts: Vec<Fact>,
    /// How long each result took, and when and where it was computed.
    pub work: Vec<Work>,
}

/// A claim of the recipe (`expect`), and what became of it.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// The `expect`'s name.
    pub expect: String,
    /// The claim as the recipe writes it.
    pub claim: String,
    /// Whether it holds; nothing where its numbers can't be measured.
    pub holds: Option<bool>,
    /// The numbers of both sides, or why there are none.
    pub measured: String,
}

/// Labelled rows by metric columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The `report`'s name.
    pub name: String,
    /// Its documentation.
    #[serde(default)]
    pub doc: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A column: one metric of one eval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// As the recipe writes it: `pose.tar(1e-2)`.
    pub label: String,
    /// How its numbers are written.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
}

/// A row: one model, or numbers from elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its label, with the arm of a sweep where there are several: `DDL[order = 0.1]`.
    pub label: String,
    /// Numbers of a publication, not measured here.
    #[serde(default)]
    pub published: bool,
    /// Where published numbers are from, as the recipe says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The place of the row that its paired differences are taken against. Published rows are neither compared nor compared with.
    #[serde(default)]
    pub against: Option<usize>,
    /// One for each column; `None` where nothing was measured.
    pub cells: Vec<Option<Cell>>,
}

/// The numbers behind one cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cell {
    /// One for each arm of the `replicate` axes that the model or its protocol depends on, in the axes' order; a single one where neither does.
    pub values: Vec<f64>,
    /// The arm of each value, where they have any: what differences are paired by.
    pub arms: Vec<Arm>,
    /// What one value would be without each of its folds (of an identification: its people): what its difference is judged by.
    pub without: Vec<f64>,
    /// The 95 % interval where there is one value.
    pub ci: Option<Ci>,
    /// The axes of replicates that tell no noise of its difference, each with the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub silent: BTreeMap<String, Untold>,
    /// What it measures: equal for numbers that are the same by whatever names; nothing where that is not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub measures: String,
}

impl Cell {
    /// A cell of replicate values.
    pub fn of(values: impl Into<Vec<f64>>) -> Self {
        Cell { values: values.into(), ..Cell::default() }
    }
}

/// Similarity distributions of one data set pair (easy and hard, say), one panel for each model, in the order of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// What is shown: the eval's or report's name.
    pub title: String,
    /// One line on which pairs these are.
    #[serde(default)]
    pub note: String,
    /// One panel for each model.
    pub panels: Vec<DistributionPanel>,
}

/// The distributions of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistributionPanel {
    /// The model: `before`, `ArcFace-FT`, `DDL`.
    pub model: String,
    /// Easy first; at most two are told apart by their lines, more repeat them.
    pub sets: Vec<DistributionSet>,
}

/// Positive and negative similarities of one set of pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistributionSet {
    /// `easy`, `hard`.
    pub name: String,
    /// Similarities of one person's images.
    pub genuine: Histogram,
    /// Similarities of two people's images.
    pub impostor: Histogram,
    /// Mean of the genuine similarities.
    pub genuine_mean: f64,
    /// Mean of the impostor similarities.
    pub impostor_mean: f64,
}

impl DistributionSet {
    /// The distributions of score sets.
    pub fn of(name: &str, sets: &ScoreSets) -> Self {
        let ((genuine, impostor), (genuine_moments, impostor_moments)) = (sets.histograms(), sets.moments());
        DistributionSet {
            name: name.to_owned(),
            genuine,
            impostor,
            genuine_mean: genuine_moments.mean,
            impostor_mean: impostor_moments.mean,
        }
    }
}

/// ROC curves of several models on one eval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RocPlot {
    /// The eval.
    pub title: String,
    /// One for each model.
    pub curves: Vec<RocCurve>,
}

/// One ROC curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RocCurve {
    /// The model.
    pub label: String,
    /// Rising FARs; as [`ScoreSets::roc`] gives them.
    pub points: Vec<RocPoint>,
}

/// Cumulative match characteristics of several models on one identification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CmcPlot {
    /// The eval.
    pub title: String,
    /// One for each model.
    pub curves: Vec<CmcCurve>,
}

/// The share of probes whose person is among the first k, for k from 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CmcCurve {
    /// The model.
    pub label: String,
    /// The share at k = 1, 2, …; rising.
    pub rates: Vec<f64>,
}

impl CmcCurve {
    /// The first `ranks` shares of a search; nothing where no probe has a mate.
    pub fn of(label: &str, outcomes: &[Outcome], ranks: u32) -> Option<Self> {
        let ks: Vec<u32> = (1..=ranks).collect();
        let rates = cmc(outcomes, &ks).ok()?;
        Some(CmcCurve { label: label.to_owned(), rates: rates.into_iter().map(|rate| rate.value).collect() })
    }
}

/// Numbers over training steps, in one pair of axes: a loss term in each arm, or a watched metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePlot {
    /// Stage and term: `distilled: ddl`.
    pub title: String,
    /// What the vertical axis is.
    pub y_label: String,
    /// One for each arm.
    pub series: Vec<Series>,
}

/// One curve over steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The arm; empty where there is one.
    #[serde(default)]
    pub label: String,
    /// (step, value), steps rising. Values that are not finite are left out.
    pub points: Vec<(u64, f64)>,
}

/// A training batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// The stage.
    pub title: String,
    /// The images by draw.
    pub groups: Vec<BatchGroup>,
}

/// The images of one draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchGroup {
    /// The draw: `easy pairs`.
    pub label: String,
    /// Its images.
    pub tiles: Vec<Tile>,
}

/// One image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tile {
    /// The picture.
    pub image: PngDataUri,
    /// Who it is, and what was done to it.
    #[serde(default)]
    pub caption: String,
}

/// A PNG picture as a `data:` address, so that the page needs no other file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PngDataUri(String);

/// A picture that is no PNG.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a picture of a report must be a PNG, given as its bytes or as `data:image/png;base64,…`")]
pub struct NotAPng;

const PNG_PREFIX: &str = "data:image/png;base64,";
const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

impl PngDataUri {
    /// The address of an encoded PNG.
    pub fn from_png(bytes: &[u8]) -> Result<Self, NotAPng> {
        let encoded = || base64::engine::general_purpose::STANDARD.encode(bytes);
        if bytes.starts_with(&PNG_SIGNATURE) { Ok(PngDataUri(format!("{PNG_PREFIX}{}", encoded()))) } else { Err(NotAPng) }
    }

    /// The address of an image.
    pub fn of(image: &Image) -> Self {
        let picture = Picture::new(image, "", "");
        PngDataUri(format!("{PNG_PREFIX}{}", picture.png))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PngDataUri {
    type Error = NotAPng;
    fn try_from(text: String) -> Result<Self, NotAPng> {
        let body = text.strip_prefix(PNG_PREFIX).ok_or(NotAPng)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(body).map_err(|_| NotAPng)?;
        if bytes.starts_with(&PNG_SIGNATURE) { Ok(PngDataUri(text)) } else { Err(NotAPng) }
    }
}

impl From<PngDataUri> for String {
    fn from(uri: PngDataUri) -> String {
        uri.0
    }
}

/// The experiment's graph.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GraphDrawing {
    /// Its nodes.
    pub nodes: Vec<GraphNode>,
    /// From input to user, as places in `nodes`. Edges to nowhere are left out.
    pub edges: Vec<(usize, usize)>,
    /// The same graph as Mermaid source, node by node; too long for a page where there are very many.
    pub mermaid: Option<String>,
}

/// One node of the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraphNode {
    /// Its name in the recipe, or its operator.
    pub label: String,
    /// Its name without the arm that it belongs to: arms of one name are drawn as one.
    pub group: String,
    /// Its declaration word or operator: `dataset`, `stage`, `eval`.
    pub kind: String,
    /// What became of it in this run.
    pub state: NodeState,
}

/// What became of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It was computed.
    Ran,
    /// It was in the store.
    Cached,
    /// It needs no computing of its own (a value, a view).
    Described,
}

/// The work on a node's result, or on those of several nodes that are alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// The node, without its arm; of results that the planner asks for, what they are.
    pub label: String,
    /// Its operator.
    pub kind: String,
    /// How many nodes these are.
    pub nodes: u64,
    /// Whether they were computed in this run.
    pub state: NodeState,
    /// Seconds of all of them.
    pub seconds: f64,
    /// When the last of them was begun, in UTC.
    pub at: String,
    /// Where, if not all results of the page were computed on one machine.
    pub machine: String,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// `ddl`, `libtorch`, `device`, `threads`, `seed`.
    pub name: String,
    /// Its value.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pngs_become_pictures() {
        let uri = PngDataUri::from_png(b"\x89PNG\r\n\x1a\nrest").unwrap();
        assert_eq!(PngDataUri::try_from(uri.as_str().to_owned()), Ok(uri));
        for bad in [
            "https://example.org/a.png",
            "data:image/svg+xml;base64,AAAA",
            "data:image/png;base64,\"><script>",
            "data:image/png;base64,AAAA",
        ] {
            assert_eq!(PngDataUri::try_from(bad.to_owned()), Err(NotAPng), "{bad}");
        }
        assert!(serde_json::from_str::<PngDataUri>("\"x.png\"").is_err() && PngDataUri::from_png(b"GIF89a").is_err());
    }
}
