//! Spans inside of a stage against its length: drops that never come, warm-ups that don't end, checks that are never due, stops that wait
//! too long.

#![allow(clippy::cast_precision_loss, reason = "counts that are shown, and numbers of nodes")]

use super::audit::{Finding, Place};
use crate::diag::{Code, Severity};
use crate::events::Failure;
use crate::lang::decl::{Decl, Operator as _};
use crate::lang::types::{Dimension, Type};
use crate::ops::data::Draw;
use crate::ops::stages::{Plateau, Stop, Train};
use crate::ops::{declared, whole};
use crate::plan::{Facts, Plan};
use crate::quantity::Span;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What lies behind the ends of stages, as far as their lengths are known: in steps, or as the recipe says them. Arms of one stage are
/// said once.
pub(crate) fn findings(plan: &Plan, facts: &[Facts]) -> Vec<Finding> {
    let (mut found, mut said) = (Vec::new(), BTreeSet::new());
    for (id, stage) in plan.all::<Train>() {
        let node = plan.node(id);
        let known = facts.get(id.0 as usize).and_then(|facts| facts.steps.zip(facts.steps_per_epoch));
        let train = stage;
        let stage = Stage { name: node.bare_name().to_owned(), length: train.r#for, known };
        if let Some(failure) = train.stop.as_ref().and_then(|stop| stage.never_stops(stop))
            && said.insert((stage.name.clone(), failure.message.clone()))
        {
            let (at, also) = (Place::argument(id, "stop"), Some((Place::argument(id, "for"), stage.label())));
            found.push(Finding { at, label: "longer than the stage".to_owned(), also, severity: Severity::Warning, failure });
        }
        // what its images go through changes over it too; the stage's own span is its length
        let draws = plan.draws(id).unwrap_or_default(); // of a stage there are some
        for (node, op) in std::iter::once((id, Train::NAME)).chain(draws.into_iter().map(|draw| (draw, Draw::NAME))) {
            for (name, value) in whole(op, plan.node(node).args()) {
                inside(value, &mut vec![name.into()], &mut |decl, path, it, form| {
                    let name = path.last().map_or("", |name| &**name);
                    if let Some(failure) = stage.against(decl, name, it, form)
                        && said.insert((stage.name.clone(), failure.message.clone()))
                    {
                        let at = Place { node, path: path.iter().map(ToString::to_string).collect() };
                        let also = Some((Place::argument(id, "for"), stage.label()));
                        found.push(Finding { at, label: form.label(), also, severity: Severity::Warning, failure });
                    }
                });
            }
        }
    }
    found
}

/// What a span says of a stage.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// How long something is, or how often.
    Length,
    /// Where something happens: one of a list.
    Place,
}

impl Form {
    /// What is said where it stands.
    fn label(self) -> String {
        match self {
            Form::Length => "longer than the stage",
            Form::Place => "behind the stage's end",
        }
        .to_owned()
    }
}

struct Stage {
    name: String,
    /// What the recipe says.
    length: Span,
    /// Steps of the stage and of its epoch.
    known: Option<(u64, u64)>,
}

