//! Objectives: weighted sums of terms, and what `train` makes of them.
//!
//! While a recipe is read, an objective is `{terms = [{weight, term}, …]}`. A term may still name a bare data set; `train` knows the
//! batch size and the seed, and makes draws of them.

use super::nets::Nets;
use super::{Compiler, Val};
use crate::diag::{Code, Diagnostic};
use crate::lang::decl::{Decl, Limits, Operator as _};
use crate::lang::types::Type;
use crate::lang::value::{Args, NodeId, OpValue, Places, Value};
use crate::ops::data::Draw;
use crate::ops::limits::outside;
use crate::ops::samplers::{Balanced, PairsSampler, Picks, Pk, Sampler};
use crate::ops::stages::{Play, Train};
use crate::ops::terms::{Branch, Ddl, Looks, Term, WEIGHTS, looks_at_people};
use crate::source::Span;
use crate::syntax::tree::ChainOp;

/// An objective of one term.
pub(super) fn single(term: Value) -> Value {
    let weighted = [("weight".to_owned(), Value::Float(1.0)), ("term".to_owned(), term)].into_iter().collect();
    of_terms(vec![Value::Record(weighted)])
}

pub(super) fn terms(objective: &Value) -> Vec<Value> {
    match objective {
        Value::Record(fields) => match fields.get("terms") {
            Some(Value::List(terms)) => terms.to_vec(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

pub(super) fn of_terms(terms: Vec<Value>) -> Value {
    Value::Record([("terms".to_owned(), Value::List(terms.into()))].into_iter().collect())
}

/// Who draws for a stage.
pub(super) struct Stage {
    batch: Option<Value>,
    /// Where its batch is said.
    batch_at: Span,
    seed: i64,
    /// Where it is said.
    pub(super) span: Span,
}

impl Compiler<'_> {
    pub(super) fn objective_binary(&mut self, op: ChainOp, op_span: Span, left: Val, right: Val) -> Val {
        let span = left.span.to(right.span);
        // a weight may wait for a parameter, a term that does is none yet
        let unknown = |val: &Val| val.is_hole() && (val.ty == Type::Objective || op == ChainOp::Add || !self.is_open(&val.value));
        if unknown(&left) || unknown(&right) {
            return Val::new(Type::Objective, if left.is_hole() { left.value } else { right.value }, span);
        }
        match (op, &left.ty, &right.ty) {
            (ChainOp::Add, Type::Objective, Type::Objective) => {
                let mut all = terms(&left.value);
                all.extend(terms(&right.value));
                Val::new(Type::Objective, of_terms(all), span)
            }
            (ChainOp::Mul, Type::Objective, _) => self.weigh(right, left, op_span, span),
            (ChainOp::Mul, _, Type::Objective) => self.weigh(left, right, op_span, span),
            (ChainOp::Div, Type::Objective, Type::Int | Type::Float) if right.is_hole() => {
                self.weigh(Val { ty: Type::Float, ..right }, left, op_span, span)
            }
            (ChainOp::Div, Type::Objective, Type::Int | Type::Float) => {
                let Some(by) = right.value.magnitude() else { return Val::poison(span) };
                if !(1.0 / by).is_finite() {
                    return self.not_finite(span);
                }
                self.weigh(Val::new(Type::Float, Value::Float(1.0 / by), right.span), left, op_span, span)
            }
            _ => self.bad_operands(op.text(), op_span, &left, &right, Some("terms are added, and multiplied by a number or a curve")),
        }
    }

    fn weigh(&mut self, weight: Val, objective: Val, op_span: Span, span: Span) -> Val {
        let factor = match (&weight.ty, &weight.value) {
            (Type::Int | Type::Float, value) => super::arith::as_float(value.clone()),
            (Type::Quantity(crate::lang::types::Dimension::Fraction), Value::Fraction(part)) => Value::Float(part.0),
            (Type::Curve, value) => value.clone(),
            _ => return self.bad_operands("*", op_span, &weight, &objective, Some("a weight is a number or a curve")),
        };
        let mut weighed = Vec::new();
        for term in terms(&objective.value) {
            let Value::Record(fields) = term else { continue };
            let mut fields = fields.into_inner();
            let product = match (fields.get("weight"), &factor) {
                (Some(Value::Float(a)), Value::Float(b)) if !(a * b).is_finite() => return self.not_finite(span),
                (Some(Value::Float(a)), Value::Float(b)) => Value::Float(a * b),
                (Some(hole @ Value::Hole(_)), _) | (_, hole @ Value::Hole(_)) => hole.clone(),
                (Some(Value::Float(one)), curve) if (*one - 1.0).abs() == 0.0 => curve.clone(),
                (Some(curve), Value::Float(one)) if (*one - 1.0).abs() == 0.0 => curve.clone(),
                _ => {
                    return self.wrong(
                        Diagnostic::error(Code::BadOperands, "this term has a weight already, and a curve can't be multiplied with it")
                            .at(weight.span, "a second weight")
                            .help("put the number into the curve"),
                        span,
                    );
                }
            };
            if let Some(outside) = outside(&Limits::of(&WEIGHTS), &product) {
                return self.out_of_range("the weight of a term", &Limits::of(&WEIGHTS), &outside, &product, weight.span);
            }
            fields.insert("weight".to_owned(), product);
            weighed.push(Value::Record(fields.into()));
        }
        Val::new(Type::Objective, of_terms(weighed), span)
    }

    /// Whether a stage can look at what an argument names on its way.
    fn is_looked_at(&mut self, value: &Value, name: &str, span: Span) -> bool {
        let what = format!("`{name}` of `train`");
        self.is_without_panels(value, &what, span) && self.is_undecided(value, &what, span)
    }

    /// Makes a stage of checked arguments: draws get the stage's batch and seed, terms their canonical order.
    pub(super) fn train(&mut self, mut args: Args, ty: Type, places: Places, span: Span) -> Val {
        let seed = if let Some(Value::Int(seed)) = args.get("seed") { *seed } else { 0 };
        let looks_at = super::panel::LOOKING.iter().filter_map(|name| Some((*name, args.get(*name)?)));
        if !looks_at.fold(true, |fine, (name, value)| self.is_looked_at(value, name, span) && fine) {
            return Val::new(Type::Model, Value::Poison, span);
        }
        let batch_at = places.at("batch").unwrap_or(span);
        let stage = Stage { batch: args.remove("batch"), batch_at, seed, span };
        let poison = Val::new(ty.clone(), Value::Poison, span);
        let objective = args.remove("objective");
        let plays = args.remove("plays");
        if let Some(hole) = args.get("model").into_iter().chain(&objective).chain(&plays).find_map(|value| self.unknown_in(value)) {
            return Val::new(ty, Value::Hole(hole.to_owned()), span);
        }
        let Some(nets) = self.nets(args.get("model"), plays.is_some(), span) else { return poison };
        if !self.judged_net(&args, &nets, span) {
            return poison;
        }
        if let Some(plays) = plays {
            let Some(plays) = self.plays(&plays, objective.is_some() || args.contains_key("optimizer"), &nets, &stage) else {
                return poison;
            };
            args.insert("plays", plays);
            let node = self.stage_node(args, places, span);
            self.batch_is_drawn(node, &stage);
            return self.stage_result(node, ty, &nets, span);
        }
        let has_optimizer = args.contains_key("optimizer");
        let has_objective = objective.is_some();
        let Some((objective, true)) = objective.map(|objective| (objective, has_optimizer)) else {
            let missing = match (has_objective, has_optimizer) {
                (_, true) => "an objective",
                (true, false) => "an optimizer",
                (false, false) => "an objective and an optimizer",
            };
            self.diagnostics.push(
                Diagnostic::error(Code::MissingArgument, format!("`train` needs {missing}, or plays that have each their own"))
                    .at(span, "incomplete")
                    .help("write: train(net, objective, for = 1 epoch, optimizer = sgd(lr = 0.1))"),
            );
            return poison;
        };
        let mut trained = Vec::new();
        let Some(lowered) = self.lowered(&objective, &nets, &stage, &mut trained) else { return poison };
        if lowered.is_empty() {
            let nothing = Diagnostic::error(Code::BadArgument, "this stage has nothing to minimise").at(span, "no terms");
            return self.wrong(nothing, span);
        }
        if !self.options.arrays && (!self.no_idle_net(&trained, &nets, span) || !self.no_critic(&lowered, span)) {
            return poison;
        }
        args.insert("objective", of_terms(lowered));
        let node = self.stage_node(args, places, span);
        self.batch_is_drawn(node, &stage);
        self.stage_result(node, ty, &nets, span)
    }

    /// What of a stage is not known: a whole term, a network, anything that a `def` is not given yet. A number that waits for a parameter
    /// is not such a thing: of all else there is a stage.
    fn unknown_in<'v>(&self, value: &'v Value) -> Option<&'v str> {
        match value {
            Value::Hole(name) => Some(name),
            Value::Record(fields) => fields.iter().find_map(|(name, part)| match part {
                weight @ Value::Hole(_) if name == "weight" && self.is_open(weight) => None,
                part => self.unknown_in(part),
            }),
            Value::List(_) => value.parts().find_map(|part| self.unknown_in(part)),
            Value::Op(op) if op.op() == Play::NAME => op.args.get("objective").and_then(|objective| self.unknown_in(objective)),
            value => self.waits_for_more(value),
        }
    }

    /// The first hole in a value that is no parameter's.
    fn waits_for_more<'v>(&self, value: &'v Value) -> Option<&'v str> {
        match value {
            Value::Hole(name) => (!self.is_open(value)).then_some(name),
            value => value.parts().find_map(|part| self.waits_for_more(part)),
        }
    }

    /// Whether a value waits for a parameter.
    fn is_open(&self, value: &Value) -> bool {
        matches!(value, Value::Hole(name) if self.open_params.contains(name))
    }

    /// Refuses a `batch` that is the size of no draw of a stage: every draw says another.
    fn batch_is_drawn(&mut self, train: NodeId, stage: &Stage) {
        let Some(Value::Int(batch)) = &stage.batch else { return };
        let mut sizes = Vec::new();
        for draw in self.graph.inputs(train).into_iter().map(|input| self.graph.node(input)).filter(|node| node.op == Draw::NAME) {
            let size = crate::ops::samplers::composed(&draw.args).and_then(|size| i64::try_from(size).ok());
            let Some(size) = size.or(if let Some(Value::Int(size)) = draw.args.get("size") { Some(*size) } else { None }) else { return };
            let name = draw.names.first().map_or_else(|| "a draw".to_owned(), |(name, _)| format!("`{name}`"));
            sizes.push((size, name));
        }
        if sizes.iter().any(|(size, _)| size == batch) {
            return;
        }
        let Some((size, name)) = sizes.first() else { return };
        let message = format!("`batch` of `train` is {batch}, and no draw of this stage takes it: {name} says {size}");
        let help = "leave it out: each draw says its size; or say it in the draws";
        self.diagnostics.push(Diagnostic::error(Code::BadArgument, message).at(stage.batch_at, "the size of nothing").help(help));
    }

    /// A stage's node. What it watches is no part of what it means: of two stages that mean the same, the first says what is watched.
    fn stage_node(&mut self, args: Args, places: Places, span: Span) -> NodeId {
        let watch = args.get("watch").cloned();
        let node = self.graph.add_said(Train::NAME, args, places, span);
        let first = self.graph.node(node);
        if watch.is_some() && first.args.get("watch") != watch.as_ref() {
            let said = Diagnostic::warning(Code::Unwatched, "nothing is watched here: this stage is one that was declared before")
                .at(span, "means the same, and runs once")
                .help("say what is watched where the stage is first declared");
            let before = first.span.filter(|before| *before != span);
            self.diagnostics.push(if let Some(before) = before { said.also(before, "declared here") } else { said });
        }
        node
    }

    /// The terms of an objective with draws for data sets, in their canonical order; `trained` gets the names of the networks that they
    /// train.
    pub(super) fn lowered(&mut self, objective: &Value, nets: &Nets, stage: &Stage, trained: &mut Vec<String>) -> Option<Vec<Value>> {
        let mut lowered = Vec::new();
        for term in terms(objective) {
            let Value::Record(fields) = term else { continue };
            let mut fields = fields.into_inner();
            let Some(Value::Op(op)) = fields.get("term").cloned() else { continue };
            let named = self.nets_of_term(&op, nets, stage.span)?;
            if let Some(model) = nets.get(named.first().map(String::as_str)).filter(|_| !self.options.arrays)
                && !self.check_outputs(&op, model, stage.span)
            {
                return None;
            }
            trained.extend(named);
            let op = self.draw_for(op.into_inner(), stage)?;
            fields.insert("term".to_owned(), op.into());
            lowered.push(Value::Record(fields.into()));
        }
        lowered.sort_by_cached_key(|term| self.graph.meaning(term));
        Some(lowered)
    }

    /// A term whose data sets became draws.
    fn draw_for(&mut self, mut op: OpValue, stage: &Stage) -> Option<OpValue> {
        match op.op() {
            Ddl::NAME => {
                for name in ["teacher", "students"] {
                    let sides = op.args.get(name).cloned()?;
                    let lowered = match sides {
                        Value::List(sides) => Value::List(sides.iter().map(|side| self.side(side.clone(), stage)).collect::<Option<_>>()?),
                        side => self.side(side, stage)?,
                    };
                    op.args.insert(name, lowered);
                }
            }
            _ => {
                if let Some(Value::Node(data)) = op.args.get("data").cloned() {
                    let pools = matches!(op.args.get("pool"), Some(Value::Op(_)));
                    if looks_at_people(op.op(), pools) && self.graph.node(data).op != Draw::NAME {
                        self.diagnostics.push(
                            Diagnostic::error(Code::NeedsSampler, format!("`{}` needs several images of each person in a batch", op.op()))
                                .at(stage.span, "a term over a bare data set")
                                .help(format!("draw them so: {}(draw(data, by = pk(identities = 16, images = 4)), …)", op.op())),
                        );
                        return None;
                    }
                    let of_pairs = Term::kind(op.op()).is_some_and(|kind| kind.looks == Looks::Pairs);
                    let drawn = self.drawn(data, of_pairs.then(PairsSampler::decl), stage)?;
                    if of_pairs && !self.must_draw_pairs(drawn, "a coupled mapping's batches", stage) {
                        return None;
                    }
                    op.args.insert("data", Value::Node(drawn));
                }
            }
        }
        Some(op)
    }

    /// One side of the distribution distillation loss, said in full.
    fn side(&mut self, side: Value, stage: &Stage) -> Option<Value> {
        let (pairs, negatives) = match side {
            Value::Node(data) => (self.drawn(data, Some(PairsSampler::decl()), stage)?, self.drawn(data, Some(Balanced::decl()), stage)?),
            Value::Op(branch) => {
                let node = |name: &str| if let Some(Value::Node(node)) = branch.args.get(name) { Some(*node) } else { None };
                (self.drawn(node("pairs")?, None, stage)?, self.drawn(node("negatives")?, None, stage)?)
            }
            _ => return None,
        };
        if !self.must_draw_pairs(pairs, "the `pairs` of a branch", stage) {
            return None;
        }
        let args = [("pairs", Value::Node(pairs)), ("negatives", Value::Node(negatives))].into_iter().collect();
        Some(OpValue::new(Branch::decl(), args).into())
    }

    /// Whether a draw is of pairs; says so where it is not.
    fn must_draw_pairs(&mut self, draw: NodeId, what: &str, stage: &Stage) -> bool {
        let fits = matches!(self.graph.node(draw).args.get("by"), Some(Value::Op(by)) if Sampler::kind(by.op()) == Some(Picks::Pairs));
        if !fits {
            self.diagnostics.push(
                Diagnostic::error(Code::NeedsSampler, format!("{what} are drawn by a sampler of pairs"))
                    .at(self.graph.node(draw).span.unwrap_or(stage.span), "draws single images")
                    .also(stage.span, "for this stage's objective")
                    .help("draw them so: draw(data, by = pairs(), size = 32)"),
            );
        }
        fits
    }

    /// Batches with a size and a seed: a draw that says them, or the stage's.
    fn drawn(&mut self, node: NodeId, sampler: Option<&'static Decl>, stage: &Stage) -> Option<NodeId> {
        let original = self.graph.node(node).clone();
        let is_draw = original.op == Draw::NAME;
        let mut args = if is_draw { original.args.clone() } else { [("data", Value::Node(node))].into_iter().collect() };
        if let (false, Some(sampler)) = (is_draw, sampler) {
            args.insert("by", OpValue::new(sampler, Args::new()).into());
        }
        let composed = matches!(args.get("by"), Some(Value::Op(by)) if by.op() == Pk::NAME);
        if composed && crate::ops::samplers::composed(&args).is_some() {
            args.remove("size"); // the same number, said again
        } else if !args.contains_key("size") && !composed {
            let Some(batch) = stage.batch.clone() else {
                let what = if is_draw { "this stage draws batches that say no size" } else { "this stage draws from a bare data set" };
                self.diagnostics.push(
                    Diagnostic::error(Code::NoBatchSize, what)
                        .at(stage.span, "no `batch` here")
                        .help("give the stage a batch, for example: batch = 128"),
                );
                return None;
            };
            args.insert("size", batch);
        }
        let own_seed = args.contains_key("seed");
        args.entry("seed").or_insert(Value::Int(stage.seed));
        let span = if is_draw { original.span } else { Some(stage.span) };
        let drawn = self.graph.add(Draw::NAME, args, span);
        if is_draw {
            for (name, arm) in &original.names {
                let mut arm = arm.clone();
                if !own_seed && stage.seed != 0 {
                    // the same draw in stages of several seeds
                    arm.entry("seed".to_owned()).or_insert_with(|| stage.seed.to_string());
                }
                self.graph.name(drawn, name, &arm);
            }
        }
        Some(drawn)
    }
}
