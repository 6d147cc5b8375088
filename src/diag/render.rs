//! Diagnostics for people: drawn by miette with the lines of the source that they are about.

use super::{Diagnostic, Label, Severity};
use crate::source::{Source, SourceMap};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, ThemeCharacters, ThemeStyles};
use std::fmt;
use std::sync::Arc;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// Whether to colour with ANSI escapes.
    pub color: bool,
    /// The terminal's width in columns.
    pub width: usize,
}

impl Default for RenderOptions {
    /// Plain text, 100 columns.
    fn default() -> Self {
        RenderOptions { color: false, width: 100 }
    }
}

/// The diagnostic as text for a terminal, with a newline at its end.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, options: RenderOptions) -> String {
    let styles = if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters: ThemeCharacters::unicode(), styles })
        .with_width(options.width.max(40))
        .with_links(false)
        .with_show_related_as_nested(false)
        .without_syntax_highlighting();
    let mut out = String::new();
    match handler.render_report(&mut out, &Shown::new(diagnostic, sources)) {
        Ok(()) => out,
        // miette only fails where it cannot read a span; the words are still worth having
        Err(fmt::Error) => format!("{diagnostic}\n"),
    }
}

/// A diagnostic as miette wants it: one source for each, so labels in other files become notes of their own.
#[derive(Debug)]
struct Shown {
    message: String,
    code: Option<&'static str>,
    severity: Severity,
    help: Option<String>,
    source: Option<NamedSource<SharedText>>,
    labels: Vec<LabeledSpan>,
    related: Vec<Shown>,
}

impl Shown {
    fn new(diagnostic: &Diagnostic, sources: &SourceMap) -> Self {
        let home = diagnostic.span().and_then(|span| sources.get(span.file));
        let (here, elsewhere): (Vec<&Label>, Vec<&Label>) =
            diagnostic.labels.iter().partition(|label| home.is_some_and(|home| home.id == label.span.file));
        let notes = elsewhere.into_iter().filter_map(|label| {
            let source = sources.get(label.span.file)?;
            let message = if label.text.is_empty() { "see also".to_owned() } else { label.text.clone() };
            let labels = vec![labelled(label, source, Some(String::new()))];
            Some(Shown {
                message,
                code: None,
                severity: Severity::Advice,
                help: None,
                source: Some(named(source)),
                labels,
                related: Vec::new(),
            })
        });
        Shown {
            message: diagnostic.message.clone(),
            code: Some(diagnostic.code.text()),
            severity: diagnostic.severity,
            help: diagnostic.help.clone(),
            source: home.map(named),
            labels: home.map_or_else(Vec::new, |home| here.into_iter().map(|label| labelled(label, home, None)).collect()),
            related: notes.chain(diagnostic.related.iter().map(|other| Shown::new(other, sources))).collect(),
        }
    }
}

fn named(source: &Source) -> NamedSource<SharedText> {
    NamedSource::new(&source.name, SharedText(Arc::clone(&source.text)))
}

/// The label, its span trimmed to whole characters of the text.
fn labelled(label: &Label, source: &Source, text: Option<String>) -> LabeledSpan {
    let inside = |offset: u32, step: isize| {
        let mut at = (offset as usize).min(source.text.len());
        while !source.text.is_char_boundary(at) {
            at = at.saturating_add_signed(step);
        }
        at
    };
    let start = inside(label.span.start, -1);
    let end = inside(label.span.end, 1).max(start);
    let text = Some(text.unwrap_or_else(|| label.text.clone())).filter(|text| !text.is_empty());
    if label.primary {
        LabeledSpan::new_primary_with_span(text, (start, end - start))
    } else {
        LabeledSpan::new_with_span(text, (start, end - start))
    }
}

/// A source's text, shared with its [`Source`].
#[derive(Debug)]
struct SharedText(Arc<str>);

impl miette::SourceCode for SharedText {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        (*self.0).read_span(span, before, after)
    }
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
