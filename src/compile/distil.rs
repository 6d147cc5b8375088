//! Terms with a teacher: the outputs that they name must be there, and fit each other.

use super::Compiler;
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::value::{NodeId, OpValue, Value};
use crate::nets::TapShape;
use crate::ops::nets::Backbone;
use crate::source::Span;

impl Compiler<'_> {
    /// Checks what a term of a stage taps of its network and of its teacher. Says nothing of networks that a parameter decides.
    pub(super) fn check_outputs(&mut self, op: &OpValue, model: NodeId, stage: Span) -> bool {
        let (Some(Value::Node(teacher)), at) = (op.args.get("teacher").cloned(), tap(op, "at")) else { return true };
        let teacher_at = tap(op, "teacher_at").or_else(|| at.clone());
        let own = self.tapped(op.op, model, at.as_deref(), "the network", stage);
        if own.is_err() && !op.args.contains_key("teacher_at") {
            return false; // the teacher's is the same name, and the same mistake
        }
        let other = self.tapped(op.op, teacher, teacher_at.as_deref(), "the teacher", stage);
        let (Ok(own), Ok(other)) = (own, other) else { return false };
        if op.op != "feature" {
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

    /// The shape of a part that is tapped; `Ok(None)` for an embedding, and where the network is not known yet.
    fn tapped(&mut self, term: &str, model: NodeId, name: Option<&str>, whose: &str, stage: Span) -> Result<Option<TapShape>, ()> {
        let (Some(name), Some(backbone)) = (name, self.backbone_value(model)) else { return Ok(None) };
        let taps = backbone.taps();
        if let Some(found) = taps.iter().find(|shape| shape.name == name) {
            return Ok(Some(found.clone()));
        }
        let known = || taps.iter().map(|shape| shape.name.as_str());
        let near = did_you_mean(name, known())
            .map_or_else(|| format!("its parts are {}", one_of(known())), |near| format!("did you mean `{near}`?"));
        self.diagnostics.push(
            Diagnostic::error(Code::Tap, format!("`{term}` taps `{name}` of {whose}, and {} has no such part", backbone.name()))
                .at(stage, "in this stage")
                .help(near),
        );
        Err(())
    }

    /// The backbone that a model was made of, with its arguments; nothing while a parameter decides them.
    fn backbone_value(&self, model: NodeId) -> Option<Backbone> {
        let node = self.graph.node(self.backbone_node(model)?);
        if node.args.values().any(Value::is_open) {
            return None;
        }
        let args: serde_json::Map<_, _> = node.args.iter().map(|(name, value)| ((*name).to_owned(), value.to_json())).collect();
        let mut args = crate::ops::complete(node.op, &serde_json::Value::Object(args));
        args.as_object_mut()?.insert("op".to_owned(), node.op.into());
        serde_json::from_value(args).ok()
    }
}

/// The part that an argument taps.
fn tap(op: &OpValue, param: &str) -> Option<String> {
    match op.args.get(param) {
        Some(Value::Op(tap)) => match tap.args.get("layer") {
            Some(Value::Text(layer)) => Some(layer.clone()),
            _ => None, // a parameter decides it
        },
        _ => None, // the embedding
    }
}
