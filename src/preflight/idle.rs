//! Stages that change nothing, or that make larger what they should make smaller.

use super::audit::{Finding, Place};
use crate::diag::{Code, Severity};
use crate::events::Failure;
use crate::ops::stages::{Train, Turn};
use crate::plan::Plan;
use std::collections::BTreeSet;

/// What is to be said of such stages. Arms of one stage are said once.
pub(crate) fn findings(plan: &Plan, facts: &[Facts]) -> Vec<Finding> {
    let (mut found, mut said) = (Vec::new(), BTreeSet::new());
    for (id, stage) in plan.all::<Train>() {
        let name = plan.node(id).bare_name();
        for (argument, label, failure) in stage.turns().iter().filter_map(|turn| idle(name, turn)) {
            if said.insert(failure.message.clone()) {
                let argument = if stage.plays.is_empty() { argument } else { "plays" };
                let at = Place::argument(id, argument);
                found.push(Finding { at, label: label.to_owned(), also: None, severity: Severity::Warning, failure });
            }
        }
    }
    found
}

/// Of one turn of a stage: the argument that is to blame, what it is, and what is wrong.
fn idle(stage: &str, turn: &Turn) -> Option<(&'static str, &'static str, Failure)> {
    let weights: Vec<f64> = turn.objective.terms.iter().flat_map(|it| it.weight.numbers()).collect();
    if turn.optimizer.lr().numbers().iter().all(|it| *it == 0.0) {
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
