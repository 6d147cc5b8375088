//! How a command ends, and the exit code that says so.

use crate::diag::{Code, Diagnostic, Severity};
use crate::events::Failure;
use crate::store::StoreError;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All was done: 0.
    Done,
    /// A run failed, an `expect` does not hold, or a term came to what is not finite: 1.
    Failed,
    /// The recipe or the command line is wrong, or a `--check` found something to do: 2.
    Wrong,
    /// Somebody pressed Ctrl-C: 130.
    Interrupted,
}

impl Outcome {
    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::Failed => 1,
            Outcome::Wrong => 2,
            Outcome::Interrupted => 130,
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It was said already.
    Shown(Outcome),
    /// To be said now.
    Say(Outcome, Box<Diagnostic>),
}

impl Stop {
    /// The command line asks for something that can't be.
    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Stop::Say(Outcome::Wrong, Box::new(Diagnostic::error(Code::Usage, message)))
    }

    /// The same, with what to do about it.
    pub(crate) fn wrong_with(message: impl Into<String>, help: impl Into<String>) -> Self {
        Stop::Say(Outcome::Wrong, Box::new(Diagnostic::error(Code::Usage, message).help(help)))
    }

    /// The recipe, the command line or a file that they name is wrong.
    pub(crate) fn refuse(diagnostic: Diagnostic) -> Self {
        Stop::Say(Outcome::Wrong, Box::new(diagnostic))
    }

    /// The run failed.
    pub(crate) fn fail(diagnostic: Diagnostic) -> Self {
        Stop::Say(Outcome::Failed, Box::new(diagnostic))
    }
}

/// A store that can't be used, as the end of a command.
pub(crate) fn stored(error: &StoreError) -> Stop {
    let diagnostic = Failure::from(error).diagnostic(Severity::Error);
    // a folder that can't be one is named on the command line
    if matches!(error, StoreError::NoFolder { .. }) { Stop::refuse(diagnostic) } else { Stop::fail(diagnostic) }
}

/// A plan that can't be read back, as the end of a command.
pub(crate) fn bad_plan(error: impl std::fmt::Display) -> Stop {
    Stop::fail(Diagnostic::error(Code::BadJob, format!("the plan can't be read back: {error}")))
}
