//! Terms with a teacher: the outputs that they name must be there, and fit each other.

use super::Compiler;
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::decl::{Decl, Operator as _};
use crate::lang::value::{Args, NodeId, OpValue, Value};
use crate::nets::{Backbone as _, Made, Network, TapShape};
use crate::ops::nets::{Backbone, Extension, LandmarkMaps};
use crate::ops::terms::{Feature, Tap};
use crate::source::Span;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

impl Compiler<'_> {
    /// Checks what a term of a stage taps of its network and of its teacher. Says nothing of networks that a parameter decides.
    pub(super) fn check_outputs(&mut self, op: &OpValue, model: NodeId, stage: Span) -> bool {
        let (Some(Value::Node(teacher)), at) = (op.args.get("teacher").cloned(), tap(op, "at")) else { return true };
        let teacher_at = tap(op, "teacher_at").or_else(|| at.clone());
        let own = self.tapped(op, ("at", at.as_deref()), (model, "the network"), stage);
        let by = if op.args.contains_key("teacher_at") { "teacher_at" } else { "at" };
        let other = self.tapped(op, (by, teacher_at.as_deref()), (teacher, "the teacher"), stage);
        let (Ok(own), Ok(other)) = (own, other) else { return false };
        if op.op() != Feature::NAME {
            return true;
        }
        let misfit = match (at, teacher_at, own, other) {
            (Some(at), Some(of_teacher), Some(own), Some(other)) if own.sides != other.sides => {
                let sides = |shape: &TapShape| format!("{} x {}", shape.sides.0, shape.sides.1);
                format!("`{at}` gives maps of {}, and the teacher's `{of_teacher}` of {}", sides(&own), sides(&other))
            }
            (None, Some(of_teacher), ..) => format!("an embedding can't follow the teacher's map `{of_teacher}`"),
            _ => return true, // both are embeddings, or maps of one size
        };
        self.diagnostics.push(
            Diagnostic::error(Code::Tap, format!("`feature` can't compare these outputs: {misfit}"))
                .at(stage, "in this stage")
                .help("tap parts of one height and width; channels may differ"),
        );
        false
    }

    /// Checks that a model has the part that something is added after. Says nothing of models that a parameter decides.
    pub(super) fn has_what_is_extended(&mut self, decl: &'static Decl, args: &Args, span: Span) -> bool {
        let (LandmarkMaps::NAME, Some(Value::Node(model))) = (decl.name, args.get("model")) else { return true };
        let (model, adds) = (*model, OpValue::new(decl, args.clone()));
        let at = tap(&adds, "at");
        self.tapped(&adds, ("at", at.as_deref()), (model, "the model"), span).is_ok()
    }

    /// The shape of a part that is tapped by an argument of a term; `Ok(None)` for an embedding, and where the network is not known yet.
    fn tapped(
        &mut self,
        term: &OpValue,
        (param, name): (&'static str, Option<&str>),
        (model, whose): (NodeId, &str),
        stage: Span,
    ) -> Result<Option<TapShape>, ()> {
        let (Some(name), Some(network)) = (name, self.network_value(model)) else { return Ok(None) };
        let taps = network.taps().unwrap_or_default();
        if let Some(found) = taps.iter().find(|shape| shape.name == name) {
            return Ok(Some(found.clone()));
        }
        let (named, used) = self.taps.place(term, param, name, stage);
        if self.taps.said.insert(named) {
            let known = || taps.iter().map(|shape| shape.name.as_str());
            let near = did_you_mean(name, known())
                .map_or_else(|| format!("its parts are {}", one_of(known())), |near| format!("did you mean `{near}`?"));
            let message = format!("`{}` taps `{name}` of {whose}, and {} has no such part", term.op(), network.name);
            let diagnostic = Diagnostic::error(Code::Tap, message).at(named, "no such part").help(near);
            self.diagnostics.push(if used.holds(named) { diagnostic } else { diagnostic.also(used, "tapped here") });
        }
        Err(())
    }

    /// A model's network; nothing while a parameter decides it.
    pub(super) fn network_value(&self, mut model: NodeId) -> Option<Network> {
        let mut extensions = Vec::new();
        while !Backbone::is(self.graph.node(model).op) {
            if Extension::is(self.graph.node(model).op) {
                extensions.push(self.one_of(model)?);
            }
            model = self.source_of(model)?;
        }
        extensions.reverse();
        Made { backbone: self.one_of(model)?, extensions }.network().ok()
    }

    /// A node of a family of operators, with its arguments.
    fn one_of<F: DeserializeOwned>(&self, id: NodeId) -> Option<F> {
        let node = self.graph.node(id);
        if node.args.values().any(Value::is_open) {
            return None;
        }
        let args: serde_json::Map<_, _> = node.args.iter().map(|(name, value)| ((*name).to_owned(), value.to_json())).collect();
        crate::ops::parse_member(node.op, &serde_json::Value::Object(args)).ok()
    }
}

/// Where a recipe taps parts: values don't know where they stand.
#[derive(Default)]
pub(super) struct Taps {
    /// Names of parts, where they stand.
    named: Vec<(String, Span)>,
    /// Arguments of terms, where they stand.
    used: Vec<(OpValue, &'static str, Span)>,
    /// Names of which was said that no such part exists: of one, once.
    said: BTreeSet<Span>,
}

impl Taps {
    /// Remembers where an operator's arguments stand, if it is a tap or a term that taps.
    pub(super) fn remember(&mut self, decl: &'static Decl, args: &Args, span: impl Fn(&str) -> Span) {
        if let (Tap::NAME, Some(Value::Text(layer))) = (decl.name, args.get("layer")) {
            self.named.push((layer.to_string(), span("layer")));
        }
        for (param, value) in args {
            if matches!(value, Value::Op(tap) if tap.op() == Tap::NAME) {
                self.used.push((OpValue::new(decl, args.clone()), param, span(param)));
            }
        }
    }

    /// Where a name that a term's argument taps stands, and where the argument does: those inside the stage, or the last ones before.
    fn place(&self, term: &OpValue, param: &str, name: &str, stage: Span) -> (Span, Span) {
        let nearest = |spans: Vec<Span>, outer: Span| spans.iter().find(|span| outer.holds(**span)).or(spans.last()).copied();
        let used = self.used.iter().filter(|(op, at, _)| op == term && *at == param).map(|(_, _, span)| *span).collect();
        let used = nearest(used, stage).unwrap_or(stage);
        let named = self.named.iter().filter(|(layer, _)| layer == name).map(|(_, span)| *span).collect();
        (nearest(named, used).unwrap_or(used), used)
    }
}

/// The part that an argument taps.
fn tap(op: &OpValue, param: &str) -> Option<String> {
    match op.args.get(param) {
        Some(Value::Op(tap)) => match tap.args.get("layer") {
            Some(Value::Text(layer)) => Some(layer.to_string()),
            _ => None, // a parameter decides it
        },
        _ => None, // the embedding
    }
}
