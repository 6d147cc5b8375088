//! `ddl-engine term JOB.json`: an objective evaluated on arrays in place of drawn images.
//!
//! Terms see what they see in a stage: embeddings with a gradient's way back, labels, the state of their label space. Nothing is trained.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "sizes of tensors, which libtorch counts in i64"
)]

mod arrays;

use crate::exec;
use crate::failures;
use crate::nn::NnError;
use crate::nn::error::shape;
use crate::nn::heads::plain_specs;
use crate::nn::heads::{Clock, PROTOTYPES};
use crate::nn::noise::Noise;
use crate::nn::pooling;
use crate::nn::state::{Role, Spec, State};
use crate::nn::terms::logits::logits;
use crate::nn::terms::{Context, Need, Take, Term as _, TermInput, TermOutput, Whose};
use crate::train::scoped as of_net;
use arrays::{floats, labels};
use ddl::diag::Code;
use ddl::events::Failure;
use ddl::job::term::{ArrayBatch, ChangedRow, Embeddings, GradientRow, TermAnswer, TermJob, TermReport, TermRow};
use ddl::ops::stages::Train;
use ddl::ops::terms::{Term, Weighted};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The slot whose state is named by its tensors alone; of others it is `SLOT.NAME`.
const MAIN: &str = "main";

/// People whose rows are drawn where no file gives them: more than the largest public set has.
const MOST_DRAWN: i64 = 10_000_000;

/// Evaluates a job.
pub fn answer(job: &TermJob) -> TermAnswer {
    match evaluate(job) {
        Ok(report) => TermAnswer::Done(report),
        Err(failure) => TermAnswer::Failed(failure),
    }
}

/// The arrays of a batch, ready for terms.
struct Batch<'a> {
    of: &'a ArrayBatch,
    /// What each network makes of it: one array of embeddings, or two.
    embeddings: Vec<(&'a str, Vec<Tensor>)>,
    labels: Option<Tensor>,
}

fn wrong(message: String, help: &str) -> Failure {
    Failure::new(Code::BadArray, message).help(help)
}

fn torch(error: tch::TchError) -> Failure {
    failures::nn(&error.into())
}

/// Of a term over arrays: what it can't take, the arrays have.
fn of_arrays(error: NnError) -> Failure {
    match error {
        NnError::Input { .. } => wrong(error.to_string(), "look at the arrays of the batches that the term names"),
        NnError::State(_) | NnError::Torch(_) | NnError::Net(_) | NnError::Option { .. } => failures::nn(&error),
    }
}

