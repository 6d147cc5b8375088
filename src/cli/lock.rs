//! `ddl lock`: writes down what a recipe's numbers are made of.

use super::args::LockArgs;
use super::files::{self, Own};
use super::locked::{beside, differs, differs_before_a_run, numbers, read, with_results};
use super::outcome::{Outcome, Stop, stored};
use super::recipe::Recipe;
use super::results::Results;
use super::results::reading::Reading;
use super::run::engine::libtorch;
use super::run::need;
use super::screen::Screen;
use crate::diag::Severity;
use crate::plan::diff::differences;
use crate::plan::lock::Lock;
use crate::store::{self, Store};
use std::path::Path;

/// Writes, prints or checks the lock of a recipe.
pub(crate) fn run(args: &LockArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let recipe = Recipe::from(&args.recipe);
    let compiled = recipe.compile_closed(screen)?;
    let plan = recipe.plan(&compiled, screen)?; // of what can't be run there is no lock
    let mut lock = Lock::of(&plan).with_data(&compiled.graph);
    lock.libtorch = libtorch();
    let mut due = None;
    if args.recipe.store.join("artifacts").is_dir() {
        let store = Store::open(&args.recipe.store).map_err(|error| stored(&error))?;
        let due_now = || store::due::due(&plan, &store, &[], &[]).ok();
        let reading = Reading::new(&plan, &store, &[], &due_now().unwrap_or_default());
        let results = Results::read(&plan, &reading)?;
        lock = with_results(lock, &plan, &results);
        for failure in reading.damaged() {
            screen.message(&failure.diagnostic(Severity::Warning), &compiled.sources); // it has no numbers
        }
        due = due_now().map(|due| due.compute.len()); // what was found damaged is not there any more
    }
    if let Some(due @ 1..) = due {
        let (results, are) = if due == 1 { ("result", "is") } else { ("results", "are") };
        screen.note(format!(
            "{due} {results} {are} to be computed (`ddl run`): numbers of what is not there, or of what is gone, are in no lock"
        ));
    }
    let all = due == Some(0);
    let file = args.output.clone().unwrap_or_else(|| beside(&args.recipe.recipe));
    if args.check {
        return check(&file, &lock, all, screen);
    }
    if file == Path::new("-") {
        screen.verbatim(&lock.to_yaml())?;
        return Ok(Outcome::Done);
    }
    files::hold_apart(&file, Own::Lock, &args.recipe.store)?;
    files::write_named(&file, lock.to_yaml().as_bytes())?;
    if args.recipe.store.join("format").is_file() {
        let store = Store::open(&args.recipe.store).map_err(|error| stored(&error))?;
        drop(store.note_use(&need(&plan, &args.recipe.recipe, &file)).map_err(|error| stored(&error))?);
    }
    screen.note(format!("wrote {}: {} nodes, {} numbers", file.display(), lock.nodes.len(), lock.metrics.len()));
    Ok(Outcome::Done)
}

fn check(file: &Path, now: &Lock, all: bool, screen: &Screen) -> Result<Outcome, Stop> {
    let locked = read(file)?;
    let found = differences(&locked, now);
    if found.iter().any(differs_before_a_run) {
        return Err(Stop::refuse(differs(file, &found)));
    }
    let vouched = numbers(file, &locked, now, all, screen).map_err(Stop::refuse)?;
    let but = if vouched { "" } else { ", but for numbers that nothing here vouches for" };
    screen.note(format!("{} is up to date{but}", file.display()));
    Ok(Outcome::Done)
}
