//! The fold rule of FaceX-Zoo's `lfw_evaluator.py`.

use super::folds::{Fold, first_maximum, fold_numbers};
use super::{EvalError, Pairs};

/// How many thresholds are tried between the lowest and the highest training score.
const THRESHOLDS: usize = 1000;

/// Each fold judged at τ = argmax(TPR − FPR) of the others; accepted means s > τ, rejected s < τ, and s = τ is wrong either way.
pub(super) fn folds(pairs: &Pairs) -> Result<Vec<Fold>, EvalError> {
    let scores = pairs.similarities();
    let all = || scores.iter().copied().zip(pairs.fold().iter().copied()).zip(pairs.same().iter().copied());
    let mut folds = Vec::new();
    for fold in fold_numbers(pairs)? {
        let side = |inside: bool, kind: bool| -> Vec<f64> {
            let mut values: Vec<f64> =
                all().filter(|((_, f), s)| (*f == fold) == inside && *s == kind).map(|((score, _), _)| score).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let (genuine, impostor) = (side(false, true), side(false, false));
        if genuine.is_empty() || impostor.is_empty() {
            let (n_genuine, n_impostor) = (genuine.len() as u64, impostor.len() as u64);
            return Err(EvalError::OneSided { place: format!("the folds beside fold {fold}"), n_genuine, n_impostor });
        }
        let threshold = best_threshold(&genuine, &impostor);
        let (genuine, impostor) = (side(true, true), side(true, false));
        let right = above(&genuine, threshold) + impostor.partition_point(|&s| s < threshold);
        folds.push(Fold {
            fold,
            threshold,
            value: right as f64 / (genuine.len() + impostor.len()) as f64,
            n_genuine: genuine.len() as u64,
            n_impostor: impostor.len() as u64,
        });
    }
    Ok(folds)
}

/// How many of the rising `scores` lie above `threshold`.
fn above(scores: &[f64], threshold: f64) -> usize {
    scores.len() - scores.partition_point(|&s| s <= threshold)
}

/// Neither slice is empty; both rise.
fn best_threshold(genuine: &[f64], impostor: &[f64]) -> f64 {
    let low = genuine[0].min(impostor[0]);
    let high = genuine[genuine.len() - 1].max(impostor[impostor.len() - 1]);
    let step = (high - low) / THRESHOLDS as f64;
    let threshold = |i: usize| low + step * (i + 1) as f64;
    let rate = |scores: &[f64], t: f64| above(scores, t) as f64 / scores.len() as f64;
    threshold(first_maximum((0..THRESHOLDS).map(|i| rate(genuine, threshold(i)) - rate(impostor, threshold(i)))))
}

/// The standard error of the folds' mean: standard deviation (n − 1) over √n.
pub(super) fn standard_error(folds: &[Fold]) -> f64 {
    let n = folds.len() as f64;
    let mean = folds.iter().map(|f| f.value).sum::<f64>() / n;
    let squares = folds.iter().map(|f| (f.value - mean).powi(2)).sum::<f64>();
    (squares / (n - 1.0)).sqrt() / n.sqrt()
}
