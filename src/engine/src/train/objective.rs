//! The objective: every term gets its own rows of the one forward pass, and the weighted values are summed in the order of the plan.

use super::draws::Draws;
use super::feed::Batch;
use super::setup::Setup;
use super::{Stage, TrainError};
use crate::model::{HeadId, Model};
use crate::nn::heads::Clock;
use crate::nn::state::{Role, State};
use crate::nn::terms::{Around, Given, Take, Term as _};
use ddl::ops::curves::Curve;
use ddl::ops::terms::{Prototypes, Term};
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

/// A term of the stage.
pub struct TermSetup {
    /// What events call it: the operator, with its data where there are several.
    pub label: String,
    /// What it computes.
    pub term: Term,
    /// What its value is multiplied by.
    pub weight: Curve,
    /// The draws that it is given, in its order.
    needs: Vec<(usize, Take)>,
    /// The head whose state it has.
    pub head: Option<HeadUse>,
}

/// A term's head.
pub struct HeadUse {
    /// Which.
    pub id: HeadId,
    /// The draw whose label space it classifies.
    pub draw: usize,
    /// What new prototypes start from, if the recipe says so.
    pub prototypes: Option<Prototypes>,
}

/// What a step came to.
pub struct Outcome {
    /// The weighted sum, with its gradient.
    pub loss: Tensor,
    /// The same as a number.
    pub value: f64,
    /// Numbers by name, for the log: each term's value, its parts, what it skipped.
    pub named: Vec<(String, f32)>,
    /// New values of heads' tensors that follow the batches: they become the model's once the step is taken.
    pub updates: Vec<(HeadId, String, Tensor)>,
}

impl TermSetup {
    /// The terms of a stage.
    pub fn all(stage: &Stage, draws: &Draws) -> Result<Vec<Self>, TrainError> {
        let terms = &stage.train.objective.terms;
        let mut all: Vec<TermSetup> = Vec::with_capacity(terms.len());
        for weighted in terms {
            let mut needs = Vec::new();
            for need in weighted.term.needs()? {
                let place = draws.place(need.batches);
                needs.push((place.ok_or_else(|| TrainError::NotYet("a term without its draw".to_owned()))?, need.take)); // all were made
            }
            let op = weighted.term.name();
            let several = terms.iter().filter(|other| other.term.name() == op).count() > 1;
            let data = needs.first().map_or("", |(draw, _)| &draws.all()[*draw].name);
            let mut label = if several { format!("{op}({data})") } else { op.to_owned() };
            let same = all.iter().filter(|other| other.label.starts_with(&label)).count();
            if same > 0 {
                label = format!("{label}#{}", same + 1);
            }
            let head = match &weighted.term {
                Term::Classify(classify) => needs.first().map(|(draw, _)| HeadUse {
                    id: HeadId { space: draws.all()[*draw].batches.tables()[0].labels().id().to_owned(), slot: classify.slot.clone() },
                    draw: *draw,
                    prototypes: classify.prototypes,
                }),
                Term::Triplet(_) | Term::Ddl(_) => None,
            };
            all.push(TermSetup { label, term: weighted.term.clone(), weight: weighted.weight.clone(), needs, head });
        }
        Ok(all)
    }

    /// Its batches out of the embeddings of the whole step.
    fn given(&self, setup: &Setup, embeddings: &Tensor, batch: &Batch) -> Result<Vec<Given>, TrainError> {
        let given = |&(place, take): &(usize, Take)| {
            let draw = &setup.draws.all()[place];
            let (from, count) = (draw.rows.start as i64, draw.rows.len() as i64);
            let own = embeddings.f_narrow(0, from, count)?;
            Ok(match take {
                Take::Embeddings => Given::Embeddings(own),
                Take::Labelled => {
                    let labels: Vec<i64> = draw.batches.classes(&batch.picks[place]).into_iter().map(i64::from).collect();
                    Given::Labelled { embedding: own, labels: Tensor::f_from_slice(&labels)?.f_to_device(setup.device)? }
                }
                // batches of pairs hold all first images, then all second ones
                Take::Pairs => Given::Pairs { left: own.f_narrow(0, 0, count / 2)?, right: own.f_narrow(0, count / 2, count / 2)? },
            })
        };
        self.needs.iter().map(given).collect()
    }
}

