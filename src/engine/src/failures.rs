//! The errors of all rooms as failures with stable codes: what leaves this program.

use ddl::diag::Code;
use ddl::eval::EvalError;
use ddl::events::Failure;
use ddl::inputs::data_codes;
use ddl::inputs::tables::TableError;
use ddl::plan::PlanError;
use ddl::preflight::weights;

use crate::nn::NnError;
use crate::nn::state::{FileError, StateError};

/// Of a table.
pub(crate) fn table(error: &TableError) -> Failure {
    match error {
        TableError::Data { node, source } => data_codes::failure(Some(node), source),
        TableError::Plan(error) => plan(error),
        TableError::Unsaid { .. } => Failure::new(Code::BadJob, error.to_string()).help("run the same command again"), // not reached: it is asked before
        TableError::Path { .. } => Failure::new(Code::UnreadableData, error.to_string()).help("give the parameter: --set NAME=PATH"),
    }
}

/// Of a plan that does not parse.
pub(crate) fn plan(error: &PlanError) -> Failure {
    Failure::new(Code::BadJob, error.to_string()).help("the plan was made by another version of ddl")
}

/// Of a measure.
pub(crate) fn eval(error: &EvalError) -> Failure {
    Failure::new(Code::Unmeasurable, error.to_string())
}

/// Of a network, a term or an optimiser.
pub(crate) fn nn(error: &NnError) -> Failure {
    match error {
        NnError::State(error) => state(error),
        NnError::Torch(_) => torch(&error.to_string()),
        NnError::Net(_) | NnError::Input { .. } | NnError::Option { .. } => Failure::new(Code::Torch, error.to_string()),
    }
}

/// Of named tensors.
pub(crate) fn state(error: &StateError) -> Failure {
    match error {
        StateError::Account(account) => Failure::new(Code::WeightsMismatch, error.to_string()).help(account.help()),
        StateError::Unfit(_) => Failure::new(Code::WeightsMismatch, error.to_string()).help("look at `names` of the checkpoint"),
        StateError::File(FileError::Tensors(error)) => weights::error(error),
        StateError::File(FileError::NotFinite { .. } | FileError::Negative { .. }) => Failure::new(Code::BadWeights, error.to_string())
            .help("the training that wrote the file had failed: take an earlier checkpoint"),
        StateError::File(FileError::Format(_) | FileError::Dtype { .. }) => Failure::new(Code::BadWeights, error.to_string())
            .help("weights are read from whole safetensors files and from what torch.save writes"),
        StateError::Torch(_) => torch(&error.to_string()),
        StateError::Missing(_) | StateError::Twice(_) => Failure::new(Code::Torch, error.to_string()),
    }
}

/// Of libtorch, by its words.
pub(crate) fn torch(message: &str) -> Failure {
    let low = message.to_ascii_lowercase();
    if ["out of memory", "can't allocate", "not enough memory"].iter().any(|words| low.contains(words)) {
        return Failure::new(Code::OutOfMemory, message).help("make the batch smaller, freeze more, or take another --device");
    }
    Failure::new(Code::Torch, message)
}

/// Of a panic, which is a mistake of this program.
pub fn panic(payload: &(dyn std::any::Any + Send)) -> Failure {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    let message = format!("the engine met a mistake of its own: {}", text.unwrap_or_default());
    Failure::new(Code::EngineFailed, message).help("please report it with the recipe; the same command goes on from the last checkpoint")
}
