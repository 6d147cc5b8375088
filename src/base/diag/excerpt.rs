//! The lines of a source that a diagnostic is about. A line that is too long is cut around the places in it, so that no line is wider than
//! the screen and no message costs more than what it shows.

#![allow(clippy::cast_possible_truncation, reason = "lengths and places in files that were read")]

use crate::source::Source;
use crate::text::{masked, shown};
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// What stands for what was cut out.
const CUT: &str = "…";

/// Columns that stay on each side of a place when several lie too far apart for one line.
const LEAST: usize = 6;

/// Columns that a label has below its place, if it needs as many: a line that has fewer after a place is cut before it.
const ROOM: usize = 20;

/// Columns before the words of a label: `╰── `.
pub(super) const HOOK: usize = 4;

/// Lines of a source. Offsets in it are its own: [`Excerpt::at`] finds them.
#[derive(Debug)]
pub(super) struct Excerpt {
    source: Source,
    text: String,
    /// Lines of the source before it.
    lines_before: usize,
    /// What was kept, in order.
    pieces: Vec<Piece>,
}

/// A piece of the source as it stands in the excerpt.
#[derive(Debug)]
struct Piece {
    /// Its place in the source.
    source: Range<usize>,
    /// Where it begins in the excerpt.
    begins: usize,
}

impl Excerpt {
    /// The lines of some places of a source (whole characters of it) and one more on either side, none wider than `widest` columns. Labels
    /// of so many columns stand below the places.
    pub(super) fn new(source: &Source, places: &[Range<usize>], labels: usize, widest: usize) -> Self {
        let room = if labels == 0 { 0 } else { HOOK + labels.min(ROOM) };
        let text = &*source.text;
        let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1);
        let first = places.iter().map(|place| place.start).min().unwrap_or(0);
        let last = places.iter().map(|place| place.end).max().unwrap_or(0);
        let (start, end) = (line_start(first), line_end(last));
        let region = line_start(start.saturating_sub(1))..if end < text.len() { line_end(end) } else { end };
        source.lines(); // looked for once, for all messages about it: the copy shares them
        let mut named = source.clone();
        named.name = ending(&shown(&source.name), widest.saturating_sub(PLACE));
        let mut excerpt = Excerpt {
            source: named,
            text: String::with_capacity(region.len().min(64 << 10)),
            lines_before: source.place(region.start as u32).line - 1,
            pieces: Vec::new(),
        };
        let mut at = region.start;
        for line in text[region].split_inclusive('\n') {
            excerpt.line(at..at + line.len(), places, (widest, room));
            at += line.len();
        }
        excerpt
    }

    /// Where a byte of the source stands in the excerpt; of what was cut out, where it was.
    pub(super) fn at(&self, offset: usize) -> usize {
        match self.pieces.partition_point(|piece| piece.source.start <= offset).checked_sub(1).map(|last| &self.pieces[last]) {
            Some(piece) => piece.begins + (offset - piece.source.start).min(piece.source.len()),
            None => 0,
        }
    }

    /// The columns before the middle of a place, where its label hangs; of a place on several lines there are none.
    pub(super) fn hook(&self, place: &Range<usize>) -> usize {
        let (start, end) = (self.at(place.start), self.at(place.end));
        let line = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        if self.text[start..end].contains('\n') { 0 } else { middle(&self.text, line, &(start..end)) }
    }

    /// A byte of the excerpt's as one of the source.
    fn of(&self, at: usize) -> usize {
        match self.pieces.partition_point(|piece| piece.begins <= at).checked_sub(1).map(|last| &self.pieces[last]) {
            Some(piece) => piece.source.start + (at - piece.begins).min(piece.source.len()),
            None => 0,
        }
    }

    fn keep(&mut self, source: Range<usize>) {
        let begins = self.text.len();
        self.text.push_str(&masked(&self.source.text[source.clone()])); // of as many bytes
        self.pieces.push(Piece { source, begins });
    }

    /// Takes a line with the newline at its end.
    fn line(&mut self, line: Range<usize>, places: &[Range<usize>], (widest, room): (usize, usize)) {
        let text = std::sync::Arc::clone(&self.source.text);
        let whole = &text[line.clone()];
        let end = line.start + whole.strip_suffix("\r\n").or_else(|| whole.strip_suffix('\n')).unwrap_or(whole).len();
        let hook =
            places.iter().filter(|place| place.start >= line.start && place.end <= end).map(|place| middle(&text, line.start, place)).max();
        if forward(&text, line.start, end, widest) == end && hook.is_none_or(|hook| hook + room <= widest) {
            return self.keep(line);
        }
        let mut kept_to = line.start;
        for piece in kept(&text, line.start..end, places, (widest - 2 * CUT.chars().count(), room)) {
            if piece.start > kept_to {
                self.text.push_str(CUT);
            }
            kept_to = piece.end;
            self.keep(piece);
        }
        if kept_to < end {
            self.text.push_str(CUT);
        }
        self.keep(end..line.end);
    }
}

