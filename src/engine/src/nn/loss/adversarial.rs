//! Losses of games between a critic and who is judged (Goodfellow et al., NeurIPS 2014), of the critic's logits `[n]` of "it is the real
//! one".

use tch::Tensor;

use crate::nn::error::NnError;

/// `-mean log D`, `[]`, at least 0: what they come to who want to be taken for real.
pub fn as_real(numbers: &Tensor) -> Result<Tensor, NnError> {
    Ok((-numbers).f_softplus()?.mean(numbers.kind()))
}

/// `-mean log(1 - D)`, `[]`, at least 0: what it comes to that they are taken for made.
pub fn as_made(numbers: &Tensor) -> Result<Tensor, NnError> {
    Ok(numbers.f_softplus()?.mean(numbers.kind()))
}

/// `½ (mean softplus(-same) + mean softplus(different))`, `[]`, of the logits `[pairs]` of pairs of one person and of two, at least one of
/// each: the balanced cross-entropy of comparator networks (Xie, Shen and Zisserman, ECCV 2018).
pub fn balanced(same: &Tensor, different: &Tensor) -> Result<Tensor, NnError> {
    Ok((as_real(same)? + as_made(different)?) * 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sure_costs_nothing_and_what_is_unsure_log_two() {
        let near = |found: Tensor, expected: f64| assert!((found.double_value(&[]) - expected).abs() < 1e-12, "{found}");
        let (unsure, sure) = (Tensor::from_slice(&[0.0, 0.0]), Tensor::from_slice(&[800.0, 900.0]));
        near(as_real(&unsure).unwrap(), 2f64.ln());
        near(as_made(&unsure).unwrap(), 2f64.ln());
        near(as_real(&sure).unwrap(), 0.0);
        near(as_made(&sure).unwrap(), 850.0);
        near(balanced(&sure, &-&sure).unwrap(), 0.0);
    }
}
