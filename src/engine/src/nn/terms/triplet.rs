//! Triplet loss on features of length 1: `mean max(0, d(a, p) - d(a, n) + margin)`, `d(a, b) = |a - b|²` and its kin.

use ddl::ops::terms::{Mining, Triplet};
use ddl::random::Draw;
use rand_chacha::rand_core::Rng;
use tch::{Device, Kind, Tensor};

use super::pairs::{labelled, nothing};
use super::reduce::reduce;
use super::{Context, Need, Take, Term, TermInput, TermOutput, zero};
use crate::nn::error::NnError;
use crate::nn::heads::unit;
use crate::nn::loss::metric::{of_cosines, triplet};

impl Term for Triplet {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        Ok(vec![Need::own(self.data.node, Take::Labelled)])
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let (embedding, labels) = labelled("triplet", inputs)?;
        let x = unit(embedding);
        let distance = of_cosines(&x.f_matmul(&x.tr())?, self.distance); // [n, n]
        let people = Vec::<i64>::try_from(labels)?;
        let differences = match self.mining {
            Mining::All => all(&distance, &people)?,
            Mining::SemiHard => drawn(&distance, &people, (true, self.margin), context.noise)?,
            Mining::Violating => drawn(&distance, &people, (false, self.margin), context.noise)?,
            Mining::Hardest => hardest(&distance, &people)?,
        };
        let Some(differences) = differences.filter(|them| them.numel() > 0) else { return Ok(nothing(embedding)) };
        let losses = triplet(&differences, self.margin, self.soft);
        let active = losses.detach().gt(0.0);
        let counted = if self.of_active { losses.f_masked_select(&active)? } else { losses.shallow_clone() };
        // where nothing costs anything, the mean over what does is 0
        let value = if counted.numel() == 0 { losses.sum(losses.kind()) * 0.0 } else { reduce(&counted, self.reduce.as_ref())? };
        let count = Tensor::from(losses.numel() as f32);
        let parts = vec![("active".into(), active.mean(Kind::Float)), ("triplets".into(), count)];
        Ok(TermOutput { skipped: zero(&losses), value, parts, updates: vec![] })
    }
}

/// All (anchor, positive) of a batch, as places.
fn positive_pairs(people: &[i64]) -> Vec<(i64, i64)> {
    let mut pairs = Vec::new();
    for (a, anchor) in people.iter().enumerate() {
        pairs.extend(people.iter().enumerate().filter(|&(p, person)| p != a && person == anchor).map(|(p, _)| (a as i64, p as i64)));
    }
    pairs
}

/// Whether n is of another person than the row's anchor, `[rows, n]`.
fn strangers(anchors: &[i64], people: &[i64], device: Device) -> Result<Tensor, NnError> {
    let column = Tensor::f_from_slice(anchors)?.f_unsqueeze(1)?;
    Ok(column.f_ne_tensor(&Tensor::f_from_slice(people)?.f_unsqueeze(0)?)?.f_to_device(device)?)
}

/// For each positive pair: its distance `[pairs, 1]`, its anchor's distances `[pairs, n]`, and which of these are to strangers.
fn by_pair(distance: &Tensor, people: &[i64]) -> Result<Option<(Tensor, Tensor, Tensor)>, NnError> {
    let pairs = positive_pairs(people);
    if pairs.is_empty() {
        return Ok(None);
    }
    let (anchors, positives): (Vec<i64>, Vec<i64>) = pairs.into_iter().unzip();
    let owners: Vec<i64> = anchors.iter().map(|&a| people[a as usize]).collect();
    let place = |places: &[i64]| Ok::<_, NnError>(Tensor::f_from_slice(places)?.f_to_device(distance.device())?);
    let rows = distance.f_index_select(0, &place(&anchors)?)?;
    let own = rows.f_gather(1, &place(&positives)?.unsqueeze(1), false)?;
    Ok(Some((own, rows, strangers(&owners, people, distance.device())?)))
}

/// `|a - p|² - |a - n|²` of every triplet.
fn all(distance: &Tensor, people: &[i64]) -> Result<Option<Tensor>, NnError> {
    let Some((own, rows, strange)) = by_pair(distance, people)? else { return Ok(None) };
    Ok(Some((own - rows).f_masked_select(&strange)?))
}

