//! How images of a network's size are loaded.

use crate::nn::net::Input;
use ddl::data::augment::Augment;
use ddl::data::loader::{Element, ImageCache, Layout, Loader, Numbers, PixelFormat, Threads, Wanted};
use ddl::data::sampler::Pick;
use ddl::data::stream::Colour;
use ddl::data::{DataError, Table};
use std::sync::Arc;

/// Width and height of images, as a network wants them.
pub type Size = (u32, u32);

/// What all loaders of a run share.
#[derive(Debug, Clone)]
pub struct Loading {
    /// Decoded images.
    pub images: Arc<ImageCache>,
    /// Threads that decode.
    pub threads: Threads,
}

impl Loading {
    /// A loader of bytes at the network's size.
    ///
    /// # Errors
    /// What [`Loader::new`] refuses.
    pub fn loader(&self, tables: &[Table], input: &Input, augment: Option<(Augment, i64)>) -> Result<Loader, DataError> {
        Loader::new(tables, wanted(input), augment, Arc::clone(&self.images), self.threads.clone())
    }

    /// A loader of a table's images at a size of its own.
    ///
    /// # Errors
    /// What [`Loader::new`] refuses.
    pub fn of_size(&self, table: &Table, wanted: Wanted) -> Result<Loader, DataError> {
        Loader::new(std::slice::from_ref(table), wanted, None, Arc::clone(&self.images), self.threads.clone())
    }
}

/// What is loaded for a network: bytes at its size.
pub fn wanted(input: &Input) -> Wanted {
    let (width, height) = input.size();
    Wanted { width, height, format: PixelFormat { layout: Layout::Nhwc, colour: Colour::Rgb, element: Element::U8 } }
}

/// Images as bytes.
///
/// # Errors
/// An image that can't be decoded.
pub fn bytes(loader: &Loader, picks: &[Pick]) -> Result<Vec<u8>, DataError> {
    Ok(match loader.load(picks)?.numbers {
        Numbers::U8(bytes) => bytes,
        Numbers::F32(_) => Vec::new(), // not reached: a stage's loaders give bytes
    })
}
