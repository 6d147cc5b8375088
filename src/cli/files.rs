//! Files of the user's: all that a command writes is written here. A file is there whole or not at all, and nothing but a file is ever
//! replaced: what is written to a pipe or a terminal goes into it.

use super::outcome::Stop;
use crate::diag::{Code, Diagnostic};
use crate::regular::{self, Whole};
use crate::source::LONGEST_SOURCE;
use crate::store::is_full;
use crate::system;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Links that are followed to a file, as the system follows them.
const MOST_LINKS: usize = 40;

/// What messages call standard input.
pub const STANDARD_INPUT: &str = "standard input";

/// Whether a file of the command line is `-`.
pub(crate) fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

/// All of standard input.
pub(crate) fn standard_input() -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let most = LONGEST_SOURCE as u64 + 1; // one more is refused as too long
    std::io::stdin()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| Stop::wrong(format!("cannot read standard input: {}", system::said(&error))))?;
    Ok(bytes)
}

/// What a command writes where its user says: it replaces a file of its own kind, and no other that lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// What `--events` writes.
    Events,
    /// A lock.
    Lock,
    /// A page of ours.
    Page,
    /// A picture: of none it can be told whose it is.
    Picture,
}

/// What tells a page of ours.
const PAGE: &[u8] = b"<meta name=\"generator\" content=\"ddl\">";

/// How much of a file tells its kind.
const TELLING: u64 = 4096;

impl Own {
    /// Whether a text begins as such a file does.
    fn begins(self, text: &[u8]) -> bool {
        let mut lines = text.split(|&byte| byte == b'\n');
        match self {
            Own::Events => text.starts_with(b"{\"kind\":"),
            Own::Lock => lines.any(|line| line.starts_with(b"lock: ")),
            Own::Page => text.windows(PAGE.len()).any(|part| part == PAGE),
            Own::Picture => false,
        }
    }

    fn called(self) -> &'static str {
        match self {
            Own::Events => "events of a run",
            Own::Lock => "a lock",
            Own::Page => "a page of ddl",
            Own::Picture => "a picture of this command",
        }
    }
}

/// Refuses an output folder in which one of these files can't be, or is already, where no run has written there before (`ours`).
pub(crate) fn writable(out: &Path, places: &[PathBuf], ours: bool) -> Result<(), Stop> {
    let refuse = |message: String, help: &str| Err(Stop::refuse(Diagnostic::error(Code::Unwritable, message).help(help)));
    if !out.is_dir() {
        return Ok(()); // nothing lies in it, or who makes it says why it can't be
    }
    for place in places {
        let kind = std::fs::metadata(place);
        if let Err(error) = &kind
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(named_unwritable(place, error)); // a name that is too long, a file where a folder should be
        }
        if kind.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
            return refuse(format!("cannot write {}: a folder lies there", place.display()), "take it away, or name another folder: --out");
        }
        if !ours && kind.is_ok_and(|kind| kind.is_file()) {
            let message = format!("{} is there already, and no run has written into {}", place.display(), out.display());
            return refuse(message, "name a folder for the results alone: --out");
        }
    }
    Ok(())
}

/// Refuses to write over what is not a command's own: a file of another kind, or whatever lies in a store.
pub(crate) fn hold_apart(path: &Path, own: Own, store: &Path) -> Result<(), Stop> {
    let refuse = |message: String, help: &str| Err(Stop::refuse(Diagnostic::error(Code::Unwritable, message).help(help)));
    let target = followed(path).unwrap_or_else(|_| path.to_owned());
    let whole = |path: &Path| path.canonicalize().ok();
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let (Some(folder), Some(store)) = (whole(folder), whole(store))
        && folder.starts_with(store)
    {
        return refuse(format!("{} lies in the store", path.display()), "name a file outside of it");
    }
    let mut found = Vec::new();
    let Ok(file) = regular::open(&target) else { return Ok(()) }; // there is none, or who writes says why
    if file.take(TELLING).read_to_end(&mut found).is_ok() && !found.is_empty() && !own.begins(&found) {
        let message = format!("{} holds something else than {}, and is not written over", path.display(), own.called());
        return refuse(message, "name another file, or remove that one");
    }
    Ok(())
}

