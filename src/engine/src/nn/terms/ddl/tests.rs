//! The golden numbers of spec 1.5, and what happens at the edges.

use ddl::lang::value::NodeId;
use ddl::ops::refs::BatchesRef;
use ddl::ops::terms::{Branch as Named, Ddl, Divergence, Grid as Nodes, Negatives, Normalisation};
use ddl::random::Draw;

use tch::Kind;

use super::*;
use crate::nn::heads::Clock;
use crate::nn::heads::golden::{assert_gradient, table};
use crate::nn::state::State;

fn side(at: u32) -> Side {
    let batches = |node| BatchesRef { node: NodeId(node) };
    Side::Branch(AnyBranch::Branch(Named { pairs: batches(2 * at), negatives: batches(2 * at + 1) }))
}

fn released(students: u32) -> Ddl {
    Ddl {
        teacher: side(0),
        students: (1..=students).map(side).collect(),
        positive_weight: 0.1,
        negative_weight: 0.02,
        order: 0.5,
        divergence: Divergence::Kl,
        grid: Nodes::Unit,
        nodes: 1000,
        gamma: 50.0,
        normalisation: Normalisation::L1,
        negatives: Negatives::UpperTriangle,
        positive_threshold: 0.0,
        detach_teacher: false,
        world_scale: 1.0,
        of: None,
    }
}

/// negE, negH, p1E, p2E, p1H, p2H of the spec.
fn inputs() -> Vec<Tensor> {
    let g = |a: f64, b: f64, c: f64| table(6, 8, move |i, j| (a * i + b * j + c * i * j).sin());
    vec![
        g(0.37, 0.11, 0.73),
        g(0.21, 0.17, 0.29),
        g(0.9, 0.5, 0.3),
        g(0.9, 0.5, 0.3) + g(1.7, 0.2, 1.1) * 0.3,
        g(0.4, 0.7, 0.6),
        g(0.4, 0.7, 0.6) + g(0.8, 1.3, 0.45) * 0.9,
    ]
}

fn evaluate(term: &Ddl, x: &[Tensor]) -> TermOutput {
    let [neg_easy, neg_hard, left_easy, right_easy, left_hard, right_hard] = x else { panic!("six inputs") };
    let branch = |left: &Tensor, right: &Tensor, others: &Tensor| {
        [TermInput::Pairs { left: left.shallow_clone(), right: right.shallow_clone() }, TermInput::Embeddings(others.shallow_clone())]
    };
    let mut inputs: Vec<TermInput> = branch(left_easy, right_easy, neg_easy).into();
    term.students.iter().for_each(|_| inputs.extend(branch(left_hard, right_hard, neg_hard)));
    term.evaluate(&inputs, &Context { head: &State::new(), pool: &State::new(), noise: &Draw::new(0, "noise"), clock: Clock::default() })
        .unwrap()
}

fn part(value: &TermOutput, name: &str) -> f64 {
    value.parts.iter().find(|(part, _)| part == name).unwrap().1.double_value(&[])
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() < tolerance, "{found}, expected {expected}");
}

#[test]
fn the_value_is_that_of_the_released_code() {
    let value = evaluate(&released(1), &inputs());
    near(value.value.double_value(&[]), -1.372_471_530_384_820_5, 1e-9);
    near(value.skipped.double_value(&[]), 0.0, 1e-12);
    near(part(&value, "positive"), 1.068_024_259_433_988_4, 1e-9);
    near(part(&value, "negative"), 0.311_893_524_469_555_5, 1e-9);
    near(part(&value, "order"), -2.971_023_653_635_221, 1e-9);
    near(evaluate(&released(2), &inputs()).value.double_value(&[]), -2.988_587_926_544_257, 1e-9);
}

#[test]
fn similarities_are_those_of_the_released_code() {
    let x = inputs();
    let expect = |found: &Tensor, expected: &[f64]| {
        assert!((found - Tensor::from_slice(expected)).abs().max().double_value(&[]) < 1e-8, "{found}");
    };
    let upper = |x: &Tensor| negatives(x, Negatives::UpperTriangle).unwrap().values;
    expect(&upper(&x[0]), &[0.077_361_28, 0.389_721_81, 0.329_105_39, 0.0, 0.0, 0.0]);
    expect(&upper(&x[1]), &[0.258_657_82, 0.156_406_13, 0.048_475_06, 0.0, 0.0, 0.0]);
    let easy = positives(&x[2], &x[3], 0.0).unwrap();
    expect(&easy.values, &[0.963_975_59, 0.952_988_62, 0.965_170_34, 0.979_720_46, 0.953_351_68, 0.948_449_64]);
    let hard = positives(&x[4], &x[5], 0.0).unwrap();
    expect(&hard.values, &[0.638_291_29, 0.582_201_50, 0.561_660_09, 0.996_900_00, 0.746_212_56, 0.883_876_68]);
}