fn evaluate(job: &TermJob) -> Result<TermReport, Failure> {
    let train: Train = ddl::ops::parse(&job.stage)
        .map_err(|error| Failure::new(Code::BadJob, error.to_string()).help("ddl and ddl-engine must be of one version: make install"))?;
    let kind = if job.double { Kind::Double } else { Kind::Float };
    let device = exec::device(job.device)?;
    let batches = job.batches.iter().map(|of| Batch::read(of, kind, device)).collect::<Result<Vec<_>, _>>()?;
    let teacher = job.teacher.as_deref().map(|file| Teacher::read(job, file, kind, device)).transpose()?;
    let widths = widths(&batches)?;
    let terms: Vec<Weighted> = train.terms().cloned().collect();
    let first = train.model.all().first().map_or("", |(net, _)| net).to_owned();
    let mut state = States::new(job, kind, device, train.seed, first);
    state.of_people(&terms, &batches, &widths)?;
    let noise = Noise::of_stage(train.seed).at(job.step, 0, 0);
    let steps = train.r#for.steps(1, 1).max(job.step + 1);
    let clock = Clock { step: job.step, per_epoch: 1, total: steps };
    let nothing = State::new();
    let (mut sum, mut rows, mut changed) = (None::<Tensor>, Vec::new(), Vec::new());
    for (place, Weighted { weight, term }) in terms.iter().enumerate() {
        let needs = term.needs().map_err(|error| failures::nn(&error))?;
        let net = own_net(term, &needs);
        let inputs = needs.iter().map(|need| input(job, need, net, &batches, teacher.as_ref(), &state)).collect::<Result<Vec<_>, _>>()?;
        let slot = state.between(term, net, &inputs)?.or_else(|| term.memory().map(|memory| Slot::of(net, memory.slot)));
        let own = slot.as_ref().and_then(|slot| state.slots.get(slot)).unwrap_or(&nothing);
        let pool = term.it().pool().and_then(|pool| state.slots.get(&Slot::of(net, pool.slot()))).unwrap_or(&nothing);
        let noise = noise.term(term, terms[..place].iter().map(|before| &before.term));
        let context = Context { head: own, pool, noise: &noise, clock };
        let TermOutput { value, parts, skipped, updates } = term.evaluate(&inputs, &context).map_err(of_arrays)?;
        let weight = clock.read(weight);
        let number = |tensor: &Tensor| tensor.double_value(&[]);
        let parts = parts.iter().map(|(name, part)| (name.clone(), number(part))).collect();
        rows.push(TermRow {
            name: term.name().to_owned(),
            expression: String::new(),
            weight,
            value: number(&value),
            skipped: number(&skipped),
            parts,
        });
        let weighted = value.f_mul_scalar(weight).map_err(torch)?;
        sum = Some(match sum {
            Some(sum) => sum.f_add(&weighted).map_err(torch)?,
            None => weighted,
        });
        if let Some(slot) = slot {
            // terms of one label space and slot see what those before them made of its state
            for (name, tensor) in updates {
                let own = state.slots.entry(slot.clone()).or_default();
                let before = own.get(&name).map_err(|error| failures::state(&error))?.detach();
                changed.push((slot.name(&name), before, tensor.detach()));
                own.replace(&name, tensor.detach(), Role::Buffer);
            }
        }
    }
    state.all_taken()?;
    let sum = sum.ok_or_else(|| wrong("the expression has no terms".to_owned(), "name a head or a term"))?;
    if sum.requires_grad() {
        sum.f_backward().map_err(torch)?;
    }
    let out = job.grad_out.as_deref();
    let gradients = gradients(&batches, &state.slots, out)?;
    let changed = changed.into_iter().map(|(name, before, after)| change(name, &before, &after, out)).collect::<Result<_, _>>()?;
    Ok(TermReport { value: sum.double_value(&[]), terms: rows, gradients, changed, drawn: state.drawn })
}

impl<'a> Batch<'a> {
    fn read(of: &'a ArrayBatch, kind: Kind, device: Device) -> Result<Self, Failure> {
        let matrix = |file: &Path| {
            let tensor = floats(file, kind)?.f_to_device(device).map_err(torch)?;
            let tensor = rows_of_images(file, tensor)?;
            tensor.f_set_requires_grad(true).map_err(torch)
        };
        let mut embeddings = Vec::with_capacity(of.embeddings.len());
        for (net, files) in &of.embeddings {
            let arrays = match files {
                Embeddings::Images(file) => vec![matrix(file)?],
                Embeddings::Pairs(left, right) => {
                    let both = vec![matrix(left)?, matrix(right)?];
                    if both[0].size() != both[1].size() {
                        let (a, b) = (shape(&both[0].size()), shape(&both[1].size()));
                        let message = format!("the pairs `{}` are {a} in {} and {b} in {}", of.name, left.display(), right.display());
                        return Err(wrong(message, "row i of both shows one person"));
                    }
                    both
                }
            };
            embeddings.push((net.as_str(), arrays));
        }
        let images = |arrays: &[Tensor]| arrays.iter().map(|tensor| tensor.size()[0]).sum::<i64>();
        let count = embeddings.first().map_or(0, |(_, arrays)| images(arrays));
        if let Some((net, arrays)) = embeddings.iter().find(|(_, arrays)| images(arrays) != count) {
            let message =
                format!("`{}` has {count} images of the network `{}` and {} of `{net}`", of.name, embeddings[0].0, images(arrays));
            return Err(wrong(message, "row i of all arrays is one image"));
        }
        let labels = of.labels.as_deref().map(labels).transpose()?.map(|tensor| tensor.f_to_device(device).map_err(torch)).transpose()?;
        if let (Some(labels), Some(file)) = (&labels, &of.labels)
            && labels.size() != [count]
        {
            let message = format!("{} is {}, and `{}` has {count} images", file.display(), shape(&labels.size()), of.name);
            return Err(wrong(message, "one label for each row of embeddings"));
        }
        Ok(Batch { of, embeddings, labels })
    }
}

