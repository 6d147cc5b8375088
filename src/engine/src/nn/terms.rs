//! Terms of an objective: from embeddings to a value with a gradient.
//!
//! A term says which batches it needs and computes from what it is given; it draws nothing, runs no network and changes no state.

pub mod classify;
pub mod ddl;
pub mod triplet;

use ::ddl::lang::value::NodeId;
use ::ddl::ops::terms;
use ::ddl::random::Draw;
use tch::Tensor;

use crate::nn::error::NnError;
use crate::nn::heads::Clock;
use crate::nn::state::{Spec, State};

/// A batch that a term needs, each step anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Which batches. Needs of one node are met by one draw.
    pub batches: NodeId,
    /// What of it.
    pub take: Take,
}

/// What a term takes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Embeddings alone.
    Embeddings,
    /// Embeddings and labels of the batch's label space.
    Labelled,
    /// Embeddings of pairs of images.
    Pairs,
}

/// A batch as a term is given it, with the gradient's way back to the network.
#[derive(Debug)]
pub enum Given {
    /// For [`Take::Embeddings`].
    Embeddings(Tensor),
    /// For [`Take::Labelled`].
    Labelled {
        /// `[n, d]`
        embedding: Tensor,
        /// `[n]`, int64, counted from 0 in the label space.
        labels: Tensor,
    },
    /// For [`Take::Pairs`]: row i of both shows one person.
    Pairs {
        /// `[n, d]`
        left: Tensor,
        /// `[n, d]`
        right: Tensor,
    },
}

/// What is around a term in a step.
#[derive(Clone)]
pub struct Around<'a> {
    /// The state of the term's head for its label space and slot; empty for terms without.
    pub head: &'a State,
    /// The name of this step's noise.
    pub noise: &'a Draw,
    /// Where the stage is.
    pub clock: Clock,
}

/// What a term came to.
#[derive(Debug)]
pub struct Value {
    /// The value, a scalar with its gradient, before the term's weight in the objective.
    pub value: Tensor,
    /// Named scalars for events, without gradients, still on their device.
    pub parts: Vec<(String, Tensor)>,
    /// How many parts of the value were left out, because this batch has nothing to compute them from (a scalar).
    pub skipped: Tensor,
    /// New values of tensors of the state of its head, which the trainer puts there after the step.
    pub updates: Vec<(String, Tensor)>,
}

/// A term of an objective.
pub trait Term {
    /// The batches it needs, in the order in which [`Term::evaluate`] is given them.
    fn needs(&self) -> Result<Vec<Need>, NnError>;

    /// The tensors of its state for so many classes of its label space; none for terms without a head.
    fn specs(&self, _classes: i64, _embedding: i64) -> Vec<Spec> {
        Vec::new()
    }

    /// Its value for these batches, one for each of [`Term::needs`]. Never NaN on finite embeddings.
    fn evaluate(&self, given: &[Given], around: &Around) -> Result<Value, NnError>;
}

macro_rules! each {
    ($self:ident, $it:ident => $do:expr) => {
        match $self {
            terms::Term::Classify($it) => $do,
            terms::Term::Triplet($it) => $do,
            terms::Term::Ddl($it) => $do,
        }
    };
}

impl Term for terms::Term {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        each!(self, it => it.needs())
    }

    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        each!(self, it => it.specs(classes, embedding))
    }

    fn evaluate(&self, given: &[Given], around: &Around) -> Result<Value, NnError> {
        each!(self, it => it.evaluate(given, around))
    }
}

/// What was given is not what was asked for.
fn mismatch(term: &str, expected: &str, given: &[Given]) -> NnError {
    let found: Vec<&str> = given
        .iter()
        .map(|given| match given {
            Given::Embeddings(_) => "embeddings",
            Given::Labelled { .. } => "labelled embeddings",
            Given::Pairs { .. } => "pairs",
        })
        .collect();
    NnError::Input { what: format!("batches of {term}"), expected: expected.into(), found: found.join(", ") }
}

/// A scalar 0 beside `like`.
fn zero(like: &Tensor) -> Tensor {
    Tensor::zeros([], (like.kind(), like.device()))
}
