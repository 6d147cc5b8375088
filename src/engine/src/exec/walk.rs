//! Which node is computed when, and on which thread.
//!
//! A node is ready when the results that it reads are in the store. Nodes of libtorch take the main thread, one after the other in the
//! order of the plan: each uses all threads of the run by itself, and two at once would only share them (`docs/design.md` has the numbers).
//! The others, which are judgements and what observers say of features, run beside them and beside each other, on threads of their own. Each node is a pure function of what
//! lies in the store, so the order in which they end changes no bit.

use super::common::Common;
use super::{Exec, Halt};
use crate::failures;
use crate::nn::embed::threads;
use ddl::lang::value::NodeId;
use ddl::ops::node::Keeps;
use ddl::plan::Plan;
use ddl::store::Artifact;
use ddl::store::due::artifact_inputs;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread;

/// Where a node is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    /// On the main thread.
    Main,
    /// On a thread of its own.
    Side,
}

fn lane(plan: &Plan, id: NodeId) -> Lane {
    if matches!(plan.node(id).keeps(), Keeps::Scores | Keeps::Attributes) { Lane::Side } else { Lane::Main }
}

/// Nodes that are still to be computed, in the plan's order, each with those of its inputs that are too.
struct Queue<'p> {
    plan: &'p Plan,
    waiting: Vec<(NodeId, BTreeSet<NodeId>)>,
}

impl<'p> Queue<'p> {
    fn new(plan: &'p Plan, compute: &[NodeId]) -> Self {
        let due: BTreeSet<NodeId> = compute.iter().copied().collect();
        let inputs = |id: NodeId| artifact_inputs(plan, id).into_iter().filter(|input| due.contains(input)).collect();
        Queue { plan, waiting: compute.iter().map(|id| (*id, inputs(*id))).collect() }
    }

    /// Takes the first node of a lane whose inputs are there.
    fn take(&mut self, of: Lane) -> Option<NodeId> {
        let ready = self.waiting.iter().position(|(id, inputs)| inputs.is_empty() && lane(self.plan, *id) == of)?;
        Some(self.waiting.remove(ready).0)
    }

    /// A node's result is in the store.
    fn done(&mut self, id: NodeId) {
        self.waiting.iter_mut().for_each(|(_, inputs)| {
            inputs.remove(&id);
        });
    }

    /// A node found an input of it missing: that one is computed first, with whatever it finds missing itself.
    fn missing(&mut self, id: NodeId, input: NodeId) {
        if !self.waiting.iter().any(|(known, _)| *known == input) {
            self.waiting.insert(0, (input, BTreeSet::new()));
        }
        self.waiting.push((id, BTreeSet::from([input])));
    }
}

/// Computes these nodes, which come inputs first. After a failure nothing new is begun, and a stage that runs leaves a checkpoint.
pub fn all(exec: &Exec, compute: &[NodeId]) -> Result<(), Halt> {
    let plan = &exec.job.plan;
    let mut queue = Queue::new(plan, compute);
    let mut halts: Vec<(NodeId, Halt)> = Vec::new();
    let (sender, results) = channel();
    thread::scope(|scope| {
        let mut beside = 0;
        loop {
            while halts.is_empty()
                && beside < threads()
                && let Some(id) = queue.take(Lane::Side)
            {
                beside += 1;
                let (common, sender) = (&exec.common, sender.clone());
                scope.spawn(move || {
                    let _ = sender.send((id, on_the_side(common, id))); // the main thread listens until all have ended
                });
            }
            let next = if halts.is_empty() { queue.take(Lane::Main) } else { None };
            let mut ended = Vec::new();
            if let Some(id) = next {
                ended.push((id, exec.compute(id)));
            } else if beside > 0 {
                let Ok(one) = results.recv() else { break }; // not reached: this thread holds a sender
                beside -= 1;
                ended.push(one);
            } else {
                break;
            }
            while let Ok(one) = results.try_recv() {
                beside -= 1;
                ended.push(one);
            }
            for (id, result) in ended {
                match result {
                    Ok(_) => queue.done(id),
                    Err(Halt::Missing(input)) => queue.missing(id, input),
                    Err(halt) => halts.push((id, halt)),
                }
            }
        }
    });
    first(halts).map_or(Ok(()), Err)
}

