//! Panels: several protocols under one name, of which tables show single numbers, means, spreads and the worst.

use super::{Compiler, Val};
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::decl::Operator as _;
use crate::lang::types::Type;
use crate::lang::value::{NodeId, Value};
use crate::ops::evals::{Counts, Decided, Metric, OverPanel, Panel, PanelBy, Protocol};
use crate::source::Span;
use crate::syntax::tree::Word;

impl Compiler<'_> {
    /// `sc.d1` or `sc.mean` of a panel `sc`; nothing where the value is no panel.
    pub(super) fn of_panel(&mut self, base: &Val, name: &Word) -> Option<Val> {
        let Value::Node(panel) = base.value else { return None };
        let node = self.graph.node(panel);
        if node.op != Panel::NAME {
            return None;
        }
        let span = base.span.to(name.span);
        let (evals, names) = (node.args.get("evals").cloned()?, node.names.clone());
        let Value::Record(members) = &evals else { return None };
        let open = |value: &Value| !matches!(value, Value::Node(_));
        let all = PanelBy::WORDS.contains(&name.text.as_str());
        let unknown = if all { members.values().find(|value| open(value)) } else { members.get(&name.text).filter(|value| open(value)) };
        if let Some(unknown) = unknown {
            return Some(Val::new(Type::Eval, unknown.clone(), span)); // wrong, or waiting for a parameter
        }
        let found = if let Some(Value::Node(member)) = members.get(&name.text) {
            *member
        } else if all {
            let args = [("evals", evals.clone()), ("by", Value::text(name.text.as_str()))].into_iter().collect();
            self.graph.add(OverPanel::NAME, args, Some(span))
        } else {
            let known = || members.keys().map(String::as_str).chain(PanelBy::WORDS);
            let help = did_you_mean(&name.text, known())
                .map_or_else(|| format!("it has {}", one_of(known())), |near| format!("did you mean `{near}`?"));
            let unknown = Diagnostic::error(Code::UnknownField, format!("the panel has no protocol `{}`", name.text));
            return Some(self.wrong(unknown.at(name.span, "unknown").help(help), span));
        };
        // a protocol of its own name has this one too, where it is said
        for (panel, arm) in &names {
            self.graph.name(found, &format!("{panel}.{}", name.text), arm);
        }
        Some(Val::new(Type::Eval, Value::Node(found), span))
    }

    /// The protocols that an evaluation is made of: those of a panel, or itself alone.
    pub(super) fn protocols_of(&self, eval: NodeId) -> Vec<NodeId> {
        let node = self.graph.node(eval);
        match node.args.get("evals") {
            Some(evals) if [Panel::NAME, OverPanel::NAME].contains(&node.op) => {
                let mut members = Vec::new();
                evals.nodes(&mut |member| members.push(member));
                members
            }
            _ => vec![eval],
        }
    }

    /// Whether an evaluation counts what the protocols of a panel count together.
    pub(super) fn is_pooled(&self, eval: NodeId) -> bool {
        let pooled = |by: &Value| matches!(by, Value::Text(word) if **word == *PanelBy::Pooled.word());
        self.graph.node(eval).args.get("by").is_some_and(pooled)
    }

    /// The metrics that an evaluation has: those that all of its protocols have. A panel by itself has none.
    pub(super) fn metrics_of(&self, eval: NodeId) -> Vec<&'static str> {
        if self.graph.node(eval).op == Panel::NAME {
            return Vec::new();
        }
        let mut of_each = self.protocols_of(eval).into_iter().map(|member| Protocol::metrics(self.graph.node(member).op));
        let pools = |metric: &&str| !self.is_pooled(eval) || matches!(Metric::kind(metric), Some(Counts(Some(_))));
        let first = of_each.next().unwrap_or_default().iter().copied().filter(pools).collect();
        of_each.fold(first, |known: Vec<_>, more| known.into_iter().filter(|metric| more.contains(metric)).collect())
    }

    /// Whether a value names no panel; says that only tables know them where it does.
    pub(super) fn is_without_panels(&mut self, value: &Value, what: &str, at: Span) -> bool {
        let mut panels = false;
        value.nodes(&mut |node| panels |= [Panel::NAME, OverPanel::NAME].contains(&self.graph.node(node).op));
        if panels {
            let wrong = Diagnostic::error(Code::BadArgument, format!("{what} looks at one protocol, and this is a panel of several"));
            self.diagnostics.push(wrong.at(at, "a panel").help("name one of its protocols; what is made of all stands in tables"));
        }
        !panels
    }
}

impl Compiler<'_> {
    /// Whether a value names no protocol that is decided at a threshold of another one; says that a stage can't look at it where it does.
    pub(super) fn is_undecided(&mut self, value: &Value, what: &str, at: Span) -> bool {
        let mut decided = false;
        value.nodes(&mut |node| decided |= self.graph.node(node).op == Decided::NAME);
        if decided {
            let wrong =
                Diagnostic::error(Code::BadArgument, format!("{what} looks at a model on the way, and this is decided at a threshold"));
            self.diagnostics.push(
                wrong.at(at, "at a threshold").help("choose by a number that takes its threshold from its own scores, such as `tar`"),
            );
        }
        !decided
    }
}

/// The arguments of a stage that look at protocols.
pub(super) const LOOKING: [&str; 3] = ["watch", "keep", "stop"];
