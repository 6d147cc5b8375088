//! Expressions: the Pratt parser gives operators their tightness.

use super::{Build, Promised};
use crate::diag::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::MOST_OPERATORS;
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{Arg, Call, ChainOp, CompareOp, Entry, Expr, ExprKind, Link, UnaryOp, Word};
use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};
use std::sync::LazyLock;

/// From loose to tight. `and`, `or`, `not` are words; ranges are tighter than `??`, which is tighter than comparisons.
static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
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

/// An expression on its way: whether it stands in brackets, and its span with them.
struct Operand {
    expr: Expr,
    bracketed: bool,
    outer: Span,
}

impl Operand {
    fn new(kind: ExprKind, span: Span) -> Self {
        Operand { expr: Expr { kind, span }, bracketed: false, outer: span }
    }
}

impl Build<'_> {
    pub(super) fn expr(&self, pair: Pair<Rule>) -> Expr {
        self.operand(pair).expr
    }

    fn operand(&self, pair: Pair<Rule>) -> Operand {
        let span = self.span(&pair);
        let inner = pair.into_inner();
        if inner.len() == 1 {
            return self.deeper(1, || span, || self.primary(inner.clone().promised())).unwrap_or(Operand::new(ExprKind::Error, span));
        }
        let (operators, levels) = shape(inner.clone());
        if operators > MOST_OPERATORS {
            let error = Diagnostic::error(Code::TooManyOperators, format!("this expression has {operators} operators"))
                .at(span, format!("at most {MOST_OPERATORS}"))
                .help("give parts of it names with `let`, or put them into a list");
            self.report(error);
            return Operand::new(ExprKind::Error, span);
        }
        let parse = || {
            PRATT
                .map_primary(|pair| self.primary(pair))
                .map_prefix(|op, operand| self.prefix(&op, operand))
                .map_infix(|left, op, right| self.infix(left, &op, right))
                .parse(inner.clone())
        };
        self.deeper(levels, || span, parse).unwrap_or(Operand::new(ExprKind::Error, span))
    }

    fn prefix(&self, op: &Pair<Rule>, operand: Operand) -> Operand {
        let span = self.span(op).to(operand.outer);
        let op = if op.as_rule() == Rule::neg { UnaryOp::Neg } else { UnaryOp::Not };
        Operand::new(ExprKind::Unary { op, operand: Box::new(operand.expr) }, span)
    }

    fn infix(&self, left: Operand, op: &Pair<Rule>, right: Operand) -> Operand {
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
        let call = match right.expr.kind {
            ExprKind::Call(call) if !right.bracketed => call,
            ExprKind::Error => return ExprKind::Error,
            other => {
                let help = match other {
                    ExprKind::Name(_) | ExprKind::Field { .. } => format!("write `{right_text}()`"),
                    ExprKind::Chain { .. } | ExprKind::Compare { .. } | ExprKind::Range { .. } | ExprKind::Unary { .. } => {
                        "`|>` is looser than other operators: put brackets around `… |> …`".to_owned()
                    }
                    _ => "write `value |> f(…)`: the value becomes the call's first argument".to_owned(),
                };
                let error =
                    Diagnostic::error(Code::PipeNeedsCall, "the right side of `|>` is a call").at(right.outer, "no call").help(help);
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

    fn primary(&self, pair: Pair<Rule>) -> Operand {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::quantity => self.quantity(pair),
            Rule::string => ExprKind::String(self.text(pair)),
            Rule::attribute => ExprKind::Attribute(self.word(&pair.into_inner().promised())),
            Rule::list => self.list(pair),
            Rule::access => return self.access(pair),
            Rule::choice => self.choice(pair),
            other => unreachable!("{other:?} is no value in the grammar"),
        };
        Operand::new(kind, span)
    }

    fn choice(&self, pair: Pair<Rule>) -> ExprKind {
        let mut parts = pair.into_inner().filter(|pair| pair.as_rule() == Rule::expr).map(|pair| Box::new(self.expr(pair)));
        let mut part = || parts.next().expect("the grammar demands three expressions");
        let (condition, yes, no) = (part(), part(), part());
        ExprKind::If { condition, yes, no }
    }

    fn list(&self, pair: Pair<Rule>) -> ExprKind {
        let mut elements = Vec::new();
        for inner in pair.into_inner() {
            if inner.as_rule() == Rule::each {
                let mut each = inner.into_inner();
                each.promised(); // `for`
                let variable = self.word(&each.promised());
                each.promised(); // `in`
                let source = Box::new(self.expr(each.promised()));
                let element = Box::new(elements.pop().expect("the grammar demands an element"));
                return ExprKind::Comprehension { element, variable, source };
            }
            elements.push(self.expr(inner));
        }
        ExprKind::List(elements)
    }

    /// `f(x)`, `a.b`, `(x).f(y)`: something named, grouped or a record, and what touches it.
    fn access(&self, pair: Pair<Rule>) -> Operand {
        let whole = self.span(&pair);
        let mut inner = pair.into_inner();
        let base = inner.promised();
        let postfixes = inner.len();
        let build = || {
            let mut operand = self.base(base);
            for postfix in inner {
                operand = self.postfix(operand, postfix);
            }
            operand
        };
        self.deeper(postfixes, || whole, build).unwrap_or(Operand::new(ExprKind::Error, whole))
    }

    fn base(&self, base: Pair<Rule>) -> Operand {
        let span = self.span(&base);
        match base.as_rule() {
            Rule::named => self.named(base, span),
            Rule::group => {
                let inside = self.expr(base.into_inner().promised());
                Operand { expr: inside, bracketed: true, outer: span }
            }
            Rule::record => Operand::new(ExprKind::Record(self.entries(base)), span),
            other => unreachable!("{other:?} is nothing that fields belong to"),
        }
    }

    fn postfix(&self, base: Operand, postfix: Pair<Rule>) -> Operand {
        let span = base.outer.to(self.span(&postfix));
        let mut inner = postfix.into_inner();
        let name = self.word(&inner.promised());
        let base = Box::new(base.expr);
        let kind = match inner.next() {
            Some(args) => ExprKind::Method { base, name, args: self.args(args) },
            None => ExprKind::Field { base, name },
        };
        Operand::new(kind, span)
    }

    /// A path of words, called or not.
    fn named(&self, pair: Pair<Rule>, span: Span) -> Operand {
        let mut inner = pair.into_inner();
        let path: Vec<Word> = inner.promised().into_inner().map(|word| self.word(&word)).collect();
        for pair in inner {
            match pair.as_rule() {
                Rule::gap => {
                    let name = &path[path.len() - 1].text;
                    let error = Diagnostic::error(Code::GapBeforeCall, format!("a call has no blank between `{name}` and `(`"))
                        .at(self.span(&pair), "this blank")
                        .help(format!("write `{name}(…)`"));
                    self.report(error);
                }
                Rule::args => return Operand::new(ExprKind::Call(Call { args: self.args(pair), path, span }), span),
                other => unreachable!("{other:?} after a path"),
            }
        }
        self.deeper(path.len() - 1, || span, || fields(path)).unwrap_or(Operand::new(ExprKind::Error, span))
    }

    fn entries(&self, record: Pair<Rule>) -> Vec<Entry> {
        let entries: Vec<Entry> = record.into_inner().map(|entry| self.entry(entry)).collect();
        self.refuse_twins("the entry", entries.iter().map(|entry| &entry.key));
        entries
    }

    fn entry(&self, pair: Pair<Rule>) -> Entry {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let key = inner.promised();
        let key = if key.as_rule() == Rule::string { self.key(key) } else { self.word(&key) };
        let colon = inner.promised().as_str() == ":";
        Entry { key, colon, value: self.expr(inner.promised()), span }
    }

    /// A key that is written as a string, which has no holes.
    fn key(&self, pair: Pair<Rule>) -> Word {
        let text = self.text(pair);
        let plain = text.plain().map(str::to_owned).unwrap_or_else(|| {
            let error = Diagnostic::error(Code::BadHole, "the key of an entry has no holes")
                .at(text.span, "a key is the same in every run")
                .help("write the name out");
            self.report(error);
            self.source.slice(text.span).trim_matches('"').to_owned()
        });
        Word { text: plain, span: text.span }
    }

    pub(super) fn args(&self, pair: Pair<Rule>) -> Vec<Arg> {
        let args: Vec<Arg> = pair.into_inner().map(|arg| self.arg(arg)).collect();
        self.refuse_twins("the argument", args.iter().filter_map(|arg| arg.label.as_ref()));
        args
    }

    fn arg(&self, pair: Pair<Rule>) -> Arg {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let first = inner.promised();
        if first.as_rule() == Rule::label {
            let label = Some(self.word(&first.into_inner().promised()));
            return Arg { label, value: self.expr(inner.promised()), span };
        }
        Arg { label: None, value: self.expr(first), span }
    }
}

/// How many operators stand in an expression, and how many levels of the tree they can make.
fn shape(pairs: Pairs<Rule>) -> (usize, usize) {
    let (mut operators, mut prefixes, mut longest) = (0, 0, 0);
    let mut infixes: Vec<Rule> = Vec::new();
    for pair in pairs {
        match pair.as_rule() {
            Rule::neg | Rule::not => {
                prefixes += 1;
                operators += 1;
            }
            rule @ (Rule::pipe | Rule::or | Rule::and | Rule::compare | Rule::coalesce | Rule::range | Rule::sum | Rule::product) => {
                operators += 1;
                if !infixes.contains(&rule) {
                    infixes.push(rule);
                }
            }
            _ => prefixes = 0,
        }
        longest = longest.max(prefixes);
    }
    (operators, 1 + longest + infixes.len())
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

/// `a.b.c` as fields of fields; a single word may be a constant.
fn fields(path: Vec<Word>) -> Operand {
    let mut words = path.into_iter();
    let first = words.next().expect("a path has a word");
    let kind = match first.text.as_str() {
        "true" => ExprKind::Bool(true),
        "false" => ExprKind::Bool(false),
        "none" => ExprKind::None,
        _ => ExprKind::Name(first.text),
    };
    words.fold(Operand::new(kind, first.span), |base, name| {
        let span = base.outer.to(name.span);
        Operand::new(ExprKind::Field { base: Box::new(base.expr), name }, span)
    })
}
