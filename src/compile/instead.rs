//! What to write in place of a value that does not fit: another form of it, a part of it, or an operator that takes it.

use super::call::{Bound, Given};
use super::expr::attribute_type;
use super::modules::{Kind, ModuleId};
use super::names::type_of_word;
use super::{Compiler, Env, Sample, Val};
use crate::diag::{Code, Diagnostic};
use crate::lang::decl::{Decl, ParamDecl};
use crate::lang::types::{Dimension, Type};
use crate::lang::value::Value;
use crate::ops::registry;
use crate::quantity::Span as TrainSpan;
use crate::source::Span;
use crate::syntax::tree::Arg;

impl Compiler<'_> {
    /// How a value is mended that does not fit `wanted`, in one sentence.
    pub(super) fn mended(&mut self, val: &Val, wanted: &Type, module: ModuleId, what: &str) -> Option<String> {
        if val.value.is_open() {
            return None;
        }
        self.arms_instead(val, wanted, module, what).or_else(|| {
            let code = self.instead(val, wanted, module)?;
            Some(match (core(wanted), &val.ty) {
                (Type::List(_), given) if !matches!(given, Type::List(_)) && code.starts_with('[') => format!("put it in brackets: {code}"),
                (_, Type::Record(_)) if !code.starts_with('{') => format!("name one of its parts: {code}"),
                (Type::Text, _) => format!("a name that a table shows is a text in quotes: {code}"),
                (Type::Row(_), _) => format!("an attribute of a sample is written with a dot: {code}"),
                (Type::List(of), _) if **of == Type::Part => format!("a part is named after its network: {code}"),
                _ => format!("write {code}"),
            })
        })
    }

    /// Code that fits where `val` does not.
    pub(super) fn instead(&mut self, val: &Val, wanted: &Type, module: ModuleId) -> Option<String> {
        let of = |ty: &Type, value: &Value| Val::new(ty.clone(), value.clone(), val.span);
        match (wanted, &val.ty, &val.value) {
            (Type::Optional(inner), _, _) => self.instead(val, inner, module),
            (Type::Union(options), _, _) => options.iter().find_map(|option| self.instead(val, option, module)),
            (Type::Quantity(Dimension::Fraction), Type::Int | Type::Float, number) => {
                Some(super::row::example(Dimension::Fraction, number))
            }
            (Type::Float, _, Value::Fraction(part)) => Some(part.0.to_string()),
            (Type::Int | Type::Float, _, counted) => bare(counted),
            (Type::Named(wanted), Type::Record(types), Value::Record(fields)) => {
                let field = |(name, value): (&String, &Value)| {
                    let code = self.as_is_or_instead(&of(types.get(name)?, value), wanted, module)?;
                    Some(format!("{} = {code}", key(name)))
                };
                let fields: Option<Vec<String>> = fields.iter().map(field).collect();
                Some(format!("{{{}}}", fields?.join(", ")))
            }
            (Type::Named(wanted), Type::List(ty), Value::List(items)) if !items.is_empty() && items.len() <= PARTS.len() => {
                let items: Option<Vec<String>> = items
                    .iter()
                    .zip(PARTS)
                    .map(|(item, name)| Some(format!("{name} = {}", self.as_is_or_instead(&of(ty, item), wanted, module)?)))
                    .collect();
                Some(format!("{{{}}}", items?.join(", ")))
            }
            (Type::List(wanted), Type::List(ty), Value::List(items)) => {
                let items: Option<Vec<String>> = items.iter().map(|item| self.as_is_or_instead(&of(ty, item), wanted, module)).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            (Type::List(wanted), _, _) if self.fits(val, wanted, module) => Some(format!("[{}]", self.said_at(val.span))),
            (Type::List(wanted), _, _) => Some(format!("[{}]", self.instead(val, wanted, module)?)),
            (Type::Row(_), _, Value::Text(word)) if is_word(word) => Some(format!(".{word}")),
            (Type::Part, _, Value::Text(word)) if is_word(word) => Some(format!("net.{word}")),
            (Type::Text, Type::Model | Type::Dataset(_) | Type::Eval | Type::Published, _) => {
                let name = self.said_at(val.span);
                is_word(&name).then(|| format!("{name:?}"))
            }
            (Type::Metric, Type::Eval, Value::Node(eval)) => {
                let metrics = self.metrics_of(*eval);
                metrics.first().map(|metric| format!("{}.{metric}", self.said_at(val.span)))
            }
            (_, Type::Record(types), _) if !matches!(wanted, Type::Record(_)) => {
                let known: Vec<(String, Type)> = types.iter().map(|(name, ty)| (name.clone(), ty.clone())).collect();
                let part = known
                    .into_iter()
                    .find(|(_, ty)| self.fits(&Val::new(ty.clone(), Value::Hole(String::new()), val.span), wanted, module))?;
                Some(format!("{}.{}", self.said_at(val.span), part.0)).filter(|code| !code.starts_with(['…', '{']))
            }
            (wanted, given, _) => self.by_operator(val, wanted, given),
        }
    }

    fn as_is_or_instead(&mut self, val: &Val, wanted: &Type, module: ModuleId) -> Option<String> {
        let plain = !matches!(val.value, Value::Node(_) | Value::Op(_) | Value::Record(_));
        if self.fits(val, wanted, module) { plain.then(|| val.value.written()) } else { self.instead(val, wanted, module) }
    }

    /// Of the one operator that makes what is wanted of such a value: its call.
    fn by_operator(&self, val: &Val, wanted: &Type, given: &Type) -> Option<String> {
        if is_plain(given) || is_plain(wanted) {
            return None;
        }
        let mut found = None;
        for decl in registry().values().filter(|decl| !decl.hidden && decl.yields() == *wanted) {
            let needed: Vec<&ParamDecl> = decl.params.iter().filter(|param| param.default.is_none()).collect();
            let Some(taken) = needed.iter().position(|param| takes(&param.ty, given)) else { continue };
            if found.is_some() {
                return None;
            }
            let args: Vec<String> = needed
                .iter()
                .enumerate()
                .map(|(at, param)| {
                    let by_place = decl.params.get(at).is_some_and(|first| first.name == param.name);
                    let value = match &param.ty {
                        Type::List(_) if at == taken => format!("[{}]", self.said_at(val.span)),
                        _ if at == taken => self.said_at(val.span),
                        Type::Quantity(Dimension::Span) => "1 epoch".to_owned(),
                        _ => param.name.to_owned(),
                    };
                    if by_place && param.ty != Type::Quantity(Dimension::Span) || at == 0 {
                        value
                    } else {
                        format!("{} = {value}", param.name)
                    }
                })
                .collect();
            found = Some(format!("{}({})", decl.name, args.join(", ")));
        }
        found
    }

    /// Of several values where one is wanted: the axis that runs over them.
    fn arms_instead(&mut self, val: &Val, wanted: &Type, module: ModuleId, what: &str) -> Option<String> {
        let name = what.strip_prefix('`')?.split('`').next()?;
        let (ty, first) = match (&val.ty, &val.value) {
            (Type::List(of), Value::List(items)) => (of, items.first()?.clone()),
            (Type::Range(of), Value::Range(ends)) => (of, ends.0.clone()),
            _ => return None, // one value
        };
        let scalar = matches!(
            core(wanted),
            Type::Int | Type::Float | Type::Quantity(_) | Type::Text | Type::Choice(_) | Type::Union(_) | Type::Head | Type::Model
        );
        if !scalar || !self.fits(&Val::new((**ty).clone(), first, val.span), wanted, module) {
            return None;
        }
        let word = if name == "seed" { "replicate" } else { "sweep" };
        let said = self.said_at(val.span);
        Some(format!(
            "several values are the arms of an experiment: `{word} {name} in {said}` on a line of its own, and `{name} = {name}` here"
        ))
    }

    /// What to write for a field of something that has none: an attribute belongs to a sample, and a data set's parts are made by `split`.
    pub(super) fn parts_instead(&self, base: &Val, name: &str, sample: Option<&Sample>) -> Option<String> {
        let Type::Dataset(attributes) = &base.ty else { return None };
        let is_attribute = |sample: &Sample| attribute_type(name, sample).is_some_and(|ty| ty != Type::Unknown);
        let said = self.said_at(base.span);
        Some(if sample.is_some_and(is_attribute) {
            format!("an attribute of a sample is written with a dot alone: `.{name}`")
        } else if is_attribute(&Sample::Of(attributes.clone())) {
            format!("`{name}` is an attribute of its samples, read where they are filtered or split: {said} |> where(.{name} == …)")
        } else {
            format!("parts are made first: let parts = {said} |> split({{{name} = 80%}}), then parts.{name}")
        })
    }

    /// What to write for a call of something that is declared and takes no arguments.
    pub(super) fn not_called(&self, name: &str, args: &[Arg], env: &Env) -> Option<(Type, String)> {
        let local = env.locals.iter().rev().find(|(local, _)| local == name).map(|(_, val)| val.ty.clone());
        let declared = || {
            let module = &self.modules[env.module.0];
            let place = *module.names.get(name)?;
            match module.bindings[place].kind {
                Kind::Fixed(_, word, None) => Some(type_of_word(word).unwrap_or(Type::Unknown)),
                Kind::Fixed(..) | Kind::Param(_) | Kind::Axis(..) => Some(Type::Unknown),
                _ => None, // no value
            }
        };
        let ty = local.or_else(declared)?;
        let first = args.first().map_or_else(|| "data".to_owned(), |arg| self.said_at(arg.value.span));
        let help = match &ty {
            Type::Head => format!("images are classified by a head: classify({first}, {name})"),
            Type::Model => "a network is an argument: train(net, …) trains it, compare([net], …) judges it"
                .replace("net,", &format!("{name},"))
                .replace("[net]", &format!("[{name}]")),
            Type::Dataset(_) => format!("a data set is given to an operator by `|>`: {name} |> where(…)"),
            Type::Augment => format!("images are changed by {first} |> apply({name})"),
            Type::Eval => format!("a model is judged where its numbers are shown: compare([{first}], columns = [{name}.eer])"),
            Type::Batches => format!("batches are what a term sees: classify({name}, …)"),
            Type::Objective => format!("an objective is the second argument of `train`: train(net, {name}, …)"),
            _ => format!("it is a value and takes no arguments: write `{name}`"),
        };
        Some((ty, help))
    }

    /// Says of a value that is piped into an operator which does not take it how both go together; whether it was said.
    pub(super) fn does_not_flow(&mut self, decl: &Decl, val: &Val, call: Span, module: ModuleId) -> bool {
        let Some(first) = decl.params.first().filter(|first| !val.is_poison() && !self.fits(val, &first.ty, module)) else { return false };
        let result = decl.yields();
        let both = registry().values().find(|outer| {
            let second = outer.params.get(1).map(|param| core(&param.ty) == &result);
            !outer.hidden && second == Some(true) && outer.params.first().is_some_and(|param| takes(&param.ty, &val.ty))
        });
        let (piped, said) = (self.said_at(val.span), self.said_at(call));
        let bare = said.strip_prefix(&piped).map_or(&*said, |rest| rest.trim_start().trim_start_matches("|>").trim_start());
        let help = both.map(|outer| {
            let named = if matches!(result, Type::Sampler) { "by = " } else { "" };
            format!("write {piped} |> {}({named}{bare})", outer.name)
        });
        let said = Diagnostic::error(Code::Mismatch, format!("`{}` takes {}, and this is {}", decl.name, first.ty, val.ty))
            .at(call, format!("`{}` gives {result}", decl.name))
            .also(val.span, val.ty.to_string())
            .maybe_help(help);
        self.diagnostics.push(said);
        true
    }

    /// Where two arguments of a call fit each other's parameters and not their own, that is said in place of what was said of each since
    /// there were `before` messages.
    pub(super) fn exchanged(&mut self, decl: &Decl, bound: &Bound, args: &[Arg], before: usize, env: &mut Env) {
        let said = self.diagnostics.split_off(before);
        let about = |given: &Given| said.iter().any(|it| it.span() == Some(given.span()));
        let doubtful: Vec<usize> = (0..bound.len()).filter(|at| matches!(bound.get_index(*at), Some((_, Given::Expr(_))))).collect();
        if !bound.values().any(about) || doubtful.len() < 2 {
            self.diagnostics.extend(said);
            return;
        }
        let mut misfits: Vec<(&ParamDecl, &Given, Val)> = Vec::new();
        for (name, given) in doubtful.iter().filter_map(|at| bound.get_index(*at)) {
            let (Some(param), Given::Expr(expr)) = (decl.param(name), given) else { continue };
            if super::operate::holds_attribute(expr)
                || matches!(expr.kind, crate::syntax::tree::ExprKind::Record(_))
                || param.ty.names_nets()
            {
                continue;
            }
            let row = env.row.take();
            let val = self.expr(expr, env);
            env.row = row;
            if !val.is_poison() && !self.fits(&val, &param.ty, env.module) {
                misfits.push((param, given, val));
            }
        }
        self.diagnostics.split_off(before); // what was said of their insides is among `said`
        for (at, (a, given, val)) in misfits.iter().enumerate() {
            for (b, other, other_val) in &misfits[at + 1..] {
                if !self.fits(val, &b.ty, env.module) || !self.fits(other_val, &a.ty, env.module) {
                    continue;
                }
                let (here, there) = (given.span(), other.span());
                let moved: Vec<usize> = (0..args.len()).filter(|at| [here, there].contains(&args[*at].value.span)).collect();
                let swapped = |_: usize, arg: &Arg| {
                    let value = if arg.value.span == here { Some(there) } else { (arg.value.span == there).then_some(here) };
                    (false, value)
                };
                let code = self.call_shown(decl.name, args, &moved, swapped);
                let (first, second) =
                    if here.start < there.start { ((a, here, &b.name), (there, &a.name)) } else { ((b, there, &a.name), (here, &b.name)) };
                let other_way = Diagnostic::error(
                    Code::Mismatch,
                    format!("`{}` and `{}` of `{}` are given the other way round", a.name, b.name, decl.name),
                )
                .at(first.1, format!("this is `{}`", first.2))
                .also(second.0, format!("this is `{}`", second.1))
                .help(format!("write `{code}`"));
                self.diagnostics.extend(said.into_iter().filter(|it| it.span().is_none_or(|span| span != here && span != there)));
                self.diagnostics.push(other_way);
                return;
            }
        }
        self.diagnostics.extend(said);
    }
}

