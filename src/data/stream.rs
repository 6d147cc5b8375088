//! Facts that belong to the type of an image stream: size, colour order, alignment. Each is known or unknown.

use super::DataError;
use super::resize::Kernel;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The order of the three channels as the network will see them. Decoders give [`Colour::Rgb`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Colour::Rgb => "rgb",
            Colour::Bgr => "bgr",
        })
    }
}

/// What is known of every image of a stream. `None` is unknown, and matches anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stream {
    /// Width and height in pixels, when all images share them.
    pub size: Option<(u32, u32)>,
    /// The channels' order.
    pub colour: Option<Colour>,
    /// The name of the alignment template (`arcface112`, spec/method.md 6.9).
    pub alignment: Option<String>,
    /// Images of another size than the network's are refused rather than resized (the recipe said so).
    #[serde(default)]
    pub refuse_resize: bool,
    /// How they are brought to the network's size.
    #[serde(default)]
    pub sizing: Sizing,
}

/// How an image of another size than the network's is brought to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sizing {
    /// The kernel.
    pub kernel: Kernel,
    /// Whether a JPEG is decoded at a part of its size where that is enough.
    pub draft: bool,
}

impl Stream {
    /// What is known when images of both streams are mixed: two different known facts are an error, an unknown one gives way.
    /// Sizes may differ (the loader resizes): then the size is unknown.
    pub fn meet(&self, other: &Self) -> Result<Self, DataError> {
        Ok(Stream {
            size: if self.size == other.size { self.size } else { None },
            colour: meet("colour order", self.colour.as_ref(), other.colour.as_ref())?,
            alignment: meet("alignment", self.alignment.as_ref(), other.alignment.as_ref())?,
            refuse_resize: self.refuse_resize || other.refuse_resize,
            sizing: self.sizing, // of no image of a merge: each has that of the set it is from
        })
    }
}

/// The fact that two streams agree on.
fn meet<T: Clone + PartialEq + fmt::Display>(fact: &'static str, a: Option<&T>, b: Option<&T>) -> Result<Option<T>, DataError> {
    match (a, b) {
        (Some(left), Some(right)) if left != right => {
            Err(DataError::StreamsDiffer { fact, left: left.to_string(), right: right.to_string() })
        }
        (Some(known), _) | (None, Some(known)) => Ok(Some(known.clone())),
        (None, None) => Ok(None),
    }
}
