//! Operators: how tight each is, and what becomes of its operands.

use super::Build;
use super::exprs::Operand;
use crate::grammar::Rule;
use crate::tree::{ChainOp, CompareOp, Expr, ExprKind, Link, UnaryOp};
use ddl_base::diag::{Code, Diagnostic};
use ddl_base::source::Span;
use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};
use std::sync::LazyLock;

/// From loose to tight. `and`, `or`, `not` are words; ranges are tighter than `??`, which is tighter than comparisons.
pub(super) static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    PrattParser::new()
        .op(Op::infix(Rule::pipe, Assoc::Left))
        .op(Op::infix(Rule::or, Assoc::Left))
        .op(Op::infix(Rule::and, Assoc::Left))
        .op(Op::prefix(Rule::not))
        .op(Op::infix(Rule::compare, Assoc::Left))
        .op(Op::infix(Rule::coalesce, Assoc::Left))
        .op(Op::infix(Rule::range, Assoc::Left))
        .op(Op::infix(Rule::sum, Assoc::Left))
        .op(Op::infix(Rule::product, Assoc::Left))
        .op(Op::prefix(Rule::neg))
});

impl Build<'_> {
    pub(super) fn prefix(&self, op: &Pair<Rule>, operand: Operand) -> Operand {
        let span = self.span(op).to(operand.outer);
        let op = if op.as_rule() == Rule::neg { UnaryOp::Neg } else { UnaryOp::Not };
        Operand::new(ExprKind::Unary { op, operand: Box::new(operand.expr) }, span)
    }

    pub(super) fn infix(&self, left: Operand, op: &Pair<Rule>, right: Operand) -> Operand {
        let span = left.outer.to(right.outer);
        let kind = match op.as_rule() {
            Rule::pipe => self.pipe(left.expr, right),
            Rule::range => self.range(left, op, right),
            Rule::compare => self.compare(left, op, right),
            Rule::sum | Rule::product | Rule::coalesce | Rule::and | Rule::or => {
                let op_span = self.span(op);
                let op = ChainOp::from_text(op.as_str()).expect("the grammar lists the operators of ChainOp");
                chain(left.expr, Link { op, op_span, operand: right.expr })
            }
            other => unreachable!("{other:?} is no operator in the grammar"),
        };
        Operand::new(kind, span)
    }

    fn range(&self, left: Operand, op: &Pair<Rule>, right: Operand) -> ExprKind {
        if matches!(left.expr.kind, ExprKind::Range { .. }) && !left.bracketed {
            let error = Diagnostic::error(Code::ChainedRange, "a range has two ends")
                .at(self.span(op), "a third")
                .help("write `a..b`; both ends are included");
            self.report(error);
            return ExprKind::Error;
        }
        ExprKind::Range { from: Box::new(left.expr), to: Box::new(right.expr) }
    }

    fn compare(&self, left: Operand, op: &Pair<Rule>, right: Operand) -> ExprKind {
        let op_span = self.span(op);
        if let ExprKind::Compare { op: first, op_span: first_span, left: low, right: middle } = &left.expr.kind
            && !left.bracketed
        {
            let words = |span: Span| self.source.slice(span);
            let ascending = |sign: &str| matches!(sign, "<" | "<=");
            let descending = |sign: &str| matches!(sign, ">" | ">=");
            let (a, x, b) = (words(low.span), words(middle.span), words(right.expr.span));
            let help = if ascending(first.text()) && ascending(op.as_str()) {
                format!("write `{x} in {a}..{b}`; both ends are included")
            } else if descending(first.text()) && descending(op.as_str()) {
                format!("write `{x} in {b}..{a}`; both ends are included")
            } else {
                format!("write `{a} {first} {x} and {x} {} {b}`", op.as_str(), first = first.text())
            };
            let error = Diagnostic::error(Code::ChainedComparison, "comparisons are not chained")
                .at(op_span, "a second comparison")
                .also(*first_span, "the first")
                .help(help);
            self.report(error);
            return ExprKind::Error;
        }
        let op = CompareOp::from_text(op.as_str()).expect("the grammar lists the operators of CompareOp");
        ExprKind::Compare { op, op_span, left: Box::new(left.expr), right: Box::new(right.expr) }
    }

    fn pipe(&self, left: Expr, right: Operand) -> ExprKind {
        let right_text = self.source.slice(right.outer);
        if matches!(right.expr.kind, ExprKind::Error) {
            return ExprKind::Error;
        }
        let call = match right {
            Operand { expr: Expr { kind: ExprKind::Call(call), .. }, bracketed: false, .. } => call,
            // `32px |> ramp(…)..112px`: a curve from which a range begins
            Operand { expr: Expr { kind: ExprKind::Range { from, to }, .. }, bracketed: false, .. }
                if matches!(from.kind, ExprKind::Call(_)) =>
            {
                let span = left.span.to(from.span);
                let outer = from.span;
                let kind = self.pipe(left, Operand::new(from.kind, outer));
                return ExprKind::Range { from: Box::new(Expr { kind, span }), to };
            }
            other => {
                let kind = &other.expr.kind;
                let help = if matches!(kind, ExprKind::Name(_) | ExprKind::Field { .. }) {
                    format!("write `{right_text}()`")
                } else if !other.bracketed && matches!(kind, ExprKind::Chain { .. } | ExprKind::Compare { .. } | ExprKind::Range { .. }) {
                    "`|>` is looser than other operators: put brackets around `… |> …`".to_owned()
                } else {
                    "write `value |> f(…)`: the value becomes the call's first argument".to_owned()
                };
                let error =
                    Diagnostic::error(Code::PipeNeedsCall, "the right side of `|>` is a call").at(other.outer, "no call").help(help);
                self.report(error);
                return ExprKind::Error;
            }
        };
        match left.kind {
            ExprKind::Pipe { value, mut calls } => {
                calls.push(call);
                ExprKind::Pipe { value, calls }
            }
            kind => ExprKind::Pipe { value: Box::new(Expr { kind, span: left.span }), calls: vec![call] },
        }
    }
}

