//! Terms of an objective: from embeddings to a value with a gradient.
//!
//! A term says which batches it needs and computes from what it is given; it draws nothing, runs no network and changes no state.

pub mod adversary;
pub mod center;
pub mod classify;
pub mod co_mining;
pub mod compare_sets;
pub mod contrastive;
pub mod coupled;
pub mod critic;
pub mod ddl;
pub mod feature;
pub mod fool;
pub mod head_pose;
pub mod histogram_loss;
pub mod kd;
pub mod kdgan;
pub mod logits;
pub mod marginal;
pub mod mutual;
pub mod n_pair;
pub mod nst;
mod pairs;
pub mod range_loss;
mod reduce;
pub mod rkd;
pub mod sp;
pub mod stitch;
pub mod triplet;

use ::ddl::data::predicate::Expr;
use ::ddl::lang::value::NodeId;
use ::ddl::ops::terms::{self, Prototypes};
use ::ddl::random::Draw;
use tch::Tensor;

use crate::nn::error::NnError;
use crate::nn::heads::Clock;
use crate::nn::rows::Rows;
use crate::nn::state::{Spec, State};

/// A batch that a term needs, each step anew, and what a network makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// Which batches. Needs of one node are met by one draw.
    pub batches: NodeId,
    /// Whose output.
    pub whose: Whose,
    /// What of it.
    pub take: Take,
}

impl Need {
    /// What the term's own network makes of a batch.
    pub fn own(batches: NodeId, take: Take) -> Self {
        Need { batches, whose: Whose::Own, take }
    }

    /// What a network of the stage makes of it.
    pub fn of(batches: NodeId, net: &str, take: Take) -> Self {
        Need { batches, whose: Whose::Net(net.to_owned()), take }
    }

    /// What a teacher makes of it.
    pub fn taught(batches: NodeId, teacher: NodeId, take: Take) -> Self {
        Need { batches, whose: Whose::Teacher(teacher), take }
    }
}

/// Whose output a term needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// The network's that the term trains.
    Own,
    /// A network's of the stage, by its name there.
    Net(String),
    /// A model's that stays as it is: no gradient, as it is judged.
    Teacher(NodeId),
}

/// What a term takes of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Take {
    /// Embeddings alone.
    Embeddings,
    /// Embeddings and labels of the batch's label space.
    Labelled,
    /// Embeddings of pairs of images.
    Pairs,
    /// Logits over the people of the batch's label space.
    Logits {
        /// The slot of the prototypes.
        slot: String,
        /// What cosines are multiplied by; inner products without.
        scale: Option<f64>,
    },
    /// What comes out of a named part; the embedding without a name.
    Output(Option<String>),
    /// Numbers of the samples themselves, whatever the network makes of their images.
    Readings(Vec<Expr>),
}

/// A batch as a term is given it, with the gradient's way back to the network.
#[derive(Debug)]
pub enum TermInput {
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
    /// For [`Take::Logits`]: `[n, classes]`.
    Logits(Tensor),
    /// For [`Take::Output`]: `[n, d]` or `[n, channels, height, width]`.
    Output(Tensor),
    /// For [`Take::Readings`]: `[n, numbers]`, without a gradient.
    Readings(Tensor),
}

/// What a term is evaluated with beside its batches.
#[derive(Clone)]
pub struct Context<'a> {
    /// The state of the term for its slot, and for its label space where it has one; empty for terms without.
    pub head: &'a dyn Rows,
    /// The state of the pooling that the term learns; empty for terms without.
    pub pool: &'a State,
    /// The name of what the term draws at this step.
    pub noise: &'a Draw,
    /// Where the stage is.
    pub clock: Clock,
}

/// What a term came to.
#[derive(Debug)]
pub struct TermOutput {
    /// The value, a scalar with its gradient, before the term's weight in the objective.
    pub value: Tensor,
    /// Named scalars for events, without gradients, still on their device.
    pub parts: Vec<(String, Tensor)>,
    /// How many parts of the value were left out, because this batch has nothing to compute them from (a scalar).
    pub skipped: Tensor,
    /// New values of tensors of its state, which the trainer puts there after the step.
    pub updates: Vec<(String, Tensor)>,
}

