//! Templates: sets of faces of one person that are compared as one, as the IJB benchmarks do.
//!
//! The features of a template's faces become one: within a medium (a video, a photograph) the mean of its faces, then the sum over media,
//! then a unit vector. Where a model has learned how good faces are, they and media weigh by it instead (`pooling`); where it has learned
//! to compare sets, each number is the largest of its faces (`comparator`). Pairs come in blocks, twice: once for the genuine scores, once
//! to count the impostors among them. No score of two people is stored, so the number of pairs costs time alone.

use super::pooling::{Learned, Medium, Multicolumn, log_mean, shares, weighted};
use super::scores::{Counter, Ranking, Sums, both_needed};
use super::vector::{dot, l2_normalised};
use super::{EvalError, Features, ScoreSets};
use ddl_data::protocol::{TemplateFace, TemplatePair};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a face's feature is before it is pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceNorm {
    /// As the network gives it: a face that the network is sure of is longer and counts more.
    Kept,
    /// A unit vector: each face counts the same.
    Unit,
}

/// One feature for each of `templates` templates, each with at least one face; `rows` is `[images, d]`. Where qualities are learned, faces
/// weigh by them and by nothing else.
///
/// Sums run over media by number and over the faces of a medium in the given order, in double precision.
///
/// # Errors
/// A face outside of the rows, a feature that is not finite or (where it must be a unit vector) zero, a template whose sum is zero;
/// qualities that are learned of features of another width.
pub fn pool_templates(
    rows: &[f32],
    d: usize,
    faces: &[TemplateFace],
    templates: usize,
    norm: FaceNorm,
    learned: Option<&Learned>,
) -> Result<Features, EvalError> {
    learned.map_or(Ok(()), |by| by.fits(d))?;
    let mut order: Vec<u32> = (0..faces.len() as u32).collect();
    order.sort_by_key(|&at| (faces[at as usize].template, faces[at as usize].medium)); // stable: the given order within a medium
    let sorted: Vec<TemplateFace> = order.into_iter().map(|at| faces[at as usize]).collect();
    let of_templates: Vec<&[TemplateFace]> = sorted.chunk_by(|a, b| a.template == b.template).collect();
    if of_templates.len() != templates || sorted.last().is_some_and(|last| last.template as usize >= templates) {
        return Err(EvalError::Lengths { what: "the templates with faces", found: of_templates.len(), wanted: templates });
    }
    let rows = Rows { numbers: rows, d, norm };
    let pooled = |faces: &[TemplateFace]| {
        let sum = match learned {
            None => rows.summed(faces),
            Some(Learned::Multicolumn(by)) => rows.weighed(faces, by),
            Some(Learned::Comparator(_)) => rows.largest(faces),
        }?;
        unit(sum).ok_or(EvalError::EmptyTemplate { number: faces.first().map_or(0, |face| face.number) }) // none is without faces
    };
    let pooled: Vec<Vec<f64>> = of_templates.into_par_iter().map(pooled).collect::<Result<_, _>>()?;
    Ok(Features::of_unit_rows(pooled.concat(), d, (0..templates as u32).collect()))
}

/// The features of faces, and how they are taken.
struct Rows<'r> {
    numbers: &'r [f32],
    d: usize,
    norm: FaceNorm,
}

