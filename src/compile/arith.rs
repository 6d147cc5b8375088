//! Operators of expressions: arithmetic with units, comparison, ranges.

use super::{Compiler, Val};
use crate::diag::{Code, Diagnostic};
use crate::lang::types::{Dimension, Type};
use crate::lang::value::{PathValue, Value};
use crate::quantity::{Angle, Bytes, Checks, Fraction, Images, Pixels, Span as TrainSpan};
use crate::source::Span;
use crate::syntax::tree::{ChainOp, CompareOp};

impl Compiler<'_> {
    pub(super) fn negate(&mut self, val: Val, span: Span) -> Val {
        let value = match &val.value {
            Value::Int(n) => Value::Int(-n),
            Value::Float(x) => Value::Float(-x),
            Value::Angle(x) => Value::Angle(Angle::radians(-x.as_radians())),
            Value::Fraction(x) => Value::Fraction(Fraction(-x.0)),
            Value::Hole(_) | Value::Poison => val.value.clone(),
            Value::Row(_) => return self.row_negate(val, span),
            _ if val.ty == Type::Score => return Val::new(Type::Score, super::claims::unary("negate", val.value), span),
            _ => {
                return self.wrong(
                    Diagnostic::error(Code::BadOperands, format!("{} has no negative", val.ty)).at(val.span, val.ty.to_string()),
                    span,
                );
            }
        };
        Val::new(val.ty, value, span)
    }

    pub(super) fn not(&mut self, val: Val, span: Span) -> Val {
        match (&val.ty, &val.value) {
            (_, Value::Bool(truth)) => Val::new(Type::Bool, Value::Bool(!truth), span),
            (_, Value::Hole(_) | Value::Poison) => Val { span, ..val },
            (Type::Row(_), _) => self.row_not(val, span),
            (Type::Claim, _) => Val::new(Type::Claim, super::claims::unary("not", val.value), span),
            _ => {
                let wrong = Diagnostic::error(Code::BadOperands, "`not` stands before something that is true or false")
                    .at(val.span, val.ty.to_string());
                self.wrong(wrong, span)
            }
        }
    }

    pub(super) fn binary(&mut self, op: ChainOp, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        if left.is_poison() || right.is_poison() {
            return Val::poison(span);
        }
        if matches!(left.ty, Type::Row(_)) || matches!(right.ty, Type::Row(_)) {
            return self.row_binary(op, op_span, left, right);
        }
        if op == ChainOp::Coalesce {
            return coalesce(left, right, span);
        }
        if matches!(left.ty, Type::Score | Type::Claim) || matches!(right.ty, Type::Score | Type::Claim) {
            return self.claim_binary(op, op_span, left, right);
        }
        if left.ty == Type::Objective || right.ty == Type::Objective {
            return self.objective_binary(op, op_span, left, right);
        }
        if left.ty == Type::Path && op == ChainOp::Div {
            return self.join_path(left, right, span);
        }
        if left.is_hole() || right.is_hole() {
            let ty = super::expr::join(&left.ty, &right.ty).unwrap_or(Type::Unknown);
            return Val::new(ty, if left.is_hole() { left.value } else { right.value }, span);
        }
        match (op, &left.value, &right.value) {
            (ChainOp::And, Value::Bool(a), Value::Bool(b)) => Val::new(Type::Bool, Value::Bool(*a && *b), span),
            (ChainOp::Or, Value::Bool(a), Value::Bool(b)) => Val::new(Type::Bool, Value::Bool(*a || *b), span),
            _ => match arithmetic(op, &left.value, &right.value) {
                Some((ty, value)) => self.finite(ty, value, span),
                None => {
                    let texts = left.ty == Type::Text || right.ty == Type::Text;
                    let help = (op == ChainOp::Add && texts).then_some("a text takes in another by a hole: \"{name}-{seed}\"");
                    self.bad_operands(op.text(), op_span, &left, &right, help)
                }
            },
        }
    }

    /// Infinite and undefined numbers are refused where they arise.
    fn finite(&mut self, ty: Type, value: Value, span: Span) -> Val {
        if value.magnitude().is_some_and(|x| !x.is_finite()) {
            return self.wrong(
                Diagnostic::error(Code::NotFinite, "this number is infinite or undefined").at(span, "a division by zero, or too large"),
                span,
            );
        }
        Val::new(ty, value, span)
    }

    pub(super) fn bad_operands(&mut self, op: &str, op_span: Span, left: &Val, right: &Val, help: Option<&str>) -> Val {
        let span = left.span.to(right.span);
        self.wrong(
            Diagnostic::error(Code::BadOperands, format!("`{op}` does not go between {} and {}", left.ty, right.ty))
                .at(op_span, "here")
                .also(left.span, left.ty.to_string())
                .also(right.span, right.ty.to_string())
                .maybe_help(help),
            span,
        )
    }

    fn join_path(&mut self, left: Val, right: Val, span: Span) -> Val {
        if let Value::Text(more) = &right.value
            && leaves(more)
        {
            return self.wrong(
                Diagnostic::error(Code::PathLeaves, format!("the path {more:?} leaves the folder that it is joined to"))
                    .at(right.span, "outside")
                    .help("data outside comes in by a parameter: param data : path"),
                span,
            );
        }
        let path = match (&left.value, &right.value) {
            (Value::Path(base), Value::Text(more)) => {
                let real = base.real.as_ref().map(|real| real.join(more));
                PathValue { shown: format!("{}/{more}", base.shown), real, within: base.within.clone(), digest: None }
            }
            (Value::Hole(param), Value::Text(more)) => {
                PathValue { shown: format!("${param}/{more}"), real: None, within: None, digest: None }
            }
            (_, Value::Hole(_)) => return Val::new(Type::Path, right.value, span),
            (Value::None, _) => {
                return self.wrong(
                    Diagnostic::error(Code::Mismatch, "this path may be none").at(left.span, "none").help("give another with `??`"),
                    span,
                );
            }
            _ => return self.bad_operands("/", right.span, &left, &right, Some("a path is joined to a text: root / \"images\"")),
        };
        Val::new(Type::Path, Value::Path(path), span)
    }

    pub(super) fn range(&mut self, from: Val, to: Val, span: Span) -> Val {
        if from.is_poison() || to.is_poison() {
            return Val::poison(span);
        }
        let Some(ty) = super::expr::join(&from.ty, &to.ty) else {
            return self.bad_operands("..", span, &from, &to, Some("both ends of a range are of one type"));
        };
        let ordered = matches!(ty, Type::Int | Type::Float | Type::Quantity(_) | Type::Unknown);
        if !ordered {
            return self.bad_operands("..", span, &from, &to, Some("a range runs between numbers or quantities"));
        }
        let (from_value, to_value) = match ty {
            Type::Float => (as_float(from.value.clone()), as_float(to.value.clone())),
            _ => (from.value.clone(), to.value.clone()),
        };
        if let (Some(low), Some(high)) = (from_value.magnitude(), to_value.magnitude())
            && low > high
            && std::mem::discriminant(&from_value) == std::mem::discriminant(&to_value)
        {
            return self.wrong(
                Diagnostic::error(Code::EmptyRange, "this range is empty: it begins after its end")
                    .at(span, format!("{} is more than {}", from.value, to.value))
                    .help(format!("write {}..{}", to.value, from.value)),
                span,
            );
        }
        Val::new(Type::Range(Box::new(ty)), Value::Range(Box::new((from_value, to_value))), span)
    }

    pub(super) fn compare(&mut self, op: CompareOp, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        if left.is_poison() || right.is_poison() {
            return Val::poison(span);
        }
        if matches!(left.ty, Type::Row(_)) || matches!(right.ty, Type::Row(_)) {
            return self.row_compare(op, op_span, left, right);
        }
        if left.ty == Type::Score || right.ty == Type::Score {
            return self.claim_compare(op, op_span, left, right);
        }
        if left.is_hole() || right.is_hole() {
            return Val::new(Type::Bool, if left.is_hole() { left.value } else { right.value }, span);
        }
        if op == CompareOp::In {
            return self.member(op_span, left, right);
        }
        let ordering = match (&left.value, &right.value) {
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) if matches!(op, CompareOp::Eq | CompareOp::Ne) => Some(a.cmp(b)),
            (Value::None, Value::None) => Some(std::cmp::Ordering::Equal),
            (Value::None, _) | (_, Value::None) if matches!(op, CompareOp::Eq | CompareOp::Ne) => Some(std::cmp::Ordering::Less),
            (a, b) if super::expr::join(&left.ty, &right.ty).is_some() => match (a.magnitude(), b.magnitude()) {
                (Some(a), Some(b)) => a.partial_cmp(&b),
                _ => None,
            },
            _ => None,
        };
        let Some(ordering) = ordering else { return self.bad_operands(op.text(), op_span, &left, &right, None) };
        let truth = match op {
            CompareOp::Eq | CompareOp::In => ordering.is_eq(),
            CompareOp::Ne => ordering.is_ne(),
            CompareOp::Lt => ordering.is_lt(),
            CompareOp::Le => ordering.is_le(),
            CompareOp::Gt => ordering.is_gt(),
            CompareOp::Ge => ordering.is_ge(),
        };
        Val::new(Type::Bool, Value::Bool(truth), span)
    }

    fn member(&mut self, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        let truth = match &right.value {
            Value::List(items) => items.contains(&left.value),
            Value::Range(ends) => match (left.value.magnitude(), ends.0.magnitude(), ends.1.magnitude()) {
                (Some(x), Some(low), Some(high)) => low <= x && x <= high,
                _ => return self.bad_operands("in", op_span, &left, &right, None),
            },
            _ => return self.bad_operands("in", op_span, &left, &right, Some("`in` asks a list or a range")),
        };
        Val::new(Type::Bool, Value::Bool(truth), span)
    }
}

