//! What a compilation costs: one budget of work and of bytes for all of it, counted and never timed, so that a recipe that is too much is
//! too much on every machine.
//!
//! Work is what is looked at: an expression evaluated, a part of a value read. Bytes are what is kept. Each is put down to the declaration
//! that is being evaluated, and when the budget is gone, evaluation ends and the one that cost most is named.

#![allow(clippy::cast_possible_truncation, reason = "counts that the budget of the compiler bounds")]

use super::modules::BindingId;
use super::sinks::LARGEST_GRAPH;
use super::{Compiler, Val};
use crate::diag::{Code, Diagnostic};
use crate::lang::value::{Extent, Value};
use std::collections::HashMap;

/// The most work of a compilation: about a second.
pub(super) const MOST_WORK: u64 = 5_000_000;

/// The most bytes that values take.
pub(super) const MOST_BYTES: u64 = 160 << 20;

/// A value may come to as many parts when it is written out.
const MOST_PARTS: u64 = 200_000;

/// A value may come to as many bytes of text.
pub(super) const LONGEST_TEXT: u64 = 4 << 20;

/// Values may be nested as deep: those who read plans can't go much deeper.
const DEEPEST_VALUE: u32 = 100;

/// Names that may be compared with misspelt ones: beyond it nothing is suggested any more.
const MOST_SUGGESTIONS: usize = 200_000;

/// What was spent.
#[derive(Debug, Default)]
pub(super) struct Meter {
    work: u64,
    bytes: u64,
    /// What was put down to declarations.
    spent: HashMap<BindingId, u64>,
    /// The work and the bytes that are put down already.
    settled: (u64, u64),
    /// Names that were compared with misspelt ones.
    compared: usize,
    /// Whether it was said of a value that it is too long.
    said_long: bool,
    /// Whether the budget is gone.
    over: bool,
}

impl Meter {
    /// The work so far.
    pub(super) fn work(&self) -> u64 {
        self.work
    }

    /// Whether the budget is gone.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Spends nothing more.
    pub(super) fn stop(&mut self) {
        self.over = true;
    }

    /// Spends work, and bytes that are kept.
    pub(super) fn spend(&mut self, work: u64, bytes: u64) {
        self.work = self.work.saturating_add(work);
        self.bytes = self.bytes.saturating_add(bytes);
        self.over |= self.work > MOST_WORK || self.bytes > MOST_BYTES;
    }

    /// Puts what was spent since the last time down to a declaration; what is spent outside of all, to none.
    pub(super) fn settle(&mut self, on: Option<BindingId>) {
        // a part of the budget, whichever of the two it is
        let part = |spent: u64, most: u64| (u128::from(spent) * 1_000_000_000 / u128::from(most)) as u64;
        let since = part(self.work - self.settled.0, MOST_WORK).saturating_add(part(self.bytes - self.settled.1, MOST_BYTES));
        self.settled = (self.work, self.bytes);
        if let Some(id) = on {
            let so_far = self.spent.entry(id).or_default();
            *so_far = so_far.saturating_add(since);
        }
    }

    /// The declaration that cost most; of several, the first.
    fn costliest(&self) -> Option<BindingId> {
        self.spent.iter().max_by_key(|(id, spent)| (**spent, std::cmp::Reverse(**id))).map(|(id, _)| *id)
    }
}

impl Compiler<'_> {
    /// Spends what nodes that were made cost; whether there is any budget left. Whoever makes one node for each of many asks before each.
    pub(super) fn in_budget(&mut self) -> bool {
        self.meter.spend(std::mem::take(&mut self.graph.cost), 0);
        if self.graph.len() > LARGEST_GRAPH {
            self.meter.stop();
        }
        !self.meter.is_over()
    }

    /// Spends the work of reading these values, each as long as it is when it is written out.
    pub(super) fn read<'v>(&mut self, values: impl IntoIterator<Item = &'v Value>) {
        let mut work = 0_u64;
        for value in values {
            let extent = value.extent();
            work = work.saturating_add(extent.parts).saturating_add(extent.bytes / 64);
        }
        self.meter.spend(work, 0);
    }

    /// The value, if it is no longer and no deeper than any may be.
    pub(super) fn bounded(&mut self, val: Val) -> Val {
        let Extent { parts, bytes, depth } = val.value.extent();
        if parts <= MOST_PARTS && bytes <= LONGEST_TEXT && depth <= DEEPEST_VALUE {
            return val;
        }
        let span = val.span;
        // what is made of it is too long as well
        if std::mem::replace(&mut self.meter.said_long, true) {
            return Val::poison(span);
        }
        let (what, most) = if parts > MOST_PARTS {
            ("comes to too many parts", format!("more than {MOST_PARTS}, all that it names written out"))
        } else if bytes > LONGEST_TEXT {
            ("comes to too long a text", format!("more than {LONGEST_TEXT} bytes, all that it names written out"))
        } else {
            ("is nested too deeply", format!("more than {DEEPEST_VALUE} levels"))
        };
        let owner = self.stack.last().map(|id| self.modules[id.module.0].bindings[id.place].name.clone());
        let whose = owner.map_or_else(|| "this value".to_owned(), |name| format!("a value of `{name}`"));
        self.wrong(
            Diagnostic::error(Code::TooMuch, format!("{whose} {what}")).at(span, most).help("name twice only what is small: values double"),
            span,
        )
    }

    /// Says, once, which declaration cost most.
    pub(super) fn say_too_much(&mut self) {
        self.meter.settle(self.stack.last().copied());
        let Some(id) = self.meter.costliest().filter(|_| !self.meter.said_long) else { return };
        let binding = &self.modules[id.module.0].bindings[id.place];
        let (code, what, help) = if self.graph.len() > LARGEST_GRAPH {
            let help = format!("a recipe comes to at most {LARGEST_GRAPH} nodes: make axes, lists and what is made of them smaller");
            (Code::TooLarge, format!("comes to more than {LARGEST_GRAPH} nodes"), help)
        } else {
            let help = "make lists, texts, axes and what is made of them smaller: what a recipe may cost to compile is bounded".to_owned();
            (Code::TooMuch, "is too much to compile".to_owned(), help)
        };
        let said = Diagnostic::error(code, format!("this recipe {what}, and `{}` costs most of it", binding.name))
            .at(binding.span, "the largest part of the work is here")
            .help(help);
        self.diagnostics.push(said);
    }

    /// What a misspelt word may have meant; nothing once very many names were compared.
    pub(super) fn near<'n>(&mut self, word: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
        near(&mut self.meter, word, candidates)
    }
}

/// The same where the names are the compiler's own.
pub(super) fn near<'n>(meter: &mut Meter, word: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let left = MOST_SUGGESTIONS.saturating_sub(meter.compared);
    let mut compared = 0;
    let meant = crate::diag::did_you_mean(word, candidates.take(left).inspect(|_| compared += 1));
    meter.compared += compared;
    meant
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::modules::ModuleId;

    #[test]
    fn what_costs_most_is_named() {
        let id = |place| BindingId { module: ModuleId(0), place };
        let mut meter = Meter::default();
        meter.spend(10, 0);
        meter.settle(Some(id(0)));
        meter.spend(0, MOST_BYTES / 2);
        meter.settle(Some(id(1)));
        meter.spend(MOST_WORK / 3, 0);
        meter.settle(Some(id(2)));
        assert_eq!(meter.costliest(), Some(id(1)));
        assert!(!meter.is_over());
        meter.spend(MOST_WORK, 0);
        assert!(meter.is_over());
    }
}
