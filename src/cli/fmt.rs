//! `ddl fmt`: recipes in their one style.

use super::args::FmtArgs;
use super::files;
use super::outcome::{Outcome, Stop};
use super::screen::{Screen, counted};
use crate::diag::Severity;
use crate::source::{Disk, SourceMap};
use crate::syntax::{format, parse};
use std::path::Path;

/// Formats files in place, or standard input to standard output. A file with mistakes in its syntax is left as it is.
pub(crate) fn run(args: &FmtArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let (mut changed, mut broken) = (0, 0);
    for file in &args.files {
        match one(file, args.check, screen)? {
            Formatted::AsItWas => {}
            Formatted::Changed => changed += 1,
            Formatted::Broken => broken += 1,
        }
    }
    if changed > 0 {
        screen.note(format!("{} {}", counted(changed, "file"), if args.check { "not formatted: `ddl fmt` does it" } else { "formatted" }));
    }
    Ok(if broken > 0 || (args.check && changed > 0) { Outcome::Wrong } else { Outcome::Done })
}

enum Formatted {
    AsItWas,
    Changed,
    Broken,
}

fn one(file: &Path, check: bool, screen: &Screen) -> Result<Formatted, Stop> {
    let from_input = files::is_standard_input(file);
    let shown = if from_input { files::STANDARD_INPUT.to_owned() } else { file.display().to_string() };
    let mut sources = SourceMap::new();
    let id = if from_input { sources.add_bytes(shown.clone(), files::standard_input()?) } else { sources.load(&Disk, file, shown.clone()) };
    let id = match id {
        Ok(id) => id,
        Err(error) => {
            screen.message(&error.into(), &sources);
            return Ok(Formatted::Broken);
        }
    };
    let Some(source) = sources.get(id) else { return Ok(Formatted::Broken) }; // it was just added
    let parsed = parse(source);
    if parsed.errors.iter().any(|it| it.severity == Severity::Error) {
        screen.messages(&parsed.errors, &sources);
        return Ok(Formatted::Broken);
    }
    let text = format(&parsed.file, source);
    let same = text == *source.text;
    match (check, from_input) {
        (true, _) if !same => screen.result(&format!("{shown}\n"))?,
        (false, true) => screen.verbatim(&text)?,
        (false, false) if !same => files::write(file, text.as_bytes())?,
        (true | false, true | false) => {}
    }
    Ok(if same || (from_input && !check) { Formatted::AsItWas } else { Formatted::Changed })
}
