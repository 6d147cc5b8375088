//! Operators of expressions: arithmetic with units, comparison, ranges.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts that the budget of the compiler bounds"
)]

use super::{Compiler, Val};
use crate::diag::{Code, Diagnostic};
use crate::lang::compare::Apart;
use crate::lang::types::{Dimension, Type};
use crate::lang::value::{PathValue, Value};
use crate::quantity::{Angle, Bytes, Checks, Fraction, Images, Pixels, Span as TrainSpan};
use crate::source::Span;
use crate::syntax::tree::{ChainOp, CompareOp};

impl Compiler<'_> {
    pub(super) fn negate(&mut self, val: Val, span: Span) -> Val {
        let value = match &val.value {
            Value::Int(n) => match n.checked_neg() {
                Some(n) => Value::Int(n),
                None => return self.fault(Fault::Whole, "-", span, &val, &val),
            },
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
        if left.ty == Type::Path || right.ty == Type::Path {
            return self.fault(Fault::Operands, op.text(), op_span, &left, &right);
        }
        if left.is_hole() || right.is_hole() {
            let ty = super::expr::join(&left.ty, &right.ty).unwrap_or(Type::Unknown);
            return Val::new(ty, if left.is_hole() { left.value } else { right.value }, span);
        }
        match (op, &left.value, &right.value) {
            (ChainOp::And, Value::Bool(a), Value::Bool(b)) => Val::new(Type::Bool, Value::Bool(*a && *b), span),
            (ChainOp::Or, Value::Bool(a), Value::Bool(b)) => Val::new(Type::Bool, Value::Bool(*a || *b), span),
            _ => match arithmetic(op, &left.value, &right.value) {
                Ok((ty, value)) => Val::new(ty, value, span),
                Err(fault) => self.fault(fault, op.text(), op_span, &left, &right),
            },
        }
    }

    /// Says that a whole number is none that 64 bits hold.
    pub(super) fn too_large(&mut self, span: Span) -> Val {
        let said = Diagnostic::error(Code::NotFinite, "this whole number is too large")
            .at(span, format!("beyond {} and {}", i64::MIN, i64::MAX))
            .help("write a number with a fraction, for example 1e20, where it need not be whole");
        self.wrong(said, span)
    }

    /// Says why an operation has no result.
    fn fault(&mut self, fault: Fault, op: &str, op_span: Span, left: &Val, right: &Val) -> Val {
        let span = left.span.to(right.span);
        let said = match fault {
            Fault::Operands => {
                let texts = left.ty == Type::Text || right.ty == Type::Text;
                let is = |ty: &Type| left.ty == *ty || right.ty == *ty;
                let sets = matches!(left.ty, Type::Dataset(_)) && matches!(right.ty, Type::Dataset(_));
                let help = match op {
                    "+" | "/" if is(&Type::Path) => Some("a path is joined to a text: root / \"images\""),
                    "+" if sets => Some("sets are joined by `merge([a, b])`"),
                    "-" if sets => Some("people are taken out by `a |> without(b)`"),
                    "+" if texts => Some("a text takes in another by a hole: \"{name}-{seed}\""),
                    _ => None,
                };
                return self.bad_operands(op, op_span, left, right, help);
            }
            Fault::Infinite => return self.not_finite(span),
            Fault::Whole => return self.too_large(span),
            Fault::Counted { what, found, most } => {
                Diagnostic::error(Code::NotWhole, format!("{what} are counted in whole numbers from 0 to {most}"))
                    .at(span, format!("this is {found}"))
            }
            Fault::Spans => return self.apart(Apart::Spans, op, op_span, left, right),
        };
        self.wrong(said, span)
    }

    /// Infinite and undefined numbers are refused where they arise.
    pub(super) fn not_finite(&mut self, span: Span) -> Val {
        self.wrong(
            Diagnostic::error(Code::NotFinite, "this number is infinite or undefined").at(span, "a division by zero, or too large"),
            span,
        )
    }

    /// Says why two values can't be compared.
    pub(super) fn apart(&mut self, why: Apart, op: &str, op_span: Span, left: &Val, right: &Val) -> Val {
        match why {
            Apart::Kinds => {
                let metric = [left, right].into_iter().find(|val| val.ty == Type::Metric);
                let help = metric.map(|metric| format!("a metric is a number of a model: score(model, {})", self.said_at(metric.span)));
                self.bad_operands(op, op_span, left, right, help.as_deref())
            }
            Apart::Spans => {
                let span = left.span.to(right.span);
                let said = Diagnostic::error(Code::UnitMismatch, "spans of two units: how many steps an epoch has, only a stage knows")
                    .at(op_span, "here")
                    .also(left.span, left.value.to_string())
                    .also(right.span, right.value.to_string());
                self.wrong(said.help("say both in one unit: in epochs, in steps, or as parts of the stage"), span)
            }
        }
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

    pub(super) fn join_path(&mut self, left: Val, right: Val, span: Span) -> Val {
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
                let real = base.real.as_ref().map(|real| real.join(&**more));
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
        self.meter.spend(0, 2 * path.shown.len() as u64);
        Val::new(Type::Path, Value::Path(path.into()), span)
    }

    pub(super) fn range(&mut self, from: Val, to: Val, span: Span) -> Val {
        if from.is_poison() || to.is_poison() {
            return Val::poison(span);
        }
        if from.ty.is_curve() || to.ty.is_curve() {
            return self.curved_range(from, to, span);
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
        if !from.is_hole() && !to.is_hole() {
            match from_value.order(&to_value) {
                Ok(order) if order.is_gt() => {
                    return self.wrong(
                        Diagnostic::error(Code::EmptyRange, "this range is empty: it begins after its end")
                            .at(span, format!("{} is more than {}", from.value, to.value))
                            .help(format!("write {}..{}", to.value, from.value)),
                        span,
                    );
                }
                // the ends of what a parameter lies in may be of two units: the plan checks them
                Ok(_) | Err(Apart::Spans) => {}
                Err(Apart::Kinds) => return self.apart(Apart::Kinds, "..", span, &from, &to),
            }
        }
        Val::new(Type::Range(Box::new(ty)), Value::Range(Box::new((from_value, to_value))), span)
    }

    /// A range of which an end changes over a stage.
    fn curved_range(&mut self, from: Val, to: Val, span: Span) -> Val {
        let curve = |ty: &Type| if ty.is_curve() { Some(ty.clone()) } else { ty.curved() };
        let plain = [&from.ty, &to.ty].into_iter().find(|ty| !ty.is_curve());
        match (curve(&from.ty), curve(&to.ty)) {
            (Some(one), Some(other)) if one == other => {
                let end = plain.map_or_else(|| one.clone(), |plain| Type::Union(vec![plain.clone(), one.clone()]));
                Val::new(Type::Range(Box::new(end)), Value::Range(Box::new((from.value, to.value))), span)
            }
            _ => self.bad_operands("..", span, &from, &to, Some("both ends of a range are of one type, and so are the numbers of a curve")),
        }
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
        self.read([&left.value, &right.value]);
        let spans = comparable_spans(&left.ty, &right.ty);
        let is_none = |val: &Val| matches!(val.value, Value::None);
        let texts = |val: &Val| matches!(val.value, Value::Text(_));
        let alike = spans || (texts(&left) && texts(&right)) || super::expr::join(&left.ty, &right.ty).is_some();
        let compared = match op {
            CompareOp::Eq | CompareOp::Ne if is_none(&left) || is_none(&right) || alike => {
                left.value.equals(&right.value).map(|equal| equal == (op == CompareOp::Eq))
            }
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge if alike && !matches!(left.value, Value::Bool(_)) => {
                left.value.order(&right.value).map(|order| match op {
                    CompareOp::Lt => order.is_lt(),
                    CompareOp::Le => order.is_le(),
                    CompareOp::Gt => order.is_gt(),
                    CompareOp::Ge => order.is_ge(),
                    CompareOp::Eq | CompareOp::Ne | CompareOp::In => false, // these are asked elsewhere
                })
            }
            _ => Err(Apart::Kinds), // an order of truths, or things of two types
        };
        match compared {
            Ok(truth) => Val::new(Type::Bool, Value::Bool(truth), span),
            Err(why) => self.apart(why, op.text(), op_span, &left, &right),
        }
    }

    fn member(&mut self, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        self.read([&left.value, &right.value]);
        let none = matches!(left.value, Value::None);
        let found = match (&right.value, &right.ty) {
            (Value::List(items), Type::List(of)) => {
                let alike = none || comparable_spans(&left.ty, of) || is_word(&left.ty, of) || super::expr::join(&left.ty, of).is_some();
                if alike { left.value.is_among(items) } else { Err(Apart::Kinds) }
            }
            (Value::Range(ends), Type::Range(of)) => {
                let alike = comparable_spans(&left.ty, of) || super::expr::join(&left.ty, of).is_some();
                if alike { left.value.is_within(&ends.0, &ends.1) } else { Err(Apart::Kinds) }
            }
            _ => return self.bad_operands("in", op_span, &left, &right, Some("`in` asks a list or a range")),
        };
        match found {
            Ok(truth) => Val::new(Type::Bool, Value::Bool(truth), span),
            Err(why) => self.apart(why, "in", op_span, &left, &right),
        }
    }
}

/// Whether both are spans, or one is and the other a part of a stage.
fn comparable_spans(a: &Type, b: &Type) -> bool {
    use Type::Quantity;
    let bare = |ty: &Type| if let Type::Optional(of) = ty { (**of).clone() } else { ty.clone() };
    matches!(
        (bare(a), bare(b)),
        (Quantity(Dimension::Span), Quantity(Dimension::Fraction)) | (Quantity(Dimension::Fraction), Quantity(Dimension::Span))
    )
}

/// Whether both are texts or choices.
fn is_word(a: &Type, b: &Type) -> bool {
    let word = |ty: &Type| matches!(ty, Type::Text | Type::Choice(_) | Type::Category);
    word(a) && word(b)
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

/// Why an operation has no result.
enum Fault {
    /// It does not go between these.
    Operands,
    /// A number that is infinite or undefined.
    Infinite,
    /// A whole number beyond the largest.
    Whole,
    /// Something that is counted, and would be a fraction, negative or too many.
    Counted { what: &'static str, found: String, most: &'static str },
    /// Spans in two units.
    Spans,
}

fn arithmetic(op: ChainOp, left: &Value, right: &Value) -> Result<(Type, Value), Fault> {
    use ChainOp::{Add, Div, Mul, Sub};
    use Value::{Float, Fraction as Part, Int, Span as Length};
    if let (Int(a), Int(b)) = (left, right) {
        let whole = match op {
            Add => a.checked_add(*b),
            Sub => a.checked_sub(*b),
            Mul => a.checked_mul(*b),
            Div => return Ok((Type::Float, Float(number(op, *a as f64, *b as f64)?))),
            ChainOp::Coalesce | ChainOp::And | ChainOp::Or => return Err(Fault::Operands),
        };
        return whole.map(|whole| (Type::Int, Int(whole))).ok_or(Fault::Whole);
    }
    let (a, b) = (left.magnitude().ok_or(Fault::Operands)?, right.magnitude().ok_or(Fault::Operands)?);
    let one_kind = std::mem::discriminant(left) == std::mem::discriminant(right);
    match (left, right, op) {
        (Int(_) | Float(_), Int(_) | Float(_), _) => Ok((Type::Float, Float(number(op, a, b)?))),
        (quantity, Int(_) | Float(_), Mul | Div) => quantity_like(quantity, number(op, a, b)?),
        (Int(_) | Float(_), quantity, Mul) => quantity_like(quantity, number(op, a, b)?),
        (Length(x), Length(y), Add | Sub | Div) if std::mem::discriminant(x) != std::mem::discriminant(y) => Err(Fault::Spans),
        (Length(TrainSpan::Part(_)), Part(_), Add | Sub) => quantity_like(left, number(op, a, b)?),
        (Part(_), Length(TrainSpan::Part(_)), Add | Sub) => quantity_like(right, number(op, a, b)?),
        (Length(_), Part(_), Add | Sub) | (Part(_), Length(_), Add | Sub) => Err(Fault::Spans),
        (_, _, Add | Sub) if one_kind => quantity_like(left, number(op, a, b)?),
        (_, _, Div) if one_kind => Ok((Type::Float, Float(number(op, a, b)?))),
        _ => Err(Fault::Operands), // quantities of two kinds
    }
}

fn number(op: ChainOp, a: f64, b: f64) -> Result<f64, Fault> {
    let x = match op {
        ChainOp::Add => a + b,
        ChainOp::Sub => a - b,
        ChainOp::Mul => a * b,
        ChainOp::Div => a / b,
        ChainOp::Coalesce | ChainOp::And | ChainOp::Or => return Err(Fault::Operands),
    };
    if x.is_finite() { Ok(x) } else { Err(Fault::Infinite) }
}

/// A quantity of the same kind with another number; counted ones stay whole.
fn quantity_like(like: &Value, x: f64) -> Result<(Type, Value), Fault> {
    // below these every whole number is a number: none is rounded
    let up_to = |what, x: f64, largest: f64, most| {
        let fits = x.fract() == 0.0 && (0.0..=largest).contains(&x);
        if fits { Ok(x) } else { Err(Fault::Counted { what, found: x.to_string(), most }) }
    };
    let counted = |what, x| up_to(what, x, 4e9, "4,000,000,000");
    Ok(match like {
        Value::Angle(_) => (Type::Quantity(Dimension::Angle), Value::Angle(Angle::radians(x))),
        Value::Fraction(_) => (Type::Quantity(Dimension::Fraction), Value::Fraction(Fraction(x))),
        Value::Pixels(_) => (Type::Quantity(Dimension::Pixels), Value::Pixels(Pixels(counted("pixels", x)? as u32))),
        Value::Images(_) => (Type::Quantity(Dimension::Images), Value::Images(Images(counted("images", x)? as u64))),
        Value::Checks(_) => (Type::Quantity(Dimension::Checks), Value::Checks(Checks(counted("checks", x)? as u64))),
        Value::Bytes(_) => {
            let bytes = up_to("bytes", x, 9_007_199_254_740_992.0, "8,192 TiB")?;
            (Type::Quantity(Dimension::Bytes), Value::Bytes(Bytes(bytes as u64)))
        }
        Value::Span(TrainSpan::Epochs(_)) => (Type::Quantity(Dimension::Span), Value::Span(TrainSpan::Epochs(x))),
        Value::Span(TrainSpan::Steps(_)) => (Type::Quantity(Dimension::Span), Value::Span(TrainSpan::Steps(counted("steps", x)? as u64))),
        Value::Span(TrainSpan::Part(_)) => (Type::Quantity(Dimension::Span), Value::Span(TrainSpan::Part(x))),
        _ => return Err(Fault::Operands), // no quantity
    })
}
