//! Alternating optimisation: the plays of a stage, each with what it updates.

use super::Compiler;
use super::nets::Nets;
use super::objective::{Stage, of_terms, terms};
use crate::diag::{Code, Diagnostic, did_you_mean, one_of};
use crate::lang::value::{OpValue, Value};
use crate::ops::terms::{Teaches, Term};
use crate::source::Span;

impl Compiler<'_> {
    /// The plays of a stage with draws for data sets. `both` says that the stage has an objective or an optimiser beside them.
    pub(super) fn plays(&mut self, plays: &Value, both: bool, nets: &Nets, stage: &Stage) -> Option<Value> {
        let Value::List(plays) = plays else { return None };
        if both || plays.is_empty() {
            let what = if both { "this stage has plays, and an objective or an optimizer of its own" } else { "this stage has no plays" };
            self.diagnostics.push(
                Diagnostic::error(Code::BadArgument, what)
                    .at(stage.span, "in this stage")
                    .help("each play has its own: plays = [play(objective, updates = [a], optimizer = adam(lr = 1e-3)), …]"),
            );
            return None;
        }
        let critics = critics(plays);
        let mut updated = Vec::new();
        let mut lowered = Vec::new();
        for play in plays {
            let Value::Op(play) = play else { return None };
            lowered.push(self.play((**play).clone(), nets, &critics, &mut updated, stage)?.into());
        }
        if !self.no_idle_net(&updated, nets, stage.span) {
            return None;
        }
        if let Some(idle) = critics.iter().find(|slot| !updated.contains(slot)) {
            self.diagnostics.push(
                Diagnostic::error(Code::Idle, format!("no play updates the critic `{idle}`"))
                    .at(stage.span, "in this stage")
                    .help(format!("add a play of its side: play(adversary(…), updates = [{idle}], optimizer = adam(lr = 1e-3))")),
            );
            return None;
        }
        Some(Value::List(lowered.into()))
    }

    fn play(&mut self, mut play: OpValue, nets: &Nets, critics: &[String], updated: &mut Vec<String>, stage: &Stage) -> Option<OpValue> {
        let updates = match play.args.get("updates") {
            Some(Value::List(names)) => names.iter().filter_map(text).collect(),
            _ => Vec::new(),
        };
        let mut own: Vec<String> = match nets {
            Nets::One(_) => Vec::new(),
            Nets::Several(nets) => nets.keys().cloned().collect(),
        };
        own.extend(critics.iter().cloned());
        if let Some(unknown) = updates.iter().find(|name| !own.contains(name)) {
            let names = || own.iter().map(String::as_str);
            let known = if own.is_empty() {
                "name the network: train({a = net}, …)".to_owned()
            } else {
                format!("there are {}", one_of(names()))
            };
            let near = did_you_mean(unknown, names()).map_or(known, |near| format!("did you mean `{near}`?"));
            self.diagnostics.push(
                Diagnostic::error(Code::NoSuchNet, format!("this stage has no network and no critic `{unknown}` that a play could update"))
                    .at(stage.span, "in this stage")
                    .help(near),
            );
            return None;
        }
        let objective = play.args.remove("objective")?;
        let mut touched = Vec::new();
        let lowered = self.lowered(&objective, nets, stage, &mut touched)?;
        for term in terms(&of_terms(lowered.clone())) {
            touched.extend(critic_side(&term));
        }
        // a critic's own side is no lesson for the network, and the network's none for the critic
        let idle = updates.is_empty() || lowered.is_empty() || updates.iter().any(|name| !touched.contains(name));
        if idle {
            let what = match updates.iter().find(|name| !touched.contains(name)) {
                Some(name) => format!("this play updates nothing of `{name}`: no term of it teaches it"),
                None => "this play updates nothing".to_owned(),
            };
            self.diagnostics.push(
                Diagnostic::error(Code::Idle, what)
                    .at(stage.span, "in this stage")
                    .help("name in `updates` what the play's own terms teach: networks by name, critics by their slot"),
            );
            return None;
        }
        updated.extend(updates);
        play.args.insert("objective", of_terms(lowered));
        Some(play)
    }

    /// Refuses critics in a stage without plays: the two sides would be one sum.
    pub(super) fn no_critic(&mut self, lowered: &[Value], span: Span) -> bool {
        let slots: Vec<String> = lowered.iter().filter_map(slot_of).collect();
        let Some(slot) = slots.first() else { return true };
        self.diagnostics.push(
            Diagnostic::error(Code::BadArgument, format!("the critic `{slot}` plays against the network, and this stage has no plays"))
                .at(span, "in this stage")
                .help(format!(
                    "plays = [play(adversary(…), updates = [{slot}], optimizer = …), play(… + fool(…), updates = [a], optimizer = …)]"
                )),
        );
        false
    }
}

fn text(value: &Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text.to_string()) } else { None }
}

/// The slots of all critics of some plays.
fn critics(plays: &[Value]) -> Vec<String> {
    let mut slots = Vec::new();
    for play in plays {
        let Value::Op(play) = play else { continue };
        let Some(objective) = play.args.get("objective") else { continue };
        slots.extend(terms(objective).iter().filter_map(slot_of));
    }
    slots.sort();
    slots.dedup();
    slots
}

/// The slot of a term's critic.
fn slot_of(term: &Value) -> Option<String> {
    let Value::Op(critic) = op(term)?.args.get("critic")? else { return None };
    Some(critic.args.get("slot").and_then(text).unwrap_or_else(|| "critic".to_owned()))
}

/// The slot of the critic that a term teaches: `fool` teaches the network alone.
fn critic_side(term: &Value) -> Option<String> {
    op(term).filter(|op| Term::kind(op.op()).is_some_and(|kind| kind.teaches == Teaches::Critic)).and_then(|_| slot_of(term))
}

fn op(term: &Value) -> Option<&OpValue> {
    let Value::Record(fields) = term else { return None };
    if let Some(Value::Op(op)) = fields.get("term") { Some(op) } else { None }
}
