//! Local descriptors: maps that say where each of a few landmarks lies, and what a map of features holds there.

use super::{LayerCost, NetError, Shape};

/// Landmarks of a map whose last channels, one for each, say where they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landmarks {
    /// How many.
    pub count: i64,
}

impl Landmarks {
    /// The layer whose output is the features and, after them, the maps.
    pub const MAPS: &'static str = "maps";

    /// Scores become shares of the places: of each of the last channels the softmax over its places. The others stay.
    pub(super) fn maps(self, input: Shape) -> Result<Shape, NetError> {
        self.local(input).map(|_| input)
    }

    /// A descriptor for each landmark: of each channel before the maps the largest product with the landmark's map over the places.
    pub(super) fn attend(self, input: Shape) -> Result<Shape, NetError> {
        Ok(Shape::Vector(self.count * self.local(input)?))
    }

    /// Products with the maps; all of them are kept for the gradient.
    pub(super) fn count_attend(self, input: Shape, to: &mut LayerCost) {
        let (Shape::Map { height, width, .. }, Ok(local)) = (input, self.local(input)) else { return };
        let products = (self.count * local * height * width).unsigned_abs();
        to.multiply_adds += products;
        to.activations += products;
    }

    /// The channels before the maps.
    pub fn local(self, input: Shape) -> Result<i64, NetError> {
        match input {
            Shape::Map { channels, .. } if channels > self.count => Ok(channels - self.count),
            Shape::Map { .. } | Shape::Vector(_) | Shape::Tokens { .. } => Err(NetError::Shape {
                what: "the input of landmarks".to_owned(),
                expected: format!("a map of more than {} channels", self.count),
                found: format!("{input:?}"),
            }),
        }
    }
}
