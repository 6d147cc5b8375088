//! Between models and numbers: the features and judgements that tables, claims and choices need.

use super::axes::Point;
use super::call::{Bound, Given};
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic};
use crate::lang::decl::Decl;
use crate::lang::types::Type;
use crate::lang::value::{Args, NodeId, Value};
use crate::source::Span;
use crate::syntax::tree::{Expr, ExprKind};
use indexmap::{IndexMap, IndexSet};
use std::collections::BTreeSet;

/// A row or a column: its label, the point, its value.
struct Collected {
    label: String,
    point: Point,
    val: Val,
}

impl Compiler<'_> {
    /// The judgement of a model under a protocol, with the features that it needs.
    pub(super) fn judge(&mut self, model: NodeId, eval: NodeId, span: Span) -> NodeId {
        let protocol = self.graph.node(eval).args.clone();
        let mirrored = !matches!(protocol.get("embed"), Some(Value::Op(embed)) if embed.op == "plain");
        let mut data = protocol.get("data").cloned().unwrap_or(Value::Poison);
        let mut other = match protocol.get("pairs") {
            Some(Value::Op(pairs)) => pairs.args.get("with").cloned(),
            _ => None,
        }
        .unwrap_or_else(|| data.clone());
        if let Some(people) = protocol.get("within") {
            let among = |data: Value| [("data", data), ("people", people.clone())].into_iter().collect();
            data = Value::Node(self.graph.add("among", among(data), Some(span)));
            other = Value::Node(self.graph.add("among", among(other), Some(span)));
        }
        let mut features = |data: &Value, augment: Option<&Value>| {
            let views = if mirrored { vec![false, true] } else { vec![false] };
            let nodes = views.into_iter().map(|flip| {
                let mut args: Args = [("model", Value::Node(model)), ("data", data.clone())].into_iter().collect();
                if flip {
                    args.insert("flip", Value::Bool(true));
                }
                if let Some(augment) = augment {
                    args.insert("augment", augment.clone());
                    if let Some(seed) = protocol.get("seed") {
                        args.insert("seed", seed.clone());
                    }
                }
                Value::Node(self.graph.add("features", args, Some(span)))
            });
            Value::List(nodes.collect())
        };
        let gallery = features(&data, protocol.get("gallery"));
        let probe = features(&other, protocol.get("probe"));
        let args =
            [("model", Value::Node(model)), ("eval", Value::Node(eval)), ("gallery", gallery), ("probe", probe)].into_iter().collect();
        self.graph.add("judge", args, Some(span))
    }

    /// `compare(rows, columns)`: a table over all arms.
    pub(super) fn compare_call(&mut self, bound: &Bound, span: Span, env: &mut Env) -> Val {
        let (Some(rows), Some(columns)) = (bound.get("rows"), bound.get("columns")) else {
            return Val::new(Type::Report, Value::Poison, span);
        };
        let rows = self.collect(rows, env);
        let columns = self.collect(columns, env);
        let Some(columns) = self.columns(&columns) else { return Val::new(Type::Report, Value::Poison, span) };
        let mut evals: IndexSet<NodeId> = IndexSet::new();
        for (_, metric) in &columns {
            metric.nodes(&mut |node| {
                if self.graph.node(node).op == "verification" {
                    evals.insert(node);
                }
            });
        }
        let mut replicates = BTreeSet::new();
        let mut lowered = Vec::new();
        for row in &rows {
            replicates.extend(row.point.keys().filter(|axis| self.is_replicate(**axis)).flat_map(|axis| self.axis_names(*axis)));
            let Some(row) = self.row(row, &evals, span) else { return Val::new(Type::Report, Value::Poison, span) };
            if !lowered.contains(&row) {
                lowered.push(row);
            }
        }
        let columns = columns
            .into_iter()
            .map(|(label, metric)| {
                Value::Record([("label".to_owned(), Value::Text(label)), ("metric".to_owned(), metric)].into_iter().collect())
            })
            .collect();
        let mut args: Args = [("rows", Value::List(lowered)), ("columns", Value::List(columns))].into_iter().collect();
        if !replicates.is_empty() {
            args.insert("replicates", Value::List(replicates.into_iter().map(Value::Text).collect()));
        }
        if let Some(baseline) = bound.get("baseline") {
            let val = self.evaluate_given(baseline, env);
            let val = self.coerce(val, &Type::Text, env.module, "`baseline` of `compare`");
            args.insert("baseline", val.value);
        }
        Val::new(Type::Report, Value::Node(self.graph.add("table", args, Some(span))), span)
    }

    fn row(&mut self, row: &Collected, evals: &IndexSet<NodeId>, span: Span) -> Option<Value> {
        let mut fields: IndexMap<String, Value> = [("label".to_owned(), Value::Text(row.label.clone()))].into_iter().collect();
        let arm = self.arm(&row.point);
        if !arm.is_empty() {
            fields.insert("arm".to_owned(), Value::Record(arm.into_iter().map(|(name, text)| (name, Value::Text(text))).collect()));
        }
        match (&row.val.ty, &row.val.value) {
            (Type::Model, Value::Node(model)) => {
                let judged = evals.iter().map(|eval| Value::Node(self.judge(*model, *eval, span))).collect();
                fields.insert("model".to_owned(), Value::Node(*model));
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
        Some(Value::Record(fields))
    }

    fn columns(&mut self, columns: &[Collected]) -> Option<Vec<(String, Value)>> {
        let mut out = Vec::new();
        for column in columns {
            match (&column.val.ty, &column.val.value) {
                (Type::Metric, Value::Op(_)) => {
                    let arm = self.arm(&column.point);
                    out.push((crate::plan::in_arm(&column.label, &arm), column.val.value.clone()));
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
        for (label, element) in elements {
            for (point, val) in self.everywhere(element, env, |_, _| true) {
                let label = label.clone().unwrap_or_else(|| self.label_of(element, &val));
                out.push(Collected { label, point, val });
            }
        }
        out
    }

    fn flatten(&mut self, val: Val, point: &Point) -> Vec<Collected> {
        let collected = |label: String, ty: &Type, value: &Value| Collected {
            label,
            point: point.clone(),
            val: Val::new(ty.clone(), value.clone(), val.span),
        };
        match (&val.ty, &val.value) {
            (Type::List(of), Value::List(items)) => items.iter().map(|item| collected(self.node_label(item), of, item)).collect(),
            (Type::Record(types), Value::Record(fields)) => {
                fields.iter().map(|(name, value)| collected(name.clone(), types.get(name).unwrap_or(&Type::Unknown), value)).collect()
            }
            _ => vec![collected(self.node_label(&val.value), &val.ty, &val.value)],
        }
    }

    /// An expression's values in all arms of the free axes that `wanted` accepts.
    fn everywhere(
        &mut self,
        expr: &Expr,
        env: &mut Env,
        wanted: impl Fn(&mut Self, super::modules::BindingId) -> bool,
    ) -> Vec<(Point, Val)> {
        let mut axes = BTreeSet::new();
        let mut locals = env.locals.iter().map(|(name, _)| name.clone()).collect();
        self.axes_in(env.module, expr, &mut locals, &mut axes);
        axes.retain(|axis| !env.point.contains_key(axis) && wanted(self, *axis));
        let outer = env.point.clone();
        let mut out = Vec::new();
        for point in self.points(&axes) {
            env.point = outer.clone();
            env.point.extend(point.iter().map(|(axis, index)| (*axis, *index)));
            out.push((point, self.expr(expr, env)));
        }
        env.point = outer;
        out
    }

    fn evaluate_given(&mut self, given: &Given, env: &mut Env) -> Val {
        match given {
            Given::Expr(expr) => self.expr(expr, env),
            Given::Val(val) => val.clone(),
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
                let far = op.args.get("far").and_then(Value::magnitude).map_or_else(String::new, |far| format!("@{far:e}"));
                of.map_or_else(|| format!("{}{far}", op.op), |of| format!("{of}.{}{far}", op.op))
            }
            other => other.to_string(),
        }
    }

    /// `score(model, metric)`: over the replicates that the model depends on.
    pub(super) fn score_call(&mut self, bound: &Bound, span: Span, env: &mut Env) -> Val {
        let (Some(model), Some(metric)) = (bound.get("model"), bound.get("metric")) else {
            return Val::new(Type::Score, Value::Poison, span);
        };
        let metric = self.evaluate_given(metric, env);
        let metric = self.coerce(metric, &Type::Metric, env.module, "`metric` of `score`");
        let models: Vec<Val> = match model {
            Given::Expr(expr) => {
                self.everywhere(expr, env, |compiler, axis| compiler.is_replicate(axis)).into_iter().map(|(_, val)| val).collect()
            }
            Given::Val(val) => vec![val.clone()],
        };
        let mut eval = None;
        metric.value.nodes(&mut |node| eval = eval.or(Some(node)));
        let mut judged = Vec::new();
        for val in models {
            let val = self.coerce(val, &Type::Model, env.module, "`model` of `score`");
            match (&val.value, eval) {
                (Value::Node(model), Some(eval)) => judged.push(Value::Node(self.judge(*model, eval, span))),
                _ => return Val::new(Type::Score, Value::Poison, span),
            }
        }
        let score = [("judged".to_owned(), Value::List(judged)), ("metric".to_owned(), metric.value)].into_iter().collect();
        Val::new(Type::Score, super::claims::tagged("score", Value::Record(score)), span)
    }

    /// `select(model, by, over)` and `average(model, over)`: take axes away.
    pub(super) fn over_call(&mut self, decl: &'static Decl, bound: &Bound, span: Span, env: &mut Env) -> Val {
        let poison = Val::new(Type::Model, Value::Poison, span);
        let (Some(Given::Expr(over)), Some(model)) = (bound.get("over"), bound.get("model")) else { return poison };
        let names: Vec<(String, Span)> = match &over.kind {
            ExprKind::List(items) => items
                .iter()
                .filter_map(|item| if let ExprKind::Name(name) = &item.kind { Some((name.clone(), item.span)) } else { None })
                .collect(),
            ExprKind::Name(name) => vec![(name.clone(), over.span)],
            _ => Vec::new(),
        };
        let mut unknown = false;
        for (name, at) in &names {
            unknown |= self.name(name, *at, env).is_poison();
        }
        if unknown {
            return poison;
        }
        let Given::Expr(model) = model else {
            return self.wrong(
                Diagnostic::error(Code::BadAxis, format!("`{}` takes the model by name, not through a pipe", decl.name)).at(span, "piped"),
                span,
            );
        };
        let wanted: Vec<String> = names.iter().map(|(name, _)| name.clone()).collect();
        let arms = self.everywhere(model, env, |compiler, axis| compiler.axis_names(axis).iter().any(|name| wanted.contains(name)));
        if wanted.is_empty() || arms.iter().all(|(point, _)| point.is_empty()) {
            return self.wrong(
                Diagnostic::error(Code::BadAxis, "this model does not depend on the axes of `over`")
                    .at(over.span, "no such axes")
                    .help("name axes that a `sweep` or a `replicate` declares"),
                span,
            );
        }
        let mut models = Vec::new();
        for (_, val) in arms {
            match self.coerce(val, &Type::Model, env.module, &format!("`model` of `{}`", decl.name)).value {
                node @ Value::Node(_) => models.push(node),
                _ => return poison,
            }
        }
        let Some(by) = bound.get("by") else {
            let args = [("models", Value::List(models))].into_iter().collect();
            return Val::new(Type::Model, Value::Node(self.graph.add("averaged", args, Some(span))), span);
        };
        let metric = self.evaluate_given(by, env);
        let metric = self.coerce(metric, &Type::Metric, env.module, "`by` of `select`");
        let mut eval = None;
        metric.value.nodes(&mut |node| eval = eval.or(Some(node)));
        let Some(eval) = eval else { return poison };
        let mut judged = Vec::new();
        for model in &models {
            model.nodes(&mut |node| judged.push(node));
        }
        let judged = judged.into_iter().map(|model| Value::Node(self.judge(model, eval, span))).collect();
        let args = [("models", Value::List(models)), ("judged", Value::List(judged)), ("metric", metric.value)].into_iter().collect();
        Val::new(Type::Model, Value::Node(self.graph.add("chosen", args, Some(span))), span)
    }
}
