//! A turn of a step: one objective, what it updates, and by which optimiser. A stage without plays has one, which updates everything.

use super::error::TrainError;
use super::names::scoped;
use super::net::Net;
use super::requests::ModelId;
use super::terms::TermSetup;
use crate::model::{HeadId, Model};
use crate::nn::optim::Trained as Parameter;
use crate::nn::state::Role;
use ddl::ops::optimizers::Optimizer;
use ddl::ops::stages::Train;
use std::collections::BTreeSet;

/// A turn of a step.
pub struct Turn {
    /// What its numbers are called before their own names; nothing where there is but one turn.
    pub label: String,
    /// The terms, in the order in which they are summed.
    pub terms: Vec<TermSetup>,
    /// The optimiser.
    pub rule: Optimizer,
    /// How many steps it takes.
    pub times: u32,
    /// Whether each network is updated.
    pub updates: Vec<bool>,
    /// Whether outputs of each network are wanted.
    pub wants: Vec<bool>,
    /// The slots of critics that are updated.
    critics: Vec<String>,
}

impl Turn {
    /// Turn `at` of a stage, with its terms.
    ///
    /// # Errors
    /// A turn that the stage does not have.
    pub fn new(train: &Train, at: usize, terms: Vec<TermSetup>, nets: &[Net]) -> Result<Self, TrainError> {
        let turns = train.turns();
        let turn = turns.get(at).ok_or_else(|| TrainError::Internal(format!("turn {at} of {}", turns.len())))?;
        let named = |name: &str| turn.updates.is_none_or(|names| names.iter().any(|it| it.0 == name));
        let critics = terms.iter().filter_map(|term| term.term.it().critic()).map(|critic| critic.slot.clone());
        let wants = |place| terms.iter().any(|term| term.asks(ModelId::Net(place)));
        Ok(Turn {
            label: if turns.len() == 1 { String::new() } else { format!("play{}", at + 1) },
            rule: turn.optimizer.clone(),
            times: turn.times,
            updates: nets.iter().map(|net| named(&net.name)).collect(),
            wants: (0..nets.len()).map(wants).collect(),
            critics: critics.filter(|slot| named(slot)).collect(),
            terms,
        })
    }

    /// What it updates of these models: networks with the heads that its terms use, and critics.
    pub fn parameters(&self, nets: &[Net], models: &[Model]) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        for (place, (net, model)) in nets.iter().zip(models).enumerate() {
            let used = self.used(place);
            let learns = |name: &str, role| role == Role::Parameter && net.frozen.trains(name);
            for (name, entry) in model.state.iter().filter(|(name, entry)| self.updates[place] && learns(name, entry.role)) {
                parameters.push(Parameter::new(&self.rule, &scoped(&net.name, name), &entry.tensor, false));
            }
            for (id, head) in model.heads.iter().filter(|(id, _)| used.contains(id)) {
                for (name, entry) in head.state.iter().filter(|(_, entry)| entry.role == Role::Parameter) {
                    parameters.push(Parameter::new(&self.rule, &scoped(&net.name, &id.tensor(name)), &entry.tensor, true));
                }
            }
        }
        parameters
    }

    /// The states of terms that are updated, of those that a network keeps.
    fn used(&self, place: usize) -> BTreeSet<&HeadId> {
        let mut used = BTreeSet::new();
        for term in &self.terms {
            let own = term.own.as_ref().filter(|(net, _)| *net == place).map(|(_, id)| id);
            match term.term.it().critic() {
                Some(critic) => used.extend(own.filter(|_| self.critics.contains(&critic.slot))),
                None => used.extend(own.filter(|_| self.updates[place])),
            }
            let heads = term.heads.iter().filter(|head| head.net == place && self.updates[place]);
            used.extend(heads.map(|head| &head.id));
            let pool = term.pool.as_ref().filter(|pool| pool.net == place && self.updates[place]);
            used.extend(pool.map(|pool| &pool.id));
        }
        used
    }
}
