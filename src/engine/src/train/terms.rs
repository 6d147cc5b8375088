//! The terms of a stage: what each is given, and the state that it has.

use super::cast::{Cast, Outputs, Player, Wanted, teacher};
use super::draws::{Draws, Sight};
use super::feed::Batch;
use super::reads;
use super::setup::Setup;
use super::{Stage, TrainError};
use crate::model::{HeadId, Model};
use crate::nn::heads::{PROTOTYPES, plain_specs};
use crate::nn::pooling;
use crate::nn::state::{Spec, State};
use crate::nn::terms::logits::logits;
use crate::nn::terms::{Given, Memory, Take, Term as _};
use crate::readings::{Readings, stacked};
use ddl::data::predicate::Expr;
use ddl::lang::value::NodeId;
use ddl::ops::curves::Curve;
use ddl::ops::terms::{Prototypes, Sees, Term, Weighted};
use ddl::plan::schedule::ScheduleError;
use tch::Tensor;

/// A term of the stage.
pub struct TermSetup {
    /// What events call it: the operator, with its data where there are several.
    pub label: String,
    /// What it computes.
    pub term: Term,
    /// What its value is multiplied by.
    pub weight: Curve,
    /// What it is given, in its order.
    wanted: Vec<Want>,
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
struct Want {
    wanted: Wanted,
    /// The place of its draw.
    draw: usize,
    /// The head over whose people logits are.
    head: HeadId,
    /// The numbers of the samples that are wanted, by table of the draw.
    readings: Vec<Readings>,
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
    pub rows: Rows,
    /// Its tensors.
    pub specs: Vec<Spec>,
}

/// A tensor with a row for each person: see [`Memory`](crate::nn::terms::Memory).
pub struct Rows {
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
    pub fn all(stage: &Stage, cast: &Cast, draws: &Draws, turn: usize) -> Result<Vec<Self>, TrainError> {
        let terms = &stage.train.turns()[turn].objective.terms;
        let mut all: Vec<TermSetup> = Vec::with_capacity(terms.len());
        for (weighted, wanted) in terms.iter().zip(&cast.turns[turn]) {
            let op = weighted.term.name();
            let alike = |other: &&Weighted| other.term.name() == op && other.term.it().of() == weighted.term.it().of();
            let several = terms.iter().filter(alike).count() > 1;
            let wanted = wanted.iter().map(|wanted| want(wanted, draws)).collect::<Result<Vec<_>, _>>()?;
            let data = wanted.first().map_or("", |want| &draws.all()[want.draw].name);
            let of = weighted.term.it().of().map_or_else(String::new, |net| format!("{net}."));
            let mut label = if several { format!("{of}{op}({data})") } else { format!("{of}{op}") };
            let same = all.iter().filter(|other| other.label.starts_with(&label)).count();
            if same > 0 {
                label = format!("{label}#{}", same + 1);
            }
            let mut term = TermSetup {
                label,
                term: weighted.term.clone(),
                weight: weighted.weight.clone(),
                wanted,
                heads: Vec::new(),
                own: None,
                between: Vec::new(),
                pool: None,
            };
            term.state(stage, cast, draws)?;
            all.push(term);
        }
        Ok(all)
    }

