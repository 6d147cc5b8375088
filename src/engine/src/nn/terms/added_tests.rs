//! Stitching, coupled mappings and Hopenet's loss against sums written out, and their gradients.

use ddl::data::predicate::Expr;
use ddl::lang::value::NodeId;
use ddl::ops::refs::{DataRef, DrawnRef, NetName, Reading};
use ddl::ops::terms::{CoupledMapping, HeadPose, Stitch};
use ddl::random::Draw;
use tch::{Kind, Tensor};

use super::stitch::MEANS;
use super::{Context, Term, TermInput, TermOutput};
use crate::nn::heads::Clock;
use crate::nn::heads::golden::{assert_gradient, features, labels, prototypes, table};
use crate::nn::state::{Role, State};

const DATA: DrawnRef = DrawnRef { node: NodeId(0) };

fn evaluate(term: &impl Term, inputs: &[TermInput], state: &State) -> TermOutput {
    term.evaluate(inputs, &Context { head: state, pool: &State::new(), noise: &Draw::new(0, "noise"), clock: Clock::default() }).unwrap()
}

fn rows(x: &Tensor) -> Vec<Vec<f64>> {
    (0..x.size()[0]).map(|i| Vec::<f64>::try_from(x.get(i)).unwrap()).collect()
}

#[track_caller]
fn near(found: &Tensor, expected: f64) {
    let found = found.double_value(&[]);
    assert!((found - expected).abs() < 1e-8 * expected.abs().max(1.0), "{found}, expected {expected}");
}

#[test]
fn stitching_is_the_mean_square_towards_means_that_stay() {
    let stitch = Stitch { data: DATA, towards: DataRef { node: NodeId(1) }, slot: "stitch".to_owned(), of: None };
    let mut state = State::new();
    state.insert(MEANS, prototypes(), Role::Buffer).unwrap();
    let value = |x: &Tensor| {
        let inputs = [TermInput::Labelled { embedding: x.shallow_clone(), labels: labels() }];
        evaluate(&stitch, &inputs, &state)
    };
    let (x, means, people) = (rows(&features()), rows(&prototypes()), Vec::<i64>::try_from(labels()).unwrap());
    let sum: f64 = x.iter().zip(&people).map(|(x, y)| x.iter().zip(&means[*y as usize]).map(|(a, b)| (a - b).powi(2)).sum::<f64>()).sum();
    near(&value(&features()).value, sum / 24.0);
    assert!(value(&features()).updates.is_empty());
    assert_gradient(&features(), |x| value(x).value);
}

#[test]
fn a_coupled_mapping_brings_the_two_sides_of_pairs_together() {
    let right = table(4, 6, |i, j| (0.4 * i * j - 0.3 * j).cos());
    let nets = ["low", "high"].map(|name| NetName(name.to_owned()));
    for normalise in [false, true] {
        let term = CoupledMapping { data: DATA, between: nets.to_vec(), normalise };
        // each network's view of the other side does not count
        let pairs = |left: &Tensor, right: &Tensor| {
            let noise = || table(4, 6, |i, j| i - j);
            [
                TermInput::Pairs { left: left.shallow_clone(), right: noise() },
                TermInput::Pairs { left: noise(), right: right.shallow_clone() },
            ]
        };
        let unit = |row: &Vec<f64>| {
            let length = if normalise { row.iter().map(|x| x * x).sum::<f64>().sqrt() } else { 1.0 };
            row.iter().map(|x| x / length).collect::<Vec<f64>>()
        };
        let squared = |(a, b): (&Vec<f64>, &Vec<f64>)| unit(a).iter().zip(unit(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let sum: f64 = rows(&features()).iter().zip(&rows(&right)).map(squared).sum();
        near(&evaluate(&term, &pairs(&features(), &right), &State::new()).value, 0.5 * sum / 4.0);
        assert_gradient(&features(), |x| evaluate(&term, &pairs(x, &right), &State::new()).value);
        assert_gradient(&right, |x| evaluate(&term, &pairs(&features(), x), &State::new()).value);
    }
}

/// Spec 5.5: per angle the cross-entropy of 66 bins of 3 degrees from -99, and alpha times the squared error of the angle read off them.
#[test]
fn the_loss_of_a_pose_is_that_of_bins_and_of_the_angle() {
    let bins = table(3, 198, |i, j| (0.3 * i + 0.05 * j * i).sin() * 2.0);
    let degrees = [[-98.9, 0.0], [12.0, -47.3], [98.9, 30.0]];
    let known = Tensor::from_slice(&degrees.concat()).view([3, 2]).deg2rad();
    let angle = |name: &str| Some(Reading { row: Expr::attribute(name) });
    let term = HeadPose { data: DATA, yaw: angle("yaw"), pitch: None, roll: angle("roll"), alpha: 0.01, of: None };
    let value = |bins: &Tensor| {
        evaluate(&term, &[TermInput::Output(bins.shallow_clone()), TermInput::Readings(known.shallow_clone())], &State::new())
    };
    let mut expected = 0.0;
    for (place, column) in [(0, 0), (2, 1)] {
        for (row, degrees) in rows(&bins).iter().zip(degrees) {
            let (row, truth) = (&row[place * 66..place * 66 + 66], degrees[column]);
            let sum: f64 = row.iter().map(|x| x.exp()).sum();
            let read: f64 = row.iter().enumerate().map(|(i, x)| x.exp() / sum * i as f64 * 3.0).sum::<f64>() - 99.0;
            let bin = ((truth + 99.0) / 3.0_f64).floor() as usize;
            expected += (sum.ln() - row[bin] + 0.01 * (read - truth).powi(2)) / 3.0;
        }
    }
    near(&value(&bins).value, expected);
    let parts: Vec<String> = value(&bins).parts.into_iter().map(|(name, _)| name).collect();
    assert_eq!(parts, ["yaw.error", "roll.error"]);
    assert_gradient(&bins, |x| value(x).value);
    assert_eq!(bins.kind(), Kind::Double);
}