/// Embeddings or maps of at least one image.
fn rows_of_images(file: &Path, tensor: Tensor) -> Result<Tensor, Failure> {
    if !matches!(tensor.dim(), 2 | 4) || tensor.numel() == 0 {
        let message = format!("{} is {}, and embeddings are [images, width]", file.display(), shape(&tensor.size()));
        return Err(wrong(message, "one row for each image; maps of a named part are [images, channels, height, width]"));
    }
    Ok(tensor)
}

/// What a teacher makes of the images.
struct Teacher {
    /// `[n, d]` or `[n, channels, height, width]`
    output: Tensor,
    /// Its class vectors, where they were given.
    prototypes: State,
}

/// The name of the teacher's class vectors.
const TEACHERS: &str = "teacher.prototypes";

impl Teacher {
    fn read(job: &TermJob, file: &Path, kind: Kind, device: Device) -> Result<Self, Failure> {
        let output = rows_of_images(file, floats(file, kind)?)?.f_to_device(device).map_err(torch)?;
        let mut prototypes = State::new();
        if let Some(file) = job.init.get(TEACHERS) {
            let tensor = floats(file, kind)?.f_to_device(device).map_err(torch)?;
            prototypes.insert(PROTOTYPES, tensor, Role::Fixed).map_err(|error| failures::state(&error))?;
        }
        Ok(Teacher { output, prototypes })
    }
}

/// The width of the embeddings of each network.
fn widths<'a>(batches: &[Batch<'a>]) -> Result<BTreeMap<&'a str, i64>, Failure> {
    if batches.is_empty() {
        return Err(wrong("the expression names no batch".to_owned(), "a term takes batches: triplet(data)"));
    }
    let mut widths: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
    for batch in batches {
        for (net, arrays) in &batch.embeddings {
            let found = arrays[0].size()[1];
            let (width, name) = *widths.entry(net).or_insert((found, &batch.of.name));
            if width != found {
                let message = format!("the embeddings of `{name}` have {width} numbers, those of `{}` {found}", batch.of.name);
                return Err(wrong(message, "all come from one network"));
            }
        }
    }
    Ok(widths.into_iter().map(|(net, (width, _))| (net, width)).collect())
}

/// The network that a term trains; of several the first.
fn own_net<'t>(term: &'t Term, needs: &'t [Need]) -> &'t str {
    let named = needs.iter().find_map(|need| if let Whose::Net(net) = &need.whose { Some(net.as_str()) } else { None });
    term.it().of().or(named).unwrap_or_default()
}

