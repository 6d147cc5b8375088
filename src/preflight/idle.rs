//! Stages that change nothing, or that make larger what they should make smaller.

use super::audit::{Finding, Place};
use crate::diag::{Code, Severity};
use crate::events::Failure;
use crate::ops::curves::Curve;
use crate::ops::stages::{Train, Turn};
use crate::plan::{Facts, Plan};
use std::collections::BTreeSet;

/// What is to be said of such stages. Arms of one stage are said once.
pub(crate) fn findings(plan: &Plan, facts: &[Facts]) -> Vec<Finding> {
    let (mut found, mut said) = (Vec::new(), BTreeSet::new());
    for (id, stage) in plan.all::<Train>() {
        let name = plan.node(id).bare_name();
        let length = facts.get(id.0 as usize).and_then(|facts| facts.steps.zip(facts.steps_per_epoch));
        for (argument, label, failure) in stage.turns().iter().filter_map(|turn| idle(name, turn, length)) {
            if said.insert(failure.message.clone()) {
                let argument = if stage.plays.is_empty() { argument } else { "plays" };
                let at = Place::argument(id, argument);
                found.push(Finding { at, label: label.to_owned(), also: None, severity: Severity::Warning, failure });
            }
        }
    }
    found
}

/// The steps of a stage at which its curves are looked at.
const LOOKED_AT: u64 = 1000;

/// Numbers that tell whether a curve is anything but 0 in a stage of so many steps, and so many an epoch; the ends of the curve where they are not
/// known.
fn comes_to(curve: &Curve, length: Option<(u64, u64)>) -> Vec<f64> {
    let Some((steps, per_epoch)) = length.filter(|(steps, _)| *steps > 0) else { return curve.numbers() };
    let places = (0..steps).step_by((steps / LOOKED_AT).max(1) as usize).chain([steps - 1]);
    places.map(|step| curve.at(step, per_epoch, steps)).collect()
}

/// Of one turn of a stage of so many steps, and so many an epoch: the argument that is to blame, what it is, and what is wrong.
fn idle(stage: &str, turn: &Turn, length: Option<(u64, u64)>) -> Option<(&'static str, &'static str, Failure)> {
    let weights: Vec<f64> = turn.objective.terms.iter().flat_map(|it| comes_to(&it.weight, length)).collect();
    if comes_to(turn.optimizer.lr(), length).iter().all(|it| *it == 0.0) {
        let failure = Failure::new(Code::TrainsNothing, format!("the learning rate of `{stage}` is 0 at every step: nothing is learnt"));
        return Some(("optimizer", "a rate of 0", failure.help("leave the stage out, and judge the model that it begins with")));
    }
    if weights.iter().all(|it| *it == 0.0) {
        let failure =
            Failure::new(Code::TrainsNothing, format!("every term of `{stage}` weighs 0: nothing is learnt but decay of weights"));
        return Some(("objective", "weighs 0", failure.help("give a term a weight, or leave the stage out")));
    }
    // a play of adversaries may well make something larger
    if turn.updates.is_none() && weights.iter().all(|it| *it <= 0.0) {
        let failure = Failure::new(Code::TrainsNothing, format!("no term of `{stage}` weighs more than 0: it makes its objective larger"));
        return Some(("objective", "weighs less than 0", failure.help("an objective is minimised: write its terms with positive weights")));
    }
    None
}
