//! What a name is worth: bindings are evaluated when they are first needed, once at each point of the axes that they depend on.

use super::axes::Point;
use super::meter::near;
use super::modules::{BindingId, Kind, ModuleId};
use super::{Compiler, Env, Evaluated, Val};
use crate::diag::{Code, Diagnostic, Spot, meant};
use crate::lang::types::Type;
use crate::lang::value::{NodeId, Value};
use crate::source::Span;
use crate::syntax::tree::{ExprKind, Fixed, FixedWord, ItemKind, Word};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Chains of names longer than this are refused: each step needs room on the stack.
const DEEPEST: usize = 500;

/// Messages among which one is looked for that says the same.
const MOST_RECENT: usize = 100;

impl Compiler<'_> {
    /// The value of a name in an expression.
    pub(super) fn name(&mut self, name: &str, span: Span, env: &Env) -> Val {
        self.meter.spend(env.locals.len() as u64 / 32, 0);
        if let Some((_, local)) = env.locals.iter().rev().find(|(local, _)| local == name) {
            return Val { span, ..local.clone() };
        }
        let Some(&place) = self.modules[env.module.0].names.get(name) else {
            return self.unknown_name(name, span, env);
        };
        let val = self.binding(BindingId { module: env.module, place }, span, &env.point);
        Val { span, ..val }
    }

    /// The text at a place.
    fn names_at(&self, at: Span) -> &str {
        self.sources.get(at.file).and_then(|source| source.text.get(at.start as usize..at.end as usize)).unwrap_or_default()
    }

    fn unknown_name(&mut self, name: &str, span: Span, env: &Env) -> Val {
        // of a name that one declaration says again and again the first place is enough
        let is_said =
            |it: &Diagnostic| it.code == Code::UnknownName && it.span().is_some_and(|at| at.file == span.file && self.names_at(at) == name);
        if self.diagnostics.iter().rev().take(MOST_RECENT).any(is_said) {
            return Val::poison(span);
        }
        if crate::ops::declared(name).is_some_and(|decl| !decl.hidden) {
            return self.wrong(
                Diagnostic::error(Code::UnknownName, format!("`{name}` is an operator, and needs its arguments"))
                    .at(span, "not called")
                    .help(format!("write {name}(…)")),
                span,
            );
        }
        let near = {
            let module = &self.modules[env.module.0];
            let known = module.names.keys().map(String::as_str).chain(env.locals.iter().map(|(local, _)| local.as_str()));
            let attribute =
                env.row.as_ref().filter(|sample| super::expr::attribute_type(name, sample).is_some_and(|ty| ty != Type::Unknown));
            attribute
                .map(|_| format!("an attribute of a sample is written with a dot: `.{name}`"))
                .or_else(|| meant(Spot::Name, name).map(str::to_owned))
                .or_else(|| near(&mut self.meter, name, known).map(|near| format!("did you mean `{near}`?")))
        };
        let near = near
            .or_else(|| self.near(name, crate::ops::registry().keys().copied()).map(|near| format!("there is an operator `{near}(…)`")))
            .or_else(|| env.row.as_ref().map(|_| format!("a text stands in quotes: {name:?}")));
        self.wrong(Diagnostic::error(Code::UnknownName, format!("nothing is called `{name}`")).at(span, "unknown").maybe_help(near), span)
    }

    /// The value of a binding at a point.
    pub(super) fn binding(&mut self, id: BindingId, used_at: Span, point: &Point) -> Val {
        let axes = self.axes_of(id);
        let own = part_of(point, &axes);
        let kind = self.modules[id.module.0].bindings[id.place].kind.clone();
        if let Kind::Axis(item, at) = kind {
            let axis = self.axis_id(id.module, item);
            return match point.get(&axis) {
                Some(&index) => {
                    self.axis_values(axis).get(index).and_then(|row| row.get(at)).cloned().unwrap_or_else(|| Val::poison(used_at))
                }
                None => Val::new(Type::Unknown, Value::Hole(self.modules[id.module.0].bindings[id.place].name.clone()), used_at),
            };
        }
        let memo = (id, own.clone());
        if let Some(known) = self.memo.get(&memo) {
            return known.val.clone();
        }
        if let Some(at) = self.stack.iter().position(|busy| *busy == id) {
            return self.cycle(at, id, used_at);
        }
        if self.stack.len() >= DEEPEST {
            return self.too_deep(
                Diagnostic::error(Code::LongChain, format!("this name stands on a chain of more than {DEEPEST} others"))
                    .at(used_at, "too deep"),
                used_at,
            );
        }
        let (val, said) = self.by_itself(|it| {
            let val = it.counted(id, |it| {
                let val = it.evaluate(id, &kind, &own, used_at);
                it.name_nodes(id, &kind, &val, &own);
                it.meter.spend(1, 256);
                val
            });
            it.found_at(&own, 0);
            val
        });
        self.memo.insert(memo, Evaluated { val: val.clone(), said });
        val
    }

    /// Puts what was said since there were `before` messages down to the arm in which it was found.
    pub(super) fn found_at(&mut self, point: &Point, before: usize) {
        if point.is_empty() || self.diagnostics.len() <= before {
            return;
        }
        let arm = self.arm(point);
        self.diagnostics.in_arm(before, &crate::plan::in_arm("", &arm));
    }

    /// A step of the evaluation of a declaration: what it costs is put down to that.
    pub(super) fn counted<T>(&mut self, id: BindingId, step: impl FnOnce(&mut Self) -> T) -> T {
        self.meter.settle(self.stack.last().copied());
        self.stack.push(id);
        let done = step(self);
        self.meter.settle(Some(id));
        self.stack.pop();
        done
    }

    fn cycle(&mut self, at: usize, id: BindingId, used_at: Span) -> Val {
        let mut chain: Vec<String> =
            self.stack[at..].iter().map(|busy| self.modules[busy.module.0].bindings[busy.place].name.clone()).collect();
        let name = self.modules[id.module.0].bindings[id.place].name.clone();
        chain.push(name.clone());
        let declared = self.modules[id.module.0].bindings[id.place].span;
        let help = (chain.len() == 2).then(|| self.before_stage(id, &name)).flatten();
        self.wrong(
            Diagnostic::error(Code::Cycle, format!("`{name}` needs itself: {}", chain.join(" → ")))
                .at(used_at, "needed here")
                .also(declared, "declared here")
                .maybe_help(help),
            used_at,
        )
    }

    /// What to write in a stage for the stage itself: what it starts from.
    fn before_stage(&self, id: BindingId, name: &str) -> Option<String> {
        let Kind::Fixed(item, FixedWord::Stage, _) = self.modules[id.module.0].bindings[id.place].kind else { return None };
        let ItemKind::Fixed(fixed) = &self.modules[id.module.0].tree.items[item].kind else { return None };
        let ExprKind::Call(call) = &fixed.value.kind else { return None };
        let ExprKind::Name(from) = &call.args.first()?.value.kind else { return None };
        (from != name).then(|| format!("a stage speaks of what it starts from: write `{from}` for `{name}` here"))
    }

    fn evaluate(&mut self, id: BindingId, kind: &Kind, point: &Point, used_at: Span) -> Val {
        let tree = Arc::clone(&self.modules[id.module.0].tree);
        let span = self.modules[id.module.0].bindings[id.place].span;
        let mut env = Env::top(id.module, point.clone());
        match kind {
            Kind::Param(item) => match &tree.items[*item].kind {
                ItemKind::Param(param) => self.param(id.module, param, point),
                _ => Val::poison(span),
            },
            Kind::Fixed(item, word, field) => match &tree.items[*item].kind {
                ItemKind::Fixed(fixed) => self.fixed(fixed, (*item, *word), field.as_deref().map(|name| (name, span)), &mut env),
                _ => Val::poison(span),
            },
            Kind::Export(item) | Kind::Expect(item) => match &tree.items[*item].kind {
                ItemKind::Export(sink) | ItemKind::Expect(sink) => self.expr(&sink.value, &mut env),
                _ => Val::poison(span),
            },
            Kind::Imported(other) => self.binding(*other, span, point),
            Kind::Def(_) => {
                let name = self.modules[id.module.0].bindings[id.place].name.clone();
                self.wrong(
                    Diagnostic::error(Code::UnknownName, format!("`{name}` is a def, and needs its arguments"))
                        .at(used_at, "a def")
                        .help(format!("write {name}(…)")),
                    used_at,
                )
            }
            Kind::Module(_) => {
                let name = self.modules[id.module.0].bindings[id.place].name.clone();
                self.wrong(
                    Diagnostic::error(Code::UnknownName, format!("`{name}` is a recipe that is used, not a value"))
                        .at(used_at, "a recipe")
                        .help(format!("name something of it: {name}.…")),
                    used_at,
                )
            }
            Kind::Axis(..) | Kind::Operator | Kind::Junk => Val::poison(span),
        }
    }

    fn fixed(&mut self, fixed: &Fixed, (item, word): (usize, FixedWord), field: Option<(&str, Span)>, env: &mut Env) -> Val {
        let before = self.diagnostics.len();
        let val = match field {
            None => self.expr(&fixed.value, env),
            Some((name, span)) => {
                // one value for all names of a pattern
                let place = (env.module, item, env.point.clone());
                let known = self.wholes.get(&place).cloned();
                let whole = known.unwrap_or_else(|| self.expr(&fixed.value, env));
                self.wholes.insert(place, whole.clone());
                self.field(whole, &Word { text: name.to_owned(), span })
            }
        };
        let val = match &fixed.annotation {
            Some(annotation) => {
                let ty = self.type_of(annotation, env.module);
                self.coerce(val, &ty, env.module, "this declaration")
            }
            None => val,
        };
        let Some(wanted) = type_of_word(word) else { return val };
        let said = self.diagnostics.len();
        let val = self.expect_word(val, &wanted, word);
        if self.diagnostics.len() > said {
            // what it lacks is of another kind of declaration
            let found = self.diagnostics.split_off(before);
            let lacks = |it: &Diagnostic| it.code == Code::MissingArgument && it.span() == super::operate::callee_of(&fixed.value);
            self.diagnostics.extend(found.into_iter().filter(|it| !lacks(it)));
        }
        val
    }

    fn expect_word(&mut self, val: Val, wanted: &Type, word: FixedWord) -> Val {
        let fits = match (wanted, &val.ty) {
            (_, Type::Unknown) | (Type::Dataset(_), Type::Dataset(_)) => true,
            (Type::Augment, Type::List(of)) => **of == Type::Augment || **of == Type::Unknown,
            // a stage of several networks
            (Type::Model, Type::Record(models)) => {
                // of none it is said that there are none
                matches!(word, FixedWord::Stage) && (val.is_poison() || !models.is_empty()) && models.values().all(|it| *it == Type::Model)
            }
            (wanted, found) => wanted == found,
        };
        if fits {
            return val;
        }
        let parts = |ty: &Type| match ty {
            Type::Named(of) => **of == *wanted || matches!((&**of, wanted), (Type::Dataset(_), Type::Dataset(_))),
            Type::Record(of) => of.values().any(|of| of == wanted || matches!((of, wanted), (Type::Dataset(_), Type::Dataset(_)))),
            _ => false, // it has none
        };
        let first = if let Type::Record(of) = &val.ty { of.keys().next().map_or("part", String::as_str) } else { "part" };
        let of_parts = parts(&val.ty).then(|| format!("take a part of it, as `.{first}`, or name all of them by `let`"));
        let suggestion = of_parts
            .or_else(|| {
                word_for(&val.ty).map(|better| format!("this is {}: write `{}` instead of `{}`", val.ty, better.text(), word.text()))
            })
            .unwrap_or_else(|| "a value of any type is named by `let`".to_owned());
        let span = val.span;
        self.wrong(
            Diagnostic::error(Code::Mismatch, format!("`{}` names {wanted}, and this is {}", word.text(), val.ty))
                .at(span, val.ty.to_string())
                .help(suggestion),
            span,
        )
    }

    /// Tells the graph what a binding's nodes are called.
    /// Says of a draw that another declaration says the same: both are one.
    fn one_draw(&mut self, id: BindingId, draw: NodeId) {
        let first = *self.draws_named.entry(draw).or_insert(id);
        // a name for a name is meant as one
        if first == id || first.module != id.module || !self.declares_call(id) || !self.declares_call(first) {
            return;
        }
        let [first, again] = [first, id].map(|id| &self.modules[id.module.0].bindings[id.place]);
        let said = Diagnostic::warning(Code::SameDraw, format!("`{}` and `{}` are one draw: they say the same", first.name, again.name))
            .at(again.span, "the same again")
            .also(first.span, "first declared here")
            .help("terms that name either see the same images; say another `seed` in one of them where two draws are meant");
        self.diagnostics.push(said);
    }

    /// Whether a declaration makes its value by a call of its own.
    fn declares_call(&self, id: BindingId) -> bool {
        let module = &self.modules[id.module.0];
        let Kind::Fixed(item, ..) = module.bindings[id.place].kind else { return false };
        matches!(&module.tree.items[item].kind, ItemKind::Fixed(fixed) if !matches!(fixed.value.kind, ExprKind::Name(_)))
    }

    fn name_nodes(&mut self, id: BindingId, kind: &Kind, val: &Val, point: &Point) {
        let pattern = matches!(kind, Kind::Fixed(_, _, Some(_)));
        if !(matches!(kind, Kind::Fixed(..) | Kind::Export(_) | Kind::Expect(_)) && (!pattern || matches!(val.value, Value::Node(_)))) {
            return;
        }
        let module: ModuleId = id.module;
        let name = format!("{}{}", self.modules[module.0].prefix, self.modules[module.0].bindings[id.place].name);
        let arm = self.arm(point);
        if let (Kind::Fixed(_, FixedWord::Stage, None), Value::Record(models)) = (kind, &val.value)
            && let Some(Value::Node(model)) = models.values().next()
        {
            self.graph.name(self.stage_of(*model), &name, &arm);
        }
        if let (Kind::Fixed(_, FixedWord::Batches, None), Value::Node(draw)) = (kind, &val.value) {
            self.one_draw(id, *draw);
        }
        let mut todo = vec![(name, &val.value)];
        while let Some((name, value)) = todo.pop() {
            match value {
                Value::Node(node) => self.graph.name(*node, &name, &arm),
                Value::Record(fields) => todo.extend(fields.iter().map(|(field, value)| (format!("{name}.{field}"), value))),
                _ => {} // only nodes have names in the plan
            }
        }
    }
}

