//! A-Softmax: `logit_y = |x| (psi(theta_y) + lambda cos(theta_y)) / (1 + lambda)`.

use ddl::ops::heads::SphereFace;
use tch::Tensor;

use super::cosine::{cosines, lengths, own, with_target};
use super::{Head, HeadContext, HeadOutput};
use crate::nn::error::NnError;
use crate::nn::margin::{faded, multiplicative};

impl Head for SphereFace {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let (cosines, blend) = (cosines(x, labels, at)?, at.clock.read(&self.blend)); // [n, classes]
        let cosine = own(&cosines, labels)?;
        let target = faded(&multiplicative(&cosine, self.factor), &cosine, blend); // [n]
        let parts = vec![("blend".to_owned(), Tensor::from(blend as f32))];
        let logits = with_target(&cosines, labels, &target, 1.0)? * lengths(x).f_unsqueeze(1)?;
        Ok(HeadOutput { parts, ..logits.into() })
    }
}
