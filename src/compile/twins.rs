//! Twins: trained things of one stage that were meant as several and are one.

use super::{Compiler, Val};
use crate::diag::{Code, Diagnostic};
use crate::lang::value::{NodeId, Value};
use std::collections::BTreeMap;

impl Compiler<'_> {
    /// Says which of the networks of a stage, `{a = …, b = …}`, are one node: whether any are.
    pub(super) fn twins(&mut self, nets: &Val) -> bool {
        let Value::Record(fields) = &nets.value else { return false };
        let mut first: BTreeMap<NodeId, &str> = BTreeMap::new();
        let mut twins = Vec::new();
        for (name, value) in fields {
            if let Value::Node(node) = value
                && let Some(before) = first.insert(*node, name)
            {
                twins.push((before.to_owned(), name.clone(), *node));
            }
        }
        for (a, b, node) in &twins {
            let mut diagnostic =
                Diagnostic::error(Code::Twins, format!("`{a}` and `{b}` are one network: they start from the same weights"))
                    .at(nets.span, "one under two names")
                    .help(format!("give one of them another seed: {b} = {}(seed = 1)", self.graph.node(*node).op));
            if let Some(declared) = self.graph.node(*node).span {
                diagnostic = diagnostic.also(declared, "this is both");
            }
            self.diagnostics.push(diagnostic);
        }
        !twins.is_empty()
    }
}
