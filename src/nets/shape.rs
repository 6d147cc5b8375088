//! Shapes of what goes through a network.

/// The shape of one image's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Channels over a plane.
    Map {
        /// Channels.
        channels: i64,
        /// Rows.
        height: i64,
        /// Columns.
        width: i64,
    },
    /// Numbers in a row.
    Vector(i64),
    /// Tokens of so many numbers.
    Tokens {
        /// How many tokens.
        count: i64,
        /// Numbers of each.
        width: i64,
    },
}

impl Shape {
    /// How many numbers.
    pub fn numel(self) -> i64 {
        self.sides().iter().product()
    }

    /// The sides, as a tensor has them after its batch dimension.
    pub fn sides(self) -> Vec<i64> {
        match self {
            Shape::Map { channels, height, width } => vec![channels, height, width],
            Shape::Vector(n) => vec![n],
            Shape::Tokens { count, width } => vec![count, width],
        }
    }

    pub(super) fn channels(self) -> i64 {
        match self {
            Shape::Map { channels, .. } => channels,
            Shape::Vector(n) => n,
            Shape::Tokens { count, .. } => count,
        }
    }
}
