//! An operator's call once its arguments are bound: they are evaluated, checked and made a value or a node.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "counts that the budget of the compiler bounds"
)]

use super::call::{Bound, Given, PAIRS};
use super::modules::{led_outside, stays};
use super::{Compiler, Env, Sample, Val};
use crate::data::probe::beside;
use crate::data::shards;
use crate::data::{At, DataError, Lies};
use crate::diag::{Code, Diagnostic, Severity, did_you_mean, one_of};
use crate::inputs::data_codes;
use crate::lang::decl::{Call as DeclCall, Decl, Limits, Operator, ParamDecl};
use crate::lang::types::{Fields, Type};
use crate::lang::value::{Args, NodeId, OpValue, PathValue, Places, Value};
use crate::ops::data::Annotate;
use crate::ops::declared;
use crate::ops::evals::{Panel, Verification, bucket_names};
use crate::ops::limits::{outside, turned};
use crate::ops::nets::{Checkpoint, Embedded};
use crate::ops::node::Kind;
use crate::ops::outputs::{Compare, Embeddings, Score, Started};
use crate::ops::readers::{self, Images, Reader, Reads};
use crate::ops::stages::{Average, Select, Train};
use crate::quantity::Span as TrainSpan;
use crate::source::Span;
use crate::syntax::tree::{Arg, Expr, ExprKind};
use indexmap::IndexMap;
use std::ops::Bound as End;
use std::path::PathBuf;
use std::sync::Arc;

