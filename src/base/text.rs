//! Text that came from outside: taken as text or refused by name, and shown without anything that a terminal or a page would obey.

use std::borrow::Cow;
use std::fmt::Write as _; // a String takes all that is written to it
use std::ops::RangeInclusive;

/// Fields longer than this are cut where a message quotes them (characters).
const LONGEST_QUOTE: usize = 60;

/// Why the bytes of a file are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    /// Two bytes a character, as some spreadsheets and editors write.
    #[error("it is UTF-16 text; save it as UTF-8")]
    Utf16,
    /// A zip archive: spreadsheets are such.
    #[error("it is a zip archive, as spreadsheets are; save it as text")]
    Archive,
    /// A zero byte.
    #[error("it is no text: line {0} holds a zero byte")]
    Zero(u64),
    /// Bytes that are no UTF-8.
    #[error("line {0} is not valid UTF-8; save it as UTF-8")]
    NotUtf8(u64),
}

/// The beginning of a file without its byte order mark.
///
/// # Errors
/// When what begins so is no UTF-8 text: UTF-16, an archive.
pub fn begin(bytes: &[u8]) -> Result<&[u8], NoText> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Ok(rest),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(NoText::Utf16),
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] if *a > 0 && *b > 0 => Err(NoText::Utf16),
        [b'P', b'K', 3, 4, ..] => Err(NoText::Archive),
        other => Ok(other),
    }
}

/// The bytes of a whole file as text, without its byte order mark.
///
/// # Errors
/// When they are no UTF-8 text.
pub fn read(bytes: &[u8]) -> Result<&str, NoText> {
    let bytes = begin(bytes)?;
    // lines that end in carriage returns alone are lines like any other
    let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    let line = |at: usize| bytes[..at].split(|byte| *byte == end).count() as u64;
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(NoText::Zero(line(at)));
    }
    std::str::from_utf8(bytes).map_err(|error| NoText::NotUtf8(line(error.valid_up_to())))
}

/// Characters of which nothing is seen: Unicode's category Cf, its two ends of lines and of paragraphs, and the others that it lets a
/// screen pass over, which are blank letters and signs that choose among shapes.
const UNSEEN: [RangeInclusive<char>; 25] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Whether a terminal or a page would obey this character, or show nothing of it, or what follows in another order, rather than show it.
/// Ends of lines and tabulators are no such.
fn is_obeyed(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        other => other.is_control() || UNSEEN.iter().any(|unseen| unseen.contains(&other)),
    }
}

/// Whether nothing in a text is obeyed; quick for the many texts that are ASCII.
fn is_plain(text: &str) -> bool {
    let ascii = text.bytes().all(|byte| matches!(byte, b'\n' | b'\t' | b' '..=b'~'));
    ascii || !text.chars().any(is_obeyed)
}

