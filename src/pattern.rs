//! Regular expressions that recipes say: none is larger, compiled, than [`MOST`], and what compiling them costs is counted.

use regex::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::sync::Arc;

/// A compiled pattern takes at most so many bytes. Counts multiply: `\w{60}` is sixty times the letters of all languages.
const MOST: usize = 2 << 20;
/// One that takes no more is small.
const SMALL: usize = 256 << 10;

/// The work of compiling a small pattern, and of one that is not: milliseconds.
const WORK: (u64, u64) = (10_000, 100_000);

/// A pattern, compiled.
///
/// # Errors
/// What is no regular expression, or too large a one.
pub fn compiled(pattern: &str) -> Result<Regex, String> {
    within(pattern, MOST).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            "it is too large when it is compiled; write smaller counts, or fewer letters: `[a-z0-9]{40}` takes a fraction of `\\w{40}`"
                .to_owned()
        }
        other => other.to_string(),
    })
}

fn within(pattern: &str, most: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(most).build()
}

/// The patterns of one compilation, each compiled once.
#[derive(Debug, Default)]
pub struct Patterns {
    groups: HashMap<String, Groups>,
    work: u64,
}

/// The names of a pattern's groups, or why it is none.
type Groups = Result<Arc<[String]>, String>;

impl Patterns {
    /// The names of the groups of a pattern.
    ///
    /// # Errors
    /// As [`compiled`].
    pub fn groups(&mut self, pattern: &str) -> Groups {
        if let Some(known) = self.groups.get(pattern) {
            return known.clone();
        }
        let small = within(pattern, SMALL);
        self.work += if small.is_ok() { WORK.0 } else { WORK.1 };
        let found = small.or_else(|_| compiled(pattern)).map(|regex| regex.capture_names().flatten().map(str::to_owned).collect());
        self.groups.insert(pattern.to_owned(), found.clone());
        found
    }

    /// The work since this was asked last.
    pub fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_compiled_once_and_bounded() {
        let mut patterns = Patterns::default();
        let usual = r"(?P<identity>[^/]+)/(?P<camera>\d+)\.png";
        assert_eq!(&*patterns.groups(usual).unwrap(), ["identity", "camera"]);
        assert_eq!(patterns.take_work(), WORK.0);
        patterns.groups(usual).unwrap();
        assert_eq!(patterns.take_work(), 0, "it is known");
        for large in [r"(?P<identity>\w{200})_", r"((\w{30}){30})", "(((a{100}){100}){100})"] {
            let said = patterns.groups(large).unwrap_err();
            assert!(said.starts_with("it is too large when it is compiled"), "{said}");
            assert_eq!(said, compiled(large).unwrap_err());
            assert_eq!(patterns.take_work(), WORK.1);
        }
        for usual in [r"(?P<identity>\w{20})_\d{4}", r"(?P<identity>[a-z0-9]{200})_", r"(?i)^(?P<identity>n\d{6})/.*\.jpe?g$"] {
            assert!(compiled(usual).is_ok(), "{usual}");
        }
        assert!(patterns.groups("(").unwrap_err().contains("unclosed group"));
    }
}
