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
use tch::{Kind, Tensor};

use self::histogram::{Grid, divergence, histogram};
use self::similarity::{Similarities, negatives, positives};
use super::{Around, Given, Need, Take, Term, Value, mismatch, zero};
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

    fn evaluate(&self, given: &[Given], _around: &Around) -> Result<Value, NnError> {
        if given.len() < 4 || given.len() != 2 * (1 + self.students.len()) {
            return Err(mismatch("ddl", "pairs and embeddings of the teacher and of each student", given));
        }
        let branches = given.chunks(2).enumerate().map(|(at, given)| branch(self, given, at == 0)).collect::<Result<Vec<_>, _>>()?;
        Ok(combine(self, &branches))
    }
}

fn branch(term: &Ddl, given: &[Given], is_teacher: bool) -> Result<Branch, NnError> {
    let [Given::Pairs { left, right }, Given::Embeddings(others)] = given else {
        return Err(mismatch("ddl", "pairs, then embeddings, for each branch", given));
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
fn combine(term: &Ddl, branches: &[Branch]) -> Value {
    let (teacher, students) = (&branches[0], &branches[1..]);
    let grid = Grid::new(term.grid, i64::from(term.nodes), &teacher.positive_histogram);
    // each of its own: they are summed up in place
    let [mut positive, mut negative, mut order, mut skipped] = [(); 4].map(|()| zero(&teacher.positive_histogram));
    for student in students {
        let both = teacher.positive.any() * student.positive.any();
        skipped += (&both * -1.0 + 1.0).detach();
        positive += divergence(term.divergence, &teacher.positive_histogram, &student.positive_histogram, &grid) * both;
        negative += divergence(term.divergence, &teacher.negative_histogram, &student.negative_histogram, &grid);
    }
    for i in branches {
        let any = i.positive.any();
        skipped += (&any * -1.0 + 1.0).detach() * branches.len() as f64;
        for j in branches {
            order += (j.negative.mean() - i.positive.mean()) * &any;
        }
    }
    let value = (&positive * term.positive_weight + &negative * term.negative_weight + &order * term.order) * term.world_scale;
    let mut parts = vec![("positive".to_string(), positive), ("negative".to_string(), negative), ("order".to_string(), order)];
    for (at, branch) in branches.iter().enumerate() {
        let name = if at == 0 { "teacher".to_string() } else { format!("student{at}") };
        let (positive, negative) = (branch.positive.mean(), branch.negative.mean());
        parts.push((format!("{name}.gap"), &positive - &negative));
        parts.push((format!("{name}.mean_positive"), positive));
        parts.push((format!("{name}.mean_negative"), negative));
        parts.push((format!("{name}.positives"), branch.positive.count()));
    }
    let parts = parts.into_iter().map(|(name, part)| (name, part.detach().to_kind(Kind::Float))).collect();
    Value { value, parts, skipped, updates: vec![] }
}

#[cfg(test)]
mod tests;
