//! Why each result of a plan must be computed, or need not be.

use super::files;
use super::locked::beside;
use crate::compile::Compiled;
use crate::diag::{Code, Diagnostic, Severity};
use crate::plan::Plan;
use crate::plan::diff::{Difference, differences, summary};
use crate::plan::lock::Lock;
use crate::regular::Whole;
use crate::store::due::Due;
use crate::store::tend::lies_at;
use crate::store::{Found, OutputFile, Store, StoreError};
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::Path;

/// Why the results of a plan are due, one a line, with what changed since the lock or, without one, since the last run into `out`.
///
/// `warn` is told of a file of then that can't be read: nothing is compared with it.
pub(crate) fn why(
    compiled: &Compiled,
    plan: &Plan,
    due: &Due,
    store: &Store,
    (recipe, out): (&Path, &Path),
    warn: impl FnMut(Diagnostic),
) -> Result<String, StoreError> {
    let before = before(recipe, out, warn);
    let now = Lock::of(plan).with_data(&compiled.graph);
    let found = before.as_ref().map(|(_, lock)| differences(lock, &now)).unwrap_or_default();
    let mut text = String::new();
    for id in &due.stored {
        let node = plan.node(*id);
        let state = match store.check(node.key)? {
            Found::Whole(_) => "in the store".to_owned(),
            Found::Absent => "must run: it is no longer in the store".to_owned(),
            Found::Damaged(damage) => format!("must run: {damage}"),
        };
        let _ = writeln!(text, "{:<9} {}: {state}", node.op, node.name);
    }
    for id in &due.compute {
        let node = plan.node(*id);
        let reason = match found.iter().find_map(|difference| difference.about(&node.name)) {
            Some(reason) => reason,
            None => match store.check(node.key)? {
                Found::Damaged(damage) => damage.to_string(),
                Found::Absent => "it is not in the store".to_owned(),
                Found::Whole(_) => "it was asked for again".to_owned(),
            },
        };
        let _ = writeln!(text, "{:<9} {}: must run: {reason}", node.op, node.name);
    }
    if let Some((name, _)) = before {
        let causes: Vec<Difference> = found.into_iter().filter(Difference::matters).collect();
        if !causes.is_empty() {
            let _ = writeln!(text, "\nSince {name}:");
            summary(&causes).iter().for_each(|line| {
                let _ = writeln!(text, "  {line}");
            });
        }
    }
    Ok(text)
}

/// What the recipe was when its lock was written, or when it last ran; with the name of the file that says so.
fn before(recipe: &Path, out: &Path, mut warn: impl FnMut(Diagnostic)) -> Option<(String, Lock)> {
    let (lock, plan) = (beside(recipe), OutputFile::Plan.within(out));
    let of_lock: fn(&Path) -> Result<Lock, Diagnostic> = super::locked::load;
    let of_plan: fn(&Path) -> Result<Lock, Diagnostic> = |file| {
        let wrong = |code, message: String| Diagnostic::error(code, message).help("the next run writes it");
        let text = files::read_text(file, Whole::Plan)
            .map_err(|why| wrong(Code::UnreadableFile, format!("cannot read {}: {why}", file.display())))?;
        Plan::from_yaml(&text).map(|plan| Lock::of(&plan)).map_err(|_| wrong(Code::BadLock, format!("{} is no plan", file.display())))
    };
    for (file, read) in [(lock, of_lock), (plan, of_plan)] {
        if !lies_at(&file) {
            continue;
        }
        match read(&file) {
            Ok(read) => return Some((file.display().to_string(), read)),
            Err(mut wrong) => {
                wrong.severity = Severity::Warning;
                wrong.message += "; nothing is compared with it";
                warn(wrong);
            }
        }
    }
    None
}
