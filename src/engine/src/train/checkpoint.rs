//! A stage on the disk: everything that its next step depends on, and enough to know that it is the same stage.

use super::error::TrainError;
use super::learner::{Learner, Progress};
use super::names::scoped;
use super::scale::LossScale;
use super::setup::Setup;
use super::stage::{Stage, Trainee};
use super::turn::Turn;
use super::watch::{Best, Plateau, Watched};
use crate::model::{HEADS, Model, TENSORS};
use crate::nn::optim::Optimiser;
use crate::nn::state::State;
use ddl::diag::{Code, one_of};
use ddl::events::record::RECORD;
use ddl::events::{Event, Failure, Record, Sink as _};
use ddl::job::CheckpointEvery;
use ddl::store::{Artifact, Checkpoints, Draft, Origins, StoreError, TRAINING_LOG, TrainingLog, due};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::time::Instant;
use tch::{Device, Kind};

/// The optimiser's moments.
const MEMORY: &str = "memory.safetensors";
/// The best model so far.
const BEST_TENSORS: &str = "best.safetensors";
const BEST_HEADS: &str = "best_heads.json";

/// What a checkpoint says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    /// Steps that are done.
    step: u64,
    /// What the stage is; must agree in every part.
    stage: Json,
    /// The digest of each draw's next batch: where its sampler is.
    next: Vec<String>,
    /// Value and step of the best model.
    best: Option<(f64, u64)>,
    plateau: Plateau,
    /// The loss scale of each turn, where the stage has some.
    #[serde(default)]
    scales: Vec<LossScale>,
    /// The results that the stage was made of until then.
    #[serde(default)]
    made_of: Option<Origins>,
    /// Where it was computed: what may show in the last bits and is no part of the stage.
    place: Place,
}

/// Where a stage is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    device: String,
    threads: i32,
}

impl Place {
    fn of(device: Device) -> Self {
        Place { device: format!("{device:?}").to_lowercase(), threads: tch::get_num_threads() }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {} threads", self.device, self.threads)
    }
}

/// Everything that a stage is, in words and digests.
fn identity(stage: &Stage, setup: &Setup) -> Json {
    let draws: Vec<Json> = setup
        .draws
        .all()
        .iter()
        .map(|draw| {
            let tables: Vec<String> = draw.batches.tables().iter().map(|table| table.digest().to_hex()[..32].to_owned()).collect();
            let augment = draw.seen.augment.as_ref().map(|augment| json!({ "what": format!("{augment:?}"), "seed": draw.seen.seed }));
            let mut known = json!({
                "name": draw.name, "key": draw.key, "tables": tables, "images": draw.images, "per epoch": draw.batches.per_epoch(),
                "augment": augment,
            });
            // what the first step does not tell
            if draw.changes.vary() || draw.seen.second.is_some() {
                known["changes"] = json!(draw.changes);
            }
            known
        })
        .collect();
    let classes: Vec<Json> =
        setup.terms().flat_map(|term| &term.heads).map(|head| json!({ "slot": head.id.slot, "label space": head.id.space })).collect();
    json!({
        "key": stage.tables.plan().node(stage.node).key,
        "networks": setup.nets.iter().map(|net| scoped(&net.name, &net.network.name)).collect::<Vec<_>>(),
        "classes": classes,
        "optimiser": match setup.turns.as_slice() {
            [only] => json!(only.rule),
            turns => turns.iter().map(|turn| json!({ "rule": turn.rule, "times": turn.times, "updates": turn.updates })).collect(),
        },
        "schedule": { "steps": setup.total, "per epoch": setup.per_epoch },
        "random streams": { "seed": stage.train.seed, "noise": setup.noise.digest() },
        "numbers": {
            "accumulate": setup.accumulate, "clip": setup.clip, "norm over": stage.train.norm_over, "batch norm": stage.train.batch_norm, "precision": stage.train.precision,
        },
        "frozen": match setup.nets.as_slice() {
            [only] => json!(only.frozen.layers),
            nets => nets.iter().map(|net| (net.name.clone(), json!(net.frozen.layers))).collect::<serde_json::Map<_, _>>().into(),
        },
        "draws": draws,
        "cached prefixes": setup.nets.iter().map(|net| net.bank.as_ref().map(|bank| bank.key())).collect::<Vec<_>>(),
        "teachers": setup.teachers.iter().map(|teacher| stage.tables.plan().node(teacher.node).key).collect::<Vec<_>>(),
    })
}

fn positions(setup: &Setup, step: u64) -> Vec<String> {
    setup.draws.all().iter().map(|draw| draw.position(step * setup.accumulate)).collect()
}