/// What a term that trains `net` is given of a batch.
fn input(
    job: &TermJob,
    need: &Need,
    net: &str,
    batches: &[Batch],
    teacher: Option<&Teacher>,
    state: &States,
) -> Result<TermInput, Failure> {
    let batch = batches.iter().find(|batch| batch.of.node == need.batches);
    let batch = batch.ok_or_else(|| Failure::new(Code::BadJob, "a term names a batch that has no arrays"))?;
    let name = &batch.of.name;
    let net = if let Whose::Net(net) = &need.whose { net } else { net };
    let arrays = batch.embeddings.iter().find(|(of, _)| *of == net).map(|(_, arrays)| arrays.as_slice()).ok_or_else(|| {
        let help = format!("give them: --embeddings {net}=FILE,…, --batch NAME={net}=FILE,… or --pairs NAME={net}=LEFT,RIGHT,…");
        wrong(format!("there are no embeddings of `{name}` by the network `{net}`"), &help)
    })?;
    let own = Tensor::f_cat(arrays, 0).map_err(torch)?;
    let (all, teaches) = match &need.whose {
        Whose::Own | Whose::Net(_) => (own, None),
        Whose::Teacher(_) => {
            let teacher = teacher.ok_or_else(|| wrong("this term has a teacher".to_owned(), "give --teacher FILE"))?;
            if teacher.output.size()[0] != own.size()[0] {
                let (found, images) = (shape(&teacher.output.size()), own.size()[0]);
                return Err(wrong(format!("the teacher's output is {found}, and `{name}` has {images} images"), "one row for each image"));
            }
            (teacher.output.shallow_clone(), Some(teacher))
        }
    };
    if all.dim() != 2 && !matches!(need.take, Take::Output(_)) {
        let message = format!("this term takes embeddings [images, width], and `{name}` is {}", shape(&all.size()));
        return Err(wrong(message, "maps are for terms over a named part: at = tap(…)"));
    }
    Ok(match &need.take {
        Take::Embeddings => TermInput::Embeddings(all),
        Take::Output(_) => TermInput::Output(all),
        Take::Readings(reads) => TermInput::Readings(arrays::attributes(job.attributes.as_deref(), reads.len() as i64, &all)?),
        Take::Labelled => {
            let help = if name == "data" { "give --labels FILE".to_owned() } else { format!("give --batch-labels {name}=FILE") };
            let labels = batch.labels.as_ref().ok_or_else(|| wrong(format!("this term needs the labels of `{name}`"), &help))?;
            TermInput::Labelled { embedding: all, labels: labels.shallow_clone() }
        }
        Take::Pairs => match arrays {
            [left, right] => TermInput::Pairs { left: left.shallow_clone(), right: right.shallow_clone() },
            _ => {
                return Err(wrong(format!("this term needs pairs, and `{name}` is single images"), "give --pairs NAME=LEFT.npy,RIGHT.npy"));
            }
        },
        Take::Logits { slot, scale } => {
            let head = match teaches {
                None => state.slots.get(&Slot::of(net, slot)),
                Some(teacher) => Some(&teacher.prototypes).filter(|prototypes| !prototypes.is_empty()),
            };
            let help = format!("give --init {TEACHERS}=FILE");
            let head = head.ok_or_else(|| wrong("this term compares logits, and the teacher has no class vectors".to_owned(), &help))?;
            TermInput::Logits(logits(&all, head, *scale).map_err(of_arrays)?)
        }
    })
}

/// Where a network keeps something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    /// The network; empty where there is but one.
    net: String,
    slot: String,
}

impl Slot {
    fn of(net: &str, slot: &str) -> Self {
        Slot { net: net.to_owned(), slot: slot.to_owned() }
    }

    /// The name of one of its tensors, as the command line says it.
    fn name(&self, tensor: &str) -> String {
        of_net(&self.net, &if self.slot == MAIN { tensor.to_owned() } else { format!("{}.{tensor}", self.slot) })
    }
}

/// The state of each slot, from the given files or as for a new stage.
struct States<'a> {
    job: &'a TermJob,
    kind: Kind,
    device: Device,
    seed: i64,
    /// The first network, which keeps the critics.
    first: String,
    /// By slot.
    slots: BTreeMap<Slot, State>,
    /// Names of tensors that no file gave.
    drawn: Vec<String>,
    /// Names of all tensors.
    taken: Vec<String>,
}

impl<'a> States<'a> {
    fn new(job: &'a TermJob, kind: Kind, device: Device, seed: i64, first: String) -> Self {
        States { job, kind, device, seed, first, slots: BTreeMap::new(), drawn: Vec::new(), taken: Vec::new() }
    }

