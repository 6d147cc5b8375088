//! `ddl explain`: what a code means.

use super::args::ExplainArgs;
use super::outcome::{Outcome, Stop};
use super::screen::Screen;
use crate::diag::{Code, did_you_mean, explain};
use std::fmt::Write as _;

/// Explains one code, or lists all of them.
pub(crate) fn run(args: &ExplainArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let Some(wanted) = &args.code else {
        screen.result(&list())?;
        return Ok(Outcome::Done);
    };
    let Some(text) = explain(wanted) else {
        let known: Vec<&str> = Code::all().map(Code::text).collect();
        let full = if wanted.starts_with("ddl::") { wanted.clone() } else { format!("ddl::{wanted}") };
        let last_word = |code: &str| code.rsplit("::").next().is_some_and(|word| word == wanted);
        let meant = known.iter().copied().find(|code| last_word(code)).or_else(|| did_you_mean(&full, known.iter().copied()));
        let help = meant.map_or_else(|| "`ddl explain` lists all codes".to_owned(), |code| format!("did you mean `{code}`?"));
        return Err(Stop::wrong_with(format!("there is no code `{wanted}`"), help));
    };
    screen.result(&text)?;
    Ok(Outcome::Done)
}

fn list() -> String {
    let width = Code::all().map(|code| code.text().len()).max().unwrap_or(0);
    let mut out = String::new();
    for code in Code::all() {
        let _ = writeln!(out, "{:width$}  {}", code.text(), code.title()); // a String takes all
    }
    out
}
