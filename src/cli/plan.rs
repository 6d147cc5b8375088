//! `ddl plan`: what a recipe comes to.

use super::args::{PlanArgs, PlanFormat};
use super::let_go;
use super::outcome::{Outcome, Stop, stored};
use super::recipe::{Recipe, closed};
use super::run::default_out;
use super::screen::Screen;
use super::why::why;
use crate::compile::Compiled;
use crate::diag::Severity;
use crate::plan::Plan;
use crate::store::Store;
use crate::store::due::due;

/// Shows the plan of a recipe.
pub(crate) fn run(args: &PlanArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let recipe = Recipe::from(&args.recipe);
    let compiled = recipe.compile(screen)?;
    let plan = recipe.plan(&compiled, screen)?;
    if args.why || args.check {
        return due_now(args, &compiled, &plan, screen);
    }
    screen.result(&written(&plan, args))?;
    if !compiled.open_params.is_empty() {
        screen.note(format!("without a value for {}, what depends on it is not counted", compiled.open_params.join(", ")));
    }
    let_go((compiled, plan));
    Ok(Outcome::Done)
}

/// What must run: with `--why` each result's reason, with `--check` the exit code alone says it.
fn due_now(args: &PlanArgs, compiled: &Compiled, plan: &Plan, screen: &Screen) -> Result<Outcome, Stop> {
    closed(compiled)?;
    let store = Store::look(&args.recipe.store).map_err(|error| stored(&error))?;
    let due = due(plan, &store, &[], &[]).map_err(|failure| Stop::refuse(failure.diagnostic(Severity::Error)))?;
    if args.why {
        let out = default_out(&args.recipe.recipe);
        let warn = |warning| screen.message(&warning, &compiled.sources);
        let text = why(compiled, plan, &due, &store, (&args.recipe.recipe, &out), warn).map_err(|error| stored(&error))?;
        screen.result(&text)?;
    }
    screen.note(format!("{} to compute, {} in the store", due.compute.len(), due.stored.len()));
    Ok(if args.check && !due.compute.is_empty() { Outcome::Wrong } else { Outcome::Done })
}

fn written(plan: &Plan, args: &PlanArgs) -> String {
    match args.format {
        PlanFormat::Table => plan.table(args.verbose),
        PlanFormat::Yaml => plan.yaml(),
        PlanFormat::Json => plan.json(),
        PlanFormat::Dot => plan.drawing(args.verbose).dot(&plan.recipe),
        PlanFormat::Mermaid => plan.drawing(args.verbose).mermaid(),
    }
}
