//! Expressions.

use super::layout::Piece;
use super::{Element, Formatter};
use crate::tree::{Arg, Call, ChainOp, Entry, Expr, ExprKind, Link, Number, Part, Text, UnaryOp, Unit};
use ddl_base::source::Span;

/// How tightly an expression holds together; looser ones stand in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tight {
    If,
    Pipe,
    Or,
    And,
    Not,
    Compare,
    Coalesce,
    Range,
    Sum,
    Product,
    Neg,
    Literal,
    /// What a field may touch.
    Touched,
}

fn tightness(kind: &ExprKind) -> Tight {
    match kind {
        ExprKind::If { .. } => Tight::If,
        ExprKind::Pipe { .. } => Tight::Pipe,
        ExprKind::Chain { rest, .. } => rest.first().map_or(Tight::Literal, |link| chain_tightness(link.op)),
        ExprKind::Unary { op: UnaryOp::Not, .. } => Tight::Not,
        ExprKind::Unary { op: UnaryOp::Neg, .. } => Tight::Neg,
        ExprKind::Compare { .. } => Tight::Compare,
        ExprKind::Range { .. } => Tight::Range,
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Attribute(_)
        | ExprKind::List(_)
        | ExprKind::Comprehension { .. }
        | ExprKind::Error => Tight::Literal,
        ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::Name(_)
        | ExprKind::Record(_)
        | ExprKind::Call(_)
        | ExprKind::Field { .. }
        | ExprKind::Method { .. } => Tight::Touched,
    }
}

const fn chain_tightness(op: ChainOp) -> Tight {
    match op {
        ChainOp::Mul | ChainOp::Div => Tight::Product,
        ChainOp::Add | ChainOp::Sub => Tight::Sum,
        ChainOp::Coalesce => Tight::Coalesce,
        ChainOp::And => Tight::And,
        ChainOp::Or => Tight::Or,
    }
}

impl Tight {
    const fn next(self) -> Tight {
        match self {
            Tight::If => Tight::Pipe,
            Tight::Pipe => Tight::Or,
            Tight::Or => Tight::And,
            Tight::And => Tight::Not,
            Tight::Not => Tight::Compare,
            Tight::Compare => Tight::Coalesce,
            Tight::Coalesce => Tight::Range,
            Tight::Range => Tight::Sum,
            Tight::Sum => Tight::Product,
            Tight::Product => Tight::Neg,
            Tight::Neg => Tight::Literal,
            Tight::Literal | Tight::Touched => Tight::Touched,
        }
    }
}

