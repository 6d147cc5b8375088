//! Large-margin softmax: `logit_y = (|W_y| |x| psi(theta_y) + lambda W_y x) / (1 + lambda)`.

use ddl::ops::heads::LSoftmax;
use tch::Tensor;

use super::cosine::{lengths, own, with_target};
use super::{Head, HeadContext, HeadOutput, PROTOTYPES};
use crate::nn::error::NnError;
use crate::nn::margin::{faded, multiplicative};

impl Head for LSoftmax {
    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let (w, blend) = (at.rows.local(PROTOTYPES)?, at.clock.read(&self.blend));
        let plain = x.f_matmul(&w.tr())?; // [n, classes]
        let length = lengths(x) * lengths(&w.f_index_select(0, labels)?); // [n]
        let dot = own(&plain, labels)?;
        let target = faded(&(multiplicative(&(&dot / &length), self.factor) * length), &dot, blend); // [n]
        let parts = vec![("blend".to_owned(), Tensor::from(blend as f32))];
        Ok(HeadOutput { parts, ..with_target(&plain, labels, &target, 1.0)?.into() })
    }
}
