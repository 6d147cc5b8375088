//! The Distribution Distillation Loss (Huang et al., ECCV 2020), as the released code computes it, with its variants (spec 1.2 - 1.5).
//!
//! Branch 0 is the teacher (easy), branches 1..=K are the students (hard). With the similarity sets S± and the histograms P (teacher)
//! and `Q_k` (students):
//!
//! ```text
//! L = w [ a sum_k D(P+ || Q_k+) + b sum_k D(P- || Q_k-) - c sum_i sum_j (E[S_i+] - E[S_j-]) ]      i, j over all branches
//! ```

mod histogram;
mod similarity;

use ddl::ops::terms::Ddl;
use ddl::ops::terms::ddl::{AnyBranch, Side};
use tch::Tensor;

use self::histogram::{Grid, divergence, histogram};
use self::similarity::{Similarities, negatives, positives};
use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch};
use crate::nn::error::NnError;

/// What is known of one branch in a step.
struct Branch {
    positive: Similarities,
    negative: Similarities,
    /// `[nodes]`
    positive_histogram: Tensor,
    /// `[nodes]`
    negative_histogram: Tensor,
}

impl Term for Ddl {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let mut needs = Vec::new();
        for side in std::iter::once(&self.teacher).chain(&self.students) {
            let Side::Branch(AnyBranch::Branch(branch)) = side else {
                let why = "a data set must have become batches of pairs and of different people before the engine".to_string();
                return Err(NnError::Option { option: "teacher and students", value: "a data set".into(), why });
            };
            needs.push(Need::own(branch.pairs.node, Take::Pairs));
            needs.push(Need::own(branch.negatives.node, Take::Embeddings));
        }
        Ok(needs)
    }

    fn evaluate(&self, inputs: &[TermInput], _context: &Context) -> Result<TermOutput, NnError> {
        if inputs.len() < 4 || inputs.len() != 2 * (1 + self.students.len()) {
            return Err(mismatch("ddl", "pairs and embeddings of the teacher and of each student", inputs));
        }
        let branches = inputs.chunks(2).enumerate().map(|(at, inputs)| branch(self, inputs, at == 0)).collect::<Result<Vec<_>, _>>()?;
        combine(self, &branches)
    }

    fn similarities(&self, inputs: &[TermInput]) -> Result<Vec<(String, Tensor)>, NnError> {
        let mut sets = Vec::new();
        for (at, inputs) in inputs.chunks(2).enumerate() {
            let branch = branch(self, inputs, at == 0)?;
            let counted = branch.positive.values.f_masked_select(&branch.positive.counted.gt(0.5))?;
            sets.push((format!("{}.positive", name(at)), counted.detach()));
            sets.push((format!("{}.negative", name(at)), branch.negative.values.detach()));
        }
        Ok(sets)
    }
}

fn branch(term: &Ddl, inputs: &[TermInput], is_teacher: bool) -> Result<Branch, NnError> {
    let [TermInput::Pairs { left, right }, TermInput::Embeddings(others)] = inputs else {
        return Err(mismatch("ddl", "pairs, then embeddings, for each branch", inputs));
    };
    let constant = |x: &Tensor| if is_teacher && term.detach_teacher { x.detach() } else { x.shallow_clone() };
    let positive = positives(&constant(left), &constant(right), term.positive_threshold)?;
    let negative = negatives(&constant(others), term.negatives)?;
    let grid = Grid::new(term.grid, i64::from(term.nodes), left);
    Ok(Branch {
        positive_histogram: histogram(&positive, &grid, term.gamma, term.normalisation),
        negative_histogram: histogram(&negative, &grid, term.gamma, term.normalisation),
        positive,
        negative,
    })
}

/// What can't be computed (a branch without positives above the threshold) counts 0, and is counted.
fn combine(term: &Ddl, branches: &[Branch]) -> Result<TermOutput, NnError> {
    let all = |of: fn(&Branch) -> Tensor| Ok::<_, NnError>(Tensor::f_stack(&branches.iter().map(of).collect::<Vec<_>>(), 0)?);
    let grid = Grid::new(term.grid, i64::from(term.nodes), &branches[0].positive_histogram);
    let (any, mean_positive, mean_negative) = (all(|it| it.positive.any())?, all(|it| it.positive.mean())?, all(|it| it.negative.mean())?); // [branches]
    let (positive, negative) = (all(|it| it.positive_histogram.shallow_clone())?, all(|it| it.negative_histogram.shallow_clone())?); // [branches, nodes]
    let (kind, count, students) = (positive.kind(), branches.len() as i64, branches.len() as i64 - 1);
    let apart = |of: &Tensor| Ok::<_, NnError>(divergence(term.divergence, &of.f_narrow(0, 0, 1)?, &of.f_narrow(0, 1, students)?, &grid));
    let both = any.f_narrow(0, 0, 1)? * any.f_narrow(0, 1, students)?; // [students]
    let (apart_positive, apart_negative) = (apart(&positive)? * &both, apart(&negative)?);
    // sum_i sum_j any_i (E[S_j-] - E[S_i+])
    let order = any.sum(kind) * mean_negative.sum(kind) - (&any * &mean_positive).sum(kind) * count as f64;
    let sums = (apart_positive.sum(kind), apart_negative.sum(kind));
    let value = (&sums.0 * term.positive_weight + &sums.1 * term.negative_weight + &order * term.order) * term.world_scale;
    let skipped = (&both * -1.0 + 1.0).sum(kind) + (&any * -1.0 + 1.0).sum(kind) * count as f64;
    let gap = &mean_positive - &mean_negative;
    let shared = shares(&positive).minimum(&shares(&negative)).f_sum_dim_intlist([1].as_slice(), false, None)?;
    let mut parts = vec![("positive".to_string(), sums.0), ("negative".to_string(), sums.1), ("order".to_string(), order)];
    for at in 0..count {
        let name = name(at as usize);
        let mut note = |part: &str, of: &Tensor, at: i64| parts.push((format!("{name}.{part}"), of.get(at)));
        note("gap", &gap, at);
        note("mean_positive", &mean_positive, at);
        note("mean_negative", &mean_negative, at);
        note("overlap", &shared, at);
        if at > 0 {
            note("divergence_positive", &apart_positive, at - 1);
            note("divergence_negative", &apart_negative, at - 1);
            parts.push((format!("{name}.behind"), gap.get(0) - gap.get(at)));
        }
        parts.push((format!("{name}.positives"), branches[at as usize].positive.count()));
    }
    let parts = parts.into_iter().map(|(name, part)| (name, part.detach())).collect();
    Ok(TermOutput { value, parts, skipped: skipped.detach(), updates: vec![] })
}

/// What events call a branch.
fn name(branch: usize) -> String {
    if branch == 0 { "teacher".to_string() } else { format!("student{branch}") }
}

/// Histograms `[branches, nodes]` of the sum 1, however they are normalised.
fn shares(histograms: &Tensor) -> Tensor {
    let whole = histograms.sum_dim_intlist([1].as_slice(), true, None).clamp_min(f64::from(f32::MIN_POSITIVE));
    histograms.detach() / whole.detach()
}

#[cfg(test)]
mod tests;
