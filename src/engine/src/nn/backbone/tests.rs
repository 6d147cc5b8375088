//! Counts of spec 5.1 and 5.3, names, and the shared weights.

use std::path::Path;

use ddl::ops::nets::{IResNet, MobileFaceNet, MobileVariant, Tiny};
use ddl::quantity::Pixels;
use indexmap::IndexMap;
use tch::{Device, Kind, Tensor};

use super::*;
use crate::nn::net::{Pass, Shape, Size};
use crate::nn::state::{State, StateError};

fn mobile(embedding: u32, variant: Option<MobileVariant>) -> MobileFaceNet {
    MobileFaceNet { embedding, weights: None, variant, seed: 0 }
}

fn iresnet(depth: u32) -> IResNet {
    IResNet { depth, embedding: 512, weights: None, dropout: 0.0, seed: 0 }
}

fn tiny(side: u32) -> Tiny {
    Tiny { embedding: 64, side: Pixels(side), width: 24, weights: None, seed: 0 }
}

fn size(backbone: &impl Backbone) -> Size {
    backbone.network().unwrap().size().unwrap()
}

/// Multiply-adds in thousands of millions, as the spec prints them.
fn giga(size: Size) -> String {
    format!("{:.4}", size.multiply_adds as f64 / 1e9)
}

#[test]
fn iresnets_count_as_the_spec_says() {
    for (depth, parameters, trainable, tensors, multiply_adds) in [
        (18, 24_025_600, 24_025_088, 187, "2.6100"),
        (34, 34_139_328, 34_138_816, 331, "4.4596"),
        (50, 43_590_848, 43_590_336, 475, "6.3093"),
        (100, 65_156_160, 65_155_648, 925, "12.0896"),
        (200, 118_833_920, 118_833_408, 1807, "23.4189"),
    ] {
        let size = size(&iresnet(depth));
        assert_eq!((size.parameters, size.trainable, size.tensors), (parameters, trainable, tensors), "iresnet({depth})");
        assert_eq!(giga(size), multiply_adds, "iresnet({depth})");
    }
    assert!(iresnet(51).network().is_err());
}

#[test]
fn parts_of_iresnets_count_as_the_spec_says() {
    let count = |depth, part: &str| -> u64 {
        let network = iresnet(depth).network().unwrap();
        let crate::nn::net::Part::Layers(layers) = network.part(part).unwrap() else { panic!("{part} is made of layers") };
        let specs = network.specs_of(layers);
        specs.iter().filter(|spec| spec.role != crate::nn::state::Role::Buffer).map(crate::nn::state::Spec::numel).sum()
    };
    let stages = ["stage1", "stage2", "stage3", "stage4"];
    assert_eq!(stages.map(|part| count(50, part)), [226_752, 1_117_824, 16_278_272, 13_118_464]);
    assert_eq!(stages.map(|part| count(18, part)), [152_576, 526_208, 2_100_992, 8_396_288]);
    assert_eq!((count(100, "stage2"), count(100, "stage3"), count(34, "stage3")), (3_780_096, 35_181_312, 6_826_752));
    assert_eq!((count(50, "stem"), count(50, "neck")), (1_728 + 128 + 64, 1_024 + 12_845_568 + 1_024));
}

#[test]
fn mobilefacenets_count_as_the_spec_says() {
    let count = |embedding, variant| {
        let size = size(&mobile(embedding, Some(variant)));
        (size.parameters, giga(size))
    };
    assert_eq!(count(512, MobileVariant::Classic), (1_200_512, "0.2212".into()));
    assert_eq!(count(512, MobileVariant::Tface), (1_199_488, "0.2212".into()));
    assert_eq!(count(128, MobileVariant::Tface), (1_002_880, "0.2210".into()));
}

/// What the language says of a network, counted without libtorch, is what was built.
#[test]
fn networks_cost_what_their_declarations_say() {
    let variants = [None, Some(MobileVariant::Classic), Some(MobileVariant::Tface), Some(MobileVariant::Mxnet)];
    let mut all: Vec<nets::Backbone> = variants.into_iter().map(|variant| nets::Backbone::MobileFaceNet(mobile(96, variant))).collect();
    all.extend(nets::IRESNET_DEPTHS.into_iter().map(|depth| nets::Backbone::IResNet(iresnet(depth as u32))));
    all.push(nets::Backbone::IResNet(IResNet { dropout: 0.4, ..iresnet(18) }));
    all.extend([16, 47, 64].map(|side| nets::Backbone::Tiny(tiny(side))));
    for backbone in all {
        let (cost, network) = (backbone.cost().unwrap(), backbone.network().unwrap());
        let size = network.size().unwrap();
        assert_eq!((cost.parameters(), cost.multiply_adds()), (size.parameters, size.multiply_adds), "{backbone:?}");
        assert_eq!(cost.parts.iter().map(|part| part.fixed).sum::<u64>(), size.parameters - size.trainable, "{backbone:?}");
        assert_eq!((i64::from(cost.side), cost.embedding as i64), (network.input.height, network.embedding().unwrap()), "{backbone:?}");
        for part in &cost.parts {
            let Ok(crate::nn::net::Part::Layers(layers)) = network.part(&part.name) else { continue }; // `middle` has no name in recipes
            let specs = network.specs_of(layers);
            let parameters = specs.iter().filter(|spec| spec.role != crate::nn::state::Role::Buffer).map(crate::nn::state::Spec::numel);
            assert_eq!(part.parameters, parameters.sum::<u64>(), "{} of {backbone:?}", part.name);
        }
    }
}