/// Every option, against `tests/oracles/terms`: the value, what the branches' two histograms share, and how far the student is behind.
#[test]
fn every_form_is_that_of_the_oracle() {
    let oracle: serde_json::Value = serde_json::from_str(include_str!("../../../../../../tests/oracles/terms/golden.json")).unwrap();
    let symmetric = |nodes| Ddl { grid: Nodes::Symmetric, nodes, ..released(1) };
    let forms = [
        ("ddl", released(1)),
        ("ddl_two", released(2)),
        ("ddl_js", Ddl { divergence: Divergence::Js, ..released(1) }),
        ("ddl_emd", Ddl { divergence: Divergence::Emd, ..released(1) }),
        ("ddl_energy", Ddl { divergence: Divergence::Energy, ..released(2) }),
        ("ddl_symmetric", Ddl { normalisation: Normalisation::Count, ..symmetric(201) }),
        ("ddl_wide", Ddl { divergence: Divergence::Js, gamma: 20.0, negatives: Negatives::FullRow, ..symmetric(101) }),
        ("ddl_full_row", Ddl { negatives: Negatives::FullRow, positive_threshold: 0.6, world_scale: 8.0, ..released(1) }),
    ];
    for (name, term) in forms {
        let found = evaluate(&term, &inputs());
        let expected: Vec<f64> = oracle[name].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        near(found.value.double_value(&[]), expected[0], 1e-8 * expected[0].abs().max(1.0));
        let parts = ["teacher.overlap", "student1.overlap", "student1.behind"].map(|of| part(&found, of));
        parts.iter().zip(&expected[1..]).for_each(|(found, expected)| near(*found, *expected, 1e-9));
        // each student's own divergences add up to the whole
        let each = |of: &str| term.students.iter().enumerate().map(|(at, _)| part(&found, &format!("student{}.{of}", at + 1))).sum::<f64>();
        near(each("divergence_positive"), part(&found, "positive"), 1e-9);
        near(each("divergence_negative"), part(&found, "negative"), 1e-9);
    }
}

#[test]
fn similarities_are_told_apart_by_branch_and_sign() {
    let mut x = inputs();
    x[5] = Tensor::cat(&[x[4].narrow(0, 0, 2) * -1.0, x[5].narrow(0, 2, 4)], 0);
    let inputs = [
        TermInput::Pairs { left: x[2].shallow_clone(), right: x[3].shallow_clone() },
        TermInput::Embeddings(x[0].shallow_clone()),
        TermInput::Pairs { left: x[4].shallow_clone(), right: x[5].shallow_clone() },
        TermInput::Embeddings(x[1].shallow_clone()),
    ];
    let sets = released(1).similarities(&inputs).unwrap();
    let counts: Vec<(&str, usize)> = sets.iter().map(|(name, set)| (name.as_str(), set.numel())).collect();
    // two pairs of the student are opposite, and do not count
    assert_eq!(counts, [("teacher.positive", 6), ("teacher.negative", 6), ("student1.positive", 4), ("student1.negative", 6)]);
    near(sets[0].1.double_value(&[0]), 0.963_975_59, 1e-8);
}

#[test]
fn gradients_are_those_of_the_released_code() {
    let x: Vec<Tensor> = inputs().into_iter().map(|x| x.set_requires_grad(true)).collect();
    evaluate(&released(1), &x).value.backward();
    let norms = [0.234_849_23, 0.152_213_96, 0.029_504_78, 0.029_019_84, 0.207_595_05, 0.167_518_13];
    let firsts = [0.013_965_21, 0.016_720_71, -0.005_717_68, 0.004_437_33, -0.044_300_29, -0.002_086_53];
    for ((x, norm), first) in x.iter().zip(norms).zip(firsts) {
        near(x.grad().norm().double_value(&[]), norm, 1e-8);
        near(x.grad().double_value(&[0, 0]), first, 1e-8);
    }
}

