//! Which images a stage showed: written when it is done, from the samplers, which say the same at every time. Training waits for nothing of
//! it.

use super::draws::Draw;
use super::error::TrainError;
use ddl::store::Draft;
use ddl::store::samples::{Counted, Drawn, SAMPLES, Samples, write_paths};
use std::borrow::Cow;
use std::sync::Arc;

/// The draws of the steps that a stage took.
#[derive(Debug)]
pub struct SampleLog {
    draws: Arc<[Draw]>,
    batches: u64,
    accumulate: u64,
}

impl SampleLog {
    /// Of so many steps, each of `accumulate` batches.
    pub fn new(draws: &Arc<[Draw]>, steps: u64, accumulate: u64) -> Self {
        SampleLog { draws: Arc::clone(draws), batches: steps * accumulate, accumulate }
    }

    /// Writes which images they were, and what the numbers stand for.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn write(&self, draft: &mut Draft) -> Result<(), TrainError> {
        let mut draws = Vec::with_capacity(self.draws.len());
        let mut listed: Vec<String> = Vec::new(); // tables by their digests: each is listed once
        for (place, draw) in self.draws.iter().enumerate() {
            let mut tables = Vec::new();
            for table in draw.batches.tables() {
                let digest = table.digest().to_hex()[..32].to_owned();
                let known = listed.iter().position(|known| *known == digest);
                let paths = format!("paths.{}.json", known.unwrap_or(listed.len()));
                if known.is_none() {
                    let path = |row: usize| table.row(row).map_or(Cow::Borrowed(""), |row| row.path()); // there is one for each
                    write_paths(draft, &paths, (0..table.len()).map(path))?;
                    listed.push(digest.clone());
                }
                tables.push(Counted { digest, rows: table.len() as u64, paths: Some(paths) });
            }
            let drawn = Drawn::new(place, &draw.name, draw.images, self.batches, tables);
            let batch = |at| draw.picks(at).iter().map(|pick| drawn.number(usize::from(pick.table), pick.row)).collect();
            drawn.write(draft, (0..self.batches).map(batch))?;
            draws.push(drawn);
        }
        draft.write_json(SAMPLES, &Samples { accumulate: self.accumulate, draws })?;
        Ok(())
    }
}
