//! The formatter: one style, no options. What it writes parses to the same tree, keeps every comment, and is its own formatting.
//!
//! Comments keep their place where a line may end: between declarations, list elements, operands of a broken chain. One that stands
//! elsewhere (between a name and its `=`) moves to the nearest such place after it, or above its declaration.

mod exprs;
mod items;
mod layout;

use super::tree::{Comment, File, Item};
use ddl_base::source::{Source, Span};
use layout::{Piece, lay_out};
use std::cell::Cell;

/// The recipe in ddl's one style. Declarations with errors are kept as they are written.
pub fn format(file: &File, source: &Source) -> String {
    let formatter = Formatter { source, comments: &file.comments, next: Cell::new(0) };
    let mut page = Top { source, out: String::new(), end: None };
    let edition = file.edition.map(|edition| (edition.span, format!("ddl {}", edition.number)));
    let docs = file.inner_docs.iter().map(|doc| (doc.span, doc_line("//!", &doc.text)));
    let mut lines: Vec<(Span, String)> = edition.into_iter().chain(docs).collect();
    lines.sort_by_key(|(span, _)| span.start);
    // the edition is the first line, whatever stood before it
    let mut items = file.items.iter().peekable();
    for (span, text) in lines {
        while let Some(item) = items.next_if(|item| item.span.start < span.start) {
            formatter.item_block(&mut page, item);
        }
        formatter.comments_before(&mut page, span.start);
        page.block(span, &text);
    }
    for item in items {
        formatter.item_block(&mut page, item);
    }
    formatter.comments_before(&mut page, u32::MAX);
    if !page.out.is_empty() {
        page.out.push('\n');
    }
    page.out
}

/// `/// text`
fn doc_line(slashes: &str, text: &str) -> String {
    if text.is_empty() { slashes.to_owned() } else { format!("{slashes} {text}") }
}

/// The text as it grows, declaration by declaration.
struct Top<'a> {
    source: &'a Source,
    out: String,
    /// Where what was written last ends in the source.
    end: Option<u32>,
}

impl Top<'_> {
    /// Writes a block on lines of its own, after a blank line where the source has some.
    fn block(&mut self, span: Span, text: &str) {
        if let Some(end) = self.end {
            let between = self.source.text.get(end as usize..span.start as usize).unwrap_or("");
            self.out.push_str(if between.matches('\n').count() > 1 { "\n\n" } else { "\n" });
        }
        self.out.push_str(text);
        self.end = Some(self.end.unwrap_or(0).max(span.end));
    }

    /// Writes a comment: after what stands before it on its line, or as a block.
    fn comment(&mut self, comment: &Comment) {
        if comment.own_line || self.end.is_none() {
            self.block(comment.span, &comment.text);
        } else {
            self.out.push_str("  ");
            self.out.push_str(&comment.text);
            self.end = Some(comment.span.end);
        }
    }
}

struct Formatter<'a> {
    source: &'a Source,
    comments: &'a [Comment],
    /// The first comment that is not written yet.
    next: Cell<usize>,
}

impl<'a> Formatter<'a> {
    /// Takes the comments that begin before `offset`.
    fn take(&self, offset: u32) -> &'a [Comment] {
        let first = self.next.get();
        let length = self.comments[first..].iter().take_while(|comment| comment.span.start < offset).count();
        self.next.set(first + length);
        &self.comments[first..first + length]
    }

    fn comments_before(&self, page: &mut Top, offset: u32) {
        for comment in self.take(offset) {
            page.comment(comment);
        }
    }

    fn item_block(&self, page: &mut Top, item: &Item) {
        self.comments_before(page, item.docs.first().map_or(item.span.start, |doc| doc.span.start));
        let between = self.take(item.span.start);
        let text = lay_out(&self.item(item));
        // comments for which the layout had no place stand above
        let left = self.take(item.span.end);
        let mut span = item.docs.first().map_or(item.span, |doc| doc.span.to(item.span));
        for comment in between.iter().chain(left) {
            page.block(Span { end: span.start, ..span }, &comment.text);
            span.start = span.start.max(page.end.unwrap_or(0));
        }
        let docs = item.docs.iter().map(|doc| doc_line("///", &doc.text) + "\n");
        page.block(span, &(docs.collect::<String>() + &text));
    }

    fn verbatim(&self, span: Span) -> Piece {
        self.take(span.end);
        Piece::Verbatim(self.source.slice(span).trim_end().to_owned())
    }

    /// The comments before a place in a list, as what ends the line before it and what stands on lines of its own above it.
    fn comments(&self, offset: u32) -> (Vec<Piece>, Vec<Piece>) {
        let (mut ending, mut above) = (Vec::new(), Vec::new());
        for comment in self.take(offset) {
            if comment.own_line || !above.is_empty() {
                above.extend([Piece::text(&comment.text), Piece::Hard]);
            } else {
                ending.push(Piece::Suffix(comment.text.clone()));
            }
        }
        (ending, above)
    }

    /// `open element, element close`, on one line or each element on its own.
    fn bracketed(&self, open: &str, elements: Vec<(Span, Element<'_>)>, end: u32, close: &str) -> Piece {
        let mut inner = Vec::new();
        for (number, (span, element)) in elements.into_iter().enumerate() {
            if number > 0 {
                inner.push(Piece::text(","));
            }
            let (ending, above) = self.comments(span.start);
            inner.extend(ending);
            inner.push(if number > 0 { Piece::Line } else { Piece::Soft });
            inner.extend(above);
            inner.extend(element());
        }
        let empty = inner.is_empty();
        let (ending, above) = self.comments(end);
        if empty && ending.is_empty() && above.is_empty() {
            return Piece::text(format!("{open}{close}"));
        }
        if !empty {
            inner.push(Piece::Broken(","));
        }
        inner.extend(ending);
        if !above.is_empty() {
            let mut above = above;
            above.pop();
            inner.push(Piece::Hard);
            inner.extend(above);
        }
        Piece::group(vec![Piece::text(open), Piece::Nest(inner), Piece::Soft, Piece::text(close)])
    }
}

/// What writes an element when its turn comes, so that comments are taken in the order of the text.
type Element<'f> = Box<dyn FnOnce() -> Vec<Piece> + 'f>;
