//! Types as they are written: `span`, `[path]`, `one of ["kl", "js"]`, `T?`.

use super::modules::ModuleId;
use super::{Compiler, Env};
use crate::diag::{Code, Diagnostic, Spot, did_you_mean, meant, one_of};
use crate::lang::types::{Dimension, Type};
use crate::lang::value::Value;
use crate::syntax::tree::{TypeExpr, TypeKind};

/// The names of types.
const NAMES: &[(&str, fn() -> Type)] = &[
    ("angle", || Type::Quantity(Dimension::Angle)),
    ("augment", || Type::Augment),
    ("backbone", || Type::Model),
    ("batches", || Type::Batches),
    ("bool", || Type::Bool),
    ("branch", || Type::Branch),
    ("buckets", || Type::Buckets),
    ("bytes", || Type::Quantity(Dimension::Bytes)),
    ("checks", || Type::Quantity(Dimension::Checks)),
    ("claim", || Type::Claim),
    ("count", || Type::Int),
    ("critic", || Type::Critic),
    ("curve", || Type::Union(vec![Type::Float, Type::Curve])),
    ("dataset", Type::dataset),
    ("embed", || Type::Embed),
    ("eval", || Type::Eval),
    ("float", || Type::Float),
    ("fraction", || Type::Quantity(Dimension::Fraction)),
    ("head", || Type::Head),
    ("images", || Type::Quantity(Dimension::Images)),
    ("int", || Type::Int),
    ("keep", || Type::Keep),
    ("measurement", || Type::Measurement),
    ("metric", || Type::Metric),
    ("model", || Type::Model),
    ("objective", || Type::Objective),
    ("observer", || Type::Observer),
    ("optimizer", || Type::Optimizer),
    ("output", || Type::Output),
    ("part", || Type::Part),
    ("path", || Type::Path),
    ("pixels", || Type::Quantity(Dimension::Pixels)),
    ("play", || Type::Play),
    ("pooling", || Type::Pooling),
    ("published", || Type::Published),
    ("reduce", || Type::Reduce),
    ("report", || Type::Report),
    ("sampler", || Type::Sampler),
    ("saying", || Type::Saying),
    ("span", || Type::Quantity(Dimension::Span)),
    ("stop", || Type::Stop),
    ("text", || Type::Text),
    ("threshold", || Type::Threshold),
    ("watch", || Type::Watch),
    ("weights", || Type::Weights),
];

impl Compiler<'_> {
    /// The type that is written.
    pub(super) fn type_of(&mut self, written: &TypeExpr, module: ModuleId) -> Type {
        match &written.kind {
            TypeKind::Name(name) => {
                if let Some((_, ty)) = NAMES.iter().find(|(known, _)| known == name) {
                    return ty();
                }
                let near = || did_you_mean(name, NAMES.iter().map(|(known, _)| *known)).map(|near| format!("did you mean `{near}`?"));
                let near = meant(Spot::Type, name)
                    .map(str::to_owned)
                    .or_else(near)
                    .unwrap_or_else(|| format!("the types are {}", one_of(NAMES.iter().map(|(known, _)| *known))));
                self.diagnostics.push(
                    Diagnostic::error(Code::UnknownType, format!("there is no type `{name}`")).at(written.span, "unknown").help(near),
                );
                Type::Unknown
            }
            TypeKind::List(of) => self.type_of(of, module).list(),
            TypeKind::Optional(of) => self.type_of(of, module).optional(),
            TypeKind::Record(fields) => {
                Type::Record(fields.iter().map(|(name, ty)| (name.text.clone(), self.type_of(ty, module))).collect())
            }
            TypeKind::Union(options) => Type::Union(options.iter().map(|option| self.type_of(option, module)).collect()),
            TypeKind::OneOf(words) => {
                let mut env = Env::top(module, super::axes::Point::new());
                let mut choices = Vec::new();
                for word in words {
                    let val = self.expr(word, &mut env);
                    match val.value {
                        Value::Text(text) => choices.push(text.to_string()),
                        Value::Poison => {}
                        _ => self
                            .diagnostics
                            .push(Diagnostic::error(Code::Mismatch, "the choices of `one of` are texts").at(val.span, val.ty.to_string())),
                    }
                }
                Type::Choice(choices.into())
            }
        }
    }
}
