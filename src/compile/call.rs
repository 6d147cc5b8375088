//! Calls: of operators, of `def`s, of metrics and parts.

use super::bind::{Callee, Slot};
use super::meter::near;
use super::modules::{BindingId, Kind, ModuleId};
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic, Spot, did_you_mean, meant, one_of};
use crate::lang::decl::{Decl, Operator as _, ParamDecl};
use crate::lang::types::Type;
use crate::lang::value::{NodeId, OpValue, Value};
use crate::ops::data::{Annotate, Split};
use crate::ops::evals::{Tar, ThresholdAt, Verification};
use crate::ops::nets::Part;
use crate::ops::{ARGUMENTS_NOT_YET, NOT_YET, declared, registry};
use crate::source::Span;
use crate::syntax::tree::{Arg, Call, Expr, ExprKind, Word};
use indexmap::IndexMap;

/// An argument before it is evaluated: an expression, or the value that a pipe puts first.
#[derive(Clone)]
pub(super) enum Given<'e> {
    Expr(&'e Expr),
    Val(Val),
}

impl Given<'_> {
    pub(super) fn span(&self) -> Span {
        match self {
            Given::Expr(expr) => expr.span,
            Given::Val(val) => val.span,
        }
    }
}

/// Arguments by parameter.
pub(super) type Bound<'e> = IndexMap<&'static str, Given<'e>>;

