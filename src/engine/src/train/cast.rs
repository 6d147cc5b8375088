//! Who plays in a stage: the networks that are trained, the teachers, and what the terms want of each.

use super::draws::{Draws, Sight};
use super::{Stage, TrainError};
use crate::model::Model;
use crate::nn::terms::{Need, Take, Term as _, Whose};
use ddl::lang::value::NodeId;
use ddl::ops::stages::Train;
use std::collections::{BTreeMap, BTreeSet};

/// A network whose outputs terms want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Player {
    /// A network of the stage, by its place.
    Net(usize),
    /// A teacher, by its place.
    Teacher(usize),
}

/// What a term wants of a network.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of which.
    pub of: Player,
    /// Of which batches.
    pub batches: NodeId,
    /// The layer whose output it is.
    pub layer: usize,
    /// What of it.
    pub take: Take,
}

/// What all terms together want of a network.
#[derive(Debug, Clone, Default)]
pub struct Share {
    batches: BTreeSet<NodeId>,
    /// The layers whose outputs are wanted.
    pub layers: BTreeSet<usize>,
}

impl Share {
    /// The draws that the network sees.
    pub fn sight(&self, draws: &Draws) -> Sight {
        Sight::new(draws, |node| self.batches.contains(&node))
    }
}

/// Everybody, and who wants what.
#[derive(Debug, Default)]
pub struct Cast {
    /// Batches in the order in which terms first name them.
    pub batches: Vec<NodeId>,
    /// What each term of each turn wants, in its order.
    pub turns: Vec<Vec<Vec<Wanted>>>,
    /// What is wanted of each network of the stage.
    pub nets: Vec<Share>,
    /// The teachers in the order in which terms first name them, and what is wanted of each.
    pub teachers: Vec<(NodeId, Share)>,
}

/// The teachers that the terms of a stage name.
pub fn teachers(train: &Train) -> BTreeSet<NodeId> {
    train.terms().filter_map(|weighted| weighted.term.it().teacher()).map(|(teacher, _)| teacher.node).collect()
}

/// The model of a teacher.
pub fn teacher<'s>(stage: &'s Stage, node: NodeId) -> Result<&'s Model, TrainError> {
    let missing = || TrainError::NotYet("a term without its teacher".to_owned()); // the caller gives all of `teachers`
    Ok(stage.teachers.get(&node).ok_or_else(missing)?.as_ref())
}

impl Cast {
    /// The cast of a stage.
    ///
    /// # Errors
    /// Outputs that a network does not have.
    pub fn new(stage: &Stage) -> Result<Self, TrainError> {
        let mut cast = Cast { nets: vec![Share::default(); stage.nets.len()], ..Cast::default() };
        for turn in stage.train.turns() {
            let mut terms = Vec::new();
            for weighted in &turn.objective.terms {
                let wanted = weighted.term.needs()?.into_iter().map(|need| cast.want(stage, weighted.term.it().of(), need));
                let wanted = wanted.collect::<Result<_, _>>()?;
                terms.push(wanted);
            }
            cast.turns.push(terms);
        }
        Ok(cast)
    }

    fn want(&mut self, stage: &Stage, own: Option<&str>, need: Need) -> Result<Wanted, TrainError> {
        let net = |name: Option<&str>| {
            // where there is but one, terms need not name it
            let only = name.is_none() && stage.nets.len() == 1;
            let place = stage.nets.iter().position(|net| only || net.name == name.unwrap_or_default());
            let place = place.ok_or_else(|| TrainError::NotYet("a term without its network".to_owned()))?; // the compiler checks names
            Ok::<_, TrainError>((Player::Net(place), &stage.nets[place].source.network))
        };
        let (of, network) = match &need.whose {
            Whose::Own => net(own)?,
            Whose::Net(name) => net(Some(name))?,
            &Whose::Teacher(node) => {
                let known = self.teachers.iter().position(|(other, _)| *other == node);
                let place = known.unwrap_or_else(|| {
                    self.teachers.push((node, Share::default()));
                    self.teachers.len() - 1
                });
                (Player::Teacher(place), &teacher(stage, node)?.network)
            }
        };
        let layer = match &need.take {
            Take::Output(Some(name)) => network.tap(name)?,
            Take::Embeddings | Take::Labelled | Take::Pairs | Take::Logits { .. } | Take::Output(None) | Take::Readings(_) => {
                network.layers.len() - 1
            }
        };
        let share = match of {
            Player::Net(place) => &mut self.nets[place],
            Player::Teacher(place) => &mut self.teachers[place].1,
        };
        share.batches.insert(need.batches);
        share.layers.insert(layer);
        if !self.batches.contains(&need.batches) {
            self.batches.push(need.batches);
        }
        Ok(Wanted { of, batches: need.batches, layer, take: need.take })
    }
}

/// What networks made of a step's images: the outputs of the layers that terms want, over all draws that the network sees.
pub type Outputs = BTreeMap<usize, tch::Tensor>;
