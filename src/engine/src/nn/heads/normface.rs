//! Softmax over scaled cosines: `logit_j = s cos(theta_j)`.

use ddl::ops::heads::NormFace;
use tch::Tensor;

use super::Head;
use super::cosine::cosines;
use crate::nn::error::NnError;
use crate::nn::state::State;

impl Head for NormFace {
    fn logits(&self, x: &Tensor, _labels: &Tensor, state: &State) -> Result<Tensor, NnError> {
        Ok(cosines(x, state)?.f_mul_scalar_(self.scale)?) // [n, classes]
    }
}
