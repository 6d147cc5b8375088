//! Diagnostics for programs: one JSON object a line.

use super::{Diagnostic, Label};
use crate::source::{SourceMap, Span};
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    /// The file of the first span.
    file: Option<&'a str>,
    spans: Vec<Place<'a>>,
    help: Option<&'a str>,
    related: Vec<Line<'a>>,
}

/// Lines and columns from 1, columns in characters; bytes from 0, the end excluded.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start: u32,
    end: u32,
    label: &'a str,
    primary: bool,
}

/// The diagnostic as one line of JSON (without a newline at its end).
///
/// Keys: `code`, `severity`, `message`, `file`, `spans` (`file`, `line`, `column`, `end_line`, `end_column`, `start`, `end`, `label`,
/// `primary`), `help`, `related`. Lines and columns count from 1, columns in characters; `start` and `end` are byte offsets.
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    // strings and numbers under string keys always serialise
    serde_json::to_string(&line(diagnostic, sources)).unwrap_or_default()
}

fn line<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Line<'a> {
    Line {
        code: diagnostic.code.text(),
        severity: diagnostic.severity.text(),
        message: &diagnostic.message,
        file: diagnostic.span().and_then(|span| name(span, sources)),
        spans: diagnostic.labels.iter().filter_map(|label| place(label, sources)).collect(),
        help: diagnostic.help.as_deref(),
        related: diagnostic.related.iter().map(|other| line(other, sources)).collect(),
    }
}

fn name(span: Span, sources: &SourceMap) -> Option<&str> {
    sources.get(span.file).map(|source| source.name.as_str())
}

fn place<'a>(label: &'a Label, sources: &'a SourceMap) -> Option<Place<'a>> {
    let source = sources.get(label.span.file)?;
    let (first, last) = (source.place(label.span.start), source.place(label.span.end));
    Some(Place {
        file: &source.name,
        line: first.line,
        column: first.column,
        end_line: last.line,
        end_column: last.column,
        start: label.span.start,
        end: label.span.end,
        label: &label.text,
        primary: label.primary,
    })
}
