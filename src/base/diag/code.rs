//! [`Code`]: the stable name of a kind of error, with its title and the text that `ddl explain` shows.

use super::codes;
use std::fmt;
use std::fmt::Write as _;

/// The stable name of a kind of diagnostic, such as `ddl::syntax::unexpected`: `Code::Unexpected`.
///
/// The constants are listed by family in [`crate::diag::codes`], each with its texts.
#[derive(Clone, Copy)]
pub struct Code(pub(super) &'static Entry);

/// What stands behind a [`Code`].
pub(super) struct Entry {
    pub text: &'static str,
    pub title: &'static str,
    pub means: &'static str,
    pub example: Option<Example>,
}

/// An example that is wrong and the same mended.
pub(super) struct Example {
    pub wrong: &'static str,
    pub right: &'static str,
}

impl Code {
    /// The code as text: `ddl::types::unit_mismatch`.
    pub const fn text(self) -> &'static str {
        self.0.text
    }

    /// What it means, in one line.
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// What it means at length.
    pub const fn means(self) -> &'static str {
        self.0.means
    }

    /// The example that is wrong and the same mended, where there is one.
    pub fn example(self) -> Option<(&'static str, &'static str)> {
        self.0.example.as_ref().map(|example| (example.wrong, example.right))
    }

    /// The code with this text; the leading `ddl::` may be left out.
    pub fn from_text(text: &str) -> Option<Code> {
        Self::all().find(|code| code.text() == text || code.text().strip_prefix("ddl::") == Some(text))
    }

    /// All codes, family by family.
    pub fn all() -> impl Iterator<Item = Code> {
        codes::FAMILIES.iter().flat_map(|(_, codes)| codes.iter().copied())
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Code {}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text().cmp(other.text())
    }
}

impl std::hash::Hash for Code {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// The long text for `ddl explain`: what the code means, an example that is wrong, the example mended. None for an unknown code.
pub fn explain(code_text: &str) -> Option<String> {
    let code = Code::from_text(code_text)?;
    let mut out = format!("{}: {}\n\n{}\n", code.text(), code.title(), code.means().trim());
    if let Some((wrong, right)) = code.example() {
        for (word, text) in [("Wrong", wrong), ("Right", right)] {
            // writing to a String cannot fail
            let _ = write!(out, "\n{word}:\n\n");
            for line in text.trim_matches('\n').lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    Some(out)
}
