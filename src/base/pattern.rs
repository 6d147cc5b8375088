//! Regular expressions that recipes say: none is larger, compiled, than [`MOST`], what compiling them costs is counted, and what is wrong
//! with one is said with its place.

use crate::text::quoted;
use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{ErrorKind as Written, Span};
use regex_syntax::hir::ErrorKind as Meant;
use std::collections::HashMap;
use std::sync::Arc;

/// A compiled pattern takes at most so many bytes. Counts multiply: `\w{60}` is sixty times the letters of all languages.
const MOST: usize = 2 << 20;
/// One that takes no more is small.
const SMALL: usize = 256 << 10;

/// What is said of a pattern that is larger than [`MOST`].
const TOO_LARGE: &str =
    "it is too large when it is compiled; write smaller counts, or fewer letters: `[a-z0-9]{40}` takes a fraction of `\\w{40}`";
/// What is said where nothing more is known.
const NONE: &str = "it is no regular expression";

/// The work of compiling a small pattern, and of one that is not: milliseconds.
const WORK: (u64, u64) = (10_000, 100_000);

/// A pattern, compiled.
///
/// # Errors
/// What is no regular expression, or too large a one.
pub fn compiled(pattern: &str) -> Result<Regex, String> {
    within(pattern, MOST).map_err(|error| match (error, regex_syntax::parse(pattern)) {
        (regex::Error::CompiledTooBig(_), _) => TOO_LARGE.to_owned(),
        (_, Err(error)) => wrong(pattern, &error),
        (_, Ok(_)) => NONE.to_owned(),
    })
}

/// A pattern for whole texts, compiled.
///
/// # Errors
/// As [`compiled`].
pub fn whole(pattern: &str) -> Result<Regex, String> {
    regex_syntax::parse(pattern).map_err(|error| wrong(pattern, &error))?; // its places are those of the pattern alone
    within(&format!("^(?:{pattern})$"), MOST).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => TOO_LARGE.to_owned(),
        _ => "its end is part of a comment, so it can't stand for a whole name".to_owned(),
    })
}

/// What is wrong with what is no regular expression, and where.
fn wrong(pattern: &str, error: &regex_syntax::Error) -> String {
    let (words, span) = match error {
        regex_syntax::Error::Parse(error) => (written(error.kind()), error.span()),
        regex_syntax::Error::Translate(error) => (meant(error.kind()), error.span()),
        _ => return NONE.to_owned(), // a later version of the parser may know more
    };
    format!("{words}{}", place(pattern, span))
}

/// A place in a pattern: its first character, counted from 1, and what stands there.
fn place(pattern: &str, span: &Span) -> String {
    const SHORT: usize = 24;
    let line = if pattern.contains('\n') { format!("line {}, ", span.start.line) } else { String::new() };
    let from = pattern.get(span.start.offset..).unwrap_or_default();
    let one = from.chars().next().map_or(0, char::len_utf8); // of a place between characters the next one is shown
    let found = from.get(..(span.end.offset - span.start.offset).max(one)).filter(|found| !found.is_empty() && found.len() <= SHORT);
    let found = found.map_or_else(String::new, |found| format!(": {}", quoted(found)));
    format!(" ({line}character {}{found})", span.start.column)
}

/// What can't be read.
fn written(kind: &Written) -> &'static str {
    match kind {
        Written::CaptureLimitExceeded => "it has too many groups",
        Written::ClassEscapeInvalid => "this can't stand between `[` and `]`",
        Written::ClassRangeInvalid => "a range ends before it begins",
        Written::ClassRangeLiteral => "a range goes from one character to another",
        Written::ClassUnclosed => "a `[` is not closed",
        Written::DecimalEmpty => "a number is missing",
        Written::DecimalInvalid => "a number is too large",
        Written::EscapeHexEmpty => "hexadecimal digits are missing",
        Written::EscapeHexInvalid => "no character has this number",
        Written::EscapeHexInvalidDigit => "this is no hexadecimal digit",
        Written::EscapeUnexpectedEof => "something is missing at its end",
        Written::EscapeUnrecognized => "a `\\` means nothing before this; the sign itself is `\\\\`",
        Written::FlagDanglingNegation => "no flag follows a `-`",
        Written::FlagDuplicate { .. } => "a flag stands twice",
        Written::FlagRepeatedNegation { .. } => "a second `-` stands between flags",
        Written::FlagUnexpectedEof => "flags are not followed by `:` or `)`",
        Written::FlagUnrecognized => "there is no such flag",
        Written::GroupNameDuplicate { .. } => "two groups have one name",
        Written::GroupNameEmpty => "a group's name is empty",
        Written::GroupNameInvalid => "a group's name is made of letters, digits and `_`, a letter first",
        Written::GroupNameUnexpectedEof => "a group's name is not closed by `>`",
        Written::GroupUnclosed => "a `(` is not closed",
        Written::GroupUnopened => "a `)` closes nothing",
        Written::NestLimitExceeded(_) => "it is nested too deeply",
        Written::RepetitionCountInvalid => "the most of a count is less than its least",
        Written::RepetitionCountDecimalEmpty => "a count has no number: `{2}`, `{2,}` and `{2,5}` are some; the sign itself is `\\{`",
        Written::RepetitionCountUnclosed => "a `{` is not closed; the sign itself is `\\{`",
        Written::RepetitionMissing => "there is nothing to repeat before this",
        Written::SpecialWordBoundaryUnclosed | Written::SpecialWordBoundaryUnrecognized | Written::SpecialWordOrRepetitionUnexpectedEof => {
            "`\\b{` begins `\\b{start}`, `\\b{end}`, `\\b{start-half}` or `\\b{end-half}`"
        }
        Written::UnicodeClassInvalid => "there is no such class of characters",
        Written::UnsupportedBackreference => "a pattern can't refer to what a group of it found",
        Written::UnsupportedLookAround => "a pattern can't look ahead or back",
        _ => NONE, // as above
    }
}

