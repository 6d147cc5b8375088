//! MagFace: ArcFace whose margin is a linear function of the feature's length, and a regulariser of the lengths.

use ddl::ops::heads::MagFace;
use tch::{Kind, Tensor};

use super::cosine::{cosines, lengths, own, with_target};
use super::{Head, HeadContext, HeadOutput};
use crate::nn::error::NnError;
use crate::nn::margin::{additive_angular_each, by_length, length_regulariser};

impl Head for MagFace {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let cosines = cosines(x, labels, at)?; // [n, classes]
        let cosine = own(&cosines, labels)?;
        let length = lengths(x).clamp(self.shortest, self.longest); // [n]
        let m = by_length(&length, (self.shortest, self.longest), (self.least.as_radians(), self.most.as_radians())); // [n]
        let target = additive_angular_each(&cosine, &m, self.easy_margin)?;
        let g = length_regulariser(&length, self.longest);
        let logits = with_target(&cosines, labels, &target, self.scale)?;
        let parts = vec![("g".to_owned(), g.detach()), ("length".to_owned(), length.detach().mean(Kind::Float))];
        Ok(HeadOutput { extra: Some(g * self.regulariser), parts, ..logits.into() })
    }
}
