//! What changes while a stage is trained.

use super::feed::Batch;
use super::objective::{self, Outcome};
use super::setup::Setup;
use super::teacher::Teacher;
use super::terms::Made;
use super::turn::Turn;
use super::watch::Watched;
use super::{Stage, TrainError, Trained, cast, heads};
use crate::model::Model;
use crate::nn::optim::{Optimiser, Trained as Parameter, clip};
use crate::nn::state::Role;
use ddl::events::PictureGroup;
use ddl::store::{Spent, TrainingLog};

/// The state of a stage between two steps.
pub struct Learner {
    /// The models, in the order of the stage's networks.
    pub models: Vec<Model>,
    /// The optimiser of each turn, with its moments.
    pub optimisers: Vec<Optimiser>,
    /// Steps that are done.
    pub step: u64,
    /// What happened at each.
    pub log: TrainingLog,
    /// What was decided on the way.
    pub watched: Watched,
    /// What each turn updates.
    parameters: Vec<Vec<Parameter>>,
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
        let mut models = stage.nets.iter().map(|net| net.source.copy()).collect::<Result<Vec<_>, _>>()?;
        for (place, model) in models.iter_mut().enumerate() {
            heads::start(stage, setup, place, model)?;
        }
        let optimisers = setup.turns.iter().map(|turn| Optimiser::new(&turn.rule)).collect();
        Learner::at(setup, models, optimisers, 0, TrainingLog::default(), Watched::default())
    }

    /// A stage at some step.
    pub fn at(
        setup: &Setup,
        models: Vec<Model>,
        optimisers: Vec<Optimiser>,
        step: u64,
        log: TrainingLog,
        watched: Watched,
    ) -> Result<Self, TrainError> {
        let parameters: Vec<Vec<Parameter>> = setup.turns.iter().map(|turn| turn.parameters(setup, &models)).collect();
        if parameters.iter().any(Vec::is_empty) {
            return Err(TrainError::NothingLearns);
        }
        for model in &models {
            model.state.require_gradients(|_| false)?;
            for head in model.heads.values() {
                head.state.require_gradients(|_| false)?;
            }
        }
        if let [all] = parameters.as_slice() {
            ask_for_gradients(all, true)?;
        }
        Ok(Learner { models, optimisers, step, log, watched, parameters })
    }

    /// Takes the next step on its batch.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] before its turn changes what learns (of plays, those before it may have); what libtorch refuses.
    pub fn take_step(&mut self, stage: &Stage, setup: &Setup, batch: &Batch) -> Result<Taken, TrainError> {
        let teach = |it: &Teacher| Ok((cast::teacher(stage, it.node)?, it.run(&batch.numbers, setup.device)?));
        let mut made = Made { nets: Vec::new(), teachers: setup.teachers.iter().map(teach).collect::<Result<_, TrainError>>()? };
        let (mut lr, mut loss, mut named, mut similarities) = (0.0, 0.0, Vec::new(), Vec::new());
        for (at, turn) in setup.turns.iter().enumerate() {
            let rate = self.optimisers[at].curve().at(batch.step, setup.per_epoch, setup.total);
            let mut outcome = self.take_turn(setup, turn, at, &mut made, batch, 0, rate)?;
            for time in 1..turn.times {
                outcome = self.take_turn(setup, turn, at, &mut made, batch, time, rate)?;
            }
            loss += outcome.value;
            if at == 0 {
                lr = rate;
            } else {
                named.push((format!("{}.lr", turn.label), rate as f32));
            }
            similarities.extend(outcome.similarities.into_iter().map(|(name, set)| (within(&turn.label, &name), set)));
            named.extend(outcome.named.into_iter().map(|(name, value)| (within(&turn.label, &name), value)));
        }
        let fixed = [("loss".to_owned(), loss as f32), ("lr".to_owned(), lr as f32)];
        self.log.push(fixed.into_iter().chain(named.iter().cloned()));
        for (name, values) in similarities {
            self.log.keep(batch.step + 1, &name, values);
        }
        self.step += 1;
        Ok(Taken { lr, loss, named })
    }

    /// One step of a turn: the networks run, what is wanted of them goes to the terms, and what the turn updates is changed.
    #[allow(clippy::too_many_arguments)] // a turn, its place, and where in the stage it is taken
    fn take_turn(
        &mut self,
        setup: &Setup,
        turn: &Turn,
        at: usize,
        made: &mut Made,
        batch: &Batch,
        time: u32,
        rate: f64,
    ) -> Result<Outcome, TrainError> {
        let noise = if time == 0 { setup.noise(batch.step) } else { setup.noise(batch.step).number(u64::from(time)) };
        if setup.turns.len() > 1 {
            self.parameters.iter().try_for_each(|all| ask_for_gradients(all, false))?;
            ask_for_gradients(&self.parameters[at], true)?;
        }
        let nets = setup.nets.iter().zip(&self.models).enumerate().map(|(place, (net, model))| {
            if !turn.wants[place] {
                return Ok(cast::Outputs::new());
            }
            net.run(&model.state, &batch.numbers[net.inlet], &setup.way(&noise, turn.updates[place]))
        });
        made.nets = nets.collect::<Result<_, _>>()?;
        let outcome = objective::evaluate(setup, turn, &self.models, made, batch, &noise)?;
        let parameters = &mut self.parameters[at];
        parameters.iter_mut().for_each(Parameter::clear);
        outcome.loss.f_backward()?;
        if let Some(longest) = setup.clip {
            let _ = clip(parameters, longest)?;
        }
        self.optimisers[at].step(parameters, rate)?;
        for (net, id, name, tensor) in &outcome.updates {
            if let Some(head) = self.models[*net].heads.get_mut(id).filter(|_| turn.updates[*net]) {
                head.state.replace(name, tensor.shallow_clone(), Role::Buffer);
            }
        }
        Ok(outcome)
    }

    /// What the stage gives after its last step.
    pub fn finish(self, setup: &Setup, first_batch: Vec<PictureGroup>, spent: Spent) -> Result<Trained, TrainError> {
        let (models, kept) = match self.watched.best {
            Some(best) => (best.models, best.step),
            None => (copies(&self.models)?, self.step),
        };
        Ok(Trained { models, log: self.log, first_batch, steps: self.step, per_epoch: setup.per_epoch, kept, spent })
    }
}

/// Makes exactly these tensors ask for gradients, or none of them.
fn ask_for_gradients(parameters: &[Parameter], ask: bool) -> Result<(), TrainError> {
    for parameter in parameters {
        let _ = parameter.tensor.f_set_requires_grad(ask)?;
    }
    Ok(())
}

/// Models with tensors of their own.
pub fn copies(models: &[Model]) -> Result<Vec<Model>, TrainError> {
    Ok(models.iter().map(Model::copy).collect::<Result<_, _>>()?)
}

/// The name of something of a network among those of all networks of a stage; a network without a name has its own.
pub fn within(net: &str, name: &str) -> String {
    if net.is_empty() { name.to_owned() } else { format!("{net}.{name}") }
}