/// The text with everything that a terminal or a page would obey written as `\u001b`, beyond four digits as two halves (which JSON reads as
/// the same character).
pub fn shown(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_obeyed(c) {
            for half in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{half:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The text with a sign of as many bytes in the place of each such character, so that places in it stay. Ends of lines stay as they are.
pub fn masked(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(match (is_obeyed(c) && !(c == '\r' && rest.peek() == Some(&'\n')), c.len_utf8()) {
            (false, _) => c,
            (true, 1) => '?',
            (true, 2) => '¿',
            (true, 3) => '\u{fffd}',
            (true, _) => '\u{1fbc4}', // a question mark in a box
        });
    }
    Cow::Owned(out)
}

/// The same on one line: ends of lines and tabulators are written out too.
pub fn on_one_line(text: &str) -> String {
    shown(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// A field of a file for a message: in backquotes, on one line, cut where it is long.
pub fn quoted(field: &str) -> String {
    quoted_within(field, LONGEST_QUOTE)
}

/// The same, cut after so many characters.
pub fn quoted_within(field: &str, most: usize) -> String {
    let mut cut: String = field.chars().take(most).collect();
    if cut.len() < field.len() {
        cut.push('…');
    }
    format!("`{}`", on_one_line(&cut))
}

/// Words for a message, each quoted; of many the first few.
pub fn several<'a>(words: impl ExactSizeIterator<Item = &'a str>) -> String {
    const FEW: usize = 12;
    let more = words.len().saturating_sub(FEW);
    let mut said = words.take(FEW).map(quoted).collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(said, " and {more} more");
    }
    said
}

/// Brackets that are open at once in no file that anybody wrote.
const NESTED: usize = 10_000;

/// What a YAML text says. What nests without end is refused before it is taken apart, which takes a hundred times its length.
///
/// # Errors
/// What is no YAML, or not of this type.
pub fn yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_yaml::Error> {
    let mut open = 0usize;
    for (before, byte) in std::iter::once(b'\n').chain(text.bytes()).zip(text.bytes()) {
        match byte {
            // an entry of the outermost list or record is inside of nothing, whatever brackets a text before it had
            _ if before == b'\n' && (byte == b'-' || byte.is_ascii_alphanumeric()) => open = 0,
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > NESTED {
            return Err(serde::de::Error::custom(format!("it opens {NESTED} brackets within each other and more")));
        }
    }
    serde_yaml::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_text_is_named() {
        let utf16 = |big: bool| -> Vec<u8> {
            "a,b\n".encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        for bytes in [utf16(true), utf16(false), [&[0xFE, 0xFF][..], &utf16(true)].concat(), [&[0xFF, 0xFE][..], &utf16(false)].concat()] {
            assert_eq!(read(&bytes), Err(NoText::Utf16));
        }
        assert_eq!(read(b"PK\x03\x04rest"), Err(NoText::Archive));
        assert_eq!(read(b"one\ntwo\0"), Err(NoText::Zero(2)));
        assert_eq!(read(b"one\n\ntw\xe9\n"), Err(NoText::NotUtf8(3)));
        assert_eq!(read(b"\xef\xbb\xbfone"), Ok("one"));
        assert_eq!(read(b""), Ok(""));
    }

    #[test]
    fn a_long_field_is_cut_and_stays_on_its_line() {
        assert_eq!(quoted("a\n\u{1b}[31mb"), "`a\\n\\u001b[31mb`");
        assert_eq!(quoted(&"é".repeat(1000)).chars().count(), 2 + LONGEST_QUOTE + 1);
        assert_eq!(several(["a", "b"].into_iter()), "`a`, `b`");
        assert!(several(vec!["x"; 100_000].into_iter()).ends_with("`x` and 99988 more"));
    }

    #[test]
    fn of_no_character_is_nothing_seen() {
        // all that Unicode calls a format, an end of a line, or a sign that a screen passes over has no width or is a blank letter
        for range in UNSEEN {
            for c in range {
                let text = format!("a{c}b");
                let shown_bare = shown(&text).is_ascii() && shown(&text).starts_with("a\\u") && shown(&text).ends_with('b');
                assert!(shown_bare, "{}", shown(&text));
                assert_eq!(serde_json::from_str::<String>(&format!("\"{}\"", shown(&text))).unwrap(), text);
                assert_eq!((masked(&text).len(), masked(&text).chars().count()), (text.len(), 3));
                assert!(!masked(&text).chars().any(is_obeyed) && !quoted(&text).chars().any(is_obeyed));
            }
        }
        for c in ['a', 'é', 'ß', '顔', '\u{301}', '😀', '\u{a0}', '→', '\u{fffd}'] {
            assert!(!is_obeyed(c), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_obeyed_is_shown(text in "[\\x00-\\xa0\\u2000-\\u2070\\ufeff\\U000e0000-\\U000e0100a-z\r\n]*") {
            prop_assert!(!shown(&text).chars().any(is_obeyed), "it was {}", text.escape_debug());
            let masked = masked(&text);
            prop_assert_eq!(masked.len(), text.len());
            prop_assert!(!masked.replace("\r\n", "").chars().any(is_obeyed));
            prop_assert!(masked.char_indices().map(|(at, _)| at).eq(text.char_indices().map(|(at, _)| at)));
        }
    }

    #[test]
    fn yaml_that_nests_without_end_is_refused_at_once() {
        for open in ["[", "{", "[\n", "{a: ["] {
            let said = yaml::<serde_yaml::Value>(&open.repeat(10_000_000)).unwrap_err().to_string();
            assert!(said.contains("brackets within each other"), "{open}: {said}");
        }
        // brackets in texts count for nothing in the next entry
        let many = "- \"a [ bracket\"\n".repeat(20_000);
        assert_eq!(yaml::<Vec<String>>(&many).unwrap().len(), 20_000);
        assert_eq!(yaml::<Vec<Vec<u8>>>("[[1], [2]]").unwrap(), [[1], [2]]);
    }
}
