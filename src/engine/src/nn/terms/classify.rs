//! Cross-entropy over the logits of a head.

mod sample;

use ddl::ops::terms::{Classify, Reduce};
use tch::{Kind, Reduction, Tensor};

use super::{Around, Given, Need, Take, Term, Value, mismatch, zero};
use crate::nn::error::NnError;
use crate::nn::heads::{Head, Logits, Moment};
use crate::nn::state::Spec;

impl Term for Classify {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        self.head.specs(classes, embedding)
    }

    fn evaluate(&self, given: &[Given], around: &Around) -> Result<Value, NnError> {
        let [Given::Labelled { embedding, labels }] = given else {
            return Err(mismatch("classify", "labelled embeddings", given));
        };
        let some = sample::classes(around.head, labels, self.sample.0, around.noise)?;
        let (state, labels) = some.as_ref().map_or((around.head, labels), |(state, labels)| (state, labels));
        let moment = Moment { state, clock: around.clock, filter: self.filter };
        let Logits { logits, extra, mut parts, updates } = self.head.logits(embedding, labels, &moment)?; // [n, classes]
        let each = logits.f_cross_entropy_loss(labels, None::<&Tensor>, Reduction::None, -100, 0.0)?; // [n]
        let right = logits.detach().argmax(1, false).eq_tensor(labels).mean(Kind::Float);
        let skipped = zero(&each);
        let value = reduce(&each, self.reduce.as_ref())?;
        let value = extra.map_or_else(|| value.shallow_clone(), |extra| &value + extra);
        parts.insert(0, ("accuracy".into(), right));
        Ok(Value { value, parts, skipped, updates })
    }
}

/// One number of the samples' values `[n]`.
pub(super) fn reduce(each: &Tensor, by: Option<&Reduce>) -> Result<Tensor, NnError> {
    let count = each.size()[0];
    if count == 0 {
        return Err(NnError::Input { what: "a batch to classify".into(), expected: "at least 1 sample".into(), found: "none".into() });
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
    }
}
