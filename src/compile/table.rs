//! Tables: rows of models in all their arms, columns of metrics.

#![allow(clippy::cast_possible_wrap, reason = "counts that the budget of the compiler bounds")]

use super::axes::Point;
use super::call::{Bound, Given};
use super::judge::Sides;
use super::judge::eval_of;
use super::modules::BindingId;
use super::said::Declared;
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::decl::Operator as _;
use crate::lang::types::Type;
use crate::lang::value::{Args, Arm, Mark, NodeId, Value};
use crate::ops::evals::{Decided, Protocol};
use crate::ops::outputs::Table;
use crate::plan;
use crate::plan::rows::{Misnamed, Shown};
use crate::source::Span;
use crate::syntax::tree::{Expr, ExprKind};
use crate::text::several;
use indexmap::{IndexMap, IndexSet};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An axis of more values than this is told by their digest.
const LONGEST_SAID: usize = 100;

/// A row or a column: its label, the point, its value.
#[derive(Clone)]
struct Collected {
    /// The element of the list or the record that it belongs to: the arms of one element share it.
    element: usize,
    label: String,
    /// Whether the recipe says the label; else it is made of the names of bindings, and no part of what is meant.
    labelled: bool,
    /// Of a metric: the name of its protocol that the recipe says.
    protocol: Option<(String, Arm)>,
    point: Point,
    val: Val,
}

/// A column: its label, the part of it that the recipe says, and what it measures at each point of the axes across which the table aligns.
struct Column {
    label: String,
    said: Option<String>,
    arms: IndexMap<Point, Measured>,
    axes: BTreeSet<BindingId>,
}

/// What a column measures at a point: the metric, and what its protocol is called where the plan calls it otherwise.
struct Measured {
    metric: Value,
    called: Option<String>,
}

