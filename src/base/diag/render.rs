//! Diagnostics for people: drawn by miette with the lines of the source that they are about.

use super::excerpt::{Excerpt, HOOK, wrapped};
use super::{Diagnostic, Label, Severity};
use crate::source::{Source, SourceMap};
use crate::text::shown;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, ThemeCharacters, ThemeStyles};
use std::fmt;
use std::ops::Range;
use unicode_width::UnicodeWidthStr as _;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// Whether to colour with ANSI escapes.
    pub color: bool,
    /// The width of the words in columns.
    pub width: usize,
    /// How wide a line of the source may be; a longer one is cut around the places.
    pub source_width: usize,
}

/// Narrower than this nothing is drawn.
const NARROWEST: usize = 40;

/// Columns before a line of the source: its number, and the frame.
const MARGIN: usize = 8;

/// Columns of the bar before places on several lines.
const BAR: usize = 3;

/// Labels are no narrower, whatever stands before them.
const NARROWEST_LABEL: usize = 8;

/// Places of one file that a diagnostic shows; of more than these the first ones.
const MOST_PLACES: usize = 32;

impl Default for RenderOptions {
    /// Plain text of 100 columns, for no screen: only very long lines of the source are cut.
    fn default() -> Self {
        RenderOptions { color: false, width: 100, source_width: 240 }
    }
}

impl RenderOptions {
    /// For a screen of so many columns, texts no wider than `widest`.
    pub fn for_screen(color: bool, columns: usize, widest: usize) -> Self {
        let columns = columns.max(NARROWEST);
        RenderOptions { color, width: columns.min(widest), source_width: columns - MARGIN }
    }
}

/// The diagnostic as text for a terminal, with a newline at its end.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, options: RenderOptions) -> String {
    let styles = if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters: ThemeCharacters::unicode(), styles })
        .with_width(options.width.max(NARROWEST))
        .with_links(false)
        .with_show_related_as_nested(false)
        .without_syntax_highlighting();
    let mut out = String::new();
    match handler.render_report(&mut out, &Shown::new(diagnostic, sources, options.source_width.max(NARROWEST - MARGIN))) {
        Ok(()) => out,
        // miette only fails where it cannot read a span; the words are still worth having
        Err(fmt::Error) => format!("{}\n", shown(&diagnostic.to_string())),
    }
}

/// A diagnostic as miette wants it: one source for each, so labels in other files become notes of their own.
#[derive(Debug)]
struct Shown {
    message: String,
    code: Option<&'static str>,
    severity: Severity,
    help: Option<String>,
    source: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
    related: Vec<Shown>,
}

impl Shown {
    fn new(diagnostic: &Diagnostic, sources: &SourceMap, widest: usize) -> Self {
        let home = diagnostic.span().and_then(|span| sources.get(span.file));
        let (here, elsewhere): (Vec<&Label>, Vec<&Label>) =
            diagnostic.labels.iter().partition(|label| home.is_some_and(|home| home.id == label.span.file));
        let notes = elsewhere.into_iter().take(MOST_PLACES).filter_map(|label| {
            let message = if label.text.is_empty() { "see also".to_owned() } else { shown(&label.text).into_owned() };
            let (source, labels) = excerpt(&[label], sources.get(label.span.file)?, widest);
            // what is to be said of the place is the message
            let labels = labels.into_iter().map(|label| LabeledSpan::new_with_span(None, *label.inner())).collect();
            Some(Shown { message, code: None, severity: Severity::Advice, help: None, source: Some(source), labels, related: Vec::new() })
        });
        let (source, labels) = home.map(|home| excerpt(&here[..here.len().min(MOST_PLACES)], home, widest)).unzip();
        Shown {
            message: shown(&diagnostic.message).into_owned(),
            code: Some(diagnostic.code.text()),
            severity: diagnostic.severity,
            help: diagnostic.help.as_ref().map(|help| shown(help).into_owned()),
            source,
            labels: labels.unwrap_or_default(),
            related: notes.chain(diagnostic.related.iter().map(|other| Shown::new(other, sources, widest))).collect(),
        }
    }
}

/// The lines of places in one source, and the labels at them.
fn excerpt(labels: &[&Label], source: &Source, widest: usize) -> (Excerpt, Vec<LabeledSpan>) {
    let places: Vec<Range<usize>> = labels.iter().map(|label| place(label, source)).collect();
    let longest = labels.iter().map(|label| label.text.width()).max().unwrap_or(0);
    // places on several lines stand behind a bar of their own
    let bars = BAR * places.iter().filter(|place| source.text[(*place).clone()].contains('\n')).count();
    let widest = widest.saturating_sub(bars).max(NARROWEST - MARGIN - BAR);
    let excerpt = Excerpt::new(source, &places, longest, widest);
    let labelled = labels.iter().zip(places).map(|(label, place)| {
        let (start, end) = (excerpt.at(place.start), excerpt.at(place.end));
        let room = widest.saturating_sub(excerpt.hook(&place) + HOOK).max(NARROWEST_LABEL);
        let text = Some(wrapped(&shown(&label.text), room)).filter(|text| !text.is_empty());
        if label.primary {
            LabeledSpan::new_primary_with_span(text, (start, end - start))
        } else {
            LabeledSpan::new_with_span(text, (start, end - start))
        }
    });
    let labelled = labelled.collect();
    (excerpt, labelled)
}

/// The label's place, trimmed to whole characters of the text.
fn place(label: &Label, source: &Source) -> Range<usize> {
    let inside = |offset: u32, step: isize| {
        let mut at = (offset as usize).min(source.text.len());
        while !source.text.is_char_boundary(at) {
            at = at.saturating_add_signed(step);
        }
        at
    };
    let start = inside(label.span.start, -1);
    start..inside(label.span.end, 1).max(start)
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl miette::Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Advice => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        (!self.related.is_empty())
            .then(|| Box::new(self.related.iter().map(|other| other as &dyn miette::Diagnostic)) as Box<dyn Iterator<Item = _>>)
    }
}
