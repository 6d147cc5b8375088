//! `ddl plan`: what a recipe comes to.

use super::args::{PlanArgs, PlanFormat};
use super::outcome::{Outcome, Stop};
use super::recipe::Recipe;
use super::screen::Screen;
use crate::plan::Plan;

/// Shows the plan of a recipe.
pub fn run(args: &PlanArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let recipe = Recipe::from(&args.recipe);
    let compiled = recipe.compile(screen)?;
    let plan = recipe.plan(&compiled, screen)?;
    screen.result(&written(&plan, args))?;
    if !compiled.open_params.is_empty() {
        screen.note(format!("without a value for {}, what depends on data is not counted", compiled.open_params.join(", ")));
    }
    Ok(Outcome::Done)
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
