//! Deep mutual learning (Zhang et al., CVPR 2018): each network follows what the others say, `sum_i sum_{j≠i} KL(p_j || p_i)`.

use ddl::ops::terms::Mutual;
use tch::Tensor;

use super::logits::{agreement, take};
use super::{Context, Need, Term, TermInput, TermOutput, mismatch, plain};
use crate::nn::error::NnError;
use crate::nn::loss::distil::divergence;

impl Term for Mutual {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let of = |net: &ddl::ops::refs::NetName| Need::of(self.data.node, &net.0, take(self.logits, self.scale, &self.slot));
        Ok(self.between.iter().map(of).collect())
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let logits = |input: &TermInput| if let TermInput::Logits(logits) = input { Some(logits.shallow_clone()) } else { None };
        let all: Option<Vec<Tensor>> = inputs.iter().map(logits).collect();
        let Some(all) = all.filter(|all| all.len() >= 2 && all.len() == self.between.len()) else {
            return Err(mismatch("mutual", "logits of each network", inputs));
        };
        let temperature = context.clock.read(&self.temperature);
        if temperature <= 0.0 {
            let why = "a temperature is more than 0 at every step".to_owned();
            return Err(NnError::Option { option: "temperature", value: temperature.to_string(), why });
        }
        let mut value = all[0].sum(all[0].kind()) * 0.0;
        let mut parts = Vec::new();
        for (i, own) in all.iter().enumerate() {
            let mut follows = own.sum(own.kind()) * 0.0;
            for (_, other) in all.iter().enumerate().filter(|(j, _)| *j != i) {
                follows += divergence(&other.detach(), own, temperature)?.mean(own.kind());
            }
            if self.average {
                follows /= (all.len() - 1) as f64;
            }
            value += &follows;
            parts.push((self.between[i].0.clone(), follows));
        }
        parts.push(("agreement".to_owned(), agreement(&all[0], &all[1])));
        Ok(plain(value, parts))
    }
}