/// What can be read and means nothing.
fn meant(kind: &Meant) -> &'static str {
    match kind {
        Meant::UnicodePropertyNotFound | Meant::UnicodePropertyValueNotFound | Meant::UnicodePerlClassNotFound => {
            "there is no such class of characters"
        }
        Meant::UnicodeNotAllowed | Meant::InvalidUtf8 | Meant::UnicodeCaseUnavailable => "this would find bytes that are no characters",
        Meant::InvalidLineTerminator => "no such character ends a line",
        _ => NONE, // as above
    }
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
        assert_eq!(patterns.groups("(").unwrap_err(), compiled("(").unwrap_err());
    }

    /// One of each kind of mistake, and what is said of it.
    const MISTAKES: [(&str, &str); 42] = [
        ("(", "a `(` is not closed (character 1: `(`)"),
        ("a(b(c)", "a `(` is not closed (character 2: `(`)"),
        ("ä)", "a `)` closes nothing (character 2: `)`)"),
        ("a)|(b", "a `)` closes nothing (character 2: `)`)"),
        ("[a", "a `[` is not closed (character 1: `[`)"),
        ("x\ny[", "a `[` is not closed (line 2, character 2: `[`)"),
        ("[z-a]", "a range ends before it begins (character 2: `z-a`)"),
        ("[\\d-z]", "a range goes from one character to another (character 2: `\\d`)"),
        ("[\\b]", "this can't stand"),
        ("a{", "a `{` is not closed"),
        ("a{2", "a `{` is not closed"),
        ("a{}", "a count has no number"),
        ("a{5,2}", "the most of a count is less than its least (character 2: `{5,2}`)"),
        ("a{99999999999}", "a number is too large (character 3: `99999999999`)"),
        ("*a", "there is nothing to repeat before this (character 1: `*`)"),
        ("a|+", "there is nothing to repeat before this (character 3: `+`)"),
        ("*.jpg", "there is nothing to repeat before this (character 1: `*`)"),
        ("a\\", "something is missing at its end (character 2: `\\`)"),
        ("a\\q", "a `\\` means nothing before this; the sign itself is `\\\\` (character 2: `\\q`)"),
        ("C:\\Users", "this is no hexadecimal digit (character 5: `s`)"),
        ("\\x{}", "hexadecimal digits are missing"),
        ("\\x{110000}", "no character has this number"),
        ("\\xzz", "this is no hexadecimal digit"),
        ("(?-)", "no flag follows a `-`"),
        ("(?--i)", "a second `-` stands between flags"),
        ("(?ii)", "a flag stands twice"),
        ("(?i", "flags are not followed"),
        ("(?k)", "there is no such flag (character 3: `k`)"),
        ("(?P<>a)", "a group's name is empty"),
        ("(?P<a b>a)", "a group's name is made of letters"),
        ("(?P<a", "a group's name is not closed by `>`"),
        ("(?P<a>x)(?P<a>y)", "two groups have one name (character 13: `a`)"),
        ("(?=a)", "a pattern can't look ahead or back (character 1: `(?=`)"),
        ("(?<!a)", "a pattern can't look ahead or back"),
        ("(a)\\1", "a pattern can't refer to what a group of it found (character 4: `\\1`)"),
        ("\\p{Nothing}", "there is no such class of characters (character 1: `\\p{Nothing}`)"),
        ("\\p{Greek=x}", "there is no such class of characters"),
        ("\\b{x}", "`\\b{` begins"),
        ("\\b{start", "`\\b{` begins"),
        ("a\\b{", "`\\b{` begins"),
        ("(?-u)\\xff", "this would find bytes that are no characters"),
        ("(?-u:\\W)", "this would find bytes that are no characters"),
    ];

    #[test]
    fn what_is_wrong_with_a_pattern_is_said_in_our_words_and_with_its_place() {
        let mut patterns = Patterns::default();
        for (pattern, wanted) in MISTAKES {
            let said = compiled(pattern).expect_err(pattern);
            assert!(said.starts_with(wanted), "{pattern}: {said}");
            assert!(said.contains("character ") && !said.contains('\n'), "{pattern}: {said}");
            assert_eq!(whole(pattern).unwrap_err(), said, "a place in a pattern for whole names is one of the pattern");
            assert_eq!(patterns.groups(pattern).unwrap_err(), said);
        }
        let deep = "(".repeat(300) + &")".repeat(300);
        assert!(compiled(&deep).unwrap_err().starts_with("it is nested too deeply"));
        assert!(whole("a|b").unwrap().is_match("b") && !whole("a|b").unwrap().is_match("ab"));
        assert!(whole("(?x)a # b").unwrap_err().contains("part of a comment"));
    }

    proptest::proptest! {
        #[test]
        fn no_word_of_the_parsers_is_said(pattern in "[(){}\\[\\]?*+|^$.\\\\<>=!:,#a-eiPpxbu0-9 \n-]{0,12}") {
            if let Err(said) = compiled(&pattern) {
                proptest::prop_assert!(!said.contains("regex parse error") && !said.contains('\n') && !said.starts_with(NONE), "{}", said);
            }
        }
    }
}
