//! One number of the values of single samples, pairs or triplets.

use ddl::ops::terms::Reduce;
use tch::Tensor;

use crate::nn::error::NnError;

/// One number of the values `[n]`, n at least 1.
pub(super) fn reduce(each: &Tensor, by: Option<&Reduce>) -> Result<Tensor, NnError> {
    let count = each.size()[0];
    if count == 0 {
        return Err(NnError::Input { what: "values to reduce".into(), expected: "at least 1 sample".into(), found: "none".into() });
    }
    let kind = each.kind();
    match by {
        None | Some(Reduce::Mean(_)) => Ok(each.mean(kind)),
        Some(Reduce::Focal(focal)) => {
            let weigh = |value: &Tensor| ((-value).exp() * -1.0 + 1.0).clamp_min(0.0).pow_tensor_scalar(focal.gamma) * value;
            Ok(if focal.of_mean { weigh(&each.mean(kind)) } else { weigh(each).mean(kind) })
        }
        Some(Reduce::Ohem(ohem)) => {
            // 0.29 of 100 are 29, though their product is 28.999999999999996
            let keep = ((ohem.keep.0 * count as f64 + 1e-9).floor() as i64).clamp(1, count);
            Ok(each.f_topk(keep, 0, true, true)?.0.mean(kind))
        }
    }
}

#[cfg(test)]
mod tests {
    use ddl::ops::terms::{Focal, Mean, Ohem};
    use ddl::quantity::Fraction;
    use tch::Reduction;

    use super::*;
    use crate::nn::heads::golden::{assert_gradient, features, labels, prototypes};
    use crate::nn::heads::unit;

    /// The cross-entropies of 4 cos, whose reductions spec 4.2 gives.
    fn each(x: &Tensor) -> Tensor {
        let logits = unit(x).matmul(&unit(&prototypes()).tr()) * 4.0;
        logits.f_cross_entropy_loss(&labels(), None::<&Tensor>, Reduction::None, -100, 0.0).unwrap()
    }

    #[test]
    fn reductions_are_those_of_the_spec() {
        let cases = [
            (Reduce::Focal(Focal { gamma: 2.0, of_mean: false }), 0.015_186_675_7),
            (Reduce::Focal(Focal { gamma: 2.0, of_mean: true }), 0.013_040_518_6),
            (Reduce::Ohem(Ohem { keep: Fraction(0.5) }), 0.317_768_743_9),
            (Reduce::Ohem(Ohem { keep: Fraction(0.9) }), 0.291_417_901_9),
        ];
        for (by, expected) in cases {
            let found = reduce(&each(&features()), Some(&by)).unwrap().double_value(&[]);
            assert!((found - expected).abs() < 1e-9, "{by:?}: {found}, expected {expected}");
            assert_gradient(&features(), |x| reduce(&each(x), Some(&by)).unwrap());
        }
        let mean = reduce(&each(&features()), Some(&Reduce::Mean(Mean {}))).unwrap();
        assert_eq!(mean, reduce(&each(&features()), None).unwrap());
        assert!(reduce(&Tensor::zeros([0], (tch::Kind::Double, tch::Device::Cpu)), None).is_err());
    }
}
