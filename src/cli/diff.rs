//! `ddl diff`: what differs between two experiments.

use super::args::DiffArgs;
use super::files::read_text;
use super::outcome::{Outcome, Stop};
use super::recipe::Recipe;
use super::screen::Screen;
use crate::diag::{Code, Diagnostic};
use crate::plan::Plan;
use crate::plan::diff::{differences, summary};
use crate::plan::lock::Lock;
use std::path::Path;

/// Compares two recipes, plans or locks.
pub fn run(args: &DiffArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let (before, after) = (read(&args.before, args, screen)?, read(&args.after, args, screen)?);
    let found = differences(&before, &after);
    if found.is_empty() {
        screen.note("no difference");
        return Ok(Outcome::Done);
    }
    let lines = if args.verbose { found.iter().map(ToString::to_string).collect() } else { summary(&found) };
    let lines: String = lines.into_iter().map(|line| line + "\n").collect();
    screen.result(&lines)?;
    Ok(if args.check { Outcome::Wrong } else { Outcome::Done })
}

/// A lock, or what a plan or a recipe would write into one.
fn read(path: &Path, args: &DiffArgs, screen: &Screen) -> Result<Lock, Stop> {
    if path.extension().is_some_and(|ending| ending == "ddl") {
        let recipe = Recipe::new(path, &args.set, &args.params, &args.store);
        let compiled = recipe.compile(screen)?;
        let plan = compiled.plan();
        return Ok(Lock::of(&plan).with_data(&compiled.graph));
    }
    let refuse = |code, message: String| Stop::refuse(Diagnostic::error(code, message));
    let text = read_text(path).map_err(|error| refuse(Code::UnreadableFile, format!("cannot read {}: {error}", path.display())))?;
    // JSON is YAML; a lock says so in its first entry
    if let Ok(plan) = crate::text::yaml::<Plan>(&text) {
        let plan = plan.sound().map_err(|error| refuse(Code::BadLock, format!("{} is no plan: {error}", path.display())))?;
        return Ok(Lock::of(&plan));
    }
    Lock::from_yaml(&text).map_err(|error| refuse(Code::BadLock, format!("{} is no recipe, plan or lock: {error}", path.display())))
}
