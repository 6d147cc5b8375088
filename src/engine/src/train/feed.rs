//! Batches made ahead of the step that wants them, by a thread of its own.

use super::TrainError;
use super::bank::Bank;
use super::draws::Draw;
use super::setup::Setup;
use ddl::data::loader::Numbers;
use ddl::data::sampler::Pick;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

/// The images of a step, one draw after the other.
#[derive(Debug)]
pub struct Batch {
    /// The step, counted from 0.
    pub step: u64,
    /// What was drawn, by draw.
    pub picks: Vec<Vec<Pick>>,
    /// The images, or what the frozen layers make of them.
    pub numbers: Contents,
}

/// What goes into the network.
#[derive(Debug)]
pub enum Contents {
    /// Pixels `[images, height, width, 3]`.
    Pixels(Vec<u8>),
    /// Outputs of the last frozen layer, `[images, …]`.
    Features(Vec<f32>),
}

/// How many batches wait at most.
const AHEAD: usize = 3;

/// The batches of the steps from some step on.
#[derive(Debug)]
pub struct Feed {
    batches: Option<Receiver<Result<Batch, TrainError>>>,
    worker: Option<JoinHandle<()>>,
}

impl Feed {
    /// Starts to make the batches of all steps from `step` on.
    pub fn start(setup: &Setup, step: u64) -> Self {
        let (sender, batches) = sync_channel(AHEAD);
        let (draws, bank, total) = (Arc::clone(setup.draws.all()), setup.bank.clone(), setup.total);
        let work = move || {
            for step in step..total {
                let batch = batch(&draws, bank.as_deref(), step);
                let last = batch.is_err();
                if sender.send(batch).is_err() || last {
                    return; // nobody wants more, or there is nothing to go on with
                }
            }
        };
        Feed { batches: Some(batches), worker: Some(std::thread::spawn(work)) }
    }

    /// The batch of the next step, which must be `step`.
    pub fn next(&mut self, step: u64) -> Result<Batch, TrainError> {
        let gone = || TrainError::NotYet("the thread that loads images has gone".to_owned());
        let batch = self.batches.as_ref().ok_or_else(gone)?.recv().map_err(|_| gone())??;
        debug_assert_eq!(batch.step, step);
        Ok(batch)
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

fn batch(draws: &[Draw], bank: Option<&Bank>, step: u64) -> Result<Batch, TrainError> {
    let picks: Vec<Vec<Pick>> = draws.iter().map(|draw| draw.picks(step)).collect();
    let each = draws.iter().zip(&picks);
    let numbers = if let Some(bank) = bank {
        let mut all = Vec::new();
        for (draw, picks) in each {
            bank.read(draw, picks, &mut all)?;
        }
        Contents::Features(all)
    } else {
        let mut all = Vec::new();
        for (draw, picks) in each {
            match draw.loader.load(picks).map_err(TrainError::data(&draw.name))?.numbers {
                Numbers::U8(bytes) => all.extend_from_slice(&bytes),
                Numbers::F32(_) => return Err(TrainError::NotYet("images come as bytes".to_owned())), // asked for as bytes
            }
        }
        Contents::Pixels(all)
    };
    Ok(Batch { step, picks, numbers })
}
