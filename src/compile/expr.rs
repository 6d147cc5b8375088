//! Expressions: their types and values.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts that the budget of the compiler bounds")]

use super::meter::near;
use super::modules::{BindingId, Kind};
use super::{Compiler, Env, Sample, Val};
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::types::{Dimension, Type};
use crate::lang::value::{PathValue, Value};
use crate::quantity::{Angle, Bytes, Checks, Fraction, Images, Pixels, Span as TrainSpan};
use crate::source::Span;
use crate::stack::with_room;
use crate::syntax::tree::{Arg, Call, Entry, Expr, ExprKind, Number, Part, Text, UnaryOp, Unit, Word};
use indexmap::IndexMap;

/// Expressions inside of each other, through names and `def`s: as many as a chain of names that each stand deep.
const DEEPEST: usize = 4_000;

/// The longest list that a comprehension makes.
const LONGEST_LIST: usize = 10_000;

/// The largest amount of memory that can be said, in bytes: below it every whole number is a number.
const LARGEST_MEMORY: f64 = 9_007_199_254_740_992.0;

impl Compiler<'_> {
    /// The type and value of an expression.
    pub(super) fn expr(&mut self, expr: &Expr, env: &mut Env) -> Val {
        let span = expr.span;
        if self.meter.is_over() {
            return Val::poison(span);
        }
        if self.depth >= DEEPEST {
            return self.too_deep(
                Diagnostic::error(
                    Code::LongChain,
                    format!("this stands inside of more than {DEEPEST} expressions, those of the names that need it counted"),
                )
                .at(span, "too deep")
                .help("the names on the way to it are too many, or nested too deeply"),
                span,
            );
        }
        self.depth += 1;
        let val = with_room(|| self.expr_here(expr, env));
        self.depth -= 1;
        val
    }

    fn expr_here(&mut self, expr: &Expr, env: &mut Env) -> Val {
        let span = expr.span;
        self.meter.spend(1, 0);
        if !self.in_budget() {
            return Val::poison(span);
        }
        let val = match &expr.kind {
            ExprKind::Number(number) => self.number(number, span),
            ExprKind::String(text) => self.text(text, env),
            ExprKind::Bool(truth) => Val::new(Type::Bool, Value::Bool(*truth), span),
            ExprKind::None => Val::new(Type::Unknown.optional(), Value::None, span),
            ExprKind::Name(name) => self.name(name, span, env),
            ExprKind::Attribute(word) => self.attribute(word, span, env),
            ExprKind::List(items) => self.list(items, span, env),
            ExprKind::Comprehension { element, variable, source } => self.comprehension(element, variable, source, span, env),
            ExprKind::Record(entries) => self.record(entries, span, env),
            ExprKind::Call(call) => self.call(call, None, env),
            ExprKind::Field { base, name } => self.field_of(base, name, env),
            ExprKind::Method { base, name, args } => {
                let base = self.expr(base, env);
                self.method(base, name, args, span, env)
            }
            ExprKind::Unary { op: UnaryOp::Neg, operand } => {
                let val = self.expr(operand, env);
                self.negate(val, span)
            }
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                let val = self.expr(operand, env);
                self.not(val, span)
            }
            ExprKind::Chain { first, rest } => {
                let mut left = self.expr(first, env);
                for link in rest {
                    let right = self.expr(&link.operand, env);
                    left = self.binary(link.op, link.op_span, left, right);
                }
                left
            }
            ExprKind::Range { from, to } => {
                let from = self.expr(from, env);
                let to = self.expr(to, env);
                self.range(from, to, span)
            }
            ExprKind::Compare { op, op_span, left, right } => {
                let left = self.expr(left, env);
                let right = self.expr(right, env);
                self.compare(*op, *op_span, left, right)
            }
            ExprKind::Pipe { value, calls } => self.pipe(value, calls, env),
            ExprKind::If { condition, yes, no } => self.choice(condition, yes, no, env),
            ExprKind::Error => Val::poison(span),
        };
        self.bounded(val)
    }

    fn pipe(&mut self, value: &Expr, calls: &[Call], env: &mut Env) -> Val {
        // what takes axes away looks at its first argument in all arms: it is given what stands before it, not what that is worth here
        let reduces = calls.iter().rposition(|call| self.reduces(env.module, call));
        let (mut value, rest) = match reduces {
            Some(at) => {
                let before = match at {
                    0 => value.clone(),
                    _ => {
                        let kind = ExprKind::Pipe { value: Box::new(value.clone()), calls: calls[..at].to_vec() };
                        Expr { kind, span: value.span.to(calls[at - 1].span) }
                    }
                };
                let mut call = calls[at].clone();
                let span = before.span;
                call.args.insert(0, Arg { label: None, value: before, span });
                (self.call(&call, None, env), &calls[at + 1..])
            }
            None => (self.expr(value, env), calls),
        };
        for call in rest {
            value = self.call(call, Some(value), env);
        }
        value
    }

    fn number(&mut self, number: &Number, span: Span) -> Val {
        let x = number.value;
        if !x.is_finite() {
            return self.not_finite(span);
        }
        let quantity = |dimension, value| Val::new(Type::Quantity(dimension), value, span);
        let Some(unit) = &number.unit else {
            let whole = !number.text.contains(['.', 'e', 'E']);
            return match number.text.replace('_', "").parse() {
                Ok(whole) => Val::new(Type::Int, Value::Int(whole), span),
                Err(_) if whole => self.too_large(span),
                Err(_) => Val::new(Type::Float, Value::Float(x), span),
            };
        };
        let counted = matches!(unit.unit, Unit::Px | Unit::Steps | Unit::Images | Unit::Checks | Unit::B);
        if counted && (x.fract() != 0.0 || x > 4e9) {
            let help = if x.fract() == 0.0 {
                "there are at most 4,000,000,000".to_owned()
            } else {
                let blank = if unit.unit == Unit::Px { "" } else { " " };
                format!("write for example {}{blank}{}", x.round().max(1.0), unit.unit.text())
            };
            return self.wrong(
                Diagnostic::error(Code::NotWhole, format!("{} are counted in whole numbers", unit.unit.text()))
                    .at(span, "not a whole number in range")
                    .help(help),
                span,
            );
        }
        match unit.unit {
            Unit::Percent => quantity(Dimension::Fraction, Value::Fraction(Fraction(x / 100.0))),
            Unit::Px => quantity(Dimension::Pixels, Value::Pixels(Pixels(x as u32))),
            Unit::Deg => quantity(Dimension::Angle, Value::Angle(Angle::degrees(x))),
            Unit::Rad => quantity(Dimension::Angle, Value::Angle(Angle::radians(x))),
            Unit::Epochs => quantity(Dimension::Span, Value::Span(TrainSpan::Epochs(x))),
            Unit::Steps => quantity(Dimension::Span, Value::Span(TrainSpan::Steps(x as u64))),
            Unit::Images => quantity(Dimension::Images, Value::Images(Images(x as u64))),
            Unit::Checks => quantity(Dimension::Checks, Value::Checks(Checks(x as u64))),
            Unit::B => quantity(Dimension::Bytes, Value::Bytes(Bytes(x as u64))),
            Unit::KiB => self.memory(x, 1, span),
            Unit::MiB => self.memory(x, 2, span),
            Unit::GiB => self.memory(x, 3, span),
            Unit::TiB => self.memory(x, 4, span),
        }
    }

    /// An amount of memory in units of 1,024 to the power `thousands` bytes.
    fn memory(&mut self, x: f64, thousands: i32, span: Span) -> Val {
        let bytes = x * 1024.0_f64.powi(thousands);
        if bytes > LARGEST_MEMORY {
            let said = Diagnostic::error(Code::NotFinite, "this is more memory than can be counted").at(span, "at most 8,192 TiB");
            return self.wrong(said, span);
        }
        Val::new(Type::Quantity(Dimension::Bytes), Value::Bytes(Bytes(bytes as u64)), span)
    }

    /// A text with its holes filled. One that begins with a path is that path, joined to what follows: `"{root}/images"`.
    fn text(&mut self, text: &Text, env: &mut Env) -> Val {
        let mut first = None;
        if let Some((Part::Hole(word), rest)) = text.parts.split_first() {
            let base = self.name(&word.text, word.span, env);
            if base.ty == Type::Path {
                let rest = self.text(&Text { parts: rest.to_vec(), span: text.span }, env);
                return match &rest.value {
                    Value::Text(more) if more.is_empty() => Val { span: text.span, ..base },
                    Value::Text(more) if more.starts_with('/') => {
                        let more = Val::new(Type::Text, Value::text(&more[1..]), text.span);
                        self.join_path(base, more, text.span)
                    }
                    Value::Text(more) => match shown(&base) {
                        Some(shown) if !self.is_param(word, env) => Val::new(Type::Text, Value::text(format!("{shown}{more}")), text.span),
                        _ => self.path_in_text(word, text.span),
                    },
                    _ => rest, // not known yet, or wrong
                };
            }
            first = Some(base);
        }
        let mut out = String::new();
        let mut open = None;
        for part in &text.parts {
            match part {
                Part::Text(plain) => out.push_str(plain),
                Part::Hole(word) => {
                    let val = first.take().unwrap_or_else(|| self.name(&word.text, word.span, env));
                    match &val.value {
                        Value::Path(_) => match shown(&val) {
                            Some(shown) if !self.is_param(word, env) => out.push_str(shown),
                            _ => return self.path_in_text(word, text.span),
                        },
                        Value::Text(inner) => out.push_str(inner),
                        Value::Hole(_) | Value::Poison => open = Some(val.value.clone()),
                        Value::List(_) | Value::Record(_) | Value::Node(_) | Value::Op(_) | Value::Row(_) | Value::Schema(_) => {
                            return self.wrong(
                                Diagnostic::error(Code::Mismatch, format!("{} can't stand in a text", val.ty))
                                    .at(word.span, val.ty.to_string()),
                                text.span,
                            );
                        }
                        other => out.push_str(&other.written()),
                    }
                    if out.len() as u64 > super::meter::LONGEST_TEXT {
                        return self.bounded(Val::new(Type::Text, Value::text(out), text.span));
                    }
                }
            }
        }
        self.meter.spend(out.len() as u64 / 64, out.len() as u64);
        Val::new(Type::Text, open.unwrap_or_else(|| Value::text(out)), text.span)
    }

    /// Whether a word is a parameter's name here.
    fn is_param(&self, word: &Word, env: &Env) -> bool {
        let module = &self.modules[env.module.0];
        let local = env.locals.iter().any(|(name, _)| *name == word.text);
        !local && module.names.get(&word.text).is_some_and(|&place| matches!(module.bindings[place].kind, super::modules::Kind::Param(_)))
    }

    fn path_in_text(&mut self, word: &Word, span: Span) -> Val {
        let wrong = Diagnostic::error(Code::Mismatch, "what a parameter gives as a path is no word of a text: it begins one, before a `/`");
        self.wrong(wrong.at(word.span, "a path").help(format!("write {{{0}}}/images or {0} / \"images\"", word.text)), span)
    }

    fn attribute(&mut self, word: &Word, span: Span, env: &Env) -> Val {
        let Some(sample) = &env.row else {
            return self.wrong(
                Diagnostic::error(
                    Code::StrayAttribute,
                    format!("`.{}` is an attribute of a sample, and there is no sample here", word.text),
                )
                .at(span, "an attribute")
                .help("attributes stand where a data set is filtered or split: data |> where(.yaw > 45deg)"),
                span,
            );
        };
        match attribute_type(&word.text, sample) {
            Some(ty) => Val::new(
                Type::Row(Box::new(ty)),
                Value::Row(crate::data::predicate::Expr::Attribute { name: word.text.clone() }.into()),
                span,
            ),
            None => {
                let added = if let Sample::Of(attributes) = sample { attributes.keys().map(String::as_str).collect() } else { Vec::new() };
                let known: Vec<&str> = ALWAYS.iter().copied().chain(added).collect();
                let near = did_you_mean(&word.text, known.iter().copied())
                    .map_or_else(|| format!("it has {}", one_of(known.iter().copied())), |near| format!("did you mean `.{near}`?"));
                let unknown =
                    Diagnostic::error(Code::UnknownAttribute, format!("this data set's samples have no attribute `{}`", word.text))
                        .at(span, "unknown")
                        .help(near);
                self.wrong(unknown, span)
            }
        }
    }

    fn list(&mut self, items: &[Expr], span: Span, env: &mut Env) -> Val {
        let vals: Vec<Val> = items.iter().map(|item| self.expr(item, env)).collect();
        self.list_of(vals, span)
    }

    /// A list of values of one type.
    pub(super) fn list_of(&mut self, vals: Vec<Val>, span: Span) -> Val {
        self.meter.spend(vals.len() as u64, 48 * vals.len() as u64);
        let mut ty = Type::Unknown;
        for val in &vals {
            if matches!(val.ty, Type::Record(_)) {
                self.read([&val.value]);
            }
            match join(&ty, &val.ty).or_else(|| join_spans(&ty, &val.ty)) {
                Some(joined) => ty = joined,
                None => {
                    let mixed = Diagnostic::error(Code::MixedList, format!("a list holds things of one type: {ty} and {} are two", val.ty))
                        .at(val.span, val.ty.to_string());
                    return self.wrong(mixed, span);
                }
            }
        }
        let value = |val: Val| if val.ty == ty { val.value } else { among(val.value, &ty) };
        let values = vals.into_iter().map(value).collect();
        Val::new(ty.list(), Value::List(values), span)
    }

    fn comprehension(&mut self, element: &Expr, variable: &Word, source: &Expr, span: Span, env: &mut Env) -> Val {
        let source = self.expr(source, env);
        let (items, ty) = match (&source.value, &source.ty) {
            (Value::List(items), Type::List(ty)) => (items.to_vec(), (**ty).clone()),
            (Value::Range(ends), _) => match (&ends.0, &ends.1) {
                (Value::Int(from), Value::Int(to)) if count_of(*from, *to) <= LONGEST_LIST as u64 => {
                    ((*from..=*to).map(Value::Int).collect(), Type::Int)
                }
                (Value::Int(from), Value::Int(to)) => return self.too_many(count_of(*from, *to), source.span, span),
                (Value::Hole(_), _) | (_, Value::Hole(_)) => return Val::poison(span), // how long it is a parameter says
                _ => return self.not_a_list(&source, span),
            },
            (Value::Poison | Value::Hole(_), _) => return Val::poison(span),
            _ => return self.not_a_list(&source, span),
        };
        let mut vals = Vec::new();
        if items.len() > LONGEST_LIST {
            return self.too_many(items.len() as u64, source.span, span);
        }
        for (at, item) in items.into_iter().enumerate() {
            if self.meter.is_over() {
                return Val::poison(span);
            }
            let said_before = self.diagnostics.len();
            env.locals.push((variable.text.clone(), Val::new(ty.clone(), item, source.span)));
            vals.push(self.expr(element, env));
            env.locals.pop();
            self.diagnostics.in_arm(said_before, &format!("[{} = #{at}]", variable.text));
        }
        self.list_of(vals, span)
    }

    fn too_many(&mut self, count: u64, at: Span, span: Span) -> Val {
        let said = Diagnostic::error(Code::TooMany, format!("a comprehension runs over at most {LONGEST_LIST} values"));
        self.wrong(said.at(at, format!("these are {count}")), span)
    }

    fn not_a_list(&mut self, source: &Val, span: Span) -> Val {
        self.wrong(
            Diagnostic::error(Code::Mismatch, "a comprehension runs over a finite list or a range of whole numbers")
                .at(source.span, format!("this is {}", source.ty)),
            span,
        )
    }

    fn record(&mut self, entries: &[Entry], span: Span, env: &mut Env) -> Val {
        self.meter.spend(0, 160 * entries.len() as u64);
        let mut types = IndexMap::new();
        let mut values = IndexMap::new();
        for entry in entries {
            if values.contains_key(&entry.key.text) {
                continue; // as was said when it was read
            }
            let val = self.expr(&entry.value, env);
            types.insert(entry.key.text.clone(), val.ty);
            values.insert(entry.key.text.clone(), val.value);
        }
        Val::new(Type::Record(types.into()), Value::Record(values.into()), span)
    }

    pub(super) fn field_of(&mut self, base: &Expr, name: &Word, env: &mut Env) -> Val {
        if let ExprKind::Name(module) = &base.kind
            && !env.locals.iter().any(|(local, _)| local == module)
            && let Some(&place) = self.modules[env.module.0].names.get(module)
            && let Kind::Module(inner) = self.modules[env.module.0].bindings[place].kind
        {
            let span = base.span.to(name.span);
            return match self.modules[inner.0].names.get(&name.text).copied() {
                Some(_) if name.text.starts_with('_') => self.wrong(
                    Diagnostic::error(Code::Private, format!("`{}` is private to `{module}`", name.text))
                        .at(name.span, "private")
                        .help("names that begin with `_` are seen only in their own file"),
                    span,
                ),
                Some(place) => self.binding(BindingId { module: inner, place }, span, &env.point),
                None if self.modules[inner.0].torn => Val::poison(span),
                None => {
                    let near = {
                        let known: Vec<&str> =
                            self.modules[inner.0].names.keys().map(String::as_str).filter(|name| !name.starts_with('_')).collect();
                        match near(&mut self.meter, &name.text, known.iter().copied()) {
                            Some(near) => format!("did you mean `{module}.{near}`?"),
                            None if known.is_empty() => "it declares nothing".to_owned(),
                            None => format!("it has {}", one_of(known.iter().copied())),
                        }
                    };
                    self.wrong(
                        Diagnostic::error(Code::UnknownField, format!("`{module}` has nothing called `{}`", name.text))
                            .at(name.span, "unknown")
                            .help(near),
                        span,
                    )
                }
            };
        }
        let val = self.expr(base, env);
        self.field_before(val, name, env.row.as_ref())
    }

    /// `base.name`: a field of a record, a metric of an evaluation, or a part of a network.
    pub(super) fn field(&mut self, base: Val, name: &Word) -> Val {
        self.field_before(base, name, None)
    }

    /// The same where there may be a sample, whose attributes are written without a base.
    pub(super) fn field_before(&mut self, base: Val, name: &Word, sample: Option<&Sample>) -> Val {
        let span = base.span.to(name.span);
        match (&base.ty, &base.value) {
            (_, Value::Poison) => Val::poison(span),
            (Type::Record(types), value) => {
                let Some(ty) = types.get(&name.text).cloned() else {
                    let known: Vec<&str> = types.keys().map(String::as_str).collect();
                    let near = self
                        .near(&name.text, known.iter().copied())
                        .map_or_else(|| format!("it has {}", one_of(known.iter().copied())), |near| format!("did you mean `{near}`?"));
                    return self.wrong(
                        Diagnostic::error(Code::UnknownField, format!("there is no field `{}`", name.text))
                            .at(name.span, "unknown")
                            .help(near),
                        span,
                    );
                };
                let inner = if let Value::Record(fields) = value {
                    fields.get(&name.text).cloned().unwrap_or(Value::Poison)
                } else {
                    value.clone()
                };
                Val::new(ty, inner, span)
            }
            (Type::Eval | Type::Model, _) => {
                self.method(base, name, &[], span, &mut Env::top(super::modules::ModuleId(0), super::axes::Point::new()))
            }
            (Type::Unknown, _) => Val::poison(span),
            (ty, _) => {
                let wrong = Diagnostic::error(Code::UnknownField, format!("{ty} has no fields")).at(name.span, "no field of this name");
                let help = self.piped_instead(&base, &name.text).or_else(|| self.parts_instead(&base, &name.text, sample));
                self.wrong(wrong.maybe_help(help), span)
            }
        }
    }

    fn choice(&mut self, condition: &Expr, yes: &Expr, no: &Expr, env: &mut Env) -> Val {
        let test = self.expr(condition, env);
        match &test.value {
            Value::Bool(true) => self.expr(yes, env),
            Value::Bool(false) => self.expr(no, env),
            Value::Poison => Val::poison(condition.span),
            Value::Hole(_) => {
                let yes = self.expr(yes, env);
                self.expr(no, env);
                Val::new(yes.ty, test.value, yes.span)
            }
            _ => self.wrong(
                Diagnostic::error(
                    Code::Mismatch,
                    "what stands between `if` and `then` is true or false, known from parameters and literals",
                )
                .at(test.span, format!("this is {}", test.ty)),
                condition.span,
            ),
        }
    }

    /// The path that a parameter or a literal gives, kept for the run.
    pub(super) fn remember_path(&mut self, path: &PathValue) {
        if let Some(real) = &path.real {
            self.paths.insert(path.shown.clone(), real.clone());
        }
    }
}

