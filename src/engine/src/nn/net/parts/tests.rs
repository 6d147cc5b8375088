//! Each against the same computation written out place by place, head by head.

use ddl::nets::{Angles, Attention, Bins, Dream, Landmarks, LayerNorm, Local};
use tch::{Device, Kind, Tensor};

use super::*;
use crate::nn::state::Role;

const WIDE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn state(tensors: &[(&str, &Tensor)]) -> State {
    let mut state = State::new();
    tensors.iter().for_each(|(name, tensor)| state.insert(name, tensor.shallow_clone(), Role::Parameter).unwrap());
    state
}

fn apart(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    (a - b).abs().max().double_value(&[])
}

#[test]
fn a_local_layer_is_a_convolution_at_each_place() {
    for (shared, stride) in [(1, 1), (2, 1), (1, 2)] {
        let (height, width) = if stride == 1 { (4, 3) } else { (2, 2) };
        let local = Local { name: "l".into(), input: 3, output: 5, kernel: 2, stride, sides: (height, width), shared };
        let x = Tensor::randn([2, 3, 5, 4], WIDE);
        let regions = local.regions();
        let count = regions.iter().max().unwrap() + 1;
        let (weight, bias) = (Tensor::randn([count, 5, local.window()], WIDE), Tensor::randn([count, 5], WIDE));
        let state = state(&[("l.weight", &weight), ("l.bias", &bias)]);
        let found = super::local(&local, &state, &x, &Pass::judging()).unwrap();
        assert_eq!(found.size(), [2, 5, height, width]);
        for (place, region) in regions.iter().enumerate() {
            let (row, column) = (place as i64 / width, place as i64 % width);
            let window = x.narrow(2, row * stride, 2).narrow(3, column * stride, 2);
            let kernel = weight.get(*region).view([5, 3, 2, 2]);
            let wanted = window.conv2d(&kernel, Some(bias.get(*region)), [1, 1], [0, 0], [1, 1], 1).view([2, 5]);
            assert!(apart(&found.select(2, row).select(2, column), &wanted) < 1e-12, "shared {shared}, stride {stride}, place {place}");
        }
    }
}

#[test]
fn attention_is_what_each_head_says() {
    let (heads, width, count) = (3, 12, 7);
    let x = Tensor::randn([2, count, 3 * width], WIDE);
    let found = attention(Attention { heads, width }, &x).unwrap();
    for head in 0..heads {
        let part = |at: i64| x.narrow(2, at * width + head * 4, 4); // [2, tokens, 4]
        let seen = (part(0).matmul(&part(1).transpose(1, 2)) / 2.0).softmax(-1, Kind::Double);
        assert!(apart(&found.narrow(2, head * 4, 4), &seen.matmul(&part(2))) < 1e-12);
    }
}

#[test]
fn a_layer_norm_is_of_each_token() {
    let (x, weight, bias) = (Tensor::randn([2, 3, 6], WIDE), Tensor::randn([6], WIDE), Tensor::randn([6], WIDE));
    let norm = LayerNorm { name: "n".into(), width: 6, eps: 1e-5 };
    let found = layer_norm(&norm, &state(&[("n.weight", &weight), ("n.bias", &bias)]), &x).unwrap();
    let mean = x.mean_dim(-1, true, Kind::Double);
    let variance = (&x - &mean).square().mean_dim(-1, true, Kind::Double);
    assert!(apart(&found, &((&x - mean) / (variance + 1e-5).sqrt() * weight + bias)) < 1e-12);
}