/// How many operators stand in an expression, and how many levels of the tree they can make.
pub(super) fn shape(pairs: Pairs<Rule>) -> (usize, usize) {
    let (mut operators, mut prefixes, mut longest) = (0, 0, 0);
    let mut infixes: Vec<Rule> = Vec::new();
    for pair in pairs {
        let rule = pair.as_rule();
        operators += usize::from(is_operator(rule));
        if matches!(rule, Rule::neg | Rule::not) {
            prefixes += 1;
            longest = longest.max(prefixes);
        } else {
            prefixes = 0;
            if is_operator(rule) && !infixes.contains(&rule) {
                infixes.push(rule);
            }
        }
    }
    (operators, 1 + longest + infixes.len())
}

pub(super) fn is_operator(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::neg
            | Rule::not
            | Rule::pipe
            | Rule::or
            | Rule::and
            | Rule::compare
            | Rule::coalesce
            | Rule::range
            | Rule::sum
            | Rule::product
    )
}

/// Adds a link to a chain of equally tight operators, or begins one.
fn chain(left: Expr, link: Link) -> ExprKind {
    match left.kind {
        ExprKind::Chain { first, mut rest } if tightness(rest[0].op) == tightness(link.op) => {
            rest.push(link);
            ExprKind::Chain { first, rest }
        }
        kind => ExprKind::Chain { first: Box::new(Expr { kind, span: left.span }), rest: vec![link] },
    }
}

const fn tightness(op: ChainOp) -> Rule {
    match op {
        ChainOp::Mul | ChainOp::Div => Rule::product,
        ChainOp::Add | ChainOp::Sub => Rule::sum,
        ChainOp::Coalesce => Rule::coalesce,
        ChainOp::And => Rule::and,
        ChainOp::Or => Rule::or,
    }
}