impl Compiler<'_> {
    pub(super) fn operate(
        &mut self,
        decl: &'static Decl,
        args: &[Arg],
        piped: Option<Val>,
        span: Span,
        callee: Span,
        env: &mut Env,
    ) -> Val {
        if let Some(val) = &piped
            && self.does_not_flow(decl, val, span, env.module)
        {
            return Val::poison(span);
        }
        let before = self.diagnostics.len();
        let (bound, fine) = self.bind_args(decl, args, piped, callee, env);
        let lowered = matches!(decl.name, Compare::NAME | Score::NAME | Select::NAME | Average::NAME);
        if !fine {
            self.own_mistakes(decl, &bound, args, lowered, env);
            return Self::empty_result(decl, span);
        }
        let val = match decl.name {
            Compare::NAME => self.compare_call(&bound, span, env),
            Score::NAME => self.score_call(&bound, span, env),
            Select::NAME | Average::NAME => self.over_call(decl, &bound, span, env),
            _ => {
                let (types, args) = self.arguments(decl, &bound, env);
                self.apply(decl, &types, args, &bound, span)
            }
        };
        if val.is_poison() && self.diagnostics.len() > before {
            self.exchanged(decl, &bound, args, before, env);
        }
        val
    }

    /// Of a call whose arguments don't all fit: what is wrong with each of them alone.
    fn own_mistakes(&mut self, decl: &Decl, bound: &Bound, args: &[Arg], lowered: bool, env: &mut Env) {
        if !lowered {
            self.arguments(decl, bound, env);
        }
        let checked = |arg: &Arg| {
            !lowered && bound.values().any(|given| matches!(given, Given::Expr(expr) if std::ptr::eq(*expr, &raw const arg.value)))
        };
        let looked_at = |arg: &&Arg| match arg.value.kind {
            ExprKind::Record(_) => false,
            // a name may be of what only that argument knows
            ExprKind::Name(_) => !super::call::is_argument_not_yet(decl.name, arg.label.as_ref()),
            _ => true,
        };
        for arg in args.iter().filter(|arg| !checked(arg)).filter(looked_at) {
            let before = self.diagnostics.len();
            self.use_names(&arg.value, env);
            // what it lacks hangs on what it is for, and that is not known
            let own: Vec<Diagnostic> = self.diagnostics.split_off(before);
            let lacks = |it: &Diagnostic| it.code == Code::MissingArgument && it.span() == callee_of(&arg.value);
            self.diagnostics.extend(own.into_iter().filter(|it| !lacks(it)));
        }
    }

    /// What a wrong call gives: nothing, of the type that it would have had.
    fn empty_result(decl: &Decl, span: Span) -> Val {
        match decl.yields() {
            // its attributes are not known
            Type::Dataset(_) | Type::Record(_) | Type::Named(_) => Val::poison(span),
            ty => Val::new(ty, Value::Poison, span),
        }
    }

    /// Evaluates the arguments in the order of the declaration, so that a data set's attributes are known to what follows.
    pub(super) fn arguments(&mut self, decl: &Decl, bound: &Bound, env: &mut Env) -> (IndexMap<&'static str, Type>, Args) {
        let mut types = IndexMap::new();
        let mut args = Args::new();
        for param in &decl.params {
            let Some(given) = bound.get(param.name) else { continue };
            let val = self.argument(decl, param, given, &types, env);
            types.insert(param.name, val.ty.clone());
            let value = shortest(val.value);
            // `none` says nothing: what then holds is the default
            let unsaid = matches!(param.ty, Type::Optional(_)) && value == Value::None;
            if unsaid || param.default.as_ref().is_some_and(|default| means_the_same(default, &value)) {
                continue;
            }
            args.insert(param.name, value);
        }
        (types, args)
    }

    fn argument(&mut self, decl: &Decl, param: &ParamDecl, given: &Given, types: &IndexMap<&'static str, Type>, env: &mut Env) -> Val {
        let what = format!("`{}` of `{}`", param.name, decl.name);
        let val = match given {
            Given::Val(val) => val.clone(),
            Given::Expr(expr) if param.ty == Type::Schema => return self.schema(expr),
            Given::Expr(expr) if param.ty.names_nets() => self.net_names(expr, env),
            Given::Expr(expr) => {
                let row = match types.get("data") {
                    Some(Type::Dataset(attributes)) => Some(Sample::Of(attributes.clone())),
                    Some(Type::Unknown) => None,
                    // networks and terms over batches read attributes of what they will see
                    _ => env.row.clone().or(Some(Sample::Any)),
                };
                let known = !matches!(types.get("data"), Some(Type::Unknown));
                let before = std::mem::replace(&mut env.row, if wants_row(&param.ty) { row } else { None });
                let val = if !known && wants_row(&param.ty) { Val::poison(expr.span) } else { self.expr(expr, env) };
                env.row = before;
                val
            }
        };
        if decl.name == Train::NAME && param.name == "model" && self.twins(&val) {
            return Val::poison(val.span);
        }
        let val = self.coerce(val, &param.ty, env.module, &what);
        let val = self.within_limits(val, param, &what);
        if holds_augments(&param.ty) && !matches!(decl.yields(), Type::Augment | Type::Sampler | Type::Batches) {
            return self.without_steps(val, decl);
        }
        val
    }

    /// Refuses augments that change over a stage where there is none: data is drawn by several stages, and judged.
    fn without_steps(&mut self, val: Val, decl: &Decl) -> Val {
        let Some(curve) = curve_in(&val.value) else { return val };
        let message = format!("`{curve}` changes over a stage, and `{}` has no steps", decl.name);
        let help = "give `draw` the augment: draw(…, augment = …); here a number or a range of numbers fits";
        self.wrong(Diagnostic::error(Code::NoStage, message).at(val.span, "a curve inside").help(help), val.span)
    }

    fn within_limits(&mut self, val: Val, param: &ParamDecl, what: &str) -> Val {
        let Some(limits) = &param.limits else { return val };
        match outside(limits, &val.value) {
            Some(outside) => self.out_of_range(what, limits, &outside, &val.value, val.span),
            None => val,
        }
    }

    /// Says that a number of a value, or of a curve, lies outside of its limits.
    pub(super) fn out_of_range(&mut self, what: &str, limits: &Limits, outside: &Value, whole: &Value, span: Span) -> Val {
        let mut limits = limits.of_value(outside);
        if matches!(outside, Value::Span(TrainSpan::Part(_))) {
            limits.high = End::Unbounded; // what is longer than the stage is said of the stage
        }
        let ends_of = |bound: &End<f64>| if let End::Included(x) | End::Excluded(x) = bound { Some(*x) } else { None };
        let in_degrees = [&limits.low, &limits.high].into_iter().filter_map(ends_of).all(whole_degrees);
        let show = |x: f64| if in_degrees && matches!(outside, Value::Angle(_)) { degrees(x) } else { like(outside, x) };
        let allowed = match (limits.low, limits.high) {
            (End::Included(low), End::Included(high)) => format!("from {} to {}", show(low), show(high)),
            (End::Included(low), End::Excluded(high)) => format!("from {} to less than {}", show(low), show(high)),
            (End::Excluded(low), End::Included(high)) => format!("more than {} and at most {}", show(low), show(high)),
            (End::Excluded(low), End::Excluded(high)) => format!("between {} and {}", show(low), show(high)),
            (End::Included(low), End::Unbounded) => format!("at least {}", show(low)),
            (End::Excluded(low), End::Unbounded) => format!("more than {}", show(low)),
            (End::Unbounded, End::Included(high)) => format!("at most {}", show(high)),
            (End::Unbounded, End::Excluded(high)) => format!("less than {}", show(high)),
            (End::Unbounded, End::Unbounded) => "any number".to_owned(),
        };
        let label = match whole {
            Value::Op(_) => format!("it comes to {outside}"),
            _ => format!("{outside} is outside"), // the number itself stands there
        };
        self.wrong(Diagnostic::error(Code::OutOfRange, format!("{what} is {allowed}")).at(span, label), span)
    }

    /// `{yaw: deg, camera: category}`: words for types, not values.
    fn schema(&mut self, expr: &Expr) -> Val {
        let ExprKind::Record(entries) = &expr.kind else {
            return self.wrong(
                Diagnostic::error(Code::Mismatch, "a schema names columns and their units or types")
                    .at(expr.span, "no schema")
                    .help("write for example: schema = {yaw: deg, camera: category}"),
                expr.span,
            );
        };
        let mut columns = IndexMap::new();
        for entry in entries {
            match &entry.value.kind {
                ExprKind::Name(word) if crate::ops::data::column_type(word).is_some() => {
                    columns.insert(entry.key.text.clone(), word.clone());
                }
                other => {
                    let near = if let ExprKind::Name(word) = other { did_you_mean(word, crate::ops::data::COLUMN_WORDS) } else { None };
                    self.diagnostics.push(
                        Diagnostic::error(Code::UnknownType, format!("the column `{}` needs a unit or a type", entry.key.text))
                            .at(entry.value.span, "neither")
                            .help(near.map_or_else(
                                || format!("one of {}", one_of(crate::ops::data::COLUMN_WORDS)),
                                |near| format!("did you mean `{near}`?"),
                            )),
                    );
                    columns.insert(entry.key.text.clone(), "?".to_owned());
                }
            }
        }
        Val::new(Type::Schema, Value::Schema(columns.into()), expr.span)
    }

    /// Makes a value or a node of checked arguments.
    fn apply(&mut self, decl: &'static Decl, types: &IndexMap<&'static str, Type>, mut args: Args, bound: &Bound, span: Span) -> Val {
        if super::call::is_said_by_data(decl.name, PAIRS) && !args.contains_key(PAIRS) {
            match args.get("data") {
                Some(Value::Node(data)) => {
                    let Some(pairs) = self.pairs_of(*data) else {
                        let incomplete = Diagnostic::error(Code::MissingArgument, format!("`{}` needs {PAIRS}", decl.name));
                        let help = "name a csv of fold, same, a, b; or pairs that are made: random_pairs(), all_pairs(). A pack has its own: bin(path)";
                        return self.wrong(incomplete.at(span, "incomplete").help(help), span);
                    };
                    args.insert(PAIRS, pairs);
                }
                _ => return Val::new((decl.result)(&DeclCall { types, args: &args }), Value::Poison, span), // not known yet, or wrong
            }
        }
        let decl = self.reader_meant(decl, &args);
        let known = self.probe_images(decl, &mut args, span);
        for (param, value) in &mut args {
            if known.is_some_and(|reads| reads.names(param)) {
                continue;
            }
            self.probe_paths(value, lies(decl, param), span);
        }
        let call = DeclCall { types, args: &args };
        let mut complained = false;
        let mut complaints: Vec<_> = turned(decl, &args).into_iter().chain((decl.check)(&call)).collect();
        complaints.extend(Reader::complaints(decl.name, &call, &mut self.patterns));
        self.meter.spend(self.patterns.take_work(), 0);
        for complaint in complaints {
            let at = complaint.param.and_then(|param| bound.get(param)).map_or(span, Given::span);
            self.diagnostics.push(Diagnostic::error(Code::BadArgument, complaint.message).at(at, "here").maybe_help(complaint.help));
            complained = true;
        }
        let ty = (decl.result)(&call);
        let poisoned = complained || args.values().any(|value| matches!(value, Value::Poison));
        if poisoned {
            return Val::new(ty, Value::Poison, span);
        }
        self.taps.remember(decl, &args, |param| bound.get(param).map_or(span, Given::span));
        let places: Places = args.keys().filter_map(|&name| Some((name, bound.get(name)?.span()))).collect();
        match ty {
            ty if decl.name == Train::NAME => self.train(args, ty, places, span),
            Type::Record(parts) => self.parts(decl, &parts, &args, &places, span),
            Type::Objective => {
                let term = OpValue::new(decl, args).said(places).into();
                Val::new(Type::Objective, super::objective::single(term), span)
            }
            ty if ty.is_node() => {
                if decl.name == Embeddings::NAME {
                    let node = self.embeddings(args, places, span);
                    return Val::new(ty, node.map_or(Value::Poison, Value::Node), span);
                }
                if ty == Type::Export {
                    self.stored_model(&mut args, span);
                }
                if decl.name == Annotate::NAME {
                    self.observed(&mut args, span);
                }
                if !self.has_what_is_extended(decl, &args, span) {
                    return Val::new(ty, Value::Poison, span);
                }
                if decl.name == Verification::NAME && args.contains_key("by") {
                    return self.buckets(&args, &places, span);
                }
                let node = self.graph.add_said(decl.name, args, places, span);
                Val::new(ty, Value::Node(node), span)
            }
            ty => Val::new(ty, OpValue::new(decl, args).said(places).into(), span),
        }
    }

    /// A file is written of a result in the store: a network that no stage trained becomes one.
    fn stored_model(&mut self, args: &mut Args, span: Span) {
        let Some(Value::Node(model)) = args.get("model") else { return };
        if Kind::of(self.graph.node(*model).op) == Some(Kind::NETWORK) {
            let network = [("model", Value::Node(*model))].into_iter().collect();
            args.insert("model", Value::Node(self.graph.add(Started::NAME, network, Some(span))));
        }
    }

    /// The buckets of a protocol as a panel.
    fn buckets(&mut self, args: &Args, places: &Places, span: Span) -> Val {
        let edges = match args.get("by") {
            Some(Value::Op(by)) => by.args.get("edges").cloned(),
            Some(open) => return Val::new(Type::Eval, open.clone(), span), // while a parameter decides it
            None => None,
        };
        let Some(Value::List(edges)) = edges else { return Val::new(Type::Eval, Value::Poison, span) };
        let mut evals = IndexMap::new();
        for (place, name) in bucket_names(&edges).into_iter().enumerate() {
            if !self.in_budget() {
                return Val::poison(span);
            }
            let mut args = args.clone();
            args.insert("bucket", Value::Int(place as i64));
            evals.insert(name, Value::Node(self.graph.add_said(Verification::NAME, args, places.clone(), span)));
        }
        let args = [("evals", Value::Record(evals.into()))].into_iter().collect();
        Val::new(Type::Eval, Value::Node(self.graph.add_said(Panel::NAME, args, places.clone(), span)), span)
    }

    /// One node for each part of a split.
    fn parts(&mut self, decl: &'static Decl, parts: &Fields, args: &Args, places: &Places, span: Span) -> Val {
        let mut nodes = IndexMap::new();
        for name in parts.keys() {
            if !self.in_budget() {
                return Val::poison(span);
            }
            let mut args = args.clone();
            args.insert("part", Value::text(name.as_str()));
            nodes.insert(name.clone(), Value::Node(self.graph.add_said(decl.name, args, places.clone(), span)));
        }
        Val::new(Type::Record(parts.clone()), Value::Record(nodes.into()), span)
    }

    /// The reader that `images` means, by what lies at its path. What is wrong there is said when it is looked at.
    fn reader_meant(&self, decl: &'static Decl, args: &Args) -> &'static Decl {
        let (Images::NAME, Some(prober), Some(Value::Path(path))) = (decl.name, self.options.prober, args.get("path")) else { return decl };
        let inside = |real: &PathBuf| path.within.as_ref().is_none_or(|within| stays(self.world, real, within));
        let Some(real) = path.real.as_ref().filter(|real| inside(real)) else { return decl };
        prober.known(real, readers::known).ok().flatten().and_then(declared).unwrap_or(decl)
    }

    /// Looks at the images of a reader, those that a list names among them: the folder that they lie below is a place, and means nothing by
    /// itself. Where they were looked at, what it reads.
    fn probe_images(&mut self, decl: &'static Decl, args: &mut Args, span: Span) -> Option<Reads> {
        let reads = Reader::reads(decl.name)?;
        let (Some(prober), Some(Value::Path(file))) = (self.options.prober, args.get(reads.path).cloned()) else { return None };
        let folder = match reads.below.and_then(|below| args.get(below)) {
            None | Some(Value::None) => None,
            Some(Value::Path(folder)) => Some(folder.clone()),
            Some(_) => return None, // a parameter without a value
        };
        let real = file.real.clone()?;
        let below = match (reads.below, &folder) {
            (None, _) => None,
            (Some(_), None) => Some(beside(&real)),
            (Some(_), Some(folder)) => Some(folder.real.clone()?),
        };
        // both are looked at, so that both are said
        let inside = [Some(&file), folder.as_ref()].map(|path| path.is_none_or(|path| self.stays_inside(path, span)));
        if inside.contains(&false) {
            return None; // nothing is read of what lies outside
        }
        let at = At { path: &real, below: below.as_deref() };
        let look = Reader::look(decl.name, args).unwrap_or(reads.look);
        let digest = self.digest_of((real.clone(), below.clone()), span, || prober.images(at, look));
        for (name, path, digest) in [(Some(reads.path), Some(file), digest), (reads.below, folder, Some(String::new()))] {
            let (Some(name), Some(path)) = (name, path) else { continue };
            self.remember_path(&path);
            args.insert(name, Value::Path(PathValue { digest, ..(*path).clone() }.into()));
        }
        Some(reads)
    }

    /// The pairs that a data set says itself.
    fn pairs_of(&self, data: NodeId) -> Option<Value> {
        let node = self.graph.node(data);
        let Some(Value::Path(path)) = node.args.get(Reader::reads(node.op).filter(|_| Reader::has_pairs(node.op))?.path) else {
            return None;
        };
        Some(Value::Path(PathValue { digest: None, ..(**path).clone() }.into()))
    }

    /// Looks at what lies at the paths of an argument.
    fn probe_paths(&mut self, value: &mut Value, lies: Lies, span: Span) {
        match value {
            Value::Path(path) => {
                if path.digest.is_some() {
                    return; // a list
                }
                self.remember_path(path);
                let (Some(prober), Some(real)) = (self.options.prober, path.real.clone()) else { return };
                if self.stays_inside(path, span) {
                    // of a pack the digest of its images is one thing, that of all of it another
                    let apart = (lies == Lies::Pairs).then(|| real.clone());
                    let digest = self.digest_of((real.clone(), apart), span, || prober.digest(&real, lies));
                    Arc::make_mut(path).digest = digest;
                }
            }
            Value::Op(op) if op.args.values().any(holds_path) => {
                let mut inner = op.clone().into_inner();
                inner.args.iter_mut().for_each(|(_, value)| self.probe_paths(value, lies, span));
                *op = inner.into();
            }
            Value::List(items) if items.iter().any(holds_path) => {
                let mut inner = items.to_vec();
                inner.iter_mut().for_each(|value| self.probe_paths(value, lies, span));
                *items = inner.into();
            }
            Value::Record(fields) if fields.values().any(holds_path) => {
                let mut inner = fields.clone().into_inner();
                inner.values_mut().for_each(|value| self.probe_paths(value, lies, span));
                *fields = inner.into();
            }
            _ => {} // no path inside
        }
    }

    /// What lies at a path, found once; what is wrong with it is said once.
    fn digest_of(
        &mut self,
        what: (PathBuf, Option<PathBuf>),
        span: Span,
        look: impl FnOnce() -> Result<String, DataError>,
    ) -> Option<String> {
        if let Some(known) = self.digests.get(&what) {
            return known.clone();
        }
        let digest = match look() {
            Ok(digest) => Some(digest),
            Err(error) => {
                self.diagnostics.push(data_codes::failure(None, &error).diagnostic(Severity::Error).at(span, "needed here"));
                None
            }
        };
        self.digests.insert(what, digest.clone());
        digest
    }

    /// Whether a path that the recipe itself says leads nowhere else by a link; if it does, that is said.
    fn stays_inside(&mut self, path: &PathValue, span: Span) -> bool {
        let (Some(within), Some(real)) = (&path.within, &path.real) else { return true };
        let led = shards::named(real).into_iter().find(|file| !stays(self.world, file, within));
        if let Some(file) = &led {
            self.diagnostics.push(led_outside(file, span));
        }
        led.is_none()
    }

    /// Evaluates an expression for its own mistakes and uses only.
    pub(super) fn use_names(&mut self, expr: &Expr, env: &mut Env) {
        let before = env.row.take();
        if !holds_attribute(expr) {
            self.expr(expr, env);
        }
        env.row = before;
    }
}

