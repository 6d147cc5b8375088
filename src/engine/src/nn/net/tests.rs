//! Running, freezing and folding.

use ddl::ops::nets::{IResNet, MobileFaceNet, Tiny};
use ddl::quantity::Pixels;
use ddl::random::Draw;
use tch::{Device, Kind, Tensor};

use super::*;
use crate::nn::backbone::build::Model;
use crate::nn::backbone::{Backbone, build};
use crate::nn::state::State;

/// Images of noise from a fixed draw, channels innermost.
pub(crate) fn images(network: &Network, count: i64) -> Tensor {
    use rand_chacha::rand_core::Rng;
    let mut bytes = vec![0u8; (count * network.input.height * network.input.width * 3) as usize];
    Draw::new(0, "images").stream().fill_bytes(&mut bytes);
    network.input.tensor(&bytes, Device::Cpu, Kind::Float).unwrap()
}

fn tiny() -> Model {
    build(&Tiny { embedding: 16, side: Pixels(32), width: 8, weights: None, seed: 3 }, None, Device::Cpu, Kind::Float).unwrap()
}

/// Statistics and scales that are not those of the start.
fn shaken(mut state: State) -> State {
    for (name, entry) in state.clone().iter().filter(|(name, _)| !name.contains("conv")) {
        let offset = Draw::new(1, name).unit() * 0.5;
        state.replace(name, &entry.tensor + offset, entry.role);
    }
    state
}

fn training() -> Pass {
    Pass::training(Norms::Batch, Draw::new(0, "noise"))
}

#[test]
fn a_folded_network_computes_the_same() {
    let nets: [&dyn Fn() -> Model; 3] = [
        &tiny,
        &|| build(&MobileFaceNet { embedding: 32, weights: None, variant: None, seed: 0 }, None, Device::Cpu, Kind::Double).unwrap(),
        &|| build(&IResNet { depth: 18, embedding: 16, weights: None, dropout: 0.4, seed: 0 }, None, Device::Cpu, Kind::Double).unwrap(),
    ];
    for make in nets {
        let model = make();
        let state = shaken(model.state).to(Device::Cpu, Kind::Double).unwrap();
        let x = images(&model.network, 2).to_kind(Kind::Double);
        let plain = model.network.forward(&state, &x, &Pass::judging()).unwrap();
        let folded = fold::fold(&model.network, &state).unwrap();
        assert!(folded.state.len() < state.len() / 2 + 40);
        let fast = folded.network.forward(&folded.state, &x, &Pass::judging()).unwrap();
        let apart = ((&plain - fast).abs().max() / plain.abs().max()).double_value(&[]);
        assert!(apart < 1e-12, "{}: {apart}", model.network.name);
    }
}

#[test]
fn ranges_make_the_whole_and_taps_are_on_the_way() {
    let model = tiny();
    let x = images(&model.network, 3);
    let run = |x: &Tensor, layers| model.network.forward_range(&model.state, x, layers, &Pass::judging()).unwrap();
    let whole = run(&x, 0..5);
    let middle = run(&x, 0..3);
    assert_eq!(whole, run(&middle, 3..5));
    let (out, taps) = model.network.forward_taps(&model.state, &x, 0..5, &Pass::judging(), &[2, 0]).unwrap();
    assert_eq!((&out, &taps[0], &taps[1]), (&whole, &middle, &run(&x, 0..1)));
    assert!(model.network.forward_taps(&model.state, &middle, 3..5, &Pass::judging(), &[1]).is_err());
}

#[test]
fn inputs_of_another_shape_are_refused() {
    let model = tiny();
    let x = images(&model.network, 2);
    let error = model.network.forward(&model.state, &x.narrow(2, 0, 31), &Pass::judging()).unwrap_err();
    assert_eq!(error.to_string(), "the input of tiny: expected [n, 3, 32, 32], found [2, 3, 31, 32]");
    let error = model.network.forward(&model.state, &x.narrow(0, 0, 1), &training()).unwrap_err();
    assert_eq!(error.to_string(), "a batch for batch norm: expected at least 2 images, found 1 images");
    let mut part = model.state.clone();
    part.remove("fc.weight");
    assert_eq!(model.network.forward(&part, &x, &Pass::judging()).unwrap_err().to_string(), "there is no tensor `fc.weight`");
}

#[test]
fn frozen_layers_keep_parameters_and_statistics() {
    let model = tiny();
    let frozen = model.network.freeze(&["stem", "stage2"]).unwrap();
    assert_eq!(frozen.prefix(), 2);
    assert!(!frozen.trains("stage1.conv.weight") && !frozen.trains("stage2.prelu.weight") && frozen.trains("stage3.conv.weight"));
    model.state.require_gradients(|name| frozen.trains(name)).unwrap();
    let before = model.state.copy().unwrap();
    let x = images(&model.network, 4);
    model.network.forward(&model.state, &x, &training().fixing(&frozen.layers)).unwrap().sum(Kind::Float).backward();
    for (name, entry) in model.state.iter() {
        let learns = name.starts_with("stage3") || name.starts_with("stage4") || name.starts_with("fc") || name.starts_with("bn");
        let is_statistic = name.contains("running");
        assert_eq!(entry.tensor.grad().defined(), learns && !is_statistic, "{name}");
        assert_eq!(&entry.tensor != before.get(name).unwrap(), learns && is_statistic, "{name}");
    }
    let slopes = model.network.freeze(&["activations"]).unwrap();
    assert_eq!((slopes.prefix(), slopes.parameters.len()), (0, 4));
    assert!(model.network.freeze(&["trunks"]).unwrap_err().to_string().contains("stem, trunk, neck, activations"));
}

