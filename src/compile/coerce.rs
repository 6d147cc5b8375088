//! Values into types: what fits a parameter, and what is said of what does not.

use super::modules::ModuleId;
use super::{Compiler, Val};
use crate::diag::{Code, Diagnostic, did_you_mean, meant_choice};
use crate::lang::decl::Operator as _;
use crate::lang::types::{Dimension, Type};
use crate::lang::value::OpValue;
use crate::lang::value::{PathValue, Value};
use crate::ops::augments::Chain;
use crate::quantity::Span as TrainSpan;
use std::path::PathBuf;

impl Compiler<'_> {
    /// The value as one of type `wanted`, for `what` ("the parameter `margin` of arcface").
    pub(super) fn coerce(&mut self, val: Val, wanted: &Type, module: ModuleId, what: &str) -> Val {
        if val.is_poison() {
            return val;
        }
        let span = val.span;
        self.read([&val.value]);
        match self.fit(&val, wanted, module) {
            Ok(value) => Val::new(refine(&val.ty, wanted), value, span),
            Err(Misfit::Said) => Val::poison(span),
            Err(Misfit::No) => {
                let mut diagnostic = Self::misfit(&val, wanted, what);
                if diagnostic.help.is_none() {
                    diagnostic.help = self.mended(&val, wanted, module, what);
                }
                self.wrong(diagnostic, span)
            }
        }
    }

    /// Whether a value fits a type as it is.
    pub(super) fn fits(&mut self, val: &Val, wanted: &Type, module: ModuleId) -> bool {
        let before = self.diagnostics.len();
        let fits = self.fit(val, wanted, module).is_ok();
        self.diagnostics.split_off(before); // it was only asked
        fits
    }

    fn fit(&mut self, val: &Val, wanted: &Type, module: ModuleId) -> Result<Value, Misfit> {
        use Type::{Choice, Dataset, Float, Int, List, Named, Optional, Path, Quantity, Range, Record, Row, Text, Union, Unknown};
        let again = |ty: &Type, value: &Value| Val::new(ty.clone(), value.clone(), val.span);
        self.meter.spend(1, 0);
        if self.meter.is_over() {
            return Err(Misfit::Said); // or will be, as soon as the declaration ends
        }
        match (wanted, &val.ty) {
            (Unknown, _) => Ok(val.value.clone()),
            // a rate is one number, however it is written: 5% is 0.05
            (Union(options), Quantity(Dimension::Fraction)) if options.contains(&Float) && options.contains(&val.ty) => {
                Ok(match val.value {
                    Value::Fraction(part) => Value::Float(part.0),
                    _ => val.value.clone(), // a hole
                })
            }
            (Union(options), _) => {
                for option in options {
                    match self.fit(val, option, module) {
                        Err(Misfit::No) => {}
                        other => return other,
                    }
                }
                Err(Misfit::No)
            }
            (Optional(of), Optional(given)) => match &val.value {
                Value::None => Ok(Value::None),
                value => self.fit(&again(given, value), of, module),
            },
            (Optional(of), _) => self.fit(val, of, module),
            (_, Optional(given)) if !matches!(val.value, Value::None) => self.fit(&again(given, &val.value), wanted, module),
            (_, Unknown) if matches!(val.value, Value::Hole(_)) => Ok(val.value.clone()),
            (Path, Text) => self.literal_path(val, module),
            (Choice(words), Text) => match &val.value {
                Value::Text(word) if words.iter().any(|known| **known == **word) => Ok(val.value.clone()),
                Value::Hole(_) => Ok(val.value.clone()),
                _ => Err(Misfit::No),
            },
            (Choice(words), Choice(given)) if given.iter().all(|word| words.contains(word)) => Ok(val.value.clone()),
            (Text | Type::Net, Choice(_)) | (Type::Net, Text) => Ok(val.value.clone()),
            (Float, Int | Float) => Ok(super::arith::as_float(val.value.clone())),
            (Quantity(Dimension::Span), Quantity(Dimension::Fraction)) => match &val.value {
                Value::Fraction(part) => Ok(Value::Span(TrainSpan::Part(part.0))),
                other => Ok(other.clone()),
            },
            (Range(of), Range(given)) => match &val.value {
                Value::Range(ends) => {
                    let from = self.fit(&again(end_of(given, &ends.0), &ends.0), of, module)?;
                    let to = self.fit(&again(end_of(given, &ends.1), &ends.1), of, module)?;
                    Ok(Value::Range(Box::new((from, to))))
                }
                other => Ok(other.clone()),
            },
            // one value where a range is wanted: both ends
            (Range(of), _) => {
                let end = self.fit(val, of, module)?;
                Ok(if matches!(end, Value::Hole(_)) { end } else { Value::Range(Box::new((end.clone(), end))) })
            }
            (List(of), List(given)) => match &val.value {
                Value::List(items) => {
                    items.iter().map(|item| self.fit(&again(given, item), of, module)).collect::<Result<_, _>>().map(Value::List)
                }
                other => Ok(other.clone()),
            },
            // named protocols where several are wanted
            (List(of), Record(types)) if **of == Type::Eval && types.values().all(|ty| *ty == Type::Eval || *ty == Unknown) => {
                Ok(if let Value::Record(fields) = &val.value { Value::List(fields.values().cloned().collect()) } else { val.value.clone() })
            }
            (Type::Augment, List(given)) if matches!(**given, Type::Augment | Unknown) => match &val.value {
                Value::List(items) => Ok(chain(items.to_vec())),
                other => Ok(other.clone()),
            },
            (Named(of), Record(types)) => match &val.value {
                Value::Record(fields) => fields
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.fit(&again(types.get(name).unwrap_or(&Unknown), value), of, module)?)))
                    .collect::<Result<_, _>>()
                    .map(Value::Record),
                other => Ok(other.clone()),
            },
            (Record(wanted), Record(types)) if wanted.keys().all(|name| types.contains_key(name)) && wanted.len() == types.len() => {
                let Value::Record(fields) = &val.value else { return Ok(val.value.clone()) };
                let mut out = indexmap::IndexMap::new();
                for (name, value) in fields {
                    out.insert(name.clone(), self.fit(&again(&types[name], value), &wanted[name], module)?);
                }
                Ok(Value::Record(out.into()))
            }
            // where an attribute is wanted, what is computed of some is none
            (Row(of), Row(_)) if **of == Unknown && !matches!(&val.value, Value::Row(row) if row.is_attribute()) && !val.is_hole() => {
                Err(Misfit::No)
            }
            (Row(of), Row(given)) if **of == Unknown || given == of || **given == Unknown => Ok(val.value.clone()),
            (Dataset(_), Dataset(_)) => Ok(val.value.clone()),
            (wanted, given) if wanted == given => Ok(val.value.clone()),
            (_, Unknown) => Ok(val.value.clone()),
            _ => Err(Misfit::No), // nothing else converts
        }
    }

    fn literal_path(&mut self, val: &Val, module: ModuleId) -> Result<Value, Misfit> {
        let Value::Text(text) = &val.value else { return Ok(val.value.clone()) };
        if let Some(place) = self.given.get_mut(&val.span.file) {
            return Ok(Value::Path(place.path(text).into()));
        }
        if self.options.typed {
            let path = PathValue { shown: text.to_string(), real: Some(PathBuf::from(text.to_string())), within: None, digest: None };
            return Ok(Value::Path(path.into()));
        }
        let real = self.inside(module, text, val.span).ok_or(Misfit::Said)?;
        let within = self.modules[module.0].dir.clone();
        self.meter.spend(0, 3 * text.len() as u64 + 512); // what is shown, where it lies, and where it must stay
        Ok(Value::Path(PathValue { shown: self.shown_from_root(module, text), real: Some(real), within, digest: None }.into()))
    }

    /// A literal path as the recipe itself would say it: two files that say `images` mean two folders.
    fn shown_from_root(&self, module: ModuleId, text: &str) -> String {
        let root = self.modules.first().and_then(|root| root.dir.as_deref());
        let below = self.modules[module.0].dir.as_deref().zip(root).and_then(|(dir, root)| dir.strip_prefix(root).ok());
        let folders = below.into_iter().flat_map(|below| below.iter()).map(|folder| folder.to_string_lossy());
        folders.chain([text.into()]).collect::<Vec<_>>().join("/")
    }

    fn misfit(val: &Val, wanted: &Type, what: &str) -> Diagnostic {
        let found = match &val.ty {
            Type::Int | Type::Float if !val.is_hole() => format!("the number {}", val.value),
            Type::Text if !val.is_hole() => format!("the text {}", val.value),
            ty => ty.to_string(),
        };
        if let Some(dimension) = quantity_in(wanted) {
            let (words, units) = dimension.in_words();
            let bare = |ty: &Type| matches!(ty, Type::Int | Type::Float);
            if let (Type::Curve | Type::CurveOf(_), Some(wanted_curve)) = (&val.ty, Type::Quantity(dimension).curved()) {
                let curve = format!("{what} is {wanted}, and this is {}", val.ty);
                let help = if wanted_curve == val.ty {
                    "what takes a curve says so: `ddl doc` shows it".to_owned()
                } else {
                    format!("its numbers have a unit ({units}), as {}", super::row::example(dimension, &Value::Float(8.0)))
                };
                return Diagnostic::error(Code::UnitMismatch, curve).at(val.span, val.ty.to_string()).help(help);
            }
            match &val.ty {
                Type::Range(of) if bare(of) => {
                    let help = match &val.value {
                        Value::Range(ends) => {
                            let end = |end| super::row::example(dimension, end);
                            format!("add its unit ({units}) to both ends, for example {}..{}", end(&ends.0), end(&ends.1))
                        }
                        _ => format!("add its unit ({units}) to both ends"),
                    };
                    return Diagnostic::error(Code::UnitMissing, format!("{what} is {wanted}, and bare numbers have no unit"))
                        .at(val.span, "no unit")
                        .help(help);
                }
                ty if bare(ty) => {
                    return Diagnostic::error(Code::UnitMissing, format!("{what} is {words}, and a bare number has no unit"))
                        .at(val.span, "no unit")
                        .help(format!("add its unit ({units}), for example {}", super::row::example(dimension, &val.value)));
                }
                Type::Quantity(other) => {
                    return Diagnostic::error(Code::UnitMismatch, format!("{what} is {words}, and this is {}", other.in_words().0))
                        .at(val.span, format!("{} does not convert to {units}", other.in_words().1))
                        .help(format!("its unit is {units}"));
                }
                _ => {} // not even a number: the general message says what is wanted
            }
        }
        let choices = if let Type::Choice(words) = wanted { Some(words) } else { None };
        if let (Some(words), Value::Text(word)) = (choices, &val.value) {
            let words = || words.iter().map(String::as_str);
            let meant = meant_choice(word, words()).map(|meant| format!("write {meant:?}"));
            let near = meant.or_else(|| did_you_mean(word, words()).map(|near| format!("did you mean {near:?}?")));
            return Diagnostic::error(Code::UnknownChoice, format!("{what} is {wanted}")).at(val.span, "none of these").maybe_help(near);
        }
        let inner = if let Type::Optional(of) = wanted { of } else { wanted };
        let help = match (inner, &val.ty) {
            (Type::Path, _) => Some("a path is a text in quotes, or a parameter of type path".to_owned()),
            (Type::Union(_), Type::Float) if takes_a_share(inner) && val.value.magnitude().is_some_and(|x| (0.0..=1.0).contains(&x)) => {
                Some(format!("a share is written in percent: {}", super::row::example(Dimension::Fraction, &val.value)))
            }
            (Type::List(of), Type::List(given)) if matches!(**given, Type::Int | Type::Float) && quantity_in(of).is_some() => {
                let (_, units) = quantity_in(of).unwrap_or(Dimension::Span).in_words();
                Some(format!("add its unit ({units}) to each"))
            }
            (Type::Int, Type::Float) => Some("write it without a fraction".to_owned()),
            (Type::Output, Type::Text) => Some(format!("write tap({})", val.value)),
            (_, Type::Text) => operator_in_quotes(&val.value, inner),
            (Type::List(of), Type::List(given)) if **of == Type::Eval && **given == Type::Metric => {
                Some("name the protocols alone, without a metric".to_owned())
            }
            (Type::Union(sides), Type::Model) if sides.contains(&Type::Branch) => {
                Some("a side of distillation is samples, which the network that is trained sees: the easy ones teach; a network teaches by kd, rkd, sp or feature".to_owned())
            }
            (Type::Model, Type::Eval) => Some("a model comes before its evaluation".to_owned()),
            _ => None, // the types say it all
        };
        Diagnostic::error(Code::Mismatch, format!("{what} is {wanted}, and this is {found}"))
            .at(val.span, val.ty.to_string())
            .maybe_help(help)
    }
}