/// Names for parts that have none.
const PARTS: [&str; 4] = ["train", "test", "third", "fourth"];

/// A type without what may be left out.
fn core(ty: &Type) -> &Type {
    if let Type::Optional(of) = ty { core(of) } else { ty }
}

/// Whether a parameter of this type takes a value of that one, alone or in a list.
fn takes(wanted: &Type, given: &Type) -> bool {
    match (wanted, given) {
        (Type::Optional(of) | Type::List(of), _) => takes(of, given),
        (Type::Union(options), _) => options.iter().any(|option| takes(option, given)),
        (Type::Dataset(_), Type::Dataset(_)) => true,
        (wanted, given) => wanted == given,
    }
}

/// Whether values of the type are written down, and not made by operators.
fn is_plain(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Bool
            | Type::Int
            | Type::Float
            | Type::Text
            | Type::Path
            | Type::Category
            | Type::Quantity(_)
            | Type::Choice(_)
            | Type::Range(_)
            | Type::List(_)
            | Type::Record(_)
            | Type::Named(_)
            | Type::Row(_)
            | Type::Schema
            | Type::Unknown
    )
}

/// The number of something that is counted.
fn bare(value: &Value) -> Option<String> {
    match value {
        Value::Images(n) => Some(n.0.to_string()),
        Value::Checks(n) => Some(n.0.to_string()),
        Value::Pixels(n) => Some(n.0.to_string()),
        Value::Span(TrainSpan::Steps(n)) => Some(n.to_string()),
        _ => None, // nothing that is counted
    }
}

/// Whether a text could be a name.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A field's name as a record writes it.
fn key(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { format!("{name:?}") }
}
