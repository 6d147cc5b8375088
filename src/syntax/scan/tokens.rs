//! The coarsest cut of a text: words, numbers, strings, brackets, comments. It cannot fail, and takes time linear in the text.

use std::ops::Range;

/// A piece of the text that is neither blank nor comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Whether only blanks stand before it on its line.
    pub first: bool,
}

impl Token {
    /// The token's bytes.
    pub const fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `head`
    Word,
    /// `1_000`, with whatever letters touch it
    Number,
    /// `"…"`, or up to the line's end where the closing quote is missing
    Text {
        /// Whether it ends with its quote.
        closed: bool,
    },
    /// `(`, `[`, `{`
    Open(u8),
    /// `)`, `]`, `}`
    Close(u8),
    /// `///`
    Doc,
    /// `//!`
    InnerDoc,
    /// Any other character.
    Sign(u8),
}

/// A comment's bytes, and whether only blanks stand before it on its line.
pub(crate) type CommentPlace = (Range<usize>, bool);

/// Cuts the text; comments come apart.
pub(crate) fn tokens(text: &str) -> (Vec<Token>, Vec<CommentPlace>) {
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(bytes.len() / 4);
    let mut comments = Vec::new();
    let mut first = true;
    // a mark of byte order, which some editors write, is no part of the recipe
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let kind = match byte {
            b'\n' => {
                first = true;
                at += 1;
                continue;
            }
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'/' if bytes[at..].starts_with(b"//") => {
                at = line_end(bytes, at);
                let line = &bytes[start..at];
                if line.starts_with(b"//!") {
                    Kind::InnerDoc
                } else if line.starts_with(b"///") && !line.starts_with(b"////") {
                    Kind::Doc
                } else {
                    comments.push((start..start + text[start..at].trim_end().len(), first));
                    continue;
                }
            }
            // comments of other languages are told apart by their text
            b'#' => {
                at = line_end(bytes, at);
                comments.push((start..start + text[start..at].trim_end().len(), first));
                continue;
            }
            b'/' if bytes[at..].starts_with(b"/*") => {
                at = text[at + 2..].find("*/").map_or(bytes.len(), |length| at + length + 4);
                comments.push((start..at, first));
                first |= text[start..at].contains('\n');
                continue;
            }
            b'"' => {
                let (end, closed) = string_end(bytes, at);
                at = end;
                Kind::Text { closed }
            }
            b'(' | b'[' | b'{' => {
                at += 1;
                Kind::Open(byte)
            }
            b')' | b']' | b'}' => {
                at += 1;
                Kind::Close(byte)
            }
            b'0'..=b'9' => {
                at = word_end(bytes, at);
                Kind::Number
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                at = word_end(bytes, at);
                Kind::Word
            }
            _ => {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                Kind::Sign(byte)
            }
        };
        tokens.push(Token { kind, start, end: at, first });
        first = false;
    }
    (tokens, comments)
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |length| from + length)
}

fn word_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').map_or(bytes.len(), |length| from + length)
}

/// The end of the string that begins at `from`, and whether it is closed.
fn string_end(bytes: &[u8], from: usize) -> (usize, bool) {
    let mut at = from + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return (at + 1, true),
            b'\n' => break,
            // what follows is of the same line, or the string is not closed
            b'\\' if bytes.get(at + 1).is_some_and(|&next| next != b'\n') => at += 2,
            _ => at += 1,
        }
    }
    let end = at.min(bytes.len());
    (if bytes[end - 1] == b'\r' { end - 1 } else { end }, false)
}