fn holds_path(value: &Value) -> bool {
    matches!(value, Value::Path(_)) || value.parts().any(holds_path)
}

/// What should lie at the paths of an operator's argument. All files are lists but those of weights.
fn lies(decl: &Decl, param: &str) -> Lies {
    let of_weights = decl.params.iter().any(|it| it.name == param && holds_weights(&it.ty));
    let reads = Reader::reads(decl.name).filter(|reads| reads.names(param));
    match (decl.name, param) {
        _ if reads.is_some_and(|reads| reads.below == Some(param)) => Lies::Folder,
        _ if reads.is_some() => reads.map_or(Lies::Text, |reads| reads.look.lies),
        (Checkpoint::NAME, "path" | "head") | (Embedded::NAME, "path" | "mirrored") => Lies::Anything,
        (Verification::NAME, PAIRS) => Lies::Pairs,
        _ if of_weights => Lies::Anything,
        _ => Lies::Text,
    }
}

fn holds_weights(ty: &Type) -> bool {
    match ty {
        Type::Weights => true,
        Type::Range(of) | Type::List(of) | Type::Named(of) | Type::Optional(of) => holds_weights(of),
        Type::Record(fields) => fields.values().any(holds_weights),
        Type::Union(options) => options.iter().any(holds_weights),
        _ => false, // no weights
    }
}

