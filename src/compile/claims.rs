//! Claims: comparisons of scores, kept as what [`crate::ops::outputs::Claim`] reads.

use super::{Compiler, Val};
use crate::diag::{Code, Diagnostic};
use crate::graph::Graph;
use crate::lang::decl::Operator as _;
use crate::lang::types::{Dimension, Type};
use crate::lang::value::Value;
use crate::ops::evals::Gap;
use crate::quantity::Fraction;
use crate::source::Span;
use crate::syntax::tree::{ChainOp, CompareOp};
use std::fmt;

/// `{tag = value}`.
pub(super) fn tagged(tag: &str, value: Value) -> Value {
    Value::Record([(tag.to_owned(), value)].into_iter().collect())
}

/// An operation on one score or claim.
pub(super) fn unary(tag: &str, value: Value) -> Value {
    if matches!(value, Value::Poison | Value::Hole(_)) { value } else { tagged(tag, value) }
}

/// The claim in the one form that all its orders share: what is joined by `+`, `*`, `and` and `or` stands sorted.
pub(super) fn canonical(claim: &Value, graph: &Graph) -> Value {
    match claim {
        Value::Record(fields) => {
            let fields = fields.iter().map(|(tag, value)| {
                let mut value = canonical(value, graph);
                if let (true, Value::List(operands)) = (COMMUTES.contains(&tag.as_str()), &value) {
                    let mut operands = operands.to_vec();
                    operands.sort_by_cached_key(|operand| graph.meaning(operand));
                    value = Value::List(operands.into());
                }
                (tag.clone(), value)
            });
            Value::Record(fields.collect())
        }
        Value::List(items) => Value::List(items.iter().map(|item| canonical(item, graph)).collect()),
        other => other.clone(), // numbers, judgements and metrics have no order inside
    }
}

/// The operations of claims and scores that mean the same in any order; the judgements of a score are averaged.
const COMMUTES: [&str; 6] = ["add", "multiply", "and", "or", "judged", "mean"];

fn number(val: &Val) -> Option<Value> {
    match &val.ty {
        Type::Score => Some(val.value.clone()),
        Type::Int | Type::Float | Type::Quantity(Dimension::Fraction) => val.value.magnitude().map(|x| tagged("number", Value::Float(x))),
        _ => None, // no number
    }
}

fn claim(val: &Val) -> Option<Value> {
    match (&val.ty, &val.value) {
        (Type::Claim, value) => Some(value.clone()),
        (Type::Bool, Value::Bool(_)) => Some(tagged("constant", val.value.clone())),
        _ => None, // nothing that is true or false
    }
}

/// The numbers that a term of a claim can be, from the lowest to the highest.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reach(f64, f64);

impl Reach {
    /// Of a metric: shares of a whole, or differences of two similarities.
    fn of_metric(metric: &Value) -> Option<Reach> {
        let Value::Op(op) = metric else { return None };
        Some(if op.op() == Gap::NAME { Reach(-2.0, 2.0) } else { Reach(0.0, 1.0) })
    }

    /// Of a term, where it is known.
    fn of(term: &Value) -> Option<Reach> {
        let Value::Record(fields) = term else { return None };
        let (tag, value) = fields.iter().next()?;
        let both = || match value {
            Value::List(items) => Some((Reach::of(items.first()?)?, Reach::of(items.get(1)?)?)),
            _ => None, // an operation on one
        };
        let among =
            |ends: [f64; 4]| Reach(ends.into_iter().fold(f64::INFINITY, f64::min), ends.into_iter().fold(f64::NEG_INFINITY, f64::max));
        Some(match tag.as_str() {
            "number" => value.magnitude().map(|x| Reach(x, x))?,
            "score" => match value {
                Value::Record(score) => Reach::of_metric(score.get("metric")?)?,
                _ => return None, // no score
            },
            "mean" => match value {
                Value::List(items) => {
                    let all: Option<Vec<Reach>> = items.iter().map(Reach::of).collect();
                    all?.into_iter().reduce(|a, b| Reach(a.0.min(b.0), a.1.max(b.1)))?
                }
                _ => return None, // no list
            },
            "add" => both().map(|(a, b)| Reach(a.0 + b.0, a.1 + b.1))?,
            "subtract" => both().map(|(a, b)| Reach(a.0 - b.1, a.1 - b.0))?,
            "multiply" => both().map(|(a, b)| among([a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1]))?,
            "divide" => {
                let (a, b) = both().filter(|(_, b)| b.0 > 0.0 || b.1 < 0.0)?;
                among([a.0 / b.0, a.0 / b.1, a.1 / b.0, a.1 / b.1])
            }
            "negate" => Reach::of(value).map(|a| Reach(-a.1, -a.0))?,
            _ => return None, // a claim
        })
    }

    /// Whether a comparison has one answer whatever the numbers are: they never meet, or it never holds.
    fn decides(self, op: CompareOp, other: Reach) -> bool {
        let apart = self.1 < other.0 || other.1 < self.0;
        apart
            || match op {
                CompareOp::Gt => self.1 <= other.0,
                CompareOp::Lt => other.1 <= self.0,
                CompareOp::Ge | CompareOp::Le | CompareOp::Eq | CompareOp::Ne | CompareOp::In => false,
            }
    }
}

