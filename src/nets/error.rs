//! What can be wrong with a network before it has a single tensor.

/// An error of a description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Values of one shape come where those of another are taken.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// Whose input.
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
    /// A name of a layer, a part or an output that the network does not have.
    #[error("{net} has no {kind} `{name}`; it has {}", .has.join(", "))]
    Unknown {
        /// The network.
        net: String,
        /// "part", "layer", …
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        has: Vec<String>,
    },
}