impl Formatter<'_> {
    pub(super) fn expr(&self, expr: &Expr) -> Vec<Piece> {
        self.within(expr, Tight::If)
    }

    /// The expression, in brackets where it is looser than its place allows.
    fn within(&self, expr: &Expr, least: Tight) -> Vec<Piece> {
        if tightness(&expr.kind) >= least {
            return self.bare(expr);
        }
        let inner = self.bare(expr);
        vec![Piece::group(vec![
            Piece::text("("),
            Piece::Nest(std::iter::once(Piece::Soft).chain(inner).collect()),
            Piece::Soft,
            Piece::text(")"),
        ])]
    }

    fn bare(&self, expr: &Expr) -> Vec<Piece> {
        match &expr.kind {
            ExprKind::Number(it) => vec![Piece::text(number(it))],
            ExprKind::String(text) => vec![Piece::text(string(text))],
            ExprKind::Bool(value) => vec![Piece::text(value.to_string())],
            ExprKind::None => vec![Piece::text("none")],
            ExprKind::Name(name) => vec![Piece::text(name)],
            ExprKind::Attribute(word) => vec![Piece::text(format!(".{}", word.text))],
            ExprKind::List(elements) => vec![self.bracketed("[", self.elements(elements), expr.span.end, "]")],
            ExprKind::Comprehension { element, variable, source } => vec![self.comprehension(element, &variable.text, source, expr.span)],
            ExprKind::Record(entries) => vec![self.bracketed("{", self.entries(entries), expr.span.end, "}")],
            ExprKind::Call(call) => self.call(call),
            ExprKind::Field { base, name } => {
                let mut pieces = self.within(base, Tight::Touched);
                pieces.push(Piece::text(format!(".{}", name.text)));
                pieces
            }
            ExprKind::Method { base, name, args } => {
                let mut pieces = self.within(base, Tight::Touched);
                pieces.push(Piece::text(format!(".{}", name.text)));
                pieces.push(self.args(args, expr.span.end));
                pieces
            }
            ExprKind::Unary { op, operand } => {
                let (sign, least) = match op {
                    UnaryOp::Neg => ("-", Tight::Neg),
                    UnaryOp::Not => ("not ", Tight::Not),
                };
                let mut pieces = vec![Piece::text(sign)];
                pieces.extend(self.within(operand, least));
                pieces
            }
            ExprKind::Chain { first, rest } => vec![self.chain(first, rest)],
            ExprKind::Range { from, to } => self.two(from, "..", to, Tight::Range.next()),
            ExprKind::Compare { op, left, right, .. } => self.two(left, &format!(" {} ", op.text()), right, Tight::Compare.next()),
            ExprKind::Pipe { value, calls } => vec![self.pipe(value, calls)],
            ExprKind::If { condition, yes, no } => vec![self.choice(condition, yes, no)],
            ExprKind::Error => vec![self.verbatim(expr.span)],
        }
    }

    fn two(&self, left: &Expr, sign: &str, right: &Expr, least: Tight) -> Vec<Piece> {
        let mut pieces = self.within(left, least);
        pieces.push(Piece::text(sign));
        pieces.extend(self.within(right, least));
        pieces
    }

    /// Breaks before each operator.
    fn chain(&self, first: &Expr, rest: &[Link]) -> Piece {
        let least = rest.first().map_or(Tight::Literal, |link| chain_tightness(link.op).next());
        let mut pieces = self.within(first, least);
        let mut links = Vec::new();
        for link in rest {
            self.broken_before(&mut links, link.op_span.start);
            links.push(Piece::text(format!("{} ", link.op.text())));
            links.extend(self.within(&link.operand, least));
        }
        pieces.push(Piece::Nest(links));
        Piece::group(pieces)
    }

    fn pipe(&self, value: &Expr, calls: &[Call]) -> Piece {
        let mut pieces = self.within(value, Tight::Pipe.next());
        let mut links = Vec::new();
        for call in calls {
            self.broken_before(&mut links, call.span.start);
            links.push(Piece::text("|> "));
            links.extend(self.call(call));
        }
        pieces.push(Piece::Nest(links));
        Piece::group(pieces)
    }

    /// A place where a chain may break, with the comments before it.
    fn broken_before(&self, pieces: &mut Vec<Piece>, offset: u32) {
        let (ending, above) = self.comments(offset);
        pieces.extend(ending);
        pieces.push(Piece::Line);
        pieces.extend(above);
    }

    fn choice(&self, condition: &Expr, yes: &Expr, no: &Expr) -> Piece {
        let mut pieces = vec![Piece::text("if ")];
        pieces.extend(self.within(condition, Tight::Pipe));
        let mut parts = vec![Piece::Line, Piece::text("then ")];
        parts.extend(self.within(yes, Tight::Pipe));
        parts.extend([Piece::Line, Piece::text("else ")]);
        // `else if` goes on at the same level
        parts.extend(self.within(no, Tight::If));
        pieces.push(Piece::Nest(parts));
        Piece::group(pieces)
    }

    fn comprehension(&self, element: &Expr, variable: &str, source: &Expr, span: Span) -> Piece {
        let (ending, above) = self.comments(element.span.start);
        let mut inner = ending;
        inner.push(Piece::Soft);
        inner.extend(above);
        inner.extend(self.expr(element));
        self.broken_before(&mut inner, source.span.start);
        inner.push(Piece::text(format!("for {variable} in ")));
        inner.extend(self.expr(source));
        let (ending, mut above) = self.comments(span.end);
        inner.extend(ending);
        if above.pop().is_some() {
            inner.push(Piece::Hard);
            inner.extend(above);
        }
        Piece::group(vec![Piece::text("["), Piece::Nest(inner), Piece::Soft, Piece::text("]")])
    }

    fn call(&self, call: &Call) -> Vec<Piece> {
        let path = call.path.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(".");
        vec![Piece::text(path), self.args(&call.args, call.span.end)]
    }

    pub(super) fn args(&self, args: &[Arg], end: u32) -> Piece {
        if let [Arg { label: None, value, .. }] = args
            && matches!(value.kind, ExprKind::List(_) | ExprKind::Record(_))
            && !self.comment_around(value.span, end)
        {
            // a single list or record needs no lines of its own
            let mut pieces = vec![Piece::text("(")];
            pieces.extend(self.expr(value));
            pieces.push(Piece::text(")"));
            return Piece::group(pieces);
        }
        let args = args.iter().map(|arg| -> (Span, Element) {
            let write = || {
                let mut pieces: Vec<Piece> = arg.label.iter().map(|label| Piece::text(format!("{} = ", label.text))).collect();
                pieces.extend(self.expr(&arg.value));
                pieces
            };
            (arg.span, Box::new(write))
        });
        self.bracketed("(", args.collect(), end, ")")
    }

    /// Whether a comment that is not written yet stands before the span, or after it and before `end`.
    fn comment_around(&self, span: Span, end: u32) -> bool {
        let mut pending = self.comments[self.next.get()..].iter().map(|comment| comment.span.start);
        pending.any(|start| start < span.start || (span.end <= start && start < end))
    }

    pub(super) fn elements<'f>(&'f self, elements: &'f [Expr]) -> Vec<(Span, Element<'f>)> {
        elements.iter().map(|element| -> (Span, Element) { (element.span, Box::new(|| self.expr(element))) }).collect()
    }

    fn entries<'f>(&'f self, entries: &'f [Entry]) -> Vec<(Span, Element<'f>)> {
        // in one record all keys are words, or all are strings
        let words = entries.iter().all(|entry| is_word(&entry.key.text));
        let write = |entry: &'f Entry| -> (Span, Element<'f>) {
            let pieces = move || {
                let sign = if entry.colon { ": " } else { " = " };
                let key = &entry.key.text;
                let key = if words { key.clone() } else { format!("\"{}\"", escaped(key)) };
                let mut pieces = vec![Piece::text(key), Piece::text(sign)];
                pieces.extend(self.expr(&entry.value));
                pieces
            };
            (entry.span, Box::new(pieces))
        };
        entries.iter().map(write).collect()
    }
}

