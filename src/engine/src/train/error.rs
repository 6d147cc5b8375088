//! Why a stage stops.

use crate::failures;
use crate::nn::error::NnError;
use crate::nn::state::{NotFinite, StateError};
use ddl::data::DataError;
use ddl::diag::Code;
use ddl::eval::EvalError;
use ddl::events::Failure;
use ddl::inputs::data_codes;
use ddl::inputs::tables::TableError;
use ddl::nets::NetError;
use ddl::plan::schedule::ScheduleError;
use ddl::store::StoreError;

/// An error of a stage.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The run was asked to stop; a checkpoint of this step lies in the store.
    #[error("interrupted after step {step}")]
    Interrupted {
        /// Steps that are done.
        step: u64,
    },
    /// The run was asked to stop while a model was judged; the trainer writes a checkpoint of it.
    #[error("interrupted")]
    Asked,
    /// A term is NaN or infinite.
    #[error(
        "`{term}` is {value} at step {step}{}; the batch: {}",
        checkpoint.map_or_else(|| " (there is no checkpoint yet)".to_owned(), |step| format!(" (the last good checkpoint is of step {step})")),
        samples.join(", ")
    )]
    NotFinite {
        /// The term.
        term: String,
        /// NaN, inf or -inf.
        value: f64,
        /// The step, counted from 1.
        step: u64,
        /// The batch's samples by draw, the first few of each.
        samples: Vec<String>,
        /// The last checkpoint's step.
        checkpoint: Option<u64>,
    },
    /// A weight, a statistic or a prototype became NaN or infinite, and no loss is computed any more that would tell of it.
    #[error("{tensor} after step {step}: nothing of the stage is stored{}", checkpoint.map_or_else(String::new, |step| format!(" (the last good checkpoint is of step {step})")))]
    Spoiled {
        /// The tensor.
        tensor: NotFinite,
        /// The step, counted from 1.
        step: u64,
        /// The last checkpoint's step.
        checkpoint: Option<u64>,
    },
    /// Files of a checkpoint that are whole and no state of the stage.
    #[error("the checkpoint in {folder} can't be read: {why}")]
    Unread {
        /// Where it lies.
        folder: String,
        /// What is wrong.
        why: String,
    },
    /// What an optimiser remembers of a parameter became NaN or infinite while all weights are numbers.
    #[error("the optimizer's {tensor} after step {step}, so it can't go on: nothing of the stage is stored{}", checkpoint.map_or_else(String::new, |step| format!(" (the last good checkpoint is of step {step})")))]
    Moments {
        /// The tensor of its memory.
        tensor: NotFinite,
        /// The step, counted from 1.
        step: u64,
        /// The last checkpoint's step.
        checkpoint: Option<u64>,
    },
    /// Gradients that are not finite in 16 bits, at any loss scale.
    #[error("gradients at step {step}{} are not finite in float16, even without a loss scale", within.as_deref().map_or_else(String::new, |turn| format!(" of {turn}")))]
    Overflow {
        /// The step, counted from 1.
        step: u64,
        /// The play, where there are several.
        within: Option<String>,
    },
    /// A checkpoint of this key that is not of this stage.
    #[error("the checkpoint in {folder} was written with another {what}: {found} where {wanted} is right")]
    ResumeMismatch {
        /// Where it lies.
        folder: String,
        /// What differs.
        what: String,
        /// What the checkpoint says.
        found: String,
        /// What the stage says.
        wanted: String,
    },
    /// People of a draw without an image in the data whose means they are drawn to.
    #[error("{count} of the people of `{draw}` have no image in `{data}`, `{person}` among them: there is no mean to draw them to")]
    NoMean {
        /// The draw.
        draw: String,
        /// The data.
        data: String,
        /// The first of them.
        person: String,
        /// How many.
        count: usize,
    },
    /// A teacher by logits that was not trained on the people of the data.
    #[error("{term}: the teacher `{teacher}` has no prototypes for the {classes} people of `{draw}` (slot \"{slot}\")")]
    TeacherPrototypes {
        /// The term.
        term: String,
        /// The teacher.
        teacher: String,
        /// The draw.
        draw: String,
        /// How many classes.
        classes: usize,
        /// The slot.
        slot: String,
    },
    /// Outputs of two networks that a term can't compare.
    #[error("{term}: {why}")]
    Outputs {
        /// The term.
        term: String,
        /// What does not fit.
        why: String,
    },
    /// A stage that can't be trained, whatever its network is.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Everything is frozen.
    #[error("nothing learns: every part of the network is frozen and no term has prototypes")]
    NothingLearns,
    /// What can't happen: a mistake of this program.
    #[error("the engine met a mistake of its own: {0}")]
    Internal(String),
    /// A judgement that a metric can't be measured on.
    #[error("{metric} can't be measured: {source}")]
    Metric {
        /// The metric.
        metric: String,
        /// Why not.
        source: EvalError,
    },
    /// The data room's errors, with the draw or data set.
    #[error("{node}: {source}")]
    Data {
        /// The node.
        node: String,
        /// What is wrong.
        source: Box<DataError>,
    },
    /// Data that can't be had.
    #[error(transparent)]
    Tables(#[from] TableError),
    /// Networks, terms, optimisers.
    #[error(transparent)]
    Nn(#[from] NnError),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a judgement came to.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<tch::TchError> for TrainError {
    fn from(error: tch::TchError) -> Self {
        TrainError::Nn(NnError::Torch(error))
    }
}

impl From<NetError> for TrainError {
    fn from(error: NetError) -> Self {
        TrainError::Nn(NnError::Net(error))
    }
}

impl From<StateError> for TrainError {
    fn from(error: StateError) -> Self {
        TrainError::Nn(NnError::State(error))
    }
}

impl TrainError {
    /// An error of the data room at a node.
    pub(super) fn data(node: &str) -> impl Fn(DataError) -> TrainError {
        let node = node.to_owned();
        move |source| TrainError::Data { node: node.clone(), source: Box::new(source) }
    }

    /// The same, knowing the last checkpoint.
    pub(super) fn after(self, last: Option<u64>) -> Self {
        match self {
            TrainError::NotFinite { term, value, step, samples, .. } => {
                TrainError::NotFinite { term, value, step, samples, checkpoint: last }
            }
            TrainError::Spoiled { tensor, step, .. } => TrainError::Spoiled { tensor, step, checkpoint: last },
            TrainError::Moments { tensor, step, .. } => TrainError::Moments { tensor, step, checkpoint: last },
            other => other,
        }
    }
}

impl TrainError {
    /// Of reading the checkpoint in this folder; what libtorch and the system refuse is no fault of it.
    pub(super) fn of_checkpoint(self, folder: String) -> TrainError {
        match self {
            TrainError::Nn(error) if !error.is_torch() => TrainError::Unread { folder, why: error.to_string() },
            other => other,
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Failure {
        let (code, help) = match error {
            TrainError::Failed(failure) => return failure,
            TrainError::Store(error) => return error.into(),
            TrainError::Data { node, source } => return data_codes::failure(Some(&node), &source),
            TrainError::Tables(error) => return failures::table(&error),
            TrainError::Nn(error) => return failures::nn(&error),
            TrainError::Schedule(error) => return error.failure(),
            TrainError::Interrupted { .. } | TrainError::Asked => (Code::Interrupted, "the same command goes on from there"),
            TrainError::Spoiled { .. } => {
                (Code::WeightsNotFinite, "try a smaller learning rate, a warm-up (`lr |> cosine(warmup = 1 epoch)`), or `clip = 5.0`")
            }
            TrainError::Moments { .. } => {
                (Code::WeightsNotFinite, "gradients are too large to be squared or summed: try `clip = 5.0`, or weigh the terms less")
            }
            TrainError::NotFinite { .. } => {
                (Code::LossNotFinite, "try a smaller learning rate, a warm-up (`lr |> cosine(warmup = 1 epoch)`), or `clip = 5.0`")
            }
            TrainError::Overflow { .. } => (Code::LossNotFinite, "take `precision = \"mixed\"`, whose numbers reach as far as 32-bit ones"),
            TrainError::Unread { .. } => (Code::DamagedCheckpoint, "remove that folder to start the stage anew"),
            TrainError::ResumeMismatch { .. } => (Code::ResumeMismatch, "remove that folder to start the stage anew"),
            TrainError::TeacherPrototypes { .. } => {
                (Code::TeacherPrototypes, "train the teacher on these people first, or let it teach by embeddings: rkd(), sp(), feature()")
            }
            TrainError::NoMean { .. } => (Code::BadData, "draw only people who have images there"),
            TrainError::Outputs { .. } => (Code::Outputs, "tap parts whose outputs have one height and width"),
            TrainError::NothingLearns => (Code::NothingLearns, "freeze less"),
            TrainError::Internal(_) => (Code::EngineFailed, "please report it with the recipe"),
            TrainError::Metric { .. } => (Code::Unmeasurable, "choose another metric, or a protocol with more pairs"),
        };
        Failure::new(code, error.to_string()).help(help)
    }
}
