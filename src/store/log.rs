//! What happened at each step of a stage: columns of numbers, as a safetensors file that any tool reads.

use super::StoreError;
use indexmap::IndexMap;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::path::Path;

/// Columns by name (`loss`, `lr`, a term's label, `label.part`), one number a step; NaN where a step has none.
#[derive(Debug, Clone, Default)]
pub struct TrainingLog {
    columns: IndexMap<String, Vec<f32>>,
    steps: usize,
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
        let columns: Vec<(&String, Vec<u8>)> = self.columns.iter().map(|(name, column)| (name, bytes(column))).collect();
        let views = columns.iter().map(|(name, bytes)| Ok((*name, TensorView::new(Dtype::F32, vec![self.steps], bytes)?)));
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
            log.steps = log.steps.max(numbers.len());
            log.columns.insert(name, numbers.iter().map(|number| f32::from_le_bytes(*number)).collect());
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
        let back = TrainingLog::from_bytes(&log.to_bytes().unwrap()).unwrap();
        assert_eq!((back.steps(), back.column("loss").unwrap()), (2, &[1.5, 1.25][..]));
        assert!(back.column("late").unwrap()[0].is_nan() && back.column("lr").unwrap()[1].is_nan());
        assert!(TrainingLog::from_bytes(b"nonsense").is_err());
    }
}
