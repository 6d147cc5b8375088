//! What the report's page shows, gathered from the plan and the store.

#![allow(clippy::cast_precision_loss, reason = "counts that are shown, and numbers of nodes")]

use super::progress::duration;
use crate::cli::outcome::Stop;
use crate::cli::results::Results;
use crate::cli::results::history::History;
use crate::cli::results::reading::Reading;
use crate::compile::Compiled;
use crate::diag::{Diagnostic, Severity};
use crate::eval::ScoreSets;
use crate::events::{Decision, Event, PictureGroup};
use crate::lang::value::NodeId;
use crate::ops::stages::Train;
use crate::plan::{Plan, PlanNode};
use crate::report::model::{
    Batch, BatchGroup, Claimed, CmcCurve, CmcPlot, CurvePlot, Distribution, DistributionPanel, DistributionSet, Fact, GraphDrawing,
    GraphNode, NodeState, PngDataUri, Report, RocCurve, RocPlot, Series, Tile, Work,
};
use crate::store::{Scores, Spent, TRAINING_LOG, TrainingLog};
use base64::Engine as _;
use indexmap::{IndexMap, IndexSet};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Points of a curve on the page.
const CURVE_POINTS: usize = 400;
/// Arms of a stage in one figure: more can't be told apart.
const SERIES: usize = 7;
/// Points of a ROC curve on the page.
const ROC_POINTS: usize = 200;
/// Ranks of a cumulative match characteristic on the page.
const RANKS: u32 = 20;
/// Steps of a stage in a figure, beside the last.
const MOMENTS: usize = 3;
/// The branch that is drawn first.
const TEACHER: &str = "teacher";
/// Models of a figure: more can't be told apart.
const PANELS: usize = 6;
/// Nodes of a graph that is written out beside its drawing.
const WRITTEN_OUT: usize = 2_000;
/// Pictures of a draw.
const TILES: usize = 16;
/// The images of a stage's first step in its artifact.
const FIRST_BATCH: &str = "first_batch.json";

/// A run, as its report tells of it.
pub(crate) struct Told<'r> {
    /// The recipe.
    pub compiled: &'r Compiled,
    /// What was found of its data.
    pub said: &'r [Diagnostic],
    /// Its plan.
    pub plan: &'r Plan,
    /// What this run computed.
    pub computed: &'r BTreeSet<NodeId>,
    /// When it began, in UTC.
    pub at: &'r str,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// The report of a run.
pub(crate) fn report(told: &Told, reading: &Reading, results: &Results, claims: Vec<Claimed>) -> Result<Report, Stop> {
    let plan = told.plan;
    let recipe = told.compiled.sources.iter().next().map_or_else(String::new, |source| source.text.to_string());
    let title = plan.doc.lines().next().filter(|line| !line.is_empty()).unwrap_or(&plan.recipe).to_owned();
    let Figures { mut distributions, rocs, cmcs } = figures(plan, results)?;
    distributions.extend(learned(plan, reading)?);
    let (warnings, notes) = remarks(told, results);
    let decision = |(id, decision): (NodeId, &Decision)| Fact { name: plan.node(id).name.clone(), value: decision.to_string() };
    Ok(Report {
        title,
        doc: plan.doc.lines().skip(1).collect::<Vec<_>>().join("\n").trim().to_owned(),
        recipe,
        warnings,
        notes,
        claims,
        decisions: results.history.decisions().map(decision).collect(),
        tables: results.tables.clone(),
        distributions,
        rocs,
        cmcs,
        curves: curves(plan, reading, &results.history)?,
        batches: batches(plan, reading)?,
        sheets: Vec::new(),
        graph: drawing(told),
        facts: facts(told, reading, &results.history)?,
        work: work(told, &results.history),
    })
}