impl Rows<'_> {
    /// A face's feature as the network gives it.
    fn of(&self, face: &TemplateFace) -> Result<&[f32], EvalError> {
        let index = face.row as usize;
        let wanted = self.numbers.len() / self.d.max(1);
        let row = self.numbers.get(index * self.d..(index + 1) * self.d);
        let row = row.ok_or(EvalError::Lengths { what: "a face's row", found: index, wanted })?;
        match row.iter().find(|x| !x.is_finite()) {
            Some(&bad) => Err(EvalError::NotFinite { what: "feature of image", index, value: f64::from(bad) }),
            None => Ok(row),
        }
    }

    /// A face's feature as it is pooled.
    fn taken(&self, face: &TemplateFace) -> Result<Vec<f64>, EvalError> {
        let row = self.of(face)?;
        match self.norm {
            FaceNorm::Kept => Ok(row.iter().map(|&x| f64::from(x)).collect()),
            FaceNorm::Unit => l2_normalised(row).ok_or(EvalError::NoDirection { index: face.row as usize }),
        }
    }

    /// The sum over a template's media of the means of their faces.
    fn summed(&self, faces: &[TemplateFace]) -> Result<Vec<f64>, EvalError> {
        let mut sum = vec![0.0; self.d];
        for medium in faces.chunk_by(|a, b| a.medium == b.medium) {
            let mut of_medium = vec![0.0; self.d];
            for face in medium {
                of_medium.iter_mut().zip(&self.taken(face)?).for_each(|(sum, x)| *sum += x * face.weight);
            }
            let count = medium.len() as f64;
            sum.iter_mut().zip(&of_medium).for_each(|(sum, x)| *sum += x / count);
        }
        Ok(sum)
    }

    /// Of each number the largest of a template's faces.
    fn largest(&self, faces: &[TemplateFace]) -> Result<Vec<f64>, EvalError> {
        let mut largest = vec![f64::NEG_INFINITY; self.d];
        for face in faces {
            largest.iter_mut().zip(&self.taken(face)?).for_each(|(most, x)| *most = most.max(*x));
        }
        Ok(largest)
    }

    /// The mean of a template's media, weighed by learned qualities: a medium's feature is the mean of its faces by their visual qualities,
    /// and the mean of these is its own (the authors' script for IJB-B).
    fn weighed(&self, faces: &[TemplateFace], by: &Multicolumn) -> Result<Vec<f64>, EvalError> {
        let medium = |faces: &[TemplateFace]| {
            let rows = faces.iter().map(|face| Ok(self.of(face)?.iter().map(|&x| f64::from(x)).collect()));
            let rows = rows.collect::<Result<Vec<Vec<f64>>, EvalError>>()?;
            let logs: Vec<f64> = rows.iter().map(|row| by.visual(row)).collect();
            let of_faces = shares(&logs);
            let read = weighted(rows.iter(), &of_faces);
            let pooled = match self.norm {
                FaceNorm::Kept => read.clone(),
                FaceNorm::Unit => {
                    let units = faces.iter().map(|face| self.taken(face)).collect::<Result<Vec<_>, _>>()?;
                    // faces of a medium that cancel out say nothing
                    unit(weighted(units.iter(), &of_faces)).unwrap_or_else(|| vec![0.0; self.d])
                }
            };
            Ok(Medium { read, pooled, quality: log_mean(&logs) })
        };
        let media = faces.chunk_by(|a, b| a.medium == b.medium).map(medium).collect::<Result<Vec<_>, EvalError>>()?;
        Ok(by.pool(&media))
    }
}

/// A vector at length 1; `None` without a direction.
pub(super) fn unit(mut x: Vec<f64>) -> Option<Vec<f64>> {
    let length = dot(&x, &x).sqrt();
    x.iter_mut().for_each(|x| *x /= length);
    (length.is_finite() && length > 0.0).then_some(x)
}

/// Blocks that are counted at once.
const AT_ONCE: usize = 16;

/// Sets of which any two have a score, the same in both orders.
pub trait Scored: Sync {
    /// How many sets.
    fn count(&self) -> usize;

    /// The score of two of them.
    fn score_of(&self, a: usize, b: usize) -> f64;
}

/// Unit vectors score by their dot products.
impl Scored for Features {
    fn count(&self) -> usize {
        self.len()
    }

    fn score_of(&self, a: usize, b: usize) -> f64 {
        self.score(a, self, b)
    }
}