/// Whether a share fits beside a number.
fn takes_a_share(wanted: &Type) -> bool {
    matches!(wanted, Type::Union(options) if options.contains(&Type::Quantity(Dimension::Fraction)))
}

/// What to write for `"sgd"` where an optimizer is wanted.
fn operator_in_quotes(text: &Value, wanted: &Type) -> Option<String> {
    let Value::Text(word) = text else { return None };
    let nothing = crate::lang::decl::Call { types: &indexmap::IndexMap::new(), args: &crate::lang::value::Args::new() };
    let fitting: Vec<&'static crate::lang::decl::Decl> =
        crate::ops::registry().values().copied().filter(|decl| !decl.hidden && (decl.result)(&nothing) == *wanted).collect();
    let itself = fitting.iter().find(|decl| decl.name == &**word).map(|it| it.name);
    let name = itself.or_else(|| did_you_mean(word, fitting.iter().map(|decl| decl.name)));
    let decl = fitting.iter().find(|decl| Some(decl.name) == name)?;
    let needed: Vec<String> =
        decl.params.iter().filter(|param| param.default.is_none()).map(|param| format!("{} = …", param.name)).collect();
    Some(format!("write it as an operator, without quotes: {}({})", decl.name, needed.join(", ")))
}

enum Misfit {
    /// It does not fit.
    No,
    /// It does not, and that was said.
    Said,
}

