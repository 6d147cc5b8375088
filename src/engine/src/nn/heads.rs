//! Margin heads: how an embedding and the prototypes of the classes become logits.

pub mod arcface;
pub mod combined;
pub mod cosface;
mod cosine;
pub mod normface;
pub mod softmax;

use ddl::ops::heads;
use tch::{Kind, Tensor};

use crate::nn::error::{NnError, shape};
use crate::nn::state::{Init, Role, Spec, State};

pub(crate) use cosine::unit;

/// The name of a head's class vectors in its state, `[classes, embedding]`.
pub const PROTOTYPES: &str = "prototypes";
/// The name of a head's class biases in its state, `[classes]`.
pub const BIAS: &str = "bias";

/// A margin function.
pub trait Head {
    /// The tensors that it needs for so many classes. Row i of `prototypes` belongs to class i.
    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        vec![prototypes(classes, embedding)]
    }

    /// Logits `[n, classes]` of embeddings `x` `[n, d]` of the classes `labels` `[n]` (int64).
    fn logits(&self, x: &Tensor, labels: &Tensor, state: &State) -> Result<Tensor, NnError>;
}

macro_rules! each {
    ($self:ident, $it:ident => $do:expr) => {
        match $self {
            heads::Head::Softmax($it) => $do,
            heads::Head::NormFace($it) => $do,
            heads::Head::CosFace($it) => $do,
            heads::Head::ArcFace($it) => $do,
            heads::Head::Combined($it) => $do,
        }
    };
}

impl Head for heads::Head {
    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        each!(self, it => it.specs(classes, embedding))
    }

    fn logits(&self, x: &Tensor, labels: &Tensor, state: &State) -> Result<Tensor, NnError> {
        check(x, labels, state.get(PROTOTYPES)?)?;
        each!(self, it => it.logits(x, labels, state))
    }
}

/// Class vectors start from N(0, 0.01²), as in insightface and `TFace`.
fn prototypes(classes: i64, embedding: i64) -> Spec {
    Spec { name: PROTOTYPES.into(), shape: vec![classes, embedding], role: Role::Parameter, init: Init::Normal { sd: 0.01 } }
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