#[test]
fn norms_over_parts_of_a_batch_are_those_of_the_parts() {
    let model = tiny();
    let x = images(&model.network, 6);
    let whole = model.network.forward(&model.state, &x, &training().norm_over(Some(3))).unwrap();
    let parts: Vec<Tensor> = x.split(3, 0).iter().map(|part| model.network.forward(&model.state, part, &training()).unwrap()).collect();
    assert!((whole - Tensor::cat(&parts, 0)).abs().max().double_value(&[]) < 1e-5);
    assert!(model.network.forward(&model.state, &x, &training().norm_over(Some(4))).is_err());
}

/// Rounding to 8 bits moves an embedding by about a part in 200, to 11 bits by less, and by no means more.
#[test]
fn a_mixed_pass_is_near_the_full_one_and_keeps_weights_and_gradients_whole() {
    for (kind, least) in [(Kind::BFloat16, 0.98), (Kind::Half, 0.999)] {
        assert_near_the_full_pass(kind, least);
    }
}

fn assert_near_the_full_pass(kind: Kind, least: f64) {
    let nets: [&dyn Fn() -> Model; 2] = [&tiny, &|| {
        build(&MobileFaceNet { embedding: 32, weights: None, variant: None, seed: 0 }, None, Device::Cpu, Kind::Float).unwrap()
    }];
    for make in nets {
        let (full, half) = (make(), make());
        let x = images(&full.network, 6);
        let name = &full.network.name;
        let embed = |model: &Model, products| {
            model.state.require_gradients(|_| true).unwrap();
            let out = model.network.forward(&model.state, &x, &training().products_in(products)).unwrap();
            out.square().sum(Kind::Float).backward();
            out.detach()
        };
        let (a, b) = (embed(&full, None), embed(&half, Some(kind)));
        assert_eq!(b.kind(), Kind::Float);
        let cosine = Tensor::cosine_similarity(&a, &b, 1, 1e-12).min().double_value(&[]);
        assert!(a != b && cosine > least, "{name}: {cosine}");
        for (tensor, entry) in half.state.iter().filter(|(_, entry)| entry.role == crate::nn::state::Role::Parameter) {
            assert_eq!((entry.tensor.kind(), entry.tensor.grad().kind()), (Kind::Float, Kind::Float), "{name}: {tensor}");
        }
        // layers that are fixed are computed in full
        let all = vec![true; half.network.layers.len()];
        let pass = |kind| half.network.forward(&half.state, &x, &training().fixing(&all).products_in(kind)).unwrap();
        assert_eq!(pass(Some(kind)), pass(None), "{name}");
    }
}

#[test]
fn a_training_pass_repeats_its_bits() {
    let backbone = IResNet { depth: 18, embedding: 16, weights: None, dropout: 0.4, seed: 0 };
    assert_repeats(&|| build(&backbone, None, Device::Cpu, Kind::Float).unwrap(), "fc.weight");
    assert_repeats(&tiny, "stage1.conv.weight");
}

fn assert_repeats(make: &dyn Fn() -> Model, name: &str) {
    let gradient = || {
        let model = make();
        model.state.require_gradients(|_| true).unwrap();
        let out = model.network.forward(&model.state, &images(&model.network, 4), &training()).unwrap();
        out.square().sum(Kind::Float).backward();
        model.state.get(name).unwrap().grad()
    };
    assert_eq!(gradient(), gradient());
}

#[test]
fn first_tensors_do_not_depend_on_the_rest_of_the_network() {
    let of =
        |embedding| build(&Tiny { embedding, side: Pixels(32), width: 8, weights: None, seed: 3 }, None, Device::Cpu, Kind::Float).unwrap();
    let (narrow, wide) = (of(16), of(32));
    assert_eq!(narrow.state.get("stage2.conv.weight").unwrap(), wide.state.get("stage2.conv.weight").unwrap());
    assert_eq!(narrow.network.embedding().unwrap(), 16);
    let seeded = Tiny { embedding: 16, side: Pixels(32), width: 8, weights: None, seed: 4 };
    assert_ne!(
        narrow.state.get("stage2.conv.weight").unwrap(),
        build(&seeded, None, Device::Cpu, Kind::Float).unwrap().state.get("stage2.conv.weight").unwrap()
    );
    assert_eq!(seeded.seed(), 4);
}