/// Whether a relative path leaves its folder.
pub(super) fn leaves(path: &str) -> bool {
    let path = std::path::Path::new(path);
    path.is_absolute() || path.components().any(|part| matches!(part, std::path::Component::ParentDir))
}

fn coalesce(left: Val, right: Val, span: Span) -> Val {
    match &left.value {
        Value::None => Val { span, ..right },
        _ => {
            let ty = if let Type::Optional(inner) = left.ty { *inner } else { left.ty };
            Val::new(ty, left.value, span)
        }
    }
}

/// A whole number as a number.
pub(super) fn as_float(value: Value) -> Value {
    if let Value::Int(n) = value { Value::Float(n as f64) } else { value }
}

fn arithmetic(op: ChainOp, left: &Value, right: &Value) -> Option<(Type, Value)> {
    use Value::{Float, Int};
    if let (Int(a), Int(b)) = (left, right) {
        let whole = match op {
            ChainOp::Add => a.checked_add(*b),
            ChainOp::Sub => a.checked_sub(*b),
            ChainOp::Mul => a.checked_mul(*b),
            ChainOp::Div | ChainOp::Coalesce | ChainOp::And | ChainOp::Or => None,
        };
        if let Some(whole) = whole {
            return Some((Type::Int, Int(whole)));
        }
    }
    if let (Int(_) | Float(_), Int(_) | Float(_)) = (left, right) {
        return Some((Type::Float, Float(number(op, left.magnitude()?, right.magnitude()?)?)));
    }
    let (a, b) = (left.magnitude()?, right.magnitude()?);
    match (left, right, op) {
        (quantity, Int(_) | Float(_), ChainOp::Mul | ChainOp::Div) => quantity_like(quantity, number(op, a, b)?),
        (Int(_) | Float(_), quantity, ChainOp::Mul) => quantity_like(quantity, a * b),
        (Value::Span(x), Value::Span(y), ChainOp::Add | ChainOp::Sub) if std::mem::discriminant(x) == std::mem::discriminant(y) => {
            quantity_like(left, number(op, a, b)?)
        }
        (Value::Span(_), Value::Span(_), _) => None,
        (x, y, ChainOp::Add | ChainOp::Sub) if std::mem::discriminant(x) == std::mem::discriminant(y) => {
            quantity_like(x, number(op, a, b)?)
        }
        (x, y, ChainOp::Div) if std::mem::discriminant(x) == std::mem::discriminant(y) => Some((Type::Float, Float(a / b))),
        _ => None, // quantities of two kinds
    }
}

