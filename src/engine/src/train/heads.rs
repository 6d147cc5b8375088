//! What the state of terms starts from: prototypes and centres by what the recipe says, everything else by the seed.

use super::bank::Bank;
use super::draws::{Draw, Draws};
use super::error::TrainError;
use super::input::InputData;
use super::loading::bytes;
use super::names::scoped;
use super::net::Net;
use super::stage::Surroundings;
use super::terms::{HeadUse, TermSetup};
use crate::model::{Head, HeadId, Model};
use crate::nn::embed::Embedder;
use crate::nn::rows::{KeptRows as _, Rows as _};
use crate::nn::state::{Spec, State};
use crate::readings::Readings;
use ddl::data::Table;
use ddl::data::sampler::Pick;
use ddl::diag::Code;
use ddl::events::Failure;
use ddl::inputs::tables::Tables;
use ddl::meter;
use ddl::ops::terms::Prototypes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// Starts the state of a stage's terms.
pub struct Initialiser<'a> {
    /// The plan's data.
    pub tables: &'a Tables<'a>,
    /// What is around the stage.
    pub around: &'a Surroundings<'a>,
    /// The stage's seed.
    pub seed: i64,
    /// Its draws.
    pub draws: &'a Draws,
    /// All its terms.
    pub terms: &'a [&'a TermSetup],
}

impl Initialiser<'_> {
    /// Gives the model of a network, by its place, every head, every map between outputs and every pooling that the stage's terms name: the
    /// source model's own where it has one, or a new one as the recipe says.
    pub fn start(&self, place: usize, net: &Net, model: &mut Model) -> Result<(), TrainError> {
        let mut new = self.of_people(place, net, model)?;
        new.extend(self.of_nobody(place, net, model)?);
        model.heads.extend(new);
        Ok(())
    }

    /// What has a row for each person.
    fn of_people(&self, place: usize, net: &Net, model: &Model) -> Result<Vec<(HeadId, Head)>, TrainError> {
        let mut uses: BTreeMap<&HeadId, Vec<&HeadUse>> = BTreeMap::new();
        for head in self.terms.iter().flat_map(|term| &term.heads).filter(|head| head.net == place) {
            uses.entry(&head.id).or_default().push(head);
        }
        let mut new = Vec::new();
        for (id, uses) in uses {
            let names = Arc::clone(self.draws.all()[uses[0].draw].batches.tables()[0].labels().names());
            let specs = uses.iter().flat_map(|head| &head.specs);
            let known = model.heads.get(id);
            let mut state = self.completed(&net.name, id, specs, known)?;
            let mut by_rows: BTreeMap<&str, Vec<&HeadUse>> = BTreeMap::new();
            uses.iter().for_each(|head| by_rows.entry(head.rows.name).or_default().push(head));
            for (rows, uses) in by_rows.into_iter().filter(|(rows, _)| known.is_none_or(|head| head.state.entry(rows).is_none())) {
                let first = FirstRows { name: rows, unit: uses[0].rows.unit, slot: &id.slot, names: &names };
                self.first_rows(&first, &uses, net, model, &mut state)?;
            }
            new.push((id.clone(), Head { names, state }));
        }
        Ok(new)
    }

    /// Gives new rows their first values, where they are not the drawn ones.
    fn first_rows(&self, first: &FirstRows, uses: &[&HeadUse], net: &Net, model: &Model, state: &mut State) -> Result<(), TrainError> {
        let draw = &self.draws.all()[uses[0].draw];
        let elsewhere = model.heads.values().any(|head| head.state.entry(first.name).is_some());
        let how = agreed(uses)?;
        if let Some(data) = uses[0].rows.means_of {
            let table = self.tables.table(data)?;
            let name = self.tables.plan().node(data).name.clone();
            let of = self.class_means(first, net, model, &[Shown { name: &name, table: &table, kept: None }], state)?;
            return everybody_has_one(draw, &name, &of, first.names);
        }
        match how {
            None if elsewhere && uses.iter().any(|head| head.rows.must_say) => {
                Err(TrainError::Failed(ddl::preflight::heads::unsaid(&draw.name, first.names.len(), first.slot)))
            }
            None | Some(Prototypes::Fresh) => Ok(()),
            Some(Prototypes::ByName) => first.by_name(model, state),
            Some(Prototypes::ClassMeans) => {
                let draws = uses.iter().map(|head| &self.draws.all()[head.draw]);
                let shown: Vec<Shown> = draws.map(|draw| Shown::of(draw, net)).collect();
                self.class_means(first, net, model, &shown, state).map(drop)
            }
        }
    }

    /// What has no rows of people.
    fn of_nobody(&self, place: usize, net: &Net, model: &Model) -> Result<Vec<(HeadId, Head)>, TrainError> {
        let mut of_nobody: BTreeMap<&HeadId, Vec<(&Spec, &str)>> = BTreeMap::new();
        for term in self.terms {
            for (id, spec) in term.of_nobody(place) {
                of_nobody.entry(id).or_default().push((spec, &term.label));
            }
        }
        let mut new = Vec::new();
        for (id, specs) in of_nobody {
            let state = self.completed(&net.name, id, specs.iter().map(|(spec, _)| *spec), model.heads.get(id))?;
            for (spec, term) in specs {
                let found = state.get(&spec.name)?.size();
                if found != spec.shape {
                    let why =
                        format!("the source model's `{}` (slot \"{}\") is {found:?}, and {:?} is needed", spec.name, id.slot, spec.shape);
                    return Err(TrainError::Outputs { term: term.to_owned(), why });
                }
            }
            new.push((id.clone(), Head { names: Arc::from([]), state }));
        }
        Ok(new)
    }

    /// A head's state with every tensor that is needed: known ones as they are, the others new.
    fn completed<'s>(
        &self,
        net: &str,
        id: &HeadId,
        specs: impl IntoIterator<Item = &'s Spec>,
        known: Option<&Head>,
    ) -> Result<State, TrainError> {
        let specs: BTreeMap<&str, &Spec> = specs.into_iter().map(|spec| (spec.name.as_str(), spec)).collect();
        let mut state = known.map_or_else(State::new, |head| head.state.clone());
        let missing: Vec<&Spec> = specs.into_values().filter(|spec| state.entry(&spec.name).is_none()).collect();
        for spec in missing {
            // each from the stage's seed and its own whole name, the network's where there are several
            let named = Spec { name: scoped(net, &id.tensor(&spec.name)), ..spec.clone() };
            let one = State::initialise(std::slice::from_ref(&named), self.seed, self.around.device, Kind::Float)?;
            state.insert(&spec.name, one.get(&named.name)?.shallow_clone(), spec.role)?;
        }
        Ok(state)
    }

    /// Each class's mean embedding under the source model as it is judged (no augment, the first version of treated images), where rows are
    /// of length 1 of embeddings of length 1. People without an image keep their drawn row. Gives who has one.
    fn class_means(
        &self,
        first: &FirstRows,
        net: &Net,
        model: &Model,
        shown: &[Shown],
        state: &mut State,
    ) -> Result<Vec<bool>, TrainError> {
        let mut sums: Vec<Sum> = vec![Sum::new(model.width()? as usize, first.unit); first.names.len()];
        let class_of: BTreeMap<&str, usize> = first.names.iter().enumerate().map(|(class, name)| (&**name, class)).collect();
        let mut seen = Vec::new();
        for shown in shown {
            if seen.contains(&shown.table.digest()) {
                continue;
            }
            seen.push(shown.table.digest());
            shown.embed(self.around, net, model, |row, embedding| {
                if let Some(class) = shown.table.row(row).and_then(|row| class_of.get(row.identity())) {
                    sums[*class].add(embedding);
                }
            })?;
        }
        let means: Vec<Option<Vec<f32>>> = sums.iter().map(Sum::mean).collect();
        first.put(state, means.iter().zip(0..).filter_map(|(mean, class)| Some((class, mean.clone()?))))?;
        Ok(means.iter().map(Option::is_some).collect())
    }
}

