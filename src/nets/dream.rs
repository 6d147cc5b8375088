//! DREAM: a correction of the embedding that grows with the head's yaw.

use super::{LayerCost, NetError, Shape, Spec};

/// `x + g R(x)` with `R` = linear, rectifier, linear, rectifier, all of one width, and `g = sigmoid(steepness (|angle| / from - 1))`; the
/// angle is a number of the sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Dream {
    /// Prefix of its tensors, `fc1` and `fc2`.
    pub name: String,
    /// Numbers in and out.
    pub width: i64,
    /// The angle's place among the numbers that the network reads.
    pub column: usize,
    /// The angle in radians at which half of the correction is added.
    pub from: f64,
    /// How fast it sets in.
    pub steepness: f64,
}

impl Dream {
    /// The names of its two linear layers.
    pub fn layers(&self) -> [String; 2] {
        ["fc1", "fc2"].map(|layer| format!("{}.{layer}", self.name))
    }

    pub(super) fn specs(&self, to: &mut Vec<Spec>) {
        for layer in self.layers() {
            to.extend(Spec::linear([&format!("{layer}.weight"), &format!("{layer}.bias")], self.width, self.width));
        }
    }

    pub(super) fn output(&self, input: Shape) -> Result<Shape, NetError> {
        if input == Shape::Vector(self.width) {
            return Ok(input);
        }
        let (what, expected) = (format!("the input of {}", self.name), format!("{} numbers", self.width));
        Err(NetError::Shape { what, expected, found: format!("{input:?}") })
    }

    /// Two linear layers; what the first leaves is kept for the gradient too.
    pub(super) fn count(&self, to: &mut LayerCost) {
        let width = self.width.unsigned_abs();
        to.multiply_adds += 2 * width * width;
        to.activations += 2 * width;
    }
}