/// What is to be known before a number is believed, and what is good to know: of the recipe, its data, its plan and its results.
fn remarks(told: &Told, results: &Results) -> (Vec<String>, Vec<String>) {
    let (mut warnings, mut notes) = (IndexSet::new(), IndexSet::new());
    for diagnostic in told.compiled.diagnostics.iter().chain(told.said) {
        let to = if diagnostic.severity == Severity::Advice { &mut notes } else { &mut warnings };
        to.insert(diagnostic.message.clone());
    }
    warnings.extend(results.warnings.iter().cloned());
    for event in results.history.all_events() {
        match event {
            Event::Warning { failure, .. } => {
                warnings.insert(failure.message.clone());
            }
            Event::Dataset { node, images, skipped, skipped_count, .. } if *skipped_count > 0 => {
                let more = if (skipped.len() as u64) < *skipped_count { ", …" } else { "" };
                let all = images + skipped_count;
                let named = skipped.join(", ");
                warnings.insert(format!("{node}: {skipped_count} of {all} images can't be decoded and are skipped: {named}{more}"));
            }
            _ => {}
        }
    }
    for (_, node) in told.plan.iter() {
        notes.extend(node.facts.notes.iter().map(|note| format!("{}: {note}", node.bare_name())));
    }
    (warnings.into_iter().collect(), notes.into_iter().collect())
}

/// What is drawn of protocols.
#[derive(Default)]
struct Figures {
    distributions: Vec<Distribution>,
    rocs: Vec<RocPlot>,
    cmcs: Vec<CmcPlot>,
}

/// For each protocol the similarity distributions of the rows of tables, and their ROC curves or match characteristics. Of replicates the
/// first stands for all.
fn figures(plan: &Plan, results: &Results) -> Result<Figures, Stop> {
    let mut figures = Figures::default();
    for (name, rows) in results.by_eval(plan)? {
        let (mut panels, mut rocs, mut cmcs) = (Vec::new(), Vec::new(), Vec::new());
        let all = rows.iter().map(|(label, _)| label).collect::<BTreeSet<_>>().len();
        let mut remarks: Vec<String> = Vec::new();
        if all > PANELS {
            remarks.push(format!("{PANELS} of {all} rows"));
        }
        if rows.len() > all {
            remarks.push("of replicates the first".to_owned());
        }
        let title = if remarks.is_empty() { name.clone() } else { format!("{name} ({})", remarks.join("; ")) };
        let mut labels: BTreeSet<String> = BTreeSet::new();
        for (label, judged) in rows {
            if labels.contains(&label) || labels.len() >= PANELS {
                continue;
            }
            let Some(judged) = results.of(judged) else { continue };
            let Ok(sets) = judged.sets() else { continue }; // of one kind alone there is nothing to draw
            labels.insert(label.clone());
            panels.push(DistributionPanel { model: label.clone(), sets: vec![DistributionSet::of(&name, &sets)] });
            match &judged.scores {
                Scores::Pairs(_) | Scores::All(_) => rocs.push(RocCurve { label, points: sets.roc(ROC_POINTS) }),
                Scores::Search(searched) => cmcs.extend(CmcCurve::of(&label, &searched.outcomes, RANKS)),
            }
        }
        let note = if cmcs.is_empty() {
            "cosine similarity of genuine and impostor pairs"
        } else {
            "cosine similarity of each probe with its own person, and its best with anybody else"
        };
        figures.distributions.push(Distribution { title: title.clone(), note: note.to_owned(), panels });
        if !rocs.is_empty() {
            figures.rocs.push(RocPlot { title: title.clone(), curves: rocs });
        }
        if !cmcs.is_empty() {
            figures.cmcs.push(CmcPlot { title, curves: cmcs });
        }
    }
    Ok(figures)
}