impl Compiler<'_> {
    pub(super) fn call(&mut self, call: &Call, piped: Option<Val>, env: &mut Env) -> Val {
        let span = call.span;
        match call.path.as_slice() {
            [] => Val::poison(span),
            [callee] => self.call_word(callee, &call.args, piped, span, env),
            [first, middle @ .., last] => {
                if first.text == "std" && !self.modules[env.module.0].names.contains_key("std") {
                    return self.call_standard(middle, last, &call.args, piped, span, env);
                }
                if let Some(&place) = self.modules[env.module.0].names.get(&first.text)
                    && let Kind::Module(inner) = self.modules[env.module.0].bindings[place].kind
                    && middle.is_empty()
                {
                    return self.call_in(inner, last, &call.args, piped, span, env);
                }
                // what a recipe that is used declares is reached through its name
                let (mut base, fields) = match middle {
                    [member, fields @ ..] => {
                        let first = Expr { kind: ExprKind::Name(first.text.clone()), span: first.span };
                        (self.field_of(&first, member, env), fields)
                    }
                    [] => (self.name(&first.text, first.span, env), middle),
                };
                for field in fields {
                    base = self.field_before(base, field, env.row.as_ref());
                }
                self.method(base, last, &call.args, span, env)
            }
        }
    }

    fn call_standard(&mut self, middle: &[Word], last: &Word, args: &[Arg], piped: Option<Val>, span: Span, env: &mut Env) -> Val {
        let [module] = middle else {
            return self.wrong(
                Diagnostic::error(Code::UnknownModule, "something of the standard library is called as std.module.name(…)")
                    .at(span, "this is not"),
                span,
            );
        };
        match self.standard(&module.text, module.span) {
            Some(inner) => self.call_in(inner, last, args, piped, span, env),
            None => Val::poison(span),
        }
    }

    /// A call of a `def` of another module.
    fn call_in(&mut self, inner: ModuleId, name: &Word, args: &[Arg], piped: Option<Val>, span: Span, env: &mut Env) -> Val {
        if let Some(&place) = self.modules[inner.0].names.get(&name.text)
            && !name.text.starts_with('_')
            && let Kind::Def(_) = self.modules[inner.0].bindings[place].kind
        {
            return self.call_def(BindingId { module: inner, place }, args, piped, span, env);
        }
        let module = &self.modules[inner.0];
        let junk = module.names.get(&name.text).is_none_or(|place| matches!(module.bindings[*place].kind, Kind::Junk));
        if module.torn && junk {
            return Val::poison(span);
        }
        let near = {
            let module = &self.modules[inner.0];
            let defs: Vec<&str> = module
                .bindings
                .iter()
                .filter(|it| matches!(it.kind, Kind::Def(_)) && !it.name.starts_with('_'))
                .map(|it| it.name.as_str())
                .collect();
            match near(&mut self.meter, &name.text, defs.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if defs.is_empty() => "it has no defs".to_owned(),
                None => format!("its defs are {}", one_of(defs.iter().copied())),
            }
        };
        self.wrong(
            Diagnostic::error(Code::UnknownOperator, format!("there is no def `{}` there", name.text)).at(name.span, "unknown").help(near),
            span,
        )
    }

    fn call_word(&mut self, callee: &Word, args: &[Arg], piped: Option<Val>, span: Span, env: &mut Env) -> Val {
        if let Some(id) = self.def_of(env.module, &callee.text) {
            return self.call_def(id, args, piped, span, env);
        }
        let module = &self.modules[env.module.0];
        if module.names.get(&callee.text).is_some_and(|place| matches!(module.bindings[*place].kind, Kind::Junk)) {
            return Val::poison(span);
        }
        if super::row::FUNCTIONS.contains(&callee.text.as_str()) {
            return self.function(&callee.text, args, span, env);
        }
        if let Some(decl) = declared(callee.text.as_str()).filter(|decl| !decl.hidden) {
            let val = self.operate(decl, args, piped, span, callee.span, env);
            return self.metric_of_protocol(val, callee.span);
        }
        self.unknown_operator(callee, args, span, env)
    }

    fn unknown_operator(&mut self, callee: &Word, args: &[Arg], span: Span, env: &mut Env) -> Val {
        if let Some((name, what)) = NOT_YET.iter().find(|(name, _)| *name == callee.text) {
            if self.not_yet.insert((*name).to_owned()) {
                self.diagnostics.push(
                    Diagnostic::error(Code::NotYet, format!("`{name}` does not exist yet: {what} is planned"))
                        .at(callee.span, "not yet")
                        .help("`ddl doc` lists the operators that exist"),
                );
            }
            return Val::poison(span);
        }
        for arg in args.iter().filter(|arg| !matches!(arg.value.kind, ExprKind::Record(_))) {
            self.use_names(&arg.value, env);
        }
        if let Some((ty, help)) = self.not_called(&callee.text, args, env) {
            let what = if ty == Type::Unknown { "a value".to_owned() } else { ty.to_string() };
            let said = Diagnostic::error(Code::UnknownOperator, format!("`{}` is {what}, and no operator", callee.text));
            return self.wrong(said.at(callee.span, "called").help(help), span);
        }
        let near = {
            let module = &self.modules[env.module.0];
            let defs = module.bindings.iter().filter(|it| matches!(it.kind, Kind::Def(_) | Kind::Imported(_))).map(|it| it.name.as_str());
            let ops = registry().values().filter(|decl| !decl.hidden).map(|decl| decl.name);
            let foreign = meant(Spot::Call, &callee.text).map(str::to_owned);
            foreign.or_else(|| near(&mut self.meter, &callee.text, ops.chain(defs)).map(|near| format!("did you mean `{near}`?")))
        };
        let near = near.unwrap_or_else(|| "`ddl doc` lists the operators".to_owned());
        self.wrong(
            Diagnostic::error(Code::UnknownOperator, format!("there is no operator `{}`", callee.text))
                .at(callee.span, "unknown")
                .help(near),
            span,
        )
    }

    /// Whether an argument is one that the language has and this version's operator does not; says so, once for each.
    pub(super) fn says_not_yet(&mut self, op: &str, label: &Word) -> bool {
        let Some((_, name, what)) = ARGUMENTS_NOT_YET.iter().find(|(of, name, _)| *of == op && *name == label.text) else { return false };
        if self.not_yet.insert(format!("{op}({name})")) {
            self.diagnostics.push(
                Diagnostic::error(Code::NotYet, format!("`{name}` of `{op}` does not exist yet: {what} is planned"))
                    .at(label.span, "not yet")
                    .help(format!("`ddl doc {op}` lists the parameters that exist")),
            );
        }
        true
    }

    /// `pose.tar(1e-3)`, `pose.accuracy`, `net.trunk`.
    pub(super) fn method(&mut self, base: Val, name: &Word, args: &[Arg], span: Span, env: &mut Env) -> Val {
        match base.ty {
            Type::Eval => {
                if let Some(of_panel) = self.of_panel(&base, name) {
                    return of_panel;
                }
                let is_metric = |decl: &&Decl| !decl.hidden && decl.yields() == Type::Metric;
                let is_told = |decl: &&Decl| is_metric(decl) || !decl.hidden && decl.yields() == Type::Threshold;
                if let Some(decl) = declared(name.text.as_str()).filter(is_told) {
                    let val = self.operate(decl, args, Some(base), span, name.span, env);
                    return self.metric_of_protocol(val, name.span);
                }
                let known: Vec<&str> = match &base.value {
                    Value::Node(eval) => self.metrics_of(*eval),
                    _ => registry().values().copied().filter(is_metric).map(|decl| decl.name).collect(), // which protocol it is, is not known
                };
                let tells = known.contains(&Tar::NAME);
                let near = did_you_mean(&name.text, known.iter().copied().chain(tells.then_some(ThresholdAt::NAME)))
                    .map_or_else(|| format!("its metrics are {}", one_of(known.iter().copied())), |near| format!("did you mean `{near}`?"));
                self.wrong(
                    Diagnostic::error(Code::UnknownField, format!("an evaluation has no metric `{}`", name.text))
                        .at(name.span, "unknown")
                        .help(near),
                    span,
                )
            }
            Type::Model => self.part(base, name, !args.is_empty(), span),
            Type::Unknown => Val::poison(span),
            ref ty => {
                let unknown =
                    Diagnostic::error(Code::UnknownField, format!("{ty} has nothing called `{}`", name.text)).at(name.span, "unknown");
                let help = self.piped_instead(&base, &name.text);
                let operator = declared(name.text.as_str()).filter(|_| help.is_some());
                self.diagnostics.push(unknown.maybe_help(help));
                match operator {
                    // what is wrong with the call beside that
                    Some(decl) => self.operate(decl, args, Some(base), span, name.span, env),
                    None => {
                        for arg in args.iter().filter(|arg| !matches!(arg.value.kind, ExprKind::Record(_))) {
                            self.use_names(&arg.value, env);
                        }
                        Val::poison(span)
                    }
                }
            }
        }
    }

    /// What to write for `faces.split(…)`, where `split` is an operator that takes what stands before the point.
    pub(super) fn piped_instead(&mut self, base: &Val, name: &str) -> Option<String> {
        let decl = declared(name).filter(|decl| !decl.hidden)?;
        if decl.yields() == Type::Metric {
            return Some(format!("a model's number is a score under a protocol: score(model, protocol.{name})"));
        }
        let first = decl.params.first()?;
        let said = self.said_at(base.span);
        self.fits(base, &first.ty, super::modules::ModuleId(0))
            .then(|| format!("an operator is given what it works on by `|>`: {said} |> {name}(…)"))
    }

    fn part(&mut self, base: Val, name: &Word, called: bool, span: Span) -> Val {
        let Value::Node(model) = base.value else { return Val::new(Type::Part, base.value, span) };
        let Some(backbone) = self.backbone_of(model) else { return Val::poison(span) };
        let added = self.added_to(model);
        // what lies after the part at which something else begins is left behind
        let network = if added.is_empty() { None } else { self.network_value(model) };
        let mut known: Vec<&str> = crate::ops::nets::parts(backbone).iter().copied().chain(added).collect();
        known.retain(|part| network.as_ref().is_none_or(|network| network.part(part).is_ok()));
        if known.contains(&name.text.as_str()) {
            let args = [("model", Value::Node(model)), ("name", Value::text(name.text.as_str()))].into_iter().collect();
            return Val::new(Type::Part, OpValue::new(Part::decl(), args).into(), span);
        }
        let near = did_you_mean(&name.text, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let near = near
            .or_else(|| {
                self.piped_instead(&Val::new(Type::Model, Value::Node(model), base.span), &name.text)
                    .filter(|help| called || help.contains("score("))
            })
            .unwrap_or_else(|| format!("its parts are {}", one_of(known.iter().copied())));
        self.wrong(
            Diagnostic::error(
                Code::UnknownField,
                format!("{} has no part `{}`", network.map_or(backbone.to_owned(), |it| it.name), name.text),
            )
            .at(name.span, "unknown")
            .help(near),
            span,
        )
    }

    /// The backbone that a model was made from.
    pub(super) fn backbone_of(&self, model: NodeId) -> Option<&'static str> {
        self.backbone_node(model).map(|node| self.graph.node(node).op)
    }

    /// The node of the backbone that a model was made from; of several models that one is made of, the first one's.
    pub(super) fn backbone_node(&self, mut model: NodeId) -> Option<NodeId> {
        while !crate::ops::nets::Backbone::is(self.graph.node(model).op) {
            model = self.source_of(model)?;
        }
        Some(model)
    }

    /// The parts that were added to the backbone of a model.
    fn added_to(&self, model: NodeId) -> Vec<&'static str> {
        let sources = std::iter::successors(Some(model), |model| self.source_of(*model));
        sources.filter_map(|model| crate::ops::nets::Extension::part(self.graph.node(model).op)).collect()
    }

    /// The model that a model was made from; nothing of a backbone.
    pub(super) fn source_of(&self, model: NodeId) -> Option<NodeId> {
        let node = self.graph.node(model);
        let stage = self.graph.node(self.stage_of(model));
        let from = stage.args.get("model").or_else(|| stage.args.get("models"))?;
        let from = match (from, node.args.get("name")) {
            (Value::Record(nets), Some(Value::Text(name))) => nets.get(&**name)?,
            (from, _) => from,
        };
        let mut next = None;
        from.nodes(&mut |id| next = next.or(Some(id)));
        next
    }

    /// Binds arguments to parameters, as far as they fit; says what does not, and whether all did.
    pub(super) fn bind_args<'e>(
        &mut self,
        decl: &'static Decl,
        args: &'e [Arg],
        piped: Option<Val>,
        incomplete: Span,
        env: &mut Env,
    ) -> (Bound<'e>, bool) {
        let open = || decl.params.iter().filter(|param| !is_internal(decl, param));
        let slot = |param: &'static ParamDecl| Slot { name: param.name, ty: &param.ty, required: param.default.is_none(), doc: param.doc };
        let callee = Callee { name: decl.name, slots: open().map(slot).collect(), incomplete, declared: None };
        let placed = self.place(&callee, args, piped.as_ref(), env);
        let piped = piped.filter(|_| !placed.taken.is_empty()).map(Given::Val);
        let mut given: Vec<Option<Given>> = placed.taken.iter().map(|at| at.map(|at| Given::Expr(&args[at].value))).collect();
        if let (Some(first), Some(piped)) = (given.first_mut(), piped) {
            *first = Some(piped);
        }
        (open().zip(given).filter_map(|(param, given)| Some((param.name, given?))).collect(), placed.fine)
    }
}

/// Whether an expression is a call of an operator that does not exist yet.
pub(super) fn is_not_yet(expr: &Expr) -> bool {
    let ExprKind::Call(call) = &expr.kind else { return false };
    matches!(call.path.as_slice(), [callee] if NOT_YET.iter().any(|(name, _)| *name == callee.text))
}

/// Whether an argument's name is one that does not exist yet.
pub(super) fn is_argument_not_yet(op: &str, label: Option<&Word>) -> bool {
    label.is_some_and(|label| ARGUMENTS_NOT_YET.iter().any(|(of, name, _)| *of == op && *name == label.text))
}

/// Parameters that the compiler fills in itself.
fn is_internal(decl: &Decl, param: &ParamDecl) -> bool {
    [(Split::NAME, "part"), (Verification::NAME, "bucket"), (Annotate::NAME, SAID)].contains(&(decl.name, param.name))
}

/// Whether an argument that is left out may follow from the data of a call: a pack says which of its pairs are judged.
pub(super) fn is_said_by_data(operator: &str, param: &str) -> bool {
    operator == Verification::NAME && param == PAIRS
}

/// What the observer of an annotation says.
pub(super) const SAID: &str = "said";

/// The pairs of a protocol.
pub(super) const PAIRS: &str = "pairs";