/// What stays of a line that is too long, in order.
fn kept(text: &str, line: Range<usize>, places: &[Range<usize>], (widest, room): (usize, usize)) -> Vec<Range<usize>> {
    let alone = |piece| Vec::from([piece]);
    let inside = |place: &Range<usize>| place.start.clamp(line.start, line.end)..place.end.clamp(line.start, line.end);
    let mut here: Vec<Range<usize>> =
        places.iter().filter(|place| place.start <= line.end && place.end >= line.start).map(inside).collect();
    here.sort_by_key(|place| (place.start, place.end));
    let (Some(first), Some(last)) = (here.first().map(|place| place.start), here.iter().map(|place| place.end).max()) else {
        return alone(line.start..forward(text, line.start, line.end, widest));
    };
    if forward(text, first, last, widest) == last {
        // all in one piece, with as much before as after, as far as the labels have room
        let spare = widest - width(&text[first..last]);
        let hook = here.iter().map(|place| middle(text, first, place)).max().unwrap_or(0);
        let before = widest.saturating_sub(hook + room);
        let start = backward(text, line.start, first, before.min(spare / 2));
        let end = forward(text, last, line.end, spare - width(&text[start..first]));
        let start = backward(text, line.start, first, before.min(spare - width(&text[last..end])));
        return alone(start..end);
    }
    let each = (widest.saturating_sub(room) / (4 * here.len())).max(if widest > 4 * ROOM { LEAST } else { 1 });
    // of a long place the ends stay
    let short = |place: &Range<usize>| width(&text[place.clone()]) <= widest / (2 * here.len());
    let parts =
        |place: &Range<usize>| if short(place) { vec![place.clone()] } else { vec![place.start..place.start, place.end..place.end] };
    let mut parts: Vec<Range<usize>> = here.iter().flat_map(parts).collect();
    parts.sort_unstable_by_key(|part| (part.start, part.end));
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for part in parts {
        let (start, end) = (backward(text, line.start, part.start, each), forward(text, part.end, line.end, each));
        match pieces.last_mut() {
            Some(before) if start <= before.end => before.end = before.end.max(end),
            _ => pieces.push(start..end),
        }
    }
    pieces
}

/// Columns of a place's line and column, and of the frame around the name of its file.
const PLACE: usize = 10;

/// Where the label of a place hangs, in columns from `from` on.
fn middle(text: &str, from: usize, place: &Range<usize>) -> usize {
    width(&text[from..place.start.max(from)]) + width(&text[place.start.max(from)..place.end.max(from)]) / 2
}

/// The end of a name that takes at most so many columns.
fn ending(name: &str, most: usize) -> String {
    match backward(name, 0, name.len(), most) {
        0 => name.to_owned(),
        _ => format!("{CUT}{}", &name[backward(name, 0, name.len(), most.saturating_sub(1))..]),
    }
}