/// The figures of stages: of each column of the log and of each metric that was watched one, with the arms of a stage in it.
fn curves(plan: &Plan, reading: &Reading, history: &History) -> Result<Vec<CurvePlot>, Stop> {
    let mut plots: IndexMap<(String, String), (CurvePlot, usize)> = IndexMap::new();
    let mut add = |node: &PlanNode, what: &str, y_label: &str, points: Vec<(u64, f64)>| {
        let empty = || (CurvePlot { title: String::new(), y_label: y_label.to_owned(), series: Vec::new() }, 0);
        let (plot, arms) = plots.entry((node.bare_name().to_owned(), what.to_owned())).or_insert_with(empty);
        *arms += 1;
        if plot.series.len() < SERIES {
            let label = node.arm.iter().map(|(axis, value)| format!("{axis} = {value}")).collect::<Vec<_>>().join(", ");
            plot.series.push(Series { label, points });
        }
    };
    for (id, _) in plan.all::<Train>() {
        let node = plan.node(id);
        if let Some(log) = reading.parsed(id, TRAINING_LOG, TrainingLog::from_bytes)? {
            let mut columns: Vec<(&str, &[f32])> = log.columns().collect();
            columns.sort_by_key(|(name, _)| (*name != "loss", !is_rate(name), *name));
            for (name, column) in columns {
                let last = name.rsplit('.').next().unwrap_or(name);
                add(node, name, if is_rate(name) { "learning rate" } else { last }, thinned(column));
            }
        }
        let mut watched: IndexMap<(&str, &str), Vec<(u64, f64)>> = IndexMap::new();
        for seen in history.watched(id) {
            let points = watched.entry((seen.eval, seen.metric)).or_default();
            // `watch` and `keep` may look at one metric at one step
            if points.last().is_none_or(|(step, _)| *step < seen.step) {
                points.push((seen.step, seen.value));
            }
        }
        for ((eval, metric), points) in watched {
            add(node, &format!("{eval}.{metric}"), metric, points);
        }
    }
    let titled = |((stage, what), (plot, arms)): ((String, String), (CurvePlot, usize))| {
        let some = if arms > SERIES { format!(" ({SERIES} of {arms} arms)") } else { String::new() };
        CurvePlot { title: format!("{stage}: {what}{some}"), ..plot }
    };
    Ok(plots.into_iter().map(titled).collect())
}

/// Whether a column of a log is the learning rate of a turn.
fn is_rate(column: &str) -> bool {
    column.rsplit('.').next() == Some("lr")
}

/// What happened in each stage, by its name without its arm.
fn logs(plan: &Plan, reading: &Reading) -> Result<Vec<(String, TrainingLog)>, Stop> {
    let mut logs = Vec::new();
    for (id, _) in plan.all::<Train>() {
        let node = plan.node(id);
        let Some(log) = reading.parsed(id, TRAINING_LOG, TrainingLog::from_bytes)? else { continue };
        logs.push((node.bare_name().to_owned(), log));
    }
    Ok(logs)
}

/// How the similarities that a term works on moved: those of the first, the last and some steps between, by branch. Of replicates the first
/// stands for all.
fn learned(plan: &Plan, reading: &Reading) -> Result<Vec<Distribution>, Stop> {
    let mut figures: Vec<Distribution> = Vec::new();
    for (stage, log) in logs(plan, reading)? {
        for (term, steps) in by_term(&log) {
            let title = format!("{stage}, {term}");
            if figures.iter().any(|known| known.title == title) {
                continue;
            }
            let last = steps.len().saturating_sub(1);
            let shown = steps.into_iter().enumerate().filter(|(at, _)| at % last.div_ceil(MOMENTS).max(1) == 0 || *at == last);
            let panels = shown.map(|(_, (step, sets))| DistributionPanel { model: format!("step {step}"), sets }).collect();
            let note = "cosine similarity of the pairs of one batch".to_owned();
            figures.push(Distribution { title, note, panels });
        }
    }
    Ok(figures)
}

