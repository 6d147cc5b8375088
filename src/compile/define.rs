//! `def`s: named compositions, evaluated at each call; each is also checked once by itself.

use super::axes::Point;
use super::bind::{Callee, Slot};
use super::modules::{BindingId, Kind};
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic, Label};
use crate::lang::types::Type;
use crate::lang::value::{Mark, Value};
use crate::source::Span;
use crate::syntax::tree::{Arg, Def, Formal, ItemKind};
use indexmap::IndexMap;
use std::sync::Arc;

/// `def`s inside each other: each step needs room on the stack.
const DEEPEST: usize = 64;

/// A call of a `def`, by all that its result depends on: what it is given, and where it stands on the axes that it reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Call {
    def: BindingId,
    point: Point,
    given: Mark,
}

impl Compiler<'_> {
    pub(super) fn call_def(&mut self, id: BindingId, args: &[Arg], piped: Option<Val>, span: Span, env: &mut Env) -> Val {
        let tree = Arc::clone(&self.modules[id.module.0].tree);
        let Kind::Def(item) = self.modules[id.module.0].bindings[id.place].kind else { return Val::poison(span) };
        let ItemKind::Def(def) = &tree.items[item].kind else { return Val::poison(span) };
        if self.stack.contains(&id) {
            return self.wrong(
                Diagnostic::error(Code::Recursion, format!("`{}` calls itself", def.name.text))
                    .at(span, "the call that closes the circle")
                    .also(def.name.span, "declared here")
                    .help("a recipe always ends compiling, so a def may not need itself"),
                span,
            );
        }
        if env.depth >= DEEPEST {
            return self.too_deep(
                Diagnostic::error(Code::LongChain, format!("this call stands in a chain of more than {DEEPEST} defs"))
                    .at(span, "too deep")
                    .also(def.name.span, "declared here"),
                span,
            );
        }
        self.called.insert(id);
        let Some(given) = self.bind_formals(def, id, args, piped, span, env) else { return self.def_result(def, id, span) };
        let said_before = self.diagnostics.len();
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
        let point = super::names::part_of(&env.point, &self.axes_of(id));
        let given = Mark::of(inner.locals.iter().map(|(_, val)| &val.value));
        let call = Call { def: id, point, given };
        let types = || inner.locals.iter().map(|(_, val)| val.ty.clone()).collect::<Vec<_>>();
        if let Some((of, known)) = self.calls.get(&call)
            && *of == types()
        {
            return Val { span, ..known.clone() };
        }
        let types = types();
        let made_before = self.graph.len();
        let result = self.counted(id, |it| {
            it.meter.spend(1, 256);
            it.body(def, &mut inner)
        });
        // what is wrong with a node is said where the recipe calls for it
        self.graph.place(made_before, tree.items[item].span, span);
        self.called_from(said_before, tree.items[item].span, span, &def.name.text);
        self.calls.insert(call, (types, result.clone()));
        Val { span, ..result }
    }

    /// Of what was said since there were `before` messages, what is inside of a `def` gets the place that calls it too; what is inside of
    /// the standard library, where its author can't change it, is said at the call. What several calls do wrong alike is said once.
    fn called_from(&mut self, before: usize, def: Span, call: Span, name: &str) {
        for mut diagnostic in self.diagnostics.split_off(before) {
            let label = format!("in this call of `{name}`");
            let is_first = diagnostic.labels.first().is_some_and(|label| def.holds(label.span));
            let is_called = |label: &Label| label.text.starts_with("in this call of `") && def.holds(label.span);
            let is_outer = diagnostic.labels.last().is_some_and(is_called) || diagnostic.labels.first().is_some_and(is_called);
            if is_first && !is_outer {
                let place = diagnostic.span().unwrap_or_default();
                if !self.said_in_defs.insert((diagnostic.code, place, diagnostic.message.clone())) {
                    continue;
                }
            }
            if is_first || is_outer {
                if self.is_standard(def) && !self.is_standard(call) {
                    diagnostic.labels.iter_mut().for_each(|label| label.primary = false);
                    diagnostic = diagnostic.at(call, label);
                } else {
                    diagnostic = diagnostic.also(call, label);
                }
            }
            self.diagnostics.push(diagnostic);
        }
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

    fn bind_formals(
        &mut self,
        def: &Def,
        id: BindingId,
        args: &[Arg],
        piped: Option<Val>,
        span: Span,
        env: &mut Env,
    ) -> Option<IndexMap<String, Val>> {
        let types: Vec<Type> = def.formals.iter().map(|formal| self.type_of(&formal.ty, id.module)).collect();
        let mut slots = Vec::new();
        for (formal, ty) in def.formals.iter().zip(&types) {
            slots.push(Slot { name: &formal.name.text, ty, required: formal.default.is_none(), doc: "" });
        }
        let callee = Callee { name: &def.name.text, slots, incomplete: span, declared: Some(def.name.span) };
        let vals: Vec<Val> = args.iter().map(|arg| self.expr(&arg.value, env)).collect();
        let placed = self.place(&callee, args, piped.as_ref(), env);
        let mut given: Vec<Option<Val>> = placed.taken.iter().map(|at| at.map(|at| vals[at].clone())).collect();
        if let (Some(first), Some(piped)) = (given.first_mut(), piped) {
            *first = Some(piped);
        }
        let given = def.formals.iter().zip(given).filter_map(|(formal, val)| Some((formal.name.text.clone(), val?))).collect();
        Some(given).filter(|_| placed.fine)
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
        self.counted(id, |it| it.body(def, &mut env));
    }
}

/// Whether two arguments have this name.
pub(super) fn by_name_twice(args: &[Arg], name: &str) -> bool {
    args.iter().filter(|it| it.label.as_ref().is_some_and(|label| label.text == name)).nth(1).is_some()
}