/// For each positive pair one negative, drawn from those farther than the positive by less than the margin; also from nearer ones, if
/// `farther` is not asked for.
fn drawn(distance: &Tensor, people: &[i64], (farther, margin): (bool, f64), noise: &Draw) -> Result<Option<Tensor>, NnError> {
    let Some((own, rows, strange)) = by_pair(distance, people)? else { return Ok(None) };
    let within = rows.lt_tensor(&(&own + margin)).logical_and(&strange);
    let band = if farther { within.logical_and(&rows.gt_tensor(&own)) } else { within };
    let mut stream = noise.clone().text("triplet").stream();
    // 24 bits each: exact in float32
    let ranks: Vec<f32> = (0..rows.numel()).map(|_| (stream.next_u32() >> 8) as f32).collect();
    let ranks = Tensor::f_from_slice(&ranks)?.f_view(rows.size().as_slice())?.f_to_device(rows.device())?;
    let picked = ranks.f_masked_fill(&band.logical_not(), -1.0)?.argmax(1, true); // [pairs, 1]
    let chosen = (own - rows.f_gather(1, &picked, false)?).f_squeeze_dim(1)?;
    Ok(Some(chosen.f_masked_select(&band.any_dim(1, false))?))
}

/// For each anchor that has both, its farthest positive and its nearest negative.
fn hardest(distance: &Tensor, people: &[i64]) -> Result<Option<Tensor>, NnError> {
    let strange = strangers(people, people, distance.device())?;
    let itself = Tensor::f_eye(people.len() as i64, (Kind::Bool, distance.device()))?;
    let own = strange.logical_not().logical_and(&itself.logical_not());
    let both = own.any_dim(1, false).logical_and(&strange.any_dim(1, false));
    let farthest = distance.f_masked_fill(&own.logical_not(), f64::NEG_INFINITY)?.f_max_dim(1, false)?.0;
    let nearest = distance.f_masked_fill(&strange.logical_not(), f64::INFINITY)?.f_min_dim(1, false)?.0;
    Ok(Some(farthest.f_masked_select(&both)? - nearest.f_masked_select(&both)?))
}

#[cfg(test)]
mod tests {
    use ddl::lang::value::NodeId;
    use ddl::ops::refs::DrawnRef;
    use ddl::ops::terms::Distance;

    use super::*;
    use crate::nn::heads::Clock;
    use crate::nn::heads::golden::{assert_gradient, features, table};
    use crate::nn::state::State;

    fn evaluate(mining: Mining, margin: f64, x: &Tensor, people: &[i64], step: u64) -> TermOutput {
        evaluate_as(&Triplet { margin, mining, ..facenet() }, x, people, step)
    }

    fn facenet() -> Triplet {
        Triplet {
            data: DrawnRef { node: NodeId(0) },
            margin: 0.2,
            mining: Mining::All,
            distance: Distance::Squared,
            soft: false,
            of_active: false,
            reduce: None,
            of: None,
        }
    }

    fn evaluate_as(term: &Triplet, x: &Tensor, people: &[i64], step: u64) -> TermOutput {
        let inputs = [TermInput::Labelled { embedding: x.shallow_clone(), labels: Tensor::from_slice(people) }];
        let noise = Draw::new(0, "noise").number(step);
        term.evaluate(&inputs, &Context { head: &State::new(), pool: &State::new(), noise: &noise, clock: Clock::default() }).unwrap()
    }

    const PAIRS: [i64; 4] = [0, 0, 1, 1];

    #[test]
    fn the_loss_over_all_triplets_is_that_of_the_spec() {
        let found = evaluate(Mining::All, 0.2, &features(), &PAIRS, 0).value.double_value(&[]);
        assert!((found - 1.181_461_536_1).abs() < 1e-9, "{found}");
    }