    /// Works out which state it needs.
    fn state(&mut self, stage: &Stage, cast: &Cast, draws: &Draws) -> Result<(), TrainError> {
        let network = |player| match player {
            Player::Net(place) => Ok(stage.nets[place].source.as_ref()),
            Player::Teacher(place) => teacher(stage, cast.teachers[place].0),
        };
        let mut shapes = Vec::new();
        for want in &self.wanted {
            let model = network(want.wanted.of)?;
            match (&want.wanted.take, want.wanted.of) {
                (Take::Output(_) | Take::Embeddings | Take::Labelled | Take::Pairs | Take::Readings(_), _) => {}
                (Take::Logits { .. }, Player::Net(net)) => {
                    let specs = plain_specs(classes(draws, want.draw)?, model.width()?);
                    let rows = Rows { name: PROTOTYPES, first: None, means_of: None, unit: true, must_say: true };
                    self.heads.push(HeadUse { net, id: want.head.clone(), draw: want.draw, rows, specs });
                }
                (Take::Logits { slot, .. }, Player::Teacher(place)) if !model.heads.contains_key(&want.head) => {
                    let name = |node| stage.tables.plan().node(node).name.clone();
                    let teacher = name(cast.teachers[place].0);
                    let (draw, classes) = (draws.all()[want.draw].name.clone(), classes(draws, want.draw)? as usize);
                    return Err(TrainError::TeacherPrototypes { term: self.label.clone(), teacher, draw, classes, slot: slot.clone() });
                }
                (Take::Logits { .. }, Player::Teacher(_)) => {}
            }
            shapes.push(match &want.wanted.take {
                Take::Logits { .. } => vec![classes(draws, want.draw)?],
                Take::Readings(reads) => vec![reads.len() as i64],
                Take::Output(_) | Take::Embeddings | Take::Labelled | Take::Pairs => model.network.shapes()?[want.wanted.layer].sides(),
            });
        }
        if let (Some(memory), Some(first)) = (self.term.memory(), self.wanted.first()) {
            let id = HeadId { slot: memory.slot.to_owned(), ..first.head.clone() };
            let specs = self.term.specs(classes(draws, first.draw)?, network(first.wanted.of)?.width()?);
            let Memory { rows: name, first: how, means_of, unit, must_say, .. } = memory;
            let rows = Rows { name, first: how, means_of, unit, must_say };
            let net = self.net();
            self.heads.push(HeadUse { net, id: id.clone(), draw: first.draw, rows, specs });
            self.own = Some((net, id));
        }
        if let (Some(pool), Some(first)) = (self.term.it().pool(), self.wanted.first()) {
            let (id, specs) = (HeadId::of_nobody(pool.slot()), pooling::specs(pool, network(first.wanted.of)?.width()?));
            self.pool = Some(PoolUse { net: self.net(), id, specs });
        }
        let misfit = |error: crate::nn::NnError| TrainError::Outputs { term: self.label.clone(), why: error.to_string() };
        self.between = self.term.specs_between(&shapes).map_err(misfit)?;
        if let Some(critic) = self.term.it().critic() {
            // critics are kept by the stage's first network, for the people whom they know
            let space = match critic.sees {
                Sees::Logits | Sees::Labels => self.wanted.first().map_or_else(String::new, |want| want.head.space.clone()),
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

    /// The place of the network that it trains; of several, of the first.
    fn net(&self) -> usize {
        let nets = self.wanted.iter().filter_map(|want| if let Player::Net(net) = want.wanted.of { Some(net) } else { None });
        nets.min().unwrap_or(0)
    }

    /// Its batches out of what the networks made of the whole step. `head` gives the state of a head of a network as it is now.
    pub fn given<'h>(
        &self,
        setup: &Setup,
        outputs: &Made,
        batch: &Batch,
        head: &dyn Fn(usize, &HeadId) -> Option<&'h State>,
    ) -> Result<Vec<Given>, TrainError> {
        self.wanted.iter().map(|want| want.given(setup, outputs, batch, head)).collect()
    }
}

/// What all networks made of a step's images.
pub struct Made<'s> {
    /// The stage's networks.
    pub nets: Vec<Outputs>,
    /// The teachers, with their models.
    pub teachers: Vec<(&'s Model, Outputs)>,
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

fn want(wanted: &Wanted, draws: &Draws) -> Result<Want, TrainError> {
    let draw = draws.place(wanted.batches).ok_or_else(|| TrainError::NotYet("a term without its draw".to_owned()))?; // all were made
    let slot = if let Take::Logits { slot, .. } = &wanted.take { slot.clone() } else { String::new() };
    let space = draws.all()[draw].batches.tables()[0].labels().id().to_owned();
    let of = &draws.all()[draw];
    let read = |reads: &Vec<Expr>| {
        let tables = of.batches.tables().iter().map(|table| Readings::new(reads, table));
        tables.collect::<Result<Vec<_>, _>>().map_err(TrainError::data(&of.name))
    };
    let readings = if let Take::Readings(reads) = &wanted.take { read(reads)? } else { Vec::new() };
    Ok(Want { wanted: wanted.clone(), draw, head: HeadId { space, slot }, readings })
}

impl Want {
    fn given<'h>(
        &self,
        setup: &Setup,
        made: &Made,
        batch: &Batch,
        head: &dyn Fn(usize, &HeadId) -> Option<&'h State>,
    ) -> Result<Given, TrainError> {
        let (sight, outputs, known): (&Sight, &Outputs, Option<&State>) = match self.wanted.of {
            Player::Net(place) => (&setup.nets[place].sight, &made.nets[place], head(place, &self.head)),
            Player::Teacher(place) => {
                let (model, outputs) = &made.teachers[place];
                (&setup.teachers[place].sight, outputs, model.heads.get(&self.head).map(|head| &head.state))
            }
        };
        let rows = sight.rows(self.draw);
        let missing = || TrainError::NotYet("a term without its output".to_owned()); // every wanted layer is an output
        let own = outputs.get(&self.wanted.layer).ok_or_else(missing)?.f_narrow(0, rows.start as i64, rows.len() as i64)?;
        let half = rows.len() as i64 / 2;
        Ok(match &self.wanted.take {
            Take::Embeddings => Given::Embeddings(own),
            Take::Output(_) => Given::Output(own),
            Take::Readings(reads) => {
                let rows = batch.picks[self.draw].iter().map(|pick| reads::row(&self.readings, pick));
                Given::Readings(stacked(rows, reads.len(), setup.device)?.ok_or_else(missing)?)
            }
            Take::Labelled => {
                let labels = setup.draws.all()[self.draw].batches.classes(&batch.picks[self.draw]);
                let labels: Vec<i64> = labels.into_iter().map(i64::from).collect();
                Given::Labelled { embedding: own, labels: Tensor::f_from_slice(&labels)?.f_to_device(setup.device)? }
            }
            // batches of pairs hold all first images, then all second ones
            Take::Pairs => Given::Pairs { left: own.f_narrow(0, 0, half)?, right: own.f_narrow(0, half, half)? },
            Take::Logits { scale, .. } => Given::Logits(logits(&own, known.ok_or_else(missing)?, *scale)?),
        })
    }
}
