//! `ddl data check`: what is wrong with data, found by decoding all of it.

use super::source::{Source, wrong};
use crate::cli::args::DataCheckArgs;
use crate::cli::outcome::{Outcome, Stop};
use crate::cli::screen::Screen;
use crate::data::inspect::{Damaged, Doubled, Inspection, inspect};
use crate::diag::{Code, Diagnostic};
use crate::plan::grouped;
use crate::source::SourceMap;
use crate::text::on_one_line;
use serde_json::json;

/// Images that a message names.
const NAMED: usize = 20;

/// Looks at all data and says what is wrong with it.
pub(crate) fn run(args: &DataCheckArgs, screen: &Screen) -> Outcome {
    let mut outcome = Outcome::Done;
    for said in &args.source.data {
        // data that is wrong hides no other; what can't be read at all is the worse
        let this = one(said, args, screen).unwrap_or_else(|stop| screen.ended(stop));
        if outcome != Outcome::Wrong && this != Outcome::Done {
            outcome = this;
        }
    }
    outcome
}

fn one(said: &str, args: &DataCheckArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let source = Source::open(said, &args.source.store, screen)?;
    let table = source.table()?;
    let found = inspect(&table).map_err(|error| wrong(&error))?;
    if args.json {
        let mut object = json!({ "data": said });
        if let (Some(object), Ok(serde_json::Value::Object(found))) = (object.as_object_mut(), serde_json::to_value(&found)) {
            object.extend(found);
        }
        screen.result(&format!("{object}\n"))?;
    } else {
        let repeated = if found.repeated > 0 {
            format!("; more than once under one person: {}", grouped(found.repeated as u64))
        } else {
            String::new()
        };
        let verdict = if found.is_good() { "all can be decoded, none is empty or under two people" } else { "not all are good" };
        screen.result(&format!("{}: {} images, {verdict}{repeated}\n", on_one_line(said), grouped(found.images as u64)))?;
        messages(said, &found).iter().for_each(|message| screen.message(message, &SourceMap::new()));
    }
    Ok(if found.is_good() { Outcome::Done } else { Outcome::Failed })
}

/// What is said of it, one message for each kind of fault.
fn messages(said: &str, found: &Inspection) -> Vec<Diagnostic> {
    let of = grouped(found.images as u64);
    let mut all = Vec::new();
    if !found.damaged.is_empty() {
        let lines =
            listed(&found.damaged, |Damaged { image, why }| if why.contains(image) { why.clone() } else { format!("{image}: {why}") });
        let message = format!("{said}: {} of {of} images can't be decoded:\n{lines}", grouped(found.damaged.len() as u64));
        all.push(Diagnostic::error(Code::Corrupt, message).help("mend or remove them, or leave them out: `on_corrupt = \"skip\"`"));
    }
    if !found.doubled.is_empty() {
        let lines = listed(&found.doubled, |Doubled { people, images }| {
            let each: Vec<String> = people.iter().zip(images).map(|(person, image)| format!("{person} ({image})")).collect();
            each.join(" and ")
        });
        let what = if found.doubled.len() == 1 { "picture is" } else { "pictures are" };
        let message = format!("{said}: {} {what} under two people or more:\n{lines}", grouped(found.doubled.len() as u64));
        all.push(Diagnostic::error(Code::TwoPeople, message).help("remove all but the right one, or make the people one"));
    }
    if !found.empty.is_empty() {
        let lines = listed(&found.empty, String::clone);
        let message = format!("{said}: {} of {of} images have one colour all over:\n{lines}", grouped(found.empty.len() as u64));
        all.push(Diagnostic::error(Code::Blank, message).help("remove them"));
    }
    all
}

/// The first of them, one a line.
fn listed<T>(all: &[T], line: impl Fn(&T) -> String) -> String {
    let mut lines: Vec<String> = all.iter().take(NAMED).map(|it| format!("  {}", on_one_line(&line(it)))).collect();
    if all.len() > NAMED {
        lines.push(format!("  … and {} more: `--json` has all", grouped((all.len() - NAMED) as u64)));
    }
    lines.join("\n")
}
