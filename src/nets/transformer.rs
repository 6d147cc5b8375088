//! What transformers are made of beside linear layers: tokens that see each other, each normalised by itself.

use super::{Init, NetError, Role, Shape, Spec};

/// A layer norm over the numbers of each token.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm {
    /// Prefix of its tensors.
    pub name: String,
    /// Numbers of a token.
    pub width: i64,
    /// Added to the variance.
    pub eps: f64,
}

impl LayerNorm {
    pub(super) fn specs(&self, to: &mut Vec<Spec>) {
        for (end, start) in [("weight", 1.0), ("bias", 0.0)] {
            let (name, shape, init) = (format!("{}.{end}", self.name), vec![self.width], Init::Constant(start));
            to.push(Spec { name, shape, role: Role::Parameter, init });
        }
    }

    pub(super) fn output(&self, input: Shape) -> Result<Shape, NetError> {
        match input {
            Shape::Tokens { width, .. } if width == self.width => Ok(input),
            Shape::Tokens { .. } | Shape::Map { .. } | Shape::Vector(_) => {
                Err(wrong(&self.name, format!("tokens of {} numbers", self.width), input))
            }
        }
    }
}

/// Scaled dot-product attention: `softmax(q k' / sqrt(width / heads)) v`, of tokens that hold queries, keys and values in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attention {
    /// Heads, each of which sees its part of the numbers.
    pub heads: i64,
    /// Numbers of a token that comes out; three times as many go in.
    pub width: i64,
}

impl Attention {
    pub(super) fn output(self, input: Shape) -> Result<Shape, NetError> {
        match input {
            Shape::Tokens { count, width } if width == 3 * self.width && self.width % self.heads == 0 => {
                Ok(Shape::Tokens { count, width: self.width })
            }
            Shape::Tokens { .. } | Shape::Map { .. } | Shape::Vector(_) => {
                Err(wrong("an attention", format!("tokens of 3 x {} numbers, among {} heads", self.width, self.heads), input))
            }
        }
    }

    /// Multiply-adds of so many tokens: of each with each, twice.
    pub(super) fn multiply_adds(self, count: i64) -> i64 {
        2 * count * count * self.width
    }
}

/// Tokens that are hidden in training: what lies between the two modules of this description sees the others alone.
///
/// Tensors: `name` `[1, 1, width]`, which stands for each hidden token after that.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// The name of its tensor.
    pub name: String,
    /// Tokens.
    pub count: i64,
    /// Numbers of a token.
    pub width: i64,
    /// How many of an image are seen.
    pub seen: i64,
}

impl Mask {
    /// What stands for hidden tokens starts as N(0, 0.02²).
    pub(super) fn specs(&self, to: &mut Vec<Spec>) {
        let (shape, init) = (vec![1, 1, self.width], Init::Normal { sd: 0.02 });
        to.push(Spec { name: self.name.clone(), shape, role: Role::Parameter, init });
    }

    /// As a network is judged: nothing is hidden.
    pub(super) fn output(&self, input: Shape) -> Result<Shape, NetError> {
        if input == (Shape::Tokens { count: self.count, width: self.width }) {
            return Ok(input);
        }
        Err(wrong(&self.name, format!("{} tokens of {} numbers", self.count, self.width), input))
    }
}

fn wrong(whose: &str, expected: String, found: Shape) -> NetError {
    NetError::Shape { what: format!("the input of {whose}"), expected, found: format!("{found:?}") }
}
