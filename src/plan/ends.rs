//! Whether networks end in what terms learn of them: landmarks that are compared and kept apart, bins of angles.

use super::Plan;
use super::unknown::Unknown;
use crate::diag::Code;
use crate::events::Failure;
use crate::lang::value::NodeId;
use crate::nets::backbone::hopenet::BINS;
use crate::nets::{Cost, Landmarks, Module, Network};
use crate::ops::pooling::Pooling;
use crate::ops::terms::{CompareSets, Term};

/// Refuses terms over what a network, called so, does not give.
pub(super) fn fits(plan: &Plan, (net, model): (&str, NodeId), cost: &Cost, term: &Term) -> Result<(), Unknown> {
    let name = || if net.is_empty() { &plan.node(model).name } else { net };
    let wrong = |message: String, help: String| Err(Unknown::Failure(Failure::new(Code::Outputs, message).help(help)));
    let (op, wanted) = match term {
        Term::HeadPose(_) if cost.network.tap(BINS).is_err() => {
            let message = format!("`head_pose` learns bins of angles, and `{}` gives none", name());
            return wrong(message, "train a hopenet()".to_owned());
        }
        Term::Diversity(it) => ("diversity", i64::from(it.landmarks)),
        Term::CompareSets(CompareSets { by: Pooling::Comparator(it), .. }) => ("compare_sets", i64::from(it.landmarks)),
        _ => return Ok(()), // no other term looks at landmarks
    };
    match (landmarks(&cost.network), term) {
        (Some(has), _) if has != wanted => {
            let said = if op == "diversity" { "diversity(data, landmarks = " } else { "comparator(landmarks = " };
            wrong(format!("`{op}` looks at {wanted} landmarks, and `{}` has {has}", name()), format!("say as many: {said}{has})"))
        }
        (None, Term::Diversity(_)) => {
            let message = format!("`diversity` keeps attention maps apart, and `{}` has none", name());
            wrong(message, "end the network in some: landmarks(net, at = tap(\"stage3\"))".to_owned())
        }
        (None, _) if !cost.embedding.is_multiple_of(wanted.unsigned_abs()) => {
            let (name, width) = (name(), cost.embedding);
            let message = format!(
                "`{op}` looks at {wanted} landmarks, and embeddings of `{name}` are {width} numbers, which are no {wanted} descriptors of one length"
            );
            let help = "end the network in landmarks(net, at = tap(\"stage3\")), or compare whole embeddings: comparator(landmarks = 1)";
            wrong(message, help.to_owned())
        }
        (Some(_) | None, _) => Ok(()),
    }
}

/// How many landmarks a network ends in.
fn landmarks(network: &Network) -> Option<i64> {
    match network.layers.last()?.modules.last()? {
        Module::Attend(Landmarks { count }) => Some(*count),
        _ => None,
    }
}
