//! Named axes: which ones an expression depends on, and the points that they span.

use super::expr::count_of;
use super::modules::{BindingId, Kind, ModuleId};
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic};
use crate::lang::decl::Operator as _;
use crate::lang::types::Type;
use crate::lang::value::{Arm, Mark, Value};
use crate::ops::outputs::{Compare, Score};
use crate::ops::stages::{Average, Select};
use crate::source::Span;
use crate::syntax::tree::{Arg, Axis, AxisWord, Call, Def, Expr, ExprKind, ItemKind};
use indexmap::IndexSet;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// A place on some axes: for each axis (its first name's binding) the index of its value.
pub(crate) type Point = litemap::LiteMap<BindingId, usize>;

/// The most arms that something stands in.
const MOST_POINTS: u128 = 100_000;

/// The longest axis.
const LONGEST_AXIS: usize = 100_000;

/// What an operator does to the axes that its arguments depend on, where it does not map over them as all others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reduction {
    /// It takes all away.
    All,
    /// It takes replicates away.
    Replicates,
    /// It takes those away that its argument `over` names.
    Over,
}

impl Reduction {
    /// That of an operator.
    pub(super) fn of(op: &str) -> Option<Self> {
        match op {
            Compare::NAME => Some(Reduction::All),
            Score::NAME => Some(Reduction::Replicates),
            Select::NAME | Average::NAME => Some(Reduction::Over),
            _ => None, // maps over them
        }
    }
}

