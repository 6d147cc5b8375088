//! `ddl lock`: writes down what a recipe's numbers are made of.

use super::args::LockArgs;
use super::files;
use super::outcome::{Outcome, Stop};
use super::recipe::Recipe;
use super::screen::Screen;
use crate::compile::Compiled;
use crate::diag::{Code, Diagnostic};
use crate::plan::diff::{Difference, differences, summary};
use crate::plan::lock::Lock;
use std::path::{Path, PathBuf};

/// Writes, prints or checks the lock of a recipe.
pub fn run(args: &LockArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let compiled = Recipe::from(&args.recipe).compile_closed(screen)?;
    let lock = lock_of(&compiled);
    let file = args.output.clone().unwrap_or_else(|| beside(&args.recipe.recipe));
    if args.check {
        return check(&file, &lock, screen);
    }
    if file == Path::new("-") {
        screen.result(&lock.to_yaml())?;
        return Ok(Outcome::Done);
    }
    files::write(&file, lock.to_yaml().as_bytes())?;
    screen.note(format!("wrote {}: {} nodes, {} numbers", file.display(), lock.nodes.len(), lock.metrics.len()));
    Ok(Outcome::Done)
}

/// The lock of a compiled recipe, with the numbers that the store has.
pub fn lock_of(compiled: &Compiled) -> Lock {
    Lock::of(&compiled.plan()).with_data(&compiled.graph)
}

/// The lock of `r.ddl` is `r.ddl.lock`.
pub fn beside(recipe: &Path) -> PathBuf {
    let mut name = recipe.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Reads a lock.
pub fn read(file: &Path) -> Result<Lock, Stop> {
    let refuse = |code, message: String| Stop::refuse(Diagnostic::error(code, message).help("`ddl lock` writes it"));
    let text =
        std::fs::read_to_string(file).map_err(|error| refuse(Code::UnreadableFile, format!("cannot read {}: {error}", file.display())))?;
    Lock::from_yaml(&text).map_err(|error| refuse(Code::BadLock, format!("{} is no lock: {error}", file.display())))
}

fn check(file: &Path, now: &Lock, screen: &Screen) -> Result<Outcome, Stop> {
    let found = differences(&read(file)?, now);
    if found.iter().all(|difference| matches!(difference, Difference::Metric { .. })) {
        screen.note(format!("{} is up to date", file.display()));
        return Ok(Outcome::Done);
    }
    Err(Stop::refuse(differs(file, &found)))
}

/// A lock that the recipe no longer fits, with all that differs.
pub fn differs(file: &Path, found: &[Difference]) -> Diagnostic {
    let found: Vec<Difference> = found.iter().filter(|it| !matches!(it, Difference::Metric { .. })).cloned().collect();
    let lines = summary(&found);
    Diagnostic::error(Code::LockDiffers, format!("{} is not what would be run now:\n{}", file.display(), lines.join("\n")))
        .help("`ddl lock` writes a new one; version control has the recipe that the old one belongs to")
}