impl fmt::Display for Reach {
    /// `from 0% to 100%`, or plain numbers where they are no shares.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, high] = [self.0, self.1].map(|end| end + 0.0); // without a sign of zero
        if low >= -1.0 && high <= 1.0 {
            write!(f, "from {} to {}", Fraction(low), Fraction(high))
        } else {
            write!(f, "from {low} to {high}")
        }
    }
}

/// What is to be said of a comparison that is decided before anything is measured.
fn decided(op: CompareOp, (left, a): (&Val, &Value), (right, b): (&Val, &Value)) -> Option<Diagnostic> {
    let (a, b) = (Reach::of(a)?, Reach::of(b)?);
    if !a.decides(op, b) {
        return None;
    }
    let (number, score) = match (left.ty == Type::Score, right.ty == Type::Score) {
        (true, false) => (right, a),
        (false, true) => (left, b),
        _ => {
            let message = "these two can't meet, so the answer is known before anything is measured";
            return Some(Diagnostic::error(Code::OutOfRange, message).at(left.span, a.to_string()).at(right.span, b.to_string()));
        }
    };
    let said = &number.value;
    // 80 for 80%
    let part = said.magnitude().map(|x| x / 100.0).filter(|part| {
        let shares = score.0 >= -1.0 && score.1 <= 1.0;
        shares && part.abs() >= 0.01 && score.0 <= *part && *part <= score.1 && number.ty != Type::Quantity(Dimension::Fraction)
    });
    let help = part.map_or_else(|| format!("write a number {score}"), |part| format!("write {}", Fraction(part)));
    let message = format!("what is compared with {said} is {score}, so the answer is known before anything is measured");
    Some(Diagnostic::error(Code::OutOfRange, message).at(number.span, "out of its reach").help(help))
}

/// The hole of an operation on two scores, or two claims, of which a parameter is one; nothing where they don't fit. A score that hangs on
/// a parameter is one all the same.
fn open(left: &Val, right: &Val, claims: bool) -> Option<Value> {
    let fits = |val: &Val| match (&val.value, &val.ty) {
        (Value::Hole(_), Type::Claim | Type::Bool) => claims,
        (Value::Hole(_), Type::Score | Type::Int | Type::Float | Type::Quantity(Dimension::Fraction)) => !claims,
        _ if claims => claim(val).is_some(),
        _ => number(val).is_some(),
    };
    let hole = [left, right].into_iter().find(|val| val.is_hole() && !matches!(val.ty, Type::Score | Type::Claim))?;
    (fits(left) && fits(right)).then(|| hole.value.clone())
}

impl Compiler<'_> {
    pub(super) fn claim_binary(&mut self, op: ChainOp, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        if op == ChainOp::Div && right.value.magnitude() == Some(0.0) {
            return self.not_finite(span);
        }
        if let Some(open) = open(&left, &right, matches!(op, ChainOp::And | ChainOp::Or)) {
            let ty = if matches!(op, ChainOp::And | ChainOp::Or) { Type::Claim } else { Type::Score };
            return Val::new(ty, open, span);
        }
        let both = |tag: &str, a: Value, b: Value| tagged(tag, Value::List(vec![a, b].into()));
        let score = match op {
            ChainOp::Add => Some("add"),
            ChainOp::Sub => Some("subtract"),
            ChainOp::Mul => Some("multiply"),
            ChainOp::Div => Some("divide"),
            ChainOp::And | ChainOp::Or | ChainOp::Coalesce => None,
        };
        let made = match score {
            Some(tag) => number(&left).zip(number(&right)).map(|(a, b)| (Type::Score, both(tag, a, b))),
            None if op == ChainOp::Coalesce => None,
            None => {
                let tag = if op == ChainOp::And { "and" } else { "or" };
                claim(&left).zip(claim(&right)).map(|(a, b)| (Type::Claim, both(tag, a, b)))
            }
        };
        match made {
            Some((ty, value)) => Val::new(ty, value, span),
            None => self.bad_operands(op.text(), op_span, &left, &right, None),
        }
    }

    pub(super) fn claim_compare(&mut self, op: CompareOp, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        if let Some(open) = open(&left, &right, false).filter(|_| op != CompareOp::In) {
            return Val::new(Type::Claim, open, span);
        }
        let Some((a, b)) = number(&left).zip(number(&right)).filter(|_| op != CompareOp::In) else {
            return self.bad_operands(
                op.text(),
                op_span,
                &left,
                &right,
                Some("a score is compared with a score, a number or a percentage"),
            );
        };
        if let Some(decided) = decided(op, (&left, &a), (&right, &b)) {
            return self.wrong(decided, span);
        }
        let fields = [("by".to_owned(), Value::text(op.text())), ("left".to_owned(), a), ("right".to_owned(), b)].into_iter().collect();
        Val::new(Type::Claim, tagged("compare", Value::Record(fields)), span)
    }
}
