//! What terms ask of which network, and what that comes to for each.

use super::draws::{BatchLayout, Draws};
use super::error::TrainError;
use super::stage::{Teachers, Trainee};
use crate::model::Model;
use crate::nn::terms::{Need, Take, Term as _, Whose};
use ddl::lang::value::NodeId;
use ddl::ops::stages::Train;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A network whose outputs terms ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelId {
    /// A network of the stage, by its place.
    Net(usize),
    /// A teacher, by its place.
    Teacher(usize),
}

/// What a term asks of a network.
#[derive(Debug, Clone)]
pub struct Request {
    /// Of which.
    pub of: ModelId,
    /// Of which batches.
    pub batches: NodeId,
    /// The layer whose output it is.
    pub layer: usize,
    /// What of it.
    pub take: Take,
}

/// What all terms together ask of a network.
#[derive(Debug, Clone)]
pub struct Requested {
    /// The node of the model that it starts from, or is.
    pub node: NodeId,
    /// That model.
    pub model: Rc<Model>,
    batches: BTreeSet<NodeId>,
    /// The layers whose outputs are wanted.
    pub layers: BTreeSet<usize>,
}

impl Requested {
    fn nothing(node: NodeId, model: &Rc<Model>) -> Self {
        Requested { node, model: Rc::clone(model), batches: BTreeSet::new(), layers: BTreeSet::new() }
    }

    /// The draws that the network sees.
    pub fn layout(&self, draws: &Draws) -> BatchLayout {
        BatchLayout::new(draws, |node| self.batches.contains(&node))
    }
}

/// What all terms of a stage ask of all networks.
#[derive(Debug)]
pub struct Requests {
    /// Batches in the order in which terms first name them.
    pub batches: Vec<NodeId>,
    /// What each term of each turn asks for, in its order.
    pub turns: Vec<Vec<Vec<Request>>>,
    /// What is asked of each network of the stage.
    pub nets: Vec<Requested>,
    /// The teachers in the order in which terms first name them, and what is asked of each.
    pub teachers: Vec<Requested>,
}

impl Requests {
    /// The requests of a stage.
    ///
    /// # Errors
    /// Outputs that a network does not have.
    pub fn new(train: &Train, nets: &[Trainee], teachers: &Teachers) -> Result<Self, TrainError> {
        let requested = nets.iter().map(|net| Requested::nothing(net.node, &net.source)).collect();
        let mut requests = Requests { batches: Vec::new(), turns: Vec::new(), nets: requested, teachers: Vec::new() };
        for turn in train.turns() {
            let mut terms = Vec::new();
            for weighted in &turn.objective.terms {
                let own = weighted.term.it().of();
                let term = weighted.term.needs()?.into_iter().map(|need| requests.add(nets, teachers, own, need));
                terms.push(term.collect::<Result<_, _>>()?);
            }
            requests.turns.push(terms);
        }
        Ok(requests)
    }

    /// What is asked of a network.
    pub fn of(&self, id: ModelId) -> &Requested {
        match id {
            ModelId::Net(place) => &self.nets[place],
            ModelId::Teacher(place) => &self.teachers[place],
        }
    }

    fn add(&mut self, nets: &[Trainee], teachers: &Teachers, own: Option<&str>, need: Need) -> Result<Request, TrainError> {
        let net = |name: Option<&str>| {
            // where there is but one, terms need not name it
            let only = name.is_none() && nets.len() == 1;
            let place = nets.iter().position(|net| only || net.name == name.unwrap_or_default());
            let place = place.ok_or_else(|| TrainError::Internal("a term without its network".to_owned()))?; // the compiler checks names
            Ok::<_, TrainError>(ModelId::Net(place))
        };
        let of = match &need.whose {
            Whose::Own => net(own)?,
            Whose::Net(name) => net(Some(name))?,
            &Whose::Teacher(node) => ModelId::Teacher(self.teacher(teachers, node)?),
        };
        let requested = match of {
            ModelId::Net(place) => &mut self.nets[place],
            ModelId::Teacher(place) => &mut self.teachers[place],
        };
        let network = &requested.model.network;
        let layer = match &need.take {
            Take::Output(Some(name)) => network.tap(name)?,
            Take::Embeddings | Take::Labelled | Take::Pairs | Take::Logits { .. } | Take::Output(None) | Take::Readings(_) => {
                network.layers.len() - 1
            }
        };
        requested.batches.insert(need.batches);
        requested.layers.insert(layer);
        if !self.batches.contains(&need.batches) {
            self.batches.push(need.batches);
        }
        Ok(Request { of, batches: need.batches, layer, take: need.take })
    }

    /// The place of a teacher.
    fn teacher(&mut self, teachers: &Teachers, node: NodeId) -> Result<usize, TrainError> {
        if let Some(known) = self.teachers.iter().position(|other| other.node == node) {
            return Ok(known);
        }
        let missing = || TrainError::Internal("a term without its teacher".to_owned()); // the caller gives all of `teachers`
        self.teachers.push(Requested::nothing(node, teachers.get(&node).ok_or_else(missing)?));
        Ok(self.teachers.len() - 1)
    }
}
