//! A part of the classes: those of the batch, and others drawn anew at each step.
//!
//! PartialFC's rule (An et al., CVPR 2022): every class draws a number, those of the batch are put first, the first k = part * classes take
//! part, in their own order. Where the batch alone has more than k classes, it keeps just these.

use ddl::random::Draw;
use rand_chacha::rand_core::Rng;
use tch::Tensor;

use crate::nn::error::NnError;
use crate::nn::heads::PROTOTYPES;
use crate::nn::rows::{Rows, Sampled};

/// The rows of the classes that take part for people who have these labels `[n]`; `None` if all do.
pub(super) fn rows<'a>(all: &'a dyn Rows, labels: &Tensor, part: f64, noise: &Draw) -> Result<Option<Sampled<'a>>, NnError> {
    if part >= 1.0 {
        return Ok(None);
    }
    let count = all.local(PROTOTYPES)?.size()[0];
    let people = Vec::<i64>::try_from(all.place(labels)?)?;
    Ok(Some(Sampled::new(all, chosen(count as usize, &people, part, noise))?))
}

/// The classes that take part, in their order.
fn chosen(count: usize, people: &[i64], part: f64, noise: &Draw) -> Vec<i64> {
    let mut own = people.to_vec();
    own.sort_unstable();
    own.dedup();
    let wanted = (part * count as f64 + 1e-9).floor() as usize;
    if own.len() >= wanted {
        return own;
    }
    let mut stream = noise.clone().text("classes").stream();
    let drawn: Vec<u64> = (0..count).map(|_| stream.next_u64()).collect();
    let mut others: Vec<i64> = (0..count as i64).filter(|class| own.binary_search(class).is_err()).collect();
    others.sort_unstable_by_key(|class| (std::cmp::Reverse(drawn[*class as usize]), *class));
    own.extend(&others[..wanted - own.len()]);
    own.sort_unstable();
    own
}

#[cfg(test)]
mod tests {
    use ddl::lang::value::NodeId;
    use ddl::ops::heads::{CosFace, Head};
    use ddl::ops::refs::DrawnRef;
    use ddl::ops::terms::Classify;
    use ddl::quantity::Fraction;
    use tch::{Kind, Reduction};

    use super::*;
    use crate::nn::heads::golden::{features, labels, prototypes, state, table};
    use crate::nn::heads::{Clock, Head as _, HeadContext};
    use crate::nn::state::State;
    use crate::nn::terms::{Context, Term as _, TermInput};

    fn noise(step: u64) -> Draw {
        Draw::new(0, "noise").number(step)
    }

    #[test]
    fn the_people_of_the_batch_always_take_part_and_others_by_chance() {
        let people = [7, 3, 7, 90];
        let mut seen = vec![0; 100];
        for step in 0..400 {
            let rows = chosen(100, &people, 0.2, &noise(step));
            assert_eq!(rows.len(), 20);
            assert!(rows.windows(2).all(|two| two[0] < two[1]));
            assert!(people.iter().all(|person| rows.contains(person)));
            rows.iter().for_each(|row| seen[*row as usize] += 1);
        }
        // 17 of 97 others each time: 70 of 400
        assert!((0..100).filter(|row| !people.contains(row)).all(|row| (40..105).contains(&seen[row as usize])), "{seen:?}");
        assert_eq!(chosen(100, &people, 0.2, &noise(5)), chosen(100, &people, 0.2, &noise(5)));
        assert_eq!(chosen(100, &people, 0.02, &noise(0)), [3, 7, 90], "more people than places");
        // 0.29 of 100 are 29, though their product is 28.999999999999996
        assert_eq!(chosen(100, &people, 0.29, &noise(0)).len(), 29);
    }

    /// The value is the cross-entropy over the rows that take part, and no other row has a gradient.
    #[test]
    fn the_value_and_its_gradient_are_those_of_the_chosen_rows() {
        let all = Tensor::cat(&[prototypes(), table(15, 6, |k, j| (0.3 * k * j + k).sin())], 0).set_requires_grad(true);
        let head = Head::CosFace(CosFace { scale: 16.0, margin: 0.35 });
        let term = Classify {
            data: DrawnRef { node: NodeId(0) },
            head: head.clone(),
            reduce: None,
            slot: "main".to_owned(),
            prototypes: None,
            sample: Fraction(0.4),
            filter: None,
            pool: None,
            set_size: None,
            of: None,
        };
        let inputs = [TermInput::Labelled { embedding: features(), labels: labels() }];
        let noise = noise(3);
        let whole = state(all.shallow_clone());
        let value =
            term.evaluate(&inputs, &Context { head: &whole, pool: &State::new(), noise: &noise, clock: Clock::default() }).unwrap().value;
        value.backward();

        let rows = chosen(20, &[0, 3, 4, 2], 0.4, &noise);
        let part = all.detach().index_select(0, &Tensor::from_slice(&rows));
        let places: Vec<i64> = [0, 3, 4, 2].iter().map(|label| rows.iter().position(|row| row == label).unwrap() as i64).collect();
        let places = Tensor::from_slice(&places);
        let expected = head.logits(&features(), &places, &HeadContext::first(&state(part))).unwrap().logits;
        let expected = expected.cross_entropy_loss(&places, None::<&Tensor>, Reduction::Mean, -100, 0.0).double_value(&[]);
        assert!((value.double_value(&[]) - expected).abs() < 1e-12);
        let moved = Vec::<f64>::try_from(all.grad().abs().sum_dim_intlist([1i64].as_slice(), false, Kind::Double)).unwrap();
        let touched: Vec<i64> = (0..20).filter(|row| moved[*row as usize] > 0.0).collect();
        assert_eq!(touched, rows);
    }
}