/// Genuine and impostor scores of pairs that come in blocks; `blocks` is asked for them twice and must give the same.
///
/// Memory: the genuine scores, a counter for each, and [`AT_ONCE`] blocks. The result has the same bits whatever the number of threads, but
/// sums of impostor scores are taken block by block.
///
/// # Errors
/// Those of the blocks; a template that is not there; no genuine or no impostor pair.
pub fn streamed_pairs<E, B>(templates: &(impl Scored + ?Sized), blocks: impl Fn() -> Result<B, E>) -> Result<ScoreSets, E>
where
    E: From<EvalError>,
    B: Iterator<Item = Result<Vec<TemplatePair>, E>>,
{
    let score = |pair: &TemplatePair| templates.score_of(pair.a as usize, pair.b as usize);
    let (mut genuine, mut n_impostor) = (Vec::new(), 0);
    for block in blocks()? {
        let block = block?;
        if let Some(found) = block.iter().map(|pair| pair.a.max(pair.b) as usize).find(|at| *at >= templates.count()) {
            return Err(EvalError::Lengths { what: "a pair's template", found, wanted: templates.count() }.into());
        }
        let same: Vec<&TemplatePair> = block.iter().filter(|pair| pair.same).collect();
        n_impostor += (block.len() - same.len()) as u64;
        genuine.extend(same.into_iter().map(score));
    }
    both_needed(genuine.len() as u64, n_impostor)?;
    let ranking = Ranking::new(genuine);
    let slots: Vec<AtomicU64> = (0..ranking.slots()).map(|_| AtomicU64::new(0)).collect();
    let count = |block: &Vec<TemplatePair>| {
        let mut counted = Counted::new();
        for pair in block.iter().filter(|pair| !pair.same) {
            let score = score(pair);
            slots[ranking.slot(score)].fetch_add(1, Ordering::Relaxed);
            counted.add(score);
        }
        counted
    };
    let mut all = Counted::new();
    let mut blocks = blocks()?;
    loop {
        let some: Vec<Vec<TemplatePair>> = blocks.by_ref().take(AT_ONCE).collect::<Result<_, E>>()?;
        if some.is_empty() {
            break;
        }
        let counted: Vec<Counted> = some.par_iter().map(count).collect();
        counted.iter().for_each(|block| all.merge(block));
    }
    let slots: Vec<u64> = slots.into_iter().map(AtomicU64::into_inner).collect();
    Ok(ranking.finish(&slots, all.steps.steps(), all.sums.moments()))
}

/// What is kept of impostor scores beside their places.
struct Counted {
    steps: Counter,
    sums: Sums,
}

impl Counted {
    fn new() -> Self {
        Counted { steps: Counter::new(), sums: Sums::default() }
    }

    fn add(&mut self, score: f64) {
        self.steps.add(score);
        self.sums.add(score);
    }

