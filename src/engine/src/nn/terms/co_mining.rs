//! Co-Mining (Wang et al., ICCV 2019): two networks' losses of the same images decide what each learns of them.
//!
//! ```text
//! L = sum_i  sum_n w_in l_in / sum_n w_in        w_in = 0 for noise, boost where the peer is sure, else 1
//! ```

use ddl::ops::heads::ArcForm;
use ddl::ops::terms::CoMining;
use tch::Tensor;

use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, zero};
use crate::nn::error::NnError;
use crate::nn::heads::{own, with_target};
use crate::nn::loss::cross_entropy;
use crate::nn::loss::metric::{among, weighted_mean};
use crate::nn::margin::additive_angular;

impl Term for CoMining {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let [first, second] = &self.between[..] else {
            let (value, why) = (format!("{} networks", self.between.len()), "Co-Mining is between two".to_owned());
            return Err(NnError::Option { option: "between", value, why });
        };
        let cosines = || Take::Logits { slot: self.slot.clone(), scale: Some(1.0) };
        let data = self.data.node;
        Ok(vec![Need::of(data, &first.0, Take::Labelled), Need::of(data, &first.0, cosines()), Need::of(data, &second.0, cosines())])
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let [TermInput::Labelled { labels, .. }, TermInput::Logits(first), TermInput::Logits(second)] = inputs else {
            return Err(mismatch("co_mining", "labels, and logits of both networks", inputs));
        };
        let losses = [losses(self, first, labels)?, losses(self, second, labels)?]; // [n] each
        let count = labels.size()[0];
        let share = |part: f64| ((part * count as f64 + 1e-9).floor() as i64).clamp(0, count);
        let dropped = share(context.clock.read(&self.drop));
        let noise = among(&losses[0], dropped, true)? * among(&losses[1], dropped, true)?; // [n]
        let clean = &noise * -1.0 + 1.0;
        let sure = share(self.confident.0);
        let kind = first.kind();
        let mut value = (first.sum(kind) + second.sum(kind)) * 0.0;
        let mut parts = vec![("dropped".to_owned(), noise.mean(kind))];
        for (at, own) in losses.iter().enumerate() {
            let told = among(&losses[1 - at], sure, false)?;
            let weights = (told * (self.boost - 1.0) + 1.0) * &clean;
            let mean = weighted_mean(own, &weights);
            parts.push((self.between[at].0.clone(), mean.detach()));
            value += mean;
        }
        let skipped = clean.sum(kind).eq(0.0).to_kind(kind);
        Ok(TermOutput { skipped: zero(&value) + skipped, value, parts, updates: vec![] })
    }
}

/// The cross-entropy of each image over cosines `[n, classes]`, `[n]`.
fn losses(term: &CoMining, cosines: &Tensor, labels: &Tensor) -> Result<Tensor, NnError> {
    let target = additive_angular(&own(cosines, labels)?, term.margin.as_radians(), ArcForm::Safe);
    let logits = with_target(cosines, labels, &target, term.scale)?;
    cross_entropy(&logits, labels)
}

#[cfg(test)]
mod tests {
    use ddl::lang::value::NodeId;
    use ddl::ops::curves::Curve;
    use ddl::ops::refs::{DrawnRef, NetName};
    use ddl::quantity::{Angle, Fraction};
    use ddl::random::Draw;
    use tch::Kind;

    use super::*;
    use crate::nn::heads::Clock;
    use crate::nn::heads::golden::{assert_gradient, table};
    use crate::nn::heads::unit;
    use crate::nn::state::State;

    const PEOPLE: [i64; 8] = [0, 0, 0, 1, 1, 2, 2, 3];

    fn term(drop: f64, confident: f64, boost: f64) -> CoMining {
        CoMining {
            data: DrawnRef { node: NodeId(0) },
            between: ["a", "b"].map(|net| NetName(net.to_owned())).into(),
            scale: 8.0,
            margin: Angle::radians(0.5),
            drop: Curve::Constant(drop),
            confident: Fraction(confident),
            boost,
            slot: "main".to_owned(),
        }
    }

    /// Cosines of the oracle's features and prototypes for both networks, `[8, 4]`.
    fn cosines() -> [Tensor; 2] {
        let classes = unit(&table(4, 5, |k, j| (0.7 * k + 0.2 * j * k).cos())).tr();
        let first = table(8, 5, |i, j| (1.3 * i + 0.7 * j * j + 0.11 * i * i * j).sin());
        let second = table(8, 5, |i, j| (0.4 * i + 1.1 * j + 0.2 * i * j).cos());
        [unit(&first).matmul(&classes), unit(&second).matmul(&classes)]
    }

    fn evaluate(term: &CoMining, [first, second]: [&Tensor; 2]) -> TermOutput {
        let embedding = Tensor::zeros([8, 5], (Kind::Double, tch::Device::Cpu));
        let logits = |of: &Tensor| TermInput::Logits(of.shallow_clone());
        let inputs = [TermInput::Labelled { embedding, labels: Tensor::from_slice(&PEOPLE) }, logits(first), logits(second)];
        term.evaluate(
            &inputs,
            &Context { head: &State::new(), pool: &State::new(), noise: &Draw::new(0, "noise"), clock: Clock::default() },
        )
        .unwrap()
    }

    #[test]
    fn values_and_gradients_are_those_of_the_oracle() {
        let oracle: serde_json::Value = serde_json::from_str(include_str!("../../../../../tests/oracles/terms/golden.json")).unwrap();
        let [first, second] = cosines();
        for (name, term) in
            [("co_mining", term(0.5, 0.5, 2.0)), ("co_mining_plain", term(0.0, 0.0, 2.0)), ("co_mining_strict", term(0.9, 0.25, 5.0))]
        {
            let found = evaluate(&term, [&first, &second]);
            let expected: Vec<f64> = oracle[name].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
            let seen = [&found.value, &found.parts[0].1].map(|number| number.double_value(&[]));
            assert!(seen.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-8), "{name}: {seen:?}, expected {expected:?}");
            assert_gradient(&first, |x| evaluate(&term, [x, &second]).value);
            assert_gradient(&second, |x| evaluate(&term, [&first, x]).value);
        }
    }

    #[test]
    fn a_batch_that_is_dropped_whole_is_skipped() {
        let [first, second] = cosines();
        let first = first.set_requires_grad(true);
        let found = evaluate(&term(1.0, 0.5, 2.0), [&first, &second]);
        assert_eq!((found.value.double_value(&[]), found.skipped.double_value(&[])), (0.0, 1.0));
        found.value.backward();
        assert_eq!(first.grad(), first.zeros_like());
    }
}
