//! Files of tensors: what they hold, known before a number of it is read. Every length that a file claims is held against the file
//! before memory is taken for it, and nothing that a file says is run.
//!
//! ```text
//! npy          arrays of NumPy's
//! file         a file of weights: its dictionaries of tensors; numbers are read one tensor at a time
//! ├ kind         what a file is, by its first bytes (a page, a pointer of git-lfs, an archive of TorchScript)
//! ├ safetensors  the header of such a file
//! ├ torch        the two formats of torch.save
//! └ pickle       the values that a pickle describes
//! pairs        pickled pairs of images, in which they stay
//! ```

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "lengths that were held against the file"
)]

mod dtype;
mod error;
mod file;
mod kind;
pub mod npy;
mod pairs;
mod pickle;
mod safetensors;
mod torch;

pub use dtype::Dtype;
pub use error::TensorError;
pub use file::{Described, Dictionary, TensorFile};
pub use kind::FileKind;
pub use pairs::{PackedPairs, Truth, packed_pairs};

/// A shape that a file claims, and how many numbers it has; nothing for one that no memory could hold.
fn shape(sides: impl IntoIterator<Item = u64>) -> Option<(Vec<i64>, u64)> {
    let sides = sides.into_iter().map(|side| i64::try_from(side).ok()).collect::<Option<Vec<i64>>>()?;
    // strides are products of all other sides: none of them may overflow beside a side of 0
    let whole = sides.iter().try_fold(1i64, |count, side| count.checked_mul((*side).max(1)))?;
    let count = if sides.contains(&0) { 0 } else { whole.unsigned_abs() };
    Some((sides, count))
}

#[cfg(test)]
mod tests;
