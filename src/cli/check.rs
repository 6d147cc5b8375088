//! `ddl check`: everything that can be known of a recipe before it runs.

use super::args::CheckArgs;
use super::outcome::{Outcome, Stop};
use super::recipe::Recipe;
use super::screen::{Screen, counted};
use super::{files, let_go};
use crate::diag::Severity;
use std::path::{Path, PathBuf};

/// Checks recipes and says what was found.
pub(crate) fn run(args: &CheckArgs, screen: &Screen) -> Outcome {
    let mut outcome = Outcome::Done;
    for file in &args.recipes {
        // a recipe that can't be read hides no other
        if one(file, args, screen).unwrap_or_else(|stop| screen.ended(stop)) != Outcome::Done {
            outcome = Outcome::Wrong;
        }
    }
    outcome
}

fn one(file: &Path, args: &CheckArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let (file, input) = if files::is_standard_input(file) {
        (PathBuf::from(files::STANDARD_INPUT), Some(files::standard_input()?))
    } else {
        (file.to_owned(), None)
    };
    let mut recipe = Recipe::new(&file, &args.set, &args.params, &args.store);
    if let Some(input) = input {
        recipe = recipe.reading(input);
    }
    let compiled = recipe.compile_quietly()?;
    screen.messages(&compiled.diagnostics, &compiled.sources);
    let (plan, wrong) = recipe.faults(&compiled);
    screen.messages(&wrong, &compiled.sources);
    let all = || compiled.diagnostics.iter().chain(&wrong);
    let count = |severity| all().filter(|diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let mut said = format!("{}: ", file.display());
    said += &match (errors, warnings) {
        (0, 0) => format!("no mistakes; {}", counted(plan.nodes.len(), "node")),
        (0, warnings) => counted(warnings, "warning"),
        (errors, 0) => counted(errors, "error"),
        (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    };
    if errors == 0 && !compiled.open_params.is_empty() {
        said += &format!("; without a value for {}, what depends on it is not checked", compiled.open_params.join(", "));
    }
    screen.note(said);
    let_go((compiled, plan));
    Ok(if errors > 0 { Outcome::Wrong } else { Outcome::Done })
}
