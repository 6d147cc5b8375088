//! `ddl store`: what lies in a store, who needs it, and what can go.

use super::args::{StoreArgs, StoreCommand};
use super::locked::{beside, read};
use super::outcome::{Outcome, Stop, stored};
use super::run::progress::duration;
use super::screen::Screen;
use crate::diag::{Code, Diagnostic};
use crate::plan::bytes;
use crate::store::tend::{Entry, Kind, Needs, last_plans, lies_at};
use crate::store::uses::FoundUse;
use crate::store::{Store, StoreError};
use crate::text::on_one_line;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folders below this one in which locks are looked for.
const DEPTH: usize = 6;

/// Looks after a store.
pub(crate) fn run(args: &StoreArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let folder = match &args.command {
        StoreCommand::Ls(it) => &it.store,
        StoreCommand::Gc(it) => &it.store.store,
        StoreCommand::Verify(it) => &it.store,
    };
    if !folder.join("format").is_file() {
        let message = format!("there is no store in {}", folder.display());
        return Err(Stop::refuse(Diagnostic::error(Code::NoStore, message).help("`--store DIR` names another folder")));
    }
    let store = Store::open(folder).map_err(|error| stored(&error))?;
    match &args.command {
        StoreCommand::Ls(it) => ls(&store, &it.lock, screen),
        StoreCommand::Gc(it) => gc(&store, &it.store.lock, it.delete, screen),
        StoreCommand::Verify(_) => verify(&store, screen),
    }
}

/// An error of the store or of a lock.
enum Trouble {
    Store(StoreError),
    Stop(Stop),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Trouble::Store(error)
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Stop {
        match trouble {
            Trouble::Store(error) => stored(&error),
            Trouble::Stop(stop) => stop,
        }
    }
}

/// What locks and last plans need: locks beside recipes that used the store, those that were written elsewhere, those below this folder,
/// and those that are named.
fn needs(uses: &[FoundUse], named: &[PathBuf]) -> Result<Needs, Stop> {
    let mut needs = Needs::new();
    let mut add = |keys: &mut dyn Iterator<Item = crate::graph::ContentKey>, who: &str| {
        for key in keys {
            needs.entry(key).or_default().insert(who.to_owned());
        }
    };
    let mut locks: BTreeSet<PathBuf> = named.iter().cloned().collect();
    for it in uses {
        let known = it.what.locks.iter().cloned().chain([beside(&it.what.recipe)]);
        locks.extend(known.filter(|lock| lies_at(lock)).map(|lock| shown(&lock)));
    }
    let below = walkdir::WalkDir::new(".").max_depth(DEPTH).into_iter();
    let visible = |entry: &walkdir::DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.');
    for entry in below.filter_entry(visible).flatten().filter(|entry| !entry.file_type().is_dir()) {
        if entry.file_name().to_string_lossy().ends_with(".ddl.lock") {
            locks.insert(shown(entry.path()));
        }
    }
    for file in &locks {
        // a lock that can't be read may need anything
        let lock = read(file)?;
        add(&mut lock.nodes.values().map(|node| node.key), &format!("lock {}", file.display()));
    }
    for it in last_plans(uses) {
        let who = if it.held { "run of" } else { "plan of" };
        add(&mut it.what.keys.iter().copied(), &format!("{who} {}", shown(&it.what.recipe).display()));
    }
    Ok(needs)
}

/// A path from this folder where it lies below it.
fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let below = path.strip_prefix(&here).or_else(|_| path.strip_prefix("."));
    below.map_or_else(|_| path.to_owned(), Path::to_owned)
}

fn ls(store: &Store, locks: &[PathBuf], screen: &Screen) -> Result<Outcome, Stop> {
    let uses = store.uses().map_err(|error| stored(&error))?;
    let all = store.list(&needs(&uses, locks)?).map_err(|error| stored(&error))?;
    screen.result(&table(&all))?;
    Ok(Outcome::Done)
}

fn gc(store: &Store, locks: &[PathBuf], delete: bool, screen: &Screen) -> Result<Outcome, Stop> {
    let cleaning = store.clean(delete, |uses| needs(uses, locks).map_err(Trouble::Stop))?;
    screen.result(&table(&cleaning.gone))?;
    let size: u64 = cleaning.gone.iter().map(|it| it.bytes).sum();
    let (count, kept) = (cleaning.gone.len(), cleaning.kept);
    if delete {
        screen.note(format!("{count} removed, {}; {kept} are needed", bytes(size)));
    } else {
        screen.note(format!("{count} would be removed by `--delete`, {}; {kept} are needed", bytes(size)));
    }
    if !cleaning.busy.is_empty() {
        screen.note(format!("{} that nobody needs are being worked on and stay", cleaning.busy.len()));
    }
    Ok(Outcome::Done)
}

fn verify(store: &Store, screen: &Screen) -> Result<Outcome, Stop> {
    let all = store.list(&Needs::new()).map_err(|error| stored(&error))?;
    let checked = |it: &&Entry| matches!(it.kind, Kind::Result | Kind::Checkpoint);
    let of: u64 = all.iter().filter(checked).map(|it| it.bytes).sum();
    let damages = store.verify(&all).map_err(|error| stored(&error))?;
    let count = all.iter().filter(checked).count();
    if damages.is_empty() {
        screen.result(&format!("{count} results and checkpoints are whole ({})\n", bytes(of)))?;
        return Ok(Outcome::Done);
    }
    let lines: Vec<String> = damages.iter().map(ToString::to_string).collect();
    let message = format!("{} of {count} results and checkpoints are damaged:\n{}", damages.len(), lines.join("\n"));
    Err(Stop::fail(Diagnostic::error(Code::DamagedArtifact, message).help("the next run that needs them computes them again")))
}

/// Entries as a table.
fn table(all: &[Entry]) -> String {
    let kind = |it: &Entry| match it.kind {
        Kind::Result if it.op.is_empty() => "unreadable".to_owned(),
        Kind::Result => on_one_line(&it.op),
        Kind::Checkpoint => "checkpoint".to_owned(),
        Kind::Unfinished => "unfinished".to_owned(),
        Kind::Damaged => "damaged".to_owned(),
    };
    let name = |it: &Entry| {
        if it.name.is_empty() { it.folder.file_name().unwrap_or_default().to_string_lossy().into_owned() } else { on_one_line(&it.name) }
    };
    let needed = |it: &Entry| {
        let all: Vec<String> = it.needed_by.iter().map(|who| on_one_line(who)).collect();
        if all.is_empty() { "–".to_owned() } else { all.join(", ") }
    };
    let mut text = String::new();
    for it in all {
        let age = duration(it.age.as_secs_f64());
        text.push_str(&format!("{:>10}  {age:>12}  {:<10}  {}  {}\n", bytes(it.bytes), kind(it), name(it), needed(it)));
    }
    text
}
