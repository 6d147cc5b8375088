//! Expressions over a sample's attributes: they are not evaluated here but kept for every row of a table.

use super::{Compiler, Env, Val};
use crate::data::Cell;
use crate::data::predicate::{Arithmetic, Comparison, Expr as Row, Members};
use crate::diag::{Code, Diagnostic};
use crate::lang::types::{Dimension, Type};
use crate::lang::value::Value;
use crate::source::Span;
use crate::syntax::tree::{ChainOp, CompareOp};

/// The functions that go over attributes.
pub(super) const FUNCTIONS: [&str; 3] = ["abs", "min", "max"];

impl Compiler<'_> {
    pub(super) fn row_negate(&mut self, val: Val, span: Span) -> Val {
        match (row_of(&val), &val.ty) {
            (Some(row), Type::Row(of)) if is_number(of) => {
                Val::new(val.ty.clone(), Value::Row(Row::Neg { of: Box::new(row) }.into()), span)
            }
            _ => self
                .wrong(Diagnostic::error(Code::BadOperands, format!("{} has no negative", inner(&val.ty))).at(val.span, "no number"), span),
        }
    }

    pub(super) fn row_not(&mut self, val: Val, span: Span) -> Val {
        match (row_of(&val), inner(&val.ty)) {
            (Some(row), Type::Bool) => Val::new(val.ty.clone(), Value::Row(Row::Not { of: Box::new(row) }.into()), span),
            (_, ty) => self.wrong(
                Diagnostic::error(Code::BadOperands, "`not` stands before something that is true or false").at(val.span, ty.to_string()),
                span,
            ),
        }
    }

    pub(super) fn row_binary(&mut self, op: ChainOp, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        if op == ChainOp::Div && right.value.magnitude() == Some(0.0) {
            return self.not_finite(span);
        }
        let (Some(a), Some(b)) = (row_of(&left), row_of(&right)) else { return self.open_row(op.text(), op_span, &left, &right) };
        let (ta, tb) = (inner(&left.ty), inner(&right.ty));
        let (ty, row) = match op {
            ChainOp::And | ChainOp::Or if *ta == Type::Bool && *tb == Type::Bool => {
                let mut of = Vec::new();
                for part in [a, b] {
                    match (op, part) {
                        (ChainOp::And, Row::And { of: parts }) | (ChainOp::Or, Row::Or { of: parts }) => of.extend(parts),
                        (_, part) => of.push(part),
                    }
                }
                (Type::Bool, if op == ChainOp::And { Row::And { of } } else { Row::Or { of } })
            }
            ChainOp::Coalesce if is_text(ta) && is_text(tb) || super::expr::join(ta, tb).is_some() => {
                (super::expr::join(ta, tb).unwrap_or_else(|| ta.clone()), Row::Else { of: Box::new(a), or: Box::new(b) })
            }
            ChainOp::Add | ChainOp::Sub if is_number(ta) && super::expr::join(ta, tb).is_some() => {
                let op = if op == ChainOp::Add { Arithmetic::Add } else { Arithmetic::Subtract };
                (ta.clone(), Row::Arithmetic { op, left: Box::new(a), right: Box::new(b) })
            }
            ChainOp::Mul | ChainOp::Div if is_number(ta) && matches!(tb, Type::Int | Type::Float) => {
                let op = if op == ChainOp::Mul { Arithmetic::Multiply } else { Arithmetic::Divide };
                (ta.clone(), Row::Arithmetic { op, left: Box::new(a), right: Box::new(b) })
            }
            ChainOp::Mul if is_number(tb) && matches!(ta, Type::Int | Type::Float) => {
                (tb.clone(), Row::Arithmetic { op: Arithmetic::Multiply, left: Box::new(a), right: Box::new(b) })
            }
            ChainOp::Div if is_number(ta) && ta == tb => {
                (Type::Float, Row::Arithmetic { op: Arithmetic::Divide, left: Box::new(a), right: Box::new(b) })
            }
            _ => return self.bad_operands(op.text(), op_span, &left, &right, None),
        };
        Val::new(Type::Row(Box::new(ty)), Value::Row(row.into()), span)
    }

    pub(super) fn row_compare(&mut self, op: CompareOp, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        if op == CompareOp::In {
            return self.row_member(op_span, left, right);
        }
        let has_none = match (&left.value, &right.value) {
            (_, Value::None) => row_of(&left),
            (Value::None, _) => row_of(&right),
            _ => None,
        };
        if let (Some(of), CompareOp::Eq | CompareOp::Ne) = (has_none, op) {
            let missing = Row::Missing { of: Box::new(of) };
            let row = if op == CompareOp::Eq { missing } else { Row::Not { of: Box::new(missing) } };
            return Val::new(Type::Row(Box::new(Type::Bool)), Value::Row(row.into()), span);
        }
        let (Some(a), Some(b)) = (row_of(&left), row_of(&right)) else { return self.open_row(op.text(), op_span, &left, &right) };
        let (ta, tb) = (inner(&left.ty), inner(&right.ty));
        let texts = is_text(ta) && is_text(tb) && matches!(op, CompareOp::Eq | CompareOp::Ne);
        let numbers = is_number(ta) && is_number(tb) && super::expr::join(ta, tb).is_some();
        if !texts && !numbers {
            return self.unit_or_operands(op.text(), op_span, &left, &right);
        }
        let op = match op {
            CompareOp::Eq | CompareOp::In => Comparison::Equal,
            CompareOp::Ne => Comparison::Different,
            CompareOp::Lt => Comparison::Less,
            CompareOp::Le => Comparison::AtMost,
            CompareOp::Gt => Comparison::Greater,
            CompareOp::Ge => Comparison::AtLeast,
        };
        Val::new(Type::Row(Box::new(Type::Bool)), Value::Row(Row::Compare { op, left: Box::new(a), right: Box::new(b) }.into()), span)
    }

    /// A bare number beside an attribute with a unit is the mistake that people make.
    fn unit_or_operands(&mut self, op: &str, op_span: Span, left: &Val, right: &Val) -> Val {
        let (ta, tb) = (inner(&left.ty), inner(&right.ty));
        let bare = |ty: &Type| matches!(ty, Type::Int | Type::Float);
        let (dimension, number) = match (ta, tb) {
            (Type::Quantity(dimension), tb) if bare(tb) => (*dimension, right),
            (ta, Type::Quantity(dimension)) if bare(ta) => (*dimension, left),
            (Type::Category | Type::Text, tb) | (tb, Type::Category | Type::Text) if is_number(tb) && *tb != Type::Unknown => {
                let help = "a column of texts is compared with a text; where it holds numbers its schema says so: schema = {k: int}";
                return self.bad_operands(op, op_span, left, right, Some(help));
            }
            _ => return self.bad_operands(op, op_span, left, right, None),
        };
        let (what, units) = dimension.in_words();
        if let Some(name) = row_of(number).iter().flat_map(Row::attributes).next() {
            let column = match dimension {
                Dimension::Angle => "deg",
                Dimension::Pixels => "px",
                Dimension::Fraction => "fraction",
                Dimension::Span | Dimension::Images | Dimension::Checks | Dimension::Bytes => "float", // no column has such values
            };
            return self.wrong(
                Diagnostic::error(Code::UnitMissing, format!("`.{name}` has no unit, and is compared with {what}"))
                    .at(number.span, "a bare number")
                    .help(format!("say the unit of its column where it is read: schema = {{{name}: {column}}}")),
                left.span.to(right.span),
            );
        }
        self.wrong(
            Diagnostic::error(Code::UnitMissing, format!("this number needs a unit: the attribute is {what}"))
                .at(number.span, "a bare number")
                .help(format!("its unit is {units}, for example {}", example(dimension, &number.value))),
            left.span.to(right.span),
        )
    }

    fn row_member(&mut self, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        let Some(of) = row_of(&left) else { return self.open_row("in", op_span, &left, &right) };
        let ta = inner(&left.ty).clone();
        let members = match (&right.value, &right.ty) {
            (Value::Range(ends), Type::Range(ty)) if is_number(&ta) => {
                if super::expr::join(&ta, ty).is_none() {
                    return self.unit_or_operands("in", op_span, &left, &Val::new((**ty).clone(), ends.1.clone(), right.span));
                }
                match (ends.0.magnitude(), ends.1.magnitude()) {
                    (Some(low), Some(high)) => Members::Range(low, high),
                    _ => return Val::new(Type::Row(Box::new(Type::Bool)), Value::Hole("range".to_owned()), span),
                }
            }
            (Value::List(items), Type::List(ty)) => {
                let fits = (is_text(&ta) && is_text(ty)) || super::expr::join(&ta, ty).is_some();
                let cells: Option<Vec<Cell>> = items.iter().map(cell).collect();
                match cells {
                    Some(cells) if fits => Members::List(cells.into()),
                    _ => return self.bad_operands("in", op_span, &left, &right, None),
                }
            }
            _ => return self.bad_operands("in", op_span, &left, &right, Some("`in` asks a list or a range")),
        };
        Val::new(Type::Row(Box::new(Type::Bool)), Value::Row(Row::In { of: Box::new(of), members }.into()), span)
    }

    fn open_row(&mut self, op: &str, op_span: Span, left: &Val, right: &Val) -> Val {
        let hole = [left, right].into_iter().find_map(|val| if let Value::Hole(name) = &val.value { Some(name.clone()) } else { None });
        match hole {
            Some(name) => Val::new(Type::Row(Box::new(Type::Bool)), Value::Hole(name), left.span.to(right.span)),
            None => self.bad_operands(op, op_span, left, right, None),
        }
    }

    /// `abs(x)`, `min(x, y)`, `max(x, y)`: over attributes or over numbers.
    pub(super) fn function(&mut self, name: &str, args: &[crate::syntax::tree::Arg], span: Span, env: &mut Env) -> Val {
        let vals: Vec<Val> = args.iter().map(|arg| self.expr(&arg.value, env)).collect();
        let wanted = if name == "abs" { 1..=1 } else { 2..=usize::MAX };
        if !wanted.contains(&vals.len()) || args.iter().any(|arg| arg.label.is_some()) {
            let help = if name == "abs" { "write abs(.yaw)" } else { "give at least two" };
            return self.wrong(
                Diagnostic::error(
                    Code::MissingArgument,
                    format!("`{name}` takes {}", if name == "abs" { "one number" } else { "several numbers" }),
                )
                .at(span, format!("{} given", vals.len()))
                .help(help),
                span,
            );
        }
        if vals.iter().any(Val::is_poison) {
            return Val::poison(span);
        }
        if vals.iter().any(|val| !is_number(inner(&val.ty)) || super::expr::join(inner(&vals[0].ty), inner(&val.ty)).is_none()) {
            return self.wrong(
                Diagnostic::error(Code::BadOperands, format!("`{name}` goes over numbers of one unit")).at(span, "these are not"),
                span,
            );
        }
        if vals.iter().any(|val| matches!(val.ty, Type::Row(_))) {
            let ty = Type::Row(Box::new(inner(&vals[0].ty).clone()));
            let Some(rows) = vals.iter().map(row_of).collect::<Option<Vec<_>>>() else {
                return Val::new(ty, Value::Hole(name.to_owned()), span);
            };
            let row = match (name, rows) {
                ("abs", mut rows) => Row::Abs { of: Box::new(rows.remove(0)) },
                ("min", of) => Row::Min { of },
                (_, of) => Row::Max { of },
            };
            return Val::new(ty, Value::Row(row.into()), span);
        }
        if let Some(hole) = vals.iter().find(|val| val.is_hole()) {
            return Val { span, ..hole.clone() };
        }
        if name == "abs" {
            let negative = vals[0].value.magnitude().is_some_and(|x| x < 0.0);
            let val = vals.into_iter().next().unwrap_or_else(|| Val::poison(span));
            return if negative { self.negate(val, span) } else { Val { span, ..val } };
        }
        let mut vals = vals.into_iter();
        let mut picked = vals.next().unwrap_or_else(|| Val::poison(span));
        for val in vals {
            match val.value.order(&picked.value) {
                Ok(order) if if name == "min" { order.is_lt() } else { order.is_gt() } => picked = val,
                Ok(_) => {}
                Err(why) => return self.apart(why, name, span, &picked, &val),
            }
        }
        Val { span, ..picked }
    }
}

