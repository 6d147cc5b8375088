//! Embeddings that somebody else computed, in the place of a model.

use crate::lang::types::Type;
use crate::ops::refs::FilePath;

crate::operator! {
    /// Embeddings of a file in the place of a model: they are judged as any model's, and asked by `predict`. Nothing is trained from them, and no image is changed before it is seen.
    ///
    /// The file is NumPy's `.npy`, `[images, width]` in 16, 32 or 64 bits; its index is a csv with a column `image` (or `path`), whose line i says which image row i is of: its path as the data set names it. `embeddings(net, data, to = "x.npy")` writes both.
    pub struct Embedded("embedded", 1, |_| Type::Model) {
        /// The embeddings.
        path: FilePath;
        /// Which image each row is of.
        index: FilePath;
        /// Those of the mirrored images, in the same order: what protocols that sum an image and its flip need.
        mirrored: Option<FilePath> = None;
    }
    node = OF_FILE, source = |_| None;
}
