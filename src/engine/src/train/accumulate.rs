//! What the batches of a step came to together.

use super::objective::{Outcome, ZEROS};
use indexmap::IndexMap;

/// Numbers and sets of the batches of a step.
#[derive(Debug, Default)]
pub struct Sum {
    batches: u64,
    value: f64,
    named: IndexMap<String, (f64, u64)>,
    similarities: IndexMap<String, Vec<f32>>,
}

/// The name under which a term says how much it left out.
const SKIPPED: &str = ".skipped";

/// Whether batches are counted together: what was left out, and embeddings that are zero.
fn is_count(name: &str) -> bool {
    name.ends_with(SKIPPED) || name.ends_with(ZEROS)
}

impl Sum {
    /// A batch more.
    pub fn add(&mut self, outcome: Outcome) {
        self.batches += 1;
        self.value += outcome.value;
        for (name, value) in outcome.named {
            let (sum, count) = self.named.entry(name).or_default();
            (*sum, *count) = (*sum + f64::from(value), *count + 1);
        }
        for (name, set) in outcome.similarities {
            self.similarities.entry(name).or_default().extend(set);
        }
    }

    /// The step's loss scale, and whether the step was left out because a gradient overflowed.
    pub fn scaled(&mut self, factor: f64, overflowed: bool) {
        for (name, value) in [("loss_scale", factor), ("overflow", f64::from(u8::from(overflowed)))] {
            self.named.insert(name.to_owned(), (value, 1));
        }
    }

    /// The objective: the mean over the batches.
    pub fn value(&self) -> f64 {
        self.value / self.batches.max(1) as f64
    }

    /// Numbers by name: means over the batches that have them, and counts of all together.
    pub fn named(&self) -> Vec<(String, f32)> {
        let number = |name: &str, sum: f64, count: u64| if is_count(name) { sum } else { sum / count as f64 };
        self.named.iter().map(|(name, (sum, count))| (name.clone(), number(name, *sum, *count) as f32)).collect()
    }

    /// Sets of similarities by name, of all batches.
    pub fn similarities(self) -> impl Iterator<Item = (String, Vec<f32>)> {
        self.similarities.into_iter()
    }
}