/// The words of a path that the recipe itself writes; none of one that a parameter gives, which is another on each machine.
fn shown(path: &Val) -> Option<&str> {
    if let Value::Path(path) = &path.value { Some(&*path.shown).filter(|shown| !shown.starts_with('$')) } else { None }
}

/// How many whole numbers a range holds.
pub(super) fn count_of(from: i64, to: i64) -> u64 {
    if from > to { 0 } else { to.abs_diff(from).saturating_add(1) }
}

/// The attributes that every sample has.
pub(super) const ALWAYS: [&str; 5] = ["identity", "path", "index", "width", "height"];

/// The type of an attribute; not known of samples of which nothing is.
pub(super) fn attribute_type(name: &str, sample: &Sample) -> Option<Type> {
    Some(match name {
        "identity" | "path" => Type::Text,
        "index" => Type::Int,
        "width" | "height" => Type::Quantity(Dimension::Pixels),
        other => match sample {
            Sample::Of(attributes) => attributes.get(other)?.clone(),
            Sample::Any => Type::Unknown,
        },
    })
}

/// Spans in units of their own: beside epochs or steps a percentage is a part of the stage, and only the stage knows which comes first.
fn join_spans(a: &Type, b: &Type) -> Option<Type> {
    let span = Type::Quantity(Dimension::Span);
    let fraction = Type::Quantity(Dimension::Fraction);
    ((*a == span && *b == fraction) || (*a == fraction && *b == span)).then_some(span)
}