#[test]
fn gradients_of_every_form_are_their_differences() {
    let forms = [
        released(1),
        released(2),
        Ddl { divergence: Divergence::Js, ..released(1) },
        Ddl { divergence: Divergence::Emd, ..released(1) },
        Ddl { divergence: Divergence::Energy, ..released(1) },
        Ddl { grid: Nodes::Symmetric, nodes: 201, normalisation: Normalisation::Count, ..released(1) },
        Ddl { negatives: Negatives::FullRow, positive_threshold: 0.6, world_scale: 8.0, ..released(1) },
    ];
    for term in forms {
        for at in 0..6 {
            assert_gradient(&inputs()[at], |x| {
                let mut all = inputs();
                all[at] = x.shallow_clone();
                evaluate(&term, &all).value
            });
        }
    }
}

#[test]
fn a_full_row_sees_both_sides_and_keeps_negative_maxima() {
    let x = Tensor::from_slice(&[1.0f64, 0.0, -0.6, 0.8, -0.6, -0.8]).view([3, 2]);
    let of = |how| Vec::<f64>::try_from(negatives(&x, how).unwrap().values).unwrap();
    let close = |found: Vec<f64>, expected: [f64; 3]| found.iter().zip(expected).for_each(|(f, e)| near(*f, e, 1e-12));
    close(of(Negatives::FullRow), [-0.6, -0.28, -0.28]);
    close(of(Negatives::UpperTriangle), [0.0, 0.0, 0.0]);
}

#[test]
fn a_detached_teacher_gets_no_gradient() {
    let x: Vec<Tensor> = inputs().into_iter().map(|x| x.set_requires_grad(true)).collect();
    let value = evaluate(&Ddl { detach_teacher: true, ..released(1) }, &x).value;
    near(value.double_value(&[]), -1.372_471_530_384_820_5, 1e-9);
    value.backward();
    for easy in [0, 2, 3] {
        assert!(!x[easy].grad().defined());
    }
    for hard in [1, 4, 5] {
        assert!(x[hard].grad().norm().double_value(&[]) > 0.1);
    }
}

#[test]
fn the_world_scale_multiplies_the_whole() {
    let scaled = evaluate(&Ddl { world_scale: 8.0, ..released(1) }, &inputs()).value.double_value(&[]);
    near(scaled, -8.0 * 1.372_471_530_384_820_5, 1e-8);
}

/// Opposite pairs: no positive is above the threshold.
#[test]
fn a_branch_without_positives_is_counted_and_left_out() {
    for (degenerate, left_out) in [(vec![5], 3.0), (vec![3], 3.0), (vec![3, 5], 5.0)] {
        for kind in [Kind::Float, Kind::Double] {
            let mut x = inputs();
            for &at in &degenerate {
                x[at] = &x[at - 1] * -1.0;
            }
            let x: Vec<Tensor> = x.into_iter().map(|x| x.to_kind(kind).detach().set_requires_grad(true)).collect();
            let value = evaluate(&released(1), &x);
            near(value.skipped.double_value(&[]), left_out, 1e-12);
            near(part(&value, "positive"), 0.0, 1e-12);
            assert!(value.value.double_value(&[]).is_finite() && part(&value, "negative") > 0.3);
            value.value.backward();
            for (at, x) in x.iter().enumerate() {
                assert!(x.grad().norm().double_value(&[]).is_finite(), "input {at}");
            }
            assert_eq!(x[degenerate[0]].grad(), x[degenerate[0]].zeros_like());
        }
    }
}

#[test]
fn batches_that_are_too_small_are_refused() {
    let mut x = inputs();
    x[0] = x[0].narrow(0, 0, 1);
    let inputs = [
        TermInput::Pairs { left: x[2].shallow_clone(), right: x[3].shallow_clone() },
        TermInput::Embeddings(x[0].shallow_clone()),
        TermInput::Pairs { left: x[4].shallow_clone(), right: x[5].shallow_clone() },
        TermInput::Embeddings(x[1].shallow_clone()),
    ];
    let (state, noise) = (State::new(), Draw::new(0, "noise"));
    let context = Context { head: &state, pool: &State::new(), noise: &noise, clock: Clock::default() };
    assert!(matches!(released(1).evaluate(&inputs, &context), Err(NnError::Input { .. })));
    assert!(matches!(released(2).evaluate(&inputs, &context), Err(NnError::Input { .. })));
}