/// For each term the steps of which similarities were kept, with its branches; a branch without pairs at a step is left out there.
fn by_term(log: &TrainingLog) -> IndexMap<String, BTreeMap<u64, Vec<DistributionSet>>> {
    let mut halves: BTreeMap<(u64, String, String), [Vec<f64>; 2]> = BTreeMap::new();
    for kept in log.kept() {
        let mut words = kept.name.rsplitn(3, '.');
        let (Some(sign), Some(branch), Some(term)) = (words.next(), words.next(), words.next()) else { continue };
        let both = halves.entry((kept.step, term.to_owned(), branch.to_owned())).or_default();
        both[usize::from(sign == "negative")].extend(kept.values.iter().map(|value| f64::from(*value)));
    }
    let mut terms: IndexMap<String, BTreeMap<u64, Vec<DistributionSet>>> = IndexMap::new();
    for ((step, term, branch), [positive, negative]) in halves {
        let Ok(sets) = ScoreSets::new(positive, negative) else { continue };
        terms.entry(term).or_default().entry(step).or_default().push(DistributionSet::of(&branch, &sets));
    }
    for sets in terms.values_mut().flat_map(BTreeMap::values_mut) {
        sets.sort_by(|a, b| (a.name != TEACHER, &a.name).cmp(&(b.name != TEACHER, &b.name)));
    }
    terms
}

/// Means over equal pieces, at most [`CURVE_POINTS`] of them; steps without a number don't count.
fn thinned(column: &[f32]) -> Vec<(u64, f64)> {
    let piece = column.len().div_ceil(CURVE_POINTS).max(1);
    let mean = |values: &[f32]| {
        let finite: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).map(f64::from).collect();
        finite.iter().sum::<f64>() / finite.len() as f64
    };
    column.chunks(piece).enumerate().map(|(at, values)| ((at * piece + 1) as u64, mean(values))).filter(|(_, y)| y.is_finite()).collect()
}

fn batches(plan: &Plan, reading: &Reading) -> Result<Vec<Batch>, Stop> {
    let mut batches: Vec<Batch> = Vec::new();
    for (id, _) in plan.all::<Train>() {
        let node = plan.node(id);
        let Some(bytes) = reading.file(id, FIRST_BATCH)? else { continue };
        let groups: Vec<PictureGroup> = serde_json::from_slice(&bytes).unwrap_or_default(); // a picture less, nothing else
        let groups: Vec<BatchGroup> = groups.into_iter().map(group).collect();
        let title = format!("{}, first step", node.bare_name());
        if !batches.iter().any(|known| known.title == title) {
            batches.push(Batch { title, groups });
        }
    }
    Ok(batches)
}

fn group(group: PictureGroup) -> BatchGroup {
    let tile = |picture: crate::events::Picture| {
        let png = base64::engine::general_purpose::STANDARD.decode(picture.png).ok()?;
        Some(Tile { image: PngDataUri::from_png(&png).ok()?, caption: picture.identity })
    };
    BatchGroup { label: group.label, tiles: group.pictures.into_iter().take(TILES).filter_map(tile).collect() }
}

/// The recipe's graph. What the planner makes of a node's inputs is shown as that node's state.
fn drawing(told: &Told) -> GraphDrawing {
    let plan = told.plan;
    let outline = plan.outline(false);
    let drawn = |(&id, behind): (&NodeId, &BTreeSet<NodeId>)| {
        let node = plan.node(id);
        let all = || behind.iter().copied().chain([id]).map(|id| state(told, id));
        let state = if all().any(|state| state == NodeState::Ran) {
            NodeState::Ran
        } else if all().any(|state| state == NodeState::Cached) {
            NodeState::Cached
        } else {
            NodeState::Described
        };
        GraphNode { label: node.name.clone(), group: node.bare_name().to_owned(), kind: node.op.to_string(), state }
    };
    let nodes = outline.nodes.iter().zip(&outline.behind).map(drawn).collect();
    let mermaid = (outline.nodes.len() <= WRITTEN_OUT).then(|| plan.drawing(false).mermaid());
    GraphDrawing { nodes, edges: outline.edges.into_iter().collect(), mermaid }
}