/// The objective of a step.
///
/// # Errors
/// [`TrainError::NotFinite`] for the first term that is NaN or infinite.
pub fn evaluate(setup: &Setup, model: &Model, embeddings: &Tensor, batch: &Batch) -> Result<Outcome, TrainError> {
    let (nothing, noise) = (State::new(), setup.noise(batch.step));
    let mut loss: Option<Tensor> = None;
    let (mut names, mut scalars) = (Vec::new(), Vec::new());
    let clock = Clock { step: batch.step, per_epoch: setup.per_epoch, total: setup.total };
    // terms that share a head see what those before them made of its state
    let mut changed: BTreeMap<&HeadId, State> = BTreeMap::new();
    let mut updates = Vec::new();
    for term in &setup.terms {
        let id = term.head.as_ref().map(|head| &head.id);
        let head = id.and_then(|id| changed.get(id).or_else(|| model.heads.get(id).map(|head| &head.state)));
        let around = Around { head: head.unwrap_or(&nothing), noise: &noise, clock };
        let value = term.term.evaluate(&term.given(setup, embeddings, batch)?, &around)?;
        if let (Some(id), false) = (id, value.updates.is_empty()) {
            let mut state = head.cloned().unwrap_or_default();
            for (name, tensor) in &value.updates {
                state.replace(name, tensor.f_detach()?, Role::Buffer);
                updates.push((id.clone(), name.clone(), tensor.f_detach()?));
            }
            changed.insert(id, state);
        }
        let mut note = |name: String, scalar: &Tensor| -> Result<(), TrainError> {
            names.push(name);
            scalars.push(scalar.f_detach()?.f_to_kind(Kind::Float)?.f_to_device(setup.device)?.f_reshape([1])?);
            Ok(())
        };
        note(term.label.clone(), &value.value)?;
        for (part, scalar) in &value.parts {
            note(format!("{}.{part}", term.label), scalar)?;
        }
        note(format!("{}.skipped", term.label), &value.skipped)?;
        let weighted = value.value.f_mul_scalar(term.weight.at(batch.step, setup.per_epoch, setup.total))?;
        loss = Some(match loss {
            Some(sum) => sum.f_add(&weighted)?,
            None => weighted,
        });
    }
    let loss = loss.ok_or(TrainError::NothingLearns)?;
    scalars.push(loss.f_detach()?.f_to_kind(Kind::Float)?.f_reshape([1])?);
    // one way to the host for all of them
    let numbers = Vec::<f32>::try_from(Tensor::f_cat(&scalars, 0)?.f_to_device(tch::Device::Cpu)?)?;
    let value = f64::from(numbers[names.len()]);
    let named: Vec<(String, f32)> = names.into_iter().zip(numbers).collect();
    let wrong = named.iter().find(|(name, value)| !value.is_finite() && setup.terms.iter().any(|term| term.label == *name));
    let wrong = wrong.map(|(name, value)| (name.clone(), f64::from(*value)));
    if let Some((term, value)) = wrong.or_else(|| (!value.is_finite()).then(|| ("the objective".to_owned(), value))) {
        return Err(TrainError::NotFinite { term, value, step: batch.step + 1, samples: samples(setup, batch), checkpoint: None });
    }
    Ok(Outcome { loss, value, named, updates })
}

/// How many samples of each draw an error names.
const NAMED: usize = 4;

fn samples(setup: &Setup, batch: &Batch) -> Vec<String> {
    let draws = setup.draws.all().iter().zip(&batch.picks);
    draws
        .map(|(draw, picks)| {
            let paths: Vec<&str> = picks.iter().take(NAMED).map(|pick| draw.path(pick)).collect();
            let more = picks.len().saturating_sub(NAMED);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}: {}{rest}", draw.name, paths.join(" "))
        })
        .collect()
}
