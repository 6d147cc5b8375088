//! `ddl lock`: writes down what a recipe's numbers are made of.

use super::args::LockArgs;
use super::files;
use super::outcome::{Outcome, Stop};
use super::recipe::Recipe;
use super::run::engine::libtorch;
use super::run::reading::Reading;
use super::run::results::Results;
use super::run::stored;
use super::screen::Screen;
use crate::diag::{Code, Diagnostic};
use crate::plan::Plan;
use crate::plan::diff::{Difference, differences, summary};
use crate::plan::lock::{Lock, LockedMetric};
use crate::report::MetricRow;
use crate::store::Store;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Writes, prints or checks the lock of a recipe.
pub fn run(args: &LockArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let compiled = Recipe::from(&args.recipe).compile_closed(screen)?;
    let plan = compiled.plan();
    let mut lock = Lock::of(&plan).with_data(&compiled.graph);
    lock.libtorch = libtorch();
    lock.metrics = metrics(&plan, &args.recipe.store)?;
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

/// The numbers of the recipe's tables that the store has, by `model: eval.metric`.
fn metrics(plan: &Plan, store: &Path) -> Result<BTreeMap<String, LockedMetric>, Stop> {
    if !store.join("artifacts").is_dir() {
        return Ok(BTreeMap::new());
    }
    let store = Store::open(store).map_err(|error| stored(&error))?;
    let rows = Results::read(plan, &Reading::new(plan, &store), &[])?.metrics; // a damaged result has no numbers
    let locked =
        |row: &MetricRow| LockedMetric { value: row.value, std: row.std, low: row.ci.map(|ci| ci.low), high: row.ci.map(|ci| ci.high) };
    Ok(rows.iter().map(|row| (format!("{}: {}.{}", row.model, row.eval, row.metric), locked(row))).collect())
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
        crate::regular::text(file).map_err(|error| refuse(Code::UnreadableFile, format!("cannot read {}: {error}", file.display())))?;
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
