//! The first look at a text, before the grammar's: where each declaration begins and ends, whether brackets and strings are closed, the
//! comments.
//!
//! A declaration begins at the first word of a line, outside of brackets, that is followed as a declaration's word is (`stage warm`, `sweep
//! {`, `lr =`). No expression goes on so, which makes a broken declaration end where the next one begins. Where brackets don't match, a
//! declaration's word at the very beginning of a line closes all of them.

#![allow(clippy::cast_possible_truncation, reason = "places in recipes, which are shorter than 2^32 bytes")]

mod brackets;
mod tokens;

pub(super) use tokens::{Kind, Token};

use super::tree::{Comment, FixedWord};
use ddl_base::diag::{Code, Diagnostic};
use ddl_base::source::{Source, Span};

/// What the scan of a text has found.
pub(super) struct Scan {
    /// The comments.
    pub comments: Vec<Comment>,
    /// All tokens.
    pub tokens: Vec<Token>,
    /// The declarations in order; together they hold all tokens.
    pub chunks: Vec<Chunk>,
    /// Brackets and strings that are not closed, in the order of the text.
    pub errors: Vec<Diagnostic>,
}

/// One declaration's part of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    /// Its first token, which may be documentation.
    pub first: usize,
    /// One past its last token.
    pub last: usize,
    /// What it begins with after its documentation.
    pub head: Head,
    /// Whether an error was reported that keeps it from being read.
    pub broken: bool,
}

/// What a chunk begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// `ddl 1`
    Edition,
    /// A declaration's word; the token's number.
    Item(usize),
    /// `term` or `margin`; the token's number.
    Reserved(usize),
    /// A word that declares nothing, used as if it did; the token's number.
    Unknown(usize),
    /// A line of `//!`.
    InnerDoc,
    /// Documentation that nothing follows.
    Nothing,
    /// Anything else.
    Stray,
}

/// The words that begin a declaration besides those of [`FixedWord`].
pub(super) const OTHER_ITEM_WORDS: [&str; 7] = ["use", "param", "sweep", "replicate", "export", "expect", "def"];

/// The words that no binding may have as its name.
pub(super) const RESERVED_WORDS: [&str; 13] =
    ["and", "or", "not", "in", "if", "then", "else", "for", "return", "let", "none", "true", "false"];

pub(super) fn is_item_word(word: &str) -> bool {
    FixedWord::from_text(word).is_some() || OTHER_ITEM_WORDS.contains(&word)
}

/// Scans a text.
pub(super) fn scan(source: &Source) -> Scan {
    let (tokens, comment_places) = tokens::tokens(&source.text);
    let view = View { source, tokens: &tokens };
    let (mut chunks, mut errors) = brackets::chunks(&view);
    // what hides brackets, or begins some that nobody wrote, is said alone: nothing of those in its declaration is to be trusted
    for hiding in [unclosed_strings(&view, &chunks), control_characters(&view, &chunks)] {
        errors.retain(|(chunk, _)| !hiding.iter().any(|(other, _)| other == chunk));
        errors.extend(hiding);
    }
    for (chunk, _) in &errors {
        chunks[*chunk].broken = true;
    }
    errors.sort_by_key(|(_, error)| error.span());
    let comments: Vec<Comment> = comment_places
        .into_iter()
        .map(|(range, own_line)| Comment { text: source.text[range.clone()].to_owned(), span: view.span(range.start, range.end), own_line })
        .collect();
    let errors = errors.into_iter().map(|(_, error)| error).chain(foreign_comments(&view, &comments)).collect();
    Scan { comments, tokens, chunks, errors }
}

/// What is said of comments as other languages write them: of those that follow each other line by line, once.
fn foreign_comments(view: &View, comments: &[Comment]) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let mut before: Option<Span> = None;
    for comment in comments.iter().filter(|comment| !comment.text.starts_with("//")) {
        let follows = before.is_some_and(|before| {
            let between = view.source.slice(Span { start: before.end, end: comment.span.start, ..before });
            between.trim().is_empty() && between.matches('\n').count() == 1
        });
        before = Some(comment.span);
        if !follows {
            let sign = if comment.text.starts_with('#') { 1 } else { 2 };
            let place = Span { end: comment.span.start + sign, ..comment.span };
            let error = Diagnostic::error(Code::Unexpected, "a comment begins with `//`, and ends with its line");
            errors.push(error.at(place, "no comment of this language").help("write `// …` on each line"));
        }
    }
    errors
}

