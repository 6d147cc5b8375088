//! Angles read off bins.

use super::{Init, NetError, Role, Shape, Spec};

/// Linear layers over bins of an angle, one per angle, side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    /// Prefixes of the linear layers' tensors, one per angle.
    pub names: Vec<String>,
    /// Prefix of a linear layer from the numbers and the angles to the angles that public weights hold and nothing uses.
    pub unused: Option<String>,
    /// Numbers in.
    pub input: i64,
    /// Bins of an angle.
    pub bins: i64,
}

/// Angles as the means of their bins: `sum_i softmax_i i step + first`, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Angles {
    /// How many angles.
    pub count: i64,
    /// Bins of an angle.
    pub bins: i64,
    /// Degrees from one bin to the next.
    pub step: f64,
    /// Degrees of the first bin.
    pub first: f64,
}

impl Bins {
    fn count(&self) -> i64 {
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
        wanted("bins", self.input, input)?;
        Ok(Shape::Vector(self.count() * self.bins))
    }

    /// Multiply-adds of its linear layers.
    pub(super) fn multiply_adds(&self) -> i64 {
        self.count() * self.input * self.bins
    }
}

impl Angles {
    pub(super) fn output(self, input: Shape) -> Result<Shape, NetError> {
        wanted("angles", self.count * self.bins, input)?;
        Ok(Shape::Vector(self.count))
    }

    /// The bin that an angle falls into, and whether there is one.
    pub fn bin(self, degrees: f64) -> Option<i64> {
        let bin = ((degrees - self.first) / self.step).floor() as i64;
        (0..self.bins).contains(&bin).then_some(bin)
    }
}

fn wanted(whose: &str, numbers: i64, found: Shape) -> Result<(), NetError> {
    if found == Shape::Vector(numbers) {
        return Ok(());
    }
    let (what, expected) = (format!("the input of {whose}"), format!("{numbers} numbers"));
    Err(NetError::Shape { what, expected, found: format!("{found:?}") })
}