    /// What terms keep of the people of their first batches, and poolings of their images.
    fn of_people(&mut self, terms: &[Weighted], batches: &[Batch], widths: &BTreeMap<&str, i64>) -> Result<(), Failure> {
        let mut rows = Vec::new();
        for Weighted { term, .. } in terms {
            let needs = term.needs().map_err(|error| failures::nn(&error))?;
            let labels = needs.first().and_then(|need| batches.iter().find(|batch| batch.of.node == need.batches)?.labels.as_ref());
            let own = own_net(term, &needs);
            let width = |net: &str| widths.get(net).copied().unwrap_or_default(); // what is missing is told of when it is wanted
            if let Some(memory) = term.memory() {
                let slot = Slot::of(own, memory.slot);
                rows.push(slot.name(memory.rows));
                self.add(&slot, term.specs(classes(self.job, &rows, labels)?, width(own)))?;
                // terms of one slot share its rows, whichever of their batches came first
                let there = self.slots.get(&slot).and_then(|state| state.entry(memory.rows)).map(|rows| rows.tensor.size());
                if let (Some(labels), Some(&[count, ..])) = (labels, there.as_deref()) {
                    within(labels, count, &slot.name(memory.rows))?;
                }
            }
            if let Some(pool) = term.it().pool() {
                self.add(&Slot::of(own, pool.slot()), pooling::specs(pool, width(own)))?;
            }
            for need in &needs {
                let Take::Logits { slot, .. } = &need.take else { continue };
                let net = match &need.whose {
                    Whose::Own => own,
                    Whose::Net(net) => net,
                    Whose::Teacher(_) => continue, // it has its own
                };
                let slot = Slot::of(net, slot);
                rows.push(slot.name(PROTOTYPES));
                self.add(&slot, plain_specs(classes(self.job, &rows, labels)?, width(net)))?;
            }
        }
        Ok(())
    }

    /// What a term keeps between two outputs, and its slot; none for most terms.
    fn between(&mut self, term: &Term, net: &str, inputs: &[TermInput]) -> Result<Option<Slot>, Failure> {
        let shape = |input: &TermInput| match input {
            TermInput::Output(x) | TermInput::Readings(x) | TermInput::Logits(x) | TermInput::Embeddings(x) => x.size()[1..].to_vec(),
            TermInput::Labelled { embedding: x, .. } | TermInput::Pairs { left: x, .. } => x.size()[1..].to_vec(),
        };
        let shapes: Vec<Vec<i64>> = inputs.iter().map(shape).collect();
        let specs = term.specs_between(&shapes).map_err(|error| wrong(error.to_string(), "look at the files' shapes"))?;
        let slot = match (term, term.it().critic()) {
            (Term::Feature(feature), _) => Slot::of(net, &feature.slot),
            (_, Some(critic)) => Slot::of(&self.first, &critic.slot),
            _ => return Ok(None), // no other term keeps anything between outputs
        };
        self.add(&slot, specs)?;
        Ok(Some(slot))
    }

    /// Adds the tensors that a slot does not have yet.
    fn add(&mut self, slot: &Slot, specs: Vec<Spec>) -> Result<(), Failure> {
        let state = self.slots.entry(slot.clone()).or_default();
        for spec in specs {
            if state.entry(&spec.name).is_some() {
                continue;
            }
            let full = slot.name(&spec.name);
            let tensor = if let Some(file) = self.job.init.get(&full) {
                fitting(&full, file, &spec, self.kind)?.f_to_device(self.device).map_err(torch)?
            } else {
                self.drawn.push(full.clone());
                let fresh = State::initialise(std::slice::from_ref(&spec), self.seed, self.device, self.kind);
                fresh.and_then(|fresh| fresh.get(&spec.name).map(Tensor::shallow_clone)).map_err(|error| failures::state(&error))?
            };
            self.taken.push(full);
            let tensor = tensor.f_set_requires_grad(spec.role == Role::Parameter).map_err(torch)?;
            state.insert(&spec.name, tensor, spec.role).map_err(|error| failures::state(&error))?;
        }
        Ok(())
    }

    /// An error for a file of a tensor that no term has.
    fn all_taken(&self) -> Result<(), Failure> {
        let of_teacher = |name: &str| name == TEACHERS && self.job.teacher.is_some();
        let Some(unknown) = self.job.init.keys().find(|name| !of_teacher(name) && !self.taken.contains(name)) else { return Ok(()) };
        let has = self.taken.join(", ");
        let has = if has.is_empty() { "this expression has no state".to_owned() } else { format!("its state is {has}") };
        Err(wrong(format!("there is no tensor `{unknown}` in the state of the terms"), &has))
    }
}

