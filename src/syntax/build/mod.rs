//! Pairs of the grammar to the tree, and what the grammar accepts only to be refused with better words.

#![allow(clippy::cast_possible_truncation, reason = "places in recipes, which are shorter than 2^32 bytes")]

mod exprs;
mod items;
mod literals;
mod operators;
mod types;

use super::DEEPEST_TREE;
use super::grammar::{Grammar, Rule};
use super::tree::{Comment, Doc, Item, Word};
use ddl_base::diag::{Code, Diagnostic};
use ddl_base::source::{Source, Span};
use pest::Parser;
use pest::iterators::{Pair, Pairs};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;

/// The grammar's own error.
pub(super) struct Refused {
    /// The byte at which nothing fitted any more.
    pub at: usize,
    /// What would have fitted there.
    pub expected: Vec<Rule>,
}

/// Reads the declarations in these bytes of the source; the comments among them are blanks to the grammar.
pub(super) fn declarations(source: &Source, bytes: Range<usize>, comments: &[Comment]) -> Result<(Vec<Item>, Vec<Diagnostic>), Refused> {
    let text = without(comments, &source.text[bytes.clone()], bytes.start);
    let pairs = Grammar::parse(Rule::declaration, &text).map_err(|error| {
        let at = match error.location {
            pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => bytes.start + at,
        };
        let expected = match error.variant {
            pest::error::ErrorVariant::ParsingError { positives, .. } => positives,
            pest::error::ErrorVariant::CustomError { .. } => Vec::new(),
        };
        Refused { at, expected }
    })?;
    let build = Build { source, base: bytes.start, depth: Cell::new(0), too_deep: Cell::new(false), errors: RefCell::new(Vec::new()) };
    let items = pairs.flat_map(Pair::into_inner).filter(|pair| pair.as_rule() == Rule::item).map(|pair| build.item(pair)).collect();
    Ok((items, build.errors.into_inner()))
}

/// The text, which begins at `base`, with blanks for comments: every byte stays in its place.
fn without<'t>(comments: &[Comment], text: &'t str, base: usize) -> Cow<'t, str> {
    if comments.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for comment in comments {
        let range = comment.span.range();
        out.push_str(&text[out.len()..range.start - base]);
        out.extend(std::iter::repeat_n(' ', range.len()));
    }
    out.push_str(&text[out.len()..]);
    Cow::Owned(out)
}

/// A line of documentation: its text without slashes and one blank.
pub(super) fn doc(line: &str, span: Span) -> Doc {
    let text = line[3..].trim_end();
    let kept = line.trim_end().len() as u32;
    Doc { text: text.strip_prefix(' ').unwrap_or(text).to_owned(), span: Span { end: span.start + kept, ..span } }
}

struct Build<'s> {
    source: &'s Source,
    /// Where the parsed bytes begin in the source.
    base: usize,
    depth: Cell<usize>,
    too_deep: Cell<bool>,
    errors: RefCell<Vec<Diagnostic>>,
}

impl Build<'_> {
    fn report(&self, error: Diagnostic) {
        self.errors.borrow_mut().push(error);
    }

    fn span(&self, pair: &Pair<Rule>) -> Span {
        let span = pair.as_span();
        Span::new(self.source.id, (self.base + span.start()) as u32, (self.base + span.end()) as u32)
    }

    fn word(&self, pair: &Pair<Rule>) -> Word {
        Word { text: pair.as_str().to_owned(), span: self.span(pair) }
    }

    fn doc(&self, pair: &Pair<Rule>) -> Doc {
        doc(pair.as_str(), self.span(pair))
    }

    /// Takes the lines of documentation off the beginning of a node.
    fn docs(&self, pairs: &mut Pairs<Rule>) -> Vec<Doc> {
        let mut docs = Vec::new();
        while pairs.peek().is_some_and(|pair| pair.as_rule() == Rule::doc) {
            docs.extend(pairs.next().map(|pair| self.doc(&pair)));
        }
        docs
    }

    /// Reports each word that was said before.
    fn refuse_twins<'w>(&self, what: &str, words: impl IntoIterator<Item = &'w Word>) {
        let mut seen: HashMap<&str, &Word> = HashMap::new();
        for word in words {
            if let Some(before) = seen.insert(&word.text, word) {
                self.report(
                    Diagnostic::error(Code::Duplicate, format!("{what} `{}` is given twice", word.text))
                        .at(word.span, "given again")
                        .also(before.span, "first given here"),
                );
            }
        }
    }

    /// Runs a step `levels` deeper in the tree; none where it is too deep already.
    fn deeper<T>(&self, levels: usize, span: impl FnOnce() -> Span, step: impl FnOnce() -> T) -> Option<T> {
        let depth = self.depth.get();
        if depth + levels > DEEPEST_TREE {
            if !self.too_deep.replace(true) {
                self.report(
                    Diagnostic::error(Code::TooDeep, "this expression is nested too deeply")
                        .at(span(), "here")
                        .help("give the inner part a name with `let`"),
                );
            }
            return None;
        }
        self.depth.set(depth + levels);
        let result = step();
        self.depth.set(depth);
        Some(result)
    }
}

/// What a rule of the grammar promises to be there. The grammar and these files change together, and every construct has a test.
trait Promised<'i> {
    /// The next node.
    fn promised(&mut self) -> Pair<'i, Rule>;
}

impl<'i> Promised<'i> for Pairs<'i, Rule> {
    fn promised(&mut self) -> Pair<'i, Rule> {
        self.next().expect("a node that the grammar demands here")
    }
}