impl Stage {
    fn against(&self, decl: &Decl, name: &str, it: Span, form: Form) -> Option<Failure> {
        let beyond = match (it, self.length, self.known) {
            (Span::Part(part), _, _) => compare(part, 1.0, form),
            (_, _, Some((steps, per_epoch))) => compare(it.steps(per_epoch, steps) as f64, steps as f64, form),
            (Span::Epochs(it), Span::Epochs(length), None) => compare(it, length, form),
            (Span::Steps(it), Span::Steps(length), None) => compare(it as f64, length as f64, form),
            (Span::Epochs(_) | Span::Steps(_), _, None) => false, // how many steps an epoch has is not known
        };
        let (stage, op) = (&self.name, decl.name);
        let rises = form == Form::Length && name == "warmup";
        let all_of_it = match (it, self.known) {
            (Span::Part(part), _) => part >= 1.0,
            (_, Some((steps, per_epoch))) => it.steps(per_epoch, steps) >= steps,
            _ => it == self.length,
        };
        if rises && !beyond && all_of_it {
            let message = format!("`{name}` of `{op}` is {it}, which is all of the stage `{stage}`: its value is reached at the end alone");
            return Some(Failure::new(Code::BeyondStage, message).help("shorten it, or lengthen `for`"));
        }
        beyond.then(|| match form {
            Form::Length => {
                Failure::new(Code::BeyondStage, format!("`{name}` of `{op}` is {it}, which is longer than the stage `{stage}`"))
                    .help("shorten it, or lengthen `for`: it is cut off by the stage's end")
            }
            Form::Place => Failure::new(Code::BeyondStage, format!("`{name}` of `{op}` is {it}, where the stage `{stage}` is over"))
                .help("say a place before the stage's end, or lengthen `for`: this one never comes"),
        })
    }

    /// What is wrong with a stop that waits until the stage is over: the first check has a best value, and so many more must follow it.
    fn never_stops(&self, stop: &Stop) -> Option<Failure> {
        let Stop::Plateau(Plateau { patience, every, .. }) = stop;
        let (steps, per_epoch) = self.known?;
        let every = every.steps(per_epoch, steps).max(1);
        if every > steps {
            return None; // which is said of `every`
        }
        let checks = steps.div_ceil(every);
        ((patience.0 + 1).saturating_mul(every) >= steps).then(|| {
            let waits = if patience.0 == 1 { "one check".to_owned() } else { patience.to_string() };
            let of = if checks == 1 { "one check".to_owned() } else { format!("{checks} checks") };
            let message =
                format!("`plateau` waits for {waits} after a best one, and the stage `{}` has {of}: it never ends early", self.name);
            Failure::new(Code::BeyondStage, message).help("check more often (`every`), wait for fewer (`patience`), or lengthen `for`")
        })
    }

    fn label(&self) -> String {
        match self.known {
            Some((steps, _)) if self.length != Span::Steps(steps) => format!("{}, which is {steps} steps", self.length),
            _ => self.length.to_string(),
        }
    }
}

/// Whether something ends behind the end, or happens there or later.
fn compare(it: f64, end: f64, form: Form) -> bool {
    it > end || form == Form::Place && it >= end
}

/// Calls `see` with every span that an operator inside of a value has, and the way there.
fn inside<'a>(json: &'a Json, path: &mut Vec<Cow<'a, str>>, see: &mut dyn FnMut(&Decl, &[Cow<'a, str>], Span, Form)) {
    match json {
        Json::Array(items) => items.iter().enumerate().for_each(|(at, item)| {
            path.push(at.to_string().into());
            inside(item, path, see);
            path.pop();
        }),
        Json::Object(map) => {
            let decl = map.get("op").and_then(Json::as_str).and_then(|op| declared(op));
            for (name, value) in whole(decl.map_or("", |decl| decl.name), json) {
                path.push(name.into());
                let param = decl.and_then(|decl| Some((decl, decl.param(name)?)));
                match param.and_then(|(decl, param)| Some((decl, form(&param.ty)?))) {
                    Some((decl, Form::Length)) => span(value).into_iter().for_each(|it| see(decl, path, it, Form::Length)),
                    Some((decl, Form::Place)) => {
                        let places = value.as_array().into_iter().flatten().filter_map(span);
                        places.for_each(|it| see(decl, path, it, Form::Place));
                    }
                    None => inside(value, path, see),
                }
                path.pop();
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn form(ty: &Type) -> Option<Form> {
    match ty {
        Type::Quantity(Dimension::Span) => Some(Form::Length),
        Type::Optional(of) => form(of),
        Type::List(of) => form(of).map(|_| Form::Place),
        _ => None, // no span
    }
}

fn span(json: &Json) -> Option<Span> {
    json.as_str()?.parse().ok()
}