    fn merge(&mut self, other: &Counted) {
        self.steps.merge(&other.steps);
        self.sums.merge(&other.sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddl_base::random::Draw;

    /// What the list calls a template.
    fn number(template: u32) -> u32 {
        1000 + 7 * template
    }

    fn face(template: u32, medium: u32, row: u32, weight: f64) -> TemplateFace {
        TemplateFace { template, number: number(template), medium, row, weight }
    }

    /// The rows of pooled templates.
    fn rows(features: &Features) -> Vec<Vec<f64>> {
        (0..features.len()).map(|i| features.row(i).to_vec()).collect()
    }

    #[test]
    fn a_medium_is_a_mean_and_a_template_the_sum_of_its_media() {
        let values = [2.0, 0.0, 4.0, 0.0, 0.0, 3.0, 0.0, -1.0];
        let faces = [face(1, 9, 3, 1.0), face(0, 7, 0, 1.0), face(0, 8, 2, 1.0), face(0, 7, 1, 1.0)];
        // template 0: mean(2, 4) = 3 along x, 3 along y
        let half = 0.5f64.sqrt();
        let close =
            |found: Vec<Vec<f64>>, wanted: [[f64; 2]; 2]| found.concat().iter().zip(wanted.concat()).all(|(a, b)| (a - b).abs() < 1e-15);
        assert!(close(rows(&pool_templates(&values, 2, &faces, 2, FaceNorm::Kept, None).unwrap()), [[half, half], [0.0, -1.0]]));
        // as unit vectors: mean(1, 1) along x, 1 along y
        assert!(close(rows(&pool_templates(&values, 2, &faces, 2, FaceNorm::Unit, None).unwrap()), [[half, half], [0.0, -1.0]]));
        let weighted: Vec<TemplateFace> =
            faces.iter().map(|it| face(it.template, it.medium, it.row, if it.row == 1 { 0.5 } else { 1.0 })).collect();
        // kept: mean(2, 0.5·4) = 2 and 3; unit: mean(1, 0.5) and 1
        let (x, y) = (2.0 / 13f64.sqrt(), 3.0 / 13f64.sqrt());
        assert!(close(rows(&pool_templates(&values, 2, &weighted, 2, FaceNorm::Kept, None).unwrap()), [[x, y], [0.0, -1.0]]));
        assert!(close(rows(&pool_templates(&values, 2, &weighted, 2, FaceNorm::Unit, None).unwrap()), [[0.6, 0.8], [0.0, -1.0]]));
    }

    #[test]
    fn what_can_not_be_pooled_is_refused() {
        let values = [1.0, 0.0, -1.0, 0.0, 0.0, 0.0, f32::NAN, 0.0];
        let of = |faces: &[TemplateFace], norm| pool_templates(&values, 2, faces, 1, norm, None).unwrap_err();
        assert_eq!(of(&[face(0, 1, 0, 1.0), face(0, 2, 1, 1.0)], FaceNorm::Kept), EvalError::EmptyTemplate { number: number(0) });
        assert_eq!(of(&[face(0, 1, 2, 1.0)], FaceNorm::Unit), EvalError::NoDirection { index: 2 });
        assert!(matches!(of(&[face(0, 1, 3, 1.0)], FaceNorm::Kept), EvalError::NotFinite { index: 3, .. }));
        assert!(matches!(of(&[face(0, 1, 4, 1.0)], FaceNorm::Kept), EvalError::Lengths { found: 4, wanted: 4, .. }));
        assert!(matches!(of(&[face(1, 1, 0, 1.0)], FaceNorm::Kept), EvalError::Lengths { .. }));
        assert!(matches!(of(&[], FaceNorm::Kept), EvalError::Lengths { found: 0, wanted: 1, .. }));
    }

    fn templates(n: usize) -> Features {
        let name = Draw::new(4, "templates");
        let values: Vec<f32> = (0..n * 8).map(|k| (name.clone().number(k as u64).unit() - 0.5) as f32).collect();
        let faces: Vec<TemplateFace> = (0..n as u32).map(|i| face(i, 0, i, 1.0)).collect();
        pool_templates(&values, 8, &faces, n, FaceNorm::Kept, None).unwrap()
    }

    fn pairs(n: usize, count: u64) -> Vec<TemplatePair> {
        let name = Draw::new(5, "pairs");
        let place = |i, what| (name.clone().text(what).number(i).unit() * n as f64) as u32;
        (0..count).map(|i| TemplatePair { a: place(i, "a"), b: place(i, "b"), same: i % 7 == 0 }).collect()
    }

    #[test]
    fn streamed_pairs_are_those_of_a_list_whatever_the_blocks_and_threads() {
        let (features, pairs) = (templates(40), pairs(40, 3000));
        let of = |same: bool| {
            pairs.iter().filter(|pair| pair.same == same).map(|pair| features.score(pair.a as usize, &features, pair.b as usize)).collect()
        };
        let listed = ScoreSets::new(of(true), of(false)).unwrap();
        let streamed = |size: usize, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let blocks = || Ok::<_, EvalError>(pairs.chunks(size).map(|block| Ok(block.to_vec())));
            pool.install(|| streamed_pairs(&features, blocks).unwrap())
        };
        assert_eq!(streamed(100, 1), streamed(100, 5));
        for size in [1, 100, 5000] {
            let sets = streamed(size, 2);
            assert_eq!(
                (sets.counts(), sets.roc(100), sets.auc(), sets.histograms()),
                (listed.counts(), listed.roc(100), listed.auc(), listed.histograms())
            );
            assert!((sets.gap().value - listed.gap().value).abs() < 1e-13);
        }
    }

    #[test]
    fn wrong_pairs_and_broken_streams_are_refused() {
        let features = templates(3);
        let stream =
            |pairs: Vec<TemplatePair>| streamed_pairs(&features, || Ok::<_, EvalError>(std::iter::once(Ok(pairs.clone())))).unwrap_err();
        let pair = |a, b, same| TemplatePair { a, b, same };
        assert!(matches!(stream(vec![pair(0, 3, true)]), EvalError::Lengths { found: 3, wanted: 3, .. }));
        assert!(matches!(stream(vec![pair(0, 1, true)]), EvalError::OneSided { n_genuine: 1, n_impostor: 0, .. }));
        let broken = || Ok(vec![Ok(vec![pair(0, 1, true)]), Err(EvalError::NoMates { probes: 0 })].into_iter());
        assert_eq!(streamed_pairs(&features, broken).unwrap_err(), EvalError::NoMates { probes: 0 });
    }
}