/// What the terms that share rows say of their first values.
fn agreed(uses: &[&HeadUse]) -> Result<Option<Prototypes>, TrainError> {
    let mut all = uses.iter().filter_map(|head| head.rows.first);
    let first = all.next();
    let alike = |head: &&HeadUse| head.rows.unit == uses[0].rows.unit && head.rows.means_of == uses[0].rows.means_of;
    if all.any(|other| Some(other) != first) || !uses.iter().all(alike) {
        let rows = uses[0].rows.name;
        let message = format!("two terms share their {rows} (one label space, one slot) and say different first ones");
        return Err(TrainError::Failed(Failure::new(Code::NotYetRun, message).help("leave it out for now")));
    }
    Ok(first)
}

/// A tensor with a row for each person that starts otherwise than drawn.
struct FirstRows<'a> {
    name: &'a str,
    /// Whether means are of features of length 1, and of length 1 themselves.
    unit: bool,
    slot: &'a str,
    /// The people, by row.
    names: &'a [Arc<str>],
}

impl FirstRows<'_> {
    /// Rows of the source model's own of this slot, by the names of people; of two label spaces that know a person, the first.
    fn by_name(&self, model: &Model, state: &mut State) -> Result<(), TrainError> {
        let known = model.heads.iter().filter(|(other, head)| other.slot == self.slot && head.state.has(self.name));
        let known: Vec<&Head> = known.map(|(_, head)| head).collect();
        let mut rows = Vec::new();
        for (class, person) in (0..).zip(self.names) {
            let place = |head: &Head| head.names.iter().position(|name| name == person);
            if let Some((head, place)) = known.iter().find_map(|head| Some((head, place(head)?))) {
                let place = Tensor::f_from_slice(&[place as i64])?.f_to_device(head.state.local(self.name)?.device())?;
                let row = head.state.gather(self.name, &place)?.f_to_device(Device::Cpu)?.f_reshape([-1])?;
                rows.push((class, Vec::<f32>::try_from(row)?));
            }
        }
        self.put(state, rows)
    }

    /// Puts rows in the places of their classes.
    fn put(&self, state: &mut State, rows: impl IntoIterator<Item = (i64, Vec<f32>)>) -> Result<(), TrainError> {
        let (classes, rows): (Vec<i64>, Vec<Vec<f32>>) = rows.into_iter().unzip();
        if !classes.is_empty() {
            let rows = Tensor::f_from_slice(&rows.concat())?.f_view([classes.len() as i64, -1])?;
            state.put(self.name, &classes, &rows)?;
        }
        Ok(())
    }
}