/// Words on lines of at most so many columns; what is longer than a line is broken.
pub(super) fn wrapped(words: &str, most: usize) -> String {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in words.split([' ', '\n']) {
        if !line.is_empty() && width(&line) + 1 + width(word) > most {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        while width(&line) > most {
            let cut = forward(&line, 0, line.len(), most).max(line.chars().next().map_or(0, char::len_utf8));
            let rest = line.split_off(cut);
            lines.push(std::mem::replace(&mut line, rest));
        }
    }
    lines.push(line);
    lines.join("\n")
}

/// The columns of a character; miette shows four for a tab. One that takes none counts too: a line of very many is long all the same.
fn columns(c: char) -> usize {
    if c == '\t' { 4 } else { c.width().unwrap_or(0).max(1) }
}

fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// The end of what fits into so many columns from `from` on, at most `to`.
fn forward(text: &str, from: usize, to: usize, most: usize) -> usize {
    let mut taken = 0;
    let over = text[from..to].char_indices().find(|(_, c)| {
        taken += columns(*c);
        taken > most
    });
    over.map_or(to, |(at, _)| from + at)
}

/// The beginning of what fits into so many columns before `to`, at least `from`.
fn backward(text: &str, from: usize, to: usize, most: usize) -> usize {
    let mut taken = 0;
    let over = text[from..to].char_indices().rev().find(|(_, c)| {
        taken += columns(*c);
        taken > most
    });
    over.map_or(from, |(at, c)| from + at + c.len_utf8())
}

impl SourceCode for Excerpt {
    fn read_span<'a>(&'a self, span: &SourceSpan, before: usize, after: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let it = self.text.read_span(span, before, after)?;
        // a place is named by its line and column in the source
        let column = if before == 0 { self.source.place(self.of(span.offset()) as u32).column - 1 } else { it.column() };
        let (line, count) = (it.line() + self.lines_before, it.line_count() + self.lines_before);
        Ok(Box::new(MietteSpanContents::new_named(self.source.name.clone(), it.data(), *it.span(), line, column, count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use std::slice::from_ref;

    fn excerpt(text: &str, places: &[Range<usize>], widest: usize) -> Excerpt {
        Excerpt::new(&Source::new(FileId(0), "r.ddl", text), places, 0, widest)
    }

    #[test]
    fn short_lines_stay_as_they_are() {
        let it = excerpt("a\nb\nc\nd\ne\n", from_ref(&(4..5)), 40);
        assert_eq!((it.text.as_str(), it.lines_before), ("b\nc\nd\n", 1));
        assert_eq!((it.at(4), it.of(2)), (2, 4));
    }

    #[test]
    fn a_long_line_is_cut_around_its_places() {
        let text = format!("{}HERE{}\n", "ä".repeat(100_000), "b".repeat(100_000));
        let at = 200_000;
        let it = excerpt(&text, from_ref(&(at..at + 4)), 40);
        assert!(width(it.text.trim_end()) <= 40, "{}", it.text);
        assert_eq!(&it.text[it.at(at)..it.at(at + 4)], "HERE");
        assert!(it.text.starts_with('…') && it.text.trim_end().ends_with('…'));
        // one at the very end, and one that is longer than the screen
        assert_eq!(&it.text[it.at(at + 100_000)..], "…\n");
        let whole = excerpt(&text, from_ref(&(0..text.len() - 1)), 40);
        assert!(width(whole.text.trim_end()) <= 40 + 4 * LEAST, "{}", whole.text);
        assert_eq!((whole.at(0), whole.at(text.len() - 1)), (0, whole.text.len() - 1));
    }

    #[test]
    fn a_long_line_is_cut_whatever_it_is_made_of() {
        for c in ['a', 'ä', '顔', '\t', '\0', '\u{1}', '\u{7f}', '\u{200b}', '\u{301}', '\u{feff}', '\u{202e}', '\u{1f600}', '\r'] {
            let filling = c.to_string().repeat(1_000);
            for (text, at) in [
                (format!("{filling}HERE{filling}\n"), filling.len()),
                (format!("HERE{filling}\n"), 0),
                (format!("{filling}\nHERE"), filling.len() + 1),
            ] {
                let it = excerpt(&text, from_ref(&(at..at + 4)), 40);
                assert!(it.text.chars().count() < 100, "{c:?}: {}", it.text.len());
                assert_eq!(&it.text[it.at(at)..it.at(at + 4)], "HERE", "{c:?}");
            }
        }
    }

    #[test]
    fn places_far_apart_stay_both() {
        let text = format!("{}ONE{}TWO{}", "a".repeat(500), "b".repeat(500), "c".repeat(500));
        let it = excerpt(&text, &[1003..1006, 500..503], 60);
        let shown = |place: Range<usize>| &it.text[it.at(place.start)..it.at(place.end)];
        assert_eq!((shown(500..503), shown(1003..1006)), ("ONE", "TWO"));
        assert!(width(&it.text) <= 70, "{}", it.text);
    }
}
