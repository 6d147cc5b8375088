//! `ddl diff`: what differs between two experiments.

use super::args::DiffArgs;
use super::files::read_text;
use super::locked::why_no_lock;
use super::outcome::{Outcome, Stop};
use super::recipe::Recipe;
use super::screen::Screen;
use crate::diag::{Code, Diagnostic};
use crate::misread::Misread;
use crate::plan::Plan;
use crate::plan::diff::{differences, summary};
use crate::plan::lock::Lock;
use crate::regular::Whole;
use serde_yaml::Value as Yaml;
use std::path::Path;

/// Compares two recipes, plans or locks.
pub(crate) fn run(args: &DiffArgs, screen: &Screen) -> Result<Outcome, Stop> {
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
    let text =
        read_text(path, Whole::Plan).map_err(|error| refuse(Code::UnreadableFile, format!("cannot read {}: {error}", path.display())))?;
    let no = |what: &str, why: String| refuse(Code::BadLock, format!("{} is no {what}: {why}", path.display()));
    // JSON is YAML
    let entries: Yaml = crate::text::yaml(&text).map_err(|error| no("recipe, plan or lock", Misread::from(&error).to_string()))?;
    if entries.get("lock").is_some() {
        return Lock::from_yaml(&text).map_err(|error| no("lock", why_no_lock(&error)));
    }
    if entries.get("nodes").is_none() {
        return Err(no("recipe, plan or lock", "a plan has `nodes`, a lock says `lock`, and a recipe's name ends in `.ddl`".to_owned()));
    }
    Plan::from_yaml(&text).map(|plan| Lock::of(&plan)).map_err(|error| no("plan", error.to_string()))
}
