//! `def`s: named compositions, evaluated at each call; each is also checked once by itself.

use super::modules::{BindingId, Kind};
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::source::Span;
use crate::syntax::tree::{Arg, Def, Formal, ItemKind};
use indexmap::IndexMap;
use std::sync::Arc;

/// `def`s inside each other: a longer chain can only be a recursion.
const DEEPEST: usize = 64;

impl Compiler<'_> {
    pub(super) fn call_def(&mut self, id: BindingId, args: &[Arg], piped: Option<Val>, span: Span, env: &mut Env) -> Val {
        let tree = Arc::clone(&self.modules[id.module.0].tree);
        let Kind::Def(item) = self.modules[id.module.0].bindings[id.place].kind else { return Val::poison(span) };
        let ItemKind::Def(def) = &tree.items[item].kind else { return Val::poison(span) };
        if env.depth >= DEEPEST || self.stack.iter().filter(|busy| **busy == id).count() > 0 {
            return self.wrong(
                Diagnostic::error(Code::Recursion, format!("`{}` calls itself", def.name.text))
                    .at(span, "the call that closes the circle")
                    .also(def.name.span, "declared here")
                    .help("a recipe always ends compiling, so a def may not need itself"),
                span,
            );
        }
        self.called.insert(id);
        let Some(given) = self.bind_formals(def, args, piped, span, env) else { return self.def_result(def, id, span) };
        let mut inner = Env::top(id.module, env.point.clone());
        inner.depth = env.depth + 1;
        for formal in &def.formals {
            // a path is relative to the file that says it: the caller's, or the def's own
            let (val, said_in) = match (given.get(&formal.name.text), &formal.default) {
                (Some(val), _) => (val.clone(), env.module),
                (None, Some(default)) => (self.expr(default, &mut inner), id.module),
                (None, None) => (Val::poison(span), id.module),
            };
            let ty = self.type_of(&formal.ty, id.module);
            let val = self.coerce(val, &ty, said_in, &format!("`{}` of `{}`", formal.name.text, def.name.text));
            let val = self.formal_limits(val, formal, &mut inner);
            inner.locals.push((formal.name.text.clone(), val));
        }
        let made_before = self.graph.len();
        self.stack.push(id);
        let result = self.body(def, &mut inner);
        self.stack.pop();
        // what is wrong with a node is said where the recipe calls for it
        self.graph.place(made_before, tree.items[item].span, span);
        Val { span, ..result }
    }

    fn body(&mut self, def: &Def, env: &mut Env) -> Val {
        for inner in &def.lets {
            let val = self.expr(&inner.value, env);
            let val = match &inner.annotation {
                Some(annotation) => {
                    let ty = self.type_of(annotation, env.module);
                    self.coerce(val, &ty, env.module, "this `let`")
                }
                None => val,
            };
            match &inner.target {
                crate::syntax::tree::Target::Name(name) => env.locals.push((name.text.clone(), val)),
                crate::syntax::tree::Target::Pattern(names, _) => {
                    for name in names {
                        let field = self.field(val.clone(), name);
                        env.locals.push((name.text.clone(), field));
                    }
                }
            }
        }
        let result = self.expr(&def.returned, env);
        let ty = self.type_of(&def.result, env.module);
        self.coerce(result, &ty, env.module, &format!("the result of `{}`", def.name.text))
    }

    fn def_result(&mut self, def: &Def, id: BindingId, span: Span) -> Val {
        let ty = self.type_of(&def.result, id.module);
        Val::new(ty, Value::Poison, span)
    }

    fn bind_formals(&mut self, def: &Def, args: &[Arg], piped: Option<Val>, span: Span, env: &mut Env) -> Option<IndexMap<String, Val>> {
        let name = &def.name.text;
        let mut given: IndexMap<String, Val> = IndexMap::new();
        let mut position = 0;
        let mut fine = true;
        match (piped, def.formals.first()) {
            (Some(val), Some(first)) => {
                given.insert(first.name.text.clone(), val);
                position = 1;
            }
            (Some(val), None) => {
                self.diagnostics.push(
                    Diagnostic::error(Code::TooManyArguments, format!("`{name}` takes no arguments"))
                        .at(val.span, "piped into it")
                        .also(def.name.span, "declared here"),
                );
                fine = false;
            }
            (None, _) => {}
        }
        for arg in args {
            let val = self.expr(&arg.value, env);
            let formal = match &arg.label {
                Some(label) => def.formals.iter().find(|formal| formal.name.text == label.text),
                None => {
                    position += 1;
                    def.formals.get(position - 1)
                }
            };
            let Some(formal) = formal else {
                let diagnostic = match &arg.label {
                    Some(label) => {
                        let formals = def.formals.iter().map(|formal| formal.name.text.as_str());
                        let near = did_you_mean(&label.text, formals.clone())
                            .map_or_else(|| format!("its parameters are {}", one_of(formals)), |near| format!("did you mean `{near}`?"));
                        Diagnostic::error(Code::UnknownArgument, format!("`{name}` has no parameter `{}`", label.text))
                            .at(label.span, "unknown")
                            .help(near)
                    }
                    None => Diagnostic::error(Code::TooManyArguments, format!("`{name}` takes at most {} arguments", def.formals.len()))
                        .at(arg.span, "one too many"),
                };
                self.diagnostics.push(diagnostic.also(def.name.span, "declared here"));
                fine = false;
                continue;
            };
            // of two arguments by one name the parser has said so
            let by_name_twice = args.iter().filter(|it| it.label.as_ref().is_some_and(|label| label.text == formal.name.text)).count() > 1;
            if given.insert(formal.name.text.clone(), val).is_some() && !by_name_twice {
                self.diagnostics.push(
                    Diagnostic::error(Code::RepeatedArgument, format!("the parameter `{}` of `{name}` is given twice", formal.name.text))
                        .at(arg.span, "again"),
                );
                fine = false;
            }
        }
        let missing: Vec<&str> = def
            .formals
            .iter()
            .filter(|formal| formal.default.is_none() && !given.contains_key(&formal.name.text))
            .map(|formal| formal.name.text.as_str())
            .collect();
        if !missing.is_empty() {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::MissingArgument,
                    format!("`{name}` needs {}", one_of(missing.iter().copied()).replace(" or ", " and ")),
                )
                .at(span, "incomplete")
                .also(def.name.span, "declared here"),
            );
            fine = false;
        }
        Some(given).filter(|_| fine)
    }

    fn formal_limits(&mut self, val: Val, formal: &Formal, env: &mut Env) -> Val {
        let Some(range) = &formal.range else { return val };
        let range = self.expr(range, env);
        self.in_range(val, &range, &formal.name.text)
    }

    /// Checks a `def` that nothing calls, with formals of which only the types are known.
    pub(super) fn check_def(&mut self, id: BindingId) {
        let tree = Arc::clone(&self.modules[id.module.0].tree);
        let Kind::Def(item) = self.modules[id.module.0].bindings[id.place].kind else { return };
        let ItemKind::Def(def) = &tree.items[item].kind else { return };
        let mut env = Env::top(id.module, super::axes::Point::new());
        for formal in &def.formals {
            let ty = self.type_of(&formal.ty, id.module);
            // what is known only by its kind (a data set's attributes, a network's parts) is not checked here
            let value = if matches!(ty, Type::Dataset(_) | Type::Model | Type::Eval) {
                Value::Poison
            } else {
                Value::Hole(formal.name.text.clone())
            };
            env.locals.push((formal.name.text.clone(), Val::new(ty, value, formal.span)));
        }
        self.stack.push(id);
        self.body(def, &mut env);
        self.stack.pop();
    }
}
