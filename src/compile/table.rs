//! Tables: rows of models in all their arms, columns of metrics.

use super::axes::Point;
use super::call::{Bound, Given};
use super::judge::Sides;
use super::modules::BindingId;
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::types::Type;
use crate::lang::value::{Args, Mark, NodeId, Value};
use crate::ops::evals::Protocol;
use crate::source::Span;
use crate::syntax::tree::{Expr, ExprKind};
use indexmap::{IndexMap, IndexSet};
use std::collections::BTreeSet;

/// An axis of more values than this is told by their digest.
const LONGEST_SAID: usize = 100;

/// A row or a column: its label, the point, its value.
struct Collected {
    /// The element of the list or the record that it belongs to: the arms of one element share it.
    element: usize,
    label: String,
    /// Whether the recipe says the label; else it is made of the names of bindings, and no part of what is meant.
    labelled: bool,
    point: Point,
    val: Val,
}

/// A column: its label, the part of it that the recipe says, and what it measures.
struct Column {
    label: String,
    said: Option<String>,
    metric: Value,
}

impl Compiler<'_> {
    /// `compare(rows, columns)`: a table over all arms.
    pub(super) fn compare_call(&mut self, bound: &Bound, span: Span, env: &mut Env) -> Val {
        let (Some(rows), Some(columns)) = (bound.get("models"), bound.get("columns")) else {
            return Val::new(Type::Report, Value::Poison, span);
        };
        let rows = self.collect(rows, env);
        let columns = self.collect(columns, env);
        let Some(columns) = self.columns(&columns) else { return Val::new(Type::Report, Value::Poison, span) };
        let mut evals: IndexSet<NodeId> = IndexSet::new();
        for column in &columns {
            let mut named = Vec::new();
            column.metric.nodes(&mut |node| named.push(node));
            let protocols = named.into_iter().flat_map(|eval| self.protocols_of(eval));
            evals.extend(protocols.filter(|eval| Protocol::is(self.graph.node(*eval).op)));
        }
        let mut replicates = BTreeSet::new();
        let mut lowered: IndexSet<Mark> = IndexSet::new();
        let mut distinct: Vec<Value> = Vec::new();
        let mut elements: Vec<Vec<Value>> = Vec::new();
        for row in &rows {
            replicates.extend(row.point.keys().filter(|axis| self.is_replicate(**axis)).flat_map(|axis| self.axis_names(*axis)));
            let Some(fields) = self.row(row, &evals, span) else { return Val::new(Type::Report, Value::Poison, span) };
            elements.resize(elements.len().max(row.element + 1), Vec::new());
            let meant = self.meant(row, fields.clone());
            elements[row.element].push(meant);
            let fields = Value::Record(fields.into());
            if lowered.insert(Mark::of([&fields])) {
                distinct.push(fields);
            }
        }
        for arms in &mut elements {
            arms.sort_by_cached_key(|arm| self.graph.meaning(arm).to_string());
        }
        let mut meaning: Args =
            [("rows", Value::List(elements.into_iter().map(|arms| Value::List(arms.into())).collect()))].into_iter().collect();
        let labelled = |label: Option<&String>, metric: &Value| {
            let label = label.map(|label| ("label".to_owned(), Value::text(label.as_str())));
            Value::Record(label.into_iter().chain([("metric".to_owned(), metric.clone())]).collect())
        };
        meaning.insert("columns", Value::List(columns.iter().map(|column| labelled(column.said.as_ref(), &column.metric)).collect()));
        let columns = columns.iter().map(|column| labelled(Some(&column.label), &column.metric)).collect();
        let mut args: Args = [("rows", Value::List(distinct.into())), ("columns", Value::List(columns))].into_iter().collect();
        if !replicates.is_empty() {
            args.insert("replicates", Value::List(replicates.into_iter().map(Value::text).collect()));
        }
        if let Some(baseline) = bound.get("baseline") {
            let val = self.evaluate_given(baseline, env);
            let val = self.coerce(val, &Type::Text.optional(), env.module, "`baseline` of `compare`");
            if let Value::Text(label) = &val.value {
                if !self.is_baseline(label, &rows, val.span) {
                    return Val::new(Type::Report, Value::Poison, span);
                }
                // the first row is what the others are compared with where nothing is said
                let element = rows.iter().find(|row| *row.label == **label).map(|row| row.element);
                let meant = match element {
                    Some(0) => None,
                    Some(element) => Some(Value::Int(element as i64)),
                    None => Some(val.value.clone()),
                };
                meaning.extend(meant.map(|meant| ("baseline", meant)));
                args.insert("baseline", val.value);
            }
        }
        Val::new(Type::Report, Value::Node(self.graph.add_meaning("table", args, &meaning, Some(span))), span)
    }

    /// Whether a table has this row to compare others with. Of a sweep each arm is a row, of replicates all arms are one.
    fn is_baseline(&mut self, label: &str, rows: &[Collected], at: Span) -> bool {
        let mut labels = IndexSet::new();
        for row in rows {
            let mut arm = self.arm(&row.point);
            let replicates: Vec<String> =
                row.point.keys().filter(|axis| self.is_replicate(**axis)).flat_map(|axis| self.axis_names(*axis)).collect();
            arm.retain(|axis, _| !replicates.contains(axis));
            let name = crate::plan::in_arm(&row.label, &arm);
            if row.val.ty == Type::Published {
                if name == label {
                    let published = Diagnostic::error(
                        Code::UnknownField,
                        format!("`{label}` is published: what is measured here is not compared with it"),
                    );
                    self.diagnostics.push(published.at(at, "published").help("name a row of a model as `baseline`"));
                    return false;
                }
                continue;
            }
            labels.insert(name);
        }
        if labels.contains(label) {
            return true;
        }
        let known = || labels.iter().map(String::as_str);
        let help = did_you_mean(label, known())
            .map_or_else(|| format!("its rows are {}", one_of(known()).replace(" or ", " and ")), |near| format!("did you mean {near:?}?"));
        self.diagnostics.push(
            Diagnostic::error(Code::UnknownField, format!("the table has no row {label:?} to compare with"))
                .at(at, "no such row")
                .help(help),
        );
        false
    }

    /// What a row means: without a label that is made of names, and its arm by the values of the axes instead of their names.
    fn meant(&mut self, row: &Collected, mut fields: IndexMap<String, Value>) -> Value {
        if !row.labelled {
            fields.shift_remove("label");
        }
        let mut arm = Vec::new();
        for (&axis, &index) in &row.point {
            let of_axis = [Value::Bool(self.is_replicate(axis)), self.axis_meaning(axis), Value::Int(index as i64)];
            arm.push(Value::List(of_axis.into_iter().collect()));
        }
        arm.sort_by_cached_key(|of_axis| self.graph.meaning(of_axis).to_string());
        if fields.contains_key("arm") {
            fields.insert("arm".to_owned(), Value::List(arm.into()));
        }
        Value::Record(fields.into())
    }

    /// What an axis means: its values in their order; of very many, their digest, so that a table of all arms says them once and not in each.
    fn axis_meaning(&mut self, axis: BindingId) -> Value {
        if let Some(known) = self.axis_meanings.get(&axis) {
            return known.clone();
        }
        let rows = self.axis_values(axis);
        let values = rows.iter().map(|names| Value::List(names.iter().map(|val| val.value.clone()).collect())).collect();
        let mut meaning = Value::List(values);
        if rows.len() > LONGEST_SAID {
            meaning = Value::text(crate::graph::ContentKey::of(self.graph.meaning(&meaning).to_string().as_bytes()).to_string());
        }
        self.axis_meanings.insert(axis, meaning.clone());
        meaning
    }

    fn row(&mut self, row: &Collected, evals: &IndexSet<NodeId>, span: Span) -> Option<IndexMap<String, Value>> {
        let mut fields: IndexMap<String, Value> = [("label".to_owned(), Value::text(row.label.as_str()))].into_iter().collect();
        let arm = self.arm(&row.point);
        if !arm.is_empty() {
            fields.insert("arm".to_owned(), Value::Record(arm.into_iter().map(|(name, text)| (name, Value::text(text))).collect()));
        }
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

    fn columns(&mut self, columns: &[Collected]) -> Option<Vec<Column>> {
        let mut out = Vec::new();
        for column in columns {
            match (&column.val.ty, &column.val.value) {
                (Type::Metric, Value::Op(_)) => {
                    let arm = self.arm(&column.point);
                    let label = crate::plan::in_arm(&column.label, &arm);
                    let said = column.labelled.then(|| column.label.clone());
                    out.push(Column { label, said, metric: column.val.value.clone() });
                }
                (_, Value::Poison | Value::Hole(_)) => return None,
                (ty, _) => {
                    self.diagnostics.push(
                        Diagnostic::error(Code::Mismatch, format!("a column of a table is a metric, and this is {ty}"))
                            .at(column.val.span, ty.to_string())
                            .help("name a metric of an evaluation: pose.accuracy, pose.tar(1e-3)"),
                    );
                    return None;
                }
            }
        }
        Some(out)
    }

    /// The labelled values of a list or a record, each in all arms that it depends on.
    fn collect(&mut self, given: &Given, env: &mut Env) -> Vec<Collected> {
        let Given::Expr(expr) = given else {
            let val = self.evaluate_given(given, env);
            return self.flatten(val, &Point::new());
        };
        let elements: Vec<(Option<String>, &Expr)> = match &expr.kind {
            ExprKind::List(items) => items.iter().map(|item| (None, item)).collect(),
            ExprKind::Record(entries) => entries.iter().map(|entry| (Some(entry.key.text.clone()), &entry.value)).collect(),
            _ => {
                let mut out = Vec::new();
                for (point, val) in self.everywhere(expr, env, |_, _| true) {
                    out.extend(self.flatten(val, &point));
                }
                return out;
            }
        };
        let mut out = Vec::new();
        for (place, (said, element)) in elements.into_iter().enumerate() {
            for (point, val) in self.everywhere(element, env, |_, _| true) {
                let labelled = said.is_some();
                let label = said.clone().unwrap_or_else(|| self.label_of(element, &val));
                out.push(Collected { element: place, label, labelled, point, val });
            }
        }
        out
    }

    fn flatten(&mut self, val: Val, point: &Point) -> Vec<Collected> {
        let collected = |element: usize, said: Option<&String>, ty: &Type, value: &Value| Collected {
            element,
            label: said.cloned().unwrap_or_else(|| self.node_label(value)),
            labelled: said.is_some(),
            point: point.clone(),
            val: Val::new(ty.clone(), value.clone(), val.span),
        };
        match (&val.ty, &val.value) {
            (Type::List(of), Value::List(items)) => items.iter().enumerate().map(|(at, item)| collected(at, None, of, item)).collect(),
            (Type::Record(types), Value::Record(fields)) => {
                let ty = |name: &String| types.get(name).unwrap_or(&Type::Unknown);
                fields.iter().enumerate().map(|(at, (name, value))| collected(at, Some(name), ty(name), value)).collect()
            }
            _ => vec![collected(0, None, &val.ty, &val.value)],
        }
    }

    fn label_of(&self, expr: &Expr, val: &Val) -> String {
        match &expr.kind {
            ExprKind::Name(name) => name.clone(),
            ExprKind::Field { name, .. } if val.ty == Type::Model => name.text.clone(),
            _ => self.node_label(&val.value),
        }
    }

    fn node_label(&self, value: &Value) -> String {
        match value {
            Value::Node(node) => {
                let node = self.graph.node(*node);
                node.names.first().map_or_else(|| node.op.to_owned(), |(name, _)| name.clone())
            }
            Value::Op(op) => {
                let mut eval = None;
                value.nodes(&mut |node| eval = eval.or(Some(node)));
                let of = eval.map(|node| self.node_label(&Value::Node(node)));
                let rate = ["far", "fpir"].iter().find_map(|name| op.args.get(*name)).and_then(Value::magnitude);
                let at = match op.args.get("k") {
                    Some(k) => format!("@{k}"),
                    None => rate.map_or_else(String::new, |rate| format!("@{rate:e}")),
                };
                of.map_or_else(|| format!("{}{at}", op.op), |of| format!("{of}.{}{at}", op.op))
            }
            other => other.to_string(),
        }
    }
}
