//! An expression of the command line, which stands in a recipe that nobody wrote: what is wrong with it is said at its own places.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

use super::screen::Screen;
use crate::diag::{Diagnostic, Label};
use crate::source::{FileId, SourceMap, Span};

/// An expression and where it begins in the recipe around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'a> {
    /// The expression as it was typed.
    pub text: &'a str,
    /// The byte of the recipe where it begins.
    pub from: usize,
    /// Whether its places are shown: what was typed stands in the recipe as it is.
    pub is_shown: bool,
}

impl Written<'_> {
    /// Says what is wrong with it.
    pub(crate) fn complain<'d>(self, found: impl IntoIterator<Item = &'d Diagnostic>, screen: &Screen) {
        let mut sources = SourceMap::new();
        let own = sources.add("expression", self.text);
        let all: Vec<Diagnostic> = found.into_iter().map(|it| self.at_home(it, own)).collect();
        screen.messages(&all, &sources);
    }

    fn at_home(self, diagnostic: &Diagnostic, own: FileId) -> Diagnostic {
        let mut moved = Diagnostic { related: Vec::new(), labels: Vec::new(), ..diagnostic.clone() };
        if !self.is_shown {
            return moved;
        }
        let here = |label: &Label| Some(Label { span: inside(label.span, self.from, self.text.len(), own)?, ..label.clone() });
        moved.labels = diagnostic.labels.iter().filter_map(here).collect();
        if moved.labels.is_empty() { moved.at(Span::new(own, 0, self.text.len() as u32), "here") } else { moved }
    }
}

/// A place of the recipe as one of the expression in it; none where it lies elsewhere.
fn inside(span: Span, from: usize, length: usize, file: FileId) -> Option<Span> {
    let (start, end) = ((span.start as usize).checked_sub(from)?, (span.end as usize).checked_sub(from)?);
    (end <= length).then(|| Span::new(file, start as u32, end as u32))
}
