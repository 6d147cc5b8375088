//! What can go wrong in this room.

use ddl::nets::NetError;

use crate::nn::state::StateError;

/// An error of a network, a head, a term or an optimiser.
#[derive(Debug, thiserror::Error)]
pub enum NnError {
    /// libtorch refused an operation (out of memory, a device that is not there).
    #[error("libtorch: {}", first_line(.0))]
    Torch(#[from] tch::TchError),
    /// A tensor is missing, superfluous or of the wrong shape.
    #[error(transparent)]
    State(#[from] StateError),
    /// A network's description does not hold together, or lacks what was asked of it.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A tensor that came in has the wrong shape or type.
    #[error("{what}: expected {expected}, found {found}")]
    Input {
        /// Which tensor.
        what: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An option is out of its range.
    #[error("{option} = {value} is not possible: {why}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        why: String,
    },
}

impl NnError {
    /// Whether libtorch refused, and not what was given to it.
    pub fn is_torch(&self) -> bool {
        matches!(self, NnError::Torch(_) | NnError::State(StateError::Torch(_)))
    }
}

/// A shape in words: `[32, 128]`.
pub(crate) fn shape(size: &[i64]) -> String {
    format!("{size:?}")
}

/// libtorch's messages carry a C++ stack trace after their first line.
fn first_line(error: &tch::TchError) -> String {
    let text = error.to_string();
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim_start_matches("Internal torch error: ").to_string()
}
