//! Between models and numbers: the features and judgements that tables, claims and choices need.

use super::axes::Point;
use super::call::{Bound, Given, SAID};
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic, one_of};
use crate::lang::decl::{Decl, Operator as _};
use crate::lang::types::Type;
use crate::lang::value::{Args, Arm, NodeId, OpValue, Places, Value};
use crate::ops::evals::{Counts, Decided, Identification, Metric, OverPanel, Panel, Plain, Recall, Tar, Tpir, Verification};
use crate::ops::nets::Coupled;
use crate::ops::observers::Measure;
use crate::ops::outputs::{Among, ExportEmbeddings, Features, Judge, Measured, Pooled, Said};
use crate::ops::stages::{Averaged, Chosen};
use crate::source::Span;
use crate::syntax::tree::{Expr, ExprKind};
use indexmap::IndexMap;

/// The models that see the two sides of a protocol: one and the same for most.
#[derive(Clone, Copy)]
pub(super) struct Sides {
    gallery: NodeId,
    probe: NodeId,
}

impl Sides {
    /// One model for both.
    pub(super) fn of(model: NodeId) -> Self {
        Sides { gallery: model, probe: model }
    }

    /// What is judged: a model, or two that `coupled` names; nothing while a parameter decides it.
    pub(super) fn named(value: &Value) -> Option<Self> {
        let node = |value: Option<&Value>| if let Some(Value::Node(node)) = value { Some(*node) } else { None };
        match value {
            Value::Node(model) => Some(Sides::of(*model)),
            Value::Op(op) if op.op() == Coupled::NAME => {
                Some(Sides { gallery: node(op.args.get("gallery"))?, probe: node(op.args.get("probe"))? })
            }
            _ => None, // a hole
        }
    }

    /// The model that a row of these is named after.
    pub(super) fn model(self) -> NodeId {
        self.probe
    }
}