/// Spec 5.5: the sum of softmax_i i 3 - 99.
#[test]
fn angles_are_the_means_of_their_bins() {
    let bins = Bins { names: vec!["a".into(), "b".into()], unused: None, input: 4, bins: 66 };
    let angles = Angles { count: 2, bins: 66, step: 3.0, first: -99.0 };
    let x = Tensor::randn([2, 4], WIDE);
    let [wa, wb] = [0, 1].map(|_| Tensor::randn([66, 4], WIDE));
    let [ba, bb] = [0, 1].map(|_| Tensor::randn([66], WIDE));
    let state = state(&[("a.weight", &wa), ("a.bias", &ba), ("b.weight", &wb), ("b.bias", &bb)]);
    let found = super::angles(angles, &super::bins(&bins, &state, &x, &Pass::judging()).unwrap()).unwrap();
    for (at, (weight, bias)) in [(&wa, &ba), (&wb, &bb)].into_iter().enumerate() {
        for image in 0..2 {
            let shares = (weight.mv(&x.get(image)) + bias).softmax(0, Kind::Double);
            let wanted: f64 = (0..66).map(|bin| shares.double_value(&[bin]) * (bin * 3) as f64).sum::<f64>() - 99.0;
            assert!((found.double_value(&[image, at as i64]) - wanted).abs() < 1e-10);
        }
    }
}

/// Spec 5.5: f' = f + sigmoid(10 (|yaw| / 45 - 1)) R(f), R = FC-ReLU-FC-ReLU.
#[test]
fn a_correction_grows_with_the_yaw() {
    let dream = Dream { name: "dream".into(), width: 3, column: 1, from: std::f64::consts::FRAC_PI_4, steepness: 10.0 };
    let x = Tensor::randn([4, 3], WIDE);
    let [wa, wb] = [0, 1].map(|_| Tensor::randn([3, 3], WIDE));
    let [ba, bb] = [0, 1].map(|_| Tensor::randn([3], WIDE));
    let state = state(&[("dream.fc1.weight", &wa), ("dream.fc1.bias", &ba), ("dream.fc2.weight", &wb), ("dream.fc2.bias", &bb)]);
    let yaw = [0.0f64, -30.0, 45.0, 90.0];
    let read: Vec<f64> = yaw.iter().flat_map(|yaw| [9.0, yaw.to_radians()]).collect();
    let pass = || Pass::judging().reading(Some(Tensor::from_slice(&read).view([4, 2])));
    let found = super::dream(&dream, &state, &x, &pass()).unwrap();
    for (image, yaw) in yaw.iter().enumerate() {
        let one = x.get(image as i64);
        let correction = (wb.mv(&(wa.mv(&one) + &ba).relu()) + &bb).relu();
        let wanted = &one + correction * (1.0 / (1.0 + (-10.0 * (yaw.abs() / 45.0 - 1.0)).exp()));
        assert!(apart(&found.get(image as i64), &wanted) < 1e-12, "{yaw}");
    }
    // as many angles as images
    let few = Pass::judging().reading(Some(Tensor::from_slice(&read).view([2, 4])));
    assert!(super::dream(&dream, &state, &x, &few).is_err() && super::dream(&dream, &state, &x, &Pass::judging()).is_err());
}

#[test]
fn a_descriptor_is_the_largest_product_with_a_landmarks_map() {
    let of = Landmarks { count: 2 };
    let x = Tensor::randn([3, 2 + 3, 2, 4], WIDE);
    let x = Tensor::cat(&[x.narrow(1, 2, 3), x.narrow(1, 0, 2)], 1); // features, then scores
    let maps = super::maps(of, &x).unwrap();
    let found = super::attend(of, &maps).unwrap();
    assert_eq!(found.size(), [3, 2 * 3]);
    let at = |t: &Tensor, n: i64, c: i64, place: i64| t.double_value(&[n, c, place / 4, place % 4]);
    for (n, k, c) in (0..3).flat_map(|n| (0..2).flat_map(move |k| (0..3).map(move |c| (n, k, c)))) {
        let whole: f64 = (0..8).map(|place| at(&x, n, 3 + k, place).exp()).sum();
        let share = |place| at(&x, n, 3 + k, place).exp() / whole;
        let wanted = (0..8).map(|place| share(place) * at(&x, n, c, place)).fold(f64::MIN, f64::max);
        assert!((found.double_value(&[n, k * 3 + c]) - wanted).abs() < 1e-12);
        assert!((0..8).all(|place| (at(&maps, n, 3 + k, place) - share(place)).abs() < 1e-12
            && (at(&maps, n, c, place) - at(&x, n, c, place)).abs() < 1e-12));
    }
}
