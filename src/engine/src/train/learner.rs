//! What changes while a stage is trained.

use super::feed::Batch;
use super::objective::{self, Outcome};
use super::setup::Setup;
use super::teacher::Teacher;
use super::terms::Made;
use super::watch::Watched;
use super::{Stage, TrainError, Trained, cast, heads};
use crate::model::{HeadId, Model};
use crate::nn::optim::{Optimiser, Trained as Parameter, clip};
use crate::nn::state::Role;
use ddl::events::PictureGroup;
use ddl::store::{Spent, TrainingLog};

/// The state of a stage between two steps.
pub struct Learner {
    /// The model.
    pub model: Model,
    /// The optimiser with its moments.
    pub optimiser: Optimiser,
    /// Steps that are done.
    pub step: u64,
    /// What happened at each.
    pub log: TrainingLog,
    /// What was decided on the way.
    pub watched: Watched,
    parameters: Vec<Parameter>,
}

/// What a step came to, for events.
pub struct Taken {
    /// The learning rate.
    pub lr: f64,
    /// The objective.
    pub loss: f64,
    /// Numbers by name.
    pub named: Vec<(String, f32)>,
}

impl Learner {
    /// A stage before its first step.
    pub fn new(stage: &Stage, setup: &Setup) -> Result<Self, TrainError> {
        let mut model = stage.source.copy()?;
        heads::start(stage, setup, &mut model)?;
        Learner::at(setup, model, Optimiser::new(&setup.rule), 0, TrainingLog::default(), Watched::default())
    }

    /// A stage at some step.
    pub fn at(
        setup: &Setup,
        model: Model,
        optimiser: Optimiser,
        step: u64,
        log: TrainingLog,
        watched: Watched,
    ) -> Result<Self, TrainError> {
        model.state.require_gradients(|name| setup.net.frozen.trains(name))?;
        let used: Vec<&HeadId> = setup.terms.iter().flat_map(|term| term.heads.iter().map(|head| &head.id).chain(&term.own)).collect();
        let mut parameters = Vec::new();
        for (name, entry) in model.state.iter().filter(|(name, entry)| entry.role == Role::Parameter && setup.net.frozen.trains(name)) {
            parameters.push(Parameter::new(&setup.rule, name, &entry.tensor, false));
        }
        for (id, head) in &model.heads {
            let learns = used.contains(&id);
            head.state.require_gradients(|_| learns)?;
            for (name, entry) in head.state.iter().filter(|(_, entry)| learns && entry.role == Role::Parameter) {
                parameters.push(Parameter::new(&setup.rule, &heads::name(id, name), &entry.tensor, true));
            }
        }
        if parameters.is_empty() {
            return Err(TrainError::NothingLearns);
        }
        Ok(Learner { model, optimiser, step, log, watched, parameters })
    }

    /// Takes the next step on its batch.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] before anything is changed; what libtorch refuses.
    pub fn take_step(&mut self, stage: &Stage, setup: &Setup, batch: &Batch) -> Result<Taken, TrainError> {
        let way = setup.way(batch.step);
        let teach = |it: &Teacher| Ok((cast::teacher(stage, it.node)?, it.run(&batch.numbers, setup.device)?));
        let teachers = setup.teachers.iter().map(teach).collect::<Result<_, TrainError>>()?;
        let made = Made { net: setup.net.run(&self.model.state, &batch.numbers[setup.net.inlet], &way)?, teachers };
        let Outcome { loss, value, named, updates, similarities } = objective::evaluate(setup, &self.model, &made, batch)?;
        self.parameters.iter_mut().for_each(Parameter::clear);
        loss.f_backward()?;
        if let Some(longest) = setup.clip {
            let _ = clip(&self.parameters, longest)?;
        }
        let lr = self.optimiser.curve().at(batch.step, setup.per_epoch, setup.total);
        self.optimiser.step(&self.parameters, lr)?;
        for (id, name, tensor) in updates {
            if let Some(head) = self.model.heads.get_mut(&id) {
                head.state.replace(&name, tensor, Role::Buffer);
            }
        }
        let fixed = [("loss".to_owned(), value as f32), ("lr".to_owned(), lr as f32)];
        self.log.push(fixed.into_iter().chain(named.iter().cloned()));
        for (name, values) in similarities {
            self.log.keep(batch.step + 1, &name, values);
        }
        self.step += 1;
        Ok(Taken { lr, loss: value, named })
    }

    /// What the stage gives after its last step.
    pub fn finish(self, setup: &Setup, first_batch: Vec<PictureGroup>, spent: Spent) -> Result<Trained, TrainError> {
        let (model, kept) = match self.watched.best {
            Some(best) => (best.model, best.step),
            None => (self.model.copy()?, self.step),
        };
        Ok(Trained { model, log: self.log, first_batch, steps: self.step, per_epoch: setup.per_epoch, kept, spent })
    }
}
