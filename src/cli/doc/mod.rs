//! `ddl doc`: operators as their declarations say them, for the terminal and for the book.

mod groups;
mod markdown;
mod reference;
mod signature;
mod text;

use super::args::{DocArgs, DocFormat};
use super::outcome::{Outcome, Stop};
use super::screen::Screen;
use crate::diag::did_you_mean;
use crate::ops::{NOT_YET, registry};

/// Shows one operator, lists all, or writes the reference.
pub fn run(args: &DocArgs, screen: &Screen) -> Result<Outcome, Stop> {
    if let Some(folder) = &args.reference {
        reference::write(folder)?;
        return Ok(Outcome::Done);
    }
    let text = match (&args.operator, args.format) {
        (None, DocFormat::Text) => text::list(),
        (None, DocFormat::Markdown) => markdown::list(),
        (Some(name), format) => {
            let decl = registry().get(name.as_str()).filter(|decl| !decl.hidden).ok_or_else(|| unknown(name))?;
            match format {
                DocFormat::Text => text::operator(decl),
                DocFormat::Markdown => markdown::operator(decl, 1),
            }
        }
    };
    screen.result(&text)?;
    Ok(Outcome::Done)
}

fn unknown(name: &str) -> Stop {
    if let Some((_, what)) = NOT_YET.iter().find(|(later, _)| *later == name) {
        return Stop::wrong_with(format!("`{name}` ({what}) is not there yet"), "`ddl doc` lists what there is");
    }
    let known = registry().values().filter(|decl| !decl.hidden).map(|decl| decl.name);
    let help =
        did_you_mean(name, known).map_or_else(|| "`ddl doc` lists all operators".to_owned(), |meant| format!("did you mean `{meant}`?"));
    Stop::wrong_with(format!("there is no operator `{name}`"), help)
}
