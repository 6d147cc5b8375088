//! The web page of a run: one file, nothing loaded from elsewhere.

use super::graph::graph;
use super::model::{Batch, Claimed, Fact, NodeState, Report, Table, Work};
use super::plot::{cmc_plot, curve_plot, distribution_plot, roc_plot};
use super::table::{CellView, DifferenceView, RowView, TableView, Verdict};
use crate::text::shown;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// Forbids the page to load anything but its own styles and pictures.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// The whole page, without anything that is no sign to be shown.
pub fn page(report: &Report) -> String {
    shown(&markup(report)).into_owned()
}

fn markup(report: &Report) -> String {
    let sections = sections(report);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="generator" content="ddl";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (report.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (report.title) }
                    (prose(&report.doc))
                    @if sections.len() > 1 {
                        nav aria-label="Sections" { @for section in &sections { a href=(format!("#{}", section.id)) { (section.title) } } }
                    }
                }
                main {
                    @if !report.warnings.is_empty() {
                        aside class="warnings" aria-label="Warnings" { ul { @for warning in &report.warnings { li { (warning) } } } }
                    }
                    @if !report.notes.is_empty() {
                        details class="notes" { summary { "Notes" } ul { @for note in &report.notes { li { (note) } } } }
                    }
                    @for section in &sections { section id=(section.id) { h2 { (section.title) } (section.body) } }
                }
                footer { "Written by ddl. Everything is in this file; it loads nothing." }
            }
        }
    }
    .into_string()
}

struct Section {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

/// The parts of the report that have something to show.
fn sections(report: &Report) -> Vec<Section> {
    let plots = |figures: Vec<Markup>| html! { div class="plots" { @for figure in figures { (figure) } } };
    let all = [
        (!report.tables.is_empty(), "results", "Results", html! { @for t in &report.tables { (table(t)) } }),
        (!report.claims.is_empty(), "claims", "What was expected", claims(&report.claims)),
        (!report.decisions.is_empty(), "decisions", "What was chosen", facts(&report.decisions)),
        (
            !report.distributions.is_empty(),
            "distributions",
            "Similarity distributions",
            plots(report.distributions.iter().map(distribution_plot).collect()),
        ),
        (!report.rocs.is_empty(), "roc", "ROC curves", plots(report.rocs.iter().map(roc_plot).collect())),
        (!report.cmcs.is_empty(), "cmc", "Identification", plots(report.cmcs.iter().map(cmc_plot).collect())),
        (!report.curves.is_empty(), "training", "Training", plots(report.curves.iter().map(curve_plot).collect())),
        (
            !report.batches.is_empty(),
            "batches",
            "First batches, as the network saw them",
            html! { @for b in &report.batches { (batch(b)) } },
        ),
        (!report.sheets.is_empty(), "images", "Images", html! { @for b in &report.sheets { (batch(b)) } }),
        (!report.graph.nodes.is_empty(), "graph", "Graph", graph(&report.graph)),
        (!report.recipe.is_empty(), "recipe", "Recipe", recipe(&report.recipe)),
        (
            !report.facts.is_empty() || !report.work.is_empty(),
            "facts",
            "This run",
            html! { (facts(&report.facts)) @if !report.work.is_empty() { (work(&report.work)) } },
        ),
    ];
    all.into_iter().filter(|part| part.0).map(|(_, id, title, body)| Section { id, title, body }).collect()
}

/// Claims in a list, each with its numbers.
fn claims(claims: &[Claimed]) -> Markup {
    let verdict = |holds| match holds {
        Some(true) => "holds",
        Some(false) => "does not hold",
        None => "can't be verified",
    };
    html! {
        dl class="facts" {
            @for it in claims {
                div {
                    dt { (it.expect) br; @if it.holds == Some(true) { (verdict(it.holds)) } @else { strong { (verdict(it.holds)) } } }
                    dd { code { (it.claim) } br; (it.measured) }
                }
            }
        }
    }
}

/// Documentation: paragraphs are parted by blank lines.
fn prose(text: &str) -> Markup {
    html! { @for paragraph in text.split("\n\n").map(str::trim).filter(|p| !p.is_empty()) { p { (paragraph) } } }
}

fn table(source: &Table) -> Markup {
    let view = TableView::of(source);
    html! {
        figure class="table" {
            figcaption { strong { (view.name) } }
            (prose(&view.doc))
            div class="scroll" tabindex="0" {
                table {
                    thead { tr { th scope="col" { span class="hidden" { "model" } } @for heading in &view.headings { th scope="col" { (heading) } } } }
                    tbody { @for row in &view.rows { (table_row(row)) } }
                }
            }
            ul class="notes" { @for note in &view.notes { li { (note) } } }
        }
    }
}

fn table_row(row: &RowView) -> Markup {
    html! {
        tr class=[row.published.then_some("published")] {
            th scope="row" {
                (row.label) @if row.published { " †" }
                @if let Some(against) = &row.against { span class="against" { "against " (against) } }
            }
            @for cell in &row.cells { td { @match cell { Some(cell) => (table_cell(cell)), None => { span class="none" { "–" } } } } }
        }
    }
}

fn table_cell(cell: &CellView) -> Markup {
    html! {
        span class="value" { (cell.value) }
        @if let Some(sd) = &cell.sd { span class="sd" { " ± " (sd) } }
        @if let Some(ci) = &cell.ci { span class="ci" { (ci) } }
        @if let Some(d) = &cell.difference { (difference(d)) }
    }
}

fn difference(difference: &DifferenceView) -> Markup {
    let (class, words, mark) = match difference.verdict {
        Verdict::Better => ("better", "better beyond the noise", "*"),
        Verdict::Worse => ("worse", "worse beyond the noise", "*"),
        Verdict::Noise => ("noise", "within the noise", ""),
        Verdict::Unknown => ("noise", "noise unknown: too little to tell", ""),
    };
    html! {
        span class=(format!("difference {class}")) title=(words) {
            (difference.value)
            @if let Some(sd) = &difference.sd { " ± " (sd) }
            @if !mark.is_empty() { " " abbr title=(words) { (mark) } }
        }
    }
}

fn batch(batch: &Batch) -> Markup {
    html! {
        figure {
            figcaption { strong { (batch.title) } }
            @for group in &batch.groups {
                h3 { (group.label) " " span class="note" { (group.tiles.len()) " images" } }
                div class="tiles" {
                    @for tile in &group.tiles {
                        div class="tile" {
                            img src=(tile.image.as_str()) alt=(tile.caption) loading="lazy";
                            @if !tile.caption.is_empty() { span title=(tile.caption) { (tile.caption) } }
                        }
                    }
                }
            }
        }
    }
}

fn recipe(text: &str) -> Markup {
    html! {
        pre class="source" tabindex="0" {
            code { @for line in text.lines() { @let (code, comment) = comment_of(line); (code) @if !comment.is_empty() { span class="comment" { (comment) } } "\n" } }
        }
    }
}

/// A recipe's line parted before its comment; `//` inside of a text is none.
fn comment_of(line: &str) -> (&str, &str) {
    let (mut in_text, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '/' if !in_text && line[at..].starts_with("//") => return line.split_at(at),
            _ => {}
        }
    }
    (line, "")
}

