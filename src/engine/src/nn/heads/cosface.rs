//! Additive cosine margin: `logit_y = s (cos(theta_y) - m)`.

use ddl::ops::heads::CosFace;
use tch::Tensor;

use super::Head;
use super::cosine::{cosines, scaled};
use crate::nn::error::NnError;
use crate::nn::state::State;

impl Head for CosFace {
    fn logits(&self, x: &Tensor, labels: &Tensor, state: &State) -> Result<Tensor, NnError> {
        scaled(&cosines(x, state)?, labels, self.scale, |cosine| cosine - self.margin)
    }
}
