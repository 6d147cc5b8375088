//! Where everything is shown: results on standard output, messages on standard error, as text or as JSON lines.

use super::args::Global;
use super::outcome::{Outcome, Stop};
use crate::diag::{Code, Diagnostic, RenderOptions, Severity, render, to_json};
use crate::source::SourceMap;
use clap::ValueEnum;
use std::io::{self, IsTerminal, Write};

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum MessageFormat {
    /// Drawn for people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The two ends of the program: results go to standard output, messages to standard error.
#[derive(Debug)]
pub struct Screen {
    format: MessageFormat,
    /// Messages for programs go to standard output, because they are what the command is for.
    json_is_result: bool,
    quiet: bool,
    message_style: RenderOptions,
    result_color: bool,
}

/// Texts narrower or wider than this are hard to read.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;

impl Screen {
    /// What the command line and the terminal want. Where messages are the result of the command, `--message-format json` writes them to
    /// standard output.
    pub fn new(global: &Global, messages_are_results: bool) -> Self {
        let wants = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let columns = if io::stderr().is_terminal() { console_columns() } else { 100 };
        Screen {
            format: global.message_format,
            json_is_result: messages_are_results,
            quiet: global.quiet,
            message_style: RenderOptions { color: wants(io::stderr().is_terminal()), width: columns.clamp(*WIDTHS.start(), *WIDTHS.end()) },
            result_color: wants(io::stdout().is_terminal()),
        }
    }

    /// How messages are written.
    pub fn format(&self) -> MessageFormat {
        self.format
    }

    /// Whether results may be coloured.
    pub fn result_color(&self) -> bool {
        self.result_color
    }

    /// Whether progress is shown as moving bars.
    pub fn shows_bars(&self) -> bool {
        self.format == MessageFormat::Human && !self.quiet && io::stderr().is_terminal()
    }

    /// A diagnostic. `--quiet` leaves errors alone.
    pub fn message(&self, diagnostic: &Diagnostic, sources: &SourceMap) {
        if self.quiet && diagnostic.severity != Severity::Error {
            return;
        }
        let text = match self.format {
            MessageFormat::Human => render(diagnostic, sources, self.message_style),
            MessageFormat::Json => to_json(diagnostic, sources) + "\n",
        };
        // where nobody reads there is nobody to tell
        let _ = if self.format == MessageFormat::Json && self.json_is_result {
            io::stdout().write_all(text.as_bytes())
        } else {
            io::stderr().write_all(text.as_bytes())
        };
    }

    /// All diagnostics of a compilation.
    pub fn messages<'a>(&self, diagnostics: impl IntoIterator<Item = &'a Diagnostic>, sources: &SourceMap) {
        for diagnostic in diagnostics {
            self.message(diagnostic, sources);
        }
    }

    /// A line that tells a person what is going on; programs and `--quiet` don't get it.
    pub fn note(&self, line: impl AsRef<str>) {
        if !self.quiet && self.format == MessageFormat::Human {
            let _ = writeln!(io::stderr(), "{}", line.as_ref()); // as above
        }
    }

    /// A result. A reader who went away (`| head`) ends the command without a word.
    ///
    /// # Errors
    /// When the result could not be written.
    pub fn result(&self, text: &str) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Stop::Shown(Outcome::Done)),
            Err(error) => Err(Stop::fail(Diagnostic::error(Code::Unwritable, format!("cannot write the result: {error}")))),
        }
    }
}

/// The width of the terminal behind standard error.
fn console_columns() -> usize {
    let (_, columns) = console::Term::stderr().size();
    usize::from(columns)
}
