//! Angles read off bins.

use super::{Init, NetError, Role, Shape, Spec};

/// Linear layers over bins of an angle, one per angle, each read as the mean of its bins: `sum_i softmax_i i step + first`, in degrees.
#[derive(Debug, Clone, PartialEq)]
pub struct Angles {
    /// Prefixes of the linear layers' tensors, one per angle.
    pub names: Vec<String>,
    /// Prefix of a linear layer from the numbers and the angles to the angles that public weights hold and nothing uses.
    pub unused: Option<String>,
    /// Numbers in.
    pub input: i64,
    /// Bins of an angle.
    pub bins: i64,
    /// Degrees from one bin to the next.
    pub step: f64,
    /// Degrees of the first bin.
    pub first: f64,
}

impl Angles {
    /// How many angles.
    pub fn count(&self) -> i64 {
        self.names.len() as i64
    }

    pub(super) fn specs(&self, to: &mut Vec<Spec>) {
        let mut linear = |name: &str, input: i64, output: i64, role| {
            let init = Init::Uniform { fan_in: input };
            to.push(Spec { name: format!("{name}.weight"), shape: vec![output, input], role, init });
            to.push(Spec { name: format!("{name}.bias"), shape: vec![output], role, init });
        };
        for name in &self.names {
            linear(name, self.input, self.bins, Role::Parameter);
        }
        if let Some(name) = &self.unused {
            linear(name, self.input + self.count(), self.count(), Role::Fixed);
        }
    }

    pub(super) fn output(&self, input: Shape) -> Result<Shape, NetError> {
        if input == Shape::Vector(self.input) {
            return Ok(Shape::Vector(self.count()));
        }
        let (what, expected) = ("the input of angles".to_owned(), format!("{} numbers", self.input));
        Err(NetError::Shape { what, expected, found: format!("{input:?}") })
    }

    /// Multiply-adds of its linear layers.
    pub(super) fn multiply_adds(&self) -> i64 {
        self.count() * self.input * self.bins
    }
}