/// Writes a file so that it is there whole or as it was before, with the permissions that it had. Links are followed, and pipes and
/// terminals written into.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    put(path, bytes, Lasting::Yes).map_err(|error| unwritable(path, &error))
}

/// Whether a file that was written outlasts a loss of power at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// The disk has it.
    Yes,
    /// It is one of many that help.
    No,
}

/// As [`write`], with the system's own error.
pub(crate) fn put(path: &Path, bytes: &[u8], lasting: Lasting) -> io::Result<()> {
    match stream(path)? {
        Some(mut stream) => stream.write_all(bytes),
        None => replace(&followed(path)?, bytes, lasting),
    }
}

/// A file that is written piece by piece from its beginning; links, pipes and terminals as [`write`] takes them.
pub(crate) fn begin(path: &Path) -> io::Result<File> {
    match stream(path)? {
        Some(stream) => Ok(stream),
        None => File::create(path),
    }
}

/// What lies at a path to write into, where it is a pipe or a terminal; nothing where it is a file or there is none yet.
fn stream(path: &Path) -> io::Result<Option<File>> {
    let found = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => return Ok(None),
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !regular::takes_a_stream(&found) {
        return regular::is_regular(&found).map(|()| None);
    }
    let file = regular::without_waiting().read(false).write(true).open(path).map_err(|error| match error.raw_os_error() {
        Some(code) if code == nix::errno::Errno::ENXIO as i32 => io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads from this pipe"),
        _ => error,
    })?;
    regular::waiting(&file)?; // from now on, for whoever reads
    Ok(Some(file))
}

/// Where a file lies that links lead to, also where the last one leads to nothing yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = std::fs::read_link(&target) else { return Ok(target) };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// A file as text, without its byte order mark; or why it is none.
pub(crate) fn read_text(path: &Path, whole: Whole) -> Result<String, String> {
    let bytes = regular::read(path, whole).map_err(|error| system::said(&error))?;
    crate::text::read(&bytes).map(str::to_owned).map_err(|why| why.to_string())
}

/// The end of a command that can't write a file.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Stop {
    let message = format!("cannot write {}: {}", path.display(), system::said(error));
    Stop::fail(if is_full(error) {
        Diagnostic::error(Code::DiskFull, message).help("make room and give the same command again: what is done is kept")
    } else {
        Diagnostic::error(Code::Unwritable, message)
    })
}

/// The same of a file that the command line names: where there can be none, the command line is wrong.
pub(crate) fn named_unwritable(path: &Path, error: &io::Error) -> Stop {
    let misplaced = matches!(
        error.kind(),
        io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::NotFound
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::InvalidInput
    );
    let no_folder = io::Error::new(error.kind(), "a file lies there, and no folder");
    match unwritable(path, if error.kind() == io::ErrorKind::AlreadyExists { &no_folder } else { error }) {
        Stop::Say(_, diagnostic) if misplaced => Stop::refuse(*diagnostic),
        other => other,
    }
}

/// Writes a file that the command line names, as [`write`].
pub(crate) fn write_named(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    put(path, bytes, Lasting::Yes).map_err(|error| named_unwritable(path, &error))
}

fn replace(target: &Path, bytes: &[u8], lasting: Lasting) -> io::Result<()> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".ddl-").make_in(folder, |path| File::create_new(path)).map_err(regular::nameless)?;
    file.write_all(bytes).map_err(regular::nameless)?;
    if let Ok(metadata) = std::fs::metadata(target) {
        if metadata.permissions().readonly() {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        file.as_file().set_permissions(metadata.permissions())?;
    }
    if lasting == Lasting::Yes {
        file.as_file().sync_all()?;
    }
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}