/// A node on a thread of its own. Its failure asks the main thread to stop.
fn on_the_side(common: &Common, id: NodeId) -> Result<Artifact, Halt> {
    let ended = catch_unwind(AssertUnwindSafe(|| common.hear(id).and_then(|()| common.report(id, || common.beside(id)))));
    let ended = ended.unwrap_or_else(|panic| Err(Halt::Failed(Some(common.name(id).to_owned()), failures::panic(&*panic))));
    if let Err(Halt::Failed(..)) = &ended {
        common.stop.store(true, Ordering::Relaxed);
    }
    ended
}

/// What ends the run: the failure of the first node of the plan that has one; else a stage that was stopped, which knows its step.
fn first(mut halts: Vec<(NodeId, Halt)>) -> Option<Halt> {
    let rank = |halt: &Halt| match halt {
        Halt::Failed(..) => 0,
        Halt::Interrupted(Some(_)) => 1,
        Halt::Interrupted(None) | Halt::Missing(_) => 2,
    };
    halts.sort_by_key(|(id, halt)| (rank(halt), *id));
    halts.into_iter().next().map(|(_, halt)| halt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddl::compile::{Options, compile};
    use ddl::source::Memory;
    use std::path::Path;

    fn plan() -> Plan {
        let text = "ddl 1
            dataset faces = synthetic_faces(identities = 4, images = 3, size = 32px)
            backbone net = tiny(embedding = 8, side = 32px, width = 4)
            eval a = verification(faces, pairs = all_pairs(), embed = plain())
            eval b = verification(faces, pairs = random_pairs(folds = 2, per_fold = 4), embed = plain())
            report t = compare({\"net\" = net}, columns = [a.auc, b.accuracy])";
        compile(&Memory::new().with("r.ddl", text), Path::new("r.ddl"), &Options::default()).unwrap().plan()
    }

    #[test]
    fn a_node_waits_for_its_inputs_and_judgements_are_ready_together() {
        let plan = plan();
        let of = |op: &str| plan.iter().filter(|(_, node)| node.op == op).map(|(id, _)| id).collect::<Vec<_>>();
        let (features, judges) = (of("features"), of("judge"));
        assert_eq!((features.len(), judges.len()), (1, 2), "both protocols judge the same features");
        let compute: Vec<NodeId> = features.iter().chain(&judges).copied().collect();
        let mut queue = Queue::new(&plan, &compute);
        assert_eq!(queue.take(Lane::Side), None);
        assert_eq!((queue.take(Lane::Main), queue.take(Lane::Main)), (Some(features[0]), None));
        queue.done(features[0]);
        assert_eq!([queue.take(Lane::Side), queue.take(Lane::Side)], [Some(judges[0]), Some(judges[1])]);
        // one of them finds the features damaged
        queue.missing(judges[0], features[0]);
        assert_eq!((queue.take(Lane::Side), queue.take(Lane::Main)), (None, Some(features[0])));
        queue.done(features[0]);
        assert_eq!((queue.take(Lane::Side), queue.take(Lane::Side), queue.take(Lane::Main)), (Some(judges[0]), None, None));
    }

    #[test]
    fn a_failure_is_told_before_what_it_stopped() {
        use ddl::diag::Code;
        use ddl::events::Failure;
        let stopped = || (NodeId(1), Halt::Interrupted(Some(("s".to_owned(), 3))));
        let failed = |id| (NodeId(id), Halt::Failed(None, Failure::new(Code::Unmeasurable, id.to_string())));
        assert!(matches!(first(vec![stopped(), failed(9), failed(4)]), Some(Halt::Failed(None, failure)) if failure.message == "4"));
        assert!(matches!(first(vec![(NodeId(0), Halt::Interrupted(None)), stopped()]), Some(Halt::Interrupted(Some(_)))));
        assert!(first(Vec::new()).is_none());
    }
}