/// A tensor of the state out of a file.
fn fitting(name: &str, file: &Path, spec: &Spec, kind: Kind) -> Result<Tensor, Failure> {
    let tensor = floats(file, kind)?;
    if tensor.size() != spec.shape {
        let message = format!("{} is {}, and `{name}` is {}", file.display(), shape(&tensor.size()), shape(&spec.shape));
        return Err(wrong(message, "rows are people, columns are the embedding's numbers"));
    }
    Ok(tensor)
}

/// How many people the label space has; every label is one of them.
fn classes(job: &TermJob, rows: &[String], labels: Option<&Tensor>) -> Result<i64, Failure> {
    let given = rows.iter().rev().find_map(|name| job.init.get(name));
    let of_file = given.map(|file| Ok::<_, Failure>((file, arrays::sides(file)?))).transpose()?;
    let largest = labels.filter(|labels| labels.numel() > 0).map_or(-1, |labels| labels.max().int64_value(&[]));
    let count = match (job.classes, &of_file) {
        (Some(classes), _) => i64::try_from(classes).unwrap_or(i64::MAX),
        (None, Some((_, sides))) => sides.first().copied().unwrap_or(0),
        (None, None) => largest.saturating_add(1),
    };
    if of_file.is_none() && count > MOST_DRAWN {
        let of = if job.classes.is_some() { "--classes" } else { "the largest label" };
        let message = format!("{of} makes {count} people, and no file gives their rows: at most {MOST_DRAWN} are drawn");
        return Err(wrong(
            message,
            "labels are counted from 0 without gaps; rows of so many people come from a file: --init prototypes=FILE",
        ));
    }
    if let Some(labels) = labels {
        within(labels, count, &of_file.map_or_else(|| "--classes".to_owned(), |(file, _)| file.display().to_string()))?;
    }
    Ok(count)
}

/// Every label is one of so many people.
fn within(labels: &Tensor, count: i64, of: &str) -> Result<(), Failure> {
    let largest = if labels.numel() > 0 { labels.max().int64_value(&[]) } else { -1 };
    if largest < count {
        return Ok(());
    }
    Err(wrong(format!("label {largest} is out of range: {of} has {count} people, counted from 0"), "labels are rows of the prototypes"))
}

/// Every gradient, written to the folder if there is one.
fn gradients(batches: &[Batch], states: &BTreeMap<Slot, State>, out: Option<&Path>) -> Result<Vec<GradientRow>, Failure> {
    let mut all = Vec::new();
    for batch in batches {
        for (net, arrays) in &batch.embeddings {
            let parts: &[&str] = if arrays.len() == 1 { &[""] } else { &[".left", ".right"] };
            all.extend(parts.iter().zip(arrays).map(|(part, tensor)| (of_net(net, &format!("{}{part}", batch.of.name)), tensor)));
        }
    }
    for (slot, state) in states {
        let learned = state.iter().filter(|(_, entry)| entry.role == Role::Parameter);
        all.extend(learned.map(|(name, entry)| (slot.name(name), &entry.tensor)));
    }
    let row = |(of, tensor): (String, &Tensor)| {
        let gradient = tensor.grad();
        // what the value does not depend on has a gradient of zeros
        let gradient = if gradient.defined() { gradient } else { tensor.detach().zeros_like() };
        if let Some(folder) = out {
            arrays::write(folder, &of, &gradient)?;
        }
        let (norm, largest) = (gradient.norm().double_value(&[]), gradient.abs().max().double_value(&[]));
        let without_direction = if tensor.dim() == 2 {
            crate::nn::heads::without_direction(tensor).map_err(|error| failures::nn(&error))?.double_value(&[]) as u64
        } else {
            0 // a map has no direction
        };
        Ok(GradientRow { of, shape: gradient.size(), norm, largest, without_direction })
    };
    all.into_iter().map(row).collect()
}

fn change(name: String, before: &Tensor, after: &Tensor, out: Option<&Path>) -> Result<ChangedRow, Failure> {
    if let Some(folder) = out {
        arrays::write(folder, &format!("{name}.after"), after)?;
    }
    let value = (after.numel() == 1).then(|| after.f_reshape([1]).map(|it| it.double_value(&[0]))).transpose().map_err(torch)?;
    Ok(ChangedRow { name, shape: after.size(), value, moved: (after - before).norm().double_value(&[]) })
}
