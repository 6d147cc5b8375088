//! The terms of a stage: what each is given, and the state that it has.

use super::draws::Draws;
use super::error::TrainError;
use super::feed::Batch;
use super::outputs::BatchOutputs;
use super::reads;
use super::requests::{ModelId, Request, Requests};
use crate::model::HeadId;
use crate::nn::heads::{PROTOTYPES, plain_specs};
use crate::nn::pooling;
use crate::nn::state::{Spec, State};
use crate::nn::terms::logits::logits;
use crate::nn::terms::{Memory, Take, Term as _, TermInput};
use crate::readings::{Readings, stacked};
use ddl::data::predicate::Expr;
use ddl::lang::value::NodeId;
use ddl::ops::curves::Curve;
use ddl::ops::terms::{Prototypes, Sees, Term, Weighted};
use ddl::plan::Plan;
use ddl::plan::schedule::ScheduleError;
use tch::{Device, Tensor};

/// A term of the stage.
pub struct TermSetup {
    /// What events call it: the operator, with its data where there are several.
    pub label: String,
    /// What it computes.
    pub term: Term,
    /// What its value is multiplied by.
    pub weight: Curve,
    /// What it is given, in its order.
    inputs: Vec<Input>,
    /// The heads whose prototypes it needs.
    pub heads: Vec<HeadUse>,
    /// The state that it has itself: its head's, or tensors between outputs.
    pub own: Option<(usize, HeadId)>,
    /// Tensors between outputs of two networks.
    pub between: Vec<Spec>,
    /// The pooling that it learns.
    pub pool: Option<PoolUse>,
}

/// A pooling that a term learns.
pub struct PoolUse {
    /// Of which network, by its place.
    pub net: usize,
    /// Where it is kept.
    pub id: HeadId,
    /// Its tensors.
    specs: Vec<Spec>,
}

/// A batch of a network's output.
struct Input {
    request: Request,
    /// The place of its draw.
    draw: usize,
    /// The head over whose people logits are.
    head: HeadId,
    /// The numbers of the samples that are wanted, by table of the draw.
    readings: Vec<Readings>,
    /// Which images of the draw.
    side: Side,
}

/// Images of a draw that a network is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// All.
    Both,
    /// The first ones of pairs.
    First,
    /// The second ones.
    Second,
}

impl Side {
    /// Of pairs that are one image in two versions a teacher sees the first, and whom it teaches the second.
    fn new(request: &Request, taught: bool, draws: &Draws, draw: usize) -> Self {
        let versions = draws.all()[draw].seen.second.is_some() && !matches!(request.take, Take::Pairs);
        match request.of {
            ModelId::Teacher(_) if versions => Side::First,
            ModelId::Net(_) if versions && taught => Side::Second,
            ModelId::Teacher(_) | ModelId::Net(_) => Side::Both,
        }
    }

    /// Its rows of so many.
    fn rows(self, images: usize) -> std::ops::Range<usize> {
        match self {
            Side::Both => 0..images,
            Side::First => 0..images / 2,
            Side::Second => images / 2..images,
        }
    }
}

/// A head that a term needs.
pub struct HeadUse {
    /// Of which network, by its place.
    pub net: usize,
    /// Which.
    pub id: HeadId,
    /// The draw whose label space it is over.
    pub draw: usize,
    /// The tensor of its state that has a row for each person, and how new rows start.
    pub rows: FirstRows,
    /// Its tensors.
    pub specs: Vec<Spec>,
}

/// A tensor with a row for each person: see [`Memory`](crate::nn::terms::Memory).
pub struct FirstRows {
    /// Its name.
    pub name: &'static str,
    /// What new rows start from, if the recipe says so.
    pub first: Option<Prototypes>,
    /// The data set of whose images they are the class means, if they are of another than the draw's.
    pub means_of: Option<NodeId>,
    /// Whether class means are of features of length 1, and of length 1 themselves.
    pub unit: bool,
    /// Whether the recipe must say what new rows start from, where the source model has such rows of other label spaces.
    pub must_say: bool,
}

