//! `ddl doc`: operators as their declarations say them, and the standard library as its text does, for the terminal and for the book.

mod groups;
mod library;
mod markdown;
mod reference;
mod signature;
mod text;

use super::args::{DocArgs, DocFormat};
use super::outcome::{Outcome, Stop};
use super::screen::Screen;
use crate::diag::did_you_mean;
use crate::ops::{NOT_YET, declared, registry};

/// Shows one operator, lists all, or writes the reference.
pub(crate) fn run(args: &DocArgs, screen: &Screen) -> Result<Outcome, Stop> {
    if let Some(folder) = &args.reference {
        reference::write(folder)?;
        return Ok(Outcome::Done);
    }
    let text = match (&args.operator, args.format) {
        (None, DocFormat::Text) => text::list(),
        (None, DocFormat::Markdown) => markdown::list(),
        (Some(name), format) if name == "std" || name.starts_with("std.") => library_text(name, format)?,
        (Some(name), format) => {
            let decl = declared(name.as_str()).filter(|decl| !decl.hidden).ok_or_else(|| unknown(name))?;
            match format {
                DocFormat::Text => text::operator(decl),
                DocFormat::Markdown => markdown::operator(decl, 1),
            }
        }
    };
    screen.result(&text)?;
    Ok(Outcome::Done)
}

fn library_text(name: &str, format: DocFormat) -> Result<String, Stop> {
    if name == "std" {
        return Ok(match format {
            DocFormat::Text => library::modules().iter().map(library::Module::text).collect::<Vec<_>>().join("\n"),
            DocFormat::Markdown => library::page(),
        });
    }
    let found = library::find(name).ok_or_else(|| {
        let paths = library::paths();
        let near = did_you_mean(name, paths.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        Stop::wrong_with(
            format!("the standard library has no `{name}`"),
            near.unwrap_or_else(|| "`ddl doc std` lists what it has".to_owned()),
        )
    })?;
    Ok(match (found, format) {
        (library::Found::Module(module), DocFormat::Text) => module.text(),
        (library::Found::Module(module), DocFormat::Markdown) => module.markdown(1),
        (library::Found::Def(def), DocFormat::Text) => def.text(),
        (library::Found::Def(def), DocFormat::Markdown) => def.markdown(1),
    })
}

fn unknown(name: &str) -> Stop {
    if let Some((_, what)) = NOT_YET.iter().find(|(later, _)| *later == name) {
        return Stop::wrong_with(format!("`{name}` ({what}) is not there yet"), "`ddl doc` lists what there is");
    }
    if crate::syntax::begins_a_declaration(name) {
        return Stop::wrong_with(
            format!("`{name}` begins a declaration, and is no operator"),
            "docs/language/syntax.md says what each declaration is; `ddl doc` lists the operators",
        );
    }
    let of_library = library::paths()
        .into_iter()
        .find(|path| path.strip_prefix("std.").is_some_and(|path| path == name || path.ends_with(&format!(".{name}"))));
    if let Some(path) = of_library {
        return Stop::wrong_with(format!("there is no operator `{name}`"), format!("the standard library has `{path}`"));
    }
    let known = registry().values().filter(|decl| !decl.hidden).map(|decl| decl.name);
    let help =
        did_you_mean(name, known).map_or_else(|| "`ddl doc` lists all operators".to_owned(), |meant| format!("did you mean `{meant}`?"));
    Stop::wrong_with(format!("there is no operator `{name}`"), help)
}