/// Writes the state of a stage between two steps.
///
/// # Errors
/// [`TrainError::Spoiled`] and [`TrainError::Moments`] where no step could go on from it; what the disk refuses.
pub fn write(stage: &Stage, setup: &Setup, to: &Checkpoints, learner: &Learner) -> Result<(), TrainError> {
    Learner::sound(setup, &learner.models, learner.step)?;
    learner.remembers(setup)?;
    let best = learner.watched.best.as_ref();
    let facts = Facts {
        step: learner.step,
        stage: identity(stage, setup),
        next: positions(setup, learner.step),
        best: best.map(|best| (best.value, best.step)),
        plateau: learner.watched.plateau,
        scales: learner.scales.clone(),
        made_of: Some(stage.around.made_of.clone()),
        place: Place::of(setup.device),
    };
    let models = files(setup, &learner.models, (TENSORS, HEADS))?;
    let mut memory = State::new();
    for (turn, optimiser) in setup.turns.iter().zip(&learner.optimisers) {
        memory.absorb(&scoped(&turn.label, ""), optimiser.memory())?;
    }
    let memory = memory.to_bytes(&[])?;
    let best = best.map(|best| files(setup, &best.models, (BEST_TENSORS, BEST_HEADS))).transpose()?.unwrap_or_default();
    to.write(learner.step, &setup.name, json!(facts), |draft: &mut Draft| {
        for (name, bytes) in models.iter().chain(&best) {
            draft.write(name, bytes)?;
        }
        draft.write(MEMORY, &memory)?;
        draft.write(TRAINING_LOG, &learner.log.to_bytes()?)?;
        draft.write_json(RECORD, &stage.around.events.record(&setup.name, &[]))?;
        Ok(())
    })?;
    stage.around.events.emit(Event::Checkpoint { node: setup.name.clone(), step: learner.step });
    Ok(())
}

/// The stage where its last whole checkpoint left it; `None` when there is none.
///
/// # Errors
/// [`TrainError::ResumeMismatch`] when a checkpoint is not of this stage in every part.
pub fn resumed(stage: &Stage, setup: &Setup, from: &Checkpoints) -> Result<Option<Learner>, TrainError> {
    let Some((artifact, facts)) = current(stage, &setup.name, from)? else { return Ok(None) };
    let artifact = &artifact;
    let folder = from.folder().display().to_string();
    if let Some((what, found, wanted)) = difference("", &facts.stage, &identity(stage, setup)) {
        return Err(TrainError::ResumeMismatch { folder, what, found, wanted });
    }
    let next = positions(setup, facts.step);
    if let Some(at) = (0..next.len()).find(|at| facts.next.get(*at) != Some(&next[*at])) {
        let what = format!("sampler position of `{}`", setup.draws.all()[at].name);
        return Err(TrainError::ResumeMismatch {
            folder,
            what,
            found: facts.next.get(at).cloned().unwrap_or_default(),
            wanted: next[at].clone(),
        });
    }
    if artifact.path(RECORD).is_some() {
        // a record less is told, no number is another
        let record: Record = serde_json::from_slice(&artifact.read(RECORD)?).unwrap_or_default();
        stage.around.events.goes_on(&setup.name, record);
    }
    let (then, now) = (&facts.place, Place::of(setup.device));
    if *then != now {
        let message =
            format!("`{}` was begun on {then} and goes on on {now}: the last bits of its result may differ from one run's", setup.name);
        let warning = Failure::new(Code::ResumedElsewhere, message).help("`--device` and `--threads` as before give the same bits");
        stage.around.events.emit(Event::warning(&setup.name, warning));
    }
    let read = || {
        let read = |names| models(stage.nets, artifact, names, setup.device);
        let models = read((TENSORS, HEADS))?;
        let memory = on_device(&State::from_bytes(&artifact.read(MEMORY)?)?, setup.device)?;
        let log = TrainingLog::from_bytes(&artifact.read(TRAINING_LOG)?)?;
        let best = match facts.best {
            Some((value, step)) => Some(Best { value, step, models: read((BEST_TENSORS, BEST_HEADS))? }),
            None => None,
        };
        Ok((models, memory, log, best))
    };
    let (models, memory, log, best) = read().map_err(|error: TrainError| error.of_checkpoint(folder))?;
    let watched = Watched { best, plateau: facts.plateau, ended: false };
    stage.around.events.emit(Event::Resumed { node: setup.name.clone(), step: facts.step, of: setup.total });
    let restored = |turn: &Turn| {
        let own = if turn.label.is_empty() { memory.clone() } else { memory.part(&scoped(&turn.label, "")) };
        Optimiser::restored(&turn.rule, own)
    };
    let optimisers = setup.turns.iter().map(restored).collect();
    let progress = Progress { step: facts.step, log, watched, scales: facts.scales };
    Learner::at(setup, models, optimisers, progress).map(Some)
}