fn facts(facts: &[Fact]) -> Markup {
    html! { dl class="facts" { @for fact in facts { div { dt { (fact.name) } dd { (fact.value) } } } } }
}

/// The work on results, what took longest first.
fn work(all: &[Work]) -> Markup {
    let mut longest: Vec<&Work> = all.iter().collect();
    longest.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let elsewhere = all.iter().any(|work| !work.machine.is_empty());
    let what = |work: &Work| if work.label.is_empty() { work.kind.clone() } else { format!("{} ({})", work.label, work.kind) };
    let state = |work: &Work| match work.state {
        NodeState::Ran => "this run",
        NodeState::Cached | NodeState::Described => "from the store",
    };
    html! {
        div class="scroll" tabindex="0" {
            table class="work" {
                thead { tr {
                    @for heading in ["result", "nodes", "seconds", "begun", ""] { th scope="col" { (heading) } }
                    @if elsewhere { th scope="col" { "computed on" } }
                } }
                tbody { @for it in longest { tr {
                    th scope="row" { (what(it)) }
                    td { (it.nodes) } td { (format!("{:.1}", it.seconds)) } td { (it.at.replace('T', " ").replace('Z', "")) } td { (state(it)) }
                    @if elsewhere { td { (it.machine) } }
                } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_end_a_line_but_not_in_a_text() {
        assert_eq!(comment_of("a = 1 // why"), ("a = 1 ", "// why"));
        assert_eq!(comment_of(r#"p = "http://x" // y"#), (r#"p = "http://x" "#, "// y"));
        assert_eq!(comment_of(r#"p = "\"//" "#), (r#"p = "\"//" "#, ""));
        assert_eq!(comment_of("/// doc"), ("", "/// doc"));
    }
}
