//! The objective: every term gets its own rows of the one forward pass, and the weighted values are summed in the order of the plan.

use super::draws::Draws;
use super::error::TrainError;
use super::feed::Batch;
use super::names::scoped;
use super::net::Net;
use super::outputs::BatchOutputs;
use super::turn::Turn;
use crate::model::{HeadId, Model};
use crate::nn::heads::{Clock, without_direction};
use crate::nn::noise::Noise;
use crate::nn::state::{Role, State};
use crate::nn::terms::{Context, Term as _};
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// What a batch came to.
pub struct Outcome {
    /// The weighted sum, with its gradient.
    pub loss: Tensor,
    /// The same as a number.
    pub value: f64,
    /// Numbers by name, for the log: each term's value, its parts, what it skipped.
    pub named: Vec<(String, f32)>,
    /// New values of heads' tensors that follow the batches, by the place of their network: they become the model's after the batch.
    pub updates: Vec<(usize, HeadId, String, Tensor)>,
    /// Sets of similarities by name, at the steps at which they are kept.
    pub similarities: Vec<(String, Vec<f32>)>,
}

/// What a stage's objectives are computed with at a step.
pub struct Objective<'s> {
    /// The draws.
    pub draws: &'s Draws,
    /// The networks that are trained.
    pub nets: &'s [Net],
    /// Where tensors lie.
    pub device: Device,
    /// Where the stage is.
    pub clock: Clock,
    /// Whether sets of similarities are kept of this step.
    pub keeps_similarities: bool,
}

impl Objective<'_> {
    /// The objective of a turn for a batch.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] for the first term that is NaN or infinite.
    pub fn evaluate(
        &self,
        turn: &Turn,
        models: &[Model],
        outputs: &BatchOutputs,
        batch: &Batch,
        noise: &Noise,
    ) -> Result<Outcome, TrainError> {
        let nothing = State::new();
        let mut loss: Option<Tensor> = None;
        let (mut names, mut scalars) = (Vec::new(), Vec::new());
        // terms that share a head see what those before them made of its state
        let mut changed: Vec<BTreeMap<&HeadId, State>> = models.iter().map(|_| BTreeMap::new()).collect();
        let (mut updates, mut similarities) = (Vec::new(), Vec::new());
        for (place, term) in turn.terms.iter().enumerate() {
            let state = |net: usize, id: &HeadId| changed[net].get(id).or_else(|| models[net].heads.get(id).map(|head| &head.state));
            let own = term.own.as_ref().and_then(|(net, id)| state(*net, id));
            let pool = term.pool.as_ref().and_then(|pool| state(pool.net, &pool.id));
            let noise = noise.term(&term.term, turn.terms[..place].iter().map(|before| &before.term));
            let context = Context { head: own.unwrap_or(&nothing), pool: pool.unwrap_or(&nothing), noise: &noise, clock: self.clock };
            let inputs = term.inputs(self.draws, outputs, batch, self.device, &state)?;
            let value = term.term.evaluate(&inputs, &context)?;
            if self.keeps_similarities {
                for (name, set) in term.term.similarities(&inputs)? {
                    let set = set.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?;
                    similarities.push((format!("{}.{name}", term.label), Vec::<f32>::try_from(set)?));
                }
            }
            if let (Some((net, id)), false) = (&term.own, value.updates.is_empty()) {
                let mut state = own.cloned().unwrap_or_default();
                for (name, tensor) in &value.updates {
                    state.replace(name, tensor.f_detach()?, Role::Buffer);
                    updates.push((*net, id.clone(), name.clone(), tensor.f_detach()?));
                }
                changed[*net].insert(id, state);
            }
            let mut note = |name: String, scalar: &Tensor| -> Result<(), TrainError> {
                names.push(name);
                scalars.push(scalar.f_detach()?.f_to_kind(Kind::Float)?.f_to_device(self.device)?.f_reshape([1])?);
                Ok(())
            };
            note(term.label.clone(), &value.value)?;
            for (part, scalar) in &value.parts {
                note(format!("{}.{part}", term.label), scalar)?;
            }
            note(format!("{}.skipped", term.label), &value.skipped)?;
            let weighted = value.value.f_mul_scalar(self.clock.read(&term.weight))?;
            loss = Some(match loss {
                Some(sum) => sum.f_add(&weighted)?,
                None => weighted,
            });
        }
        let loss = loss.ok_or(TrainError::NothingLearns)?;
        let zeros = self.zeros(outputs)?;
        let terms = names.len();
        for (name, count) in zeros {
            names.push(name);
            scalars.push(count);
        }
        scalars.push(loss.f_detach()?.f_to_kind(Kind::Float)?.f_reshape([1])?);
        // one way to the host for all of them
        let numbers = Vec::<f32>::try_from(Tensor::f_cat(&scalars, 0)?.f_to_device(Device::Cpu)?)?;
        let value = f64::from(numbers[names.len()]);
        // a column of zeros would say nothing
        let shown = |(place, (_, number)): &(usize, (String, f32))| *place < terms || *number > 0.0;
        let named: Vec<(String, f32)> = names.into_iter().zip(numbers).enumerate().filter(shown).map(|(_, named)| named).collect();
        let wrong = named.iter().find(|(name, value)| !value.is_finite() && turn.terms.iter().any(|term| term.label == *name));
        let wrong = wrong.map(|(name, value)| (name.clone(), f64::from(*value)));
        if let Some((term, value)) = wrong.or_else(|| (!value.is_finite()).then(|| ("the objective".to_owned(), value))) {
            let term = scoped(&turn.label, &term);
            return Err(TrainError::NotFinite { term, value, step: batch.step + 1, samples: samples(self.draws, batch), checkpoint: None });
        }
        Ok(Outcome { loss, value, named, updates, similarities })
    }

    /// How many embeddings of each network have no direction, still on their device.
    fn zeros(&self, outputs: &BatchOutputs) -> Result<Vec<(String, Tensor)>, TrainError> {
        let mut all = Vec::new();
        for (net, outputs) in self.nets.iter().zip(&outputs.nets) {
            let embedding = outputs.layer(net.network.layers.len() - 1).filter(|output| output.dim() == 2);
            let Some(embedding) = embedding else { continue };
            let count = without_direction(embedding)?.f_to_device(self.device)?.f_reshape([1])?;
            all.push((scoped(&net.name, ZEROS), count));
        }
        Ok(all)
    }
}

/// What the log calls the number of embeddings that are zero.
pub const ZEROS: &str = "zero_embeddings";

/// How many samples of each draw an error names.
const NAMED: usize = 4;

fn samples(draws: &Draws, batch: &Batch) -> Vec<String> {
    let draws = draws.all().iter().zip(&batch.picks);
    draws
        .map(|(draw, picks)| {
            let paths: Vec<_> = picks.iter().take(NAMED).map(|pick| draw.path(pick)).collect();
            let more = picks.len().saturating_sub(NAMED);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}: {}{rest}", draw.name, paths.join(" "))
        })
        .collect()
}
