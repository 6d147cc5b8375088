//! Parameters: what a user may override.

#![allow(clippy::cast_possible_truncation, reason = "counts that the budget of the compiler bounds")]

use super::axes::Point;
use super::modules::{Kind, ModuleId};
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::compare::Apart;
use crate::lang::types::Type;
use crate::lang::value::{PathValue, Value};
use crate::ops::stages::Train;
use crate::plan::Plan;
use crate::quantity::Span as TrainSpan;
use crate::source::{Source, Span};
use crate::syntax::tree::{ItemKind, Param};
use std::path::PathBuf;

/// A parameter's value as a user gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The value, as a recipe would write it; paths and texts may stand without quotes.
    pub text: String,
    /// Where it was given, for messages: `--set length`.
    pub origin: String,
    /// The folder that a relative path is relative to; the working directory when empty.
    pub base: PathBuf,
}

/// Where a value was given: what the paths in it are relative to, however deep they stand in lists and records.
#[derive(Debug)]
pub(super) struct Place {
    /// The parameter.
    name: String,
    base: PathBuf,
    /// The paths that were met, each once: a plan calls them by their places here, since it holds no path of this machine.
    met: Vec<String>,
}

impl Place {
    /// A path inside of the value.
    pub(super) fn path(&mut self, text: &str) -> PathValue {
        let at = self.met.iter().position(|met| met == text).unwrap_or_else(|| {
            self.met.push(text.to_owned());
            self.met.len() - 1
        });
        PathValue { shown: format!("${}[{at}]", self.name), real: Some(self.base.join(text)), within: None, digest: None }
    }
}

/// A span that is given in another unit than what it must lie in: only a stage knows how many steps an epoch has.
#[derive(Debug, Clone)]
pub(super) struct OpenRange {
    name: String,
    low: TrainSpan,
    high: TrainSpan,
    value: TrainSpan,
    at: Span,
}

impl OpenRange {
    /// What is wrong with it in a plan: something, where it is outside in every stage that is so long.
    pub(super) fn misfit(&self, plan: &Plan) -> Option<Diagnostic> {
        let length = self.value.to_string();
        let stages = plan.all::<Train>().filter(|(_, stage)| stage.r#for == self.value).map(|(id, _)| plan.node(id));
        // how many steps an epoch has may be known to the run alone
        let counted = stages.filter(|stage| stage.facts.until.is_empty());
        let known = counted.filter_map(|stage| Some((stage, stage.facts.steps_per_epoch?, stage.facts.steps?)));
        let mut outside = None;
        for (stage, per_epoch, total) in known {
            let steps = |span: TrainSpan| span.steps(per_epoch, total);
            if (steps(self.low)..=steps(self.high)).contains(&steps(self.value)) {
                return None;
            }
            outside = outside.or(Some((stage, per_epoch, steps(self.value))));
        }
        let (stage, per_epoch, steps) = outside?;
        let found = format!("{length}: {steps} steps of `{}`, whose epoch has {per_epoch}", stage.name);
        Some(Diagnostic::error(Code::OutOfRange, format!("`{}` is in {}..{}", self.name, self.low, self.high)).at(self.at, found))
    }
}

impl Compiler<'_> {
    /// Says which given parameters the recipe does not have.
    pub(super) fn read_params(&mut self, root: ModuleId) {
        let known: Vec<String> =
            self.modules[root.0].bindings.iter().filter(|it| matches!(it.kind, Kind::Param(_))).map(|it| it.name.clone()).collect();
        let options = self.options;
        for (name, given) in &options.params {
            if known.contains(name) {
                continue;
            }
            let near = match did_you_mean(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "it has no parameters".to_owned(),
                None => format!("its parameters are {}", one_of(known.iter().map(String::as_str))),
            };
            self.diagnostics.push(
                Diagnostic::error(Code::UnknownParam, format!("the recipe has no parameter `{name}` (given by {})", given.origin))
                    .help(near),
            );
        }
    }

    /// The value of a parameter: what is given, else its default, else nothing yet. What a recipe says with `with` may depend on axes.
    pub(super) fn param(&mut self, module: ModuleId, param: &Param, point: &Point) -> Val {
        let ty = self.type_of(&param.ty, module);
        let name = param.name.text.clone();
        let is_root = self.modules[module.0].is_root();
        let what = format!("the parameter `{name}`");
        let options = self.options;
        let given = if is_root { options.params.get(&name) } else { None };
        let with = self.modules[module.0].with.get(&name).cloned();
        let val = if let Some(given) = given {
            self.given(&name, given, &ty, module)
        } else if let Some((outer, expr)) = with {
            let val = self.expr(&expr, &mut Env::top(outer, point.clone()));
            self.coerce(val, &ty, outer, &what)
        } else if let Some(default) = &param.default {
            if self.depends_on_axis(module, default, &what) {
                return Val::new(ty, Value::Poison, default.span);
            }
            let val = self.expr(default, &mut Env::top(module, Point::new()));
            self.coerce(val, &ty, module, &what)
        } else if matches!(ty, Type::Optional(_)) {
            Val::new(ty.clone(), Value::None, param.name.span)
        } else {
            if is_root {
                self.open_params.push(name.clone());
            }
            Val::new(ty.clone(), Value::Hole(name.clone()), param.name.span)
        };
        let val = match &param.range {
            Some(range) if self.depends_on_axis(module, range, &format!("the range of {what}")) => {
                Val::new(ty.clone(), Value::Poison, range.span)
            }
            Some(range) => {
                let range = self.expr(range, &mut Env::top(module, Point::new()));
                self.in_range(val, &range, &name)
            }
            None => val,
        };
        if is_root && !val.is_hole() {
            let shown = if matches!(val.value, Value::Path(_)) { "(path)".to_owned() } else { val.value.written() };
            self.params.insert(name, shown);
        }
        // an optional parameter keeps its type, so that `??` and `if` know of the none
        Val { ty: if matches!(ty, Type::Optional(_)) { ty } else { val.ty.clone() }, ..val }
    }