fn number(op: ChainOp, a: f64, b: f64) -> Option<f64> {
    match op {
        ChainOp::Add => Some(a + b),
        ChainOp::Sub => Some(a - b),
        ChainOp::Mul => Some(a * b),
        ChainOp::Div => Some(a / b),
        ChainOp::Coalesce | ChainOp::And | ChainOp::Or => None,
    }
}

/// A quantity of the same kind with another number; counted ones stay whole.
fn quantity_like(like: &Value, x: f64) -> Option<(Type, Value)> {
    let counted = |x: f64| (x.fract() == 0.0 && (0.0..4e9).contains(&x)).then_some(x);
    Some(match like {
        Value::Angle(_) => (Type::Quantity(Dimension::Angle), Value::Angle(Angle::radians(x))),
        Value::Fraction(_) => (Type::Quantity(Dimension::Fraction), Value::Fraction(Fraction(x))),
        Value::Pixels(_) => (Type::Quantity(Dimension::Pixels), Value::Pixels(Pixels(counted(x)? as u32))),
        Value::Images(_) => (Type::Quantity(Dimension::Images), Value::Images(Images(counted(x)? as u64))),
        Value::Checks(_) => (Type::Quantity(Dimension::Checks), Value::Checks(Checks(counted(x)? as u64))),
        Value::Bytes(_) => (Type::Quantity(Dimension::Bytes), Value::Bytes(Bytes(x as u64))),
        Value::Span(TrainSpan::Epochs(_)) => (Type::Quantity(Dimension::Span), Value::Span(TrainSpan::Epochs(x))),
        Value::Span(TrainSpan::Steps(_)) => (Type::Quantity(Dimension::Span), Value::Span(TrainSpan::Steps(counted(x)? as u64))),
        Value::Span(TrainSpan::Part(_)) => (Type::Quantity(Dimension::Span), Value::Span(TrainSpan::Part(x))),
        _ => return None, // no quantity
    })
}
