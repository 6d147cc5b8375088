//! Blocks made ahead of their consumer.

use super::{Block, Loader};
use crate::DataError;
use crate::sampler::Pick;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

/// A batch and its images.
type Made = Result<(Vec<Pick>, Block), DataError>;

/// Blocks in the order of their batches, made ahead. After an error there is no more. Dropping it stops the work.
#[derive(Debug)]
pub struct Prefetch {
    blocks: Option<Receiver<Made>>,
    worker: Option<JoinHandle<()>>,
}

impl Prefetch {
    pub(super) fn start(loader: Loader, batches: impl Iterator<Item = Vec<Pick>> + Send + 'static, ahead: usize) -> Self {
        let (sender, blocks) = sync_channel(ahead.max(1));
        let work = move || {
            for picks in batches {
                let block = loader.load(&picks).map(|block| (picks, block));
                let last = block.is_err();
                if sender.send(block).is_err() || last {
                    return; // the consumer has gone, or there is nothing to go on with
                }
            }
        };
        Prefetch { blocks: Some(blocks), worker: Some(std::thread::spawn(work)) }
    }
}

impl Iterator for Prefetch {
    type Item = Made;
    fn next(&mut self) -> Option<Self::Item> {
        self.blocks.as_ref()?.recv().ok()
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.blocks = None; // the worker's next send fails, and it ends
        if let Some(worker) = self.worker.take() {
            let _ = worker.join(); // a panic in the worker has been printed by its own thread
        }
    }
}
