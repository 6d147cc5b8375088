//! Batches made ahead of the step that wants them, by a thread of its own.

use super::bank::Bank;
use super::draws::Draw;
use super::error::TrainError;
use super::input::InputData;
use super::loading::{Size, bytes};
use ddl::data::sampler::Pick;
use ddl::ops::curves::Moment;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The images of a step, or of a part of it where steps accumulate.
#[derive(Debug)]
pub struct Batch {
    /// The step, counted from 0.
    pub step: u64,
    /// The batch, counted from 0 over all steps.
    pub number: u64,
    /// What was drawn, by draw.
    pub picks: Vec<Vec<Pick>>,
    /// What goes into the networks, by inlet.
    pub numbers: Vec<InputData>,
}

/// Where images of some draws come in: networks that see the same share one.
#[derive(Debug, Clone)]
pub struct Inlet {
    /// The draws, by place.
    pub draws: Vec<usize>,
    /// What comes.
    pub source: Source,
}

/// What comes in.
#[derive(Debug, Clone)]
pub enum Source {
    /// Images of this size.
    Pixels(Size),
    /// What some layers make of them.
    Rows(Arc<Bank>),
}

/// The inlets of a stage.
#[derive(Debug, Default)]
pub struct Inlets {
    all: Vec<Inlet>,
}

impl Inlets {
    /// The place of an inlet: an old one where one brings the same.
    pub fn place(&mut self, inlet: Inlet) -> usize {
        let same = |other: &Inlet| {
            other.draws == inlet.draws
                && match (&other.source, &inlet.source) {
                    (Source::Pixels(a), Source::Pixels(b)) => a == b,
                    (Source::Rows(a), Source::Rows(b)) => a.key() == b.key(),
                    (Source::Pixels(_), Source::Rows(_)) | (Source::Rows(_), Source::Pixels(_)) => false,
                }
        };
        self.all.iter().position(same).unwrap_or_else(|| {
            self.all.push(inlet);
            self.all.len() - 1
        })
    }

    /// All of them.
    pub fn all(self) -> Arc<[Inlet]> {
        self.all.into()
    }
}

/// How many batches wait at most, where a step does not want more.
const AHEAD: usize = 3;

/// The batches of the steps from some step on.
#[derive(Debug)]
pub struct Feed {
    batches: Option<Receiver<Result<Batch, TrainError>>>,
    worker: Option<JoinHandle<()>>,
    /// Batches of a step.
    accumulate: u64,
    waited: Duration,
}

impl Feed {
    /// Starts to make the batches of these steps, `accumulate` of them for each.
    pub fn start(draws: &Arc<[Draw]>, inlets: &Arc<[Inlet]>, accumulate: u64, steps: Range<u64>, per_epoch: u64) -> Self {
        let (sender, batches) = sync_channel(AHEAD.max(accumulate as usize));
        let (draws, inlets) = (Arc::clone(draws), Arc::clone(inlets));
        let work = move || {
            for number in steps.start * accumulate..steps.end * accumulate {
                let now = Moment { step: number / accumulate, per_epoch, total: steps.end };
                let batch = batch(&draws, &inlets, number, now);
                let last = batch.is_err();
                if sender.send(batch).is_err() || last {
                    return; // nobody wants more, or there is nothing to go on with
                }
            }
        };
        Feed { batches: Some(batches), worker: Some(std::thread::spawn(work)), accumulate, waited: Duration::ZERO }
    }

    /// The batches of the next step, which must be `step`.
    pub fn next(&mut self, step: u64) -> Result<Vec<Batch>, TrainError> {
        let gone = || TrainError::Internal("the thread that loads images has gone".to_owned());
        let begun = Instant::now();
        let from = self.batches.as_ref().ok_or_else(gone)?;
        let batches = (0..self.accumulate).map(|_| from.recv().map_err(|_| gone())?).collect::<Result<Vec<_>, _>>()?;
        self.waited += begun.elapsed();
        debug_assert!(batches.iter().all(|batch| batch.step == step));
        Ok(batches)
    }

    /// How long its reader has waited for batches: the first has to be made, later ones should lie ready.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.batches = None; // the worker's next send fails, and it ends
        if let Some(worker) = self.worker.take() {
            let _ = worker.join(); // a panic in the worker has been printed by its own thread
        }
    }
}

fn batch(draws: &[Draw], inlets: &[Inlet], number: u64, now: Moment) -> Result<Batch, TrainError> {
    let picks: Vec<Vec<Pick>> = draws.iter().map(|draw| draw.picks(number)).collect();
    // each image is made once for each size that networks want
    let mut loaded: BTreeMap<(usize, Size), Vec<u8>> = BTreeMap::new();
    let mut numbers = Vec::with_capacity(inlets.len());
    for inlet in inlets {
        numbers.push(match &inlet.source {
            Source::Rows(bank) => {
                let mut all = Vec::new();
                for &place in &inlet.draws {
                    bank.read(&draws[place], &picks[place], &mut all)?;
                }
                InputData::Features(all)
            }
            Source::Pixels(size) => {
                let mut all = Vec::new();
                for &place in &inlet.draws {
                    let bytes = match loaded.entry((place, *size)) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(free) => free.insert(pixels(&draws[place], *size, &picks[place], now)?),
                    };
                    all.extend_from_slice(bytes);
                }
                InputData::Pixels(all)
            }
        });
    }
    Ok(Batch { step: now.step, number, picks, numbers })
}

/// Images of a draw.
fn pixels(draw: &Draw, size: Size, picks: &[Pick], now: Moment) -> Result<Vec<u8>, TrainError> {
    bytes(draw.loader(size, now)?.as_ref(), picks).map_err(TrainError::data(&draw.name))
}
