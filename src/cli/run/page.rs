//! What the report's page shows, gathered from the plan and the store.

use super::nodes_of;
use super::reading::Reading;
use super::results::Results;
use crate::cli::args::RunArgs;
use crate::cli::outcome::Stop;
use crate::compile::Compiled;
use crate::eval::ScoreSets;
use crate::events::PictureGroup;
use crate::lang::value::NodeId;
use crate::plan::Plan;
use crate::report::model::{
    Batch, BatchGroup, CmcCurve, CmcPlot, CurvePlot, Distribution, DistributionPanel, DistributionSet, Fact, GraphDrawing, GraphNode,
    NodeState, PngDataUri, Report, RocCurve, RocPlot, Series, Tile,
};
use crate::store::{Scores, Spent, TRAINING_LOG, TrainingLog};
use base64::Engine as _;
use indexmap::IndexMap;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Points of a curve on the page.
const CURVE_POINTS: usize = 400;
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
/// Pictures of a draw.
const TILES: usize = 16;
/// The images of a stage's first step in its artifact.
const FIRST_BATCH: &str = "first_batch.json";

/// The report of a run.
pub fn report(compiled: &Compiled, plan: &Plan, reading: &Reading, results: &Results, args: &RunArgs) -> Result<Report, Stop> {
    let recipe = compiled.sources.iter().next().map_or_else(String::new, |source| source.text.to_string());
    let title = plan.doc.lines().next().filter(|line| !line.is_empty()).unwrap_or(&plan.recipe).to_owned();
    let Figures { mut distributions, rocs, cmcs } = figures(plan, results)?;
    distributions.extend(learned(plan, reading)?);
    Ok(Report {
        title,
        doc: plan.doc.lines().skip(1).collect::<Vec<_>>().join("\n").trim().to_owned(),
        recipe,
        warnings: compiled.diagnostics.iter().map(|it| it.message.clone()).chain(results.warnings.iter().cloned()).collect(),
        tables: results.tables.clone(),
        distributions,
        rocs,
        cmcs,
        curves: curves(plan, reading)?,
        batches: batches(plan, reading)?,
        graph: drawing(plan),
        facts: facts(plan, reading, args)?,
    })
}

/// What is drawn of protocols.
#[derive(Default)]
struct Figures {
    distributions: Vec<Distribution>,
    rocs: Vec<RocPlot>,
    cmcs: Vec<CmcPlot>,
}

