//! What changes while a stage is trained.

use super::accumulate::Sum;
use super::error::TrainError;
use super::feed::Batch;
use super::heads::Initialiser;
use super::names::scoped;
use super::objective::{self, Objective};
use super::outputs::{BatchOutputs, Outputs, TeacherOutputs};
use super::sample_log::SampleLog;
use super::scale::LossScale;
use super::setup::Setup;
use super::stage::{Stage, Trained};
use super::terms::TermSetup;
use super::turn::Turn;
use super::watch::{Watched, copies};
use crate::model::Model;
use crate::nn::noise::Noise;
use crate::nn::optim::{Optimiser, Trained as Parameter, clip};
use crate::nn::state::{NotFinite, Role};
use ddl::diag::Code;
use ddl::events::{Event, Failure, PictureGroup, Recorder, Sink as _};
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
    /// The loss scale of each turn, where the stage has some.
    pub scales: Vec<LossScale>,
    /// Whether it was said that embeddings are zero.
    told_of_zeros: bool,
    /// What each turn updates.
    parameters: Vec<Vec<Parameter>>,
}

/// How far a stage is, beside its models and optimisers.
pub struct Progress {
    /// Steps that are done.
    pub step: u64,
    /// What happened at each.
    pub log: TrainingLog,
    /// What was decided on the way.
    pub watched: Watched,
    /// The loss scale of each turn, where the stage has some.
    pub scales: Vec<LossScale>,
}

/// One of the batches of a step, and what teachers made of it.
struct MicroBatch<'s> {
    batch: &'s Batch,
    teachers: Option<Vec<TeacherOutputs>>,
    /// Whether it is asked for more than once.
    again: bool,
}

impl MicroBatch<'_> {
    /// What the teachers made of it: anew, or what was kept.
    fn teachers(&mut self, setup: &Setup) -> Result<Vec<TeacherOutputs>, TrainError> {
        let batch = self.batch;
        self.teachers.take().map_or_else(|| setup.teachers.iter().map(|teacher| teacher.run(batch, setup.device)).collect(), Ok)
    }

    /// Keeps it for the next turn, if there is one.
    fn keep(&mut self, teachers: Vec<TeacherOutputs>) {
        self.teachers = Some(teachers).filter(|_| self.again);
    }
}