/// A point on those of its axes that something depends on.
pub(super) fn part_of(point: &Point, axes: &BTreeSet<BindingId>) -> Point {
    if axes.len() < point.len() {
        return axes.iter().filter_map(|axis| Some((*axis, *point.get(axis)?))).collect();
    }
    point.iter().filter(|(axis, _)| axes.contains(axis)).map(|(axis, index)| (*axis, *index)).collect()
}

/// The type that a declaration's word states; none for `let`.
pub(super) fn type_of_word(word: FixedWord) -> Option<Type> {
    Some(match word {
        FixedWord::Let => return None,
        FixedWord::Dataset => Type::dataset(),
        FixedWord::Augment => Type::Augment,
        FixedWord::Batches => Type::Batches,
        FixedWord::Backbone | FixedWord::Stage => Type::Model,
        FixedWord::Head => Type::Head,
        FixedWord::Objective => Type::Objective,
        FixedWord::Eval => Type::Eval,
        FixedWord::Report => Type::Report,
    })
}

fn word_for(ty: &Type) -> Option<FixedWord> {
    FixedWord::ALL.iter().copied().find(|word| match (type_of_word(*word), ty) {
        (Some(Type::Dataset(_)), Type::Dataset(_)) => true,
        (Some(of_word), ty) => of_word == *ty,
        (None, _) => false,
    })
}
