//! What an embedding says of its image beside the others: its length, its neighbours, its person's mean.

use super::vector::{clamped, dot, l2_normalised};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Whose images are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Anybody's.
    Anybody,
    /// Those of the same person.
    Same,
    /// Those of other people.
    Others,
}

/// Embeddings of images, each of one person, brought to length 1.
#[derive(Debug)]
pub struct Faces {
    /// Nothing of an embedding without direction.
    unit: Vec<Option<Vec<f64>>>,
    person: Vec<u32>,
}

impl Faces {
    /// Of rows of `width` numbers each, and the person of each row.
    pub fn new(rows: &[f32], width: usize, person: Vec<u32>) -> Self {
        Faces { unit: rows.par_chunks_exact(width.max(1)).map(l2_normalised).collect(), person }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.unit.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.unit.is_empty()
    }

    /// Of length 1, one for each row; nothing of an embedding without direction.
    pub fn unit(&self) -> &[Option<Vec<f64>>] {
        &self.unit
    }

    /// 1 - cosine of each image and the nearest other one among these, in 0..2; nothing where there is none, or the embedding has no
    /// direction.
    pub fn nearest(&self, among: Among) -> Vec<Option<f64>> {
        let meant = |a: u32, b: u32| match among {
            Among::Anybody => true,
            Among::Same => a == b,
            Among::Others => a != b,
        };
        let of = |(at, own): (usize, &Option<Vec<f64>>)| {
            let own = own.as_ref()?;
            let others = self.unit.iter().enumerate().filter(|(other, _)| *other != at && meant(self.person[at], self.person[*other]));
            others.filter_map(|(_, other)| Some(1.0 - clamped(dot(own, other.as_ref()?)))).min_by(f64::total_cmp)
        };
        self.unit.par_iter().enumerate().map(of).collect()
    }

    /// 1 - cosine of each image and the mean of its person's, its own among them, in 0..2; nothing where one of both has no direction.
    pub fn to_mean(&self) -> Vec<Option<f64>> {
        let mut sums: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for (unit, person) in self.unit.iter().zip(&self.person) {
            let Some(unit) = unit else { continue };
            let sum = sums.entry(*person).or_insert_with(|| vec![0.0; unit.len()]);
            sum.iter_mut().zip(unit).for_each(|(sum, x)| *sum += x);
        }
        let of = |(unit, person): (&Option<Vec<f64>>, &u32)| {
            let (unit, sum) = (unit.as_ref()?, sums.get(person)?);
            let length = dot(sum, sum).sqrt();
            (length > 0.0).then(|| 1.0 - clamped(dot(unit, sum) / length))
        };
        self.unit.par_iter().zip(&self.person).map(of).collect()
    }

    /// The length of each row as it is.
    pub fn norms(rows: &[f32], width: usize) -> Vec<f64> {
        let length = |row: &[f32]| {
            let row: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
            dot(&row, &row).sqrt()
        };
        rows.par_chunks_exact(width.max(1)).map(length).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two people: one at 0 and 60 degrees, one at 90 and 180; and an image without direction.
    fn faces() -> Faces {
        let at = |degrees: f32| [3.0 * degrees.to_radians().cos(), 3.0 * degrees.to_radians().sin()];
        let rows: Vec<f32> = [at(0.0), at(60.0), at(90.0), at(180.0), [0.0, 0.0]].concat();
        assert!(Faces::norms(&rows, 2).iter().zip([3.0, 3.0, 3.0, 3.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-6));
        Faces::new(&rows, 2, vec![0, 0, 1, 1, 1])
    }

    fn close(found: &[Option<f64>], wanted: &[Option<f64>]) {
        assert_eq!(found.len(), wanted.len());
        for (a, b) in found.iter().zip(wanted) {
            assert!(a.is_some() == b.is_some() && a.zip(*b).is_none_or(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {wanted:?}");
        }
    }

    #[test]
    fn neighbours_are_told_by_whom_they_show() {
        let of = |degrees: f64| Some(1.0 - degrees.to_radians().cos());
        close(&faces().nearest(Among::Anybody), &[of(60.0), of(30.0), of(30.0), of(90.0), None]);
        close(&faces().nearest(Among::Same), &[of(60.0), of(60.0), of(90.0), of(90.0), None]);
        close(&faces().nearest(Among::Others), &[of(90.0), of(30.0), of(30.0), of(120.0), None]);
    }

    /// What NumPy and scikit-learn say of drawn embeddings.
    #[derive(serde::Deserialize)]
    struct Golden {
        width: usize,
        rows: Vec<f32>,
        person: Vec<u32>,
        norm: Vec<f64>,
        anybody: Vec<Option<f64>>,
        same: Vec<Option<f64>>,
        others: Vec<Option<f64>>,
        to_mean: Vec<Option<f64>>,
    }

    #[test]
    fn numbers_are_those_of_numpy_and_scikit_learn() {
        let it: Golden = serde_json::from_str(include_str!("../../tests/oracles/said/golden.json")).unwrap();
        let faces = Faces::new(&it.rows, it.width, it.person);
        let norms: Vec<Option<f64>> = Faces::norms(&it.rows, it.width).into_iter().map(Some).collect();
        let wanted: Vec<Option<f64>> = it.norm.into_iter().map(Some).collect();
        for (found, wanted) in [
            (norms, wanted),
            (faces.nearest(Among::Anybody), it.anybody),
            (faces.nearest(Among::Same), it.same),
            (faces.nearest(Among::Others), it.others),
            (faces.to_mean(), it.to_mean),
        ] {
            for (a, b) in found.iter().zip(&wanted) {
                assert!(a.zip(*b).is_some_and(|(a, b)| (a - b).abs() < 1e-12 * b.abs().max(1.0)), "{a:?} {b:?}");
            }
            assert_eq!(found.len(), wanted.len());
        }
    }

    #[test]
    fn a_mean_is_of_directions() {
        let of = |degrees: f64| Some(1.0 - degrees.to_radians().cos());
        close(&faces().to_mean(), &[of(30.0), of(30.0), of(45.0), of(45.0), None]);
    }
}