impl Compiler<'_> {
    /// The axes that a binding depends on. However long the chain of names that it needs, the look at it goes no deeper: what a look at one
    /// binding needs to know of others is looked at first, and then it again.
    pub(super) fn axes_of(&mut self, id: BindingId) -> Rc<BTreeSet<BindingId>> {
        if let Some(known) = self.axes_memo.get(&id) {
            return Rc::clone(known);
        }
        if let Some(awaited) = &mut self.axes_awaited {
            awaited.push(id);
            return Rc::default();
        }
        let mut todo = vec![(id, false)];
        while let Some(last) = todo.last_mut() {
            let id = last.0;
            if !std::mem::replace(&mut last.1, true) {
                if self.axes_memo.contains_key(&id) {
                    todo.pop(); // another needed it too
                    continue;
                }
                // an entry while we look ends cycles, which evaluation reports
                self.axes_memo.insert(id, Rc::default());
            }
            self.axes_awaited = Some(Vec::new());
            let found = self.axes_said_by(id);
            let awaited = self.axes_awaited.take().unwrap_or_default();
            if awaited.is_empty() {
                self.axes_memo.insert(id, Rc::new(found));
                todo.pop();
            }
            todo.extend(awaited.into_iter().rev().map(|id| (id, false)));
        }
        self.axes_memo.get(&id).map(Rc::clone).unwrap_or_default()
    }

    /// The axes that a binding's own text depends on, as far as those of what it names are known.
    fn axes_said_by(&mut self, id: BindingId) -> BTreeSet<BindingId> {
        let tree = Arc::clone(&self.modules[id.module.0].tree);
        let kind = self.modules[id.module.0].bindings[id.place].kind.clone();
        let mut found = BTreeSet::new();
        match kind {
            Kind::Axis(item, _) => {
                found.insert(self.axis_id(id.module, item));
            }
            Kind::Fixed(item, ..) => {
                if let ItemKind::Fixed(fixed) = &tree.items[item].kind {
                    self.axes_in(id.module, &fixed.value, &mut Vec::new(), &mut found);
                }
            }
            Kind::Export(item) | Kind::Expect(item) => {
                if let ItemKind::Export(sink) | ItemKind::Expect(sink) = &tree.items[item].kind {
                    self.axes_in(id.module, &sink.value, &mut Vec::new(), &mut found);
                }
            }
            Kind::Def(item) => {
                if let ItemKind::Def(def) = &tree.items[item].kind {
                    self.axes_in_def(id.module, def, &mut found);
                }
            }
            Kind::Imported(other) => found.clone_from(&self.axes_of(other)),
            Kind::Param(item) => {
                // of a module that is used the recipe may say a parameter by an axis
                let name = if let ItemKind::Param(param) = &tree.items[item].kind { &param.name.text } else { "" };
                if let Some((outer, said)) = self.modules[id.module.0].with.get(name).cloned() {
                    self.axes_in(outer, &said, &mut Vec::new(), &mut found);
                }
            }
            Kind::Module(_) | Kind::Operator | Kind::Junk => {}
        }
        found
    }

    /// The binding by which an axis is known: its first name's.
    pub(super) fn axis_id(&self, module: ModuleId, item: usize) -> BindingId {
        let it = &self.modules[module.0];
        let first = match &it.tree.items[item].kind {
            ItemKind::Axis(axis) => axis.target.names().first().and_then(|name| it.names.get(&name.text).copied()),
            _ => None,
        };
        let is_it = |place: &usize| matches!(it.bindings[*place].kind, Kind::Axis(at, 0) if at == item);
        // a name that is declared twice is not the axis's
        let any = || it.bindings.iter().position(|binding| matches!(binding.kind, Kind::Axis(at, _) if at == item));
        BindingId { module, place: first.filter(is_it).or_else(any).unwrap_or(0) }
    }

    fn axes_in_def(&mut self, module: ModuleId, def: &Def, found: &mut BTreeSet<BindingId>) {
        let mut locals: Vec<String> = def.formals.iter().map(|formal| formal.name.text.clone()).collect();
        for formal in &def.formals {
            if let Some(default) = &formal.default {
                self.axes_in(module, default, &mut Vec::new(), found);
            }
        }
        for inner in &def.lets {
            self.axes_in(module, &inner.value, &mut locals, found);
            locals.extend(inner.target.names().iter().map(|name| name.text.clone()));
        }
        self.axes_in(module, &def.returned, &mut locals, found);
    }

    pub(super) fn axes_in(&mut self, module: ModuleId, expr: &Expr, locals: &mut Vec<String>, found: &mut BTreeSet<BindingId>) {
        match &expr.kind {
            ExprKind::Name(name) => self.axes_of_name(module, name, locals, found),
            ExprKind::String(text) => {
                for part in &text.parts {
                    if let crate::syntax::tree::Part::Hole(word) = part {
                        self.axes_of_name(module, &word.text, locals, found);
                    }
                }
            }
            ExprKind::List(items) => items.iter().for_each(|item| self.axes_in(module, item, locals, found)),
            ExprKind::Comprehension { element, variable, source } => {
                self.axes_in(module, source, locals, found);
                locals.push(variable.text.clone());
                self.axes_in(module, element, locals, found);
                locals.pop();
            }
            ExprKind::Record(entries) => entries.iter().for_each(|entry| self.axes_in(module, &entry.value, locals, found)),
            ExprKind::Call(call) => self.axes_in_call(module, call, None, locals, found),
            ExprKind::Field { base, name } => match &base.kind {
                ExprKind::Name(first) if self.module_of(module, first, locals).is_some() => {
                    self.axes_of_member(module, first, &name.text, locals, found);
                }
                _ => self.axes_in(module, base, locals, found),
            },
            ExprKind::Method { base, args, .. } => {
                self.axes_in(module, base, locals, found);
                args.iter().for_each(|arg| self.axes_in(module, &arg.value, locals, found));
            }
            ExprKind::Unary { operand, .. } => self.axes_in(module, operand, locals, found),
            ExprKind::Chain { first, rest } => {
                self.axes_in(module, first, locals, found);
                rest.iter().for_each(|link| self.axes_in(module, &link.operand, locals, found));
            }
            ExprKind::Range { from, to } => {
                self.axes_in(module, from, locals, found);
                self.axes_in(module, to, locals, found);
            }
            ExprKind::Compare { left, right, .. } => {
                self.axes_in(module, left, locals, found);
                self.axes_in(module, right, locals, found);
            }
            ExprKind::Pipe { value, calls } => {
                let mut inner = BTreeSet::new();
                self.axes_in(module, value, locals, &mut inner);
                for call in calls {
                    self.axes_in_call(module, call, Some(&mut inner), locals, found);
                }
                found.extend(inner);
            }
            ExprKind::If { condition, yes, no } => {
                [condition, yes, no].into_iter().for_each(|part| self.axes_in(module, part, locals, found));
            }
            ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::None | ExprKind::Attribute(_) | ExprKind::Error => {}
        }
    }

    fn axes_of_name(&mut self, module: ModuleId, name: &str, locals: &[String], found: &mut BTreeSet<BindingId>) {
        if locals.iter().any(|local| local == name) {
            return;
        }
        if let Some(&place) = self.modules[module.0].names.get(name) {
            let more = self.axes_of(BindingId { module, place });
            found.extend(more.iter().copied());
        }
    }

    /// The recipe that a name stands for where it is used.
    fn module_of(&self, module: ModuleId, name: &str, locals: &[String]) -> Option<ModuleId> {
        let place = *self.modules[module.0].names.get(name).filter(|_| !locals.iter().any(|local| local == name))?;
        if let Kind::Module(inner) = self.modules[module.0].bindings[place].kind { Some(inner) } else { None }
    }

    /// The axes of something that a recipe which is used declares.
    fn axes_of_member(&mut self, module: ModuleId, name: &str, member: &str, locals: &[String], found: &mut BTreeSet<BindingId>) {
        let Some(inner) = self.module_of(module, name, locals) else { return };
        if let Some(&place) = self.modules[inner.0].names.get(member) {
            let more = self.axes_of(BindingId { module: inner, place });
            found.extend(more.iter().copied());
        }
    }

    /// A call's axes; `piped` are those of the value that a pipe puts first.
    fn axes_in_call(
        &mut self,
        module: ModuleId,
        call: &Call,
        piped: Option<&mut BTreeSet<BindingId>>,
        locals: &mut Vec<String>,
        found: &mut BTreeSet<BindingId>,
    ) {
        let mut inner = BTreeSet::new();
        for arg in &call.args {
            self.axes_in(module, &arg.value, locals, &mut inner);
        }
        match call.path.as_slice() {
            [first, second, ..] if self.module_of(module, &first.text, locals).is_some() => {
                self.axes_of_member(module, &first.text, &second.text, locals, &mut inner);
            }
            [first, rest @ ..] if !rest.is_empty() || self.def_of(module, &first.text).is_some() => {
                self.axes_of_name(module, &first.text, locals, &mut inner);
            }
            _ => {} // an operator
        }
        let removed = self.removed_axes(module, call, &inner);
        match piped {
            Some(piped) => {
                piped.extend(inner);
                let removed_piped = self.removed_axes(module, call, piped);
                piped.retain(|axis| !removed_piped.contains(axis));
            }
            None => found.extend(inner.into_iter().filter(|axis| !removed.contains(axis))),
        }
    }

    /// The axes among these that a call takes away: reports take all, `select` and `average` those of `over`, scores the replicates.
    pub(super) fn removed_axes(&mut self, module: ModuleId, call: &Call, among: &BTreeSet<BindingId>) -> BTreeSet<BindingId> {
        let [callee] = call.path.as_slice() else { return BTreeSet::new() };
        if self.def_of(module, &callee.text).is_some() {
            return BTreeSet::new();
        }
        match Reduction::of(&callee.text) {
            Some(Reduction::All) => among.clone(),
            Some(Reduction::Replicates) => among.iter().copied().filter(|axis| self.is_replicate(*axis)).collect(),
            Some(Reduction::Over) => {
                let names = over_names(&call.args);
                among.iter().copied().filter(|axis| self.axis_names(*axis).iter().any(|name| names.contains(name))).collect()
            }
            None => BTreeSet::new(),
        }
    }

    /// Whether a call takes axes away from what its arguments depend on.
    pub(super) fn reduces(&self, module: ModuleId, call: &Call) -> bool {
        matches!(call.path.as_slice(), [callee] if Reduction::of(&callee.text).is_some() && self.def_of(module, &callee.text).is_none())
    }

    /// The points of the axes that some expressions depend on and that are free here, as far as `wanted` accepts them: an axis that two of
    /// them share is one axis.
    pub(super) fn free_points(&mut self, exprs: &[&Expr], env: &Env, wanted: impl Fn(&mut Self, BindingId) -> bool) -> Vec<Point> {
        let mut axes = BTreeSet::new();
        let mut locals = env.locals.iter().map(|(name, _)| name.clone()).collect();
        for expr in exprs {
            self.axes_in(env.module, expr, &mut locals, &mut axes);
        }
        axes.retain(|axis| !env.point.contains_key(axis) && wanted(self, *axis));
        self.points(&axes, exprs.first().map_or_else(Span::default, |expr| expr.span))
    }

    /// Says of an expression that must have one value that it depends on an axis: whether it does.
    pub(super) fn depends_on_axis(&mut self, module: ModuleId, expr: &Expr, what: &str) -> bool {
        let mut axes = BTreeSet::new();
        self.axes_in(module, expr, &mut Vec::new(), &mut axes);
        let names: Vec<String> = axes.iter().flat_map(|axis| self.axis_names(*axis)).collect();
        let Some(name) = names.first() else { return false };
        self.diagnostics.push(
            Diagnostic::error(Code::BadAxis, format!("{what} has one value, and this depends on the axis `{name}`"))
                .at(expr.span, "a value in each arm"),
        );
        true
    }

    /// The `def` that a name which is called stands for, if it is one: operators and values are two namespaces.
    pub(super) fn def_of(&self, module: ModuleId, name: &str) -> Option<BindingId> {
        let place = *self.modules[module.0].names.get(name)?;
        let here = BindingId { module, place };
        let id = if let Kind::Imported(other) = self.modules[module.0].bindings[place].kind { other } else { here };
        matches!(self.modules[id.module.0].bindings[id.place].kind, Kind::Def(_)).then_some(id)
    }

    fn axis_item(&self, id: BindingId) -> Option<(usize, Arc<crate::syntax::tree::File>)> {
        match self.modules[id.module.0].bindings[id.place].kind {
            Kind::Axis(item, _) => Some((item, Arc::clone(&self.modules[id.module.0].tree))),
            _ => None,
        }
    }

    pub(super) fn is_replicate(&self, id: BindingId) -> bool {
        self.axis_item(id)
            .is_some_and(|(item, tree)| matches!(&tree.items[item].kind, ItemKind::Axis(Axis { word: AxisWord::Replicate, .. })))
    }

    pub(super) fn axis_names(&self, id: BindingId) -> Vec<String> {
        match self.axis_item(id) {
            Some((item, tree)) => match &tree.items[item].kind {
                ItemKind::Axis(axis) => axis.target.names().iter().map(|name| name.text.clone()).collect(),
                _ => Vec::new(),
            },
            None => Vec::new(),
        }
    }

    /// The values of an axis: at each index one for each of its names.
    pub(super) fn axis_values(&mut self, id: BindingId) -> Rc<Vec<Vec<Val>>> {
        if let Some((known, _)) = self.axis_rows.get(&id) {
            return Rc::clone(known);
        }
        let Some((item, tree)) = self.axis_item(id) else { return Rc::default() };
        let ItemKind::Axis(axis) = &tree.items[item].kind else { return Rc::default() };
        // an entry while we look: an axis that needs itself has no values
        self.axis_rows.insert(id, <(Rc<_>, _)>::default());
        let (list, said) = self.by_itself(|it| it.counted(id, |it| it.axis_list(id.module, axis)));
        let names = axis.target.names();
        let rows = match &list.value {
            Value::List(items) => {
                let ty = if let Type::List(of) = &list.ty { (**of).clone() } else { Type::Unknown };
                let row = |value| names.iter().map(|name| pick(&ty, value, axis, &name.text, list.span)).collect();
                self.meter.spend(items.len() as u64, 160 * (items.len() * names.len()) as u64);
                items.iter().map(row).collect()
            }
            _ => vec![names.iter().map(|name| Val::poison(name.span)).collect()],
        };
        let rows = Rc::new(rows);
        self.axis_rows.insert(id, (Rc::clone(&rows), said));
        rows
    }

    fn axis_list(&mut self, module: ModuleId, axis: &Axis) -> Val {
        let span = axis.values.span;
        if self.depends_on_axis(module, &axis.values, "the list that an axis runs over") {
            return Val::poison(span);
        }
        let list = self.expr(&axis.values, &mut Env::top(module, Point::new()));
        let list = match &list.value {
            Value::Range(ends) => match (&ends.0, &ends.1) {
                (Value::Int(from), Value::Int(to)) if count_of(*from, *to) <= LONGEST_AXIS as u64 => {
                    Val::new(Type::Int.list(), Value::List((*from..=*to).map(Value::Int).collect()), span)
                }
                (Value::Int(from), Value::Int(to)) => return self.too_long(count_of(*from, *to), span),
                (Value::Hole(_), _) | (_, Value::Hole(_)) => return Val::poison(span), // how long it is a parameter says
                _ => list,
            },
            _ => list,
        };
        match &list.value {
            Value::List(items) if items.is_empty() => {
                self.wrong(Diagnostic::error(Code::BadAxis, "an axis needs at least one value").at(span, "empty"), span)
            }
            Value::List(items) if items.len() <= LONGEST_AXIS => {
                if let crate::syntax::tree::Target::Pattern(names, _) = &axis.target {
                    for item in items {
                        if let Value::Record(fields) = item
                            && names.iter().all(|name| fields.contains_key(&name.text))
                        {
                            continue;
                        }
                        let wanted = names.iter().map(|name| format!("`{}`", name.text)).collect::<Vec<_>>().join(" and ");
                        return self.wrong(
                            Diagnostic::error(Code::BadAxis, format!("every value of this axis needs {wanted}")).at(span, "one is missing"),
                            span,
                        );
                    }
                }
                self.each_value_once(items, axis);
                list
            }
            Value::List(items) => self.too_long(items.len() as u64, span),
            Value::Poison | Value::Hole(_) => Val::poison(span),
            _ => self.wrong(
                Diagnostic::error(Code::BadAxis, "an axis runs over a finite list or a range of whole numbers")
                    .at(span, format!("this is {}", list.ty))
                    .help("write for example: sweep order in [0.1, 0.5, 1.0], or replicate seed in 1..3"),
                span,
            ),
        }
    }

    /// Says which value stands twice on an axis: its arms are one.
    fn each_value_once(&mut self, values: &[Value], axis: &Axis) {
        let mut seen = IndexSet::new();
        if let Some(twice) = values.iter().filter(|value| !value.is_open()).find(|value| !seen.insert(Mark::of([*value]))) {
            let names = axis.target.names().iter().map(|name| format!("`{}`", name.text)).collect::<Vec<_>>().join(" and ");
            let said = Diagnostic::warning(Code::BadAxis, format!("the axis {names} has the value {} twice", twice.written()));
            self.diagnostics.push(
                said.at(axis.values.span, "one arm is meant twice").help("two arms that mean the same are computed once, and are one"),
            );
        }
    }

    fn too_long(&mut self, count: u64, span: Span) -> Val {
        let said = Diagnostic::error(Code::TooMany, format!("an axis has at most {LONGEST_AXIS} values"));
        self.wrong(said.at(span, format!("these are {count}")), span)
    }

    /// All points of some axes, the last axis fastest; none, and why, where they are too many. `at` is what depends on them.
    pub(super) fn points(&mut self, axes: &BTreeSet<BindingId>, at: Span) -> Vec<Point> {
        let counts: Vec<(BindingId, usize)> = axes.iter().map(|&axis| (axis, self.axis_values(axis).len().max(1))).collect();
        let all = counts.iter().fold(1_u128, |all, (_, count)| all.saturating_mul(*count as u128));
        if all > MOST_POINTS {
            let said = Diagnostic::error(Code::TooLarge, format!("this stands in more arms than a recipe may have nodes: {MOST_POINTS}"))
                .at(at, format!("{all} arms"))
                .help("axes multiply: make them shorter, or let fewer of them meet");
            if !std::mem::replace(&mut self.said_arms, true) {
                self.diagnostics.push(said);
            }
            return Vec::new();
        }
        if self.meter.is_over() {
            return Vec::new();
        }
        let all = all as usize; // at most MOST_POINTS
        self.meter.spend(4 * all as u64 * counts.len() as u64, 0);
        let point = |mut at: usize| {
            let mut index = |count: usize| {
                let index = at % count;
                at /= count;
                index
            };
            counts.iter().rev().map(|(axis, count)| (*axis, index(*count))).collect()
        };
        if self.meter.is_over() { Vec::new() } else { (0..all).map(point).collect() }
    }

    /// A point in the words of a plan.
    pub(super) fn arm(&mut self, point: &Point) -> Arm {
        let mut arm = Arm::new();
        for (&axis, &index) in point {
            let names = self.axis_names(axis);
            let values = self.axis_values(axis);
            for (at, name) in names.iter().enumerate() {
                if let Some(value) = values.get(index).and_then(|row| row.get(at)) {
                    let mut text = self.arm_text(&value.value);
                    // two values of which only nodes tell that they differ are two arms
                    if let Value::Node(_) = value.value {
                        let alike = values[..index].iter().filter_map(|row| row.get(at));
                        let before = alike.filter(|it| self.arm_text(&it.value) == text).count();
                        text = if before > 0 { format!("{text} ({})", before + 1) } else { text };
                    }
                    arm.insert(name.clone(), text);
                }
            }
        }
        arm
    }

    /// A value of an axis in the words of a plan: data sets, models and protocols by their names.
    fn arm_text(&self, value: &Value) -> String {
        match value {
            Value::Text(text) => text.to_string(),
            Value::Node(_) => self.label_of(value, None),
            other => other.written(),
        }
    }
}

/// The value of one of an axis's names.
fn pick(ty: &Type, value: &Value, axis: &Axis, name: &str, span: Span) -> Val {
    match (&axis.target, value) {
        (crate::syntax::tree::Target::Pattern(..), Value::Record(fields)) => {
            let field_ty = if let Type::Record(types) = ty { types.get(name).cloned().unwrap_or(Type::Unknown) } else { Type::Unknown };
            Val::new(field_ty, fields.get(name).cloned().unwrap_or(Value::Poison), span)
        }
        _ => Val::new(ty.clone(), value.clone(), span),
    }
}

/// The names in the argument `over = [a, b]`.
pub(super) fn over_names(args: &[Arg]) -> Vec<String> {
    args.iter()
        .filter(|arg| arg.label.as_ref().is_some_and(|label| label.text == "over"))
        .flat_map(|arg| match &arg.value.kind {
            ExprKind::List(items) => {
                items.iter().filter_map(|item| if let ExprKind::Name(name) = &item.kind { Some(name.clone()) } else { None }).collect()
            }
            ExprKind::Name(name) => vec![name.clone()],
            _ => Vec::new(),
        })
        .collect()
}