impl Compiler<'_> {
    /// The judgement of a model under a protocol, with the features that it needs.
    pub(super) fn judge(&mut self, sides: Sides, eval: NodeId, span: Span) -> NodeId {
        let node = self.graph.node(eval);
        let (op, protocol) = (node.op, node.args.clone());
        if op == Decided::NAME {
            return self.decide(sides, eval, &protocol, span);
        }
        let given = |name: &str| protocol.get(name).cloned().unwrap_or(Value::Poison);
        let (mut gallery, mut probe) = if op == Identification::NAME {
            (given("gallery"), given("probe"))
        } else {
            let other = if let Some(Value::Op(pairs)) = protocol.get("pairs") { pairs.args.get("with").cloned() } else { None };
            (given("data"), other.unwrap_or_else(|| given("data")))
        };
        if let Some(people) = protocol.get("within") {
            for side in [&mut gallery, &mut probe] {
                let among = [("data", side.clone()), ("people", people.clone())].into_iter().collect();
                *side = Value::Node(self.graph.add(Among::NAME, among, Some(span)));
            }
        }
        // only pairs of images may go through something; a gallery is data or a list, seen as it is
        let through = |name: &str| if op == Verification::NAME { protocol.get(name) } else { None };
        let gallery = self.features(sides.gallery, &gallery, &protocol, through("gallery"), span);
        let probe = self.features(sides.probe, &probe, &protocol, through("probe"), span);
        let model = ("model", Value::Node(sides.probe));
        let mut args: Args = [model, ("eval", Value::Node(eval)), ("gallery", gallery), ("probe", probe)].into_iter().collect();
        if sides.gallery != sides.probe {
            args.insert("gallery_model", Value::Node(sides.gallery));
        }
        if let Some(pool @ Value::Op(_)) = protocol.get("pool") {
            let pooled = [("model", Value::Node(sides.probe)), ("pool", pool.clone())].into_iter().collect();
            args.insert("pooling", Value::Node(self.graph.add(Pooled::NAME, pooled, Some(span))));
        }
        self.graph.add(Judge::NAME, args, Some(span))
    }

    /// The judgement of a model under a protocol that is decided at a threshold: of its scores there, and under what tells the threshold.
    fn decide(&mut self, sides: Sides, eval: NodeId, decided: &Args, span: Span) -> NodeId {
        let mut evals = Vec::new();
        [decided.get("eval"), decided.get("at")].into_iter().flatten().for_each(|it| it.nodes(&mut |node| evals.push(node)));
        let of: Vec<Value> = evals.into_iter().map(|eval| Value::Node(self.judge(sides, eval, span))).collect();
        let nothing = || Value::List(Vec::new().into());
        let model = [("model", Value::Node(sides.probe)), ("eval", Value::Node(eval))];
        let scores = [("gallery", nothing()), ("probe", nothing()), ("of", Value::List(of.into()))];
        let mut args: Args = model.into_iter().chain(scores).collect();
        if sides.gallery != sides.probe {
            args.insert("gallery_model", Value::Node(sides.gallery));
        }
        self.graph.add(Judge::NAME, args, Some(span))
    }

    /// A metric at a threshold, of its protocol as it is decided there; every other metric as it is. A threshold, if its protocol can tell it.
    fn at_threshold(&mut self, metric: Val, at: Span) -> Val {
        let Value::Op(op) = &metric.value else { return metric };
        let (Some(Value::Node(eval)), Some(threshold)) = (op.args.get("eval").cloned(), op.args.get("at").cloned()) else { return metric };
        if let Value::Op(told) = &threshold
            && let Some(Value::Node(there)) = told.args.get("eval")
        {
            // one of a panel may see faces otherwise than the others
            for here in self.protocols_of(eval) {
                let way = |name: &str| [here, *there].map(|it| self.graph.node(it).args.get(name).cloned());
                let alike = |name: &str| matches!(way(name), [one, other] if one == other);
                if alike("embed") && alike("pool") {
                    continue;
                }
                let names = [here, *there].map(|it| self.label_of(&Value::Node(it), None));
                let message = format!("a threshold of `{}` says nothing of `{}`, whose scores are others", names[1], names[0]);
                let wrong = Diagnostic::error(Code::BadArgument, message).at(at, "of other scores");
                return self.wrong(wrong.help("let both embed faces in one way: `embed` and `pool` of the two protocols"), metric.span);
            }
        } else if !matches!(threshold, Value::Float(_) | Value::Int(_)) {
            return metric; // while a parameter decides it
        }
        let decided = match self.graph.node(eval).args.get("evals").cloned() {
            Some(Value::Record(members)) => {
                let mut of = |member: &Value| match member {
                    Value::Node(member) => Value::Node(self.decided(*member, &threshold, metric.span)),
                    open => open.clone(),
                };
                let members: IndexMap<String, Value> = members.iter().map(|(name, member)| (name.clone(), of(member))).collect();
                let by = self.graph.node(eval).args.get("by").cloned();
                let args = [("evals", Value::Record(members.into()))].into_iter().chain(by.map(|by| ("by", by))).collect();
                let names = self.graph.node(eval).names.clone();
                let node = self.graph.add(OverPanel::NAME, args, Some(metric.span));
                self.name_decided(node, names, &threshold);
                node
            }
            _ => self.decided(eval, &threshold, metric.span),
        };
        let mut args = op.args.clone();
        args.insert("eval", Value::Node(decided));
        Val::new(metric.ty, OpValue::new(op.decl, args).into(), metric.span)
    }

    /// A protocol as it is decided at a threshold.
    fn decided(&mut self, eval: NodeId, threshold: &Value, span: Span) -> NodeId {
        let names = self.graph.node(eval).names.clone();
        let args = [("eval", Value::Node(eval)), ("at", threshold.clone())].into_iter().collect();
        let node = self.graph.add(Decided::NAME, args, Some(span));
        self.name_decided(node, names, threshold);
        node
    }

    /// Names what is decided after what it is made of: `asian at all@1e-3`.
    fn name_decided(&mut self, node: NodeId, names: impl IntoIterator<Item = (String, Arm)>, threshold: &Value) {
        let told = match threshold {
            Value::Op(told) => {
                let rate = told.args.get("far").and_then(Value::magnitude).unwrap_or_default();
                format!("{}@{rate:e}", told.args.get("eval").map_or_else(String::new, |there| self.label_of(there, None)))
            }
            cosine => cosine.to_string(),
        };
        for (name, arm) in names {
            self.graph.name(node, &format!("{name} at {told}"), &arm);
        }
    }

    /// A threshold, if its protocol can tell one.
    fn threshold_of_protocol(&mut self, threshold: Val, at: Span) -> Val {
        let Value::Op(op) = &threshold.value else { return threshold };
        let Some(Value::Node(eval)) = op.args.get("eval") else { return threshold };
        let protocol = self.graph.node(*eval).op;
        if self.protocols_of(*eval) == [*eval] && self.metrics_of(*eval).contains(&Tar::NAME) {
            return threshold;
        }
        let (what, help) = if [Panel::NAME, OverPanel::NAME].contains(&protocol) {
            ("a panel".to_owned(), "name one of its protocols, or judge all of their people by one")
        } else {
            let help = "a threshold is taken from pairs of two people: those of a `verification` or a `template_verification`";
            (format!("`{protocol}`"), help)
        };
        let wrong = Diagnostic::error(Code::UnknownField, format!("{what} tells no threshold")).at(at, "no threshold");
        self.wrong(wrong.help(help), threshold.span)
    }

    /// The features of a protocol's images: as they are, and mirrored where the protocol wants that.
    fn features(&mut self, model: NodeId, data: &Value, protocol: &Args, augment: Option<&Value>, span: Span) -> Value {
        let mirrored = !matches!(protocol.get("embed"), Some(Value::Op(embed)) if embed.op() == Plain::NAME);
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
            Value::Node(self.graph.add(Features::NAME, args, Some(span)))
        });
        Value::List(nodes.collect())
    }

    /// A file of embeddings, with the features that it is written of; nothing while a parameter decides on the model or on the data.
    pub(super) fn embeddings(&mut self, mut args: Args, places: Places, span: Span) -> Option<NodeId> {
        let (Some(Value::Node(model)), Some(data @ Value::Node(_))) = (args.remove("model"), args.get("data").cloned()) else {
            return None;
        };
        let alone = || OpValue::new(Plain::decl(), Args::new()).into();
        let embed = [("embed", args.get("embed").cloned().unwrap_or_else(alone))].into_iter().collect();
        let features = self.features(model, &data, &embed, None, span);
        args.insert("features", features);
        Some(self.graph.add_said(ExportEmbeddings::NAME, args, places, span))
    }

    /// What the observer of an annotation says, with the features that it is said of.
    pub(super) fn observed(&mut self, args: &mut Args, span: Span) {
        let (Some(Value::Op(by)), Some(data @ Value::Node(_))) = (args.get("by"), args.get("data").cloned()) else { return };
        let by = by.clone();
        let mut said: Args = [("data", data.clone())].into_iter().collect();
        let op = if by.op() == Measure::NAME { Measured::NAME } else { Said::NAME };
        if let Some(Value::Node(model)) = by.args.get("model") {
            let alone = || OpValue::new(Plain::decl(), Args::new()).into();
            let embed = [("embed", by.args.get("embed").cloned().unwrap_or_else(alone))].into_iter().collect();
            said.insert("features", self.features(*model, &data, &embed, None, span));
        }
        said.insert("by", Value::Op(by));
        args.insert(SAID, Value::Node(self.graph.add(op, said, Some(span))));
    }

    /// The metric, if its protocol has it: an identification has ranks and no accuracy.
    pub(super) fn metric_of_protocol(&mut self, metric: Val, at: Span) -> Val {
        if metric.ty == Type::Threshold {
            return self.threshold_of_protocol(metric, at);
        }
        let (Type::Metric, Value::Op(op)) = (&metric.ty, &metric.value) else { return metric };
        let Some(Value::Node(eval)) = op.args.get("eval") else { return metric };
        let (protocol, known, span) = (self.graph.node(*eval).op, self.metrics_of(*eval), metric.span);
        if known.contains(&op.op()) {
            let keeps = |it: &Value| matches!(it, Value::Text(word) if &**word == "keep");
            let open = |member: NodeId| self.graph.node(member).args.get("strangers").is_some_and(keeps);
            let mut members = self.protocols_of(*eval).into_iter();
            let (message, label, help) = match op.op() {
                Tpir::NAME if !members.all(open) => (
                    "`tpir` takes its threshold from strangers, and this identification keeps none",
                    "no strangers",
                    "say strangers = \"keep\" in the protocol",
                ),
                Recall::NAME if members.any(open) => (
                    "`recall` is of a closed set, and this identification keeps strangers",
                    "an open set",
                    "ask for `tpir`, or leave strangers out: strangers = \"drop\" in the protocol",
                ),
                _ => return self.at_threshold(metric, at),
            };
            return self.wrong(Diagnostic::error(Code::BadArgument, message).at(at, label).help(help), span);
        }
        if protocol == Panel::NAME {
            let wrong = Diagnostic::error(Code::UnknownField, "a panel has no numbers of its own").at(at, "of which protocol?");
            return self.wrong(
                wrong.help("name one of its protocols, or `mean`, `pooled`, `spread`, `ratio` or `worst` of all: sc.mean.rank(1)"),
                span,
            );
        }
        let protocol = if protocol == OverPanel::NAME { Panel::NAME } else { protocol };
        let wrong =
            Diagnostic::error(Code::UnknownField, format!("`{protocol}` has no metric `{}`", op.op())).at(at, "not of this protocol");
        let help = match known.as_slice() {
            _ if self.is_pooled(*eval) && Metric::kind(op.op()) == Some(Counts(None)) => {
                format!("`pooled` sums up what is counted, and `{}` is no count; ask for `mean`", op.op())
            }
            [] => "its protocols have no metric in common".to_owned(),
            known => format!("its metrics are {}", one_of(known.iter().copied()).replace(" or ", " and ")),
        };
        self.wrong(wrong.help(help), span)
    }

    /// An expression's values in all arms of its free axes.
    pub(super) fn everywhere(&mut self, expr: &Expr, env: &mut Env) -> Vec<(Point, Val)> {
        let points = self.free_points(&[expr], env, |_, _| true);
        points.into_iter().map(|point| (point.clone(), self.at(&point, env, |compiler, env| compiler.expr(expr, env)))).collect()
    }

    /// What something is worth at a point of axes that are free here.
    pub(super) fn at<T>(&mut self, point: &Point, env: &mut Env, worth: impl FnOnce(&mut Self, &mut Env) -> T) -> T {
        let outer = env.point.clone();
        env.point.extend(point.iter().map(|(axis, index)| (*axis, *index)));
        let said_before = self.diagnostics.len();
        let found = worth(self, env);
        self.found_at(point, said_before);
        env.point = outer;
        found
    }

    /// Where the first of an axis's names stands in a list.
    fn place_among(&self, axis: super::modules::BindingId, names: &[String]) -> Option<usize> {
        let own = self.axis_names(axis);
        names.iter().position(|name| own.contains(name))
    }

    pub(super) fn evaluate_given(&mut self, given: &Given, env: &mut Env) -> Val {
        match given {
            Given::Expr(expr) => self.expr(expr, env),
            Given::Val(val) => val.clone(),
        }
    }

    /// `score(model, metric)`: over the replicates that the model or its protocol depends on, each model under the protocol of its own arm.
    pub(super) fn score_call(&mut self, bound: &Bound, span: Span, env: &mut Env) -> Val {
        let poison = Val::new(Type::Score, Value::Poison, span);
        let (Some(model), Some(metric)) = (bound.get("model"), bound.get("metric")) else { return poison };
        let points = self.free_points(&exprs([model, metric]), env, |compiler, axis| compiler.is_replicate(axis));
        if points.is_empty() {
            return poison; // too many, which was said
        }
        let mut scored: Vec<(Value, Value)> = Vec::new();
        for point in points {
            let (model, metric) =
                self.at(&point, env, |compiler, env| (compiler.evaluate_given(model, env), compiler.evaluate_given(metric, env)));
            let metric = self.coerce(metric, &Type::Metric, env.module, "`metric` of `score`");
            if !self.is_without_panels(&metric.value, "`score`", metric.span) {
                return poison;
            }
            let model = self.coerce(model, &Type::Union(vec![Type::Model, Type::Coupled]), env.module, "`model` of `score`");
            match (Sides::named(&model.value), eval_of(&metric.value)) {
                (Some(sides), Some(eval)) => scored.push((Value::Node(self.judge(sides, eval, span)), metric.value)),
                _ => return poison,
            }
        }
        // judgements by one metric are averaged as one score
        let one = |judged: Vec<Value>, metric: Value| {
            let score = [("judged".to_owned(), Value::List(judged.into())), ("metric".to_owned(), metric)].into_iter().collect();
            super::claims::tagged("score", Value::Record(score))
        };
        let value = match scored.first() {
            Some((_, metric)) if scored.iter().all(|(_, other)| other == metric) => {
                let metric = metric.clone();
                one(scored.into_iter().map(|(judged, _)| judged).collect(), metric)
            }
            _ => super::claims::tagged("mean", Value::List(scored.into_iter().map(|(judged, metric)| one(vec![judged], metric)).collect())),
        };
        Val::new(Type::Score, value, span)
    }

    /// `select(model, by, over)` and `average(model, over)`: take axes away.
    pub(super) fn over_call(&mut self, decl: &'static Decl, bound: &Bound, span: Span, env: &mut Env) -> Val {
        let poison = Val::new(Type::Model, Value::Poison, span);
        let (Some(Given::Expr(over)), Some(model)) = (bound.get("over"), bound.get("model")) else { return poison };
        let Some(names) = self.named_axes(decl, over, model) else { return poison };
        let mut unknown = false;
        for (name, at) in &names {
            unknown |= self.name(name, *at, env).is_poison();
        }
        if unknown {
            return poison;
        }
        let wanted: Vec<String> = names.iter().map(|(name, _)| name.clone()).collect();
        let reduced = |compiler: &mut Self, axis| compiler.axis_names(axis).iter().any(|name| wanted.contains(name));
        let mut points = self.free_points(&exprs([model]), env, reduced);
        // in the order of `over`, whatever the order of the lines that declare the axes
        points.sort_by_cached_key(|point| {
            let mut place: Vec<_> = point.iter().map(|(axis, index)| (self.place_among(*axis, &wanted), *index)).collect();
            place.sort_unstable();
            place
        });
        if points.is_empty() {
            return poison; // too many, which was said
        }
        if points.iter().all(Point::is_empty) {
            let help = self.depended_on(model, env);
            let names = one_of(wanted.iter().map(String::as_str)).replace(" or ", " and ");
            let message = format!("`model` of `{}` does not depend on {names}", decl.name);
            return self.wrong(Diagnostic::error(Code::BadAxis, message).at(over.span, "the same in all arms").help(help), span);
        }
        // those that the metric alone depends on: a model's number is its mean over them
        let of_metric = match bound.get("by") {
            Some(by) => self.free_points(&exprs([by]), env, |compiler, axis| {
                !points.iter().any(|point| point.contains_key(&axis)) && compiler.axis_names(axis).iter().any(|name| wanted.contains(name))
            }),
            None => vec![Point::new()],
        };
        let (mut models, mut judged, mut metric_of_all) = (Vec::new(), Vec::new(), None);
        for point in &points {
            let val = self.at(point, env, |compiler, env| compiler.evaluate_given(model, env));
            let Value::Node(node) = self.coerce(val, &Type::Model, env.module, &format!("`model` of `{}`", decl.name)).value else {
                return poison;
            };
            models.push(Value::Node(node));
            let Some(by) = bound.get("by") else { continue };
            for more in &of_metric {
                let point: Point = point.iter().chain(more).map(|(axis, index)| (*axis, *index)).collect();
                let metric = self.at(&point, env, |compiler, env| compiler.evaluate_given(by, env));
                let metric = self.coerce(metric, &Type::Metric, env.module, "`by` of `select`");
                if !self.is_without_panels(&metric.value, "`select`", metric.span) {
                    return poison;
                }
                let Some(eval) = eval_of(&metric.value) else { return poison };
                judged.push(Value::Node(self.judge(Sides::of(node), eval, span)));
                if !Self::is_one_metric(metric_of_all.get_or_insert_with(|| metric.value.clone()), &metric.value) {
                    let different = "`by` is another metric in each arm: numbers of different kinds are not compared";
                    let different = Diagnostic::error(Code::BadAxis, different).at(metric.span, "several metrics");
                    return self.wrong(different.help("let the protocol depend on the axis, not the point of its curve"), span);
                }
            }
        }
        if bound.get("by").is_none() {
            let args = [("models", Value::List(models.into()))].into_iter().collect();
            return Val::new(Type::Model, Value::Node(self.graph.add(Averaged::NAME, args, Some(span))), span);
        }
        let mut args: Args = [("models", Value::List(models.into())), ("judged", Value::List(judged.into()))].into_iter().collect();
        // each judgement knows its protocol; where the arms have protocols of their own, the first one's stands for the metric
        args.insert("metric", metric_of_all.unwrap_or(Value::Poison));
        Val::new(Type::Model, Value::Node(self.graph.add(Chosen::NAME, args, Some(span))), span)
    }

    /// The axes that `over` names, with their places; says where it names none, or where a list stands for the arms of a model.
    fn named_axes(&mut self, decl: &Decl, over: &Expr, model: &Given) -> Option<Vec<(String, Span)>> {
        if let Given::Expr(Expr { kind: ExprKind::List(_) | ExprKind::Record(_), span }) = model {
            let message = format!("`{}` takes the arms of one model, and these are several models", decl.name);
            let help = "declare what differs as a `sweep`, build one model on it, and name that axis in `over`; models side by side are rows of `compare`";
            self.diagnostics.push(Diagnostic::error(Code::Mismatch, message).at(*span, "a list").help(help));
            return None;
        }
        let items = if let ExprKind::List(items) = &over.kind { items.as_slice() } else { std::slice::from_ref(over) };
        let mut names: Vec<(String, Span)> = Vec::new();
        for item in items {
            let help = match &item.kind {
                ExprKind::Name(name) if names.iter().any(|(other, _)| other == name) => {
                    let message = format!("the axis `{name}` stands twice in `over` of `{}`", decl.name);
                    let twice = Diagnostic::error(Code::RepeatedArgument, message).at(item.span, "twice");
                    self.diagnostics.push(twice.help("name each axis once"));
                    return None;
                }
                ExprKind::Name(name) => {
                    names.push((name.clone(), item.span));
                    continue;
                }
                ExprKind::String(text) => text.plain().map(|name| format!("axes are named without quotes: over = [{name}]")),
                _ => None, // nothing that a name could be made of
            };
            let help = help.unwrap_or_else(|| "name an axis that a `sweep` or a `replicate` declares: over = [lr]".to_owned());
            self.diagnostics.push(Diagnostic::error(Code::BadAxis, "this is not the name of an axis").at(item.span, "no name").help(help));
            return None;
        }
        if names.is_empty() {
            let nothing = Diagnostic::error(Code::BadAxis, format!("`over` of `{}` names no axis", decl.name)).at(over.span, "none");
            self.diagnostics.push(nothing.help("name axes that a `sweep` or a `replicate` declares: over = [lr]"));
            return None;
        }
        Some(names)
    }

    /// The axes that a model depends on, for a message.
    fn depended_on(&mut self, model: &Given, env: &mut Env) -> String {
        let mut found = std::collections::BTreeSet::new();
        let points = self.free_points(&exprs([model]), env, |_, _| true);
        points.iter().for_each(|point| found.extend(point.keys().copied()));
        let names: Vec<String> = found.into_iter().flat_map(|axis| self.axis_names(axis)).collect();
        if names.is_empty() {
            return "it depends on no axis: there is one such model".to_owned();
        }
        format!("it depends on {}", one_of(names.iter().map(String::as_str)).replace(" or ", " and "))
    }

    /// Whether two metrics are one, each of its own protocol.
    fn is_one_metric(a: &Value, b: &Value) -> bool {
        let (Value::Op(a), Value::Op(b)) = (a, b) else { return a == b };
        let bare = |op: &OpValue| {
            op.args.iter().filter(|(name, _)| **name != "eval").map(|(name, value)| (*name, value.clone())).collect::<Args>()
        };
        a.op() == b.op() && bare(a) == bare(b)
    }
}

/// The arguments that are expressions: what a pipe gives is worth the same in every arm.
fn exprs<'e, const N: usize>(given: [&Given<'e>; N]) -> Vec<&'e Expr> {
    given.into_iter().filter_map(|given| if let Given::Expr(expr) = given { Some(*expr) } else { None }).collect()
}

/// The protocol of a metric.
pub(super) fn eval_of(metric: &Value) -> Option<NodeId> {
    if let Value::Op(op) = metric
        && let Some(Value::Node(eval)) = op.args.get("eval")
    {
        return Some(*eval); // a threshold names another one
    }
    let mut eval = None;
    metric.nodes(&mut |node| eval = eval.or(Some(node)));
    eval
}
