//! Claims: comparisons of scores, kept as what [`crate::ops::outputs::Claim`] reads.

use super::{Compiler, Val};
use crate::graph::Graph;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::source::Span;
use crate::syntax::tree::{ChainOp, CompareOp};

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
                    operands.sort_by_cached_key(|operand| graph.meaning(operand).to_string());
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
        Type::Int | Type::Float | Type::Quantity(crate::lang::types::Dimension::Fraction) => {
            val.value.magnitude().map(|x| tagged("number", Value::Float(x)))
        }
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

impl Compiler<'_> {
    pub(super) fn claim_binary(&mut self, op: ChainOp, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        if op == ChainOp::Div && right.value.magnitude() == Some(0.0) {
            return self.not_finite(span);
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
        let Some((a, b)) = number(&left).zip(number(&right)).filter(|_| op != CompareOp::In) else {
            return self.bad_operands(
                op.text(),
                op_span,
                &left,
                &right,
                Some("a score is compared with a score, a number or a percentage"),
            );
        };
        let fields = [("by".to_owned(), Value::text(op.text())), ("left".to_owned(), a), ("right".to_owned(), b)].into_iter().collect();
        Val::new(Type::Claim, tagged("compare", Value::Record(fields)), span)
    }
}
