//! `ddl log`: which images a step of a stage saw, and what came of it.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

use super::args::{LogArgs, LogFormat};
use super::outcome::{Outcome, Stop, stored};
use super::recipe::Recipe;
use super::screen::{Screen, counted};
use crate::diag::did_you_mean;
use crate::lang::value::NodeId;
use crate::ops::stages::Train;
use crate::plan::Plan;
use crate::store::samples::{Samples, Shown};
use crate::store::{Artifact, Found, Store, StoreError, TRAINING_LOG, TrainingLog};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _; // a String takes all that is written to it

/// A step of a stage, as JSON has it.
#[derive(Serialize)]
struct Step<'a> {
    stage: &'a str,
    key: String,
    /// The step, counted from 1.
    #[serde(rename = "step")]
    number: u64,
    of: u64,
    /// What the training log says of it: the loss, its parts, the learning rate.
    numbers: BTreeMap<String, f32>,
    draws: Vec<Shown>,
}

/// Lists the images of a step.
pub(crate) fn run(args: &LogArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let recipe = Recipe::from(&args.recipe);
    let compiled = recipe.compile_closed(screen)?;
    let plan = recipe.plan(&compiled, screen)?;
    let node = plan.node(stage(&plan, &args.stage)?);
    let store = Store::look(&args.recipe.store).map_err(|error| stored(&error))?;
    let artifact = match store.check(node.key).map_err(|error| stored(&error))? {
        Found::Whole(artifact) => artifact,
        Found::Absent => {
            let help = "`ddl run` computes it; the store is named by --store";
            return Err(Stop::wrong_with(format!("the stage `{}` is not in the store", node.name), help));
        }
        Found::Damaged(damage) => return Err(Stop::wrong_with(damage.to_string(), "`ddl run` computes it again")),
    };
    let (samples, log) = read(&artifact).map_err(|error| stored(&error))?;
    let of = samples.steps();
    if args.step > of {
        return Err(Stop::wrong(format!("the stage `{}` took {}", node.name, counted(of as usize, "step"))));
    }
    let draws = samples.of_step(args.step - 1, &artifact).map_err(|error| stored(&error))?;
    let at = (args.step - 1) as usize;
    let numbers = log.columns().filter_map(|(name, column)| Some((name.to_owned(), *column.get(at)?))).collect();
    let step = Step { stage: &node.name, key: node.key.to_string(), number: args.step, of, numbers, draws };
    match args.format {
        LogFormat::Text => {
            screen.result(&text(&step))?;
            let numbers: Vec<String> = step.numbers.iter().map(|(name, number)| format!("{name} {number}")).collect();
            screen.note(format!("step {} of {} of {}: {}", step.number, of, step.stage, numbers.join(", ")));
        }
        LogFormat::Json => {
            let json = serde_json::to_string_pretty(&step).map_err(|error| Stop::wrong(error.to_string()))?;
            screen.result(&format!("{json}\n"))?;
        }
    }
    Ok(Outcome::Done)
}

/// What its artifact says a stage saw, and how it went.
fn read(artifact: &Artifact) -> Result<(Samples, TrainingLog), StoreError> {
    Ok((Samples::read(artifact)?, TrainingLog::from_bytes(&artifact.read(TRAINING_LOG)?)?))
}

/// The stage of that name: by its whole name, or by the recipe's where it has one arm.
fn stage(plan: &Plan, name: &str) -> Result<NodeId, Stop> {
    let stages: Vec<(NodeId, &str, &str)> =
        plan.all::<Train>().map(|(id, _)| (id, plan.node(id).name.as_str(), plan.node(id).bare_name())).collect();
    if let Some((id, _, _)) = stages.iter().find(|(_, whole, _)| *whole == name) {
        return Ok(*id);
    }
    match stages.iter().filter(|(_, _, bare)| *bare == name).collect::<Vec<_>>().as_slice() {
        [(id, _, _)] => Ok(*id),
        [] => {
            let near = did_you_mean(name, stages.iter().map(|(_, whole, _)| *whole)).map(|near| format!("did you mean `{near}`?"));
            let all = || format!("its stages: {}", stages.iter().map(|(_, whole, _)| *whole).collect::<Vec<_>>().join(", "));
            Err(Stop::wrong_with(format!("the recipe has no stage `{name}`"), near.unwrap_or_else(all)))
        }
        arms => {
            let names: Vec<&str> = arms.iter().map(|(_, whole, _)| *whole).collect();
            Err(Stop::wrong_with(format!("`{name}` is {} stages", arms.len()), format!("name one of them: {}", names.join(", "))))
        }
    }
}

/// One image a line: its draw, its batch of the step where there are several, and its path.
fn text(step: &Step) -> String {
    let mut text = String::new();
    for draw in &step.draws {
        let several = draw.batches.len() > 1;
        for (at, batch) in draw.batches.iter().enumerate() {
            for path in batch {
                let _ = if several { writeln!(text, "{}\t{}\t{path}", draw.draw, at + 1) } else { writeln!(text, "{}\t{path}", draw.draw) };
            }
        }
    }
    text
}
