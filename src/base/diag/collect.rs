//! [`Diagnostics`]: what one pass, or a whole compilation, has found.

use super::fold::folded;
use super::{Diagnostic, Severity};

/// Diagnostics on their way to whoever shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Takes out what was added since there were `count`.
    pub fn split_off(&mut self, count: usize) -> Vec<Diagnostic> {
        self.found.split_off(count.min(self.found.len()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many are errors.
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// Whether any is an error.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// Says of those since there were `count` that they were found in this arm, whatever arm of something inner they were found in.
    pub fn in_arm(&mut self, count: usize, arm: &str) {
        let new = self.found.get_mut(count..).unwrap_or_default();
        new.iter_mut().for_each(|it| it.found_in(arm));
    }

    /// Sorts by file and place (those without a place come last), then severity, code and message; what was said twice, or in several arms,
    /// is said once.
    pub fn sort(&mut self) {
        self.found = folded(std::mem::take(&mut self.found));
        self.found.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.span().is_none(), d.span());
            (key(a), a.severity, a.code, &a.message).cmp(&(key(b), b.severity, b.code, &b.message))
        });
    }

    /// All, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.found.iter()
    }

    /// All, in the order in which they were found, but what was said twice, or in several arms, once.
    pub fn into_folded(self) -> Vec<Diagnostic> {
        folded(self.found)
    }

    /// All, sorted.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.sort();
        self.found
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.found.extend(more);
    }
}

impl From<Vec<Diagnostic>> for Diagnostics {
    fn from(found: Vec<Diagnostic>) -> Self {
        Diagnostics { found }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Diagnostics { found: vec![one] }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.iter()
    }
}
