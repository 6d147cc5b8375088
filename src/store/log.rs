//! What happened at each step of a stage: columns of numbers, and some steps' sets of similarities, as a safetensors file that any tool
//! reads.

use super::StoreError;
use indexmap::IndexMap;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Columns by name (`loss`, `lr`, a term's label, `label.part`), one number a step; NaN where a step has none.
#[derive(Debug, Clone, Default)]
pub struct TrainingLog {
    columns: IndexMap<String, Vec<f32>>,
    steps: usize,
    sets: Vec<Kept>,
}

/// A set of numbers of one step (the similarities of a batch), in the file a tensor named `name@step`.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The step, counted from 1.
    pub step: u64,
    /// What it is: `ddl.teacher.positive`.
    pub name: String,
    /// The numbers.
    pub values: Vec<f32>,
}

/// What a process spent on the steps of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Seconds.
    pub seconds: f64,
    /// Of these, seconds in which training waited for its images.
    pub waited: f64,
}

/// Its name in the artifact of a stage.
pub const TRAINING_LOG: &str = "log.safetensors";

impl TrainingLog {
    /// Adds a step.
    pub fn push(&mut self, values: impl IntoIterator<Item = (String, f32)>) {
        for (name, value) in values {
            let column = self.columns.entry(name).or_default();
            column.resize(self.steps, f32::NAN);
            column.push(value);
        }
        self.steps += 1;
    }

    /// Keeps a set of numbers of a step.
    pub fn keep(&mut self, step: u64, name: &str, values: Vec<f32>) {
        self.sets.push(Kept { step, name: name.to_owned(), values });
    }

    /// What was kept, in the order of steps and names.
    pub fn kept(&self) -> impl Iterator<Item = &Kept> {
        let mut sets: Vec<&Kept> = self.sets.iter().collect();
        sets.sort_by(|a, b| (a.step, &a.name).cmp(&(b.step, &b.name)));
        sets.into_iter()
    }

    /// How many steps there are.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The columns by name, one number a step (a column that ends early has no more numbers).
    pub fn columns(&self) -> impl Iterator<Item = (&str, &[f32])> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column.as_slice()))
    }

    /// One column.
    pub fn column(&self, name: &str) -> Option<&[f32]> {
        self.columns.get(name).map(Vec::as_slice)
    }

    /// The bytes of its file.
    ///
    /// # Errors
    /// When the numbers can't be laid out, which no log of less than 2^60 steps meets.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let bytes = |column: &[f32]| {
            let padding = std::iter::repeat_n(f32::NAN, self.steps - column.len());
            column.iter().copied().chain(padding).flat_map(f32::to_le_bytes).collect::<Vec<u8>>()
        };
        let columns = self.columns.iter().map(|(name, column)| (name.clone(), self.steps, bytes(column)));
        let sets = self.kept().map(|kept| {
            let bytes: Vec<u8> = kept.values.iter().copied().flat_map(f32::to_le_bytes).collect();
            (format!("{}@{}", kept.name, kept.step), kept.values.len(), bytes)
        });
        let tensors: Vec<(String, usize, Vec<u8>)> = columns.chain(sets).collect();
        let views = tensors.iter().map(|(name, count, bytes)| Ok((name, TensorView::new(Dtype::F32, vec![*count], bytes)?)));
        let file = views.collect::<Result<Vec<_>, _>>().and_then(|views| safetensors::serialize(views, None));
        file.map_err(|error| StoreError::io(Path::new(TRAINING_LOG), "write", std::io::Error::other(error.to_string())))
    }

    /// A log from the bytes of its file.
    ///
    /// # Errors
    /// When they are not what [`TrainingLog::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let wrong = |why: String| StoreError::io(Path::new(TRAINING_LOG), "read", std::io::Error::other(why));
        let file = SafeTensors::deserialize(bytes).map_err(|error| wrong(error.to_string()))?;
        let mut log = TrainingLog::default();
        let mut named = file.tensors();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, view) in named {
            let (numbers, rest) = view.data().as_chunks::<4>();
            if view.dtype() != Dtype::F32 || !rest.is_empty() {
                return Err(wrong(format!("column `{name}` is not of 32-bit numbers")));
            }
            let values: Vec<f32> = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
            match name.rsplit_once('@').and_then(|(name, step)| Some((name, step.parse().ok()?))) {
                Some((name, step)) => log.keep(step, name, values),
                None => {
                    log.steps = log.steps.max(values.len());
                    log.columns.insert(name, values);
                }
            }
        }
        Ok(log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_reads_back_what_it_wrote() {
        let mut log = TrainingLog::default();
        let value = |name: &str, value| (name.to_owned(), value);
        log.push([value("loss", 1.5), value("lr", 0.1)]);
        log.push([value("loss", 1.25), value("late", 3.0)]);
        log.keep(2, "ddl.teacher.positive", vec![0.5, 0.25, 0.125]);
        log.keep(1, "ddl.teacher.positive", vec![]);
        let back = TrainingLog::from_bytes(&log.to_bytes().unwrap()).unwrap();
        assert_eq!(back.kept().map(|kept| (kept.step, kept.values.len())).collect::<Vec<_>>(), [(1, 0), (2, 3)]);
        assert_eq!(back.kept().last(), log.kept().last());
        assert_eq!((back.steps(), back.column("loss").unwrap()), (2, &[1.5, 1.25][..]));
        assert!(back.column("late").unwrap()[0].is_nan() && back.column("lr").unwrap()[1].is_nan());
        assert!(TrainingLog::from_bytes(b"nonsense").is_err());
    }
}