/// What a step came to, for events.
pub struct StepSummary {
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
        let terms: Vec<&TermSetup> = setup.terms().collect();
        let heads = Initialiser { tables: stage.tables, around: stage.around, seed: stage.train.seed, draws: &setup.draws, terms: &terms };
        for (place, (net, model)) in setup.nets.iter().zip(&mut models).enumerate() {
            heads.start(place, net, model)?;
        }
        let optimisers = setup.turns.iter().map(|turn| Optimiser::new(&turn.rule)).collect();
        let progress = Progress { step: 0, log: TrainingLog::default(), watched: Watched::default(), scales: setup.scales() };
        Learner::at(setup, models, optimisers, progress)
    }

    /// A stage at some step.
    pub fn at(setup: &Setup, models: Vec<Model>, optimisers: Vec<Optimiser>, progress: Progress) -> Result<Self, TrainError> {
        let parameters: Vec<Vec<Parameter>> = setup.turns.iter().map(|turn| turn.parameters(&setup.nets, &models)).collect();
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
        let Progress { step, log, watched, scales } = progress;
        Ok(Learner { models, optimisers, step, log, watched, scales, told_of_zeros: false, parameters })
    }

    /// Takes the next step on its batches.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] before its turn changes what learns (of plays, those before it may have); what libtorch refuses.
    pub fn take_step(&mut self, setup: &Setup, batches: &[Batch], events: &Recorder) -> Result<StepSummary, TrainError> {
        // what teachers make of a batch is the same in every turn
        let again = setup.turns.len() > 1 || setup.turns.iter().any(|turn| turn.times > 1);
        let mut micro: Vec<MicroBatch> = batches.iter().map(|batch| MicroBatch { batch, teachers: None, again }).collect();
        let (mut lr, mut loss, mut named, mut similarities) = (0.0, 0.0, Vec::new(), Vec::new());
        for (at, turn) in setup.turns.iter().enumerate() {
            let rate = self.optimisers[at].curve().at(self.step, setup.per_epoch, setup.total);
            let mut sum = self.take_turn(setup, at, &mut micro, 0, rate)?;
            for time in 1..turn.times {
                sum = self.take_turn(setup, at, &mut micro, time, rate)?;
            }
            loss += sum.value();
            if at == 0 {
                lr = rate;
            } else {
                named.push((format!("{}.lr", turn.label), rate as f32));
            }
            named.extend(sum.named().into_iter().map(|(name, value)| (scoped(&turn.label, &name), value)));
            similarities.extend(sum.similarities().map(|(name, set)| (scoped(&turn.label, &name), set)));
        }
        self.tell_of_zeros(&setup.name, &named, events);
        let fixed = [("loss".to_owned(), loss as f32), ("lr".to_owned(), lr as f32)];
        self.log.push(fixed.into_iter().chain(named.iter().cloned()));
        self.step += 1;
        for (name, values) in similarities {
            self.log.keep(self.step, &name, values);
        }
        Ok(StepSummary { lr, loss, named })
    }

    /// Warns, once, of embeddings without a direction.
    fn tell_of_zeros(&mut self, stage: &str, named: &[(String, f32)], events: &Recorder) {
        let zeros = named.iter().find(|(name, _)| name.rsplit('.').next() == Some(objective::ZEROS));
        let Some((name, count)) = zeros.filter(|_| !self.told_of_zeros) else { return };
        self.told_of_zeros = true;
        let message =
            format!("`{stage}`: {count} of the embeddings of step {} have no direction (`{name}` in the log counts them)", self.step + 1);
        let help = "they are zero, with a gradient as large as 1 / 1e-12, or so long that the square of their length is infinite: look at the images, or at layers that give nothing but zeros";
        events.emit(Event::warning(stage, Failure::new(Code::ZeroEmbeddings, message).help(help)));
    }

    /// One step of a turn: for each batch the networks run, what is wanted of them goes to the terms, and gradients add up; then what the
    /// turn updates is changed.
    fn take_turn(&mut self, setup: &Setup, at: usize, batches: &mut [MicroBatch], time: u32, rate: f64) -> Result<Sum, TrainError> {
        let turn = &setup.turns[at];
        if setup.turns.len() > 1 {
            self.parameters.iter().try_for_each(|all| ask_for_gradients(all, false))?;
            ask_for_gradients(&self.parameters[at], true)?;
        }
        self.parameters[at].iter_mut().for_each(Parameter::clear);
        let objective = Objective {
            draws: &setup.draws,
            nets: &setup.nets,
            device: setup.device,
            clock: setup.clock(self.step),
            keeps_similarities: setup.keeps_similarities(self.step),
        };
        let (mut sum, count) = (Sum::default(), batches.len() as f64);
        for micro in batches {
            let batch = micro.batch;
            let noise = setup.noise.at(batch.number, at, time);
            let outputs = BatchOutputs { nets: self.run(setup, turn, batch, &noise)?, teachers: micro.teachers(setup)? };
            let outcome = objective.evaluate(turn, &self.models, &outputs, batch, &noise)?;
            let scale = self.scales.get(at).map_or(1.0, |scale| scale.factor);
            // a scale is a power of 2: dividing by so much less is exact
            outcome.loss.f_div_scalar(count / scale)?.f_backward()?;
            for (net, id, name, tensor) in &outcome.updates {
                if let Some(head) = self.models[*net].heads.get_mut(id).filter(|_| turn.updates[*net]) {
                    head.state.replace(name, tensor.shallow_clone(), Role::Buffer);
                }
            }
            micro.keep(outputs.teachers);
            sum.add(outcome);
        }
        let parameters = &mut self.parameters[at];
        if let Some(scale) = self.scales.get_mut(at) {
            let factor = scale.factor;
            let finite = scale.unscale(parameters)?;
            sum.scaled(factor, !finite);
            if scale.is_spent() {
                return Err(TrainError::Overflow { step: self.step + 1, within: Some(turn.label.clone()).filter(|turn| !turn.is_empty()) });
            }
            if !finite {
                return Ok(sum);
            }
        }
        if let Some(longest) = setup.clip {
            let _ = clip(parameters, longest)?;
        }
        self.optimisers[at].step(parameters, rate)?;
        Ok(sum)
    }

    /// What the networks that a turn wants make of a batch, by their place.
    fn run(&self, setup: &Setup, turn: &Turn, batch: &Batch, noise: &Noise) -> Result<Vec<Outputs>, TrainError> {
        let nets = setup.nets.iter().zip(&self.models).enumerate().map(|(place, (net, model))| {
            if !turn.wants[place] {
                return Ok(Outputs::default());
            }
            net.run(&model.state, batch, setup.pass(noise.network(&net.name), turn.updates[place]), setup.device)
        });
        nets.collect()
    }

    /// That models of some step are numbers, before anything of them is written.
    ///
    /// # Errors
    /// [`TrainError::Spoiled`] by the first tensor that is not.
    pub fn sound(setup: &Setup, models: &[Model], step: u64) -> Result<(), TrainError> {
        for (net, model) in setup.nets.iter().zip(models) {
            if let Some(found) = model.not_finite()? {
                let tensor = NotFinite { name: scoped(&net.name, &found.name), ..found };
                return Err(TrainError::Spoiled { tensor, step, checkpoint: None });
            }
        }
        Ok(())
    }

    /// That the optimisers remember numbers. What overflowed there stays so, and Adam no longer moves what it is of: no weight and no loss
    /// tells.
    ///
    /// # Errors
    /// [`TrainError::Moments`].
    pub fn remembers(&self, setup: &Setup) -> Result<(), TrainError> {
        for (turn, optimiser) in setup.turns.iter().zip(&self.optimisers) {
            if let Some(found) = optimiser.memory().not_finite()? {
                let tensor = NotFinite { name: scoped(&turn.label, &found.name), ..found };
                return Err(TrainError::Moments { tensor, step: self.step, checkpoint: None });
            }
        }
        Ok(())
    }

    /// What the stage gives after its last step.
    ///
    /// # Errors
    /// [`TrainError::Spoiled`] when it is none, [`TrainError::Moments`].
    pub fn finish(self, setup: &Setup, first_batch: Vec<PictureGroup>, spent: Spent) -> Result<Trained, TrainError> {
        let remembers = self.remembers(setup);
        let (models, kept) = match self.watched.best {
            Some(best) => (best.models, best.step),
            None => (copies(&self.models)?, self.step),
        };
        Learner::sound(setup, &models, kept)?;
        remembers?;
        Ok(Trained {
            models,
            log: self.log,
            first_batch,
            steps: self.step,
            per_epoch: setup.per_epoch,
            kept,
            samples: SampleLog::new(setup.draws.all(), self.step, setup.accumulate),
            spent,
        })
    }
}

/// Makes exactly these tensors ask for gradients, or none of them.
fn ask_for_gradients(parameters: &[Parameter], ask: bool) -> Result<(), TrainError> {
    for parameter in parameters {
        let _ = parameter.tensor.f_set_requires_grad(ask)?;
    }
    Ok(())
}
