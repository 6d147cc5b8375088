//! The lock beside a recipe: read, filled with what the store has, and held against what is there now.

use super::files;
use super::outcome::Stop;
use super::results::Results;
use super::screen::Screen;
use crate::diag::{Code, Diagnostic};
use crate::events::Decision;
use crate::misread::Misread;
use crate::plan::Plan;
use crate::plan::diff::{Difference, summary};
use crate::plan::lock::{Lock, LockError, LockedMetric};
use crate::regular::Whole;
use crate::report::MetricRow;
use crate::text::quoted;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A lock with what the store has of its recipe: its numbers by `model: eval.metric`, what was decided, and where.
pub(crate) fn with_results(lock: Lock, plan: &Plan, results: &Results) -> Lock {
    if results.history.records().next().is_none() {
        return lock;
    }
    let machines = results.history.machines(&results.history.records().map(|(id, _)| id).collect());
    let locked = |row: &MetricRow| LockedMetric {
        value: row.value,
        std: row.std,
        low: row.ci.map(|ci| ci.low),
        high: row.ci.map(|ci| ci.high),
        machines: if row.machines == machines { BTreeSet::new() } else { row.machines.clone() },
    };
    let metrics: BTreeMap<String, LockedMetric> =
        results.metrics.iter().map(|row| (format!("{}: {}.{}", row.model, row.eval, row.metric), locked(row))).collect();
    let mut decisions: BTreeMap<String, Vec<Decision>> = BTreeMap::new();
    for (id, decision) in results.history.decisions() {
        decisions.entry(plan.node(id).name.clone()).or_default().push(decision.clone());
    }
    Lock { machines, decisions, metrics, ..lock }
}

/// The lock of `r.ddl` is `r.ddl.lock`.
pub(crate) fn beside(recipe: &Path) -> PathBuf {
    let mut name = recipe.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Reads a lock; one that can't be read ends the command.
pub(crate) fn read(file: &Path) -> Result<Lock, Stop> {
    load(file).map_err(Stop::refuse)
}

/// Reads a lock, or says why it is none.
pub(crate) fn load(file: &Path) -> Result<Lock, Diagnostic> {
    let refuse = |code, message: String| Diagnostic::error(code, message).help("`ddl lock` writes it");
    let text = files::read_text(file, Whole::Plan)
        .map_err(|error| refuse(Code::UnreadableFile, format!("cannot read {}: {error}", file.display())))?;
    Lock::from_yaml(&text).map_err(|error| refuse(Code::BadLock, format!("{} is no lock: {}", file.display(), why_no_lock(&error))))
}

/// Why a text is no lock.
pub(crate) fn why_no_lock(error: &LockError) -> String {
    match error {
        LockError::Unreadable(error) => Misread::from(error).to_string(),
        LockError::Entry(error) => Misread::from(error).to_string(),
        LockError::Of { section, name, error } => format!("{} of `{section}`: {}", quoted(name), Misread::from(error)),
        LockError::Form(_) | LockError::NoEntries => error.to_string(),
    }
}

/// Numbers to name in a message.
const NAMED: usize = 5;

/// What is wrong with a lock that has not these numbers, which are there.
fn unlocked(file: &Path, missing: &[String]) -> Option<Diagnostic> {
    let named: Vec<&str> = missing.iter().take(NAMED).map(String::as_str).collect();
    let more = missing.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
    let message = format!("{} lacks numbers that the store has:\n{}{more}", file.display(), named.join("\n"));
    (!missing.is_empty()).then(|| Diagnostic::error(Code::LockDiffers, message).help("`ddl lock` writes them down"))
}

/// Whether a difference can be known before anything is computed: names count too, what a run gives does not.
pub(crate) fn differs_before_a_run(difference: &Difference) -> bool {
    !matches!(difference, Difference::Machines { .. } | Difference::Decided { .. } | Difference::Metric { .. })
}

/// A lock that the recipe no longer fits, with all that differs.
pub(crate) fn differs(file: &Path, found: &[Difference]) -> Diagnostic {
    let found: Vec<Difference> = found.iter().filter(|it| differs_before_a_run(it)).cloned().collect();
    let lines = summary(&found);
    Diagnostic::error(Code::LockDiffers, format!("{} is not what would be run now:\n{}", file.display(), lines.join("\n")))
        .help("`ddl lock` writes a new one; version control has the recipe that the old one belongs to")
}

/// Compares the numbers of a lock with those that are there, and says by what they were compared. Gives whether all of them are vouched for
/// by something, be it bits or intervals.
///
/// # Errors
/// What does not agree.
pub(crate) fn numbers(file: &Path, locked: &Lock, now: &Lock, all: bool, screen: &Screen) -> Result<bool, Diagnostic> {
    if locked.metrics.is_empty() && locked.machines.is_empty() {
        return Ok(true); // it was written before any run
    }
    if locked.machines.is_empty() {
        let message = format!("{} has numbers and does not say where they were computed", file.display());
        return Err(Diagnostic::error(Code::BadLock, message)
            .help("`ddl lock` writes it; without `machines` nobody knows how near numbers must come"));
    }
    let found = locked.agreement(now, all);
    if locked.metrics.is_empty() {
        return unlocked(file, &found.unlocked).map_or(Ok(found.unjudged.is_empty()), Err);
    }
    let machines = |lock: &Lock| match lock.machines.len() {
        0 => "where is not known".to_owned(),
        _ => lock.machines.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    let places =
        if locked.machines == now.machines { machines(now) } else { format!("now {}; locked {}", machines(now), machines(locked)) };
    if !found.broken.is_empty() {
        let message = format!("the numbers are not those of {}:\n{}", file.display(), found.broken.join("\n"));
        let help = if found.same_machine {
            format!(
                "on one kind of machine they are equal to the bit ({places}): look for what changed, or write a new lock with `ddl lock`"
            )
        } else {
            format!("on another machine they stay within their intervals ({places})")
        };
        return Err(Diagnostic::error(Code::LockDiffers, message).help(help));
    }
    let all = locked.metrics.len();
    if found.absent.len() == all {
        screen.note(format!("none of the lock's {all} numbers is among these results: they are not compared"));
        return unlocked(file, &found.unlocked).map_or(Ok(found.unjudged.is_empty()), Err);
    }
    let mut said = vec![format!("{} of {all} numbers are equal to the bit", found.equal)];
    if found.within > 0 {
        said.push(format!("{} lie within the locked intervals", found.within));
    }
    if !found.unjudged.is_empty() {
        said.push(format!("{} differ and have no interval to judge by ({})", found.unjudged.len(), found.unjudged.join(", ")));
    }
    if !found.absent.is_empty() {
        said.push(format!("{} are not there", found.absent.len()));
    }
    screen.note(format!("{} ({places})", said.join(", ")));
    unlocked(file, &found.unlocked).map_or(Ok(found.unjudged.is_empty()), Err)
}
