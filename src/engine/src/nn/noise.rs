//! The names of what a stage leaves to chance in a step: by seed, batch, turn, and by the network or term that draws. A layer narrows the
//! name of its network by its own, and by what for ([`crate::nn::net::Pass`]); so no two layers, networks or terms of a stage draw the
//! same.

use ::ddl::ops::terms::Term;
use ::ddl::random::Draw;

/// The noise of a stage, or of one of its steps.
#[derive(Clone)]
pub struct Noise(Draw);

impl Noise {
    /// A stage's, by its seed.
    pub fn of_stage(seed: i64) -> Self {
        Noise(Draw::new(seed, "noise"))
    }

    /// Of a batch, counted from 0 over all steps and all batches of a step; of the stage's turns one, and one of the times that it is
    /// taken.
    #[must_use]
    pub fn at(&self, batch: u64, turn: usize, time: u32) -> Self {
        Noise(self.0.clone().number(batch).number(turn as u64).number(u64::from(time)))
    }

    /// What the layers of a network draw from.
    pub fn network(&self, name: &str) -> Draw {
        self.0.clone().text("network").text(name)
    }

    /// What a term draws from: told from other terms by its operator, by the networks that it is of, and, among those that are alike in
    /// both, by its place.
    pub fn term<'t>(&self, term: &Term, before: impl Iterator<Item = &'t Term>) -> Draw {
        let alike = |other: &&Term| other.name() == term.name() && other.it().nets() == term.it().nets();
        let draw = self.0.clone().text("term").text(term.name()).number(term.it().nets().len() as u64);
        let draw = term.it().nets().into_iter().fold(draw, Draw::text);
        draw.number(before.filter(alike).count() as u64)
    }

    /// A digest, by which a checkpoint knows its stage.
    pub fn digest(&self) -> String {
        format!("{:016x}", self.0.rank())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::ddl::lang::value::NodeId;
    use serde_json::{Value as Json, json};
    use std::collections::BTreeSet;

    fn term(op: &str, mut args: Json) -> Term {
        args["op"] = op.into();
        serde_json::from_value(::ddl::ops::complete(op, &args)).unwrap()
    }

    #[test]
    fn every_batch_turn_time_network_and_term_draws_for_itself() {
        let triplet = |node: u32, of: Json| term("triplet", json!({"data": draw(node), "of": of}));
        let terms = [triplet(0, Json::Null), triplet(1, Json::Null), triplet(0, json!("a")), triplet(0, json!("b"))];
        let mut names = BTreeSet::new();
        let mut count = 0;
        for (seed, batch, turn, time) in [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)] {
            let noise = Noise::of_stage(seed).at(batch, turn, time);
            let networks = ["", "a", "b"].map(|name| noise.network(name).bits());
            let terms = (0..terms.len()).map(|at| noise.term(&terms[at], terms[..at].iter()).bits());
            let all: Vec<_> = networks.into_iter().chain(terms).collect();
            count += all.len();
            names.extend(all);
        }
        assert_eq!(names.len(), count);
    }

    /// What stands before a term and is of another kind does not move its draws.
    #[test]
    fn a_term_draws_the_same_whatever_else_is_summed() {
        let noise = Noise::of_stage(0).at(5, 0, 0);
        let own = term("triplet", json!({"data": draw(0)}));
        let other = term("contrastive", json!({"data": draw(0)}));
        assert_eq!(noise.term(&own, std::iter::empty()).bits(), noise.term(&own, std::iter::once(&other)).bits());
        assert_ne!(noise.term(&own, std::iter::empty()).bits(), noise.term(&own, std::iter::once(&own)).bits());
    }

    /// A draw as a plan names it.
    fn draw(node: u32) -> Json {
        json!({ "node": NodeId(node) })
    }
}
