//! What a stage saw: written when it is done, from the samplers, which say the same at every time. Training waits for nothing of it.

use super::TrainError;
use super::draws::Draw;
use super::setup::Setup;
use ddl::store::Draft;
use ddl::store::samples::{Counted, Drawn, SAMPLES, Samples};
use std::sync::Arc;

/// The draws of the steps that a stage took.
#[derive(Debug)]
pub struct Seen {
    draws: Arc<[Draw]>,
    batches: u64,
    accumulate: u64,
}

impl Seen {
    /// Of so many steps.
    pub fn new(setup: &Setup, steps: u64) -> Self {
        Seen { draws: Arc::clone(setup.draws.all()), batches: steps * setup.accumulate, accumulate: setup.accumulate }
    }

    /// Writes which images they were.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn write(&self, draft: &mut Draft) -> Result<(), TrainError> {
        let mut draws = Vec::with_capacity(self.draws.len());
        for (place, draw) in self.draws.iter().enumerate() {
            let counted = |table: &ddl::data::Table| Counted { digest: table.digest().to_hex()[..32].to_owned(), rows: table.len() as u64 };
            let drawn = Drawn::new(place, &draw.name, draw.images, self.batches, draw.batches.tables().iter().map(counted).collect());
            let batch = |at| draw.picks(at).iter().map(|pick| drawn.number(usize::from(pick.table), pick.row)).collect();
            drawn.write(draft, (0..self.batches).map(batch))?;
            draws.push(drawn);
        }
        draft.write_json(SAMPLES, &Samples { accumulate: self.accumulate, draws })?;
        Ok(())
    }
}
