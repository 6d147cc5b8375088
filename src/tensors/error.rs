//! What is wrong with a file of weights.

use super::FileKind;
use std::io;

/// A file of weights that can't be read, or must not.
#[derive(Debug, thiserror::Error)]
pub enum TensorError {
    /// The system did not read it.
    #[error("it can't be read: {0}")]
    Io(#[from] io::Error),
    /// It is something else.
    /// It is no longer what was hashed.
    #[error("it is not what it was when the plan was made")]
    Changed,
    #[error("this is {0}")]
    Kind(FileKind),
    /// It names something that exists to run something: reading it as Python does could run code.
    #[error("the pickle names `{}`, which no tensor needs; nothing of it was run", .name.escape_debug())]
    Refused {
        /// The function or class.
        name: String,
    },
    /// It has an instruction that tensors don't need.
    #[error("the pickle has the instruction {code:#04x} at byte {at}, which no tensor needs; nothing of it was run")]
    Opcode {
        /// The instruction.
        code: u8,
        /// Where.
        at: u64,
    },
    /// It ends too early.
    #[error("the file is cut short")]
    Truncated,
    /// Something in it makes no sense.
    #[error("the file is damaged or no file of weights: {0}")]
    Broken(String),
    /// A pickle, but none that `torch.save` wrote.
    #[error("this is a pickle, but not one of PyTorch")]
    NotTorch,
    /// It holds no tensors by name.
    #[error("there is no state dict in the file; it has {}", .has.join(", "))]
    NoTensors {
        /// What it has instead.
        has: Vec<String>,
    },
    /// A tensor whose numbers are not where the file says.
    #[error("tensor `{}` lies outside of its storage", .0.escape_debug())]
    Outside(String),
    /// Numbers in a format that nothing here computes with.
    #[error("tensor `{}` has the number format {dtype}, which is not supported", .name.escape_debug())]
    Dtype {
        /// The tensor.
        name: String,
        /// Its format.
        dtype: String,
    },
}

impl TensorError {
    /// How to mend it.
    pub fn help(&self) -> &'static str {
        match self {
            TensorError::Kind(kind) => kind.help(),
            TensorError::Refused { .. } | TensorError::Opcode { .. } => {
                "who trusts the file can save its tensors alone, on a machine that may run what it says: torch.save(torch.load(path, \
                 weights_only=False)[\"state_dict\"], new)"
            }
            TensorError::NoTensors { .. } => {
                "a whole model is saved without its code by torch.save(torch.load(path, weights_only=False).state_dict(), new)"
            }
            TensorError::Dtype { .. } => "save it as float32: {name: tensor.float() for name, tensor in state.items()}",
            TensorError::Truncated | TensorError::Broken(_) | TensorError::Outside(_) => {
                "fetch it again; weights are read from whole safetensors files and from what torch.save writes"
            }
            TensorError::Io(_) => "check the path",
            TensorError::NotTorch => "weights are read from whole safetensors files and from what torch.save writes",
        }
    }
}
            TensorError::Changed => "run the same command again: it is planned anew with what lies there now",