/// A value among others of a type that was found for all of them: of 1 and 0.5 both are numbers.
fn among(value: Value, ty: &Type) -> Value {
    match (ty, value) {
        (Type::Quantity(Dimension::Span), Value::Fraction(part)) => Value::Span(TrainSpan::Part(part.0)),
        (Type::Float, value) => super::arith::as_float(value),
        (Type::Union(of), value @ Value::Int(_)) if of.contains(&Type::Float) => super::arith::as_float(value),
        (Type::Optional(of), value) => among(value, of),
        (Type::Range(of), Value::Range(ends)) => Value::Range(Box::new((among(ends.0, of), among(ends.1, of)))),
        (Type::List(of), Value::List(items)) => Value::List(items.iter().map(|item| among(item.clone(), of)).collect()),
        (Type::Record(types), Value::Record(fields)) => {
            let field =
                |(name, value): (&String, &Value)| (name.clone(), types.get(name).map_or(value.clone(), |ty| among(value.clone(), ty)));
            Value::Record(fields.iter().map(field).collect::<IndexMap<_, _>>().into())
        }
        (_, value) => value, // it is as it was
    }
}

/// The type that things of two types have in common.
pub(super) fn join(a: &Type, b: &Type) -> Option<Type> {
    Some(match (a, b) {
        (a, b) if a == b => a.clone(),
        (Type::Unknown, other) | (other, Type::Unknown) => other.clone(),
        (Type::Int, Type::Float) | (Type::Float, Type::Int) => Type::Float,
        (Type::Dataset(x), Type::Dataset(y)) => {
            Type::Dataset(x.iter().filter(|(name, ty)| y.get(*name) == Some(*ty)).map(|(n, t)| (n.clone(), t.clone())).collect())
        }
        (Type::Optional(x), Type::Optional(y)) => join(x, y)?.optional(),
        (Type::Optional(x), other) | (other, Type::Optional(x)) => join(x, other)?.optional(),
        (Type::Range(x), Type::Range(y)) => Type::Range(Box::new(join(x, y)?)),
        (Type::List(x), Type::List(y)) => join(x, y)?.list(),
        // records in one list: a sweep over several names
        (Type::Record(x), Type::Record(y)) if x.len() == y.len() => {
            let mut fields = IndexMap::new();
            for (name, ty) in x.iter() {
                fields.insert(name.clone(), join(ty, y.get(name)?)?);
            }
            Type::Record(fields.into())
        }
        (Type::Float | Type::Int, Type::Curve) | (Type::Curve, Type::Float | Type::Int) => Type::Union(vec![Type::Float, Type::Curve]),
        (a, b) if a == b => a.clone(),
        _ => return None, // any other two types have nothing in common
    })
}