/// Refuses people of a draw who have no image among those whose means are wanted.
fn everybody_has_one(draw: &Draw, data: &str, has: &[bool], names: &[Arc<str>]) -> Result<(), TrainError> {
    let table = &draw.batches.tables()[0];
    let there: BTreeSet<&str> = table.rows().map(|row| row.identity()).collect();
    let without = |name: &&Arc<str>| there.contains(&***name);
    let missing: Vec<&Arc<str>> = names.iter().zip(has).filter(|(_, has)| !**has).map(|(name, _)| name).filter(without).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    Err(TrainError::NoMean { draw: draw.name.clone(), data: data.to_owned(), person: first.to_string(), count: missing.len() })
}

/// Images that a network is shown before the first step.
struct Shown<'a> {
    name: &'a str,
    table: &'a Table,
    /// The draw of them, and what the network's first layers make of its images, where that is kept.
    kept: Option<(&'a Draw, &'a Bank)>,
}

impl<'a> Shown<'a> {
    /// The images of a draw.
    fn of(draw: &'a Draw, net: &'a Net) -> Self {
        Shown { name: &draw.name, table: &draw.batches.tables()[0], kept: net.bank.as_deref().map(|bank| (draw, bank)) }
    }

    /// What a model makes of each row, as it is judged.
    fn embed(&self, around: &Surroundings, net: &Net, model: &Model, mut to: impl FnMut(usize, &[f32])) -> Result<(), TrainError> {
        let (input, first) = (net.network.input, if self.kept.is_some() { net.prefix } else { 0 });
        let named = TrainError::data(self.name);
        let plain = around.loading.loader(std::slice::from_ref(self.table), &input, None).map_err(&named)?;
        let readings = Readings::of(&net.network, self.table).map_err(&named)?;
        let layers = first..net.network.layers.len();
        let embedder = Embedder::of_layers(&net.network, &model.state, layers, around.workers)?;
        let picks: Vec<Pick> = (0..self.table.len()).map(|row| Pick { table: 0, row: row as u32, visit: 0 }).collect();
        let work = meter::begin(format!("class means of {}", self.name), "images", picks.len() as u64);
        for picks in picks.chunks(CHUNK) {
            work.add(picks.len() as u64);
            if around.is_interrupted() {
                return Err(TrainError::Interrupted { step: 0 });
            }
            let numbers = match self.kept {
                Some((draw, bank)) => {
                    let mut all = Vec::new();
                    bank.read(&draw.plain(plain.clone(), input.size()), picks, &mut all)?;
                    InputData::Features(all)
                }
                None => InputData::Pixels(bytes(&plain, picks).map_err(&named)?),
            };
            let rows = picks[0].row as usize..picks[0].row as usize + picks.len();
            let embeddings = embedder.run_reading(&net.input(&numbers, around.device)?, readings.tensor(rows, around.device)?.as_ref())?;
            let width = embeddings.size()[1] as usize;
            let embeddings = Vec::<f32>::try_from(embeddings.f_to_device(Device::Cpu)?.f_reshape([-1])?)?;
            picks.iter().zip(embeddings.chunks_exact(width)).for_each(|(pick, embedding)| to(pick.row as usize, embedding));
        }
        Ok(())
    }
}

/// Images that go through the network at once.
const CHUNK: usize = 64;

/// The mean of vectors, or the direction of the sum of their directions.
#[derive(Clone)]
struct Sum {
    total: Vec<f64>,
    count: f64,
    unit: bool,
}

impl Sum {
    fn new(width: usize, unit: bool) -> Self {
        Sum { total: vec![0.0; width], count: 0.0, unit }
    }

    /// Adds a vector; where directions count, nothing for one without direction.
    fn add(&mut self, x: &[f32]) {
        let length = if self.unit { x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt() } else { 1.0 };
        if length > 0.0 {
            self.total.iter_mut().zip(x).for_each(|(sum, x)| *sum += f64::from(*x) / length);
            self.count += 1.0;
        }
    }

    /// The mean; none of nothing, or of directions that cancel each other.
    fn mean(&self) -> Option<Vec<f32>> {
        let whole = if self.unit { self.total.iter().map(|x| x * x).sum::<f64>().sqrt() } else { self.count };
        (whole > 0.0).then(|| self.total.iter().map(|x| (x / whole) as f32).collect())
    }
}