fn number(number: &Number) -> String {
    let digits = number.text.to_ascii_lowercase();
    let Some(unit) = &number.unit else { return digits };
    let blank = match unit.unit {
        Unit::Percent | Unit::Px | Unit::Deg | Unit::Rad => "",
        Unit::Epochs | Unit::Steps | Unit::Images | Unit::Checks | Unit::B | Unit::KiB | Unit::MiB | Unit::GiB | Unit::TiB => " ",
    };
    format!("{digits}{blank}{}", unit.text)
}

fn is_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

pub(super) fn string(text: &Text) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => escaped(text),
        Part::Hole(word) => format!("{{{}}}", word.text),
    };
    format!("\"{}\"", text.parts.iter().map(part).collect::<String>())
}

/// The row of numbers that a text begins with, whose braces are no hole: `{000..143}`.
fn row(text: &str) -> Option<&str> {
    let end = text.find('}')?;
    let (first, last) = text[1..end].split_once("..")?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(first) && is_number(last)).then(|| &text[..=end])
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '{' if let Some(row) = row(&text[at..]) => {
                out.push_str(row);
                chars.by_ref().take(row.len() - 1).for_each(drop);
            }
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '{' => out.push_str("\\{"),
            '}' => out.push_str("\\}"),
            c => out.push(c),
        }
    }
    out
}
