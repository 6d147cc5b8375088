//! `ddl data convert`: data in another form.

use super::source::{Source, wrong};
use crate::cli::args::{DataConvertArgs, Form};
use crate::cli::files;
use crate::cli::outcome::{Outcome, Stop};
use crate::cli::screen::{Screen, counted};
use crate::data::Table;
use crate::data::probe::ProbeCache;
use crate::data::protocol::Verification;
use crate::data::readers::pair_file;
use crate::data::shards;
use crate::data::writers::{Container, Done, Pairs, WriteError, schema, write_until};
use crate::ops::readers::Reader;
use crate::plan::bytes;
use crate::signals;
use crate::text::on_one_line;
use indexmap::IndexMap;
use std::path::Path;

/// Writes data in another form.
pub(crate) fn run(args: &DataConvertArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let container = container(args)?;
    let to = args.to.as_path();
    // said before data is read, which may take a while
    if let Some(there) = shards::named(to).into_iter().find(|file| std::fs::symlink_metadata(file).is_ok()) {
        return Err(stopped(to, WriteError::There(there)));
    }
    let source = Source::open(&args.from, &args.store, screen)?;
    let whole = |path: &Path| path.canonicalize().ok();
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside =
        |root: &Path| whole(root).filter(|root| root.is_dir()).zip(whole(folder)).is_some_and(|(root, folder)| folder.starts_with(root));
    if let Some(root) = source.reads()?.iter().map(|read| &read.path).chain([&args.store]).find(|root| inside(root)) {
        return Err(Stop::wrong_with(
            format!("{} lies in {}, which would hold it as its own from then on", to.display(), root.display()),
            "name a place outside of it",
        ));
    }
    let table = source.table()?;
    let pairs = pairs(args, container, &source, &table, screen)?;
    signals::ask_for_an_end(); // or half of it would lie there
    let done = write_until(&table, to, container, pairs.as_ref(), &signals::is_ended).map_err(|error| stopped(to, error))?;
    let made: Vec<String> = done.made.iter().map(|path| path.display().to_string()).collect();
    let images = counted(done.images, "image");
    let what = match (container, table.people()) {
        (Container::Bin, _) => format!("{images}, which are {}", counted(done.images / 2, "pair")),
        (_, 1) => format!("{images} of 1 person"),
        (_, people) => format!("{images} of {people} people"),
    };
    let size = if container == Container::List { String::new() } else { format!(", {}", bytes(done.bytes)) };
    screen.note(format!("{what}{size}, in {}", few(&made)));
    if done.numbered && container != Container::Bin {
        screen.note("people are numbered there; who has which number stands in the file that ends in .people.csv");
    }
    if !done.lost.is_empty() {
        let holds: Vec<&str> = Container::ALL.into_iter().filter(|it| it.keeps().attributes).map(Container::name).collect();
        screen.note(format!("{} does not hold attributes ({}): {} do", container.name(), done.lost.join(", "), holds.join(", ")));
    }
    screen.note(format!("read it with {}", call(to, container, &table, &done)));
    Ok(Outcome::Done)
}

fn container(args: &DataConvertArgs) -> Result<Container, Stop> {
    let said = args.form.map(|form| match form {
        Form::Folder => Container::Folder,
        Form::List => Container::List,
        Form::Recordio => Container::RecordIo,
        Form::Tar => Container::Tar,
        Form::Webdataset => Container::WebDataset,
        Form::Tfrecord => Container::TfRecord,
        Form::Tface => Container::Tface,
        Form::Parquet => Container::Parquet,
        Form::Lmdb => Container::Lmdb,
        Form::Bin => Container::Bin,
    });
    let container = said.or_else(|| Container::of(&args.to)).ok_or_else(|| {
        let names: Vec<&str> = Container::ALL.into_iter().map(Container::name).collect();
        Stop::wrong_with(
            format!("the ending of {} says of no form that it is to be", args.to.display()),
            format!("say which: --as {}", names.join(", ")),
        )
    })?;
    if args.pairs.is_some() && container != Container::Bin {
        return Err(Stop::wrong(format!("--pairs says which pairs a pack (.bin) holds, and {} is none", args.to.display())));
    }
    let is_row = shards::named(&args.to).len() > 1;
    if is_row && !container.takes_rows() {
        return Err(Stop::wrong(format!("{} is one: a row of files is not possible", container.name())));
    }
    Ok(container)
}

/// The pairs of a pack: those that are named, or its own where a pack is read.
fn pairs(args: &DataConvertArgs, container: Container, source: &Source, table: &Table, screen: &Screen) -> Result<Option<Pairs>, Stop> {
    if container != Container::Bin {
        return Ok(None);
    }
    let reads = source.reads()?;
    let file = match (&args.pairs, &reads[..]) {
        (Some(file), _) => file.as_path(),
        (None, [only]) if only.has_pairs => &only.path,
        (None, _) => return Err(Stop::wrong_with("a pack holds pairs of images, and it is not said which", "name a list: --pairs FILE")),
    };
    if args.pairs.is_some() {
        // what `verification` says of such a list, before nobody can tell it from the pack any more
        let judged = Verification::from_file(file, table, None, &IndexMap::new(), &ProbeCache::none()).map_err(|error| wrong(&error))?;
        judged.doubts.iter().for_each(|doubt| screen.note(doubt.to_string()));
    }
    let mut lines = pair_file(file, table, &ProbeCache::none()).map_err(|error| wrong(&error))?;
    lines.sort_by_key(|pair| pair.fold); // readers of packs deal folds one after the other
    Ok(Some(Pairs { lines }))
}

/// The first of some names.
fn few(names: &[String]) -> String {
    match names {
        [first, .., last] if names.len() > 6 => format!("{first} to {last} ({})", names.len()),
        _ => names.join(", "),
    }
}

/// How a recipe reads what was written.
fn call(to: &Path, container: Container, table: &Table, done: &Done) -> String {
    let reader = Reader::decls().into_iter().map(|decl| decl.name).find(|name| match Reader::written(name) {
        Some(crate::data::writers::Written::As(all)) => all.contains(&container),
        Some(crate::data::writers::Written::Not(_)) | None => false,
    });
    let mut text = format!("{}({:?}", reader.unwrap_or("images"), on_one_line(&to.to_string_lossy()));
    if let Some(root) = &done.root {
        text += &format!(", root = {:?}", root.display().to_string());
    }
    let schema: Vec<String> = schema(table).into_iter().map(|(name, word)| format!("{name}: {word}")).collect();
    if container.keeps().attributes && !schema.is_empty() {
        text += &format!(", schema = {{{}}}", schema.join(", "));
    }
    text + ")"
}

/// The end of a command that could not write.
fn stopped(to: &Path, error: WriteError) -> Stop {
    match error {
        WriteError::Data(error) => wrong(&error),
        WriteError::Io { path, error } => files::named_unwritable(&path, &error),
        WriteError::There(path) => {
            let message = format!("{} is there already, and nothing is overwritten", path.display());
            Stop::wrong_with(message, "name another place, or remove it")
        }
        WriteError::Ended => Stop::Shown(Outcome::Interrupted),
        WriteError::Misfit(why) => Stop::wrong(format!("{}: {why}", to.display())),
    }
}