impl TermSetup {
    /// The terms of a turn of a stage.
    ///
    /// # Errors
    /// Outputs that don't fit each other; a teacher that does not know the people.
    pub fn all(plan: &Plan, terms: &[Weighted], wanted: &[Vec<Request>], of: &Requests, draws: &Draws) -> Result<Vec<Self>, TrainError> {
        let mut all: Vec<TermSetup> = Vec::with_capacity(terms.len());
        for (weighted, requests) in terms.iter().zip(wanted) {
            let op = weighted.term.name();
            let alike = |other: &&Weighted| other.term.name() == op && other.term.it().of() == weighted.term.it().of();
            let taught = requests.iter().any(|request| matches!(request.of, ModelId::Teacher(_)));
            let several = terms.iter().filter(alike).count() > 1;
            let inputs = requests.iter().map(|request| Input::new(request, taught, draws)).collect::<Result<Vec<_>, _>>()?;
            let data = inputs.first().map_or("", |input| &draws.all()[input.draw].name);
            let net = weighted.term.it().of().map_or_else(String::new, |net| format!("{net}."));
            let mut label = if several { format!("{net}{op}({data})") } else { format!("{net}{op}") };
            let same = all.iter().filter(|other| other.label.starts_with(&label)).count();
            if same > 0 {
                label = format!("{label}#{}", same + 1);
            }
            let mut term = TermSetup {
                label,
                term: weighted.term.clone(),
                weight: weighted.weight.clone(),
                inputs,
                heads: Vec::new(),
                own: None,
                between: Vec::new(),
                pool: None,
            };
            term.state(plan, of, draws)?;
            all.push(term);
        }
        Ok(all)
    }

    /// Works out which state it needs.
    fn state(&mut self, plan: &Plan, requests: &Requests, draws: &Draws) -> Result<(), TrainError> {
        let mut shapes = Vec::new();
        for input in &self.inputs {
            let Request { of, layer, take, .. } = &input.request;
            let model = &requests.of(*of).model;
            match (take, *of) {
                (Take::Output(_) | Take::Embeddings | Take::Labelled | Take::Pairs | Take::Readings(_), _) => {}
                (Take::Logits { .. }, ModelId::Net(net)) => {
                    let specs = plain_specs(classes(draws, input.draw)?, model.width()?);
                    let rows = FirstRows { name: PROTOTYPES, first: None, means_of: None, unit: true, must_say: true };
                    self.heads.push(HeadUse { net, id: input.head.clone(), draw: input.draw, rows, specs });
                }
                (Take::Logits { slot, .. }, ModelId::Teacher(_)) if !model.heads.contains_key(&input.head) => {
                    let teacher = plan.node(requests.of(*of).node).name.clone();
                    let (draw, classes) = (draws.all()[input.draw].name.clone(), classes(draws, input.draw)? as usize);
                    return Err(TrainError::TeacherPrototypes { term: self.label.clone(), teacher, draw, classes, slot: slot.clone() });
                }
                (Take::Logits { .. }, ModelId::Teacher(_)) => {}
            }
            shapes.push(match take {
                Take::Logits { .. } => vec![classes(draws, input.draw)?],
                Take::Readings(reads) => vec![reads.len() as i64],
                Take::Output(_) | Take::Embeddings | Take::Labelled | Take::Pairs => model.network.shapes()?[*layer].sides(),
            });
        }
        let first = self.inputs.first();
        let width = |input: &Input| requests.of(input.request.of).model.width();
        if let (Some(memory), Some(first)) = (self.term.memory(), first) {
            let id = HeadId { slot: memory.slot.to_owned(), ..first.head.clone() };
            let specs = self.term.specs(classes(draws, first.draw)?, width(first)?);
            let Memory { rows: name, first: how, means_of, unit, must_say, .. } = memory;
            let rows = FirstRows { name, first: how, means_of, unit, must_say };
            let net = self.net();
            self.heads.push(HeadUse { net, id: id.clone(), draw: first.draw, rows, specs });
            self.own = Some((net, id));
        }
        if let (Some(pool), Some(first)) = (self.term.it().pool(), first) {
            let (id, specs) = (HeadId::of_nobody(pool.slot()), pooling::specs(pool, width(first)?));
            self.pool = Some(PoolUse { net: self.net(), id, specs });
        }
        let misfit = |error: crate::nn::NnError| TrainError::Outputs { term: self.label.clone(), why: error.to_string() };
        self.between = self.term.specs_between(&shapes).map_err(misfit)?;
        if let Some(critic) = self.term.it().critic() {
            // critics are kept by the stage's first network, for the people whom they know
            let space = match critic.sees {
                Sees::Logits | Sees::Labels => first.map_or_else(String::new, |input| input.head.space.clone()),
                Sees::Embedding => String::new(),
            };
            self.own = Some((0, HeadId { space, slot: critic.slot.clone() }));
        }
        if let (Term::Feature(feature), false) = (&self.term, self.between.is_empty()) {
            self.own = Some((self.net(), HeadId::of_nobody(&feature.slot)));
        }
        Ok(())
    }