fn inner(ty: &Type) -> &Type {
    if let Type::Row(of) = ty { of } else { ty }
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Float | Type::Quantity(_) | Type::Unknown)
}

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Category | Type::Unknown)
}

fn cell(value: &Value) -> Option<Cell> {
    match value {
        Value::Text(text) => Some(Cell::text(text)),
        Value::Bool(truth) => Some(Cell::Bool(*truth)),
        other => other.magnitude().map(Cell::Number),
    }
}

fn row_of(val: &Val) -> Option<Row> {
    match &val.value {
        Value::Row(row) => Some((**row).clone()),
        other => cell(other).map(|value| Row::Const { value }),
    }
}

/// A number with a fitting unit, as an example.
pub(super) fn example(dimension: Dimension, value: &Value) -> String {
    let number = value.magnitude().map_or_else(|| "1".to_owned(), |x| x.to_string());
    match dimension {
        // people think of small turns in radians (a margin of 0.5) and of poses in degrees
        Dimension::Angle if value.magnitude().is_some_and(|x| x.fract() != 0.0 && x.abs() < std::f64::consts::PI) => format!("{number}rad"),
        Dimension::Angle => format!("{number}deg"),
        Dimension::Pixels => format!("{number}px"),
        Dimension::Span => format!("{number} epochs"),
        Dimension::Fraction => value.magnitude().map_or_else(|| "20%".to_owned(), |x| format!("{}%", if x <= 1.0 { x * 100.0 } else { x })),
        Dimension::Images => format!("{number} images"),
        Dimension::Checks => format!("{number} checks"),
        Dimension::Bytes => format!("{number} GiB"),
    }
}