fn holds_augments(ty: &Type) -> bool {
    match ty {
        Type::Augment => true,
        Type::List(of) | Type::Optional(of) => holds_augments(of),
        Type::Union(options) => options.iter().any(holds_augments),
        _ => false, // no augment
    }
}

/// The name of a curve somewhere inside of a value.
fn curve_in(value: &Value) -> Option<&'static str> {
    match value {
        Value::Op(op) if crate::ops::curves::Shape::is(op.op()) => Some(op.op()),
        _ => value.parts().find_map(curve_in),
    }
}

/// The operator's name in a call.
pub(super) fn callee_of(expr: &Expr) -> Option<Span> {
    let ExprKind::Call(call) = &expr.kind else { return None };
    Some(call.path.last()?.span)
}

pub(super) fn holds_attribute(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Attribute(_) => true,
        ExprKind::Unary { operand, .. } => holds_attribute(operand),
        ExprKind::Chain { first, rest } => holds_attribute(first) || rest.iter().any(|link| holds_attribute(&link.operand)),
        ExprKind::Compare { left, right, .. } => holds_attribute(left) || holds_attribute(right),
        ExprKind::Call(call) => call.args.iter().any(|arg| holds_attribute(&arg.value)),
        _ => false, // attributes stand in the forms above
    }
}