    /// What it keeps of a network that has no row for each person: maps between outputs, critics, poolings.
    pub fn of_nobody(&self, net: usize) -> impl Iterator<Item = (&HeadId, &Spec)> {
        let between = self.own.as_ref().filter(|(of, _)| *of == net).map(|(_, id)| (id, &self.between));
        let pool = self.pool.as_ref().filter(|pool| pool.net == net).map(|pool| (&pool.id, &pool.specs));
        between.into_iter().chain(pool).flat_map(|(id, specs)| specs.iter().map(move |spec| (id, spec)))
    }

    /// Whether it asks for outputs of a network.
    pub fn asks(&self, of: ModelId) -> bool {
        self.inputs.iter().any(|input| input.request.of == of)
    }

    /// The place of the network that it trains; of several, of the first.
    fn net(&self) -> usize {
        let nets = self.inputs.iter().filter_map(|input| if let ModelId::Net(net) = input.request.of { Some(net) } else { None });
        nets.min().unwrap_or(0)
    }

    /// Its batches out of what the networks made of the whole step. `head` gives the state of a head of a network as it is now.
    pub fn inputs<'h>(
        &self,
        draws: &Draws,
        outputs: &BatchOutputs,
        batch: &Batch,
        device: Device,
        head: &dyn Fn(usize, &HeadId) -> Option<&'h State>,
    ) -> Result<Vec<TermInput>, TrainError> {
        self.inputs.iter().map(|input| input.take(draws, outputs, batch, device, head)).collect()
    }
}

/// People of a draw's label space.
fn classes(draws: &Draws, draw: usize) -> Result<i64, TrainError> {
    let draw = &draws.all()[draw];
    let classes = draw.batches.tables()[0].labels().len();
    if classes < 2 {
        return Err(ScheduleError::OneClass { draw: draw.name.clone(), classes }.into());
    }
    Ok(classes as i64)
}

impl Input {
    fn new(request: &Request, taught: bool, draws: &Draws) -> Result<Input, TrainError> {
        let missing = || TrainError::Internal("a term without its draw".to_owned()); // all were made
        let draw = draws.place(request.batches).ok_or_else(missing)?;
        let slot = if let Take::Logits { slot, .. } = &request.take { slot.clone() } else { String::new() };
        let space = draws.all()[draw].batches.tables()[0].labels().id().to_owned();
        let of = &draws.all()[draw];
        let read = |reads: &Vec<Expr>| {
            let tables = of.batches.tables().iter().map(|table| Readings::new(reads, table));
            tables.collect::<Result<Vec<_>, _>>().map_err(TrainError::data(&of.name))
        };
        let readings = if let Take::Readings(reads) = &request.take { read(reads)? } else { Vec::new() };
        let side = Side::new(request, taught, draws, draw);
        Ok(Input { request: request.clone(), draw, head: HeadId { space, slot }, readings, side })
    }

    fn take<'h>(
        &self,
        draws: &Draws,
        all: &BatchOutputs,
        batch: &Batch,
        device: Device,
        head: &dyn Fn(usize, &HeadId) -> Option<&'h State>,
    ) -> Result<TermInput, TrainError> {
        let (outputs, known): (_, Option<&State>) = match self.request.of {
            ModelId::Net(place) => (&all.nets[place], head(place, &self.head)),
            ModelId::Teacher(place) => {
                let teacher = &all.teachers[place];
                (&teacher.outputs, teacher.model.heads.get(&self.head).map(|head| &head.state))
            }
        };
        let missing = || TrainError::Internal("a term without its output".to_owned()); // every wanted layer is an output
        let own = outputs.of_draw(self.request.layer, self.draw)?.ok_or_else(missing)?;
        let half = own.size()[0] / 2;
        let rows = self.side.rows(batch.picks[self.draw].len());
        let picks = &batch.picks[self.draw][rows.clone()];
        // batches of pairs hold all first images, then all second ones
        let own = if self.side == Side::Both { own } else { own.f_narrow(0, rows.start as i64, rows.len() as i64)? };
        Ok(match &self.request.take {
            Take::Embeddings => TermInput::Embeddings(own),
            Take::Output(_) => TermInput::Output(own),
            Take::Readings(reads) => {
                let rows = picks.iter().map(|pick| reads::row(&self.readings, pick));
                TermInput::Readings(stacked(rows, reads.len(), device)?.ok_or_else(missing)?)
            }
            Take::Labelled => {
                let labels: Vec<i64> = draws.all()[self.draw].batches.classes(picks).into_iter().map(i64::from).collect();
                TermInput::Labelled { embedding: own, labels: Tensor::f_from_slice(&labels)?.f_to_device(device)? }
            }
            Take::Pairs => TermInput::Pairs { left: own.f_narrow(0, 0, half)?, right: own.f_narrow(0, half, half)? },
            Take::Logits { scale, .. } => TermInput::Logits(logits(&own, known.ok_or_else(missing)?, *scale)?),
        })
    }
}
