//! What is wrong with a file of weights.

use super::FileKind;
use std::borrow::Cow;
use std::io;

/// A file of weights that can't be read, or must not.
#[derive(Debug, thiserror::Error)]
pub enum TensorError {
    /// The system did not read it.
    #[error("it can't be read: {}", crate::system::said(.0))]
    Io(#[from] io::Error),
    /// It is no longer what was hashed.
    #[error("it is not what it was when the plan was made")]
    Changed,
    /// It is something else.
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
    /// Its numbers are compressed.
    #[error("the numbers in the archive are compressed, and PyTorch writes them as they are")]
    Packed,
    /// A pickle, but none of pairs of images.
    #[error("this is a pickle, but none of pairs of images as `lfw.bin` is: {0}")]
    NoPairs(String),
    /// A pickle, but none that `torch.save` wrote.
    #[error("this is a pickle, but not one of PyTorch")]
    NotTorch,
    /// It holds no tensors by name.
    #[error("there is no state dict in the file; it has {}", .has.join(", "))]
    NoTensors {
        /// What it has instead.
        has: Vec<String>,
        /// Where a whole model lies in it, if one does; an empty key where it is one.
        model: Option<String>,
    },
    /// A tensor of a kind that is not read, in a place where no other is.
    #[error("tensor `{}` is not read: `{}` makes it, and not plain numbers", .name.escape_debug(), .class.escape_debug())]
    Unread {
        /// The tensor.
        name: String,
        /// The function that makes it.
        class: String,
    },
    /// A tensor that says numbers several times which its storage has once.
    #[error("tensor `{}` has more numbers than its storage: it is an expanded view", .0.escape_debug())]
    Repeated(String),
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
    pub fn help(&self) -> Cow<'static, str> {
        let help = match self {
            TensorError::Kind(kind) => kind.help(),
            TensorError::Refused { .. } | TensorError::Opcode { .. } => {
                "who trusts the file can save its tensors alone, on a machine that may run what it says: torch.save(torch.load(path, \
                 weights_only=False)[\"state_dict\"], new)"
            }
            TensorError::NoTensors { model: Some(key), .. } => {
                let at = if key.is_empty() { String::new() } else { format!("[{key:?}]") };
                return Cow::Owned(format!(
                    "a whole model is saved without its code by torch.save(torch.load(path, weights_only=False){at}.state_dict(), new)"
                ));
            }
            TensorError::Packed => "load and save it again: torch.save(torch.load(path, weights_only=True), new)",
            TensorError::NoPairs(_) => "packs of pairs are written by pickle.dump((images, same), file): two encoded images for each pair",
            TensorError::NoTensors { model: None, .. } => "tensors are looked for by their names, as model.state_dict() gives them",
            TensorError::Unread { class, .. } if class.contains("meta") => "it has no numbers at all: save the model where its weights are",
            TensorError::Unread { class, .. } if class.contains("sparse") || class.contains("qtensor") => {
                "save plain tensors: torch.save({name: tensor.dequantize() if tensor.is_quantized else tensor.to_dense() for name, tensor in \
                 torch.load(path).items()}, new)"
            }
            TensorError::Unread { .. } => "save a plain tensor in its place",
            TensorError::Repeated(_) => {
                "save its numbers: torch.save({name: tensor.contiguous() for name, tensor in torch.load(path).items()}, new)"
            }
            TensorError::Dtype { .. } => "save it as float32: {name: tensor.float() for name, tensor in state.items()}",
            TensorError::Truncated | TensorError::Broken(_) | TensorError::Outside(_) => {
                "fetch it again; weights are read from whole safetensors files and from what torch.save writes"
            }
            TensorError::Io(_) => "check the path",
            TensorError::Changed => "run the same command again: it is planned anew with what lies there now",
            TensorError::NotTorch => "weights are read from whole safetensors files and from what torch.save writes",
        };
        Cow::Borrowed(help)
    }
}