pub(super) fn wants_row(ty: &Type) -> bool {
    match ty {
        Type::Row(_) | Type::Buckets => true, // buckets are made of expressions
        Type::Union(of) => of.iter().all(wants_row),
        Type::Optional(of) => wants_row(of),
        _ => false,
    }
}

/// Whether two values mean the same; of plain numbers and words it is told without writing them down.
fn means_the_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Bool(_), Value::Bool(_))
        | (Value::Int(_), Value::Int(_))
        | (Value::Float(_), Value::Float(_))
        | (Value::Text(_), Value::Text(_))
        | (Value::Fraction(_), Value::Fraction(_))
        | (Value::Node(_), Value::Node(_)) => a == b,
        _ => a == b || a.to_json() == b.to_json(), // ranges, lists and operators: by what a plan says
    }
}

/// The shortest form of a value that can be said in two: `checkpoint(path)` without options is the path.
fn shortest(value: Value) -> Value {
    match value {
        Value::Op(op) => {
            let stands_for = op.decl.stands_for;
            let alone = stands_for.filter(|name| op.args.keys().eq([name]));
            match alone.and_then(|name| op.args.get(name)) {
                Some(value) => value.clone(),
                None => Value::Op(op),
            }
        }
        other => other,
    }
}

/// Whether an angle in radians is a whole number of degrees.
fn whole_degrees(x: f64) -> bool {
    (x.to_degrees() - x.to_degrees().round()).abs() < 1e-9
}