#[test]
fn names_are_insightfaces() {
    let names =
        |backbone: &dyn Backbone| -> Vec<String> { backbone.network().unwrap().specs().into_iter().map(|spec| spec.name).collect() };
    let resnet = names(&iresnet(18));
    for name in
        ["conv1.weight", "prelu.weight", "layer1.0.bn1.running_mean", "layer2.0.downsample.1.bias", "layer4.1.conv2.weight", "fc.bias"]
    {
        assert!(resnet.iter().any(|n| n == name), "{name}");
    }
    let mobile = names(&mobile(512, None));
    for name in
        ["layers.0.layers.0.weight", "layers.5.layers.5.layers.1.layers.2.weight", "conv_sep.layers.0.weight", "features.layers.3.weight"]
    {
        assert!(mobile.iter().any(|n| n == name), "{name}");
    }
}

#[test]
fn embeddings_have_the_declared_width_at_any_side() {
    for side in [16, 31, 32, 48, 64, 112] {
        let model = build(&tiny(side), None, Device::Cpu, Kind::Float).unwrap();
        let bytes = vec![7u8; 2 * 3 * (side * side) as usize];
        let x = model.network.input.tensor(&bytes, Device::Cpu, Kind::Float).unwrap();
        let out = model.network.forward(&model.state, &x, &Pass::judging()).unwrap();
        assert_eq!(out.size(), [2, 64]);
        assert_eq!(model.network.embedding().unwrap(), 64);
        assert!(model.network.input.tensor(&bytes[1..], Device::Cpu, Kind::Float).is_err());
    }
    let parameters = size(&tiny(64)).parameters;
    assert!((100_000..300_000).contains(&parameters), "{parameters}");
}

#[test]
fn stages_halve_the_map() {
    let network = mobile(128, None).network().unwrap();
    let shapes = network.shapes().unwrap();
    let at = |name: &str| shapes[network.tap(name).unwrap()];
    assert_eq!(at("stage1"), Shape::Map { channels: 64, height: 28, width: 28 });
    assert_eq!(at("stage2.3"), Shape::Map { channels: 128, height: 14, width: 14 });
    assert_eq!(at("gdc"), Shape::Map { channels: 512, height: 1, width: 1 });
    assert_eq!(at("embedding"), Shape::Vector(128));
    let resnet = iresnet(50).network().unwrap();
    assert_eq!(resnet.shapes().unwrap()[resnet.tap("layer3").unwrap()], Shape::Map { channels: 256, height: 14, width: 14 });
    assert_eq!(resnet.tap("layer3").unwrap(), resnet.tap("stage3").unwrap());
    assert!(network.tap("layer9").is_err());
}

#[test]
fn declared_parts_are_the_network_s() {
    let networks = [mobile(128, None).network().unwrap(), iresnet(18).network().unwrap(), tiny(32).network().unwrap()];
    for (name, network) in ["mobilefacenet", "iresnet", "tiny"].iter().zip(networks) {
        let mut declared = ddl::ops::nets::parts(name).to_vec();
        let mut has: Vec<&str> = network.parts.iter().map(|(part, _)| part.as_str()).collect();
        declared.sort_unstable();
        has.sort_unstable();
        assert_eq!(declared, has, "{name}");
    }
}

/// The shared weights, or nothing (said so) where they are absent.
pub(crate) fn shared_weights() -> Option<State> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/weights/mobilefacenet_ms1m_arcface.safetensors");
    if !path.exists() {
        println!("skipped: ../shared/data is not there");
        return None;
    }
    Some(State::from_bytes(&std::fs::read(path).unwrap()).unwrap())
}

#[test]
fn the_shared_weights_load_with_every_tensor_accounted_for() {
    let Some(checkpoint) = shared_weights() else { return };
    let model = build(&mobile(128, None), Some((&checkpoint, &IndexMap::new())), Device::Cpu, Kind::Float).unwrap();
    let account = model.account.unwrap();
    assert_eq!((account.taken, account.ignored.len()), (284, 0));
    assert_eq!(model.state.len(), 284);
    let x = Tensor::zeros([1, 3, 112, 112], (Kind::Float, Device::Cpu));
    assert_eq!(model.network.forward(&model.state, &x, &Pass::judging()).unwrap().size(), [1, 128]);
}

#[test]
fn weights_that_do_not_fit_are_named_one_by_one() {
    let Some(mut checkpoint) = shared_weights() else { return };
    checkpoint.remove("f.3.m.1.c.weight");
    checkpoint.insert("f.19.c.weight", Tensor::from(1.0), crate::nn::state::Role::Parameter).unwrap();
    let Err(error) = build(&mobile(256, Some(MobileVariant::Mxnet)), Some((&checkpoint, &IndexMap::new())), Device::Cpu, Kind::Float)
    else {
        panic!("they must not fit")
    };
    let crate::nn::NnError::State(StateError::Account(account)) = error else { panic!("{error}") };
    assert_eq!(account.missing, ["layers.3.layers.0.layers.1.layers.0.weight"]);
    assert_eq!(account.extra, ["f.19.c.weight"]);
    assert_eq!(account.misshapen.len(), 6); // fc and bn of another width
}
