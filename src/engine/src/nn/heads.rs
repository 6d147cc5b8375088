//! Margin heads: how an embedding and the prototypes of the classes become logits.

pub mod adaface;
pub mod amsoftmax;
pub mod arcface;
pub mod combined;
pub mod cosface;
mod cosine;
pub mod curricularface;
pub mod lsoftmax;
pub mod magface;
pub mod mv_softmax;
pub mod normface;
pub mod softmax;
pub mod sphereface;
pub mod sphereface_r;
pub mod subcentre;
pub mod sv_softmax;

use ddl::ops::curves::Curve;
use ddl::ops::heads;
use tch::{Kind, Tensor};

use crate::nn::error::{NnError, shape};
use crate::nn::rows::Rows;
use crate::nn::state::{Init, Role, Spec};

pub(super) use cosine::{own, with_target};
pub(crate) use cosine::{unit, without_direction};

/// The name of a head's class vectors in its state, `[classes, embedding]`.
pub const PROTOTYPES: &str = "prototypes";
/// The name of a head's class biases in its state, `[classes]`.
pub const BIAS: &str = "bias";

/// Where a stage is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// The step, counted from 0.
    pub step: u64,
    /// Steps of an epoch.
    pub per_epoch: u64,
    /// Steps of the stage.
    pub total: u64,
}

impl Clock {
    /// A curve's number now.
    pub fn read(&self, curve: &Curve) -> f64 {
        curve.at(self.step, self.per_epoch, self.total)
    }
}

/// What a head is used with beside embeddings and labels.
#[derive(Debug, Clone, Copy)]
pub struct HeadContext<'a> {
    /// The tensors of [`Head::specs`].
    pub rows: &'a dyn Rows,
    /// Where the stage is.
    pub clock: Clock,
    /// Negatives with a larger cosine than this count as 0.
    pub filter: Option<f64>,
}

impl<'a> HeadContext<'a> {
    /// The first step, without a filter.
    pub fn first(rows: &'a dyn Rows) -> Self {
        HeadContext { rows, clock: Clock { step: 0, per_epoch: 1, total: 1 }, filter: None }
    }
}

/// What a head makes of embeddings.
#[derive(Debug)]
pub struct HeadOutput {
    /// `[n, classes]`
    pub logits: Tensor,
    /// A scalar that is added to the term's value.
    pub extra: Option<Tensor>,
    /// Named scalars for events, without gradients.
    pub parts: Vec<(String, Tensor)>,
    /// New values of tensors of the state, without gradients.
    pub updates: Vec<(String, Tensor)>,
}

impl From<Tensor> for HeadOutput {
    fn from(logits: Tensor) -> Self {
        HeadOutput { logits, extra: None, parts: Vec::new(), updates: Vec::new() }
    }
}

/// A margin function.
pub trait Head {
    /// The tensors that it needs for so many classes. Row i of `prototypes` belongs to class i, and so does row i of every other parameter
    /// with so many rows.
    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        vec![prototypes(classes, embedding)]
    }

    /// Logits `[n, classes]` over the local rows of embeddings `x` `[n, d]`, whose own classes have the places `labels` `[n]` (int64) among
    /// these rows. Changes no state: what it would change, it returns.
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError>;
}

impl Head for heads::Head {
    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        ddl::each_head!(it in self => it.specs(classes, embedding))
    }

    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        check(x, labels, &at.rows.local(PROTOTYPES)?)?;
        ddl::each_head!(it in self => it.logits(x, labels, at))
    }
}

/// Class vectors start from N(0, 0.01²), as in insightface and `TFace`.
fn prototypes(classes: i64, embedding: i64) -> Spec {
    Spec { name: PROTOTYPES.into(), shape: vec![classes, embedding], role: Role::Parameter, init: Init::Normal { sd: 0.01 } }
}

/// The tensors that logits without a margin need: class vectors alone.
pub fn plain_specs(classes: i64, embedding: i64) -> Vec<Spec> {
    vec![prototypes(classes, embedding)]
}

/// A number of a head's state that changes otherwise than by gradients.
fn moment(name: &str, first: f64) -> Spec {
    Spec { name: name.into(), shape: vec![], role: Role::Buffer, init: Init::Constant(first) }
}

fn check(x: &Tensor, labels: &Tensor, prototypes: &Tensor) -> Result<(), NnError> {
    let (size, rows) = (x.size(), prototypes.size());
    let fits = size.len() == 2 && rows.len() == 2 && size[1] == rows[1];
    if !fits {
        let expected = format!("[n, {}]", rows.get(1).copied().unwrap_or(0));
        return Err(NnError::Input { what: "embeddings for a head".into(), expected, found: shape(&size) });
    }
    if labels.size() != [size[0]] || labels.kind() != Kind::Int64 {
        let found = format!("{} of {:?}", shape(&labels.size()), labels.kind());
        return Err(NnError::Input { what: "labels".into(), expected: format!("[{}] of Int64", size[0]), found });
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod golden;
#[cfg(test)]
mod tests;