fn degrees(x: f64) -> String {
    format!("{}deg", x.to_degrees().round())
}

/// A number in the unit of a quantity, for messages.
fn like(value: &Value, x: f64) -> String {
    use crate::quantity::{Bytes, Fraction};
    let number = || if x != 0.0 && (x.abs() >= 1e6 || x.abs() < 1e-3) { format!("{x:e}") } else { x.to_string() };
    match value {
        Value::Angle(_) => format!("{x}rad"),
        Value::Fraction(_) | Value::Span(TrainSpan::Part(_)) => Fraction(x).to_string(),
        Value::Pixels(_) => format!("{x}px"),
        Value::Bytes(_) => Bytes(x as u64).to_string(),
        Value::Images(_) => format!("{} images", number()),
        Value::Checks(_) => format!("{} checks", number()),
        Value::Span(TrainSpan::Epochs(_)) => format!("{} epochs", number()),
        Value::Span(TrainSpan::Steps(_)) => format!("{} steps", number()),
        _ => number(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a path may stand in an argument of this type.
    fn takes_path(ty: &Type) -> bool {
        match ty {
            Type::Path => true,
            Type::List(of) | Type::Named(of) | Type::Optional(of) => takes_path(of),
            Type::Union(options) => options.iter().any(takes_path),
            _ => false, // no path
        }
    }

    #[test]
    fn of_every_path_it_is_known_what_should_lie_there() {
        let paths = crate::ops::registry().values().flat_map(|decl| {
            let params = decl.params.iter().filter(|param| takes_path(&param.ty));
            params.map(move |param| format!("{}({}): {:?}", decl.name, param.name, lies(decl, param.name)))
        });
        let mut paths: Vec<String> = paths.collect();
        paths.sort_unstable();
        insta::assert_snapshot!(paths.join("\n"));
    }
}