    #[test]
    fn gradients_are_those_of_the_formula() {
        for mining in [Mining::All, Mining::Hardest, Mining::SemiHard, Mining::Violating] {
            assert_gradient(&features(), |x| evaluate(mining, 0.2, x, &PAIRS, 0).value);
        }
        for distance in [Distance::Euclidean, Distance::Angle] {
            assert_gradient(&features(), |x| evaluate_as(&Triplet { distance, ..facenet() }, x, &PAIRS, 0).value);
        }
        let forms = [Triplet { soft: true, ..facenet() }, Triplet { of_active: true, ..facenet() }];
        for term in forms {
            assert_gradient(&features(), |x| evaluate_as(&term, x, &PAIRS, 0).value);
        }
    }

    /// Two images of one person that are the same: no distance has an infinite slope there.
    #[test]
    fn equal_features_have_finite_gradients() {
        for distance in [Distance::Squared, Distance::Euclidean, Distance::Angle] {
            let one = features().get(0);
            let x = Tensor::stack(&[&one, &one, &features().get(1), &one], 0).set_requires_grad(true);
            evaluate_as(&Triplet { distance, ..facenet() }, &x, &PAIRS, 0).value.backward();
            assert!(x.grad().norm().double_value(&[]).is_finite(), "{distance:?}");
        }
    }

    #[test]
    fn mined_triplets_are_what_a_plain_search_finds() {
        let x = table(12, 5, |i, j| (1.3 * i + 0.7 * j * j + 0.11 * i * i * j).sin());
        let people: Vec<i64> = (0..12).map(|i| i / 3).collect();
        let rows = unit(&x);
        let d = |a: i64, b: i64| (rows.get(a) - rows.get(b)).square().sum(Kind::Double).double_value(&[]);
        let (mut hard, margin) = (Vec::new(), 0.6);
        let (mut bands, mut violating) = (Vec::new(), Vec::new());
        for a in 0..12i64 {
            let others = |same: bool| (0..12i64).filter(move |&b| b != a && (b / 3 == a / 3) == same);
            let far = others(true).map(|p| d(a, p)).fold(f64::MIN, f64::max);
            let near = others(false).map(|n| d(a, n)).fold(f64::MAX, f64::min);
            hard.push((far - near + margin).max(0.0));
            for p in others(true) {
                let within: Vec<f64> = others(false).map(|n| d(a, n) - d(a, p)).filter(|by| *by < margin).collect();
                bands.push(within.iter().copied().filter(|by| *by > 0.0).collect::<Vec<_>>());
                violating.push(within);
            }
        }
        let found = evaluate(Mining::Hardest, margin, &x, &people, 0).value.double_value(&[]);
        assert!((found - hard.iter().sum::<f64>() / 12.0).abs() < 1e-12);

        // violating triplets differ by far more than those of the band do
        for (mining, mut bands, tolerance) in [(Mining::SemiHard, bands, 0.01), (Mining::Violating, violating, 0.03)] {
            bands.retain(|band| !band.is_empty());
            let found = evaluate(mining, margin, &x, &people, 0);
            assert!((found.parts[1].1.double_value(&[]) - bands.len() as f64).abs() < 1e-9);
            // the mean over steps tends to the mean over the bands
            let expected = bands.iter().map(|band| margin - band.iter().sum::<f64>() / band.len() as f64).sum::<f64>() / bands.len() as f64;
            let mean = (0..400).map(|step| evaluate(mining, margin, &x, &people, step).value.double_value(&[])).sum::<f64>() / 400.0;
            assert!((mean - expected).abs() < tolerance, "{mining:?}: {mean}, expected {expected}");
            assert_eq!(found.value, evaluate(mining, margin, &x, &people, 0).value);
        }
    }

    #[test]
    fn a_batch_without_triplets_is_skipped() {
        for mining in [Mining::All, Mining::Hardest, Mining::SemiHard, Mining::Violating] {
            for people in [[0, 1, 2, 3], [5, 5, 5, 5]] {
                let x = features().set_requires_grad(true);
                let value = evaluate(mining, 0.2, &x, &people, 0);
                assert_eq!((value.value.double_value(&[]), value.skipped.double_value(&[])), (0.0, 1.0));
                value.value.backward();
                assert_eq!(x.grad(), Tensor::zeros_like(&x));
            }
        }
    }
}