/// Augments in a row.
pub(super) fn chain(augments: Vec<Value>) -> Value {
    if augments.len() == 1 {
        return augments.into_iter().next().unwrap_or(Value::Poison);
    }
    let args = [("augments", Value::List(augments.into()))].into_iter().collect();
    OpValue::new(Chain::decl(), args).into()
}

/// The type of an end of a range, of which one end may be a curve.
fn end_of<'t>(given: &'t Type, end: &Value) -> &'t Type {
    match given {
        Type::Union(options) => options.iter().find(|ty| ty.is_curve() == matches!(end, Value::Op(_))).unwrap_or(given),
        _ => given,
    }
}

/// The more telling of a given and a wanted type.
fn refine(given: &Type, wanted: &Type) -> Type {
    match (given, wanted) {
        (Type::Dataset(_), _) => given.clone(),
        (Type::List(of), Type::List(_)) if matches!(**of, Type::Dataset(_)) => given.clone(),
        (_, Type::Unknown | Type::Union(_)) => given.clone(),
        (_, wanted) => wanted.clone(),
    }
}

/// The dimension that a type wants, also inside of ranges and options.
fn quantity_in(ty: &Type) -> Option<Dimension> {
    match ty {
        Type::Quantity(dimension) => Some(*dimension),
        Type::Range(of) | Type::Optional(of) => quantity_in(of),
        Type::Union(options) => match options.as_slice() {
            [only] => quantity_in(only),
            [value @ Type::Quantity(_), curve] if curve.is_curve() => quantity_in(value),
            _ => None,
        },
        _ => None, // no number
    }
}