/// What a stage's result says of itself.
#[derive(Deserialize)]
struct StageMeta {
    spent: Option<Spent>,
}

/// What became of a node in this run.
fn state(told: &Told, id: NodeId) -> NodeState {
    if told.computed.contains(&id) {
        NodeState::Ran
    } else if told.plan.node(id).keeps().is_stored() {
        NodeState::Cached
    } else {
        NodeState::Described
    }
}

fn facts(told: &Told, reading: &Reading, history: &History) -> Result<Vec<Fact>, Stop> {
    let plan = told.plan;
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let stored = history.records().filter(|(id, _)| !told.computed.contains(id)).count();
    let mut facts = vec![
        fact("recipe", plan.recipe.clone()),
        fact("plan", plan.digest()),
        fact("date", told.at.replace('T', " ").replace('Z', " UTC")),
        fact("took", duration(told.seconds)),
        fact("results", format!("{} computed, {stored} from the store", told.computed.len())),
        fact("ddl", plan.ddl.clone()),
    ];
    let machines = history.machines(&history.records().map(|(id, _)| id).collect());
    for machine in &machines {
        facts.push(fact("computed on", machine.to_string()));
    }
    facts.extend(plan.params.iter().map(|(name, value)| fact(&format!("parameter {name}"), value.clone())));
    facts.extend(plan.all::<Train>().map(|(id, _)| plan.node(id)).map(|node| fact(&format!("key of {}", node.name), node.key.to_string())));
    for (id, _) in plan.all::<Train>() {
        let meta: Option<StageMeta> = reading.meta(id)?;
        if let Some(Spent { seconds, waited }) = meta.and_then(|meta| meta.spent) {
            let value = format!("{waited:.1} s of {seconds:.1} s of training");
            facts.push(fact(&format!("waiting for images, {}", plan.node(id).name), value));
        }
    }
    Ok(facts)
}

/// The work on results: arms of one node together, and what the planner asks for by its operator.
fn work(told: &Told, history: &History) -> Vec<Work> {
    let everything = history.records().map(|(id, _)| id).collect();
    let alone = history.machines(&everything).len() <= 1;
    let mut all: IndexMap<(String, String, NodeState, String), Work> = IndexMap::new();
    for (id, record) in history.records() {
        let node = told.plan.node(id);
        let label = if node.is_derived() { String::new() } else { node.bare_name().to_owned() };
        let last = record.spells.last();
        let machine = last.filter(|_| !alone).map_or_else(String::new, |spell| spell.machine.to_string());
        let state = state(told, id);
        let work = all.entry((label.clone(), node.op.to_string(), state, machine.clone())).or_insert_with(|| Work {
            label,
            kind: node.op.to_string(),
            nodes: 0,
            state,
            seconds: 0.0,
            at: String::new(),
            machine,
        });
        work.nodes += 1;
        work.seconds += record.seconds();
        if let Some(spell) = last.filter(|spell| spell.at > work.at) {
            work.at.clone_from(&spell.at);
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarities_of_a_term_become_panels_by_step() {
        let mut log = TrainingLog::default();
        for step in [1, 50, 100] {
            for branch in ["student1", "teacher", "student2"] {
                log.keep(step, &format!("ddl(e.one).{branch}.positive"), if branch == "student2" { vec![] } else { vec![0.5, 0.75] });
                log.keep(step, &format!("ddl(e.one).{branch}.negative"), vec![0.0, 0.25]);
            }
        }
        let terms = by_term(&log);
        let steps = &terms["ddl(e.one)"];
        assert_eq!(steps.keys().copied().collect::<Vec<_>>(), [1, 50, 100]);
        let names: Vec<&str> = steps[&50].iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names, ["teacher", "student1"], "a branch without positives is left out");
        assert!((steps[&50][0].genuine_mean - 0.625).abs() < 1e-12 && (steps[&50][0].impostor_mean - 0.125).abs() < 1e-12);
    }
}