/// The error of each chunk's first string that is not closed.
fn unclosed_strings(view: &View, chunks: &[Chunk]) -> Vec<(usize, Diagnostic)> {
    let mut errors = Vec::new();
    for (number, chunk) in chunks.iter().enumerate() {
        let unclosed = view.tokens[chunk.first..chunk.last].iter().find(|token| token.kind == Kind::Text { closed: false });
        if let Some(token) = unclosed {
            let error = Diagnostic::error(Code::UnclosedString, "this string is not closed")
                .at(view.span(token.start, token.end), "no `\"` before the end of the line")
                .help("a string stands on one line, between two `\"`; a quote inside is written `\\\"`");
            errors.push((number, error));
        }
    }
    errors
}

/// The error of each chunk's first character that nobody sees.
fn control_characters(view: &View, chunks: &[Chunk]) -> Vec<(usize, Diagnostic)> {
    let first = |(number, chunk): (usize, &Chunk)| {
        let is_one = |token: &&Token| matches!(token.kind, Kind::Sign(sign) if sign.is_ascii_control());
        let token = view.tokens[chunk.first..chunk.last].iter().find(is_one)?;
        let sign = view.source.text.as_bytes().get(token.start)?;
        let error = Diagnostic::error(Code::Unexpected, format!("a control character, U+{sign:04X}, can't stand in a recipe"))
            .at(view.span(token.start, token.end), "not to be seen")
            .help("delete it: a terminal or another program left it there");
        Some((number, error))
    };
    chunks.iter().enumerate().filter_map(first).collect()
}

/// The tokens with their text.
struct View<'a> {
    source: &'a Source,
    tokens: &'a [Token],
}

impl View<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source.id, start as u32, end as u32)
    }

    fn word(&self, at: usize) -> Option<&str> {
        let token = self.tokens.get(at)?;
        (token.kind == Kind::Word).then(|| &self.source.text[token.range()])
    }

    /// A word that an operator or another part of an expression is made of.
    fn joins(&self, at: usize) -> bool {
        self.word(at).is_some_and(|word| word != "let" && RESERVED_WORDS.contains(&word))
    }

    /// The kind of the token if it goes on with the line of the one before.
    fn on_line(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).filter(|token| !token.first).map(|token| token.kind)
    }

    /// `=` that is not the beginning of `==` or `=>`.
    fn is_assign(&self, at: usize) -> bool {
        let touches = |sign| self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Sign(sign) && next.start == self.tokens[at].end);
        self.on_line(at) == Some(Kind::Sign(b'=')) && !touches(b'=') && !touches(b'>')
    }

    /// Whether what follows a declaration's name stands at `at`.
    fn after_name(&self, at: usize) -> bool {
        self.is_assign(at)
            || matches!(self.on_line(at), Some(Kind::Sign(b':') | Kind::Open(b'(')))
            || (self.on_line(at).is_some() && self.word(at) == Some("in"))
    }

    /// What declaration begins at this token, if one does; `inside` of brackets `word = …` does not: it may be an argument.
    fn head(&self, at: usize, inside: bool) -> Option<Head> {
        let word = self.word(at)?;
        if !self.tokens[at].first {
            return None;
        }
        let next = self.on_line(at + 1);
        let next_is_name = next == Some(Kind::Word) && !self.joins(at + 1);
        let named = next_is_name && self.after_name(at + 2);
        if word == "ddl" && next == Some(Kind::Number) {
            return Some(Head::Edition);
        }
        if is_item_word(word) {
            let plain = next_is_name || word == "let" || matches!(next, Some(Kind::Open(b'{') | Kind::Text { .. }));
            return (plain || (!inside && self.is_assign(at + 2))).then_some(Head::Item(at));
        }
        if self.joins(at) {
            return None;
        }
        if matches!(word, "term" | "margin") && next_is_name && self.on_line(at + 2) == Some(Kind::Open(b'(')) {
            return Some(Head::Reserved(at));
        }
        (named || (!inside && self.is_assign(at + 1))).then_some(Head::Unknown(at))
    }
}
