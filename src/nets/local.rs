//! Layers that see a window of a map with weights of its own place.

use super::{Init, NetError, Role, Shape, Spec};

/// A convolution without padding whose weights differ from place to place.
///
/// Tensors: `weight` `[regions, out, in * kernel * kernel]`, `bias` `[regions, out]`; the regions lie row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Local {
    /// Prefix of its tensors.
    pub name: String,
    /// Channels in.
    pub input: i64,
    /// Channels out.
    pub output: i64,
    /// The window's side.
    pub kernel: i64,
    /// Pixels between two windows.
    pub stride: i64,
    /// Height and width of the map that comes out.
    pub sides: (i64, i64),
    /// Side of the squares of places that share their weights; 1 where none do.
    pub shared: i64,
}

impl Local {
    /// The region of each place, row by row.
    pub fn regions(&self) -> Vec<i64> {
        let across = self.across().1;
        let place = |at: i64| (at / self.sides.1 / self.shared) * across + at % self.sides.1 / self.shared;
        (0..self.sides.0 * self.sides.1).map(place).collect()
    }

    /// Regions from top to bottom and from left to right.
    fn across(&self) -> (i64, i64) {
        let of = |side: i64| (side + self.shared - 1) / self.shared;
        (of(self.sides.0), of(self.sides.1))
    }

    /// Numbers of a window.
    pub fn window(&self) -> i64 {
        self.input * self.kernel * self.kernel
    }

    /// Its tensors: He's start by what reaches one output, biases zero.
    pub(super) fn specs(&self, to: &mut Vec<Spec>) {
        let (down, right) = self.across();
        let (regions, sd) = (down * right, (2.0 / self.window() as f64).sqrt());
        let mut add = |end: &str, shape: Vec<i64>, init| {
            to.push(Spec { name: format!("{}.{end}", self.name), shape, role: Role::Parameter, init });
        };
        add("weight", vec![regions, self.output, self.window()], Init::Normal { sd });
        add("bias", vec![regions, self.output], Init::Constant(0.0));
    }

    pub(super) fn output(&self, input: Shape) -> Result<Shape, NetError> {
        let wrong =
            |expected: String| NetError::Shape { what: format!("the input of {}", self.name), expected, found: format!("{input:?}") };
        let Shape::Map { channels, height, width } = input else { return Err(wrong("a map".into())) };
        if channels != self.input {
            return Err(wrong(format!("a map of {} channels", self.input)));
        }
        let of = |side: i64| if side < self.kernel { 0 } else { (side - self.kernel) / self.stride + 1 };
        if (of(height), of(width)) != self.sides {
            let (rows, columns) = self.sides;
            return Err(wrong(format!("a map that gives {rows} x {columns} windows")));
        }
        Ok(Shape::Map { channels: self.output, height: self.sides.0, width: self.sides.1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_square_share_their_weights() {
        let mut local = Local { name: "l".into(), input: 1, output: 1, kernel: 2, stride: 1, sides: (3, 4), shared: 2 };
        assert_eq!(local.regions(), [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3]);
        local.shared = 1;
        assert_eq!(local.regions(), (0..12).collect::<Vec<_>>());
        assert!(local.output(Shape::Map { channels: 1, height: 4, width: 5 }).is_ok());
        assert!(local.output(Shape::Map { channels: 1, height: 4, width: 4 }).is_err());
    }
}
