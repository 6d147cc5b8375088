//! Stages of several networks: `train({a = x, b = y}, …)`, whose terms say which network they train.

use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::decl::Operator as _;
use crate::lang::types::Type;
use crate::lang::value::{Args, NodeId, OpValue, Value};
use crate::ops::stages::{Best, Net, Plateau};
use crate::ops::terms::{Teaches, Term};
use crate::source::Span;
use crate::syntax::tree::{Expr, ExprKind};
use indexmap::IndexMap;

/// The networks of a stage.
pub(super) enum Nets {
    /// One, without a name.
    One(NodeId),
    /// Several by name.
    Several(IndexMap<String, NodeId>),
}

impl Nets {
    /// The network of this name, or the only one.
    pub(super) fn get(&self, name: Option<&str>) -> Option<NodeId> {
        match (self, name) {
            (Nets::One(node), None) => Some(*node),
            (Nets::Several(nets), Some(name)) => nets.get(name).copied(),
            (Nets::One(_), Some(_)) | (Nets::Several(_), None) => None,
        }
    }
}

impl Compiler<'_> {
    /// The name of a network of a stage, or a list of them: a word that stands for itself. A formal of a `def` says another.
    pub(super) fn net_names(&mut self, expr: &Expr, env: &mut Env) -> Val {
        match &expr.kind {
            ExprKind::Name(name) if !env.locals.iter().any(|(local, _)| local == name) => {
                Val::new(Type::Net, Value::text(name.as_str()), expr.span)
            }
            ExprKind::List(items) => {
                let names = items.iter().map(|item| self.net_names(item, env)).collect();
                self.list_of(names, expr.span)
            }
            _ => self.expr(expr, env),
        }
    }

    /// The networks that a stage starts from (one may have a name where plays name it); nothing while a parameter decides them. Two that
    /// are one node are said before.
    pub(super) fn nets(&mut self, model: Option<&Value>, plays: bool, span: Span) -> Option<Nets> {
        let several = match model? {
            Value::Node(node) => return Some(Nets::One(*node)),
            Value::Record(fields) => fields,
            _ => return None,
        };
        let mut nets: IndexMap<String, NodeId> = IndexMap::new();
        for (name, value) in several {
            let Value::Node(node) = value else { return None };
            nets.insert(name.clone(), *node);
        }
        if nets.is_empty() || (nets.len() == 1 && !plays) {
            let count = if nets.is_empty() { "no network" } else { "one network" };
            self.diagnostics.push(
                Diagnostic::error(Code::BadArgument, format!("this stage trains {count} by name"))
                    .at(span, "here")
                    .help("a single network needs no name: train(net, …); several: train({a = x, b = y}, …)"),
            );
            return None;
        }
        Some(Nets::Several(nets))
    }

    /// Checks that a term names the networks of its stage, and gives the names of those that it trains.
    pub(super) fn nets_of_term(&mut self, op: &OpValue, nets: &Nets, span: Span) -> Option<Vec<String>> {
        let named = |name: &str| match op.args.get(name) {
            Some(Value::Text(net)) => vec![net.to_string()],
            Some(Value::List(items)) => {
                items.iter().filter_map(|net| if let Value::Text(net) = net { Some(net.to_string()) } else { None }).collect()
            }
            _ => Vec::new(),
        };
        let between = named("between");
        let all: Vec<String> = named("of").into_iter().chain(between.clone()).collect();
        let teaches = Term::kind(op.op()).map_or(Teaches::Network, |kind| kind.teaches);
        let Nets::Several(known) = nets else {
            if all.is_empty() && !matches!(teaches, Teaches::Several | Teaches::Two) {
                return Some(Vec::new());
            }
            self.diagnostics.push(
                Diagnostic::error(Code::NoSuchNet, format!("`{}` names networks, and this stage trains one that needs no name", op.op()))
                    .at(span, "one network")
                    .help("name several: train({a = x, b = y}, …), or leave the name out"),
            );
            return None;
        };
        let names = || known.keys().map(String::as_str);
        if let Some(unknown) = all.iter().find(|name| !known.contains_key(*name)) {
            let near = did_you_mean(unknown, names())
                .map_or_else(|| format!("its networks are {}", one_of(names())), |near| format!("did you mean `{near}`?"));
            self.diagnostics.push(
                Diagnostic::error(Code::NoSuchNet, format!("this stage has no network `{unknown}`, which `{}` names", op.op()))
                    .at(span, "in this stage")
                    .help(near),
            );
            return None;
        }
        // a critic's side is no lesson for the networks that it looks at
        let taught = |names: Vec<String>| if teaches == Teaches::Critic { Vec::new() } else { names };
        if all.is_empty() && known.len() == 1 {
            return Some(taught(known.keys().cloned().collect()));
        }
        if all.is_empty() {
            self.diagnostics.push(
                Diagnostic::error(Code::NoSuchNet, format!("this stage trains several networks, and `{}` does not say which", op.op()))
                    .at(span, "in this stage")
                    .help(format!("say it: {}(…, of = {})", op.op(), known.keys().next().map_or("a", String::as_str))),
            );
            return None;
        }
        let twice = between.iter().enumerate().any(|(at, name)| between[..at].contains(name));
        let apart = if teaches == Teaches::Several { "at least two different networks" } else { "two different networks" };
        if matches!(teaches, Teaches::Several | Teaches::Two) && (between.len() < 2 || twice) {
            self.diagnostics.push(
                Diagnostic::error(Code::BadArgument, format!("`{}` needs {apart}", op.op()))
                    .at(span, "in this stage")
                    .help("name them: between = [a, b]"),
            );
            return None;
        }
        Some(taught(all))
    }

    /// Checks that `keep` and `stop` of a stage of several networks say which one is judged.
    pub(super) fn judged_net(&mut self, args: &Args, nets: &Nets, span: Span) -> bool {
        for name in ["keep", "stop"] {
            let Some(Value::Op(rule)) = args.get(name).cloned() else { continue };
            if matches!(rule.op(), Best::NAME | Plateau::NAME) && self.nets_of_term(&rule, nets, span).is_none() {
                return false;
            }
        }
        true
    }

    /// Checks that every network of a stage is trained by a term.
    pub(super) fn no_idle_net(&mut self, trained: &[String], nets: &Nets, span: Span) -> bool {
        let Nets::Several(known) = nets else { return true };
        let Some(idle) = known.keys().find(|name| !trained.contains(name)) else { return true };
        self.diagnostics.push(
            Diagnostic::error(Code::Idle, format!("no term trains the network `{idle}`"))
                .at(span, "in this stage")
                .help(format!("add a term of it: classify(data, head, of = {idle}); a model that only teaches is a `teacher`")),
        );
        false
    }

    /// What a stage gives: its node, or one node for each of its networks.
    pub(super) fn stage_result(&mut self, stage: NodeId, ty: Type, nets: &Nets, span: Span) -> Val {
        let Nets::Several(nets) = nets else { return Val::new(ty, Value::Node(stage), span) };
        let mut models = IndexMap::new();
        for name in nets.keys() {
            let args = [("stage", Value::Node(stage)), ("name", Value::text(name.as_str()))].into_iter().collect();
            models.insert(name.clone(), Value::Node(self.graph.add(Net::NAME, args, Some(span))));
        }
        Val::new(ty, Value::Record(models.into()), span)
    }

    /// The stage that a model is a network of; the model itself otherwise.
    pub(super) fn stage_of(&self, model: NodeId) -> NodeId {
        match (self.graph.node(model).op, self.graph.node(model).args.get("stage")) {
            (Net::NAME, Some(Value::Node(stage))) => *stage,
            _ => model,
        }
    }
}
