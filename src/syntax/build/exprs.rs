//! Expressions.

use super::operators::{PRATT, is_operator, shape};
use super::{Build, Promised};
use crate::MOST_OPERATORS;
use crate::grammar::Rule;
use crate::tree::{Arg, Call, Entry, Expr, ExprKind, Word};
use ddl_base::diag::{Code, Diagnostic};
use ddl_base::source::Span;
use pest::iterators::Pair;

/// An expression on its way: whether it stands in brackets, and its span with them.
pub(super) struct Operand {
    pub expr: Expr,
    pub bracketed: bool,
    pub outer: Span,
}

impl Operand {
    pub fn new(kind: ExprKind, span: Span) -> Self {
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
            let last = inner.filter(|pair| is_operator(pair.as_rule())).nth(MOST_OPERATORS).map_or(span, |pair| self.span(&pair));
            let error = Diagnostic::error(
                Code::TooManyOperators,
                format!("this expression has {operators} operators, at most {MOST_OPERATORS} are read"),
            )
            .at(last, "one too many")
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

    fn primary(&self, pair: Pair<Rule>) -> Operand {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::quantity => self.quantity(pair),
            Rule::string => ExprKind::String(self.text(pair)),
            Rule::attribute => ExprKind::Attribute(self.word(&pair.into_inner().promised())),
            Rule::list => self.list(pair),
            Rule::named => return self.named(pair),
            Rule::touched => return self.touched(pair),
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

    /// `(x).f(y)`, `{a = 1}.a`: a group or a record, and what touches it.
    fn touched(&self, pair: Pair<Rule>) -> Operand {
        let whole = self.span(&pair);
        let mut inner = pair.into_inner();
        let base = inner.promised();
        let span = self.span(&base);
        self.with_postfixes(whole, inner, || match base.as_rule() {
            Rule::group => {
                let inside = self.expr(base.into_inner().promised());
                Operand { expr: inside, bracketed: true, outer: span }
            }
            Rule::record => Operand::new(ExprKind::Record(self.entries(base)), span),
            other => unreachable!("{other:?} is nothing that fields belong to"),
        })
    }

    fn with_postfixes<'i>(
        &self,
        whole: Span,
        postfixes: impl ExactSizeIterator<Item = Pair<'i, Rule>>,
        base: impl FnOnce() -> Operand,
    ) -> Operand {
        let levels = postfixes.len();
        let build = || postfixes.fold(base(), |operand, postfix| self.postfix(operand, postfix));
        self.deeper(levels, || whole, build).unwrap_or(Operand::new(ExprKind::Error, whole))
    }

    fn postfix(&self, base: Operand, postfix: Pair<Rule>) -> Operand {
        let span = base.outer.to(self.span(&postfix));
        let mut inner = postfix.into_inner();
        let name = self.word(&inner.promised());
        let kind = match inner.next() {
            Some(args) => {
                let args = self.args(args);
                match path_of(&base.expr) {
                    Some(mut path) => {
                        path.push(name);
                        ExprKind::Call(Call { path, args, span })
                    }
                    None => ExprKind::Method { base: Box::new(base.expr), name, args },
                }
            }
            None => ExprKind::Field { base: Box::new(base.expr), name },
        };
        Operand::new(kind, span)
    }

    /// A path of words, called or not, and what touches the call.
    fn named(&self, pair: Pair<Rule>) -> Operand {
        let whole = self.span(&pair);
        let mut inner = pair.into_inner();
        let mut path = Vec::new();
        let mut args = None;
        while args.is_none() {
            match inner.next() {
                Some(word) if word.as_rule() == Rule::word => path.push(self.word(&word)),
                Some(called) => args = Some(called),
                None => break,
            }
        }
        let Some(args) = args else {
            return self.deeper(path.len() - 1, || whole, || fields(path)).unwrap_or(Operand::new(ExprKind::Error, whole));
        };
        let span = whole.first().to(self.span(&args));
        self.with_postfixes(whole, inner, || Operand::new(ExprKind::Call(Call { args: self.args(args), path, span }), span))
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
        let plain = text.plain().map_or_else(
            || {
                let error = Diagnostic::error(Code::BadHole, "the key of an entry has no holes")
                    .at(text.span, "a key is the same in every run")
                    .help("write the name out");
                self.report(error);
                self.source.slice(text.span).trim_matches('"').to_owned()
            },
            str::to_owned,
        );
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

/// The words of a name and fields of it, as in `(a.b).f(x)`, which is `a.b.f(x)`.
fn path_of(expr: &Expr) -> Option<Vec<Word>> {
    if let ExprKind::Name(name) = &expr.kind {
        return Some(vec![Word { text: name.clone(), span: expr.span }]);
    }
    let ExprKind::Field { base, name } = &expr.kind else { return None };
    let mut path = path_of(base)?;
    path.push(name.clone());
    Some(path)
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