/// The last whole checkpoint that is made of the results that are there now. Others are moved aside and told.
fn current(stage: &Stage, name: &str, from: &Checkpoints) -> Result<Option<(Artifact, Facts)>, TrainError> {
    let plan = stage.tables.plan();
    loop {
        let (found, damages) = from.latest()?;
        for damage in damages {
            let failure = Failure::new(Code::DamagedCheckpoint, damage.to_string());
            stage.around.events.emit(Event::Warning { node: None, failure });
        }
        let Some(found) = found else { return Ok(None) };
        let facts: Facts = found.artifact.meta()?;
        let otherwise = due::otherwise(plan, stage.around.store, stage.node, facts.made_of.as_ref());
        if otherwise.is_empty() {
            return Ok(Some((found.artifact, facts)));
        }
        from.move_aside(found.step)?;
        let changed: Vec<&str> = plan.nodes.iter().filter(|node| otherwise.contains(&node.key)).map(|node| node.name.as_str()).collect();
        let changed = one_of(changed).replace(" or ", " and ");
        let message = format!(
            "step {} of `{name}` was trained from others than lie in the store now: {changed} came out otherwise since",
            found.step
        );
        let failure = Failure::new(Code::StaleCheckpoint, message).help("the stage begins anew");
        stage.around.events.emit(Event::warning(name, failure));
    }
}

/// The files of all models, under the names of their networks.
fn files(setup: &Setup, models: &[Model], (tensors, heads): (&str, &str)) -> Result<Vec<(String, Vec<u8>)>, TrainError> {
    let mut all = Vec::new();
    for (net, model) in setup.nets.iter().zip(models) {
        let bytes = model.to_files()?;
        all.extend([(scoped(&net.name, tensors), bytes.0), (scoped(&net.name, heads), bytes.1)]);
    }
    Ok(all)
}

fn models(nets: &[Trainee], artifact: &Artifact, (tensors, heads): (&str, &str), device: Device) -> Result<Vec<Model>, TrainError> {
    let read = |net: &Trainee| {
        let (tensors, heads) = (artifact.read(&scoped(&net.name, tensors))?, artifact.read(&scoped(&net.name, heads))?);
        let mut model = Model::from_files(&net.source.made, &tensors, &heads, device)?;
        model.network = net.source.network.clone();
        Ok(model)
    };
    nets.iter().map(read).collect()
}

/// Moments on the device; Adam's counts of steps stay on the host, where the optimiser makes them.
fn on_device(memory: &State, device: Device) -> Result<State, TrainError> {
    let mut moved = State::new();
    for (name, entry) in memory.iter() {
        let tensor = entry.tensor.f_clone(&entry.tensor)?;
        let tensor = if tensor.kind() == Kind::Int64 { tensor } else { tensor.f_to_device(device)? };
        moved.insert(name, tensor, entry.role)?;
    }
    Ok(moved)
}

/// The first part in which two descriptions differ: where, and both sides.
fn difference(at: &str, found: &Json, wanted: &Json) -> Option<(String, String, String)> {
    let inside = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}, {name}") };
    match (found, wanted) {
        (Json::Object(a), Json::Object(b)) => {
            let names = b.keys().chain(a.keys().filter(|name| !b.contains_key(*name)));
            let mut each =
                names.map(|name| difference(&inside(name), a.get(name).unwrap_or(&Json::Null), b.get(name).unwrap_or(&Json::Null)));
            each.find_map(|difference| difference)
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(place, (a, b))| difference(&inside(&(place + 1).to_string()), a, b))
        }
        _ => (found != wanted).then(|| (at.to_owned(), found.to_string(), wanted.to_string())),
    }
}

/// Tells when a checkpoint is due. Time decides only when.
pub struct Clock {
    every: CheckpointEvery,
    at: Instant,
    step: u64,
    last: Option<u64>,
}

impl Clock {
    /// Starts at a step.
    pub fn new(every: CheckpointEvery, step: u64) -> Self {
        Clock { every, at: Instant::now(), step, last: (step > 0).then_some(step) }
    }

    /// Whether one is due after this step.
    pub fn is_due(&self, step: u64) -> bool {
        self.at.elapsed().as_secs_f64() >= self.every.seconds || self.every.steps.is_some_and(|steps| step - self.step >= steps)
    }

    /// One was written.
    pub fn written(&mut self, step: u64) {
        (self.at, self.step, self.last) = (Instant::now(), step, Some(step));
    }

    /// The step of the last one.
    pub fn last(&self) -> Option<u64> {
        self.last
    }
}

impl From<serde_json::Error> for TrainError {
    fn from(error: serde_json::Error) -> Self {
        TrainError::Store(StoreError::io(std::path::Path::new("checkpoint"), "read", std::io::Error::other(error.to_string())))
    }
}