impl Compiler<'_> {
    /// `compare(rows, columns)`: a table over all arms. Where a row and a column depend on one axis they meet in its equal arms alone.
    pub(super) fn compare_call(&mut self, bound: &Bound, span: Span, env: &mut Env) -> Val {
        let poison = Val::new(Type::Report, Value::Poison, span);
        let (Some(rows), Some(columns)) = (bound.get("models"), bound.get("columns")) else { return poison };
        let said = self.diagnostics.len();
        let (rows_at, columns_at) = (rows.span(), columns.span());
        let (rows, columns) = (self.collect(rows, env), self.collect(columns, env));
        if self.diagnostics.len() == said && !self.has_both((&rows, rows_at), (&columns, columns_at)) {
            return poison;
        }
        let (of_rows, of_columns) = (axes_of(&rows), axes_of(&columns));
        let replicates: BTreeSet<BindingId> = of_rows.union(&of_columns).copied().filter(|axis| self.is_replicate(*axis)).collect();
        let shared: BTreeSet<BindingId> = of_columns.intersection(&of_rows).copied().filter(|axis| !replicates.contains(axis)).collect();
        let rows = self.in_all_arms(rows, &shared);
        let aligned = |axis: &BindingId| replicates.contains(axis) || shared.contains(axis);
        let Some(columns) = self.columns(&columns, aligned, columns_at) else { return poison };
        if !self.published_in(&rows, &columns) {
            return poison;
        }
        let mut lowered: HashMap<Mark, usize> = HashMap::new();
        let mut distinct: Vec<Value> = Vec::new();
        let mut elements: Vec<Vec<Value>> = Vec::new();
        for row in &rows {
            self.meter.spend(columns.len() as u64, 0);
            if !self.in_budget() {
                return poison;
            }
            let evals = self.judged_by(row, &columns);
            let Some(fields) = self.row(row, &evals, span) else { return poison };
            elements.resize(elements.len().max(row.element + 1), Vec::new());
            let meant = self.meant(row, fields.clone());
            elements[row.element].push(meant);
            let fields = Value::Record(fields.into());
            match lowered.insert(Mark::of([&fields]), row.element) {
                None => distinct.push(fields),
                Some(element) if element != row.element => {
                    let twice = format!("the row `{}` stands twice in the table", row.label);
                    let said = Diagnostic::error(Code::RepeatedArgument, twice).at(rows_at, "twice");
                    self.diagnostics.push(said.help("name each model once"));
                    return poison;
                }
                Some(_) => {} // an arm of which the row knows nothing
            }
        }
        for arms in &mut elements {
            arms.sort_by_cached_key(|arm| self.graph.meaning(arm));
        }
        let mut meaning: Args =
            [("rows", Value::List(elements.into_iter().map(|arms| Value::List(arms.into())).collect()))].into_iter().collect();
        let (mut all, mut all_meant) = (Vec::new(), Vec::new());
        for column in &columns {
            let mut meant = Vec::new();
            for (point, Measured { metric, called }) in &column.arms {
                let metric = ("metric".to_owned(), metric.clone());
                let called = called.iter().map(|called| ("called".to_owned(), Value::text(called.as_str())));
                let arm = self.arm_fields(point);
                let label = ("label".to_owned(), Value::text(column.label.as_str()));
                all.push(Value::Record(
                    [label, metric.clone()].into_iter().chain(called).chain(arm.map(|arm| ("arm".to_owned(), arm))).collect(),
                ));
                let said = column.said.iter().map(|said| ("label".to_owned(), Value::text(said.as_str())));
                let arm = (!point.is_empty()).then(|| ("arm".to_owned(), self.meant_arm(point)));
                meant.push(Value::Record(said.chain([metric]).chain(arm).collect()));
            }
            meant.sort_by_cached_key(|arm| self.graph.meaning(arm));
            all_meant.extend(meant);
        }
        meaning.insert("columns", Value::List(all_meant.into()));
        let mut args: Args = [("rows", Value::List(distinct.into())), ("columns", Value::List(all.into()))].into_iter().collect();
        let names: BTreeSet<String> = replicates.iter().flat_map(|axis| self.axis_names(*axis)).collect();
        if !names.is_empty() {
            args.insert("replicates", Value::List(names.into_iter().map(Value::text).collect()));
        }
        if !self.compared(bound, &rows, &shared, (&mut args, &mut meaning), env) {
            return poison;
        }
        let table = self.graph.add_meaning(Table::NAME, args.clone(), &meaning, Some(span));
        self.tables.insert((table, span), args);
        Val::new(Type::Report, Value::Node(table), span)
    }

    /// Whether a table has rows and columns; says what it lacks.
    fn has_both(&mut self, (rows, rows_at): (&[Collected], Span), (columns, columns_at): (&[Collected], Span)) -> bool {
        let lacks = [
            (rows.is_empty(), rows_at, "rows", "name a model, or several: compare([net, tuned], …)"),
            (columns.is_empty(), columns_at, "columns", "name a metric of an evaluation: columns = [pose.accuracy]"),
        ];
        for (_, at, what, help) in lacks.into_iter().filter(|(empty, ..)| *empty) {
            let nothing = Diagnostic::error(Code::BadArgument, format!("a table without {what} shows nothing"));
            self.diagnostics.push(nothing.at(at, format!("no {what}")).help(help));
        }
        !rows.is_empty() && !columns.is_empty()
    }

    /// Whether published numbers are those of columns; says which are not.
    fn published_in(&mut self, rows: &[Collected], columns: &[Column]) -> bool {
        let known: IndexSet<&str> = columns.iter().map(|column| column.label.as_str()).collect();
        let mut fine = true;
        for row in rows {
            let (Type::Published, Value::Op(op)) = (&row.val.ty, &row.val.value) else { continue };
            let Some(Value::Record(numbers)) = op.args.get("values") else { continue };
            for name in numbers.keys().filter(|name| !known.contains(name.as_str())) {
                fine = false;
                let help = match did_you_mean(name, known.iter().copied()) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!("its columns are {}", several(known.iter().copied())),
                };
                let wrong = Diagnostic::error(Code::UnknownField, format!("the table has no column {name:?} for this published number"));
                self.diagnostics.push(wrong.at(row.val.span, "no such column").help(help));
            }
        }
        fine
    }

    /// What the rows are compared with: whether the table has it.
    fn compared(
        &mut self,
        bound: &Bound,
        rows: &[Collected],
        shared: &BTreeSet<BindingId>,
        (args, meaning): (&mut Args, &mut Args),
        env: &mut Env,
    ) -> bool {
        // a row is meant by its place: its label may be made of names
        let meant = |label: &str| match rows.iter().find(|row| row.label == label) {
            Some(row) => Value::Int(row.element as i64),
            None => Value::text(label),
        };
        let mut asked = |name: &'static str, ty: &Type| {
            let given = bound.get(name)?;
            if let Given::Expr(expr) = given
                && self.depends_on_axis(env.module, expr, &format!("`{name}` of `compare`"))
            {
                return Some(Val::poison(expr.span));
            }
            let val = self.evaluate_given(given, env);
            Some(self.coerce(val, ty, env.module, &format!("`{name}` of `compare`")))
        };
        let baseline = asked("baseline", &Type::Text.optional());
        let against = asked("against", &Type::Named(Box::new(Type::Text)));
        if [&baseline, &against].into_iter().flatten().any(|val| val.is_poison() || val.value.is_open()) {
            return false;
        }
        let shown = self.shown(rows);
        let aligned = shared.iter().flat_map(|axis| self.axis_names(*axis)).collect();
        let base = match &baseline {
            Some(Val { value: Value::Text(label), span, .. }) => Some((label.to_string(), *span)),
            _ => None, // none
        };
        let said: IndexMap<String, String> = match &against {
            Some(Val { value: Value::Record(pairs), .. }) => pairs
                .iter()
                .filter_map(|(row, other)| if let Value::Text(other) = other { Some((row.clone(), other.to_string())) } else { None })
                .collect(),
            _ => IndexMap::new(),
        };
        let named = |baseline, said| plan::rows::Against { baseline, said, aligned: &aligned };
        let wrong = plan::rows::pairs(&shown, named(base.as_ref().map(|(label, _)| label.as_str()), &IndexMap::new()))
            .map_err(|wrong| (wrong, base.as_ref().map(|(_, span)| *span)))
            .and_then(|_| {
                plan::rows::pairs(&shown, named(None, &said)).map_err(|wrong| (wrong, against.as_ref().map(|against| against.span)))
            })
            .err();
        if let Some((wrong, at)) = wrong {
            self.misnamed(&shown, wrong, at.unwrap_or_default());
            return false;
        }
        if let Some((label, _)) = base {
            // the first row is what the others are compared with where nothing is said
            meaning.extend(Some(meant(&label)).filter(|meant| *meant != Value::Int(0)).map(|meant| ("baseline", meant)));
            args.insert("baseline", Value::text(label));
        }
        if !said.is_empty() {
            let pairs = said.iter().map(|(row, other)| Value::List([meant(row), meant(other)].into_iter().collect()));
            meaning.insert("against", Value::List(pairs.collect()));
            args.insert("against", Value::Record(said.into_iter().map(|(row, other)| (row, Value::text(other))).collect()));
        }
        true
    }

    /// The rows as the table shows them: of a sweep each arm is a row, of replicates all arms are one.
    fn shown(&mut self, rows: &[Collected]) -> Vec<Shown> {
        let mut shown = IndexSet::new();
        for row in rows {
            let sweeps: Point = row.point.iter().filter(|(axis, _)| !self.is_replicate(**axis)).map(|(axis, at)| (*axis, *at)).collect();
            shown.insert(Shown { label: row.label.clone(), arm: self.arm(&sweeps), published: row.val.ty == Type::Published });
        }
        shown.into_iter().collect()
    }

    fn misnamed(&mut self, rows: &[Shown], wrong: Misnamed, at: Span) {
        let say = |message: String, label: &str| Diagnostic::error(Code::UnknownField, message).at(at, label);
        let diagnostic = match wrong {
            Misnamed::Unknown(name) => {
                let names: IndexSet<String> =
                    rows.iter().filter(|row| !row.published).flat_map(|row| [row.name(), row.label.clone()]).collect();
                let known: IndexSet<String> = rows.iter().filter(|row| !row.published).map(Shown::name).collect();
                let help = did_you_mean(&name, names.iter().map(String::as_str)).map_or_else(
                    || format!("its rows are {}", one_of(known.iter().map(String::as_str)).replace(" or ", " and ")),
                    |near| format!("did you mean {near:?}?"),
                );
                say(format!("the table has no row {name:?} to compare with"), "no such row").help(help)
            }
            Misnamed::Published(name) => say(format!("`{name}` is published: what is measured here is not compared with it"), "published")
                .help("name a row of a model"),
            Misnamed::Itself(name) => say(format!("{name:?} is compared with itself"), "one row").help("name another row after it"),
            Misnamed::Several(name, arms) => {
                let known = one_of(arms.iter().map(String::as_str));
                say(format!("with which arm {name:?} is compared is not said"), "several arms")
                    .help(format!("name one whose axes agree with it: {known}"))
            }
        };
        self.diagnostics.push(diagnostic);
    }

    /// The rows in all arms of axes that other rows and the columns share; published numbers stand once.
    fn in_all_arms(&mut self, rows: Vec<Collected>, shared: &BTreeSet<BindingId>) -> Vec<Collected> {
        let mut out = Vec::new();
        for row in rows {
            let missing: BTreeSet<BindingId> = shared.iter().copied().filter(|axis| !row.point.contains_key(axis)).collect();
            if missing.is_empty() || row.val.ty == Type::Published {
                out.push(row);
                continue;
            }
            for more in self.points(&missing, row.val.span) {
                let mut row = row.clone();
                row.point.extend(more);
                out.push(row);
            }
        }
        out
    }

    /// The protocols that judge a row: those of all columns, each in the arms that are the row's own.
    fn judged_by(&self, row: &Collected, columns: &[Column]) -> IndexSet<NodeId> {
        let meets = |point: &Point| point.iter().all(|(axis, index)| row.point.get(axis).is_none_or(|own| own == index));
        let of_row = |column: &Column| -> Vec<Value> {
            let own: Point = row.point.iter().filter(|(axis, _)| column.axes.contains(axis)).map(|(axis, at)| (*axis, *at)).collect();
            match column.arms.get(&own) {
                Some(it) => vec![it.metric.clone()], // the only one, where the row has all axes of the column
                None => column.arms.iter().filter(|(point, _)| meets(point)).map(|(_, it)| it.metric.clone()).collect(),
            }
        };
        let mut evals = IndexSet::new();
        for metric in columns.iter().flat_map(of_row) {
            let protocols = eval_of(&metric).into_iter().flat_map(|eval| self.protocols_of(eval));
            evals.extend(protocols.filter(|eval| Protocol::is(self.graph.node(*eval).op) || self.graph.node(*eval).op == Decided::NAME));
        }
        evals
    }

    /// An arm as rows and columns hold it; nothing where there is none.
    fn arm_fields(&mut self, point: &Point) -> Option<Value> {
        let arm = self.arm(point);
        (!arm.is_empty()).then(|| Value::Record(arm.into_iter().map(|(name, text)| (name, Value::text(text))).collect()))
    }

    /// What an arm means: the values of its axes instead of their names.
    fn meant_arm(&mut self, point: &Point) -> Value {
        let mut arm = Vec::new();
        for (&axis, &index) in point {
            let of_axis = [Value::Bool(self.is_replicate(axis)), self.axis_meaning(axis), Value::Int(index as i64)];
            arm.push(Value::List(of_axis.into_iter().collect()));
        }
        arm.sort_by_cached_key(|of_axis| self.graph.meaning(of_axis));
        Value::List(arm.into())
    }

    /// What a row means: without a label that is made of names, and its arm by the values of the axes.
    fn meant(&mut self, row: &Collected, mut fields: IndexMap<String, Value>) -> Value {
        if !row.labelled {
            fields.shift_remove("label");
        }
        if fields.contains_key("arm") {
            fields.insert("arm".to_owned(), self.meant_arm(&row.point));
        }
        Value::Record(fields.into())
    }

    /// What an axis means: its values in their order; of very many, their digest, so that a table of all arms says them once and not in
    /// each.
    fn axis_meaning(&mut self, axis: BindingId) -> Value {
        if let Some(known) = self.axis_meanings.get(&axis) {
            return known.clone();
        }
        let rows = self.axis_values(axis);
        let values = rows.iter().map(|names| Value::List(names.iter().map(|val| val.value.clone()).collect())).collect();
        let mut meaning = Value::List(values);
        if rows.len() > LONGEST_SAID {
            meaning = Value::text(crate::graph::ContentKey::of(self.graph.meaning(&meaning).as_bytes()).to_string());
        }
        self.axis_meanings.insert(axis, meaning.clone());
        meaning
    }

    fn row(&mut self, row: &Collected, evals: &IndexSet<NodeId>, span: Span) -> Option<IndexMap<String, Value>> {
        let mut fields: IndexMap<String, Value> = [("label".to_owned(), Value::text(row.label.as_str()))].into_iter().collect();
        fields.extend(self.arm_fields(&row.point).map(|arm| ("arm".to_owned(), arm)));
        match (&row.val.ty, &row.val.value) {
            (Type::Model | Type::Coupled, value @ (Value::Node(_) | Value::Op(_))) => {
                let sides = Sides::named(value)?;
                let judged = evals.iter().map(|eval| Value::Node(self.judge(sides, *eval, span))).collect();
                fields.insert("model".to_owned(), Value::Node(sides.model()));
                fields.insert("judged".to_owned(), Value::List(judged));
            }
            (Type::Published, Value::Op(_)) => {
                fields.insert("published".to_owned(), row.val.value.clone());
            }
            (_, Value::Poison | Value::Hole(_)) => return None,
            (ty, _) => {
                self.diagnostics.push(
                    Diagnostic::error(Code::Mismatch, format!("a row of a table is a model or published numbers, and this is {ty}"))
                        .at(row.val.span, ty.to_string()),
                );
                return None;
            }
        }
        Some(fields)
    }

    /// The columns, each in all arms of the axes across which the table aligns; over other axes each arm is a column.
    fn columns(&mut self, columns: &[Collected], aligned: impl Fn(&BindingId) -> bool, at: Span) -> Option<Vec<Column>> {
        let mut out: IndexMap<(usize, Point), Column> = IndexMap::new();
        for column in columns {
            match (&column.val.ty, &column.val.value) {
                (Type::Metric, Value::Op(_)) => {
                    let (own, apart): (Point, Point) =
                        column.point.iter().map(|(axis, at)| (*axis, *at)).partition(|(axis, _)| aligned(axis));
                    let arm = self.arm(&apart);
                    let new = || Column {
                        label: plan::in_arm(&column.label, &arm),
                        said: column.labelled.then(|| column.label.clone()),
                        arms: IndexMap::new(),
                        axes: own.keys().copied().collect(),
                    };
                    let metric = column.val.value.clone();
                    let called = self.called(&metric, column.protocol.as_ref());
                    out.entry((column.element, apart)).or_insert_with(new).arms.insert(own.clone(), Measured { metric, called });
                }
                (_, Value::Poison | Value::Hole(_)) => return None,
                (ty, _) => {
                    let code = self.instead(&column.val, &Type::Metric, super::modules::ModuleId(0));
                    let code = code.unwrap_or_else(|| "pose.accuracy, pose.tar(1e-3)".to_owned());
                    let wrong = Diagnostic::error(Code::Mismatch, format!("a column of a table is a metric, and this is {ty}"));
                    self.diagnostics
                        .push(wrong.at(column.val.span, ty.to_string()).help(format!("name a metric of an evaluation: {code}")));
                    return None;
                }
            }
        }
        let columns: Vec<Column> = out.into_values().collect();
        self.each_once(&columns, at).then_some(columns)
    }

    /// Whether no column stands twice: it would count twice among the comparisons of the table.
    fn each_once(&mut self, columns: &[Column], at: Span) -> bool {
        let mut seen: IndexSet<(&str, Vec<String>)> = IndexSet::new();
        let meant = |column: &Column| column.arms.values().map(|arm| self.metric_meant(&arm.metric)).collect();
        let twice = columns.iter().find(|column| !seen.insert((&column.label, meant(column))));
        if let Some(column) = twice {
            let said = Diagnostic::error(Code::RepeatedArgument, format!("the column `{}` stands twice in the table", column.label));
            self.diagnostics.push(said.at(at, "twice").help("name each number once"));
        }
        twice.is_none()
    }

    /// What a metric means: of a rate its number, whether it is said in percent or not.
    fn metric_meant(&self, metric: &Value) -> String {
        let Value::Op(op) = metric else { return self.graph.meaning(metric) };
        let of_arg = |(name, value): (&&'static str, &Value)| {
            let meant = value.magnitude().map_or_else(|| self.graph.meaning(value), |number| format!("{number:.12e}"));
            format!("{name} = {meant}")
        };
        format!("{}({})", op.op(), op.args.iter().map(of_arg).collect::<Vec<_>>().join(", "))
    }

    /// The labelled values of a list or a record, each in all arms that it depends on.
    fn collect(&mut self, given: &Given, env: &mut Env) -> Vec<Collected> {
        let Given::Expr(expr) = given else {
            let val = self.evaluate_given(given, env);
            return self.flatten(val, &Point::new(), None);
        };
        let elements: Vec<(Option<String>, &Expr)> = match &expr.kind {
            ExprKind::List(items) => items.iter().map(|item| (None, item)).collect(),
            ExprKind::Record(entries) => entries.iter().map(|entry| (Some(entry.key.text.clone()), &entry.value)).collect(),
            _ => {
                let declared = self.listed(expr, env);
                let mut out = Vec::new();
                for (point, val) in self.everywhere(expr, env) {
                    out.extend(self.flatten(val, &point, declared.as_ref()));
                }
                return without_idle_axes(out);
            }
        };
        let mut out = Vec::new();
        for (place, (said, element)) in elements.into_iter().enumerate() {
            for (point, val) in self.everywhere(element, env) {
                out.push(self.collected(place, said.as_deref(), Some((element, env)), point, val));
            }
        }
        out
    }

    /// A row or a column, by the label that the recipe says or after the expression that it is.
    fn collected(&mut self, element: usize, said: Option<&str>, from: Option<(&Expr, &Env)>, point: Point, val: Val) -> Collected {
        let arm = self.arm(&point);
        let protocol = from.and_then(|(expr, env)| self.protocol_said(&val.value, expr, env, &arm));
        let of = protocol.as_ref().map(|(name, _)| name.as_str());
        let label = match (said, from) {
            (Some(said), _) => said.to_owned(),
            (None, Some((expr, _))) => self.label_said(expr, &val, of),
            (None, None) => self.label_of(&val.value, of),
        };
        Collected { element, label, labelled: said.is_some(), protocol, point, val }
    }

    /// The elements of a list or a record as a whole, named as in the declaration of it.
    fn flatten(&mut self, val: Val, point: &Point, declared: Option<&Declared>) -> Vec<Collected> {
        let parts: Vec<(Option<&str>, &Type, &Value)> = match (&val.ty, &val.value) {
            (Type::List(of), Value::List(items)) => items.iter().map(|item| (None, &**of, item)).collect(),
            (Type::Record(types), Value::Record(fields)) => {
                fields.iter().map(|(name, value)| (Some(name.as_str()), types.get(name).unwrap_or(&Type::Unknown), value)).collect()
            }
            (ty, value) => vec![(None, ty, value)],
        };
        let env = declared.map(Declared::env);
        let exprs = declared.map(Declared::elements).filter(|exprs| exprs.len() == parts.len()).unwrap_or_default();
        let mut out = Vec::new();
        for (at, (said, ty, value)) in parts.into_iter().enumerate() {
            let from = exprs.get(at).copied().zip(env.as_ref());
            out.push(self.collected(at, said, from, point.clone(), Val::new(ty.clone(), value.clone(), val.span)));
        }
        out
    }
}

/// The axes that some rows or columns depend on.
fn axes_of(collected: &[Collected]) -> BTreeSet<BindingId> {
    collected.iter().flat_map(|it| it.point.keys().copied()).collect()
}

/// A list as a whole depends on the axes of all its elements: each keeps those on which it depends itself.
fn without_idle_axes(collected: Vec<Collected>) -> Vec<Collected> {
    let mut elements: IndexMap<usize, Vec<Collected>> = IndexMap::new();
    for it in collected {
        elements.entry(it.element).or_default().push(it);
    }
    for arms in elements.values_mut() {
        for axis in axes_of(arms) {
            let without = |it: &Collected| it.point.iter().filter(|(other, _)| **other != axis).map(|(a, at)| (*a, *at)).collect::<Point>();
            let mut beside: BTreeMap<Point, &Value> = BTreeMap::new();
            if arms.iter().all(|it| *beside.entry(without(it)).or_insert(&it.val.value) == &it.val.value) {
                let mut seen = BTreeSet::new();
                arms.iter_mut().for_each(|it| it.point = without(it));
                arms.retain(|it| seen.insert(it.point.clone()));
            }
        }
    }
    elements.into_values().flatten().collect()
}
