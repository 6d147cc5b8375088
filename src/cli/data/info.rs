//! `ddl data info`: what is in data.

use super::sheet;
use super::source::Source;
use crate::cli::args::DataInfoArgs;
use crate::cli::files::{self, Own};
use crate::cli::outcome::{Outcome, Stop};
use crate::cli::screen::Screen;
use crate::data::Table;
use crate::data::probe::LeftOut;
use crate::data::survey::{Attribute, Bar, Survey};
use crate::plan::{bytes, grouped};
use crate::text::{on_one_line, quoted};
use serde_json::json;

/// Columns of the longest bar.
const LONGEST: usize = 30;
/// Sizes that are named.
const SIZES: usize = 5;

/// Says what is in each data set.
pub(crate) fn run(args: &DataInfoArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let mut outcome = Outcome::Done;
    let mut seen = Vec::new();
    for said in &args.source.data {
        // data that can't be read hides no other
        match one(said, args, screen) {
            Ok(it) => seen.push(it),
            Err(stop) => outcome = screen.ended(stop),
        }
    }
    if let Some(page) = &args.sheet
        && !seen.is_empty()
    {
        files::hold_apart(page, Own::Page, &args.source.store)?;
        sheet::write(page, &seen, screen)?;
    }
    Ok(outcome)
}

fn one(said: &str, args: &DataInfoArgs, screen: &Screen) -> Result<(Source, Table, String), Stop> {
    let source = Source::open(said, &args.source.store, screen)?;
    let table = source.table()?;
    let reads = source.reads()?;
    let survey = Survey::of(&table, reads.into_iter().map(|reads| reads.told)).map_err(|error| super::source::wrong(&error))?;
    let left_out = source.left_out();
    let readers = source.readers();
    if args.json {
        let mut object = json!({ "data": said, "readers": readers });
        let left_out: serde_json::Map<String, serde_json::Value> = left_out
            .iter()
            .flat_map(|it| it.endings.iter())
            .map(|((picture, ending), count)| (ending.clone(), json!({ "files": count, "pictures": picture })))
            .collect();
        object["left_out"] = left_out.into();
        if let (Some(object), Ok(serde_json::Value::Object(survey))) = (object.as_object_mut(), serde_json::to_value(&survey)) {
            object.extend(survey);
        }
        screen.result(&format!("{object}\n"))?;
    } else {
        screen.result(&text(said, &readers, &survey, &left_out))?;
    }
    let summary = format!(
        "{said}: {} images of {} people, read by {}",
        grouped(survey.images as u64),
        grouped(survey.people as u64),
        readers.join(", ")
    );
    Ok((source, table, summary))
}

/// A survey for people.
fn text(said: &str, readers: &[String], survey: &Survey, left_out: &[LeftOut]) -> String {
    let mut lines = vec![format!("{}  {}", on_one_line(said), readers.join(", "))];
    let mut line = |what: &str, value: String| lines.push(format!("  {what:<18}{value}").trim_end().to_owned());
    let count = |count: usize| grouped(count as u64);
    line("images", survey.bytes.map_or_else(|| count(survey.images), |of| format!("{}, {}", count(survey.images), bytes(of))));
    line("people", count(survey.people));
    let each = &survey.per_person;
    if each.least == each.most {
        line("images a person", count(each.most));
    } else {
        line(
            "images a person",
            format!("{} to {}, half have {} or more, {:.1} on average", count(each.least), count(each.most), count(each.median), each.mean),
        );
        let most = each.histogram.iter().map(|bar| bar.people).max().unwrap_or(1).max(1);
        let width = each.histogram.iter().map(|bar| range(bar).len()).max().unwrap_or(0);
        for bar in &each.histogram {
            let drawn = "█".repeat((bar.people * LONGEST).div_ceil(most));
            line("", format!("{:>width$}  {drawn:<LONGEST$}  {}", range(bar), count(bar.people)));
        }
    }
    if !survey.sizes.is_empty() {
        let mut sizes: Vec<String> =
            survey.sizes.iter().take(SIZES).map(|it| format!("{}x{} ({})", it.width, it.height, count(it.images))).collect();
        if survey.sizes.len() > SIZES {
            let widths = survey.sizes.iter().map(|it| it.width);
            let heights = survey.sizes.iter().map(|it| it.height);
            let ends = |sides: (Option<u32>, Option<u32>)| format!("{} to {}", sides.0.unwrap_or(0), sides.1.unwrap_or(0));
            let (wide, high) = (ends((widths.clone().min(), widths.max())), ends((heights.clone().min(), heights.max())));
            sizes.push(format!("and {} more, {wide} wide and {high} high", count(survey.sizes.len() - SIZES)));
        }
        line("sizes", sizes.join(", "));
    }
    if survey.no_images.images > 0 {
        let first = survey.no_images.first.as_deref().unwrap_or_default();
        line("no images", format!("{} do not begin as an image, first {}", count(survey.no_images.images), on_one_line(first)));
    }
    match &survey.alignment {
        Some(known) if known.said => line("alignment", on_one_line(&known.name)),
        Some(perhaps) => line("alignment", format!("not said; perhaps {}: all have the size of such faces", perhaps.name)),
        None => line("alignment", "not said".to_owned()),
    }
    for (at, attribute) in survey.attributes.iter().enumerate() {
        line(if at == 0 { "attributes" } else { "" }, described(attribute, survey.images));
    }
    let equal = &survey.equal;
    if equal.of_one_person > 0 {
        line("equal files", format!("{} more than once under one person", count(equal.of_one_person)));
    }
    if equal.of_several_people > 0 {
        let first = equal.first.as_ref().map(|two| two.each_ref().map(|place| on_one_line(place)).join(" and ")).unwrap_or_default();
        line("under two people", format!("{} files, first {first}", count(equal.of_several_people)));
    }
    for left_out in left_out.iter().filter(|it| it.files() > 0) {
        line("left out", left_out.to_string());
    }
    lines.join("\n") + "\n"
}

/// `8–15`.
fn range(bar: &Bar) -> String {
    if bar.from == bar.to { bar.from.to_string() } else { format!("{}–{}", grouped(bar.from as u64), grouped(bar.to as u64)) }
}

fn described(it: &Attribute, images: usize) -> String {
    let mut text = format!("{}: {}", on_one_line(&it.name), it.kind);
    if let Some((least, most)) = it.range {
        let (least, most) = (short(least), short(most));
        text += &if least == most { format!(", all {least}") } else { format!(" from {least} to {most}") };
    }
    if let Some(different) = it.different {
        let names: Vec<String> = it.texts.iter().map(|text| quoted(text)).collect();
        text +=
            &format!(", {}{} different: {}", if different >= 1000 { "at least " } else { "" }, grouped(different as u64), names.join(", "));
        if different > it.texts.len() {
            text += ", …";
        }
    }
    if it.known < images {
        text += &format!("; {} have none", grouped((images - it.known) as u64));
    }
    text + if it.has_type { "" } else { " (a `schema` gives it a type)" }
}

/// A number of a few digits.
fn short(number: f64) -> String {
    let rounded = (number * 1000.0).round() / 1000.0;
    rounded.to_string()
}