    /// A value that a user gives as a text.
    fn given(&mut self, name: &str, given: &Given, ty: &Type, module: ModuleId) -> Val {
        let inner = if let Type::Optional(of) = ty { of } else { ty };
        let file = self.sources.add(given.origin.clone(), given.text.clone());
        let span = Span::new(file, 0, given.text.len() as u32);
        let quoted = given.text.trim_start().starts_with('"');
        match inner {
            _ if given.text.trim() == "none" && matches!(ty, Type::Optional(_)) => return Val::new(ty.clone(), Value::None, span),
            Type::Path => {
                let text = if quoted { given.text.trim().trim_matches('"').to_owned() } else { given.text.clone() };
                let path = PathValue { shown: format!("${name}"), real: Some(given.base.join(text)), within: None, digest: None };
                return Val::new(Type::Path, Value::Path(path.into()), span);
            }
            Type::Text | Type::Choice(_) if !quoted => {
                let val = Val::new(Type::Text, Value::text(given.text.as_str()), span);
                return self.coerce(val, ty, module, &format!("the parameter `{name}`"));
            }
            _ => {} // everything else is written as in a recipe
        }
        self.given.insert(file, Place { name: name.to_owned(), base: given.base.clone(), met: Vec::new() });
        let prefix = "ddl 1\nlet it = ";
        let source = Source::new(file, given.origin.clone(), format!("{prefix}{}\n", given.text));
        let parsed = crate::syntax::parse(&source);
        let value = parsed
            .file
            .items
            .iter()
            .find_map(|item| if let ItemKind::Fixed(fixed) = &item.kind { Some(fixed.value.clone()) } else { None });
        match value {
            Some(expr) if parsed.errors.is_empty() && parsed.file.items.len() == 1 => {
                let val = self.expr(&expr, &mut Env::top(module, Point::new()));
                // places inside the given text are not worth more than the whole of it
                self.coerce(Val { span, ..val }, ty, module, &format!("the parameter `{name}`"))
            }
            _ => {
                let wrong = Diagnostic::error(Code::BadParam, format!("`{}` is no value for the parameter `{name}`", given.text))
                    .at(span, "can't be read")
                    .help(format!("it is {ty}, written as in a recipe"));
                self.wrong(wrong, span)
            }
        }
    }

    fn open_range(&mut self, name: &str, value: &Value, ends: &(Value, Value), at: Span) {
        let length = |value: &Value| match value {
            Value::Span(length) => Some(*length),
            Value::Fraction(part) => Some(TrainSpan::Part(part.0)),
            _ => None, // no span
        };
        if let (Some(value), Some(low), Some(high)) = (length(value), length(&ends.0), length(&ends.1)) {
            self.open_ranges.push(OpenRange { name: name.to_owned(), low, high, value, at });
        }
    }

    /// Checks that a value lies in what stands after `in`.
    pub(super) fn in_range(&mut self, val: Val, range: &Val, name: &str) -> Val {
        let span = val.span;
        let whole = matches!((&range.value, &val.value), (Value::List(items), value) if value.is_among(items) == Ok(true));
        if let (Value::List(items), false) = (&val.value, whole) {
            // a list has what is said of each of its elements
            let of = if let Type::List(of) = &val.ty { (**of).clone() } else { Type::Unknown };
            for item in &**items {
                if self.in_range(Val::new(of.clone(), item.clone(), span), range, name).is_poison() {
                    return Val::poison(span);
                }
            }
            return val;
        }
        let outside = match (&range.value, &val.value) {
            (_, Value::Hole(_) | Value::Poison | Value::None) | (Value::Poison | Value::Hole(_), _) => false,
            // a span in another unit is checked in the plan
            (Value::Range(ends), value) => match value.is_within(&ends.0, &ends.1) {
                Ok(inside) => !inside,
                Err(Apart::Kinds) => true,
                Err(Apart::Spans) => {
                    self.open_range(name, value, ends, span);
                    false
                }
            },
            (Value::List(items), value) => match value.is_among(items) {
                Ok(among) => !among,
                Err(why) => why == Apart::Kinds,
            },
            _ => {
                let no_range =
                    Diagnostic::error(Code::Mismatch, "what stands after `in` is a range or a list").at(range.span, range.ty.to_string());
                return self.wrong(no_range, span);
            }
        };
        if !outside {
            return val;
        }
        self.wrong(
            Diagnostic::error(Code::OutOfRange, format!("`{name}` is in {}", range.value)).at(span, format!("{} is outside", val.value)),
            span,
        )
    }
}