/// For each protocol the similarity distributions of the models, and their ROC curves or match characteristics. Of replicates the first stands for all.
fn figures(plan: &Plan, results: &Results) -> Result<Figures, Stop> {
    let mut figures = Figures::default();
    for (eval, rows) in results.by_eval(plan)? {
        let title = plan.node(eval).name.clone();
        let (mut panels, mut rocs, mut cmcs) = (Vec::new(), Vec::new(), Vec::new());
        let mut labels: Vec<String> = Vec::new();
        for (label, judged) in rows {
            let bare = label.split('[').next().unwrap_or(&label).to_owned();
            if labels.contains(&bare) || labels.len() >= PANELS {
                continue;
            }
            let Some(judged) = results.of(judged) else { continue };
            let Ok(sets) = judged.sets() else { continue }; // of one kind alone there is nothing to draw
            labels.push(bare);
            panels.push(DistributionPanel { model: label.clone(), sets: vec![DistributionSet::of(&title, &sets)] });
            match &judged.scores {
                Scores::Pairs(_) | Scores::All(_) => rocs.push(RocCurve { label, points: sets.roc(ROC_POINTS) }),
                Scores::Search(outcomes) => cmcs.extend(CmcCurve::of(&label, outcomes, RANKS)),
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

fn curves(plan: &Plan, reading: &Reading) -> Result<Vec<CurvePlot>, Stop> {
    let mut plots = Vec::new();
    for (name, log) in logs(plan, reading)? {
        let series: Vec<Series> = log
            .columns()
            .filter(|(name, _)| *name != "lr" && !name.contains('.'))
            .map(|(name, column)| Series { label: name.to_owned(), points: thinned(column) })
            .collect();
        plots.push(CurvePlot { title: name, y_label: "loss".to_owned(), series });
    }
    Ok(plots)
}

/// What happened in each stage, by its name.
fn logs(plan: &Plan, reading: &Reading) -> Result<Vec<(String, TrainingLog)>, Stop> {
    let mut logs = Vec::new();
    for id in nodes_of(plan, "train") {
        let node = plan.node(id);
        let Some(log) = reading.parsed(id, TRAINING_LOG, TrainingLog::from_bytes)? else { continue };
        logs.push((node.name.clone(), log));
    }
    Ok(logs)
}

/// How the similarities that a term works on moved: those of the first, the last and some steps between, by branch. Of replicates the first
/// stands for all.
fn learned(plan: &Plan, reading: &Reading) -> Result<Vec<Distribution>, Stop> {
    let mut figures: Vec<Distribution> = Vec::new();
    for (name, log) in logs(plan, reading)? {
        let stage = name.split('[').next().unwrap_or(&name);
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

/// Means over equal pieces, at most [`CURVE_POINTS`] of them.
fn thinned(column: &[f32]) -> Vec<(u64, f64)> {
    let piece = column.len().div_ceil(CURVE_POINTS).max(1);
    let mean = |values: &[f32]| values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64;
    column.chunks(piece).enumerate().map(|(at, values)| ((at * piece) as u64, mean(values))).filter(|(_, y)| y.is_finite()).collect()
}

fn batches(plan: &Plan, reading: &Reading) -> Result<Vec<Batch>, Stop> {
    let mut batches: Vec<Batch> = Vec::new();
    for id in nodes_of(plan, "train") {
        let node = plan.node(id);
        let Some(bytes) = reading.file(id, FIRST_BATCH)? else { continue };
        let groups: Vec<PictureGroup> = serde_json::from_slice(&bytes).unwrap_or_default(); // a picture less, nothing else
        let groups: Vec<BatchGroup> = groups.into_iter().map(group).collect();
        let title = format!("{}, first step", node.name.split('[').next().unwrap_or(&node.name));
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

fn drawing(plan: &Plan) -> GraphDrawing {
    let nodes = plan
        .iter()
        .map(|(_, node)| {
            let state = if matches!(node.op.as_str(), "train" | "features" | "pooling" | "judge" | "chosen" | "averaged") {
                NodeState::Ran
            } else {
                NodeState::Described
            };
            GraphNode { label: node.name.clone(), kind: node.op.clone(), state }
        })
        .collect();
    let edges =
        plan.iter().flat_map(|(id, node)| node.inputs.iter().map(move |input: &NodeId| (input.0 as usize, id.0 as usize))).collect();
    GraphDrawing { nodes, edges, mermaid: Some(plan.drawing(false).mermaid()) }
}

/// What a stage's result says of itself.
#[derive(Deserialize)]
struct StageMeta {
    spent: Option<Spent>,
}

fn facts(plan: &Plan, reading: &Reading, args: &RunArgs) -> Result<Vec<Fact>, Stop> {
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let mut facts = vec![fact("ddl", plan.ddl.clone()), fact("recipe", plan.recipe.clone()), fact("device", args.device.to_string())];
    facts.extend(args.threads.map(|threads| fact("threads", threads.to_string())));
    facts.extend(plan.params.iter().map(|(name, value)| fact(&format!("parameter {name}"), value.clone())));
    facts.extend(
        plan.iter().filter(|(_, node)| node.op == "train").map(|(_, node)| fact(&format!("key of {}", node.name), node.key.to_string())),
    );
    for id in nodes_of(plan, "train") {
        let meta: Option<StageMeta> = reading.meta(id)?;
        if let Some(Spent { seconds, waited }) = meta.and_then(|meta| meta.spent) {
            let value = format!("{waited:.1} s of {seconds:.1} s of training");
            facts.push(fact(&format!("waiting for images, {}", plan.node(id).name), value));
        }
    }
    Ok(facts)
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
