//! Where everything is shown: results on standard output, messages on standard error, as text or as JSON lines.

use super::args::{ColorChoice, Global, MessageFormat};
use super::outcome::{Outcome, Stop};
use crate::diag::{Code, Diagnostic, RenderOptions, Severity, render, to_json};
use crate::events::Failure;
use crate::source::SourceMap;
use crate::text::shown;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The two ends of the program: results go to standard output, messages to standard error.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    format: MessageFormat,
    /// Messages for programs go to standard output, because they are what the command is for.
    json_is_result: bool,
    quiet: bool,
    message_style: RenderOptions,
    /// Whether a message was shown to a person: the next one stands apart from it.
    said: Arc<AtomicBool>,
    /// Why messages that are the result could not be written.
    lost: Arc<OnceLock<io::Error>>,
    /// The errors that were shown, for whoever writes them down too.
    errors: Arc<Mutex<Vec<Failure>>>,
}

/// Messages that people are shown at once: who has mended so many checks again.
const MOST_SHOWN: usize = 50;

/// Texts wider than this are hard to read.
const WIDEST: usize = 120;
/// A table that is parted to fit a terminal is at least so wide.
const NARROWEST: usize = 60;

/// `1 error`, `2 errors`.
pub(crate) fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

impl Screen {
    /// Says what is left to be said of a command that ended early.
    pub(crate) fn ended(&self, stop: Stop) -> Outcome {
        match stop {
            Stop::Shown(outcome) => outcome,
            Stop::Say(outcome, diagnostic) => {
                self.message(&diagnostic, &SourceMap::new());
                outcome
            }
        }
    }

    /// What the command line and the terminal want. Where messages are the result of the command, `--message-format json` writes them to
    /// standard output.
    pub(crate) fn new(global: &Global, messages_are_results: bool) -> Self {
        let wants = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let color = wants(io::stderr().is_terminal());
        let message_style = if io::stderr().is_terminal() {
            RenderOptions::for_screen(color, console_columns(), WIDEST)
        } else {
            RenderOptions { color, ..RenderOptions::default() }
        };
        Screen {
            format: global.message_format,
            json_is_result: messages_are_results,
            quiet: global.quiet,
            message_style,
            said: Arc::default(),
            lost: Arc::default(),
            errors: Arc::default(),
        }
    }

    /// Columns of a terminal that results may take; elsewhere as many as they need.
    #[allow(clippy::unused_self, reason = "all that is shown goes through the screen")]
    pub(crate) fn result_columns(&self) -> usize {
        let (_, columns) = console::Term::stdout().size();
        if io::stdout().is_terminal() { usize::from(columns).max(NARROWEST) } else { usize::MAX }
    }

    /// Whether progress is shown as moving bars.
    pub(crate) fn shows_bars(&self) -> bool {
        self.format == MessageFormat::Human && !self.quiet && io::stderr().is_terminal()
    }

    /// A diagnostic. `--quiet` leaves errors alone.
    pub(crate) fn message(&self, diagnostic: &Diagnostic, sources: &SourceMap) {
        self.keep(diagnostic);
        if self.quiet && diagnostic.severity != Severity::Error {
            return;
        }
        let text = match self.format {
            MessageFormat::Human => self.apart() + &render(diagnostic, sources, self.message_style),
            MessageFormat::Json => shown(&to_json(diagnostic, sources)).into_owned() + "\n",
        };
        if self.format == MessageFormat::Json && self.json_is_result {
            let mut out = io::stdout().lock();
            if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                let _ = self.lost.set(error); // the first is what `close` tells of
            }
        } else {
            let _ = io::stderr().write_all(text.as_bytes()); // where nobody reads there is nobody to tell
        }
    }

    /// What keeps this message apart from the one before.
    fn apart(&self) -> String {
        if self.said.swap(true, Ordering::Relaxed) { "\n".to_owned() } else { String::new() }
    }

    /// How the command ends once all is said: messages that are its result and could not be written were in vain.
    pub(crate) fn close(&self, outcome: Outcome) -> Outcome {
        match self.lost.get() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let lost = unwritten(error);
                let _ = writeln!(io::stderr(), "{}", to_json(&lost, &SourceMap::new())); // as above
                Outcome::Failed
            }
            Some(_) | None => outcome,
        }
    }

    /// The errors that were shown so far.
    pub(crate) fn errors(&self) -> Vec<Failure> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All diagnostics of a compilation. People see the first of very many, errors before what is none; programs get all.
    pub(crate) fn messages<'a>(&self, diagnostics: impl IntoIterator<Item = &'a Diagnostic>, sources: &SourceMap) {
        let wanted = |it: &&Diagnostic| !self.quiet || it.severity == Severity::Error;
        let all: Vec<&Diagnostic> = diagnostics.into_iter().filter(wanted).collect();
        if self.format == MessageFormat::Json || all.len() <= MOST_SHOWN {
            all.into_iter().for_each(|it| self.message(it, sources));
            return;
        }
        let errors = all.iter().filter(|it| it.severity == Severity::Error).count();
        let (mut errors_left, mut others_left) = (errors.min(MOST_SHOWN), MOST_SHOWN.saturating_sub(errors));
        let mut hidden = [0, 0];
        for it in all {
            let is_error = it.severity == Severity::Error;
            let left = if is_error { &mut errors_left } else { &mut others_left };
            if *left > 0 {
                *left -= 1;
                self.message(it, sources);
            } else {
                self.keep(it);
                hidden[usize::from(is_error)] += 1;
            }
        }
        let more = |count, what| (count > 0).then(|| counted(count, what));
        let more: Vec<String> = [more(hidden[1], "more error"), more(hidden[0], "more warning")].into_iter().flatten().collect();
        let said = format!("… and {}: `--message-format json` has all", more.join(" and "));
        let _ = writeln!(io::stderr(), "\n{said}"); // where nobody reads there is nobody to tell
    }

    /// Keeps an error for [`Screen::errors`].
    fn keep(&self, diagnostic: &Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(Failure::of(diagnostic));
        }
    }

    /// A line that tells a person what is going on; programs and `--quiet` don't get it.
    pub(crate) fn note(&self, line: impl AsRef<str>) {
        if !self.quiet && self.format == MessageFormat::Human {
            let apart = if self.said.swap(false, Ordering::Relaxed) { "\n" } else { "" };
            let _ = writeln!(io::stderr(), "{apart}{}", shown(line.as_ref())); // as above
        }
    }

    /// A result, without anything that a terminal would obey. A reader who went away (`| head`) ends the command without a word.
    ///
    /// # Errors
    /// When the result could not be written.
    #[allow(clippy::unused_self, reason = "all that is shown goes through the screen")]
    pub(crate) fn result(&self, text: &str) -> Result<(), Stop> {
        write(&shown(text))
    }

    /// A result that programs read and that must be theirs to the byte (a formatted recipe); on a terminal as [`Screen::result`].
    ///
    /// # Errors
    /// When it could not be written.
    pub(crate) fn verbatim(&self, text: &str) -> Result<(), Stop> {
        if io::stdout().is_terminal() { self.result(text) } else { write(text) }
    }
}

fn write(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Stop::Shown(Outcome::Done)),
        Err(error) => Err(Stop::fail(unwritten(&error))),
    }
}

/// What is said of a result that could not be written.
pub(crate) fn unwritten(error: &io::Error) -> Diagnostic {
    Diagnostic::error(Code::Unwritable, format!("cannot write the result: {}", crate::system::said(error)))
}

/// The width of the terminal behind standard error.
fn console_columns() -> usize {
    let (_, columns) = console::Term::stderr().size();
    usize::from(columns)
}
