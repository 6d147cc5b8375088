//! Slips of which it is known what was meant: `.5`, `5.`, `1...3`, `f (x)`, `(1, 2)`.

use super::Place;
use crate::scan::{Kind, RESERVED_WORDS};
use ddl_base::diag::{Code, Diagnostic};
use ddl_base::source::Span;

impl Place<'_> {
    /// The diagnostic for a slip, if it is one.
    pub(super) fn slip(&self) -> Option<Diagnostic> {
        self.gap_before_call().or_else(|| self.half_a_number()).or_else(|| self.dangling_point()).or_else(|| self.round_list())
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// Whether no blank stands between this token and the one before.
    pub(super) fn touches(&self, at: usize) -> bool {
        at > 0 && self.tokens.get(at).is_some_and(|token| token.start == self.tokens[at - 1].end)
    }

    /// `f (x)`
    fn gap_before_call(&self) -> Option<Diagnostic> {
        let name = self.at.checked_sub(1)?;
        let word = self.text(name);
        let called = self.after_value() && self.text(self.at) == "(" && !self.tokens[self.at].first;
        if !called || self.kind(name) != Some(Kind::Word) || RESERVED_WORDS.contains(&word) || self.touches(self.at) {
            return None;
        }
        let blank = Span { start: self.span_of(name).end, end: self.span_of(self.at).start, ..self.span_of(name) };
        let error = Diagnostic::error(Code::GapBeforeCall, format!("a call has no blank between `{word}` and `(`"));
        Some(error.at(blank, "this blank").help(format!("write `{word}(…)`")))
    }

    /// `.5`, and `1...3`, which is a range and `.3`
    fn half_a_number(&self) -> Option<Diagnostic> {
        let point = self.at.checked_sub(1)?;
        let number = self.kind(self.at) == Some(Kind::Number) && self.text(point) == "." && self.touches(self.at);
        if !number {
            return None;
        }
        let all = self.span_of(point).to(self.span_of(self.at));
        if point >= 2 && self.text(point - 1) == "." && self.text(point - 2) == "." && self.touches(point) {
            let points = self.span_of(point - 2).to(self.span_of(point));
            return Some(
                Diagnostic::error(Code::BadNumber, "a range is written with two points").at(points, "three points").help("write `a..b`"),
            );
        }
        let after_something = self.touches(point) && matches!(self.kind(point - 1), Some(Kind::Word | Kind::Close(_)));
        (!after_something).then(|| bad_number(all, "a number begins with a digit", &format!("0{}", self.source.slice(all))))
    }

    /// `(1, 2)`
    fn round_list(&self) -> Option<Diagnostic> {
        let open = self.innermost().filter(|open| self.text(*open) == "(" && self.known_tuple(*open).is_none())?;
        let called = self.touches(open) && matches!(self.kind(open - 1), Some(Kind::Word | Kind::Close(_)));
        let (mut depth, mut comma, mut close) = (0usize, false, None);
        for at in open + 1..self.tokens.len() {
            match self.kind(at) {
                Some(Kind::Open(_)) => depth += 1,
                Some(Kind::Close(_)) if depth == 0 => {
                    close = Some(at);
                    break;
                }
                Some(Kind::Close(_)) => depth -= 1,
                _ => comma |= depth == 0 && self.text(at) == ",",
            }
        }
        let close = close.filter(|_| comma && !called)?;
        let all = self.span_of(open).to(self.span_of(close));
        let inside = Span { start: self.span_of(open).end, end: self.span_of(close).start, ..all };
        let error = Diagnostic::error(Code::Unexpected, "a list is written in square brackets").at(all, "no list");
        Some(error.help(format!("write `[{}]`", self.source.slice(inside).trim().trim_end_matches(',').trim_end())))
    }

    /// `5.`
    fn dangling_point(&self) -> Option<Diagnostic> {
        let number = self.at.checked_sub(1)?;
        let point = self.after_value() && self.text(self.at) == "." && self.touches(self.at) && self.text(self.at + 1) != ".";
        if !point || self.kind(number) != Some(Kind::Number) {
            return None;
        }
        let digits = self.text(number);
        let all = self.span_of(number).to(self.span_of(self.at));
        Some(bad_number(all, "a number does not end with a point", &format!("{digits}.0` or `{digits}")))
    }
}

fn bad_number(span: Span, message: &str, mended: &str) -> Diagnostic {
    Diagnostic::error(Code::BadNumber, message).at(span, "this is no number").help(format!("write `{mended}`"))
}