/// What a term keeps of the label space of its first batches, from step to step and from stage to stage.
#[derive(Debug, Clone, Copy)]
pub struct Memory<'a> {
    /// Kept per label space and slot.
    pub slot: &'a str,
    /// The tensor of [`Term::specs`] that has a row for each person.
    pub rows: &'static str,
    /// What new rows start from, if the recipe says so; drawn, if it does not.
    pub first: Option<Prototypes>,
    /// The data set of whose images its rows are the class means, if they are of another than the batches'.
    pub means_of: Option<NodeId>,
    /// Whether class means are of features of length 1, and of length 1 themselves.
    pub unit: bool,
    /// Whether the recipe must say what new rows start from, where the source model has such rows of other label spaces.
    pub must_say: bool,
}

/// A term of an objective.
pub trait Term {
    /// The batches it needs, in the order in which [`Term::evaluate`] is given them.
    fn needs(&self) -> Result<Vec<Need>, NnError>;

    /// What it keeps of its label space; nothing for most.
    fn memory(&self) -> Option<Memory<'_>> {
        None
    }

    /// The tensors of its state for so many classes of its label space; none for terms without [`Term::memory`].
    fn specs(&self, _classes: i64, _embedding: i64) -> Vec<Spec> {
        Vec::new()
    }

    /// The tensors of its state that follow from the shapes (without images) of what it is given, one for each of [`Term::needs`]; none for
    /// most terms.
    ///
    /// # Errors
    /// Shapes that the term can't compare: known before the first step.
    fn specs_between(&self, _shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
        Ok(Vec::new())
    }

    /// Its value for these batches, one for each of [`Term::needs`]. Never NaN on finite embeddings.
    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError>;

    /// Sets of similarities of these batches by name (`teacher.positive`), for pictures of how they move; none for most terms.
    fn similarities(&self, _given: &[TermInput]) -> Result<Vec<(String, Tensor)>, NnError> {
        Ok(Vec::new())
    }
}

impl Term for terms::Term {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        ::ddl::each_term!(it in self => it.needs())
    }

    fn memory(&self) -> Option<Memory<'_>> {
        ::ddl::each_term!(it in self => it.memory())
    }

    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        ::ddl::each_term!(it in self => it.specs(classes, embedding))
    }

    fn specs_between(&self, shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
        ::ddl::each_term!(it in self => it.specs_between(shapes))
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        ::ddl::each_term!(it in self => it.evaluate(inputs, context))
    }

    fn similarities(&self, inputs: &[TermInput]) -> Result<Vec<(String, Tensor)>, NnError> {
        ::ddl::each_term!(it in self => it.similarities(inputs))
    }
}

/// What was given is not what was asked for.
fn mismatch(term: &str, expected: &str, inputs: &[TermInput]) -> NnError {
    let found: Vec<&str> = inputs
        .iter()
        .map(|input| match input {
            TermInput::Embeddings(_) => "embeddings",
            TermInput::Labelled { .. } => "labelled embeddings",
            TermInput::Pairs { .. } => "pairs",
            TermInput::Logits(_) => "logits",
            TermInput::Output(_) => "an output",
            TermInput::Readings(_) => "numbers of the samples",
        })
        .collect();
    NnError::Input { what: format!("batches of {term}"), expected: expected.into(), found: found.join(", ") }
}

/// A scalar 0 beside `like`.
fn zero(like: &Tensor) -> Tensor {
    Tensor::zeros([], (like.kind(), like.device()))
}

/// Each image's output as a row `[n, numbers]`.
fn rows(output: &Tensor) -> Result<Tensor, NnError> {
    Ok(output.f_reshape([output.size()[0], -1])?)
}

/// A value without anything else to tell.
fn plain(value: Tensor, parts: Vec<(String, Tensor)>) -> TermOutput {
    let parts = parts.into_iter().map(|(name, part)| (name, part.detach().to_kind(tch::Kind::Float))).collect();
    TermOutput { skipped: zero(&value), value, parts, updates: vec![] }
}

/// The output that a teacher is asked for: the one of the student's name unless another is said.
fn same_or(teacher: Option<&terms::Output>, student: Option<&terms::Output>) -> Option<String> {
    teacher.or(student).map(|output| output.layer().to_owned())
}

/// What is added to networks.
#[cfg(test)]
mod added_tests;
/// Critics.
#[cfg(test)]
mod adversarial_tests;
/// Comparisons of sets.
#[cfg(test)]
mod comparator_tests;
/// Golden numbers of the distillation terms.
#[cfg(test)]
mod distil_tests;
/// Sets of images.
#[cfg(test)]
mod sets_tests;
#[cfg(test)]
mod tests;
