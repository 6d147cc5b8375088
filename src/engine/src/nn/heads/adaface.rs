//! AdaFace: the margin follows where the feature's length lies among the lengths of the batches so far.

use ddl::ops::heads::AdaFace;
use tch::{Kind, Tensor};

use super::cosine::{cosines, lengths, own, with_target};
use super::{Head, HeadContext, HeadOutput, moment, prototypes};
use crate::nn::error::NnError;
use crate::nn::margin::{by_quality, quality};
use crate::nn::state::Spec;

/// The state: running mean and standard deviation of the features' lengths, scalars.
const MEAN: &str = "norm_mean";
const SD: &str = "norm_sd";
/// What the official code keeps cosines, angles and lengths away from their ends.
const EPS: f64 = 1e-3;
/// Longer features count as so long.
const LONGEST: f64 = 100.0;

impl Head for AdaFace {
    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        vec![prototypes(classes, embedding), moment(MEAN, 20.0), moment(SD, 100.0)]
    }

    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let cosines = cosines(x, labels, at)?.clamp(EPS - 1.0, 1.0 - EPS); // [n, classes]
        let length = lengths(&x.detach()).clamp(EPS, LONGEST); // [n]
        let (mean, sd) = moments(self.alpha, &length, at)?;
        let z = quality(&length, &mean, &sd, (self.concentration, EPS)); // [n]
        let target = by_quality(&own(&cosines, labels)?, &z, self.margin, EPS);
        let logits = with_target(&cosines, labels, &target, self.scale)?;
        let part = |name: &str, value: &Tensor| (name.to_owned(), value.shallow_clone());
        let parts = vec![part(MEAN, &mean), part(SD, &sd), ("margin_scaler".to_owned(), z.mean(Kind::Float))];
        Ok(HeadOutput { parts, updates: vec![part(MEAN, &mean), part(SD, &sd)], ..logits.into() })
    }
}

/// Mean and (unbiased) standard deviation of lengths after this batch. A single feature has no deviation, and changes none.
fn moments(alpha: f64, length: &Tensor, at: &HeadContext) -> Result<(Tensor, Tensor), NnError> {
    let (mean, sd) = (at.rows.shared(MEAN)?.detach(), at.rows.shared(SD)?.detach());
    let follow = |new: Tensor, old: &Tensor| new * alpha + old * (1.0 - alpha);
    let new_sd = if length.numel() > 1 { follow(length.std(true), &sd) } else { sd };
    Ok((follow(length.mean(length.kind()), &mean), new_sd))
}
