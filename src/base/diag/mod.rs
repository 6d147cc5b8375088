//! Everything that can be wrong: one [`Code`] for each kind of error, [`Diagnostic`]s that carry the places in the source,
//! and three ways to show them: drawn for a terminal ([`render`]), as JSON lines ([`to_json`]), explained at length ([`explain`]).

mod code;
pub mod codes;
mod collect;
mod excerpt;
mod fold;
mod habits;
mod json;
mod render;
mod short;
mod suggest;

pub use code::{Code, explain};
pub use collect::Diagnostics;
pub use habits::{HABITS, Habit, Spot, meant, meant_argument, meant_choice};
pub use json::to_json;
pub use render::{RenderOptions, render};
pub use suggest::{did_you_mean, one_of};

use crate::source::{ReadError, Span};
use short::shortened;
use std::fmt;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The recipe cannot run.
    Error,
    /// It runs, and may not mean what its author thinks.
    Warning,
    /// Something that is good to know.
    Advice,
}

impl Severity {
    /// The word by which messages call it.
    pub const fn text(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "advice",
        }
    }
}

/// A place in the source, with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What to say; may be empty.
    pub text: String,
    /// Whether the diagnostic is about this place (else it explains another).
    pub primary: bool,
}

/// One thing that is wrong, or worth knowing. It has places in sources, or none (an error of a run).
///
/// ```
/// # use ddl_base::{diag::{Code, Diagnostic}, source::Span};
/// # let (use_, near) = (Span::default(), Span::default());
/// Diagnostic::error(Code::UnknownName, "nothing is called `facse`")
///     .at(use_, "unknown")
///     .also(near, "this is near")
///     .help("did you mean `faces`?");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The places, the primary ones first.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// What belongs to it and has a message of its own.
    pub related: Vec<Diagnostic>,
    /// The arm of an experiment in which it was found, as long as it is not known which others make the same mistake: no part of what is
    /// said.
    pub arm: Option<Box<FoundIn>>,
}

/// An arm in which something was found, in words that tell it from others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundIn(String);

impl Diagnostic {
    /// A diagnostic of the given severity.
    pub fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Diagnostic { code, severity, message: shortened(message.into()), labels: Vec::new(), help: None, related: Vec::new(), arm: None }
    }

    /// The recipe cannot run.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// The recipe runs, and may not mean what its author thinks.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Something that is good to know.
    pub fn advice(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Advice, code, message)
    }

    /// The place that it is about.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        let after = self.labels.iter().filter(|label| label.primary).count();
        self.labels.insert(after, Label { span, text: shortened(text.into()), primary: true });
        self
    }

    /// Another place that explains it.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: shortened(text.into()), primary: false });
        self
    }

    /// What to do about it; a second help goes on a line of its own.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        let help = shortened(help.into());
        self.help = Some(match self.help.take() {
            Some(before) => format!("{before}\n{help}"),
            None => help,
        });
        self
    }

    /// The same, where there may be nothing to say.
    #[must_use]
    pub fn maybe_help(self, help: Option<impl Into<String>>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// What belongs to it.
    #[must_use]
    pub fn related(mut self, other: Diagnostic) -> Self {
        self.related.push(other);
        self
    }

    /// Says that it was found in this arm, whatever arm of something inner it was found in.
    pub fn found_in(&mut self, arm: &str) {
        self.arm.get_or_insert_default().0.push_str(arm);
    }

    /// The first place that it is about.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity.text(), self.code, self.message)
    }
}

impl std::error::Error for Diagnostic {}

impl From<ReadError> for Diagnostic {
    fn from(error: ReadError) -> Self {
        let code = match &error {
            ReadError::Unreadable { .. } => Code::UnreadableFile,
            ReadError::NotUtf8 { .. } | ReadError::NoText { .. } => Code::NotUtf8,
            ReadError::TooLong { .. } => Code::TooLong,
        };
        let help = match &error {
            ReadError::Unreadable { path, .. } if path.starts_with("~/") => {
                Some("`~` is a word of the shell, which is not read here: write the whole path".to_owned())
            }
            ReadError::Unreadable { path, .. }
                if std::path::Path::new(path).extension().is_none()
                    && crate::regular::open(std::path::Path::new(&format!("{path}.ddl"))).is_ok() =>
            {
                Some(format!("did you mean {path}.ddl?"))
            }
            _ => None,
        };
        Diagnostic::error(code, error.to_string()).maybe_help(help)
    }
}

#[cfg(test)]
mod tests;
